using System.Text.Json;

namespace ArtifactTrust.EndToEnd.Sbom;

/// <summary>The peers that SBOMs are compared with, each of which may be absent.</summary>
internal static class SbomPeers
{
    /// <summary>The root of the repository.</summary>
    internal static string Repository { get; } = FindRepository();

    /// <summary>The folder of interop data kept beside the repository, or null.</summary>
    internal static string? Vectors { get; } = FindVectors();

    /// <summary>The folder with the validator and the readers installed.</summary>
    internal static string Tools() =>
        NpmPackages.Install(
            "ajv@8.17.1",
            "ajv-formats@3.0.1",
            "apache-arrow@21.0.0",
            "hyparquet@1.31.5",
            "onnx-proto@8.0.1",
            "papaparse@5.5.3",
            "@huggingface/gguf@0.4.6"
        );

    /// <summary>The path of Trivy, or null: in <c>bin</c> of ARTIFACT_TRUST_PEERS, of <c>peers</c> in the temporary folder, or on PATH.</summary>
    internal static string? Trivy() =>
        new[] { Environment.GetEnvironmentVariable("ARTIFACT_TRUST_PEERS"), Path.Join(Path.GetTempPath(), "peers") }
            .Where(f => !string.IsNullOrEmpty(f))
            .Select(f => Path.Join(f, "bin"))
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
            .Select(f => Path.Join(f, "trivy"))
            .FirstOrDefault(File.Exists);

    /// <summary>What Trivy takes a document for, such as <c>cyclonedx</c>; it runs in an empty folder.</summary>
    internal static string TrivyReads(string empty, string document)
    {
        Directory.CreateDirectory(empty);
        var report = NpmPackages.Run(
            Trivy()!,
            empty,
            "sbom",
            document,
            "--cache-dir",
            Path.Join(Vectors, "trivy", "cache"),
            "--skip-db-update",
            "--skip-java-db-update",
            "--offline-scan",
            "-q",
            "-f",
            "json"
        );
        using var json = JsonDocument.Parse(report);
        return json.RootElement.GetProperty("ArtifactType").GetString()!;
    }

    /// <summary>Runs one of the scripts beside this file.</summary>
    internal static string[] Node(string script, params string[] arguments) =>
        NpmPackages
            .Run("node", Tools(), [Path.Join(Repository, "tests", "ArtifactTrust.EndToEnd", "Sbom", script), .. arguments])
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>What other people's readers say of a file.</summary>
    internal static JsonElement SecondOpinion(string file)
    {
        using var json = JsonDocument.Parse(Node("read.mjs", file).Single());
        return json.RootElement.Clone();
    }

    private static string FindRepository()
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

    private static string? FindVectors()
    {
        var path = Environment.GetEnvironmentVariable("ARTIFACT_TRUST_VECTORS") ?? Path.Join(Repository, "..", "shared", "vectors");
        return Directory.Exists(path) ? Path.GetFullPath(path) : null;
    }
}

/// <summary>A test that needs some of the peers, and says which where they are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SbomFactAttribute : FactAttribute
{
    public SbomFactAttribute() => Skip = ReasonToSkip(vectors: false, trivy: false);

    /// <summary>Why a test cannot run here, or null.</summary>
    internal static string? ReasonToSkip(bool vectors, bool trivy)
    {
        try
        {
            NpmPackages.Fetch(NpmPackages.VadWeb);
            NpmPackages.Fetch(NpmPackages.VegaDatasets);
            NpmPackages.Run("node", SbomPeers.Tools(), "--version");
        }
        catch (InvalidDataException)
        {
            // A package that is not the pinned one is no absence: the test is to run, and to fail.
            return null;
        }
        catch (InvalidOperationException e)
        {
            return $"npm cannot fetch the packages: {e.Message}";
        }
        return (vectors || trivy) && SbomPeers.Vectors is null ? "the interop vectors (../shared/vectors) are not here"
            : trivy && SbomPeers.Trivy() is null ? "trivy is neither in ARTIFACT_TRUST_PEERS/bin nor on PATH"
            : null;
    }
}

/// <inheritdoc cref="SbomFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SbomTheoryAttribute : TheoryAttribute
{
    public SbomTheoryAttribute(bool validator = false, bool trivy = false) => Skip = SbomFactAttribute.ReasonToSkip(validator, trivy);
}
