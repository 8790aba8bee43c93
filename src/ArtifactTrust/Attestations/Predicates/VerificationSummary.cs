using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Attestations.Predicates;

/// <summary>A verifier's verdict on its subjects under one policy (VSA).</summary>
/// <remarks>Spec: SLSA verification summary v1. Law: <c>Parse(s.ToJson())</c> says what <c>s</c> says.</remarks>
public sealed record VerificationSummary : Predicate
{
    /// <summary>The type's URI.</summary>
    public const string TypeUri = "https://slsa.dev/verification_summary/v1";

    /// <summary>The only level of a summary whose verdict is a failure.</summary>
    public const string FailedLevel = "FAILED";

    private const string FormatName = "SLSA verification summary v1";

    /// <summary>The URI of who verified.</summary>
    public required string VerifierId { get; init; }

    /// <summary>The versions of the verifier's parts, by their names.</summary>
    public IReadOnlyDictionary<string, string> VerifierVersion { get; init; } = new Dictionary<string, string>();

    /// <summary>When it was verified, UTC.</summary>
    public DateTimeOffset? TimeVerified { get; init; }

    /// <summary>The URI of the resource the verdict is for, so that a verdict for one place is not taken for another.</summary>
    public required string ResourceUri { get; init; }

    /// <summary>The policy, with a URI.</summary>
    public required ResourceDescriptor Policy { get; init; }

    /// <summary>Every attestation that was looked at, each with a digest; empty where the verifier does not say.</summary>
    public IReadOnlyList<ResourceDescriptor> InputAttestations { get; init; } = [];

    /// <summary>Whether the verdict is <c>PASSED</c>.</summary>
    public required bool Passed { get; init; }

    /// <summary>What was found to hold of every subject; <see cref="FailedLevel"/> alone on a failure.</summary>
    public required IReadOnlyList<string> VerifiedLevels { get; init; }

    /// <summary>The version of SLSA that the verifier used, such as <c>1.1</c>.</summary>
    public string? SlsaVersion { get; init; }

    /// <inheritdoc/>
    public override DateTimeOffset? Time => TimeVerified;

    /// <summary>Reads the predicate.</summary>
    /// <exception cref="MalformedDataException">A required member is absent, or a member has the wrong type.</exception>
    public static VerificationSummary Parse(JsonElement json)
    {
        var root = PredicateJson.Root(json, FormatName);
        var verifier = root.Object("verifier");
        var policy = root.Object("policy");
        policy.String("uri");
        root.RequireArray("verifiedLevels");
        var summary = new VerificationSummary
        {
            VerifierId = verifier.String("id"),
            VerifierVersion = verifier.StringMap("version"),
            TimeVerified = root.OptionalTime("timeVerified"),
            ResourceUri = root.String("resourceUri"),
            Policy = policy.Descriptor(),
            InputAttestations = root.Descriptors("inputAttestations"),
            Passed = root.String("verificationResult") switch
            {
                "PASSED" => true,
                "FAILED" => false,
                var other => throw root.Malformed("verificationResult", $"PASSED or FAILED is expected, not '{other}'"),
            },
            VerifiedLevels = root.Strings("verifiedLevels"),
            SlsaVersion = root.OptionalString("slsaVersion"),
        };
        if (summary.InputAttestations.Any(a => a.Digest is null))
        {
            throw root.Malformed("inputAttestations", "each needs a digest");
        }
        return summary.Passed && summary.VerifiedLevels.Contains(FailedLevel)
            ? throw root.Malformed("verifiedLevels", "FAILED is no level of a summary that PASSED")
            : summary;
    }

    /// <summary>The predicate as JSON, to be put into a statement.</summary>
    public JsonElement ToJson() => PredicateJson.ToElement(WriteTo);

    /// <summary>Writes the predicate as a JSON object.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteStartObject("verifier");
        writer.WriteString("id", VerifierId);
        if (VerifierVersion.Count > 0)
        {
            writer.WriteStartObject("version");
            foreach (var (name, version) in VerifierVersion.OrderBy(v => v.Key, CodePointOrder.Instance))
            {
                writer.WriteString(name, version);
            }
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
        if (TimeVerified is { } time)
        {
            writer.WriteString("timeVerified", Rfc3339.Format(time));
        }
        writer.WriteString("resourceUri", ResourceUri);
        writer.WritePropertyName("policy");
        Policy.WriteTo(writer);
        writer.WriteStartArray("inputAttestations");
        foreach (var attestation in InputAttestations)
        {
            attestation.WriteTo(writer);
        }
        writer.WriteEndArray();
        writer.WriteString("verificationResult", Passed ? "PASSED" : "FAILED");
        writer.WriteStartArray("verifiedLevels");
        foreach (var level in VerifiedLevels)
        {
            writer.WriteStringValue(level);
        }
        writer.WriteEndArray();
        if (SlsaVersion is not null)
        {
            writer.WriteString("slsaVersion", SlsaVersion);
        }
        writer.WriteEndObject();
    }
}
