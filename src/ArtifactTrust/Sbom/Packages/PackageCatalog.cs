using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Packages.Readers;

namespace ArtifactTrust.Sbom.Packages;

/// <summary>Finds the packages of a subject in its files, each read once and in any order.</summary>
/// <param name="search">Which statements about packages count.</param>
/// <remarks>
/// Whoever walks the subject asks <see cref="UseOf"/> about each file, and hands over what it wants of it. A file that cannot be read becomes
/// a gap of the inventory and never an exception, so that a single bad file hides nothing else. Not safe for several threads.
/// </remarks>
public sealed class PackageCatalog(PackageSearch search)
{
    /// <summary>The largest file that is read, in bytes.</summary>
    public const int ContentLimit = Limits.PackageFileBytes;

    private readonly PackageSearch _search = search is PackageSearch.Installed or PackageSearch.Locked or PackageSearch.All
        ? search
        : throw new ArgumentException("it is to be said which statements count", nameof(search));

    private readonly List<FoundPackage> _packages = [];
    private readonly List<PackageGap> _gaps = [];
    private readonly List<OperatingSystemRelease> _systems = [];
    private readonly Dictionary<string, IReadOnlyList<SbomLicense>> _licenses = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _owners = new(StringComparer.Ordinal);
    private readonly List<string> _manifests = [];
    private readonly List<(string File, string Included)> _included = [];
    private readonly List<IEnumerable<string>> _direct = [];
    private readonly HashSet<string> _locks = new(StringComparer.Ordinal);
    private int _lost;

    private bool ReadsInstalled => _search is PackageSearch.Installed or PackageSearch.All;

    private bool ReadsLocks => _search is PackageSearch.Locked or PackageSearch.All;

    /// <summary>What is wanted of a file.</summary>
    /// <param name="path">Its path below the subject's root, with <c>/</c> between its parts.</param>
    /// <param name="isExecutable">Whether it has the right to be executed.</param>
    public PackageFileUse UseOf(string path, bool isExecutable)
    {
        ArgumentNullException.ThrowIfNull(path);
        if ((ReadsInstalled && PackageFormats.Installed(path) is not null) || (ReadsLocks && PackageFormats.Locked(path) is not null))
        {
            return PackageFileUse.Content;
        }
        if (
            (ReadsInstalled && PackageFormats.ForeignInstalled(path) is not null)
            || (ReadsLocks && (PackageFormats.ForeignLock(path) is not null || PackageFormats.LocksOf(path) is not null))
        )
        {
            return PackageFileUse.Name;
        }
        return ReadsInstalled && isExecutable ? PackageFileUse.Program : PackageFileUse.None;
    }

    /// <summary>Whether a folder is to be walked.</summary>
    /// <param name="name">Its own name.</param>
    /// <remarks>What a package manager put into a source tree is told by its lock file.</remarks>
    public bool Enters(string name) => name != ".git" && (ReadsInstalled || name != "node_modules");

    /// <summary>Takes a file.</summary>
    public void Add(PackageFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (file.Embedded is { } embedded)
        {
            AddGap(file.Path, $"a program with {embedded} compiled in", isForeign: true);
        }
        var installed = ReadsInstalled ? PackageFormats.Installed(file.Path) : null;
        var locked = ReadsLocks ? PackageFormats.Locked(file.Path) : null;
        if (ReadsLocks)
        {
            _locks.Add(file.Path);
            if (PackageFormats.LocksOf(file.Path) is not null)
            {
                _manifests.Add(file.Path);
            }
        }
        if (installed is null && locked is null)
        {
            if (ReadsInstalled && PackageFormats.ForeignInstalled(file.Path) is { } what)
            {
                AddGap(file.Path, what, isForeign: true);
            }
            else if (ReadsLocks && PackageFormats.ForeignLock(file.Path) is { } other)
            {
                AddGap(file.Path, other, isForeign: true);
            }
            return;
        }
        if (file.Unreadable is { } reason)
        {
            AddGap(file.Path, reason, isUnreadable: true);
            return;
        }
        foreach (var reader in new[] { installed, locked }.OfType<PackageReader>().Distinct())
        {
            Read(file, reader);
        }
    }

    /// <summary>Notes that something may hold packages that cannot be known.</summary>
    /// <param name="location">The file's path, or a layer's digest.</param>
    /// <param name="reason">Why.</param>
    public void AddGap(string location, string reason) => AddGap(location, reason, isForeign: false);

    /// <summary>Puts together what all files said.</summary>
    public PackageInventory ToInventory()
    {
        foreach (var manifest in _manifests.Where(m => !HasLock(m)))
        {
            AddGap(manifest, "no lock file beside it fixes what it leads to", isForeign: false);
        }
        foreach (var (file, included) in _included.Where(i => !_locks.Contains(i.Included) || PackageFormats.Locked(i.Included) is null))
        {
            AddGap(file, $"it includes '{PackageText.Note(included)}', which was not read", isForeign: false);
        }
        if (_lost > 0)
        {
            AddGap("", $"{_lost} more than {Limits.SbomComponents} packages", isForeign: false);
        }
        // The first is the one that administrators may change; the other is the distribution's own.
        var system = _systems.OrderBy(s => s.Occurrence.Location, StringComparer.Ordinal).FirstOrDefault();
        var merge = new PackageMerge(_packages, system, _licenses, _owners);
        return new PackageInventory(
            system,
            merge.ToPackages(),
            [.. _gaps.Distinct().OrderBy(g => g.Location, StringComparer.Ordinal).ThenBy(g => g.Reason, StringComparer.Ordinal)]
        )
        {
            Direct = _direct.Select(merge.Provider).OfType<string>().ToHashSet(StringComparer.Ordinal),
        };
    }

    private void Read(PackageFile file, PackageReader reader)
    {
        var findings = new PackageFindings(file);
        try
        {
            reader(file, findings);
        }
        catch (MalformedDataException e)
        {
            AddGap(file.Path, $"it cannot be read: {PackageText.Note(e.Message)}", isUnreadable: true);
        }
        foreach (var package in findings.Packages)
        {
            if (_packages.Count < Limits.SbomComponents)
            {
                _packages.Add(package);
            }
            else
            {
                _lost++;
            }
        }
        _direct.AddRange(findings.Direct);
        _included.AddRange(findings.Included.Select(i => (file.Path, i)));
        foreach (var problem in findings.Problems)
        {
            AddGap(file.Path, problem, isForeign: false);
        }
        if (findings.OperatingSystem is { } system)
        {
            _systems.Add(system);
        }
        if (findings.PackageLicenses is { Licenses.Count: > 0 } stated)
        {
            _licenses.TryAdd(stated.Package, stated.Licenses);
        }
        foreach (var (package, path) in findings.Owned)
        {
            _owners.TryAdd(path, package);
        }
    }

    private void AddGap(string location, string reason, bool isForeign = false, bool isUnreadable = false)
    {
        if (_gaps.Count < Limits.SbomComponents)
        {
            _gaps.Add(new PackageGap(PackageText.Note(location) ?? "", reason, isForeign) { IsUnreadable = isUnreadable });
        }
    }

    /// <summary>Whether a lock file lies beside a manifest or, as in a workspace, above it.</summary>
    private bool HasLock(string manifest)
    {
        var names = PackageFormats.LocksOf(manifest)!;
        for (var folder = PackageText.Folder(manifest); ; folder = PackageText.Folder(folder))
        {
            if (names.Any(n => _locks.Contains(folder.Length > 0 ? $"{folder}/{n}" : n)))
            {
                return true;
            }
            if (folder.Length == 0)
            {
                return false;
            }
        }
    }
}
