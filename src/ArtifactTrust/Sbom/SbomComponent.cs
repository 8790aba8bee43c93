using ArtifactTrust.Hashing;

namespace ArtifactTrust.Sbom;

/// <summary>The kinds of component written here.</summary>
public enum SbomComponentType
{
    /// <summary>None; refused by writers.</summary>
    None = 0,

    /// <summary>The release the document is about.</summary>
    Application,

    /// <summary>A model.</summary>
    MachineLearningModel,

    /// <summary>A dataset, or a file of one.</summary>
    Data,

    /// <summary>A file.</summary>
    File,

    /// <summary>A package of software.</summary>
    Library,

    /// <summary>An operating system's distribution.</summary>
    OperatingSystem,

    /// <summary>A container image.</summary>
    Container,
}

/// <summary>One part of what an SBOM describes.</summary>
/// <param name="Type">What it is.</param>
/// <param name="Reference">A name unique in the document; null where nothing refers to it.</param>
/// <param name="Name">Its name; of a file, the path below the subject.</param>
public sealed record SbomComponent(SbomComponentType Type, string? Reference, string Name)
{
    /// <summary>Its version, or null.</summary>
    public string? Version { get; init; }

    /// <summary>What it is, in its own words, or null.</summary>
    public string? Description { get; init; }

    /// <summary>The media type of its bytes, where one is registered.</summary>
    public string? MediaType { get; init; }

    /// <summary>The digest of its bytes; null for a directory, which has no bytes of its own.</summary>
    public Digest? Digest { get; init; }

    /// <summary>The package URL, or null.</summary>
    /// <remarks>Spec: package-url.</remarks>
    public string? PackageUrl { get; init; }

    /// <summary>Who made or distributes it, as it says itself, or null.</summary>
    public string? Supplier { get; init; }

    /// <summary>When it was made, or null.</summary>
    public DateTimeOffset? Built { get; init; }

    /// <summary>When it was released, or null.</summary>
    public DateTimeOffset? Released { get; init; }

    /// <summary>Digests that others state for its bytes, such as a lock file; those here were not checked against them.</summary>
    public IReadOnlyList<SbomHash> DeclaredHashes { get; init; } = [];

    /// <summary>Where it was found.</summary>
    public IReadOnlyList<SbomOccurrence> Occurrences { get; init; } = [];

    /// <summary>The licences it states.</summary>
    public IReadOnlyList<SbomLicense> Licenses { get; init; } = [];

    /// <summary>Models it was made from.</summary>
    public IReadOnlyList<SbomComponent> Ancestors { get; init; } = [];

    /// <summary>How it was made from <see cref="Ancestors"/>, or null.</summary>
    public string? AncestryNote { get; init; }

    /// <summary>Where more about it is.</summary>
    public IReadOnlyList<SbomExternalReference> ExternalReferences { get; init; } = [];

    /// <summary>The model card; null where it is no model or the files say nothing.</summary>
    public SbomModelCard? ModelCard { get; init; }

    /// <summary>The description as data; null where it is none.</summary>
    public SbomDataset? Dataset { get; init; }

    /// <summary>What the format has no field for.</summary>
    public IReadOnlyList<SbomProperty> Properties { get; init; } = [];

    /// <summary>Its parts.</summary>
    public IReadOnlyList<SbomComponent> Components { get; init; } = [];
}

/// <summary>An address that belongs to a component.</summary>
/// <param name="Type">CycloneDX's word for the relation, such as <c>website</c> or <c>distribution</c>.</param>
/// <param name="Url">An IRI reference.</param>
/// <param name="Digest">The digest stated for what is there, or null.</param>
public sealed record SbomExternalReference(string Type, string Url, Digest? Digest = null);

/// <summary>A digest as somebody stated it.</summary>
/// <param name="Algorithm">CycloneDX's name of the algorithm, such as <c>SHA-512</c> or <c>MD5</c>.</param>
/// <param name="Content">Lower-case hex.</param>
public sealed record SbomHash(string Algorithm, string Content);

/// <summary>A place where a component was found.</summary>
/// <param name="Location">The path of the file that says so, below the subject.</param>
/// <param name="Layer">The layer of the image that brought the file, as <c>sha256:…</c> of its uncompressed bytes (DiffID), or null.</param>
public sealed record SbomOccurrence(string Location, string? Layer = null);

/// <summary>What data holds.</summary>
/// <param name="Name">Its name, or null.</param>
/// <param name="Url">Where it is, an IRI reference, or null.</param>
/// <param name="Description">What it is, in its own words, or null.</param>
/// <param name="Properties">Rows, columns and what else the files say.</param>
public sealed record SbomDataset(string? Name, string? Url, string? Description, IReadOnlyList<SbomProperty> Properties)
{
    /// <summary>How confidential it is, in its owner's words, or null.</summary>
    public string? Classification { get; init; }

    /// <summary>Kinds of sensitive data in it.</summary>
    public IReadOnlyList<string> SensitiveData { get; init; } = [];

    /// <summary>Names of those who are responsible for its safe custody.</summary>
    public IReadOnlyList<string> Custodians { get; init; } = [];

    /// <summary>Names of those who are responsible for its content.</summary>
    public IReadOnlyList<string> Stewards { get; init; } = [];

    /// <summary>Names of its owners.</summary>
    public IReadOnlyList<string> Owners { get; init; } = [];
}
