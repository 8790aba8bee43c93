using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>Writes an OCI image layout into one tar file, each blob streamed straight into it. The file appears when it is complete.</summary>
/// <remarks>
/// Spec: OCI image-spec 1.1, "OCI Image Layout Specification"; POSIX pax. The same content in the same order gives the same bytes. One blob is
/// written at a time; what was written is only known here, and is read again with <see cref="ImageArchive"/>.
/// </remarks>
public sealed class ImageArchiveWriter : OciStore
{
    private const int BlockBytes = 512;

    private readonly string _path;
    private readonly DurableFile _durable;
    private readonly BufferedStream _file;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly HashSet<string> _blobs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StoredManifest> _manifests = new(StringComparer.Ordinal);
    private readonly List<Descriptor> _index = [];

    private ImageArchiveWriter(string path)
    {
        _path = System.IO.Path.GetFullPath(path);
        DurableFile.RemoveLeftovers(System.IO.Path.GetDirectoryName(_path) ?? _path);
        _durable = DurableFile.Create(_path);
        _file = new BufferedStream(_durable.Stream, 1 << 20);
    }

    /// <inheritdoc/>
    public override string Name => $"oci-archive:{_path}";

    /// <summary>Begins an archive beside the file that it will be.</summary>
    /// <exception cref="IOException">The directory cannot be written.</exception>
    public static ImageArchiveWriter Create(string file)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        return new ImageArchiveWriter(file);
    }

    /// <summary>Notes where a manifest of the archive came from, so that it can be told from others with the same tag.</summary>
    /// <param name="manifest">The manifest's digest.</param>
    /// <param name="tag">The tag it was stored with; null for none.</param>
    /// <param name="name">Its whole name, host, repository and tag.</param>
    /// <exception cref="ArgumentException">The archive does not list such a manifest.</exception>
    public void SetName(Digest manifest, string? tag, string name)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentException.ThrowIfNullOrEmpty(name);
        var i = _index.FindIndex(d =>
            d.Digest.Equals(manifest) && TagOf(d) == tag && !d.Annotations.ContainsKey(ArchivedImage.NameAnnotation)
        );
        if (i < 0)
        {
            // One manifest may have several names.
            var listed =
                _index.Find(d => d.Digest.Equals(manifest))
                ?? throw new ArgumentException("the archive does not list such a manifest", nameof(manifest));
            i = _index.Count;
            _index.Add(listed);
        }
        var annotations = new Dictionary<string, string>(_index[i].Annotations, StringComparer.Ordinal)
        {
            [ArchivedImage.NameAnnotation] = name,
        };
        if (TagOf(_index[i]) != tag)
        {
            annotations.Remove(Descriptor.RefNameAnnotation);
        }
        _index[i] = _index[i] with { Annotations = annotations };
    }

    /// <summary>Writes the index, and gives the file its name; one that was there is replaced.</summary>
    public async Task CompleteAsync(CancellationToken cancellation = default)
    {
        await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            var index = new ImageIndex(OciMediaTypes.ImageIndex, null, _index, null, Descriptor.NoAnnotations);
            await WriteFileAsync("index.json", Write(index), cancellation).ConfigureAwait(false);
            await WriteFileAsync("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}"u8.ToArray(), cancellation).ConfigureAwait(false);
            await _file.WriteAsync(new byte[2 * BlockBytes], cancellation).ConfigureAwait(false);
            await _file.FlushAsync(cancellation).ConfigureAwait(false);
            _durable.Commit();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public override Task<StoredManifest?> FindManifestAsync(string? tag, CancellationToken cancellation = default)
    {
        var entry = _index.Find(d => tag is null || d.Annotations.GetValueOrDefault(Descriptor.RefNameAnnotation) == tag);
        return Task.FromResult(entry is null ? null : _manifests.GetValueOrDefault(entry.Digest.ToString()));
    }

    /// <inheritdoc/>
    public override Task<StoredManifest?> FindManifestAsync(Digest digest, CancellationToken cancellation = default) =>
        Task.FromResult(_manifests.GetValueOrDefault(digest.ToString()));

    /// <inheritdoc/>
    public override Task<bool> BlobExistsAsync(Descriptor blob, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(blob);
        lock (_blobs)
        {
            return Task.FromResult(_blobs.Contains(blob.Digest.ToString()));
        }
    }

    /// <inheritdoc/>
    public override Task CopyBlobAsync(Descriptor blob, Stream destination, CancellationToken cancellation = default) =>
        throw new IOException($"{Name} is being written; read it when it is complete");

    /// <inheritdoc/>
    public override Task PushBlobAsync(Descriptor blob, Stream content, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(blob);
        return WriteBlobAsync(blob, (stream, token) => CopyCheckedAsync(blob, content, stream, token), cancellation);
    }

    /// <inheritdoc/>
    public override Task<IReadOnlyList<Descriptor>> ListReferrersAsync(Digest subject, CancellationToken cancellation = default) =>
        Task.FromResult<IReadOnlyList<Descriptor>>([
            .. _index.Where(d => _manifests.TryGetValue(d.Digest.ToString(), out var m) && m.Subject?.Digest.Equals(subject) == true),
        ]);

    internal override async Task<BlobTransfer> CopyBlobFromAsync(OciStore source, Descriptor blob, CancellationToken cancellation) =>
        await WriteBlobAsync(blob, (stream, token) => source.CopyBlobAsync(blob, stream, token), cancellation).ConfigureAwait(false)
            ? BlobTransfer.Copied
            : BlobTransfer.Present;

    internal override async Task UpdateTagAsync(string tag, TagContent content, CancellationToken cancellation)
    {
        var current = await FindManifestAsync(tag, cancellation).ConfigureAwait(false);
        if (await content.MergeAsync(current, cancellation).ConfigureAwait(false) is { } merged)
        {
            await PushManifestCoreAsync(merged, tag, cancellation).ConfigureAwait(false);
        }
    }

    internal override async Task StoreUnlistedAsync(StoredManifest manifest, CancellationToken cancellation)
    {
        await PushBlobCoreAsync(manifest.Descriptor, manifest.Bytes, cancellation).ConfigureAwait(false);
        _manifests[manifest.Descriptor.Digest.ToString()] = manifest;
    }

    private protected override Task PushBlobCoreAsync(Descriptor blob, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
        WriteBlobAsync(blob, (stream, token) => stream.WriteAsync(content, token).AsTask(), cancellation);

    private protected override async Task PushManifestCoreAsync(StoredManifest manifest, string? tag, CancellationToken cancellation)
    {
        await StoreUnlistedAsync(manifest, cancellation).ConfigureAwait(false);
        var entry = ReferrerEntry.Of(manifest);
        var annotations = new Dictionary<string, string>(entry.Annotations, StringComparer.Ordinal);
        annotations.Remove(Descriptor.RefNameAnnotation);
        if (tag is not null)
        {
            annotations[Descriptor.RefNameAnnotation] = tag;
        }
        _index.RemoveAll(d =>
            d.Digest.Equals(entry.Digest) && TagOf(d) is null && !d.Annotations.ContainsKey(ArchivedImage.NameAnnotation)
        );
        if (
            tag is not null
            && _index.FindIndex(d => d.Annotations.GetValueOrDefault(Descriptor.RefNameAnnotation) == tag) is >= 0 and var i
        )
        {
            _index.RemoveAt(i);
        }
        if (tag is not null || !_index.Exists(d => d.Digest.Equals(entry.Digest)))
        {
            _index.Add(entry with { Annotations = annotations });
        }
    }

    private protected override IOException NotFound(string kind, string? which) =>
        new FileNotFoundException($"there is no {kind} with {which} in {Name}");

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            // Not the buffer, which would still be written.
            _durable.Dispose();
            _turn.Dispose();
        }
        base.Dispose(disposing);
    }

    private async Task<bool> WriteBlobAsync(Descriptor blob, Func<Stream, CancellationToken, Task> write, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (await BlobExistsAsync(blob, cancellation).ConfigureAwait(false))
            {
                return false;
            }
            var start = _file.Position;
            try
            {
                await _file
                    .WriteAsync(Header($"blobs/{blob.Digest.Algorithm}/{blob.Digest.Hex}", blob.Size), cancellation)
                    .ConfigureAwait(false);
                await write(_file, cancellation).ConfigureAwait(false);
                await PadAsync(blob.Size, cancellation).ConfigureAwait(false);
            }
            catch
            {
                // What was begun is taken back, so that the archive stays one.
                _file.SetLength(start);
                _file.Position = start;
                throw;
            }
            lock (_blobs)
            {
                _blobs.Add(blob.Digest.ToString());
            }
            return true;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task CopyCheckedAsync(Descriptor blob, Stream content, Stream destination, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(blob.Digest.Algorithm.BclName);
        var buffer = new byte[256 << 10];
        var written = 0L;
        for (int read; (read = await content.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0; written += read)
        {
            if (read > blob.Size - written)
            {
                throw Mismatch("blob", blob.Digest, $"its content has more than {blob.Size} bytes");
            }
            hash.AppendData(buffer, 0, read);
            await destination.WriteAsync(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
        }
        CheckDigest("blob", blob, hash, written);
    }

    private async Task WriteFileAsync(string name, byte[] content, CancellationToken cancellation)
    {
        await _file.WriteAsync(Header(name, content.Length), cancellation).ConfigureAwait(false);
        await _file.WriteAsync(content, cancellation).ConfigureAwait(false);
        await PadAsync(content.Length, cancellation).ConfigureAwait(false);
    }

    private Task PadAsync(long size, CancellationToken cancellation) =>
        _file.WriteAsync(new byte[(BlockBytes - (size % BlockBytes)) % BlockBytes], cancellation).AsTask();

    private static string? TagOf(Descriptor entry) => entry.Annotations.GetValueOrDefault(Descriptor.RefNameAnnotation);

    private static byte[] Write(ImageIndex index) =>
        ManifestJson.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("schemaVersion", 2);
            writer.WriteString("mediaType", index.MediaType);
            writer.WriteStartArray("manifests");
            foreach (var entry in index.Manifests)
            {
                entry.WriteTo(writer);
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        });

    /// <summary>The header of a file; what does not fit into the old fields is in a pax header before it.</summary>
    private static byte[] Header(string name, long size)
    {
        const long LargestOctal = 0x1_FFFF_FFFF;
        var records = new StringBuilder();
        if (name.Length > 100)
        {
            Append(records, "path", name);
        }
        if (size > LargestOctal)
        {
            Append(records, "size", size.ToString(CultureInfo.InvariantCulture));
        }
        var own = Block(name.Length > 100 ? name[^100..] : name, size > LargestOctal ? 0 : size, (byte)'0');
        if (records.Length == 0)
        {
            return own;
        }
        var pax = Encoding.ASCII.GetBytes(records.ToString());
        var padded = new byte[(pax.Length + BlockBytes - 1) / BlockBytes * BlockBytes];
        pax.CopyTo(padded, 0);
        return [.. Block("pax", pax.Length, (byte)'x'), .. padded, .. own];
    }

    // The length of a record counts itself.
    private static void Append(StringBuilder records, string key, string value)
    {
        var rest = key.Length + value.Length + 3;
        var length = rest + 1;
        while (rest + length.ToString(CultureInfo.InvariantCulture).Length != length)
        {
            length++;
        }
        records.Append(CultureInfo.InvariantCulture, $"{length} {key}={value}\n");
    }

    private static byte[] Block(string name, long size, byte type)
    {
        var block = new byte[BlockBytes];
        Put(0, name);
        Put(100, "0000644\0");
        Put(108, "0000000\0");
        Put(116, "0000000\0");
        Put(124, Convert.ToString(size, 8).PadLeft(11, '0') + "\0");
        Put(136, "00000000000\0");
        block.AsSpan(148, 8).Fill((byte)' ');
        block[156] = type;
        Put(257, "ustar\0" + "00");
        var sum = block.Sum(b => b);
        Put(148, Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ");
        return block;

        void Put(int offset, string text) => Encoding.ASCII.GetBytes(text, block.AsSpan(offset));
    }
}
