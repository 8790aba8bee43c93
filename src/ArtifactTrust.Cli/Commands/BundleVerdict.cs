using System.Text.Json;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Deploy;
using ArtifactTrust.Cli.Tools;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Cli.Commands;

/// <summary>The verdict by keys and Sigstore identities: one signature, or attestation of the wanted type, that holds is enough.</summary>
internal sealed class BundleVerdict : SubjectVerdict
{
    private readonly ExaminedSubject _subject;
    private readonly PredicateType? _wanted;
    private readonly PublishedCopy? _copy;
    private readonly List<ExaminedEvidence> _candidates;
    private readonly List<ExaminedEvidence> _verified;

    /// <param name="subject">The subject with what was found about it.</param>
    /// <param name="wanted">The type of attestation; null for a signature.</param>
    /// <param name="image">Where the subject is, for an image.</param>
    /// <param name="copy">The copy that was put in place; null where none was.</param>
    internal BundleVerdict(ExaminedSubject subject, PredicateType? wanted, string? image, PublishedCopy? copy = null)
        : base(
            subject.Evidence.Any(e => IsVerified(e, wanted)) ? ExitCode.Success : ExitCode.Rejected,
            new GatedSubject(image, subject.Digests)
        )
    {
        _subject = subject;
        _wanted = wanted;
        _copy = copy;
        _candidates = [.. subject.Evidence.Where(e => IsCandidate(e, wanted))];
        _verified = [.. _candidates.Where(e => IsVerified(e, wanted))];
    }

    protected override (string Code, string Message)? Error => _candidates.Count == 0 ? ("no-evidence", $"no {What} was found") : null;

    private string What => _wanted is null ? "signature" : $"attestation of type {_wanted}";

    /// <summary>Whether evidence is of the wanted kind and proven.</summary>
    internal static bool IsVerified(ExaminedEvidence evidence, PredicateType? wanted) =>
        IsCandidate(evidence, wanted)
        && evidence.Report?.Verified is { } verified
        && (
            wanted is null
                ? verified.Kind == EvidenceKind.Signature
                : verified.Kind == EvidenceKind.Attestation
                    && verified.Statement is { } statement
                    && wanted.Accepts(statement.PredicateType)
        );

    protected override void WriteText(Terminal terminal)
    {
        terminal.Line($"{Text(Code)}: {Terminal.Clean(_subject.Name)}");
        if (_candidates.Count == 0)
        {
            terminal.Line($"  failed  no {What} was found");
            terminal.Line(
                $"          hint     {(_wanted is null ? "sign" : "attest")} the subject first, or name its bundle with --signature"
            );
            return;
        }
        if (_verified.Count > 0)
        {
            foreach (var (algorithm, value) in _subject.Digests.Values)
            {
                terminal.Line($"  {algorithm, -8}{value}");
            }
        }
        _copy?.WriteText(terminal);
        // Of several candidates the one whose failure says most is shown first.
        foreach (var evidence in _verified.Count > 0 ? _verified : [.. _candidates.OrderByDescending(e => e.Report!.Failure?.Code)])
        {
            terminal.Line($"  {Terminal.Clean(evidence.Found.Source)}");
            EvidenceReport.WriteText(terminal, evidence.Report!, "    ");
        }
    }

    protected override void WriteMembers(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("subject");
        writer.WriteString("kind", _subject.Kind);
        writer.WriteString("name", _subject.Name);
        writer.WritePropertyName("digests");
        _subject.Digests.WriteTo(writer);
        writer.WriteEndObject();
        _copy?.WriteJson(writer);
        writer.WriteStartArray("evidence");
        foreach (var evidence in _candidates)
        {
            EvidenceReport.WriteJson(writer, evidence.Found.Source, evidence.Found.Bundle, evidence.Report!);
        }
        writer.WriteEndArray();
    }

    private static bool IsCandidate(ExaminedEvidence evidence, PredicateType? wanted) =>
        wanted is not null
            ? evidence.Found.Bundle is null || (evidence.ClaimedType is { } claimed && wanted.Accepts(claimed))
            : evidence.ClaimedType is null || BundleVerifier.IsSignature(evidence.ClaimedType);
}
