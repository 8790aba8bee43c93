using System.CommandLine;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Bundles;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Verification;

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
        var plainHttp = Options.PlainHttp();
        var model = new ModelOptions();
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
            plainHttp,
            Options.Output(),
        };
        signing.AddTo(verb);
        model.AddTo(verb);
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var manifest = model.ManifestFile(parsed);
                // What was hashed elsewhere need not be here.
                var target = manifest is null
                    ? Subject.Parse(parsed.GetValue(subject)!)
                    : new Subject.LocalDirectory(parsed.GetValue(subject)!);
                if (target is Subject.Image image)
                {
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
                            parsed.GetValue(plainHttp),
                            layerOutput,
                            cancellation
                        );
                    }
                    model.RequireModel(parsed, "an image");
                    using var byImage = await signing.OpenAsync(parsed, session, cancellation);
                    return await SignImage(session, image, byImage, parsed.GetValue(plainHttp), cancellation);
                }
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
                if (target is Subject.LocalFile && !model.IsModel(parsed))
                {
                    model.RequireModel(parsed, "a file");
                }
                var choices = model.Choices(parsed);
                using var signatory = await signing.OpenAsync(parsed, session, cancellation);
                var models = new ModelSubjects(session, signatory, choices);
                var (bundle, digests) =
                    manifest is not null ? await models.SignManifestAsync(manifest, path, cancellation)
                    : target is Subject.LocalDirectory
                        ? await models.SignDirectoryAsync(
                            path,
                            Rules(path, output, parsed.GetValue(ignore) ?? [], parsed.GetValue(noGit)),
                            cancellation
                        )
                    : model.IsModel(parsed) ? await models.SignFileAsync(path, cancellation)
                    : await SignFile(session, path, signatory, cancellation);
                if (addTo is not null)
                {
                    if (bundle.Utf8.Length > Limits.BundleBytes)
                    {
                        throw CliException.Usage(
                            $"the signature has {bundle.Utf8.Length} bytes, and lines of '{addTo}' at most {Limits.BundleBytes}",
                            "write it to a file of its own with --signature FILE"
                        );
                    }
                    AtomicFile.AppendLine(addTo, bundle.Utf8.Span, EvidenceFiles.IsBundle);
                }
                else
                {
                    AtomicFile.Write(output, bundle.Utf8.Span, parsed.GetValue(force));
                }
                return Report(session, Path.GetFileName(Subject.Stem(path)), digests, addTo ?? output, bundle, signatory);
            }
        );
        return verb;
    }

    /// <summary>The paths left out: version control's, those given, and the signature where it lies in the directory.</summary>
    private static IgnoreRules Rules(string path, string output, IEnumerable<string> ignore, bool noGit)
    {
        var root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)) + Path.DirectorySeparatorChar;
        var rules = IgnoreOptions.Rules(ignore, path, noGit);
        var full = Path.GetFullPath(output);
        return full.StartsWith(root, StringComparison.Ordinal)
            ? rules.With([full[root.Length..].Replace(Path.DirectorySeparatorChar, '/')])
            : rules;
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
        bool plainHttp,
        string? output,
        CancellationToken cancellation
    )
    {
        using var images = new Images(plainHttp);
        var (store, descriptor) = await images.ResolveAsync(image.Reference, cancellation);
        var layers = await ModelLayers.ReadAsync(store, descriptor, cancellation);
        var (bundle, digests) = await models.SignLayersAsync(image.Reference.ToString(), layers, cancellation);
        string where;
        if (output is not null)
        {
            // Whether one may be replaced was asked before.
            AtomicFile.Write(output, bundle.Utf8.Span, replace: true);
            where = output;
        }
        else
        {
            where = $"referrer {await Images.AttachAsync(store, descriptor, bundle, ModelSignature.TypeUri, session.Time, cancellation)}";
        }
        return Report(session, image.Reference.ToString(), digests, where, bundle, signatory);
    }

    private static async Task<int> SignImage(
        Session session,
        Subject.Image image,
        Signatory signatory,
        bool plainHttp,
        CancellationToken cancellation
    )
    {
        using var images = new Images(plainHttp);
        var (store, descriptor) = await images.ResolveAsync(image.Reference, cancellation);
        var signer = await signatory.SignerAsync(cancellation);
        var bundle = await signer.SignImageAsync(descriptor.Digest, cancellation);
        var referrer = await Images.AttachAsync(store, descriptor, bundle, BundleVerifier.ImageSignatureType, session.Time, cancellation);
        return Report(session, image.Reference.ToString(), new DigestSet(descriptor.Digest), $"referrer {referrer}", bundle, signatory);
    }

    private static int Report(Session session, string name, DigestSet digests, string where, Bundle bundle, Signatory signatory)
    {
        EvidenceReport.Written(session, "sign", "signed", name, digests, where, bundle, signatory.Credential);
        return ExitCode.Success;
    }
}
