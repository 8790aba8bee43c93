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

    /// <summary>Reads the manifest of an artifact.</summary>
    /// <exception cref="CliException">It is not one of files: layers have no titles, are archives, or are those of a container.</exception>
    internal static async Task<ModelLayers> ReadAsync(OciStore store, Descriptor artifact, CancellationToken cancellation)
    {
        var stored = await store.GetManifestAsync(artifact.Digest, cancellation);
        ImageManifest manifest;
        try
        {
            manifest = ImageManifest.Parse(stored.Bytes);
        }
        catch (MalformedDataException e)
        {
            throw NoFiles(artifact, e.Reason);
        }
        if (IsContainer(manifest.Config.MediaType))
        {
            throw NoFiles(artifact, "its configuration is that of a container");
        }
        if (manifest.Layers.Count == 0)
        {
            throw NoFiles(artifact, "it has no layers");
        }
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
            throw NoFiles(artifact, $"{e.Location}: {e.Reason}");
        }
    }

    private static bool IsContainer(string mediaType) =>
        mediaType is "application/vnd.oci.image.config.v1+json" or "application/vnd.docker.container.image.v1+json";

    private static CliException NoFiles(Descriptor artifact, string reason) =>
        CliException.Rejected(
            "not-files",
            $"{artifact.Digest} is no artifact of files, which could be signed as a model: {reason}",
            "without --format oms an image or artifact of any kind is signed by the digest of its manifest"
        );
}
