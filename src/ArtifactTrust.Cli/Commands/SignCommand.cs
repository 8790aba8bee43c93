using System.CommandLine;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Bundles;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>sign</c>: vouch for the bytes of a subject.</summary>
internal static class SignCommand
{
    internal static Command Create(Session session)
    {
        var subject = Options.Subject();
        var signing = new SigningOptions();
        var signature = new Option<string?>("--signature")
        {
            Description = "where to write the signature (SUBJECT.sig)",
            HelpName = "FILE",
        };
        var add = new Option<bool>("--add")
        {
            Description = "keep the signature that is there, and add this one to SUBJECT.attestations.jsonl",
        };
        var force = new Option<bool>("--force") { Description = "replace the signature that is there" };
        var ignore = Options.IgnorePaths();
        var noGit = Options.NoIgnoreGitPaths();
        var format = new Option<string>("--format")
        {
            Description =
                "bundle; of a file oms, which signs it as a model (directories always are); of an image oms, which signs its layers as a model, or legacy and legacy-referrer, the forms of older cosign",
            DefaultValueFactory = _ => "bundle",
            HelpName = "bundle|oms|legacy|legacy-referrer",
        };
        format.AcceptOnlyFromAmong("bundle", "oms", "legacy", "legacy-referrer");
        var model = new ModelOptions(format);
        var images = new ImageOptions();
        var forImages = new ImageSigningOptions(format);
        var verb = new Verb(
            "sign",
            "Sign a directory (OpenSSF Model Signing), a file (Sigstore bundle) or an image (as cosign 3 does), with a key or an identity.",
            "artifact-trust sign ./model",
            "artifact-trust sign registry.example.com/models/vad:1.0 --key training.key --password-file /run/secrets/key-password"
        )
        {
            subject,
            signature,
            add,
            force,
            ignore,
            noGit,
            format,
            Options.Output(),
        };
        signing.AddTo(verb);
        model.AddTo(verb);
        images.AddTo(verb);
        forImages.AddTo(verb, forSignatures: true);
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var manifest = model.ManifestFile(parsed);
                // What was hashed elsewhere need not be here.
                var target = manifest is null
                    ? Subject.Parse(parsed.GetValue(subject)!)
                    : new Subject.LocalDirectory(parsed.GetValue(subject)!);
                if (manifest is not null || target is not Subject.LocalDirectory)
                {
                    parsed.Refuse(
                        [ignore, noGit],
                        "is for directories that are hashed here",
                        manifest is null ? null : "give it to 'hash' when the manifest is made"
                    );
                }
                if (parsed.GetValue(add))
                {
                    parsed.Refuse([signature], "does not go with --add, which writes to SUBJECT.attestations.jsonl");
                }
                images.RequireRegistry(parsed, target.IsInRegistry());
                if (target is Subject.Image image)
                {
                    if (parsed.GetValue(signature) is null)
                    {
                        parsed.Refuse([force], "is for signatures in files; an image keeps every signature", "leave it out");
                        ImageSigner.RequireWritable(image.Reference);
                    }
                    if (model.IsModel(parsed))
                    {
                        model.RequireLayers(parsed);
                        var layerOutput = parsed.GetValue(signature);
                        if (layerOutput is not null && Path.Exists(layerOutput) && !parsed.GetValue(force))
                        {
                            throw CliException.Usage($"the signature '{layerOutput}' exists", "--force replaces it");
                        }
                        using var byLayers = await signing.OpenAsync(parsed, session, cancellation);
                        return await SignLayers(
                            session,
                            image,
                            new ModelSubjects(session, byLayers, model.Choices(parsed)),
                            byLayers,
                            images.Opener(session, parsed),
                            layerOutput,
                            cancellation
                        );
                    }
                    model.RequireModel(parsed, "an image");
                    if (parsed.GetValue(signature) is not null)
                    {
                        throw CliException.Usage(
                            "--signature is for files, directories and --format oms; the signature of an image is attached to it"
                        );
                    }
                    var (open, annotations) = (images.Opener(session, parsed), forImages.Annotations(parsed));
                    using var byImage = await signing.OpenAsync(parsed, session, cancellation);
                    using var opened = open();
                    var signer = new ImageSigner(opened, forImages.FormatOf(parsed), session.Time);
                    var written = await signer.SignAsync(
                        image.Reference,
                        forImages.IsRecursive(parsed),
                        annotations,
                        byImage,
                        cancellation
                    );
                    var inner = written.SkipLast(1).ToList();
                    foreach (var one in inner)
                    {
                        session.Terminal.Note($"signed {one.Digests} too, written as {one.Where}");
                    }
                    var last = written[^1];
                    return Report(session, last.Name, last.Digests, last.Where, last.Bundle, byImage, inner);
                }
                forImages.RequireNone(parsed);
                var path = target is Subject.LocalDirectory d ? d.Path : ((Subject.LocalFile)target).Path;
                var output = parsed.GetValue(signature) ?? Subject.SignaturePath(path);
                var addTo = parsed.GetValue(add) ? Subject.AttestationsPath(path) : null;
                if (addTo is null && Path.Exists(output) && !parsed.GetValue(force))
                {
                    throw CliException.Usage(
                        $"the signature '{output}' exists",
                        "--add keeps it and adds this one; --force replaces it; --signature FILE writes elsewhere"
                    );
                }
                if (target is Subject.LocalFile)
                {
                    model.RequireFile(parsed);
                }
                var choices = model.Choices(parsed);
                using var signatory = await signing.OpenAsync(parsed, session, cancellation);
                var models = new ModelSubjects(session, signatory, choices);
                var (bundle, digests) =
                    manifest is not null ? await models.SignManifestAsync(manifest, path, cancellation)
                    : target is Subject.LocalDirectory
                        ? await models.SignDirectoryAsync(
                            path,
                            IgnoreOptions.Rules(parsed.GetValue(ignore) ?? [], path, parsed.GetValue(noGit), output),
                            cancellation
                        )
                    : model.IsModel(parsed) ? await models.SignFileAsync(path, cancellation)
                    : await SignFile(session, path, signatory, cancellation);
                if (addTo is not null)
                {
                    if (bundle.Length > Limits.BundleBytes)
                    {
                        throw CliException.Usage(
                            $"the signature has {bundle.Length} bytes, and lines of '{addTo}' at most {Limits.BundleBytes}",
                            "write it to a file of its own with --signature FILE"
                        );
                    }
                    LineFile.Append(addTo, bundle.Utf8.Span, EvidenceFiles.IsBundle);
                }
                else
                {
                    DurableFile.Write(output, bundle.WriteTo, parsed.GetValue(force));
                }
                return Report(session, Path.GetFileName(Subject.Stem(path)), digests, addTo ?? output, bundle, signatory);
            }
        );
        return verb;
    }

    private static async Task<(Bundle, DigestSet)> SignFile(
        Session session,
        string path,
        Signatory signatory,
        CancellationToken cancellation
    )
    {
        using var file = session.Terminal.WithProgress(
            $"hashing {Path.GetFileName(path)}",
            new FileInfo(path).Length,
            progress =>
            {
                var opened = ArtifactFile.Open(path, progress, cancellation);
                try
                {
                    // The file keeps its digests, so signing does not read it again.
                    _ = (opened.Digest(DigestAlgorithm.Sha256), opened.Digest(signatory.PreHash ?? DigestAlgorithm.Sha256));
                    return opened;
                }
                catch
                {
                    opened.Dispose();
                    throw;
                }
            }
        );
        var signer = await signatory.SignerAsync(cancellation);
        var bundle = await signer.SignFileAsync(file, cancellation);
        return (bundle, new DigestSet(file.Digest(DigestAlgorithm.Sha256)));
    }

    /// <summary>Signs the files of an artifact by the digests in its manifest; the signature is attached to it, or written to a file.</summary>
    private static async Task<int> SignLayers(
        Session session,
        Subject.Image image,
        ModelSubjects models,
        Signatory signatory,
        Func<Images> open,
        string? output,
        CancellationToken cancellation
    )
    {
        using var images = open();
        var (store, descriptor) = await images.ResolveAsync(image.Reference, null, cancellation);
        var layers = await ModelLayers.ReadAsync(store, descriptor, cancellation);
        var (bundle, digests) = await models.SignLayersAsync(image.Reference.ToString(), layers, cancellation);
        string where;
        if (output is not null)
        {
            // Whether one may be replaced was asked before.
            DurableFile.Write(output, bundle.WriteTo, replace: true);
            where = output;
        }
        else
        {
            where = $"referrer {await Images.AttachAsync(store, descriptor, bundle, ModelSignature.TypeUri, session.Time, cancellation)}";
        }
        return Report(session, image.Reference.ToString(), digests, where, bundle, signatory);
    }

    private static int Report(
        Session session,
        string name,
        DigestSet digests,
        string where,
        Bundle bundle,
        Signatory signatory,
        params IEnumerable<WrittenAttestation> inner
    )
    {
        EvidenceReport.Written(session, "sign", "signed", name, digests, where, bundle, signatory.Credential, inner);
        return ExitCode.Success;
    }
}
