using System.Security.Cryptography;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>A place that holds manifests and blobs by their digests: one repository of a registry, or an image layout on disk.</summary>
/// <remarks>
/// Nothing is given out before its digest was checked. Every method throws <see cref="IOException"/> where the store cannot be read or written
/// (<see cref="RegistryException"/> for registries), <see cref="ContentMismatchException"/> where content is not what its digest or size says,
/// and <see cref="MalformedDataException"/> where what the store holds cannot be read.
/// </remarks>
public abstract class OciStore : IDisposable
{
    /// <summary>Only this assembly knows how to keep the promises above.</summary>
    private protected OciStore() { }

    /// <summary>The store's name, for people.</summary>
    public abstract string Name { get; }

    /// <summary>Opens the store that a reference is in. For a layout the directory must exist.</summary>
    /// <param name="reference">The reference; its tag and digest do not matter here.</param>
    /// <param name="http">A client with <see cref="RegistryClient.CreateHandler"/>'s settings; not used for a layout.</param>
    /// <param name="options">How to talk to registries.</param>
    public static OciStore Open(OciReference reference, HttpClient http, RegistryOptions? options = null) =>
        reference switch
        {
            RegistryReference registry => new RegistryClient(http, registry, options),
            _ => Open(reference),
        };

    /// <summary>Opens the layout or archive that a reference is in.</summary>
    /// <exception cref="ArgumentException">The reference is of a registry, which needs a client.</exception>
    public static OciStore Open(OciReference reference) =>
        reference switch
        {
            LayoutReference layout => ImageLayout.Open(layout.Directory),
            ArchiveReference { IsDocker: false } archive => ImageArchive.Open(archive.File),
            ArchiveReference archive => DockerArchive.Open(archive.File),
            RegistryReference => throw new ArgumentException("a registry is reached through a client", nameof(reference)),
            _ => throw new ArgumentException("the reference is of no known kind", nameof(reference)),
        };

    /// <summary>The manifest a reference names: by its digest where it has one, else by its tag, else the store's default.</summary>
    /// <exception cref="IOException">There is no such manifest.</exception>
    public async Task<StoredManifest> ResolveAsync(OciReference reference, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(reference);
        return reference.Digest is { } digest
            ? await GetManifestAsync(digest, cancellation).ConfigureAwait(false)
            : await FindManifestAsync(reference.Tag, cancellation).ConfigureAwait(false)
                ?? throw NotFound("manifest", reference.Tag is null ? null : $"tag '{reference.Tag}'");
    }

    /// <summary>The manifest with a digest.</summary>
    /// <exception cref="IOException">There is no such manifest.</exception>
    public async Task<StoredManifest> GetManifestAsync(Digest digest, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(digest);
        return await FindManifestAsync(digest, cancellation).ConfigureAwait(false) ?? throw NotFound("manifest", $"digest {digest}");
    }

    /// <summary>The manifest under a tag, or null where there is none.</summary>
    /// <param name="tag">The tag; null for <c>latest</c> in a registry, and for the only manifest of a layout.</param>
    /// <param name="cancellation">Stops the work.</param>
    public abstract Task<StoredManifest?> FindManifestAsync(string? tag, CancellationToken cancellation = default);

    /// <summary>The manifest with a digest, or null where there is none.</summary>
    public abstract Task<StoredManifest?> FindManifestAsync(Digest digest, CancellationToken cancellation = default);

    /// <summary>Whether the blob is there.</summary>
    public abstract Task<bool> BlobExistsAsync(Descriptor blob, CancellationToken cancellation = default);

    /// <summary>Reads a blob into memory.</summary>
    /// <param name="blob">The blob.</param>
    /// <param name="maximumBytes">The largest accepted, in bytes.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="MalformedDataException">The blob is larger than <paramref name="maximumBytes"/>.</exception>
    /// <exception cref="IOException">There is no such blob.</exception>
    public async Task<byte[]> GetBlobAsync(Descriptor blob, int maximumBytes, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(blob);
        StrictJson.CheckLength(blob.Size, $"blob {blob.Digest}", maximumBytes);
        // Grows with what arrives, not with what the descriptor claims.
        using var memory = new MemoryStream();
        await CopyBlobAsync(blob, memory, cancellation).ConfigureAwait(false);
        return memory.ToArray();
    }

    /// <summary>Writes a blob of any size to a stream.</summary>
    /// <remarks>What was written is good only if the call returns; after an exception the caller throws it away. <see cref="SaveBlobAsync"/> does so.</remarks>
    /// <exception cref="IOException">There is no such blob.</exception>
    public abstract Task CopyBlobAsync(Descriptor blob, Stream destination, CancellationToken cancellation = default);

    /// <summary>Writes a blob of any size to a file, which appears under its name only when the digest was checked.</summary>
    /// <param name="blob">The blob.</param>
    /// <param name="path">The file; replaced where it exists.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="IOException">There is no such blob.</exception>
    public Task SaveBlobAsync(Descriptor blob, string path, CancellationToken cancellation = default) =>
        DurableFile.WriteAsync(path, stream => CopyBlobAsync(blob, stream, cancellation), cancellation);

    /// <summary>Stores bytes as a blob, unless the store has them already.</summary>
    /// <returns>Their descriptor, with a SHA-256 digest.</returns>
    public async Task<Descriptor> PushBlobAsync(string mediaType, ReadOnlyMemory<byte> content, CancellationToken cancellation = default)
    {
        var blob = Descriptor.Of(mediaType, content.Span);
        await PushBlobCoreAsync(blob, content, cancellation).ConfigureAwait(false);
        return blob;
    }

