using System.CommandLine;
using ArtifactTrust.Bundles;
using ArtifactTrust.Cli.Console;
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
        var images = new ImageOptions();
        var forImages = new ImageSigningOptions();
        var verb = new Verb(
            "sign",
            "Sign a directory (OpenSSF Model Signing), a file (Sigstore bundle) or an image (as cosign 3 does), with a key or an identity.",
            "artifact-trust sign ./model --key training.key",
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
            Options.Output(),
        };
        signing.AddTo(verb);
        images.AddTo(verb);
        forImages.AddTo(verb, forSignatures: true);
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var target = Subject.Parse(parsed.GetValue(subject)!);
                if (target is Subject.Image image)
                {
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
                    foreach (var inner in written.SkipLast(1))
                    {
                        session.Terminal.Note($"signed {inner.Digests} too, written as {inner.Where}");
                    }
                    var last = written[^1];
                    return Report(session, last.Name, last.Digests, last.Where, last.Bundle, byImage);
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
                using var signatory = await signing.OpenAsync(parsed, session, cancellation);
                var (bundle, digests) = target is Subject.LocalDirectory directory
                    ? await SignDirectory(
                        session,
                        directory.Path,
                        output,
                        parsed.GetValue(ignore) ?? [],
                        parsed.GetValue(noGit),
                        signatory,
                        cancellation
                    )
                    : await SignFile(session, path, signatory, cancellation);
                if (addTo is not null)
                {
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

    private static async Task<(Bundle, DigestSet)> SignDirectory(
        Session session,
        string path,
        string output,
        IEnumerable<string> ignore,
        bool noGit,
        Signatory signatory,
        CancellationToken cancellation
    )
    {
        using var tree = FileTree.Open(path);
        var rules = IgnoreOptions.Rules(ignore, path, noGit);
        var fullOutput = Path.GetFullPath(output);
        if (fullOutput.StartsWith(tree.Path + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            rules = rules.With([fullOutput[(tree.Path.Length + 1)..].Replace(Path.DirectorySeparatorChar, '/')]);
        }
        var manifest = LocalSubjects.Manifest(session.Terminal, tree, rules, cancellation);
        var signer = await signatory.SignerAsync(cancellation);
        return (await signer.SignModelAsync(tree.Name, manifest, rules, cancellation), manifest.Subject);
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

    private static int Report(Session session, string name, DigestSet digests, string where, Bundle bundle, Signatory signatory)
    {
        EvidenceReport.Written(session, "sign", "signed", name, digests, where, bundle, signatory.Credential);
        return ExitCode.Success;
    }
}
