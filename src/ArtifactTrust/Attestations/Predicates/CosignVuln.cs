using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Attestations.Predicates;

/// <summary>A scanner's own report with who ran the scan and when, as cosign attests it.</summary>
/// <remarks>
/// Spec: cosign vulnerability attestation v1, in the form that cosign and Trivy write (<c>scanner</c>, one object). Findings are read from
/// Trivy's report. <c>scanner.db.lastUpdate</c> is not in that specification; it is the member of the in-toto vulns predicate, read and
/// written here so that the age of the database is known.
/// </remarks>
public sealed record CosignVuln : ScanPredicate
{
    /// <summary>The type's URI.</summary>
    public const string TypeUri = "https://cosign.sigstore.dev/attestation/vuln/v1";

    private const string FormatName = "cosign vuln v1";

    /// <summary>The run that made the scan, a URI.</summary>
    public string? InvocationUri { get; init; }

    /// <summary>The run's own name.</summary>
    public string? EventId { get; init; }

    /// <summary>The platform that ran the scan.</summary>
    public string? BuilderId { get; init; }

    /// <summary>The scanner's report, an object.</summary>
    public required JsonElement Result { get; init; }

    /// <summary>Reads the predicate.</summary>
    /// <exception cref="MalformedDataException">A required member is absent, or a member has the wrong type.</exception>
    public static CosignVuln Parse(JsonElement json)
    {
        var root = PredicateJson.Root(json, FormatName);
        var scanner = root.Object("scanner");
        var database = scanner.OptionalObject("db");
        var invocation = root.OptionalObject("invocation");
        var result = scanner.Object("result");
        var (started, finished) = Times(root);
        return new CosignVuln
        {
            InvocationUri = invocation?.OptionalString("uri"),
            EventId = invocation?.OptionalString("event_id"),
            BuilderId = invocation?.OptionalString("builder.id"),
            ScannerUri = scanner.OptionalString("uri"),
            ScannerVersion = scanner.OptionalString("version"),
            DatabaseUri = database?.OptionalString("uri"),
            DatabaseVersion = database?.OptionalString("version"),
            DatabaseUpdated = database?.OptionalTime("lastUpdate"),
            Result = result.Json,
            Findings = TrivyFindings.Read(result),
            ScanStartedOn = started,
            ScanFinishedOn = finished,
        };
    }

    /// <summary>The predicate as JSON, to be put into a statement. <see cref="ScanPredicate.Findings"/> are those of <see cref="Result"/>.</summary>
    public JsonElement ToJson() => PredicateJson.ToElement(WriteTo);

    /// <summary>Writes the predicate as a JSON object.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteStartObject("invocation");
        writer.WriteNull("parameters");
        writer.WriteString("uri", InvocationUri ?? "");
        writer.WriteString("event_id", EventId ?? "");
        writer.WriteString("builder.id", BuilderId ?? "");
        writer.WriteEndObject();
        writer.WriteStartObject("scanner");
        writer.WriteString("uri", ScannerUri ?? "");
        writer.WriteString("version", ScannerVersion ?? "");
        writer.WriteStartObject("db");
        writer.WriteString("uri", DatabaseUri ?? "");
        writer.WriteString("version", DatabaseVersion ?? "");
        if (DatabaseUpdated is { } updated)
        {
            writer.WriteString("lastUpdate", Rfc3339.Format(updated));
        }
        writer.WriteEndObject();
        writer.WritePropertyName("result");
        Result.WriteTo(writer);
        writer.WriteEndObject();
        writer.WriteStartObject("metadata");
        writer.WriteString("scanStartedOn", Rfc3339.Format(ScanStartedOn));
        writer.WriteString("scanFinishedOn", Rfc3339.Format(ScanFinishedOn));
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
