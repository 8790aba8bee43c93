using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Deploy;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>watch</c>: whether what is deployed still is what was signed.</summary>
internal static class WatchCommand
{
    internal static Command Create(Session session)
    {
        var directory = new Argument<string>("DIR") { Description = "the deployed directory" };
        var keys = Options.TrustedKeys();
        var signers = new SignerOptions();
        var signature = new Option<string?>("--signature")
        {
            Description = "the bundle to verify, in place of what lies beside the directory",
            HelpName = "FILE",
        };
        var ignore = Options.IgnorePaths();
        var noGit = Options.NoIgnoreGitPaths();
        var model = new ModelChecks(mayBePartial: false);
        var every = new Option<string>("--every")
        {
            Description = "how long to wait between two checks where nothing changes: 30s, 15m, 6h, 1d",
            DefaultValueFactory = _ => "1h",
            HelpName = "TIME",
        };
        var rate = new Option<string>("--rate")
        {
            Description = "the most bytes read in a second: 512K, 64M, 2G, or none for no bound",
            DefaultValueFactory = _ => "64M",
            HelpName = "BYTES",
        };
        var once = new Option<bool>("--once") { Description = "check once, and say by the exit code what came of it" };
        var untilDrift = new Option<bool>("--until-drift") { Description = "end with exit code 1 at the first drift" };
        var verb = new Verb(
            "watch",
            "Verify a deployed directory again and again, on a schedule and when it changes, and report drift.",
            "artifact-trust watch /srv/models/vad --signature vad.sig --key training.pub --every 6h --output json",
            "artifact-trust watch /srv/models/vad --signature vad.sig --key training.pub --until-drift"
        )
        {
            directory,
            keys,
            signature,
            ignore,
            noGit,
            every,
            rate,
            once,
            untilDrift,
            Options.Output(),
        };
        signers.AddTo(verb);
        model.AddTo(verb);
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var path = parsed.GetValue(directory)!;
                if (!Directory.Exists(path))
                {
                    throw CliException.Usage($"there is no directory '{path}'", "watch is for directories that are deployed");
                }
                if (parsed.GetValue(once))
                {
                    parsed.Refuse([every, untilDrift], "is for more than the one check of --once");
                }
                var pause = Amounts.Time("--every", parsed.GetValue(every)!);
                var bound = Amounts.Rate("--rate", parsed.GetValue(rate)!);
                var any = model.AnyHolder(parsed, isSignature: true);
                using var trusted = KeyLoader.Public(parsed.GetValue(keys) ?? []);
                var verifier =
                    await signers.VerifierAsync(parsed, trusted.Keys, session, cancellation, any)
                    ?? throw CliException.Usage(
                        "nobody is trusted: --key or a signer is required",
                        "give --key FILE, or --certificate-identity and --certificate-oidc-issuer"
                    );
                var watch = new DirectoryWatch(session, path, Examine, pause)
                {
                    Once = parsed.GetValue(once),
                    UntilDrift = parsed.GetValue(untilDrift),
                };
                return await watch.RunAsync(cancellation);

                async Task<ExaminedSubject> Examine()
                {
                    using var examiner = new Examiner(session, verifier)
                    {
                        OpenImages = static () => throw new InvalidOperationException("a directory is watched"),
                        SignatureFile = parsed.GetValue(signature),
                        IgnorePaths = parsed.GetValue(ignore) ?? [],
                        NoIgnoreGitPaths = parsed.GetValue(noGit),
                        Model = model.Options(parsed),
                        AllowSymlinks = model.AllowSymlinks(parsed),
                        Reader = new PacedReader(bound, session.Time),
                    };
                    return await examiner.ExamineAsync(new Subject.LocalDirectory(path), cancellation);
                }
            }
        );
        return verb;
    }
}
