namespace ArtifactTrust.Sbom.Packages;

/// <summary>Makes the packages of a subject of what its files state, one for each package URL.</summary>
internal sealed class PackageMerge(
    IReadOnlyList<FoundPackage> found,
    OperatingSystemRelease? system,
    IReadOnlyDictionary<string, IReadOnlyList<SbomLicense>> licenses,
    IReadOnlyDictionary<string, string> owners
)
{
    private readonly Dictionary<string, string> _providers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> _contained = new(StringComparer.Ordinal);

    internal IReadOnlyList<SoftwarePackage> ToPackages()
    {
        var distribution = found.Where(IsOfDistribution).Select(p => p.DisplayName ?? p.Url.Name).ToHashSet(StringComparer.Ordinal);
        var statements = new List<(string Url, FoundPackage Package)>(found.Count);
        foreach (var package in found)
        {
            var complete = package with { Url = Complete(package.Url) };
            var url = complete.Url.ToString();
            if (package.OwnFile is { } own && OwnerOf(own) is { } owner && distribution.Contains(owner))
            {
                // The distribution maintains it, and its version says nothing of the fixes that are in it.
                Contained(owner).Add(url);
                continue;
            }
            statements.Add((url, complete));
            foreach (var name in package.Provides)
            {
                _providers.TryAdd(name, url);
            }
        }
        return
        [
            .. statements
                .GroupBy(s => s.Url, s => s.Package, StringComparer.Ordinal)
                .OrderBy(g => g.Key, StringComparer.Ordinal)
                .Select(g => Merge(g.Key, [.. g])),
        ];
    }

    private static bool IsOfDistribution(FoundPackage package) => package.Url.Type is "deb" or "apk";

    private SoftwarePackage Merge(string url, FoundPackage[] statements)
    {
        var first = statements[0];
        var name = first.DisplayName ?? first.Url.Name;
        var stated = statements.Select(s => s.Licenses).FirstOrDefault(l => l.Count > 0) ?? [];
        List<SbomProperty> properties = [.. statements.SelectMany(s => s.Properties).Distinct()];
        // Needed to run by one statement is needed to run.
        if (statements.Any(s => !s.Properties.Any(p => p.Name == PackagePropertyNames.Scope)))
        {
            properties.RemoveAll(p => p.Name == PackagePropertyNames.Scope);
        }
        if (IsOfDistribution(first))
        {
            stated = stated.Count > 0 ? stated : licenses.GetValueOrDefault(name) ?? [];
            properties.AddRange(
                _contained
                    .GetValueOrDefault(name, [])
                    .Distinct(StringComparer.Ordinal)
                    .Order(StringComparer.Ordinal)
                    .Select(c => new SbomProperty(PackagePropertyNames.Contains, c))
            );
        }
        return new SoftwarePackage(name, first.Url.Version, first.Url)
        {
            Supplier = statements.Select(s => s.Supplier).FirstOrDefault(s => s is not null),
            Licenses = stated,
            DeclaredHashes = [.. statements.SelectMany(s => s.Hashes).Distinct()],
            Occurrences = [.. statements.Select(s => s.Occurrence).Distinct().OrderBy(o => o.Location, StringComparer.Ordinal)],
            DependsOn =
            [
                .. statements
                    .SelectMany(s => s.Requires)
                    .Select(Provider)
                    .OfType<string>()
                    .Where(u => u != url)
                    .Distinct(StringComparer.Ordinal)
                    .Order(StringComparer.Ordinal),
            ],
            Properties = properties,
        };
    }

    /// <summary>The package that provides the first of some names that any does; null where none is. To be asked after <see cref="ToPackages"/>.</summary>
    internal string? Provider(IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            if (_providers.TryGetValue(name, out var url))
            {
                return url;
            }
        }
        return null;
    }

    /// <summary>Databases of a distribution do not name it; that is told elsewhere.</summary>
    private PackageUrl Complete(PackageUrl url) =>
        url.Type switch
        {
            "deb" => Distribution(url, "debian"),
            "apk" => Distribution(url, "alpine"),
            _ => url,
        };

    private PackageUrl Distribution(PackageUrl url, string usual) =>
        (url with { Namespace = system?.Id ?? usual }).With(
            "distro",
            system is { Version: { } version } ? $"{system.Id}-{version}" : system?.Id
        );

    private string? OwnerOf(string path) =>
        owners.GetValueOrDefault(path)
        // A package may still name the place that a link took over.
        ?? (path.StartsWith("usr/lib/", StringComparison.Ordinal) ? owners.GetValueOrDefault(path["usr/".Length..]) : null)
        ?? (path.StartsWith("lib/", StringComparison.Ordinal) ? owners.GetValueOrDefault($"usr/{path}") : null);

    private List<string> Contained(string owner)
    {
        if (!_contained.TryGetValue(owner, out var list))
        {
            _contained.Add(owner, list = []);
        }
        return list;
    }
}
