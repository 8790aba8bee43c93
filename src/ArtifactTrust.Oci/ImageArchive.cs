using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>An OCI image layout in an uncompressed tar file, for reading. <see cref="ImageArchiveWriter"/> writes one.</summary>
/// <remarks>Spec: OCI image-spec 1.1, "OCI Image Layout Specification". Links inside of the archive are followed only to its own files.</remarks>
public sealed class ImageArchive : ReadOnlyLayoutStore
{
    private readonly TarFile _tar;
    private readonly ImageIndex _index;

    private ImageArchive(TarFile tar)
    {
        _tar = tar;
        CheckVersion(tar.Read(LayoutFile, LayoutFileBytes));
        _index = ImageIndex.Parse(tar.Read("index.json", Limits.OciManifestBytes));
    }

    /// <inheritdoc/>
    public override string Name => $"oci-archive:{_tar.Path}";

    /// <summary>Opens an archive.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="MalformedDataException">It is not an image layout in an uncompressed tar file.</exception>
    public static ImageArchive Open(string file)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        var tar = TarFile.Open(file, "OCI archive");
        try
        {
            return new ImageArchive(tar);
        }
        catch
        {
            tar.Dispose();
            throw;
        }
    }

    private protected override ImageIndex ReadIndex() => _index;

    private protected override Stream? TryOpenBlob(Digest digest) => _tar.TryOpen($"blobs/{digest.Algorithm}/{digest.Hex}");

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _tar.Dispose();
        }
        base.Dispose(disposing);
    }
}
