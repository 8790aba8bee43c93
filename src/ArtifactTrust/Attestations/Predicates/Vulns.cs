using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Attestations.Predicates;

/// <summary>The vulnerabilities a scanner found, in a form that is the same for every scanner.</summary>
/// <remarks>
/// Spec: in-toto vulns v0.2, and v0.1, which puts each entry into a member <c>vulnerability</c>. Of several severities of one
/// vulnerability the highest that is understood counts; where none is, the severity is unknown.
/// </remarks>
public sealed record Vulns : ScanPredicate
{
    /// <summary>The type's URI.</summary>
    public const string TypeUri = "https://in-toto.io/attestation/vulns/v0.2";

    internal const string TypeUriV01 = "https://in-toto.io/attestation/vulns/v0.1";

    private const string FormatName = "in-toto vulns";

    /// <summary>Reads the predicate.</summary>
    /// <exception cref="MalformedDataException">A required member is absent, or a member has the wrong type.</exception>
    public static Vulns Parse(JsonElement json)
    {
        var root = PredicateJson.Root(json, FormatName);
        var scanner = root.Object("scanner");
        var database = scanner.Object("db");
        scanner.RequireArray("result");
        var (started, finished) = Times(root);
        return new Vulns
        {
            ScannerUri = scanner.String("uri"),
            ScannerVersion = scanner.OptionalString("version"),
            DatabaseUri = database.OptionalString("uri"),
            DatabaseVersion = database.OptionalString("version"),
            DatabaseUpdated = database.Time("lastUpdate"),
            Findings = [.. scanner.Objects("result").Select(ReadFinding)],
            ScanStartedOn = started,
            ScanFinishedOn = finished,
        };
    }

    private static Finding ReadFinding(PredicateJson entry)
    {
        var vulnerability = entry.OptionalObject("vulnerability") ?? entry;
        return new Finding(FindingKind.Vulnerability, vulnerability.String("id"), ReadSeverity(vulnerability), null);
    }

    private static Severity ReadSeverity(PredicateJson vulnerability)
    {
        vulnerability.RequireArray("severity");
        return vulnerability
            .Objects("severity")
            .Select(s => Severities.FromScore(s.String("method"), s.String("score")))
            .DefaultIfEmpty(Severity.Unknown)
            .Max();
    }
}
