using System.IO.Compression;
using System.Security.Cryptography;
using ArtifactTrust.Formats;
using ArtifactTrust.Formats.Zstandard;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>How a layer is compressed.</summary>
internal enum LayerCompression
{
    /// <summary>Not at all.</summary>
    None = 0,
    Gzip,

    Zstandard,

    /// <summary>Something that is known by its first bytes and not read, such as xz.</summary>
    Other,
}

/// <summary>A layer's uncompressed bytes, read forward, counted and hashed.</summary>
/// <remarks>How it is compressed is told by its first bytes, since media types in use get it wrong.</remarks>
internal sealed class LayerContent : ForwardStream
{
    private const long FreeBytes = 1L << 30;

    private readonly Stream _blob;
    private readonly Stream _content;
    private readonly long _blobBytes;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    private LayerContent(Stream blob, Stream content, long blobBytes, LayerCompression compression)
    {
        _blob = blob;
        _content = content;
        _blobBytes = blobBytes;
        Compression = compression;
    }

    internal LayerCompression Compression { get; }

    /// <summary>The uncompressed bytes read so far.</summary>
    internal long BytesRead { get; private set; }

    /// <summary>Looks at a blob's first bytes.</summary>
    /// <param name="blob">The blob, owned from now on.</param>
    /// <param name="blobBytes">Its size.</param>
    /// <param name="cancellation">Stops the work.</param>
    internal static async Task<LayerContent> OpenAsync(Stream blob, long blobBytes, CancellationToken cancellation)
    {
        var head = new byte[6];
        var length = await blob.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
        var compression = head.AsSpan(0, length) switch
        {
            [0x1f, 0x8b, ..] => LayerCompression.Gzip,
            var start when ZstandardStream.IsMagic(start) => LayerCompression.Zstandard,
            [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0] or [(byte)'B', (byte)'Z', (byte)'h', ..] => LayerCompression.Other,
            _ => LayerCompression.None,
        };
        var whole = new HeadedStream(head.AsMemory(0, length), blob);
        Stream content = compression switch
        {
            LayerCompression.Gzip => new GZipStream(whole, CompressionMode.Decompress, leaveOpen: true),
            LayerCompression.Zstandard => new ZstandardStream(whole, Limits.ZstandardLargestWindowBytes, leaveOpen: true),
            _ => whole,
        };
        return new LayerContent(whole, content, blobBytes, compression);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read;
        try
        {
            read = await _content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (InvalidDataException e)
        {
            throw new MalformedDataException("image layer", "$", "it is not gzip, or is damaged", e);
        }
        _hash.AppendData(buffer.Span[..read]);
        BytesRead += read;
        return BytesRead > FreeBytes && BytesRead / Limits.ImageCompressionRatio > _blobBytes
            ? throw new MalformedDataException(
                "image layer",
                "$",
                $"{_blobBytes} bytes become more than {Limits.ImageCompressionRatio} times as many; nothing honest does"
            )
            : read;
    }

    /// <summary>Reads what is left, so that the blob's own digest is checked, and gives the digest of the uncompressed bytes.</summary>
    internal async Task<Digest> FinishAsync(long maximumBytes, CancellationToken cancellation)
    {
        var buffer = new byte[256 << 10];
        if (Compression is not LayerCompression.Other)
        {
            while (await ReadAsync(buffer, cancellation).ConfigureAwait(false) > 0)
            {
                if (BytesRead > maximumBytes)
                {
                    throw new MalformedDataException("image layer", "$", $"more than {maximumBytes} bytes uncompressed");
                }
            }
        }
        while (await _blob.ReadAsync(buffer, cancellation).ConfigureAwait(false) > 0) { }
        return Digest.FromBytes(DigestAlgorithm.Sha256, _hash.GetHashAndReset());
    }

    public override async ValueTask DisposeAsync()
    {
        if (_content != _blob)
        {
            await _content.DisposeAsync().ConfigureAwait(false);
        }
        await _blob.DisposeAsync().ConfigureAwait(false);
        _hash.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>A stream whose first bytes were read already.</summary>
    private sealed class HeadedStream(ReadOnlyMemory<byte> head, Stream rest) : ForwardStream
    {
        private ReadOnlyMemory<byte> _head = head;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_head.IsEmpty)
            {
                return rest.ReadAsync(buffer, cancellationToken);
            }
            var count = Math.Min(buffer.Length, _head.Length);
            _head[..count].CopyTo(buffer);
            _head = _head[count..];
            return ValueTask.FromResult(count);
        }

        public override async ValueTask DisposeAsync()
        {
            await rest.DisposeAsync().ConfigureAwait(false);
            await base.DisposeAsync().ConfigureAwait(false);
        }
    }
}
