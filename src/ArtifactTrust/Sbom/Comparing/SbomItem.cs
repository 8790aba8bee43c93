namespace ArtifactTrust.Sbom.Comparing;

/// <summary>One component of an SBOM, as far as SBOMs are compared.</summary>
/// <param name="Type">The format's word for what it is, such as <c>library</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version, or null.</param>
/// <param name="Purl">Its package URL, or null.</param>
/// <param name="Licenses">Its licences, in code point order.</param>
/// <param name="Hashes">Its hashes: the algorithm, <c>:</c> and lower-case hex; in code point order.</param>
public sealed record SbomItem(
    string Type,
    string Name,
    string? Version,
    string? Purl,
    IReadOnlyList<string> Licenses,
    IReadOnlyList<string> Hashes
)
{
    /// <summary>The name and version, for people.</summary>
    public override string ToString() => Version is null ? Name : $"{Name} {Version}";
}

/// <summary>One thing that is different about a component.</summary>
/// <param name="Field">What: <c>version</c>, <c>licenses</c> or <c>hashes</c>.</param>
/// <param name="Old">What it was, or null.</param>
/// <param name="New">What it is, or null.</param>
public sealed record SbomChange(string Field, string? Old, string? New);

/// <summary>A component that is in both documents and differs.</summary>
/// <param name="Old">As it was.</param>
/// <param name="New">As it is.</param>
/// <param name="Changes">What is different.</param>
public sealed record SbomChangedItem(SbomItem Old, SbomItem New, IReadOnlyList<SbomChange> Changes);