    /// <summary>Stores a blob of any size, unless the store has it already.</summary>
    /// <param name="blob">Its digest and size, which must be those of the content.</param>
    /// <param name="content">The content, from the stream's position to its end. A stream that can seek lets a broken upload start again.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="ContentMismatchException">The stream holds other content than the descriptor says; nothing was stored.</exception>
    public abstract Task PushBlobAsync(Descriptor blob, Stream content, CancellationToken cancellation = default);

    /// <summary>Stores a manifest. Where it has a subject, it can be listed as a referrer when the call returns.</summary>
    /// <param name="manifest">The manifest, an image's or an index.</param>
    /// <param name="tag">The tag to put on it, or null.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>Its descriptor, with a SHA-256 digest.</returns>
    public async Task<Descriptor> PushManifestAsync(
        ReadOnlyMemory<byte> manifest,
        string? tag = null,
        CancellationToken cancellation = default
    )
    {
        if (tag is not null)
        {
            OciReference.CheckTag(tag);
        }
        var stored = StoredManifest.Create(DigestAlgorithm.Sha256.Hash(manifest.Span), manifest, null);
        await PushManifestCoreAsync(stored, tag, cancellation).ConfigureAwait(false);
        return stored.Descriptor;
    }

    /// <summary>The manifests that say they are about a subject, as the store lists them: unverified, each to be fetched and checked.</summary>
    /// <remarks>An empty list means that there are none. A failure to find out is an exception.</remarks>
    public abstract Task<IReadOnlyList<Descriptor>> ListReferrersAsync(Digest subject, CancellationToken cancellation = default);

    /// <summary>Adds something to the manifest under a tag that others may be writing to, so that nothing of theirs or ours is lost.</summary>
    /// <param name="tag">The tag.</param>
    /// <param name="content">What is to be there; merged until nothing is missing.</param>
    /// <param name="cancellation">Stops the work.</param>
    internal abstract Task UpdateTagAsync(string tag, TagContent content, CancellationToken cancellation);

    /// <summary>How many pieces of evidence are written at once: more than one where each may have to wait for other machines.</summary>
    internal virtual int WritersAtOnce => 1;

    /// <summary>Stores a manifest under the digest that it has.</summary>
    internal Task PushManifestAsync(StoredManifest manifest, string? tag, CancellationToken cancellation) =>
        PushManifestCoreAsync(manifest, tag, cancellation);

    /// <summary>Stores a manifest that names no subject, and lists it as a referrer of one all the same.</summary>
    internal async Task PushUnlinkedReferrerAsync(StoredManifest manifest, Digest subject, CancellationToken cancellation)
    {
        await StoreUnlistedAsync(manifest, cancellation).ConfigureAwait(false);
        await UpdateTagAsync(ReferrersTag(subject), new ReferrersList(manifest, subject), cancellation).ConfigureAwait(false);
    }

    /// <summary>Stores a manifest that another one lists, or is about to: by its digest, without a tag, and in no list.</summary>
    internal abstract Task StoreUnlistedAsync(StoredManifest manifest, CancellationToken cancellation);

    /// <summary>How long reading all evidence of one subject, or adding to one tag, may take; null for a store that nobody else answers for.</summary>
    internal virtual TimeSpan? Patience => null;

    /// <summary>Tells the user what the store cannot do, and what was done instead.</summary>
    internal virtual void Notify(string message) { }

    /// <summary>A blob as a stream that must be read to its end: what differs from its digest or size shows there, as an exception.</summary>
    internal Stream OpenBlob(Descriptor blob, CancellationToken cancellation) => new BlobPipe(this, blob, cancellation);

    /// <summary>Fetches a blob of any size from another store, unless it is here already.</summary>
    /// <returns>How it came here.</returns>
    internal abstract Task<BlobTransfer> CopyBlobFromAsync(OciStore source, Descriptor blob, CancellationToken cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the store holds open.</summary>
    protected virtual void Dispose(bool disposing) { }

    private protected abstract Task PushBlobCoreAsync(Descriptor blob, ReadOnlyMemory<byte> content, CancellationToken cancellation);

    private protected abstract Task PushManifestCoreAsync(StoredManifest manifest, string? tag, CancellationToken cancellation);

    /// <summary>The exception for content that is not there.</summary>
    /// <param name="kind">Manifest or blob.</param>
    /// <param name="which">Its tag or digest, in words; null for the default.</param>
    private protected abstract IOException NotFound(string kind, string? which);

    /// <summary>The tag that lists a subject's referrers where the store itself does not.</summary>
    /// <remarks>Spec: distribution-spec 1.1, "Referrers Tag Schema".</remarks>
    internal static string ReferrersTag(Digest subject) =>
        $"{subject.Algorithm}-{(subject.Hex.Length > 64 ? subject.Hex[..64] : subject.Hex)}";

    /// <summary>Whether a tag is of that form.</summary>
    internal static bool IsReferrersTag(string tag) =>
        DigestAlgorithm.All.Any(a => tag.StartsWith($"{a.Name}-", StringComparison.Ordinal) && tag.Length == a.Name.Length + 65);

    private protected ContentMismatchException Mismatch(string kind, Digest expected, string reason) =>
        new($"{kind} {expected} in {Name}", expected, reason);

    private protected ContentMismatchException Mismatch(string kind, Digest expected, Digest actual) =>
        Mismatch(kind, expected, $"its content has the digest {actual}");

    private protected void CheckDigest(string kind, Descriptor expected, IncrementalHash hash, long size)
    {
        if (size != expected.Size)
        {
            throw Mismatch(kind, expected.Digest, $"its content has {size} bytes, not {expected.Size}");
        }
        var actual = Digest.FromBytes(expected.Digest.Algorithm, hash.GetHashAndReset());
        if (!actual.Equals(expected.Digest))
        {
            throw Mismatch(kind, expected.Digest, actual);
        }
    }
}
