using ArtifactTrust.Audit;
using ArtifactTrust.Bundles;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Policies;
using ArtifactTrust.Signing;

namespace ArtifactTrust.Cli.Commands;

/// <summary>Signs a decision and appends it to the audit log, before anything is done that it allows.</summary>
internal sealed class DecisionRecorder(Session session, TrustPolicy policy, SigningKey key, AuditLog log, string requestId)
{
    internal required string VsaFile { get; init; }

    internal required string PolicyFile { get; init; }

    internal required string ResourceUri { get; init; }

    internal string LogDirectory => log.Directory;

    internal string RequestId => requestId;

    internal async Task<(Bundle? Vsa, long Index)> RecordAsync(
        IReadOnlyList<NamedSubject> subjects,
        GateResult result,
        CancellationToken cancellation
    )
    {
        var decision = result.Decision;
        var statement = DecisionSummary.Create(
            decision,
            $"urn:artifact-trust:gate:{key.PublicKey.Fingerprint}",
            new Dictionary<string, string>(StringComparer.Ordinal) { ["artifact-trust"] = Session.Version },
            ResourceUri,
            new Uri(Path.GetFullPath(PolicyFile)).AbsoluteUri
        );
        var vsa = statement is null ? null : await new BundleSigner(Credential.FromKey(key)).SignStatementAsync(statement, cancellation);
        // In its place only once the decision is in the log: a signed permission that no record tells of must not exist.
        using var staged = vsa is null ? null : DurableFile.Create(VsaFile);
        if (vsa is not null)
        {
            staged!.Stream.Write(vsa.Utf8.Span);
            staged.Sync();
        }
        var index = Append(
            subjects.Select((s, i) => new AuditSubject(s.Role, KindOf(s.Subject), s.Text, result.Digests[i])),
            decision.IsAllowed ? AuditDecision.Allow : AuditDecision.Deny,
            [
                .. decision
                    .AllRules.Where(r => r.Outcome == RuleOutcome.Failed)
                    .OrderByDescending(r => r.Code)
                    .Select(r => $"{r.Id}: {r.Message}"),
                // Keys are named by the policy, whose digest is in the record; of a certificate the policy has only conditions.
                .. decision
                    .AllRules.Where(r => r.Certificates.Count > 0)
                    .Select(r => $"{r.Id}: {r.Message}; signed by {string.Join(", ", r.Certificates)}"),
                .. decision.IsAllowed ? [] : result.Rejected.Select(r => $"{r.Role}: {r.Source} does not count: {r.Reason}"),
            ],
            vsa?.Digest,
            [.. decision.Subjects.SelectMany(s => s.Bundles).Distinct()]
        );
        staged?.Commit();
        return (vsa, index);
    }

    internal void RecordError(IReadOnlyList<NamedSubject> subjects, string reason) =>
        Append(subjects.Select(s => new AuditSubject(s.Role, KindOf(s.Subject), s.Text, null)), AuditDecision.Error, [reason], null, []);

    private long Append(
        IEnumerable<AuditSubject> subjects,
        AuditDecision decision,
        IReadOnlyList<string> reasons,
        Digest? vsa,
        IReadOnlyList<Digest> evidence
    )
    {
        var record = new AuditRecord
        {
            Time = session.Time.GetUtcNow(),
            RequestId = requestId,
            Actor = new AuditActor(Environment.UserName, Environment.MachineName, CiJob()),
            Action = GateCommand.Name,
            Command = session.Trailing is { } command ? new AuditCommand(command[0], command.Count - 1) : null,
            Subjects = [.. subjects],
            Policy = new AuditPolicy(policy.Name, policy.Digest),
            Decision = decision,
            Reasons = reasons,
            Vsa = vsa,
            Evidence = evidence,
            Tool = $"artifact-trust/{Session.Version}",
        };
        try
        {
            return log.Append(record.ToBytes()).Index;
        }
        catch (DamagedLogException e)
        {
            throw CliException.CouldNotTell("log-damaged", e.Message, "nothing is allowed that cannot be recorded", e);
        }
    }

    private static string KindOf(Subject subject) =>
        subject switch
        {
            Subject.LocalDirectory => "directory",
            Subject.LocalFile => "file",
            _ => "oci",
        };

    /// <summary>The address of the CI job that this runs in, by the variables of the common systems; null outside.</summary>
    private static string? CiJob()
    {
        static string? Value(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

        return Value("GITHUB_RUN_ID") is { } run
            ? $"{Value("GITHUB_SERVER_URL")}/{Value("GITHUB_REPOSITORY")}/actions/runs/{run}"
            : Value("CI_JOB_URL") ?? Value("BUILDKITE_BUILD_URL") ?? Value("BUILD_URL");
    }
}
