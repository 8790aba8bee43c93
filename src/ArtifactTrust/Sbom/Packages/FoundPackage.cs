using ArtifactTrust.Sbom.Packages.Readers;

namespace ArtifactTrust.Sbom.Packages;

/// <summary>A package as one file states it, before the statements of all files are put together.</summary>
internal sealed record FoundPackage(PackageUrl Url)
{
    /// <summary>The name where it differs from the package URL's, such as one of npm with its scope.</summary>
    internal string? DisplayName { get; init; }

    internal string? Supplier { get; init; }

    internal IReadOnlyList<SbomLicense> Licenses { get; init; } = [];

    internal IReadOnlyList<SbomHash> Hashes { get; init; } = [];

    internal IReadOnlyList<SbomProperty> Properties { get; init; } = [];

    /// <summary>The names by which others of the subject ask for it; each belongs to a place, such as a database or a folder.</summary>
    internal IReadOnlyList<string> Provides { get; init; } = [];

    /// <summary>What it asks for: of each list, the first name that something provides.</summary>
    internal IReadOnlyList<IEnumerable<string>> Requires { get; init; } = [];

    /// <summary>Files that are the package's own; where another package manager owns them, the package is a part of that one's.</summary>
    internal string? OwnFile { get; init; }

    internal SbomOccurrence Occurrence { get; init; } = new("");
}

/// <summary>What a reader says of a file.</summary>
internal sealed class PackageFindings(PackageFile file)
{
    private readonly List<FoundPackage> _packages = [];
    private readonly List<string> _problems = [];
    private readonly HashSet<string> _included = new(StringComparer.Ordinal);

    internal IReadOnlyList<FoundPackage> Packages => _packages;

    internal IReadOnlyList<string> Problems => _problems;

    /// <summary>The licences that the file states for a package of the distribution, with the package's name.</summary>
    internal (string Package, IReadOnlyList<SbomLicense> Licenses)? PackageLicenses { get; set; }

    /// <summary>What the subject itself asks for: of each list, the first name that something provides.</summary>
    internal List<IEnumerable<string>> Direct { get; } = [];

    internal OperatingSystemRelease? OperatingSystem { get; set; }

    /// <summary>Paths that the package of that name owns.</summary>
    internal List<(string Package, string Path)> Owned { get; } = [];

    /// <summary>Files of the subject that this one includes, as paths below its root.</summary>
    internal IReadOnlyCollection<string> Included => _included;

    /// <summary>The file includes another; what is none of the subject's is a problem.</summary>
    /// <param name="path">Its path, relative to this file's folder.</param>
    internal void Include(string path)
    {
        var parts = new List<string>();
        foreach (var part in $"{PackageText.Folder(file.Path)}/{path}".Split('/').Where(p => p is not ("" or ".")))
        {
            if (part != "..")
            {
                parts.Add(part);
            }
            else if (parts.Count > 0)
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else
            {
                Problem("it includes a file outside of the subject");
                return;
            }
        }
        if (path[0] == '/' || path.Contains("://", StringComparison.Ordinal))
        {
            Problem("it includes a file outside of the subject");
        }
        else if (_included.Count < 256)
        {
            _included.Add(string.Join('/', parts));
        }
        else
        {
            Problem("it includes more than 256 files");
        }
    }

    internal void Add(FoundPackage package) => _packages.Add(package with { Occurrence = new SbomOccurrence(file.Path, file.Layer) });

    /// <summary>Something in the file could not be read; the rest was.</summary>
    internal void Problem(string reason)
    {
        if (_problems.Count < 16)
        {
            _problems.Add(reason);
        }
    }
}
