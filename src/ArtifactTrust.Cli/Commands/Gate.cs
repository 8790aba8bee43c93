using ArtifactTrust.Bundles;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Sigstore;
using ArtifactTrust.Cli.Tools;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;
using ArtifactTrust.Policies;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Cli.Commands;

/// <summary>A subject with the role it was given.</summary>
/// <param name="Role">The policy's role.</param>
/// <param name="Text">What the user wrote.</param>
/// <param name="Subject">What that is.</param>
internal sealed record NamedSubject(string Role, string Text, Subject Subject);

/// <summary>Evidence that was found and does not count.</summary>
/// <param name="Role">The role of the subject it was found with.</param>
/// <param name="Source">Where it was found.</param>
/// <param name="Reason">Why it does not count.</param>
internal sealed record RejectedFind(string Role, string Source, string Reason);

/// <summary>What the policy decided, and what it was not shown.</summary>
/// <param name="Decision">The decision.</param>
/// <param name="Digests">The digests of the subjects, in the order given.</param>
/// <param name="Rejected">Evidence that did not verify.</param>
internal sealed record GateResult(Decision Decision, IReadOnlyList<DigestSet> Digests, IReadOnlyList<RejectedFind> Rejected);

/// <summary>One decision: looks for evidence, verifies it with the policy's keys, and asks the policy.</summary>
/// <param name="session">Where results go.</param>
/// <param name="policy">The policy.</param>
internal sealed class Gate(Session session, TrustPolicy policy)
{
    internal IReadOnlyList<string> IgnorePaths { get; init; } = [];

    internal bool NoIgnoreGitPaths { get; init; }

    internal required Func<Images> OpenImages { get; init; }

    internal Platform? Platform { get; init; }

    internal async Task<GateResult> DecideAsync(IReadOnlyList<NamedSubject> subjects, CancellationToken cancellation)
    {
        var certificates = await CertificateVerifierAsync(cancellation);
        var keys = policy.Keys.ToList();
        var verifier = keys.Count > 0 ? new BundleVerifier(keys) : certificates;
        var evidence = new List<SubjectEvidence>();
        var rejected = new List<RejectedFind>();
        using var examiner = new Examiner(session, verifier)
        {
            CertificateVerifier = certificates,
            NotationVerifiers = policy.NotationVerifiers(session.Time),
            IgnorePaths = IgnorePaths,
            NoIgnoreGitPaths = NoIgnoreGitPaths,
            OpenImages = OpenImages,
            Platform = Platform,
        };
        foreach (var named in subjects)
        {
            var examined = await examiner.ExamineAsync(named.Subject, cancellation);
            var kind = named.Subject switch
            {
                Subject.LocalDirectory => SubjectKind.Directory,
                Subject.LocalFile => SubjectKind.File,
                _ => SubjectKind.Image,
            };
            evidence.Add(
                new SubjectEvidence(named.Role, kind, examined.Name, examined.Digests, [.. examined.Verified])
                {
                    NotationSignatures = [.. examined.VerifiedNotation],
                }
            );
            rejected.AddRange(
                examined.Evidence.Where(e => !IsVerified(e)).Select(e => new RejectedFind(named.Role, e.Found.Source, Reason(e)))
            );
        }
        var decision = PolicyEvaluator.Evaluate(policy, evidence, session.Time.GetUtcNow());
        return new GateResult(decision, [.. evidence.Select(e => e.Digests)], rejected);
    }

    private static bool IsVerified(ExaminedEvidence evidence) =>
        evidence.Report is { IsVerified: true } || evidence.Notation.Any(r => r.IsVerified);

    /// <summary>Why evidence was not verified: of several rules of Notation's the one that it came nearest to tells.</summary>
    private static string Reason(ExaminedEvidence evidence) =>
        evidence.Notation.MaxBy(r => r.Checks.Count(c => c.Outcome is CheckOutcome.Passed or CheckOutcome.NotRequired)) is { } nearest
            ? nearest.Failure!.Message + (nearest.IsUndecided ? "; 'skipRevocation: true' in the policy lets it count all the same" : "")
        : evidence.Found.Notation is not null ? "it is a Notation signature, and no identity of the policy has 'notation'"
        : evidence.Report is { } report ? report.Failure?.Message ?? "it was not verified"
        : evidence.Found.Problem ?? "no identity of the policy has keys or certificates";

