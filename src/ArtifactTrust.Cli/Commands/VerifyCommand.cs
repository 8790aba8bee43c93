using System.CommandLine;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Deploy;
using ArtifactTrust.Cli.Tools;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>verify</c>: who signed a subject, or attested something of it.</summary>
internal static class VerifyCommand
{
    internal const string Name = "verify";

    internal static Command Create(Session session)
    {
        var subject = Options.Subject();
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
        var model = new ModelChecks();
        var copying = new CopyToOptions();
        var images = new ImageOptions();
        var platform = PlatformOption.Create();
        var annotations = AnnotationOptions.Create("what the signer must say of the subject");
        var notation = new NotationOptions();
        var verb = new Verb(
            Name,
            "Verify the signature of a subject, or an attestation about it, by trusted keys or signers, and run the command after -- only then.",
            "artifact-trust verify ./model --key training.pub",
            "artifact-trust verify registry.example.com/app:1.0 --key ci.pub -- kubectl set image deploy/app app={subject}"
        )
        {
            subject,
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
                var target = Subject.Parse(parsed.GetValue(subject)!);
                if (notation.IsGiven(parsed))
                {
                    var image = (target as Subject.Image)?.Reference ?? throw CliException.Usage("--notation-policy is for images only");
                    var required = AnnotationOptions.Read(parsed.GetValue(annotations) ?? []);
                    return await NotationVerification.RunAsync(
                        session,
                        image,
                        PlatformOption.ReadFor([target], parsed.GetValue(platform)),
                        images.Opener(session, parsed),
                        notation.Verifier(parsed, image, required, session.Time),
                        cancellation
                    );
                }
                using var trusted = KeyLoader.Public(parsed.GetValue(keys) ?? []);
                var wanted = parsed.GetValue(type) is { } name ? Types.Parse(name) : null;
                var any = model.AnyHolder(parsed, wanted is null && target is not Subject.Image);
                var verifier =
                    await signers.VerifierAsync(parsed, trusted.Keys, session, cancellation, any)
                    ?? throw CliException.Usage(
                        "nobody is trusted: --key or a signer is required",
                        "give --key FILE, or --certificate-identity and --certificate-oidc-issuer; for Notation signatures --notation-policy"
                    );
                using var copy = copying.Prepare(parsed, target);
                using var examiner = new Examiner(session, verifier)
                {
                    SignatureFile = parsed.GetValue(signature),
                    IgnorePaths = parsed.GetValue(ignore) ?? [],
                    NoIgnoreGitPaths = parsed.GetValue(noGit),
                    OpenImages = images.Opener(session, parsed),
                    Platform = PlatformOption.ReadFor([target], parsed.GetValue(platform)),
                    Annotations = AnnotationOptions.Read(parsed.GetValue(annotations) ?? []),
                    Model = model.Options(parsed),
                    AllowSymlinks = model.AllowSymlinks(parsed),
                    Reader = copy,
                    AcceptsLayers = true,
                };
                if (model.Only(parsed).Count > 0)
                {
                    return target is Subject.LocalDirectory directory && wanted is null && copy is null && session.Trailing is null
                        ? examiner.ExaminePart(directory.Path, cancellation)
                        : throw CliException.Usage("--only is for the signature of a directory, where it is, and runs no command");
                }
                if (copy is not null && model.AllowSymlinks(parsed))
                {
                    throw CliException.Usage("--allow-symlinks cannot be had with --copy-to: a copy has no links");
                }
                var examined = await examiner.ExamineAsync(target, cancellation);
                var published = CopyToOptions.Publish(
                    copy,
                    examiner,
                    examined.Evidence.FirstOrDefault(e => IsVerified(e, wanted)),
                    session,
                    cancellation
                );
                return GatedCommand.RunAfter(
                    session,
                    Name,
                    examined.Evidence.Any(e => IsCandidate(e, wanted) && IsVerified(e, wanted)) ? ExitCode.Success : ExitCode.Rejected,
                    [new GatedSubject((target as Subject.Image)?.Reference.Place, examined.Digests)],
                    (code, problem) => Report(session, examined, wanted, published, code, problem)
                );
            }
        );
        return verb;
    }

    private static void Report(
        Session session,
        ExaminedSubject subject,
        PredicateType? wanted,
        PublishedCopy? copy,
        int code,
        string? problem
    )
    {
        var candidates = subject.Evidence.Where(e => IsCandidate(e, wanted)).ToList();
        var verified = candidates.Where(e => IsVerified(e, wanted)).ToList();
        var what = wanted is null ? "signature" : $"attestation of type {wanted}";
        // Standard output belongs to the command, where there is one.
        var terminal = session.ResultTerminal;
        if (session.Terminal.Json)
        {
            terminal.WriteJson(writer =>
            {
                writer.WriteStartObject();
                Session.WriteHead(writer, Name, verified.Count > 0 ? "verified" : "rejected", code);
                writer.WriteStartObject("subject");
                writer.WriteString("kind", subject.Kind);
                writer.WriteString("name", subject.Name);
                writer.WritePropertyName("digests");
                subject.Digests.WriteTo(writer);
                writer.WriteEndObject();
                copy?.WriteJson(writer);
                writer.WriteStartArray("evidence");
                foreach (var evidence in candidates)
                {
                    EvidenceReport.WriteJson(writer, evidence.Found.Source, evidence.Found.Bundle, evidence.Report!);
                }
                writer.WriteEndArray();
                if (candidates.Count == 0)
                {
                    Session.WriteError(writer, "no-evidence", $"no {what} was found");
                }
                else if (problem is not null)
                {
                    Session.WriteError(writer, GatedCommand.ErrorCode, problem);
                }
                writer.WriteEndObject();
            });
            return;
        }
        terminal.Line($"{(verified.Count > 0 ? "verified" : "rejected")}: {Terminal.Clean(subject.Name)}");
        if (candidates.Count == 0)
        {
            terminal.Line($"  failed  no {what} was found");
            terminal.Line(
                $"          hint     {(wanted is null ? "sign" : "attest")} the subject first, or name its bundle with --signature"
            );
            return;
        }
        if (verified.Count > 0)
        {
            foreach (var (algorithm, value) in subject.Digests.Values)
            {
                terminal.Line($"  {algorithm, -8}{value}");
            }
        }
        copy?.WriteText(terminal);
        // Of several candidates the one whose failure says most is shown first.
        foreach (var evidence in verified.Count > 0 ? verified : [.. candidates.OrderByDescending(e => e.Report!.Failure?.Code)])
        {
            terminal.Line($"  {Terminal.Clean(evidence.Found.Source)}");
            EvidenceReport.WriteText(terminal, evidence.Report!, "    ");
        }
    }

    private static bool IsCandidate(ExaminedEvidence evidence, PredicateType? wanted) =>
        wanted is not null
            ? evidence.Found.Bundle is null || (evidence.ClaimedType is { } claimed && wanted.Accepts(claimed))
            : evidence.ClaimedType is null || BundleVerifier.IsSignature(evidence.ClaimedType);

    private static bool IsVerified(ExaminedEvidence evidence, PredicateType? wanted) =>
        evidence.Report?.Verified is { } verified
        && (
            wanted is null
                ? verified.Kind == EvidenceKind.Signature
                : verified.Kind == EvidenceKind.Attestation
                    && verified.Statement is { } statement
                    && wanted.Accepts(statement.PredicateType)
        );
}
