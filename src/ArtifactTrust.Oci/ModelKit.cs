using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Oci;

/// <summary>What KitOps' ModelKits say of themselves.</summary>
/// <remarks>Format: the sources of KitOps (github.com/kitops-ml/kitops), which write the manifest, the Kitfile and the layers.</remarks>
internal static class ModelKit
{
    internal const string Prefix = "application/vnd.kitops.modelkit.";

    private const string VersionAnnotation = "ml.kitops.modelkit.cli-version";
    private const string FormatName = "Kitfile";

    /// <summary>Refuses a ModelKit whose archives do not name their files from its root.</summary>
    /// <remarks>
    /// Before 1.0, KitOps named them from the directory that a path of the Kitfile is in, and which layer belongs to which path is not written down.
    /// Where all paths are in the root, both are the same.
    /// </remarks>
    /// <exception cref="MalformedDataException">It is one of those, or does not say which version made it, or its Kitfile cannot be read.</exception>
    internal static async Task CheckAsync(OciStore store, ImageManifest manifest, CancellationToken cancellation)
    {
        if (manifest.Config.MediaType != $"{Prefix}config.v1+json")
        {
            return;
        }
        var version = manifest.Annotations.GetValueOrDefault(VersionAnnotation);
        if (version is not null && Major(version) is > 0)
        {
            return;
        }
        var kitfile = await store.GetBlobAsync(manifest.Config, OciLimits.ImageConfigBytes, cancellation).ConfigureAwait(false);
        var json = StrictJson.Parse(kitfile, FormatName, OciLimits.ImageConfigBytes);
        if (Paths(json).FirstOrDefault(IsBelowRoot) is { } path)
        {
            throw new MalformedDataException(
                "KitOps ModelKit",
                "$.layers",
                $"it was packed by {(version is null ? "a KitOps that does not say its version" : $"KitOps {Text.Clean(version, 40)}")}; before 1.0 its archives do not say "
                    + $"where files belong, such as those of '{Text.Clean(path, 100)}': unpack it with kit, or pack it again with KitOps 1.0 or later"
            );
        }
    }

    private static int? Major(string version) =>
        int.TryParse(version.TrimStart('v').Split('.')[0], System.Globalization.NumberStyles.None, null, out var major) ? major : null;

    /// <summary>The paths of a Kitfile, of a model in another ModelKit too.</summary>
    private static IEnumerable<string> Paths(JsonElement kitfile)
    {
        if (kitfile.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(FormatName, "$", "an object is required");
        }
        foreach (var part in kitfile.EnumerateObject())
        {
            IEnumerable<JsonElement> entries = part.Value.ValueKind switch
            {
                JsonValueKind.Array => part.Value.EnumerateArray(),
                JsonValueKind.Object when part.Value.TryGetProperty("parts", out var parts) && parts.ValueKind == JsonValueKind.Array =>
                    parts.EnumerateArray().Prepend(part.Value),
                _ => [part.Value],
            };
            foreach (var entry in entries)
            {
                if (
                    entry.ValueKind == JsonValueKind.Object
                    && entry.TryGetProperty("path", out var path)
                    && path.ValueKind == JsonValueKind.String
                )
                {
                    yield return path.GetString()!;
                }
            }
        }
    }

    private static bool IsBelowRoot(string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(p => p != ".");
        return path.StartsWith('/') || parts.Skip(1).Any();
    }
}
