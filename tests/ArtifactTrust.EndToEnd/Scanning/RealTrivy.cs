using ArtifactTrust.Cli.Tools;

namespace ArtifactTrust.EndToEnd.Scanning;

/// <summary>The real Trivy, and the material it is tested with. Absent on most machines.</summary>
internal static class RealTrivy
{
    /// <summary>Trivy's path: in <c>bin</c> of the folder <c>ARTIFACT_TRUST_PEERS</c> names, or <c>ARTIFACT_TRUST_TRIVY</c>.</summary>
    public static string? Executable { get; } =
        new[]
        {
            Environment.GetEnvironmentVariable("ARTIFACT_TRUST_PEERS") is { Length: > 0 } peers ? Path.Join(peers, "bin", "trivy") : null,
            Environment.GetEnvironmentVariable(TrivyExecutable.Variable),
        }.FirstOrDefault(File.Exists);

    /// <summary>The root of the repository.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The folder of Trivy's test material made by others, or null.</summary>
    public static string? Material { get; } = FindMaterial();

    /// <summary>Why a test is skipped, or null.</summary>
    public static string? Missing(bool material, params string[] programs) =>
        Executable is null ? "Trivy is not here (ARTIFACT_TRUST_PEERS)"
        : material && Material is null ? "the interop vectors (../shared/vectors) are not here"
        : Peers.Missing(programs);

    private static string FindRepository()
    {
        for (var d = new DirectoryInfo(AppContext.BaseDirectory); d is not null; d = d.Parent)
        {
            if (File.Exists(Path.Join(d.FullName, "ArtifactTrust.sln")))
            {
                return d.FullName;
            }
        }
        throw new InvalidOperationException("the tests do not run inside the repository");
    }

    private static string? FindMaterial()
    {
        var root = Environment.GetEnvironmentVariable("ARTIFACT_TRUST_VECTORS") ?? Path.Join(Repository, "..", "shared", "vectors");
        var path = Path.GetFullPath(Path.Join(root, "trivy"));
        return Directory.Exists(path) ? path : null;
    }
}

/// <summary>A test that needs the real Trivy, and says so where it is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TrivyFactAttribute : FactAttribute
{
    /// <param name="material">Whether the material made by others is needed too.</param>
    /// <param name="programs">The other programs that are needed.</param>
    public TrivyFactAttribute(bool material = true, params string[] programs) => Skip = RealTrivy.Missing(material, programs);
}

/// <inheritdoc cref="TrivyFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TrivyTheoryAttribute : TheoryAttribute
{
    public TrivyTheoryAttribute() => Skip = RealTrivy.Missing(material: true);
}
