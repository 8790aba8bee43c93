using System.Text.Json;
using System.Text.RegularExpressions;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Oci;

/// <summary>What Helm's charts say of themselves: the layers have no file names, and the configuration has the chart's name and version.</summary>
/// <remarks>Format: Helm 3, "Use OCI-based registries"; the files are named as <c>helm pull</c> names them.</remarks>
internal static partial class HelmChart
{
    private const string ConfigType = "application/vnd.cncf.helm.config.v1+json";
    private const string FormatName = "configuration of a Helm chart";

    /// <summary>Gives the layers of a chart that have no file name theirs; any other manifest is left as it is.</summary>
    /// <exception cref="MalformedDataException">The configuration cannot be read, or its name or version cannot be part of a file's name.</exception>
    /// <exception cref="IOException">The store failed.</exception>
    internal static async Task<ImageManifest> NameLayersAsync(OciStore store, ImageManifest manifest, CancellationToken cancellation)
    {
        if (manifest.Config.MediaType != ConfigType || manifest.Layers.All(l => Suffix(l) is null || ModelArtifact.IsNamed(l)))
        {
            return manifest;
        }
        var bytes = await store.GetBlobAsync(manifest.Config, OciLimits.ImageConfigBytes, cancellation).ConfigureAwait(false);
        var json = StrictJson.Parse(bytes, FormatName, OciLimits.ImageConfigBytes);
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(FormatName, "$", "an object is required");
        }
        var name = $"{Part(json, "name")}-{Part(json, "version")}";
        return manifest with
        {
            Layers =
            [
                .. manifest.Layers.Select(l =>
                    Suffix(l) is not { } suffix || ModelArtifact.IsNamed(l)
                        ? l
                        : l with
                        {
                            Annotations = new Dictionary<string, string>(l.Annotations, StringComparer.Ordinal)
                            {
                                [ModelArtifact.TitleAnnotation] = name + suffix,
                            },
                        }
                ),
            ],
        };
    }

    private static string? Suffix(Descriptor layer) =>
        layer.MediaType switch
        {
            "application/vnd.cncf.helm.chart.content.v1.tar+gzip" => ".tgz",
            "application/vnd.cncf.helm.chart.provenance.v1.prov" => ".tgz.prov",
            _ => null,
        };

    private static string Part(JsonElement config, string name)
    {
        var text = StrictJson.RequiredString(config, name, FormatName, "$");
        return Allowed().IsMatch(text)
            ? text
            : throw new MalformedDataException(FormatName, $"$.{name}", $"'{Text.Clean(text, 100)}' cannot be part of a file's name");
    }

    // What Helm takes as a chart's name, and Semantic Versioning as a version.
    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._+-]{0,99}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Allowed();
}
