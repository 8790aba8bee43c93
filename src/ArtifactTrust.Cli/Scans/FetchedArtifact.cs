using ArtifactTrust.Cli.Commands;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Tools;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Cli.Scans;

/// <summary>The files of an OCI artifact in a directory of our own, each checked against its layer's digest; removed when they were looked into.</summary>
internal sealed class FetchedArtifact : IDisposable
{
    /// <summary>All layers of an artifact, in bytes, as they are stored.</summary>
    private const long MaximumBytes = 256L << 30;

    private readonly PrivateDirectory _scratch;

    private FetchedArtifact(PrivateDirectory scratch, string path, IReadOnlyDictionary<string, Digest> layers)
    {
        _scratch = scratch;
        Path = path;
        Layers = layers;
    }

    /// <summary>The directory.</summary>
    internal string Path { get; }

    /// <summary>The layer of each file.</summary>
    internal IReadOnlyDictionary<string, Digest> Layers { get; }

    /// <summary>Fetches and unpacks the layers.</summary>
    /// <exception cref="CliException">It is no artifact of files, or too large.</exception>
    /// <exception cref="IOException">The store failed or handed over other content, or there is no room.</exception>
    /// <exception cref="Formats.MalformedDataException">A layer cannot be unpacked exactly.</exception>
    internal static async Task<FetchedArtifact> FetchAsync(OciStore store, Descriptor artifact, CancellationToken cancellation)
    {
        const string hint = "what is in a container, --scanners model and trivy tell";
        var manifest = await ModelLayers.ManifestAsync(store, artifact, hint, cancellation);
        // Sizes are what the manifest says; what is fetched cannot be more. Summed so that nothing overflows.
        if (manifest.Layers.Aggregate(0UL, (sum, l) => Math.Min(sum + (ulong)l.Size, long.MaxValue)) > MaximumBytes)
        {
            throw CliException.CouldNotTell(
                "too-large",
                $"the layers of {artifact.Digest} have more than {MaximumBytes} bytes",
                "pull it, and scan the directory"
            );
        }
        var scratch = PrivateDirectory.Create();
        try
        {
            var path = scratch.File("artifact");
            var files = await new ModelArtifact(store).PullAsync(manifest, path, cancellation);
            return new FetchedArtifact(scratch, path, files.ToDictionary(f => f.Path, f => f.Layer, StringComparer.Ordinal));
        }
        catch
        {
            scratch.Dispose();
            throw;
        }
    }

    public void Dispose() => _scratch.Dispose();
}
