using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Sbom.Packages;
using ArtifactTrust.Scanning;

namespace ArtifactTrust.Cli.Tools;

/// <summary>The packages that the files of a directory state, to be held against what Trivy looked up: it passes over files that it cannot read or does not know, and says nothing.</summary>
internal sealed class DirectoryPackages
{
    // Those that Trivy has advisories for.
    private static readonly string[] InstalledTypes = ["apk", "deb", "npm", "nuget", "pypi"];

    private readonly PackageInventory _locked;
    private readonly IReadOnlyList<SoftwarePackage> _installed;
    private readonly IgnoreRules _ignored;

    private DirectoryPackages(PackageInventory locked, IReadOnlyList<SoftwarePackage> installed, IgnoreRules ignored) =>
        (_locked, _installed, _ignored) = (locked, installed, ignored);

    /// <summary>Reads the lock files of a directory, or one lock file, and of an installed system what is installed.</summary>
    /// <param name="target">The directory or file.</param>
    /// <param name="ignored">What nothing is said about.</param>
    /// <param name="cancellation">Stops between two files.</param>
    /// <exception cref="ScannerException">The directory cannot be listed, or the file not be read.</exception>
    internal static DirectoryPackages Read(TrivyTarget target, IgnoreRules ignored, CancellationToken cancellation)
    {
        var path = target.Value;
        try
        {
            return new DirectoryPackages(
                Directory.Exists(path) ? PackageTree.Read(path, PackageSearch.Locked, cancellation) : OfFile(path),
                target.IsInstalledSystem ? PackageTree.Read(path, PackageSearch.Installed, cancellation).Packages : [],
                ignored
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or MalformedDataException)
        {
            throw new ScannerException($"the packages of '{path}' cannot be read: {e.Message}", innerException: e);
        }
    }

    /// <summary>The files whose packages, and the types of which, Trivy did not look up, one sentence each.</summary>
    /// <param name="report">Trivy's report about the directory.</param>
    internal IEnumerable<string> NotLookedUp(TrivyReport report)
    {
        foreach (var type in TypesNotLookedUp(report))
        {
            yield return type;
        }
        var lookedUp = report.PackageUrls.Select(u => PackageUrl.ParseOrNull(u)?.Identity ?? u).ToHashSet(StringComparer.Ordinal);
        foreach (var gap in _locked.Gaps.Where(g => g.IsUnreadable || g.IsForeign))
        {
            if (!report.PackageTargets.Contains(gap.Location) && !_ignored.Matches(gap.Location))
            {
                yield return gap.IsForeign ? $"{gap.Location}: {gap.Reason}, of which Trivy names none" : $"{gap.Location}: {gap.Reason}";
            }
        }
        // Trivy leaves out what is for development only, and what was built along with a project is in no database.
        var files = _locked
            .Packages.Where(p => p.Version is not null)
            .Where(p => !p.Properties.Any(o => o.Name is PackagePropertyNames.Scope or PackagePropertyNames.Origin))
            .SelectMany(p => p.Occurrences.Select(o => (File: o.Location, p.Url.Identity)))
            .GroupBy(p => p.File, p => p.Identity, StringComparer.Ordinal)
            .OrderBy(f => f.Key, StringComparer.Ordinal);
        foreach (var file in files.Where(f => !_ignored.Matches(f.Key) && !f.Any(lookedUp.Contains)))
        {
            yield return $"{file.Key}: Trivy looked up none of its {file.Count()} packages; scan the SBOM of the directory, which has them";
        }
    }

    /// <summary>The types of installed packages of which Trivy looked up none: of a distribution whose name or version it did not find, it does not say so.</summary>
    private IEnumerable<string> TypesNotLookedUp(TrivyReport report) =>
        _installed
            .GroupBy(p => p.Url.Type, StringComparer.Ordinal)
            .Where(t => InstalledTypes.Contains(t.Key) && !report.PackageTypes.Contains(t.Key))
            .OrderBy(t => t.Key, StringComparer.Ordinal)
            .Select(t =>
                $"Trivy looked up none of the {t.Count()} installed packages of type {t.Key}; scan the SBOM of the directory, which has them"
            );

    private static PackageInventory OfFile(string path)
    {
        var catalog = new PackageCatalog(PackageSearch.Locked);
        var name = Path.GetFileName(path);
        var use = catalog.UseOf(name, isExecutable: false);
        if (use == PackageFileUse.Name)
        {
            catalog.Add(new PackageFile(name, default));
        }
        else if (use == PackageFileUse.Content)
        {
            catalog.Add(new PackageFile(name, BoundedFile.Read(path, "lock file", PackageCatalog.ContentLimit)));
        }
        return catalog.ToInventory();
    }
}
