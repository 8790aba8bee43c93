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
    private const string TitleAnnotation = "org.opencontainers.image.title";
    private const string UnpackAnnotation = "io.deis.oras.content.unpack";

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
        var entries = new List<ManifestEntry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var layer in manifest.Layers)
        {
            var title = layer.Annotations.GetValueOrDefault(TitleAnnotation);
            var problem =
                title is null ? $"the layer {layer.Digest} has no title ({TitleAnnotation})"
                : IsArchive(layer) ? $"'{title}' is an archive, which gives other files when it is pulled"
                : layer.Digest.Algorithm != Hashing.DigestAlgorithm.Sha256 ? $"'{title}' has a {layer.Digest.Algorithm} digest"
                : !names.Add(title) ? $"two layers have the title '{title}'"
                : null;
            if (problem is not null)
            {
                throw NoFiles(artifact, problem);
            }
            entries.Add(new ManifestEntry(title!, layer.Digest, layer.Size));
        }
        try
        {
            return new ModelLayers(
                new FileManifest(entries),
                names.Contains(ConfigName) ? null : new ManifestEntry(ConfigName, manifest.Config.Digest, manifest.Config.Size)
            );
        }
        catch (MalformedDataException e)
        {
            throw NoFiles(artifact, e.Reason);
        }
    }

    private static bool IsContainer(string mediaType) =>
        mediaType is "application/vnd.oci.image.config.v1+json" or "application/vnd.docker.container.image.v1+json";

    private static bool IsArchive(Descriptor layer) =>
        layer.Annotations.GetValueOrDefault(UnpackAnnotation) == "true"
        || layer.MediaType.StartsWith("application/vnd.docker.image", StringComparison.Ordinal)
        || (
            layer.MediaType.StartsWith("application/vnd.cncf.model.", StringComparison.Ordinal)
            && layer.MediaType.Contains(".tar", StringComparison.Ordinal)
        );

    private static CliException NoFiles(Descriptor artifact, string reason) =>
        CliException.Rejected(
            "not-files",
            $"{artifact.Digest} is no artifact of files, which could be signed as a model: {reason}",
            "without --format oms an image or artifact of any kind is signed by the digest of its manifest"
        );
}
