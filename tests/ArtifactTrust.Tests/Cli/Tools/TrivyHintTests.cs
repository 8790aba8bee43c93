using ArtifactTrust.Cli.Tools;

namespace ArtifactTrust.Tests.Cli.Tools;

/// <summary>What Trivy 0.68.2 writes for each way to fail, as recorded, and what is made of it.</summary>
public sealed class TrivyHintTests
{
    // The beginning of a recorded case, and what its hint says. Each failure has its own hint, but for those that are the same mistake.
    private static readonly (string Case, string? Hint)[] Expected =
    [
        ("--exit-code 7 with findings", "leave its exit code"),
        ("DB missing + --skip-db-update", "there is no database in the cache"),
        ("trivy.db present, metadata.json absent", null),
        ("metadata Version 1", "too old for this Trivy"),
        ("metadata Version 3", "too new for this Trivy"),
        ("trivy.db corrupt", "damaged"),
        ("DB stale + --skip-db-update", null),
        ("DB mirror unreachable", "--db-repository"),
        ("image tar missing", "the archive is not there"),
        ("not a tar", "the archive is neither"),
        ("image ref, nothing reachable", "nothing answers at the registry"),
        ("manifest unknown", "no such image"),
        ("http registry w/o --insecure", "--plain-http"),
        ("fs path missing", "the directory, or something in it"),
        ("sbom: unknown format / statement type", "in no format"),
        ("sbom: CycloneDX 1.7 (Trivy < 0.71)", "newer than this Trivy reads"),
        ("sbom: root type machine-learning-model", "root component"),
        ("sbom file missing", "the SBOM is not there"),
        ("--severity BOGUS", "does not take an option"),
        ("-f bogus", "does not take an option"),
        ("unknown flag", "0.58 or newer"),
        ("--timeout 1ms", "took too long"),
        ("--max-image-size 1kb", "larger than"),
        ("--ignorefile nonexist", "ignore file"),
        ("--vex nonexist.json", "--vex"),
        ("--server down", "--trivy-server"),
        ("--server bad token", "--trivy-token-file"),
        ("convert of a non-Trivy JSON", "is none"),
        ("any .jar/.war/.ear/.par scanned w/o Java DB + --skip-java-db-update", "Java archives"),
    ];

    [VectorFact]
    public void Every_failure_that_was_recorded_has_a_hint_of_its_own()
    {
        var lines = File.ReadAllLines(Path.Join(Vectors.Require("trivy/out"), "error-texts-0.68.2.txt"))
            .Where(l => l.Contains(": ", StringComparison.Ordinal) && l[0] is not ('(' or ' '))
            .ToList();
        Assert.Equal(Expected.Length, lines.Count);
        foreach (var (line, (name, hint)) in lines.Zip(Expected))
        {
            Assert.StartsWith(name, line, StringComparison.Ordinal);
            if (hint is not null)
            {
                Assert.Contains(hint, TrivyHints.For($"FATAL\tFatal error\t{line[(name.Length + 1)..]}"), StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("Get \"https://r/v2/\": tls: failed to verify certificate: x509: certificate signed by unknown authority", "--registry-ca")]
    [InlineData("GET https://r/v2/x: UNAUTHORIZED: authentication required", "log in")]
    [InlineData("failed to download vulnerability DB: GET https://r: TOOMANYREQUESTS: retry", "limits requests")]
    [InlineData("failed to download Java DB: x", "--java-db-repository")]
    [InlineData("write /tmp/x: no space left on device", "the disk is full")]
    public void Other_failures_that_are_known_have_one_too(string text, string hint) =>
        Assert.Contains(hint, TrivyHints.For($"FATAL {text}"), StringComparison.Ordinal);

    [Fact]
    public void What_is_not_known_has_none_and_a_silent_build_is_named_as_such()
    {
        Assert.Null(TrivyHints.For("FATAL something new"));
        Assert.Contains("--debug", TrivyHints.For(""), StringComparison.Ordinal);
    }
}
