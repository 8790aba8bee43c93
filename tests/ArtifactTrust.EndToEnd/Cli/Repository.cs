namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>Where the repository lies, and the interop data beside it.</summary>
internal static class Repository
{
    /// <summary>The repository's root.</summary>
    internal static string Root { get; } = Find();

    /// <summary>The folder of interop data made by others, <c>../shared/vectors</c> or ARTIFACT_TRUST_VECTORS; null where it is absent.</summary>
    internal static string? Vectors { get; } =
        new[] { Environment.GetEnvironmentVariable("ARTIFACT_TRUST_VECTORS"), Path.Join(Root, "..", "shared", "vectors") }
            .Where(Directory.Exists)
            .Select(p => Path.GetFullPath(p!))
            .FirstOrDefault();

    private static string Find()
    {
        for (var d = new DirectoryInfo(AppContext.BaseDirectory); d is not null; d = d.Parent)
        {
            if (File.Exists(Path.Join(d.FullName, "ArtifactTrust.sln")))
            {
                return d.FullName;
            }
        }
        throw new DirectoryNotFoundException("the tests are not below the repository");
    }
}

/// <summary>A test that needs something that not every machine has, and says so where it is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NeedsFactAttribute : FactAttribute
{
    public NeedsFactAttribute(params string[] needs) => Skip = Needs.Missing(needs);
}

/// <inheritdoc cref="NeedsFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NeedsTheoryAttribute : TheoryAttribute
{
    public NeedsTheoryAttribute(params string[] needs) => Skip = Needs.Missing(needs);
}

/// <summary>What tests may need.</summary>
internal static class Needs
{
    /// <summary>To be root: a small file system of its own is mounted.</summary>
    internal const string Root = "root";

    /// <summary>A user whom permissions stop: us, or where we are root, nobody.</summary>
    internal const string Unprivileged = "unprivileged";

    /// <summary>The interop data.</summary>
    internal const string Vectors = "vectors";

    /// <summary>Packages of npm.</summary>
    internal const string Npm = "npm";

    /// <summary>Why a test is skipped, or null.</summary>
    internal static string? Missing(IEnumerable<string> needs) =>
        needs
            .Select(need =>
                need switch
                {
                    Root => Environment.IsPrivilegedProcess ? null : "only root may mount a small file system",
                    Unprivileged => MissingUser(),
                    Vectors => Repository.Vectors is null ? "the interop vectors (../shared/vectors) are not here" : null,
                    Npm => MissingPackages(),
                    _ => Peers.Missing(need),
                }
            )
            .FirstOrDefault(m => m is not null);

    /// <summary>What a command line begins with to be run by a user whom permissions stop.</summary>
    internal static string[] AsUser { get; } =
        Environment.IsPrivilegedProcess ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];

    private static string? MissingUser()
    {
        try
        {
            return Tool.Execute(Path.GetTempPath(), null, "", [.. AsUser, .. Tool.Start, "--version"]).ExitCode == 0
                ? null
                : "root reads and writes everything, and 'nobody' cannot run the program here";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "root reads and writes everything, and setpriv is not here";
        }
    }

    private static string? MissingPackages()
    {
        try
        {
            NpmPackages.Fetch(NpmPackages.VadWeb);
            NpmPackages.Fetch(NpmPackages.VegaDatasets);
            return null;
        }
        catch (InvalidOperationException e)
        {
            return $"npm cannot fetch the packages: {e.Message}";
        }
    }
}
