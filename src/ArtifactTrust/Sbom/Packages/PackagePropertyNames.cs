namespace ArtifactTrust.Sbom.Packages;

/// <summary>The names of the properties of packages and of what they were found in.</summary>
public static class PackagePropertyNames
{
    private const string Prefix = SbomPropertyNames.Prefix + "package:";

    /// <summary><c>development</c> where a lock file says that the package is not needed to run.</summary>
    public const string Scope = Prefix + "scope";

    /// <summary><c>project</c> where a package was not fetched but built along with the application.</summary>
    public const string Origin = Prefix + "origin";

    internal static readonly SbomProperty Project = new(Origin, "project");

    /// <summary>What a manifest asks for where it does not fix a version, such as <c>&gt;=1.0</c>.</summary>
    public const string Requirement = Prefix + "requirement";

    /// <summary>A package of a language that a package of the distribution brought, by its package URL; it is a part of that one.</summary>
    public const string Contains = Prefix + "contains";

    /// <summary>The program that found a package which was not found here.</summary>
    public const string FoundBy = Prefix + "found-by";

    /// <summary>What may hold packages that are not listed: the file or layer, a colon and a blank, and the reason.</summary>
    public const string Gap = Prefix + "not-read";

    /// <summary>How many places of that kind there are beside those named.</summary>
    public const string MoreGaps = Prefix + "not-read-more";

    // Trivy finds a distribution's advisories by the source package, which has no place in CycloneDX.
    internal const string SourceName = "aquasecurity:trivy:SrcName";
    internal const string SourceVersion = "aquasecurity:trivy:SrcVersion";
    internal const string SourceRelease = "aquasecurity:trivy:SrcRelease";
    internal const string SourceEpoch = "aquasecurity:trivy:SrcEpoch";
    internal const string ModularityLabel = "aquasecurity:trivy:Modularitylabel";

    // Where Trivy found a package.
    internal const string FilePath = "aquasecurity:trivy:FilePath";
    internal const string LayerDiffId = "aquasecurity:trivy:LayerDiffID";
}
