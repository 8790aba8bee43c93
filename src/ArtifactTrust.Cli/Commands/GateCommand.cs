using System.CommandLine;
using System.Text.RegularExpressions;
using ArtifactTrust.Audit;
using ArtifactTrust.Bundles;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Sigstore;
using ArtifactTrust.Cli.Tools;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Oci;
using ArtifactTrust.Policies;
using ArtifactTrust.Signing;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>gate</c>: decide by a policy, record the decision, and run a command only where it allows.</summary>
internal static partial class GateCommand
{
    internal const string Name = "gate";

    internal static Command Create(Session session)
    {
        var subjects = new Argument<string[]>("SUBJECT")
        {
            Description =
                "ROLE=SUBJECT for each role of the policy; without ROLE a directory is 'model', a file 'file' and an image 'image'",
            Arity = ArgumentArity.OneOrMore,
        };
        var policy = new Option<string>("--policy")
        {
            Description = "the policy (YAML)",
            Required = true,
            HelpName = "FILE",
        };
        var key = new Option<string?>("--key")
        {
            Description = "the gate's own private key: signs the decision and the log's checkpoint",
            HelpName = "FILE",
        };
        var password = Options.PasswordFile();
        var log = new Option<string?>("--audit-log") { Description = "the audit log (made by: artifact-trust log init)", HelpName = "DIR" };
        var vsa = new Option<string>("--vsa")
        {
            Description = "where the signed decision is written",
            DefaultValueFactory = _ => "vsa.sigstore.json",
            HelpName = "FILE",
        };
        var resource = new Option<string?>("--resource-uri")
        {
            Description = "what the subjects are to be used for (urn:artifact-trust:policy:NAME)",
            HelpName = "URI",
        };
        var request = new Option<string?>("--request-id") { Description = "names this decision in the log (a new UUID)", HelpName = "ID" };
        var dryRun = new Option<bool>("--dry-run") { Description = "decide only: nothing is signed, recorded or run" };
        var ignore = Options.IgnorePaths();
        var noGit = Options.NoIgnoreGitPaths();
        var images = new ImageOptions();
        var platform = PlatformOption.Create();
        var verb = new Verb(
            Name,
            "Decide by a policy whether subjects may be used, sign and record the decision, and run the command after -- only if they may.",
            "artifact-trust gate model=./model image=registry.example.com/app:1.0 --policy policy.yaml --key gate.key --audit-log ./audit -- ./deploy.sh",
            "artifact-trust gate ./model --policy policy.yaml --dry-run"
        )
        {
            subjects,
            policy,
            key,
            password,
            log,
            vsa,
            resource,
            request,
            dryRun,
            ignore,
            noGit,
            platform,
            Options.Output(),
        };
        images.AddTo(verb);
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var named = parsed.GetValue(subjects)!.Select(Parse).ToList();
                using var trust = LoadPolicy(parsed.GetValue(policy)!);
                var gate = new Gate(session, trust)
                {
                    IgnorePaths = parsed.GetValue(ignore) ?? [],
                    NoIgnoreGitPaths = parsed.GetValue(noGit),
                    OpenImages = images.Opener(session, parsed),
                    Platform = PlatformOption.Read(parsed.GetValue(platform)),
                };
                if (parsed.GetValue(dryRun))
                {
                    return session.Trailing is null
                        ? await gate.RehearseAsync(named, cancellation)
                        : throw CliException.Usage("--dry-run takes no command");
                }
                if (parsed.GetValue(key) is not { } keyFile || parsed.GetValue(log) is not { } directory)
                {
                    throw CliException.Usage(
                        "--key and --audit-log are needed to sign and record the decision",
                        "or decide only, with --dry-run"
                    );
                }
                using var signingKey = KeyLoader.Private(session.Terminal, keyFile, parsed.GetValue(password));
                var recorder = new DecisionRecorder(
                    session,
                    trust,
                    signingKey,
                    OpenLog(directory, signingKey),
                    RequestId(session, parsed.GetValue(request))
                )
                {
                    VsaFile = parsed.GetValue(vsa)!,
                    PolicyFile = parsed.GetValue(policy)!,
                    ResourceUri = parsed.GetValue(resource) ?? $"urn:artifact-trust:policy:{Uri.EscapeDataString(trust.Name)}",
                };
                return await gate.RunAsync(named, recorder, cancellation);
            }
        );
        return verb;
    }

    [GeneratedRegex(@"\A([A-Za-z][A-Za-z0-9_-]{0,63})=(.+)\z", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex RoleForm();

    private static NamedSubject Parse(string text)
    {
        if (!Path.Exists(text) && RoleForm().Match(text) is { Success: true } match)
        {
            return new NamedSubject(match.Groups[1].Value, match.Groups[2].Value, Subject.Parse(match.Groups[2].Value));
        }
        var subject = Subject.Parse(text);
        var role = subject switch
        {
            Subject.LocalDirectory => "model",
            Subject.LocalFile => "file",
            _ => "image",
        };
        return new NamedSubject(role, text, subject);
    }

    internal static TrustPolicy LoadPolicy(string path)
    {
        CliException.RequireFile(path, "policy");
        try
        {
            return TrustPolicy.Load(path);
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage($"the policy '{path}' is wrong: {e.Location}: {e.Reason}", "see docs/policy.md for every key", e);
        }
    }

    private static AuditLog OpenLog(string directory, SigningKey key)
    {
        if (!Directory.Exists(directory))
        {
            throw CliException.Usage($"the audit log '{directory}' does not exist", "start one with: artifact-trust log init");
        }
        try
        {
            return AuditLog.Open(directory, key);
        }
        catch (ArgumentException e)
        {
            throw CliException.Usage($"the audit log '{directory}' cannot be written with this key: {CliException.Reason(e)}", null, e);
        }
        catch (DamagedLogException e)
        {
            throw CliException.CouldNotTell(
                "log-damaged",
                e.Message,
                "is this the log's key? nothing is allowed that cannot be recorded",
                e
            );
        }
    }

    private static string RequestId(Session session, string? given)
    {
        if (given is not null && !AuditRecord.IsValidRequestId(given))
        {
            throw CliException.Usage("--request-id has 1 to 128 letters, digits and -_.:/");
        }
        return given ?? AuditRecord.NewRequestId(session.Time);
    }
}

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
        var notation = policy.NotationVerifiers(session.Time);
        if (Platform is not null && subjects.All(s => s.Subject is not Subject.Image))
        {
            throw CliException.Usage("--platform is for images only");
        }
        var evidence = new List<SubjectEvidence>();
        var rejected = new List<RejectedFind>();
        foreach (var named in subjects)
        {
            var examiner = new Examiner(session, verifier)
            {
                CertificateVerifier = certificates,
                NotationVerifiers = notation,
                IgnorePaths = IgnorePaths,
                NoIgnoreGitPaths = NoIgnoreGitPaths,
                OpenImages = OpenImages,
                Platform = named.Subject is Subject.Image ? Platform : null,
            };
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
