using System.CommandLine;
using ArtifactTrust.Attestations;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Bundles;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Verification;
using Spectre.Console;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>inspect</c>: everything known about a subject, verified or not.</summary>
internal static class InspectCommand
{
    internal static Command Create(Session session)
    {
        var subject = Options.Subject();
        var keys = Options.TrustedKeys();
        var signers = new SignerOptions();
        var ignore = Options.IgnorePaths();
        var noGit = Options.NoIgnoreGitPaths();
        var images = new ImageOptions();
        var platform = PlatformOption.Create();
        var verb = new Verb(
            "inspect",
            "Show a tree of all evidence about a subject: what it says, who signed it, and whether that was verified. It decides nothing.",
            "artifact-trust inspect ./model",
            "artifact-trust inspect registry.example.com/models/vad:1.0 --key training.pub --key security.pub"
        )
        {
            subject,
            keys,
            ignore,
            noGit,
            platform,
            Options.Output(),
        };
        signers.AddTo(verb);
        images.AddTo(verb);
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var target = Subject.Parse(parsed.GetValue(subject)!);
                parsed.RequireDirectory([ignore, noGit], target);
                images.RequireRegistry(parsed, target.IsInRegistry());
                using var trusted = KeyLoader.Public(parsed.GetValue(keys) ?? []);
                using var examiner = new Examiner(session, await signers.VerifierAsync(parsed, trusted.Keys, session, cancellation))
                {
                    IgnorePaths = parsed.GetValue(ignore) ?? [],
                    NoIgnoreGitPaths = parsed.GetValue(noGit),
                    OpenImages = images.Opener(session, parsed),
                    Platform = PlatformOption.ReadFor([target], parsed.GetValue(platform)),
                };
                var examined = await examiner.ExamineAsync(target, cancellation);
                if (session.Terminal.Json)
                {
                    WriteJson(session.Terminal, examined);
                }
                else
                {
                    WriteTree(session.Terminal, examined);
                }
                return ExitCode.Success;
            }
        );
        return verb;
    }

    private static void WriteTree(Terminal terminal, ExaminedSubject subject)
    {
        var tree = new Tree($"[bold]{Escape(subject.Name)}[/] ({subject.Kind})");
        var digests = tree.AddNode("digests");
        foreach (var (algorithm, value) in subject.Digests.Values)
        {
            digests.AddNode($"{Escape(algorithm)} {Escape(value)}");
        }
        var evidence = tree.AddNode(subject.Evidence.Count == 0 ? "no evidence was found" : $"evidence ({subject.Evidence.Count})");
        foreach (var item in subject.Evidence)
        {
            var node = evidence.AddNode($"{Verdict(item)} {Escape(Title(item))}");
            node.AddNode($"from {Escape(item.Found.Source)}");
            if (item.Found.Notation is { } notation)
            {
                foreach (var claim in NotationClaims.Lines(notation))
                {
                    node.AddNode(Escape(claim));
                }
                continue;
            }
            if (item.Found.Problem is { } problem)
            {
                node.AddNode(Escape(problem));
                continue;
            }
            node.AddNode(Escape(Signer(item)));
            if (item.Report?.Failure is { } failure)
            {
                node.AddNode($"[red]{Escape(failure.Name)}: {Escape(failure.Message)}[/]");
            }
            foreach (var fact in Facts(ExaminedEvidence.Claim(item.Found.Bundle)))
            {
                node.AddNode(Escape(fact));
            }
        }
        terminal.Ansi(terminal.Output).Write(tree);
        terminal.Line();
        if (subject.Evidence.Any(e => e.Report is null))
        {
            terminal.Note("note: nothing was verified; give trusted keys with --key, or a signer with --certificate-identity");
        }
    }

    private static void WriteJson(Terminal terminal, ExaminedSubject subject) =>
        terminal.WriteJson(writer =>
        {
            writer.WriteStartObject();
            Session.WriteHead(writer, "inspect", "ok", ExitCode.Success);
            writer.WriteStartObject("subject");
            writer.WriteString("kind", subject.Kind);
            writer.WriteString("name", subject.Name);
            writer.WritePropertyName("digests");
            subject.Digests.WriteTo(writer);
            writer.WriteEndObject();
            writer.WriteStartArray("evidence");
            foreach (var item in subject.Evidence)
            {
                writer.WriteStartObject();
                writer.WriteString("source", item.Found.Source);
                writer.WriteString(
                    "verdict",
                    IsUnverified(item) ? "unverified"
                        : item.Report!.IsVerified ? "verified"
                        : "rejected"
                );
                if (item.Found.Notation is { } notation)
                {
                    NotationClaims.Write(writer, notation);
                }
                else if (item.Found.Problem is not null)
                {
                    writer.WriteString("problem", item.Found.Problem);
                }
                if (item.Found.Bundle is { } bundle)
                {
                    writer.WriteString("bundleDigest", bundle.Digest.ToString());
                    writer.WriteString("keyHint", bundle.Material.PublicKeyHint);
                }
                if (item.ClaimedType is { } type)
                {
                    writer.WriteString("predicateType", type);
                }
                if (!IsUnverified(item))
                {
                    writer.WritePropertyName("verification");
                    EvidenceReport.WriteJson(writer, item.Found.Source, item.Found.Bundle, item.Report!);
                }
                if (ExaminedEvidence.Claim(item.Found.Bundle) is { Predicate.ValueKind: System.Text.Json.JsonValueKind.Object } statement)
                {
                    writer.WritePropertyName("predicate");
                    statement.Predicate.WriteTo(writer);
                }
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        });

    // Keys and Sigstore identities say nothing of a Notation signature, nor of what nobody signed.
    private static bool IsUnverified(ExaminedEvidence item) =>
        item.Report is null || item.Found.Notation is not null || item.Found.ArtifactType is not null;

    private static string Verdict(ExaminedEvidence item) =>
        IsUnverified(item) ? "[yellow]unverified[/]"
        : item.Report!.IsVerified ? "[green]verified[/]"
        : "[red]rejected[/]";

    private static string Title(ExaminedEvidence item) =>
        item.Found.Notation is not null ? "Notation signature"
        : item.Found.ArtifactType is { } other ? $"{(IsSbom(other) ? "SBOM" : "artifact")}, not signed ({other})"
        : item.Found.Bundle is null ? "unreadable"
        : item.Found.Legacy is { Kind: LegacySignatureKind.Image } ? "signature in cosign's older form"
        : item.Found.Bundle.Message is not null ? "signature of the file"
        : item.ClaimedType is not { } type ? "envelope that holds no statement"
        : BundleVerifier.IsSignature(type) ? $"signature ({type})"
        : PredicateType.NameOf(type) is { } name ? $"attestation {name} ({type})"
        : $"attestation {type}";

    /// <summary>Whether the type of an artifact is that of a document that lists what is in a subject.</summary>
    private static bool IsSbom(string artifactType) =>
        artifactType.Contains("cyclonedx", StringComparison.OrdinalIgnoreCase)
        || artifactType.Contains("spdx", StringComparison.OrdinalIgnoreCase);

    private static string Signer(ExaminedEvidence item) =>
        item.Report?.Verified is { } verified
            ? verified.Identity is { } identity
                ? $"signed by {identity}"
                : $"signed by key {verified.KeyFingerprint}"
            : item.Found.Bundle!.Material.PublicKeyHint is { } hint
                ? $"claims key {(hint.Length == 0 ? "(no hint)" : hint)}"
                : "signed with a certificate";

    /// <summary>What a predicate says, in a few lines; a predicate that breaks its type says nothing.</summary>
    private static IEnumerable<string> Facts(Statement? statement)
    {
        if (statement is null)
        {
            yield break;
        }
        Predicate? predicate = null;
        string? problem = null;
        try
        {
            predicate = Predicate.Parse(statement.PredicateType, statement.Predicate);
        }
        catch (Formats.MalformedDataException e)
        {
            problem = e.Message;
        }
        if (problem is not null)
        {
            yield return problem;
        }
        if (predicate?.Time is { } time)
        {
            yield return $"time {time:yyyy-MM-ddTHH:mm:ssZ}";
        }
        switch (predicate)
        {
            case SlsaProvenance p:
                yield return $"built by {p.BuilderId} ({p.BuildType})";
                foreach (var dependency in p.ResolvedDependencies.Take(5))
                {
                    yield return $"from {dependency.Uri ?? dependency.Name}";
                }
                break;
            case CycloneDxBom b:
                yield return $"CycloneDX {b.SpecVersion}, {b.ComponentCount} components";
                break;
            case ScanPredicate s:
                yield return $"scanner {s.ScannerUri} {s.ScannerVersion}, database of {s.DatabaseUpdated:yyyy-MM-dd}";
                yield return s.Findings is { } findings
                    ? string.Join(
                        ", ",
                        findings
                            .GroupBy(f => f.Severity)
                            .OrderByDescending(g => g.Key)
                            .Select(g => $"{g.Count()} {g.Key}")
                            .DefaultIfEmpty("no findings")
                    )
                    : "findings in a form that is not read here";
                break;
            case TestResult t:
                yield return $"result {t.Outcome.ToString().ToUpperInvariant()}: {t.PassedTests.Count} passed, {t.WarnedTests.Count} warned, {t.FailedTests.Count} failed";
                break;
            case VerificationSummary v:
                yield return $"{(v.Passed ? "PASSED" : "FAILED")} for {v.ResourceUri} by {v.VerifierId}";
                break;
        }
    }

    private static string Escape(string? text) => Markup.Escape(Terminal.Clean(text) ?? "");
}
