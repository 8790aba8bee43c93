using ArtifactTrust.Attestations;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Scanning.Models;

namespace ArtifactTrust.Scanning;

/// <summary>The predicate that says how a scan of model files ended.</summary>
/// <remarks>
/// Spec: in-toto test-result v0.1. Every file that can hold code is one test, named by its path below the subject. A file with a finding of high or
/// critical severity fails; one with lesser findings, or that could not be examined, warns; so <c>PASSED</c> says that every such file was examined
/// and nothing was found. Files of formats that hold no code are no tests. The configuration is the rule set, by digest.
/// </remarks>
public static class TestResultPredicate
{
    /// <summary>The predicate's type.</summary>
    public const string Type = TestResult.TypeUri;

    /// <summary>Makes the predicate.</summary>
    /// <returns>UTF-8 JSON on one line.</returns>
    public static byte[] Create(ModelScanReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var failed = Names(report, f => f.Findings.Any(x => x.Severity >= Severity.High));
        var passed = Names(report, f => f.Verdict == FileVerdict.Clean);
        // Whatever neither passed nor failed warns, so that a verdict added later cannot vanish.
        var counted = failed.Concat(passed).ToHashSet(StringComparer.Ordinal);
        var warned = Names(report, f => f.Verdict != FileVerdict.NotApplicable && !counted.Contains(f.Name));
        return PredicateJson.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString(
                "result",
                failed.Count > 0 ? "FAILED"
                    : warned.Count > 0 ? "WARNED"
                    : "PASSED"
            );
            writer.WriteStartArray("configuration");
            new ResourceDescriptor(
                report.Rules.Id,
                $"{ModelScanner.Uri}/rules@{report.Rules.Version}",
                new Hashing.DigestSet(report.Rules.Digest)
            ).WriteTo(writer);
            writer.WriteEndArray();
            Write("passedTests", passed);
            Write("warnedTests", warned);
            Write("failedTests", failed);
            writer.WriteEndObject();

            void Write(string name, List<string> tests)
            {
                writer.WriteStartArray(name);
                tests.ForEach(writer.WriteStringValue);
                writer.WriteEndArray();
            }
        });
    }

    private static List<string> Names(ModelScanReport report, Func<FileScan, bool> where) =>
        [.. report.Files.Where(where).Select(f => f.Name)];
}
