using System.CommandLine;
using System.Text.RegularExpressions;
using ArtifactTrust.Audit;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys;
using ArtifactTrust.Policies;

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
            HelpName = "FILE|pkcs11:URI|tpm2:URI",
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
                parsed.RequireDirectory([ignore, noGit], named.Select(n => n.Subject));
                images.RequireRegistry(parsed, named.Exists(n => n.Subject.IsInRegistry()));
                using var trust = LoadPolicy(parsed.GetValue(policy)!);
                var gate = new Gate(session, trust)
                {
                    IgnorePaths = parsed.GetValue(ignore) ?? [],
                    NoIgnoreGitPaths = parsed.GetValue(noGit),
                    OpenImages = images.Opener(session, parsed),
                    Platform = PlatformOption.ReadFor(named.Select(n => n.Subject), parsed.GetValue(platform)),
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
        if (RoleForm().Match(text) is { Success: true } match)
        {
            var (role, named) = (match.Groups[1].Value, match.Groups[2].Value);
            if (!Path.Exists(text))
            {
                return new NamedSubject(role, named, Subject.Parse(named));
            }
            // Whoever may write to the working directory would choose what is decided about.
            if (Subject.IsOne(named))
            {
                throw CliException.Usage(
                    $"'{text}' is '{named}' in the role '{role}', and an existing path as well",
                    $"write ./{text} for the path; else remove it"
                );
            }
        }
        var subject = Subject.Parse(text);
        var usual = subject switch
        {
            Subject.LocalDirectory => "model",
            Subject.LocalFile => "file",
            _ => "image",
        };
        return new NamedSubject(usual, text, subject);
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
