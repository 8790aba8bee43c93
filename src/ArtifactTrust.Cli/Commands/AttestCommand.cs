using System.CommandLine;
using System.Text.Json;
using ArtifactTrust.Attestations;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Bundles;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Sbom;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>attest</c>: a signed statement about a subject.</summary>
internal static class AttestCommand
{
    internal static Command Create(Session session)
    {
        var subject = Options.Subject();
        var type = new Option<string>("--type")
        {
            Description = $"the predicate's type: {string.Join(", ", PredicateType.Names)} or a URI",
            Required = true,
            HelpName = "TYPE",
        };
        var predicate = new Option<string>("--predicate")
        {
            Description = "the predicate, a JSON object; for model-card and dataset-card a README with front matter",
            Required = true,
            HelpName = "FILE",
        };
        var signing = new SigningOptions();
        var ignore = Options.IgnorePaths();
        var noGit = Options.NoIgnoreGitPaths();
        var images = new ImageOptions();
        var forImages = new ImageSigningOptions();
        var verb = new Verb(
            "attest",
            "Sign a statement about a subject: how it was built, what is in it, what a scan or a test found.",
            "artifact-trust attest ./model --type slsaprovenance1 --predicate provenance.json",
            "artifact-trust attest registry.example.com/models/vad:1.0 --type vulns --predicate vulns.json --key security.key"
        )
        {
            subject,
            type,
            predicate,
            ignore,
            noGit,
            Options.Output(),
        };
        signing.AddTo(verb);
        images.AddTo(verb);
        forImages.AddTo(verb, forSignatures: false);
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var target = Subject.Parse(parsed.GetValue(subject)!);
                parsed.RequireDirectory([ignore, noGit], target);
                images.RequireRegistry(parsed, target.IsInRegistry());
                var typeGiven = Types.Parse(parsed.GetValue(type)!);
                var predicateType = typeGiven.Uri;
                var json = CardPredicate.IsMadeFor(typeGiven)
                    ? ReadCard(parsed.GetValue(predicate)!)
                    : ReadPredicate(parsed.GetValue(predicate)!, predicateType);
                var open = images.Opener(session, parsed);
                if (target is Subject.Image { Reference: var reference })
                {
                    ImageSigner.RequireWritable(reference);
                }
                else
                {
                    forImages.RequireNone(parsed);
                }
                using var signatory = await signing.OpenAsync(parsed, session, cancellation);
                var attester = new Attester(session, signatory)
                {
                    IgnorePaths = parsed.GetValue(ignore) ?? [],
                    NoIgnoreGitPaths = parsed.GetValue(noGit),
                    OpenImages = open,
                    Format = forImages.FormatOf(parsed),
                };
                var written = await attester.AttestAsync(target, predicateType, json, cancellation);
                EvidenceReport.Written(
                    session,
                    "attest",
                    "attested",
                    written.Name,
                    written.Digests,
                    written.Where,
                    written.Bundle,
                    signatory.Credential
                );
                return ExitCode.Success;
            }
        );
        return verb;
    }

    private static JsonElement ReadCard(string path)
    {
        CliException.RequireFile(path, "predicate");
        try
        {
            return CardPredicate.FromReadme(EvidenceFiles.ReadBounded(path, Limits.PredicateBytes), Path.GetFileName(path));
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage($"'{path}' is no card: {e.Message}", "give a README that starts with front matter in YAML", e);
        }
    }

    /// <summary>Reads a predicate and checks it against its type, so that no statement is signed that readers would refuse.</summary>
    private static JsonElement ReadPredicate(string path, string predicateType)
    {
        CliException.RequireFile(path, "predicate");
        try
        {
            var json = StrictJson.Parse(EvidenceFiles.ReadBounded(path, Limits.PredicateBytes), "predicate", Limits.PredicateBytes);
            if (
                json.ValueKind == JsonValueKind.Object
                && json.TryGetProperty("_type", out _)
                && json.TryGetProperty("predicateType", out _)
            )
            {
                throw CliException.Usage($"'{path}' is a whole statement", "give its member 'predicate' alone; the subject is added here");
            }
            Predicate.Parse(predicateType, json);
            return json.ValueKind == JsonValueKind.Object
                ? json
                : throw new MalformedDataException("predicate", "$", "a JSON object is expected");
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage($"'{path}' is no predicate of type {predicateType}: {e.Message}", null, e);
        }
    }
}

/// <summary>A statement that was signed and stored.</summary>
/// <param name="Name">The subject's name, for people.</param>
/// <param name="Digests">The subject's digests.</param>
/// <param name="Where">Where the bundle was put.</param>
/// <param name="Bundle">The bundle.</param>
internal sealed record WrittenAttestation(string Name, DigestSet Digests, string Where, Bundle Bundle);

/// <summary>Signs statements about subjects and puts them where verifiers look.</summary>
/// <param name="session">Where progress goes.</param>
/// <param name="signatory">Who signs.</param>
internal sealed class Attester(Session session, Signatory signatory)
{
    internal IReadOnlyList<string> IgnorePaths { get; init; } = [];

    internal bool NoIgnoreGitPaths { get; init; }

    internal required Func<Images> OpenImages { get; init; }

    internal EvidenceFormat Format { get; init; }

    /// <summary>The digests the predicate was made for, where it was made from the subject itself; null where it was not.</summary>
    internal DigestSet? Expected { get; init; }

    internal async Task<WrittenAttestation> AttestAsync(
        Subject subject,
        string predicateType,
        JsonElement predicate,
        CancellationToken cancellation
    )
    {
        if (subject is Subject.Image image)
        {
            using var images = OpenImages();
            var signer = new ImageSigner(images, Format, session.Time);
            return await signer.AttestAsync(image.Reference, predicateType, predicate, signatory, cancellation);
        }
        var path = subject is Subject.LocalDirectory d ? d.Path : ((Subject.LocalFile)subject).Path;
        var (name, local) = Digests(subject, cancellation);
        if (Expected is not null && !local.Contains(Expected))
        {
            throw new IOException($"'{path}' changed while it was described; try again when nothing writes to it");
        }
        var signed = await SignAsync(name, local, predicateType, predicate, cancellation);
        var output = Subject.AttestationsPath(path);
        LineFile.Append(output, signed.Utf8.Span, EvidenceFiles.IsBundle);
        return new WrittenAttestation(name, local, output, signed);
    }

    /// <summary>What a directory or a file is attested as.</summary>
    internal (string Name, DigestSet Digests) Digests(Subject subject, CancellationToken cancellation)
    {
        if (subject is Subject.LocalDirectory directory)
        {
            using var tree = FileTree.Open(directory.Path);
            var rules = IgnoreOptions.Rules(IgnorePaths, directory.Path, NoIgnoreGitPaths);
            using var manifest = LocalSubjects.Streamed(session.Terminal, tree, rules, keepEntries: false, cancellation);
            return (tree.Name, manifest.Subject);
        }
        using var file = ArtifactFile.Open(((Subject.LocalFile)subject).Path, null, cancellation);
        return (file.Name, new DigestSet(file.Digest(DigestAlgorithm.Sha256)));
    }

    private async Task<Bundle> SignAsync(
        string? name,
        DigestSet digests,
        string predicateType,
        JsonElement predicate,
        CancellationToken cancellation
    )
    {
        var signer = await signatory.SignerAsync(cancellation);
        return await signer.SignStatementAsync(
            new Statement([new ResourceDescriptor(name, null, digests)], predicateType, predicate),
            cancellation
        );
    }
}
