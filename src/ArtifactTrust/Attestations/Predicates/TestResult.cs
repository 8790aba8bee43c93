using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Attestations.Predicates;

/// <summary>How a run of tests ended.</summary>
/// <remarks>Spec: in-toto test-result v0.1. The predicate has no time.</remarks>
public sealed record TestResult : Predicate
{
    /// <summary>The type's URI.</summary>
    public const string TypeUri = "https://in-toto.io/attestation/test-result/v0.1";

    private const string FormatName = "in-toto test-result v0.1";

    /// <summary>How the run ended.</summary>
    public required TestOutcome Outcome { get; init; }

    /// <summary>The configuration the run used.</summary>
    public required IReadOnlyList<ResourceDescriptor> Configuration { get; init; }

    /// <summary>Where more about the run is, a URI.</summary>
    public string? Url { get; init; }

    /// <summary>The names of the tests that passed.</summary>
    public IReadOnlyList<string> PassedTests { get; init; } = [];

    /// <summary>The names of the tests that passed with warnings.</summary>
    public IReadOnlyList<string> WarnedTests { get; init; } = [];

    /// <summary>The names of the tests that failed.</summary>
    public IReadOnlyList<string> FailedTests { get; init; } = [];

    /// <summary>Reads the predicate.</summary>
    /// <exception cref="MalformedDataException">A required member is absent, or a member has the wrong type.</exception>
    public static TestResult Parse(JsonElement json)
    {
        var root = PredicateJson.Root(json, FormatName);
        root.RequireArray("configuration");
        return new TestResult
        {
            Outcome = root.String("result") switch
            {
                "PASSED" => TestOutcome.Passed,
                "WARNED" => TestOutcome.Warned,
                "FAILED" => TestOutcome.Failed,
                var other => throw root.Malformed("result", $"PASSED, WARNED or FAILED is expected, not '{other}'"),
            },
            Configuration = root.Descriptors("configuration"),
            Url = root.OptionalString("url"),
            PassedTests = root.Strings("passedTests"),
            WarnedTests = root.Strings("warnedTests"),
            FailedTests = root.Strings("failedTests"),
        };
    }
}

/// <summary>How a run of tests ended. The zero value is no success.</summary>
public enum TestOutcome
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary><c>FAILED</c>: a test failed.</summary>
    Failed,

    /// <summary><c>WARNED</c>: every test passed, some with warnings.</summary>
    Warned,

    /// <summary><c>PASSED</c>: every test passed.</summary>
    Passed,
}
