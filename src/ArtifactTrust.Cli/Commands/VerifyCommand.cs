using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Deploy;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>verify</c>: who signed a subject, or attested something of it.</summary>
internal static class VerifyCommand
{
    internal const string Name = "verify";

    internal static Command Create(Session session)
    {
        var subjects = Options.Subjects();
        var keys = Options.TrustedKeys();
        var signers = new SignerOptions();
        var signature = new Option<string?>("--signature")
        {
            Description = "the bundle to verify, in place of what lies beside the subject",
            HelpName = "FILE",
        };
        var type = new Option<string?>("--type")
        {
            Description =
                "verify an attestation of this type and not the signature: slsaprovenance1, cyclonedx, vuln, vulns, test-result, vsa or a URI",
            HelpName = "TYPE",
        };
        var ignore = Options.IgnorePaths();
        var noGit = Options.NoIgnoreGitPaths();
        var model = new ModelChecks(mayBePartial: true);
        var copying = new CopyToOptions();
        var images = new ImageOptions();
        var platform = PlatformOption.Create();
        var annotations = AnnotationOptions.Create("what the signer must say of the subject");
        var notation = new NotationOptions();
        var verb = new Verb(
            Name,
            "Verify the signatures of subjects, or attestations about them, by trusted keys or signers, and run the command after -- only if all hold.",
            "artifact-trust verify ./model ./dataset --key training.pub",
            "artifact-trust verify registry.example.com/app:1.0 --key ci.pub -- kubectl set image deploy/app app={subject}"
        )
        {
            subjects,
            keys,
            signature,
            type,
            ignore,
            noGit,
            platform,
            annotations,
            Options.Output(),
        };
        signers.AddTo(verb);
        model.AddTo(verb);
        copying.AddTo(verb);
        images.AddTo(verb);
        notation.AddTo(verb);
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var targets = parsed.GetValue(subjects)!.Select(Subject.Parse).ToList();
                if (targets.Count > 1 && parsed.GetValue(signature) is not null)
                {
                    throw CliException.Usage("--signature is for one subject", "verify each with its own");
                }
                images.RequireRegistry(parsed, targets.Exists(OptionScope.IsInRegistry));
                var required = AnnotationOptions.Read(parsed.GetValue(annotations) ?? []);
                var wantedPlatform = PlatformOption.ReadFor(targets, parsed.GetValue(platform));
                var open = images.Opener(session, parsed);
                var verdicts = new List<SubjectVerdict>();
                if (notation.IsGiven(parsed))
                {
                    using var opened = open();
                    foreach (var target in targets)
                    {
                        var image =
                            (target as Subject.Image)?.Reference ?? throw CliException.Usage("--notation-policy is for images only");
                        var rule = notation.Verifier(parsed, image, required, session.Time);
                        verdicts.Add(await NotationVerdict.FindAsync(opened, image, wantedPlatform, rule, cancellation));
                    }
                    return SubjectVerdict.Tell(session, verdicts);
                }
                parsed.RequireDirectory([ignore, noGit], targets);
                var wanted = parsed.GetValue(type) is { } name ? Types.Parse(name) : null;
                model.RequireUse(parsed, targets, wanted is not null);
                using var trusted = KeyLoader.Public(parsed.GetValue(keys) ?? []);
                var any = model.AnyHolder(parsed, wanted is null && targets.TrueForAll(t => t is not Subject.Image));
                var verifier =
                    await signers.VerifierAsync(parsed, trusted.Keys, session, cancellation, any)
                    ?? throw CliException.Usage(
                        "nobody is trusted: --key or a signer is required",
                        "give --key FILE, or --certificate-identity and --certificate-oidc-issuer; for Notation signatures --notation-policy"
                    );
                using var copy = copying.Prepare(parsed, targets);
                using var examiner = new Examiner(session, verifier)
                {
                    SignatureFile = parsed.GetValue(signature),
                    IgnorePaths = parsed.GetValue(ignore) ?? [],
                    NoIgnoreGitPaths = parsed.GetValue(noGit),
                    OpenImages = open,
                    Platform = wantedPlatform,
                    Annotations = required,
                    Sought = SoughtEvidence.Of(wanted),
                    Model = model.Options(parsed),
                    AllowSymlinks = model.AllowSymlinks(parsed),
                    Reader = copy,
                    AcceptsLayers = true,
                };
                if (model.Only(parsed).Count > 0)
                {
                    if (required.Count > 0)
                    {
                        throw CliException.Usage("--annotation is about the whole subject, and does not go with --only");
                    }
                    return targets is [Subject.LocalDirectory directory] && wanted is null && copy is null && session.Trailing is null
                        ? examiner.ExaminePart(directory.Path, cancellation)
                        : throw CliException.Usage("--only is for the signature of a directory, where it is, and runs no command");
                }
                if (copy is not null && model.AllowSymlinks(parsed))
                {
                    throw CliException.Usage("--allow-symlinks cannot be had with --copy-to: a copy has no links");
                }
                foreach (var target in targets)
                {
                    var examined = await examiner.ExamineAsync(target, cancellation);
                    var verified = examined.Evidence.FirstOrDefault(e => BundleVerdict.IsVerified(e, wanted));
                    var published = CopyToOptions.Publish(copy, examiner, verified, session, cancellation);
                    verdicts.Add(new BundleVerdict(examined, wanted, (target as Subject.Image)?.Reference.Place, published));
                }
                return SubjectVerdict.Tell(session, verdicts);
            }
        );
        return verb;
    }
}
