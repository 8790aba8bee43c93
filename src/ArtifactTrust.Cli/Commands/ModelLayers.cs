using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Manifests;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Cli.Commands;

/// <summary>The files of an OCI artifact as its manifest lists them: what pulling it would give, without pulling it.</summary>
/// <param name="Files">The layers, by their titles.</param>
/// <param name="Config">The configuration, as <c>config.json</c>; null where a file has that name.</param>
internal sealed record ModelLayers(FileManifest Files, ManifestEntry? Config)
{
    // As the clients in Go name it, where they sign it.
    private const string ConfigName = "config.json";
    private const string SigningHint = "without --format oms an image or artifact of any kind is signed by the digest of its manifest";

    /// <summary>Reads the files of an artifact.</summary>
    /// <exception cref="CliException">It is not one of files: layers have no titles, are archives, or are those of a container.</exception>
    internal static async Task<ModelLayers> ReadAsync(OciStore store, Descriptor artifact, CancellationToken cancellation)
    {
        var manifest = await ManifestAsync(store, artifact, SigningHint, cancellation);
        try
        {
            var files = ModelArtifact.ListFiles(manifest);
            return new ModelLayers(
                new FileManifest([.. files.Select(f => new ManifestEntry(f.Path, f.Layer.Digest, f.Layer.Size))]),
                files.Any(f => f.Path == ConfigName) || manifest.Config.Digest.Algorithm != Hashing.DigestAlgorithm.Sha256
                    ? null
                    : new ManifestEntry(ConfigName, manifest.Config.Digest, manifest.Config.Size)
            );
        }
        catch (MalformedDataException e)
        {
            throw NoFiles(artifact, $"{e.Location}: {e.Reason}", SigningHint);
        }
    }

    /// <summary>The manifest of an artifact that has files.</summary>
    /// <param name="store">Where it is.</param>
    /// <param name="artifact">The artifact.</param>
    /// <param name="hint">What to do with an image that has none.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="CliException">It is an image for several platforms or of a container, or has no layers.</exception>
    internal static async Task<ImageManifest> ManifestAsync(
        OciStore store,
        Descriptor artifact,
        string hint,
        CancellationToken cancellation
    )
    {
        var stored = await store.GetManifestAsync(artifact.Digest, cancellation);
        ImageManifest manifest;
        try
        {
            manifest = ImageManifest.Parse(stored.Bytes);
        }
        catch (MalformedDataException e)
        {
            throw NoFiles(artifact, e.Reason, hint);
        }
        return ImageConfiguration.IsOf(manifest.Config) ? throw NoFiles(artifact, "its configuration is that of a container", hint)
            : manifest.Layers.Count == 0 ? throw NoFiles(artifact, "it has no layers", hint)
            : manifest;
    }

    private static CliException NoFiles(Descriptor artifact, string reason, string hint) =>
        CliException.Rejected("not-files", $"{artifact.Digest} is no artifact of files: {reason}", hint);
}