    /// <summary>What verifies certificates by the policy; null where it knows none. Keys need no instance, and no network.</summary>
    private async Task<BundleVerifier?> CertificateVerifierAsync(CancellationToken cancellation)
    {
        if (policy.Sigstore is not { } sigstore)
        {
            return null;
        }
        var root =
            sigstore.Root
            ?? (await InstanceResolver.FromEnvironment(session).ForVerificationAsync(sigstore.Profile, null, cancellation)).Root;
        return new BundleVerifier([], policy.CertificateTrust(root));
    }

    /// <summary>Decides and tells it; nothing is recorded or run.</summary>
    internal async Task<int> RehearseAsync(IReadOnlyList<NamedSubject> subjects, CancellationToken cancellation)
    {
        var result = await DecideAsync(subjects, cancellation);
        Report(result, CodeOf(result));
        return CodeOf(result);
    }

    internal async Task<int> RunAsync(IReadOnlyList<NamedSubject> subjects, DecisionRecorder recorder, CancellationToken cancellation)
    {
        GateResult result;
        try
        {
            result = await DecideAsync(subjects, cancellation);
        }
        catch (Exception e)
            when (e is IOException or HttpRequestException or CliException or MalformedDataException or UnauthorizedAccessException)
        {
            recorder.RecordError(subjects, e.Message);
            throw;
        }
        var (vsa, index) = await recorder.RecordAsync(subjects, result, cancellation);
        return GatedCommand.RunAfter(
            session,
            GateCommand.Name,
            CodeOf(result),
            [.. subjects.Zip(result.Digests, (s, d) => new GatedSubject((s.Subject as Subject.Image)?.Reference.Place, d))],
            (code, problem) => Report(result, code, recorder, (vsa, index), problem)
        );
    }

    private static int CodeOf(GateResult result) => result.Decision.IsAllowed ? ExitCode.Success : ExitCode.Rejected;

    /// <summary>Tells the decision. Where a command follows, standard output is the command's, and this goes to standard error.</summary>
    /// <param name="result">The decision.</param>
    /// <param name="code">The exit code.</param>
    /// <param name="recorder">What recorded it; null for a dry run.</param>
    /// <param name="recorded">The summary, and the index of the record.</param>
    /// <param name="problem">Why the command that is allowed cannot be started.</param>
    private void Report(
        GateResult result,
        int code,
        DecisionRecorder? recorder = null,
        (Bundle? Vsa, long Index)? recorded = null,
        string? problem = null
    )
    {
        var decision = result.Decision;
        var terminal = session.ResultTerminal;
        if (!session.Terminal.Json)
        {
            terminal.Output.Write(DecisionText.Format(decision));
            foreach (var rejected in result.Rejected)
            {
                terminal.Line(
                    $"note: {rejected.Role}: {Terminal.Clean(rejected.Source)} does not count: {Terminal.Clean(rejected.Reason)}"
                );
            }
            if (recorded is { } r)
            {
                terminal.Line(
                    $"recorded as {r.Index} in {recorder!.LogDirectory}{(r.Vsa is null ? "" : $", signed as {recorder.VsaFile}")} (request {recorder.RequestId})"
                );
            }
            return;
        }
        terminal.WriteJson(writer =>
        {
            writer.WriteStartObject();
            Session.WriteHead(writer, GateCommand.Name, decision.IsAllowed ? "allowed" : "denied", code);
            writer.WritePropertyName("decision");
            decision.WriteTo(writer);
            writer.WriteStartArray("rejectedEvidence");
            foreach (var rejected in result.Rejected)
            {
                writer.WriteStartObject();
                writer.WriteString("role", rejected.Role);
                writer.WriteString("source", rejected.Source);
                writer.WriteString("reason", rejected.Reason);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            if (recorded is { } r)
            {
                writer.WriteString("requestId", recorder!.RequestId);
                writer.WriteNumber("logIndex", r.Index);
                if (r.Vsa is not null)
                {
                    writer.WriteString("vsa", recorder.VsaFile);
                    writer.WriteString("vsaDigest", r.Vsa.Digest.ToString());
                }
            }
            if (problem is not null)
            {
                Session.WriteError(writer, GatedCommand.ErrorCode, problem);
            }
            writer.WriteEndObject();
        });
    }
}
