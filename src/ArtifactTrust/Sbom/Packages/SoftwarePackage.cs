namespace ArtifactTrust.Sbom.Packages;

/// <summary>A package of software, as the files of a subject state it.</summary>
/// <param name="Name">Its name, in its ecosystem's spelling, with the namespace where that is part of it.</param>
/// <param name="Version">Its version; null where a manifest names the package alone.</param>
/// <param name="Url">Its package URL.</param>
/// <remarks>What is stated twice of the same package URL is one package with several places.</remarks>
public sealed record SoftwarePackage(string Name, string? Version, PackageUrl Url)
{
    /// <summary>Who made or distributes it, as it says itself, or null.</summary>
    public string? Supplier { get; init; }

    /// <summary>The licences it states.</summary>
    public IReadOnlyList<SbomLicense> Licenses { get; init; } = [];

    /// <summary>Digests that a lock file states for its archive.</summary>
    public IReadOnlyList<SbomHash> DeclaredHashes { get; init; } = [];

    /// <summary>Where it was found.</summary>
    public IReadOnlyList<SbomOccurrence> Occurrences { get; init; } = [];

    /// <summary>The packages of the same subject that it needs, by their package URLs.</summary>
    public IReadOnlyList<string> DependsOn { get; init; } = [];

    /// <summary>What else is stated of it.</summary>
    public IReadOnlyList<SbomProperty> Properties { get; init; } = [];
}

/// <summary>The distribution that a subject's <c>os-release</c> names.</summary>
/// <param name="Id">Its identifier, such as <c>debian</c>.</param>
/// <param name="Version">Its version, such as <c>12</c>; null for one that has none.</param>
/// <param name="Name">Its name for people, or null.</param>
/// <param name="Occurrence">Where that is stated.</param>
public sealed record OperatingSystemRelease(string Id, string? Version, string? Name, SbomOccurrence Occurrence);

/// <summary>Something that may hold packages which are not in the list.</summary>
/// <param name="Location">The file's path; a layer's digest where all of a layer is meant.</param>
/// <param name="Reason">Why its packages are not known.</param>
/// <param name="IsForeign">Whether nothing is wrong with it: its format is one that is not read here, and that Trivy reads.</param>
public sealed record PackageGap(string Location, string Reason, bool IsForeign)
{
    /// <summary>Whether the location is a file of packages that cannot be read.</summary>
    public bool IsUnreadable { get; init; }

    /// <summary>Whether the location is a Java archive, whose packages Trivy tells by a database of its own.</summary>
    public bool IsJavaArchive => IsForeign && PackageFormats.IsJavaArchive(Location);
}

/// <summary>The packages of a subject.</summary>
/// <param name="OperatingSystem">Its distribution; null where no file says.</param>
/// <param name="Packages">Its packages, in order of their package URLs.</param>
/// <param name="Gaps">What may hold more, in order of the places. Empty where the list is complete as far as is known here.</param>
public sealed record PackageInventory(
    OperatingSystemRelease? OperatingSystem,
    IReadOnlyList<SoftwarePackage> Packages,
    IReadOnlyList<PackageGap> Gaps
)
{
    /// <summary>The packages that the subject's own files say it needs itself, by their package URLs. Not every lock file says so.</summary>
    public IReadOnlySet<string> Direct { get; init; } = new HashSet<string>(StringComparer.Ordinal);
}

/// <summary>Which statements about packages count.</summary>
public enum PackageSearch
{
    /// <summary>Not decided; refused.</summary>
    None = 0,

    /// <summary>What is installed: the databases of package managers, and the metadata beside installed packages. For images and root file systems.</summary>
    Installed,

    /// <summary>What is to be installed: lock files and manifests. For source trees.</summary>
    Locked,

    /// <summary>Both.</summary>
    All,
}

/// <summary>What the catalog wants of a file.</summary>
public enum PackageFileUse
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>To know that it is there.</summary>
    Name,

    /// <summary>Its content, up to <see cref="PackageCatalog.ContentLimit"/> bytes.</summary>
    Content,

    /// <summary>Whether it is a program that has packages compiled in; see <see cref="ProgramScan"/>.</summary>
    Program,
}

/// <summary>A file of a subject, as the catalog asked for it.</summary>
/// <param name="Path">The path below the subject's root, its parts separated by <c>/</c>, without one at its start.</param>
/// <param name="Content">The content; empty where it was not asked for.</param>
/// <param name="Layer">The layer of the image that brought it, by its DiffID; null outside of images.</param>
public sealed record PackageFile(string Path, ReadOnlyMemory<byte> Content, string? Layer = null)
{
    /// <summary>Why there is no content though it was asked for, or null.</summary>
    public string? Unreadable { get; init; }

    /// <summary>What is compiled into the program, such as <c>Go modules</c>; null where nothing was found.</summary>
    public string? Embedded { get; init; }
}
