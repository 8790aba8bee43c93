namespace ArtifactTrust.Oci;

/// <summary>A store of a layout's shape that nothing is written to.</summary>
public abstract class ReadOnlyLayoutStore : LayoutStore
{
    private protected ReadOnlyLayoutStore() { }

    /// <inheritdoc/>
    public override Task PushBlobAsync(Descriptor blob, Stream content, CancellationToken cancellation = default) => throw ReadOnly();

    private protected override Task PushBlobCoreAsync(Descriptor blob, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
        throw ReadOnly();

    private protected override Task PushManifestCoreAsync(StoredManifest manifest, string? tag, CancellationToken cancellation) =>
        throw ReadOnly();

    internal override Task UpdateTagAsync(string tag, TagContent content, CancellationToken cancellation) => throw ReadOnly();

    internal override Task StoreUnlistedAsync(StoredManifest manifest, CancellationToken cancellation) => throw ReadOnly();

    internal override Task<BlobTransfer> CopyBlobFromAsync(OciStore source, Descriptor blob, CancellationToken cancellation) =>
        throw ReadOnly();

    private IOException ReadOnly() =>
        new($"{Name} is an archive, which is not written to; copy it to a layout or a registry, and name that");
}
