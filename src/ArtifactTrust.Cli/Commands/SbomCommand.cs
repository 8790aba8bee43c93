using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;
using ArtifactTrust.Oci;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.Cards;
using ArtifactTrust.Scanning.Secrets;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>sbom</c>: what a subject is made of.</summary>
internal static class SbomCommand
{
    internal static Command Create(Session session)
    {
        var subject = Options.Subject();
        var dataset = new Option<bool>("--dataset") { Description = "the subject is a dataset, not a model" };
        var name = new Option<string?>("--name") { Description = "the component's name (the subject's own name)", HelpName = "NAME" };
        var version = new Option<string?>("--component-version") { Description = "the component's version", HelpName = "VERSION" };
        var card = new Option<string?>("--card")
        {
            Description = "a YAML or JSON file of what the files cannot say: supplier, use, limitations, owners",
            HelpName = "FILE",
        };
        var code = new Option<string?>("--training-code")
        {
            Description = "where the code is that made the model, and after @ the commit that ran",
            HelpName = "URL[@COMMIT]",
        };
        var to = new Option<string?>("--to") { Description = "write the SBOM to a file, and print a summary", HelpName = "FILE" };
        var completeness = new Option<bool>("--completeness")
        {
            Description = "print what the SBOM lacks by published minimum elements, in place of the SBOM",
        };
        var failUnder = SbomCompletenessCommand.FailUnder();
        failUnder.Description = $"with --completeness: {failUnder.Description}";
        var attest = new Option<bool>("--attest")
        {
            Description = "sign the SBOM as an attestation of the subject, and put it where verifiers look",
        };
        var form = new SbomFormOptions();
        var ignore = Options.IgnorePaths();
        var noGit = Options.NoIgnoreGitPaths();
        var trivy = new TrivySettings();
        var packages = new SbomPackages(trivy);
        var signing = new SigningOptions();
        var verb = new Verb(
            "sbom",
            "Write the SBOM of a model, dataset, source tree or image, from what its files say. SOURCE_DATE_EPOCH sets its time.",
            "artifact-trust sbom ghcr.io/acme/infer:1.0 --to image.cdx.json",
            "artifact-trust sbom ./model --card card.yaml --attest --key training.key"
        )
        {
            subject,
            dataset,
            name,
            version,
            card,
            code,
        };
        form.AddTo(verb);
        foreach (Option option in (Option[])[to, completeness, failUnder, attest, ignore, noGit, Options.Output()])
        {
            verb.Options.Add(option);
        }
        packages.AddTo(verb);
        trivy.AddTo(verb);
        signing.AddTo(verb);
        verb.Subcommands.Add(SbomValidateCommand.Create(session));
        verb.Subcommands.Add(SbomMergeCommand.Create(session));
        verb.Subcommands.Add(SbomDiffCommand.Create(session));
        verb.Subcommands.Add(SbomCompletenessCommand.Create(session));
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var text = parsed.GetValue(subject)!;
                if (parsed.GetValue(name) is { } given && string.IsNullOrWhiteSpace(given))
                {
                    throw CliException.Usage("--name is empty");
                }
                var target = SbomPackages.ImageAt(text) ?? Subject.Parse(text);
                var output = form.Read(parsed);
                var attesting = parsed.GetValue(attest);
                if (attesting && output.Format == SbomFormat.CycloneDxXml)
                {
                    throw CliException.Usage("an attestation holds JSON, and XML was asked for", "choose another --format");
                }
                if (attesting && target is Subject.Image { Reference: var wanted })
                {
                    ImageSigner.RequireWritable(wanted);
                }
                if (parsed.GetValue(completeness) && (attesting || output.Format != SbomFormat.CycloneDxJson))
                {
                    throw CliException.Usage("--completeness reads CycloneDX JSON and signs nothing", "leave out --attest and --format");
                }
                var least = SbomCompletenessCommand.ReadFailUnder(parsed, failUnder);
                if (least is not null && !parsed.GetValue(completeness))
                {
                    throw CliException.Usage("--fail-under is about a score, and none is made", "give --completeness too, or leave it out");
                }
                if (parsed.GetValue(completeness) && parsed.GetValue(to) is not null)
                {
                    throw CliException.Usage(
                        "--completeness writes no SBOM",
                        "leave out --to, and score the file with 'sbom completeness FILE'"
                    );
                }
                if (!attesting)
                {
                    signing.RequireNone(parsed, "--attest");
                }
                var isSource = target is Subject.LocalDirectory tree && !parsed.GetValue(dataset) && packages.IsSource(parsed, tree.Path);
                packages.RequireUse(parsed, target, isSource);
                parsed.RequireDirectory([ignore, noGit], target);
                if (isSource && !attesting)
                {
                    parsed.Refuse([ignore, noGit], "is for models and datasets; of a source tree all lock files are read");
                }
                // Whoever signs is found before anything is read, so that what can be refused is refused at once.
                using var signatory = attesting ? await signing.OpenAsync(parsed, session, cancellation) : null;
                MadeSbom made;
                switch (target)
                {
                    case Subject.Image image:
                        RefuseModelOptions("an image");
                        var (described, digest) = await packages.OfImageAsync(image.Reference, About(null), parsed, session, cancellation);
                        // What is described is what is attested, wherever the tag leads by then.
                        target = new Subject.Image(OciReference.Parse($"{image.Reference.Place}@{digest}"));
                        made = output.Write(described) with { Digests = new DigestSet(digest) };
                        break;
                    case Subject.LocalDirectory source when isSource:
                        RefuseModelOptions("a source tree");
                        // Only some of its files are read, and all are attested: so they are hashed before and after.
                        var before = signatory is null ? null : NewAttester(signatory, null).Digests(source, cancellation).Digests;
                        made = output.Write(
                            await packages.OfDirectoryAsync(source.Path, About(NameOf(source.Path)), parsed, session, cancellation)
                        ) with
                        {
                            Digests = before,
                        };
                        break;
                    case Subject.LocalDirectory d:
                        made = OfDirectory(
                            session,
                            d.Path,
                            IgnoreOptions.Rules(parsed.GetValue(ignore) ?? [], d.Path, parsed.GetValue(noGit)),
                            Describe(NameOf(d.Path)),
                            output,
                            cancellation
                        );
                        break;
                    case Subject.LocalFile f:
                        made = OfFile(f.Path, Describe(NameOf(f.Path)), output, cancellation);
                        break;
                    default:
                        throw new InvalidOperationException("a subject of no kind");
                }
                RefuseSecrets(made, cancellation);
                if (parsed.GetValue(completeness))
                {
                    return SbomCompletenessReport.Written(session, made.Bytes, least, profile: null);
                }
                var attested = signatory is null ? null : await AttestAsync(signatory);
                return SbomReport.Written(session, made, parsed.GetValue(to), attested);

                string NameOf(string path) =>
                    parsed.GetValue(name)
                    ?? (
                        Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))) is { Length: > 0 } own
                            ? own
                            : throw CliException.Usage($"'{path}' has no name of its own", "give one with --name NAME")
                    );

                SbomAbout About(string? called) => new(parsed.GetValue(name) ?? called, parsed.GetValue(version), Time(session));

                void RefuseModelOptions(string what)
                {
                    if (parsed.GetValue(dataset) || parsed.GetValue(card) is not null || parsed.GetValue(code) is not null)
                    {
                        throw CliException.Usage(
                            $"--dataset, --card and --training-code are about models and datasets, and '{text}' is {what}"
                        );
                    }
                }

                SbomOptions Describe(string componentName) =>
                    SbomCommand.Describe(
                        session,
                        parsed.GetValue(dataset),
                        componentName,
                        parsed.GetValue(version),
                        parsed.GetValue(card),
                        parsed.GetValue(code)
                    );

                Attester NewAttester(Signatory who, DigestSet? expected) =>
                    new(session, who)
                    {
                        IgnorePaths = parsed.GetValue(ignore) ?? [],
                        NoIgnoreGitPaths = parsed.GetValue(noGit),
                        OpenImages = trivy.Images.Opener(session, parsed),
                        Expected = expected,
                    };

                Task<WrittenAttestation> AttestAsync(Signatory who) =>
                    NewAttester(who, made.Digests)
                        .AttestAsync(target, made.PredicateType, StrictJson.Parse(made.Bytes, "SBOM", Limits.PredicateBytes), cancellation);
            }
        );
        return verb;
    }

    /// <summary>An SBOM is published, and repeats what files say of themselves; a credential among that is not.</summary>
    /// <exception cref="CliException">It holds one of a known form.</exception>
    private static void RefuseSecrets(MadeSbom made, CancellationToken cancellation)
    {
        using var stream = new MemoryStream(made.Bytes, writable: false);
        var found = new SecretScanner().Scan("SBOM", stream, "SBOM", cancellation).Findings;
        // A random value under a telling name is nearly always a digest here.
        if (found.FirstOrDefault(f => f.Id != SecretScanner.AssignmentId) is { } secret)
        {
            throw CliException.Rejected(
                "secret",
                $"the SBOM would hold a secret that the subject's files repeat: {secret.Title} ({secret.Location} of the SBOM)",
                "take it out of the files, and revoke it; artifact-trust scan names the files and lines"
            );
        }
    }

    private static SbomOptions Describe(Session session, bool dataset, string name, string? version, string? card, string? code)
    {
        if (code is not null && dataset)
        {
            throw CliException.Usage("--training-code is about a model, and --dataset was given");
        }
        var time = Time(session);
        try
        {
            var statements = card is null ? null : ReadCard(card);
            if (statements?.HasModel == true && dataset)
            {
                throw CliException.Usage($"the card '{card}' describes a model, and --dataset was given");
            }
            return new SbomOptions(dataset ? SbomSubjectKind.Dataset : SbomSubjectKind.Model, name, version, time)
            {
                Card = statements,
                TrainingCode = code is null ? null : SbomTrainingCode.Parse(code),
            };
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage(e.Message, null, e);
        }
    }

    private static DateTimeOffset Time(Session session)
    {
        try
        {
            return SbomTime.Resolve(session.Time, Environment.GetEnvironmentVariable("SOURCE_DATE_EPOCH"));
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage(e.Message, null, e);
        }
    }

    private static SbomCard ReadCard(string path)
    {
        CliException.RequireFile(path, "card");
        try
        {
            return SbomCard.Parse(EvidenceFiles.ReadBounded(path, Limits.PolicyBytes));
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage($"'{path}': {e.Location}: {e.Reason}", "docs/sbom.md lists what a card may say", e);
        }
    }

    private static MadeSbom OfDirectory(
        Session session,
        string path,
        IgnoreRules rules,
        SbomOptions options,
        SbomForm form,
        CancellationToken cancellation
    )
    {
        using var tree = FileTree.Open(path);
        var manifest = Manifest(session, tree, rules, cancellation);
        var document = session.Terminal.WithProgress(
            $"reading {tree.Name}",
            manifest.Entries.Sum(e => e.Size),
            progress => new SbomBuilder(options).Build(tree, manifest, progress, cancellation)
        );
        return form.Write(SbomPackages.AddPackages(document, path, cancellation)) with { Digests = manifest.Subject };
    }

    /// <summary>The files, as they are signed: the document is bound to them, so that links and pipes are refused here too.</summary>
    private static FileManifest Manifest(Session session, FileTree tree, IgnoreRules rules, CancellationToken cancellation)
    {
        try
        {
            return LocalSubjects.Manifest(session.Terminal, tree, rules, cancellation);
        }
        catch (MalformedDataException e) when (e.Format == "directory")
        {
            throw CliException.Rejected(
                "malformed",
                e.Message,
                "leave it out with --ignore-path, copy the files into a directory ('cp -rL'), or, for packages only, use --source or --packages installed",
                e
            );
        }
    }

    private static MadeSbom OfFile(string path, SbomOptions options, SbomForm form, CancellationToken cancellation)
    {
        using var file = ArtifactFile.Open(path, null, cancellation);
        var entry = new ManifestEntry(file.Name, file.Digest(DigestAlgorithm.Sha256), file.Size);
        using var stream = new FileStream(file.Handle, FileAccess.Read, bufferSize: 0);
        stream.Position = 0;
        var document = new SbomBuilder(options).Build(stream, entry, cancellation);
        file.CheckUnchanged();
        return form.Write(document) with { Digests = new DigestSet(entry.Digest) };
    }
}
