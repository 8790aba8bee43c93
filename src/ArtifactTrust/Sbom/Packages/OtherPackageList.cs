using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.CycloneDx;

namespace ArtifactTrust.Sbom.Packages;

/// <summary>Packages that another program found in the same subject.</summary>
public sealed class OtherPackageList
{
    private const string Named = "CycloneDX document";

    // What Trivy looks advisories up by, and CycloneDX has no place for.
    private static readonly string[] CarriedProperties =
    [
        PackagePropertyNames.SourceName,
        PackagePropertyNames.SourceVersion,
        PackagePropertyNames.SourceRelease,
        PackagePropertyNames.SourceEpoch,
        PackagePropertyNames.ModularityLabel,
    ];

    private OtherPackageList(string program, bool leavesOutJavaArchives, IReadOnlyList<OtherPackage> packages)
    {
        Program = program;
        LeavesOutJavaArchives = leavesOutJavaArchives;
        Packages = packages;
    }

    /// <summary>The program's name.</summary>
    public string Program { get; }

    /// <summary>Whether the program was told to leave Java archives out.</summary>
    public bool LeavesOutJavaArchives { get; }

    /// <summary>One for each package URL, in order of appearance.</summary>
    internal IReadOnlyList<OtherPackage> Packages { get; }

    /// <summary>Reads what Trivy wrote.</summary>
    /// <param name="program">The program's name.</param>
    /// <param name="cycloneDx">The whole document, CycloneDX JSON.</param>
    /// <param name="leavesOutJavaArchives">Whether the program was told to leave Java archives out.</param>
    /// <exception cref="MalformedDataException">It is no such document.</exception>
    /// <remarks>
    /// Where a package was found is a property of Trivy's (<c>FilePath</c>, <c>LayerDiffID</c>), or the <c>application</c> that depends on it, whose name
    /// is a file's path.
    /// </remarks>
    public static OtherPackageList Read(string program, ReadOnlyMemory<byte> cycloneDx, bool leavesOutJavaArchives = false)
    {
        ArgumentNullException.ThrowIfNull(program);
        var json = StrictJson.Parse(cycloneDx, Named, Limits.PredicateBytes);
        var summary = CycloneDxReader.Read(json);
        var dependencies = Dependencies(json);
        var properties = Properties(json);
        var files = Files(summary, dependencies);
        var urls = new Dictionary<string, PackageUrl>(StringComparer.Ordinal);
        var packages = new Dictionary<string, OtherPackage>(StringComparer.Ordinal);
        var order = new List<string>();
        foreach (var component in summary.Components)
        {
            if (component.Purl is null || PackageUrl.ParseOrNull(component.Purl) is not { } url)
            {
                continue;
            }
            var reference = component.Reference ?? component.Purl;
            urls[reference] = url;
            var stated = properties.GetValueOrDefault(reference) ?? [];
            var layer = stated.Find(p => p.Name == PackagePropertyNames.LayerDiffId)?.Value;
            var paths = stated.Where(p => p.Name == PackagePropertyNames.FilePath).Select(p => p.Value).ToList();
            var places = (paths.Count > 0 ? paths : files.GetValueOrDefault(reference) ?? []).Select(p => new SbomOccurrence(p, layer));
            var package = new OtherPackage(component, url, layer, [.. places])
            {
                Properties = [.. stated.Where(p => CarriedProperties.Contains(p.Name))],
                DependsOn = [.. dependencies.GetValueOrDefault(reference) ?? []],
            };
            var key = url.ToString();
            if (packages.TryGetValue(key, out var same))
            {
                // The same package in a second file.
                packages[key] = same with
                {
                    Places = [.. same.Places.Concat(package.Places).Distinct()],
                    DependsOn = [.. same.DependsOn.Concat(package.DependsOn)],
                };
            }
            else
            {
                packages.Add(key, package);
                order.Add(key);
            }
        }
        return new OtherPackageList(
            program,
            leavesOutJavaArchives,
            [
                .. order.Select(k =>
                    packages[k] with
                    {
                        DependsOn = [.. packages[k].DependsOn.Where(urls.ContainsKey).Select(r => urls[r].Identity).Distinct()],
                    }
                ),
            ]
        );
    }

