using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Policies;

/// <summary>What a policy says. The zero value is no.</summary>
public enum Verdict
{
    /// <summary>The subjects may not be used.</summary>
    Deny,

    /// <summary>The subjects may be used.</summary>
    Allow,
}

/// <summary>Whether the subjects may be used, with every rule that says so.</summary>
/// <remarks>Only <see cref="PolicyEvaluator"/> makes one.</remarks>
public sealed class Decision
{
    /// <summary>The version of the JSON form.</summary>
    public const int SchemaVersion = 1;

    internal Decision(TrustPolicy policy, DateTimeOffset time, IReadOnlyList<RuleResult> rules, IReadOnlyList<SubjectDecision> subjects)
    {
        PolicyName = policy.Name;
        PolicyDigest = policy.Digest;
        PolicyFileDigest = policy.FileDigest;
        Time = time.ToUniversalTime();
        Rules = rules;
        Subjects = subjects;
    }

    /// <summary>The policy's name.</summary>
    public string PolicyName { get; }

    /// <summary><see cref="TrustPolicy.Digest"/>.</summary>
    public Digest PolicyDigest { get; }

    /// <summary><see cref="TrustPolicy.FileDigest"/>.</summary>
    public Digest PolicyFileDigest { get; }

    /// <summary>The time for which it was decided, UTC.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>The rules about the policy and the subjects as a whole, in the order checked.</summary>
    public IReadOnlyList<RuleResult> Rules { get; }

    /// <summary>Each role and subject: those of the policy in its order, then those it does not know.</summary>
    public IReadOnlyList<SubjectDecision> Subjects { get; }

    /// <summary>Every rule, in order.</summary>
    public IEnumerable<RuleResult> AllRules => Rules.Concat(Subjects.SelectMany(s => s.Rules));

    /// <summary>Allow where there is a subject and every rule of every subject passed; deny in every other case.</summary>
    public Verdict Verdict =>
        Subjects.Any(s => s.Digests is not null)
        && Subjects.All(s => s.Rules.Count > 0)
        && AllRules.All(r => r.Outcome == RuleOutcome.Passed)
            ? Verdict.Allow
            : Verdict.Deny;

    /// <summary>Whether the verdict is to allow.</summary>
    public bool IsAllowed => Verdict == Verdict.Allow;

    /// <summary>The failed rule with the most specific reason, the first of several; null where none failed.</summary>
    public RuleResult? Headline => AllRules.Where(r => r.Outcome == RuleOutcome.Failed).MaxBy(r => r.Code);

    /// <summary>Writes the decision as the JSON object that <c>docs/policy.md</c> describes. The same decision gives the same bytes.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteNumber("schemaVersion", SchemaVersion);
        writer.WriteString("verdict", Name(Verdict));
        writer.WriteString("time", Rfc3339.Format(Time));
        writer.WriteStartObject("policy");
        writer.WriteString("name", PolicyName);
        writer.WriteString("digest", PolicyDigest.ToString());
        writer.WriteString("fileDigest", PolicyFileDigest.ToString());
        writer.WriteEndObject();
        if (Headline is { } headline)
        {
            writer.WriteString("headline", headline.Id);
        }
        WriteRules(writer, Rules);
        writer.WriteStartArray("subjects");
        foreach (var subject in Subjects)
        {
            subject.WriteTo(writer);
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    internal static void WriteRules(Utf8JsonWriter writer, IReadOnlyList<RuleResult> rules)
    {
        writer.WriteStartArray("rules");
        foreach (var rule in rules)
        {
            writer.WriteStartObject();
            writer.WriteString("id", rule.Id);
            writer.WriteString("outcome", Name(rule.Outcome));
            if (rule.Code != DenialCode.None)
            {
                writer.WriteString("code", Name(rule.Code));
            }
            writer.WriteString("message", rule.Message);
            WriteOptional(writer, "expected", rule.Expected);
            WriteOptional(writer, "actual", rule.Actual);
            WriteOptional(writer, "hint", rule.Hint);
            WriteStrings(writer, "signers", rule.Signers);
            WriteStrings(writer, "certificates", rule.Certificates);
            WriteStrings(writer, "evidence", rule.Evidence.Select(e => e.ToString()));
            writer.WriteStartArray("rejected");
            foreach (var rejected in rule.Rejected)
            {
                writer.WriteStartObject();
                writer.WriteString("bundle", rejected.Bundle.ToString());
                WriteOptional(writer, "signer", rejected.Signer);
                writer.WriteString("code", Name(rejected.Code));
                writer.WriteString("message", rejected.Message);
                WriteOptional(writer, "actual", rejected.Actual);
                WriteOptional(writer, "hint", rejected.Hint);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteOptional(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }

    private static void WriteStrings(Utf8JsonWriter writer, string name, IEnumerable<string> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteStringValue(value);
        }
        writer.WriteEndArray();
    }

    private static string Name<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}

/// <summary>One subject, or one role that was left empty, with its rules.</summary>
public sealed class SubjectDecision
{
    internal SubjectDecision(
        string role,
        SubjectEvidence? subject,
        IReadOnlyList<SignedEvidence> evidence,
        IReadOnlyList<RuleResult> rules,
        SubjectRules? asked
    )
    {
        Role = role;
        Name = subject?.Name;
        Kind = subject?.Kind ?? SubjectKind.Unknown;
        Digests = subject?.Digests;
        Bundles = [.. evidence.Select(e => e.Digest)];
        Rules = rules;
        Asked = asked;
        Certificates = evidence.Where(e => e.Holder is not null).ToDictionary(e => e.Digest, e => e.Holder!);
    }

    /// <summary>The role.</summary>
    public string Role { get; }

    /// <summary>The subject's name for people; null where no subject was given.</summary>
    public string? Name { get; }

    /// <summary>The subject's kind; unknown where no subject was given.</summary>
    public SubjectKind Kind { get; }

    /// <summary>The subject's digests; null where no subject was given.</summary>
    public DigestSet? Digests { get; }

    /// <summary>Every bundle and envelope of the Notary Project that was looked at for the subject, SHA-256 of each, each once, in the order given.</summary>
    public IReadOnlyList<Digest> Bundles { get; }

    /// <summary>How each rule ended, in the order checked; never empty.</summary>
    public IReadOnlyList<RuleResult> Rules { get; }

    /// <summary>Whom the certificates are of that signed evidence, by its digests.</summary>
    internal IReadOnlyDictionary<Digest, string> Certificates { get; }

    /// <summary>What the policy asks of the role; null where it does not know the role.</summary>
    internal SubjectRules? Asked { get; }

    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("role", Role);
        if (Digests is not null)
        {
            writer.WriteString("name", Name);
            writer.WriteString("kind", SubjectKinds.NameOf(Kind));
            writer.WritePropertyName("digest");
            Digests.WriteTo(writer);
        }
        Decision.WriteRules(writer, Rules);
        writer.WriteEndObject();
    }
}