    /// <summary>Whether a package was found in a file, or below it where the file is an archive.</summary>
    internal bool Covers(PackageGap gap) =>
        PackageFormats.IsRpmDatabase(gap.Location)
            ? Packages.Any(p => p.Url.Type == "rpm")
            : Packages
                .SelectMany(p => p.Places)
                .Any(o => o.Location == gap.Location || o.Location.StartsWith($"{gap.Location}/", StringComparison.Ordinal));

    /// <summary>The files that lead to each component, by its reference.</summary>
    private static Dictionary<string, List<string>> Files(CycloneDxSummary summary, Dictionary<string, List<string>> dependencies)
    {
        var files = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var application in summary.Components.Where(c => c is { Type: "application", Purl: null, Reference: not null }))
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            var pending = new Stack<string>([application.Reference!]);
            while (pending.TryPop(out var reference))
            {
                foreach (var needed in dependencies.GetValueOrDefault(reference) ?? [])
                {
                    if (seen.Add(needed))
                    {
                        pending.Push(needed);
                    }
                }
            }
            foreach (var reference in seen)
            {
                if (!files.TryGetValue(reference, out var list))
                {
                    files.Add(reference, list = []);
                }
                list.Add(application.Name);
            }
        }
        return files;
    }

    private static Dictionary<string, List<string>> Dependencies(JsonElement json)
    {
        var dependencies = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var dependency in Objects(json, "dependencies"))
        {
            var reference = StrictJson.RequiredString(dependency, "ref", Named, "$.dependencies");
            if (dependency.TryGetProperty("dependsOn", out var needed) && needed.ValueKind == JsonValueKind.Array)
            {
                dependencies[reference] =
                [
                    .. needed.EnumerateArray().Where(n => n.ValueKind == JsonValueKind.String).Select(n => n.GetString()!),
                ];
            }
        }
        return dependencies;
    }

    private static Dictionary<string, List<SbomProperty>> Properties(JsonElement json)
    {
        var properties = new Dictionary<string, List<SbomProperty>>(StringComparer.Ordinal);
        foreach (var component in Objects(json, "components"))
        {
            var reference =
                StrictJson.OptionalString(component, "bom-ref", Named, "$.components")
                ?? StrictJson.OptionalString(component, "purl", Named, "$.components");
            if (reference is not null)
            {
                properties[reference] =
                [
                    .. Objects(component, "properties")
                        .Select(p => new SbomProperty(
                            StrictJson.OptionalString(p, "name", Named, "$.components") ?? "",
                            StrictJson.OptionalString(p, "value", Named, "$.components") ?? ""
                        )),
                ];
            }
        }
        return properties;
    }

    private static IEnumerable<JsonElement> Objects(JsonElement json, string name) =>
        json.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.Object)
            : [];
}

/// <summary>A package that another program found.</summary>
/// <param name="Component">What the program wrote of it.</param>
/// <param name="Url">Its package URL.</param>
/// <param name="Layer">The layer that brought it, by its DiffID; null where the program does not say.</param>
/// <param name="Places">The files it was found in; none where the program does not say.</param>
internal sealed record OtherPackage(CycloneDxComponent Component, PackageUrl Url, string? Layer, IReadOnlyList<SbomOccurrence> Places)
{
    /// <summary>What Trivy is to be told again where it scans our document.</summary>
    internal IReadOnlyList<SbomProperty> Properties { get; init; } = [];

    /// <summary>The identities of the packages that it needs.</summary>
    internal IReadOnlyList<string> DependsOn { get; init; } = [];
}
