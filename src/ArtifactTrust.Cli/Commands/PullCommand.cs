using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Oci;
using ArtifactTrust.Policies;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>pull</c>: verify an artifact, and only then fetch its files.</summary>
internal static class PullCommand
{
    internal static Command Create(Session session)
    {
        var source = new Argument<string>("REF")
        {
            Description = "HOST/REPO[:TAG|@DIGEST], oci-layout:DIR[:TAG|@DIGEST] or oci-archive:FILE[:TAG]",
        };
        var directory = new Argument<string>("DIR") { Description = "the directory to make; must not exist" };
        var keys = Options.TrustedKeys();
        var signers = new SignerOptions();
        var policy = new Option<string?>("--policy")
        {
            Description = "a policy (YAML) that must allow it in the role image, in place of keys and signers",
            HelpName = "FILE",
        };
        var annotations = AnnotationOptions.Create("what the signer must say of the artifact");
        var atOnce = Parallelism.Create();
        var images = new ImageOptions();
        var verb = new Verb(
            "pull",
            "Verify the signature of an artifact, or hold it against a policy, and then fetch its files, every byte checked.",
            "artifact-trust pull registry.example.com/models/vad:1.0 ./vad --key training.pub",
            "artifact-trust pull registry.example.com/models/vad:1.0 ./vad --policy policy.yaml"
        )
        {
            source,
            directory,
            keys,
            policy,
            annotations,
            atOnce,
            Options.Output(),
        };
        signers.AddTo(verb);
        images.AddTo(verb);
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var reference = CopyOptions.Reference(parsed.GetValue(source)!, "REF");
                var path = parsed.GetValue(directory)!;
                if (Path.Exists(path))
                {
                    throw CliException.Usage($"'{path}' exists", "name a directory that does not");
                }
                images.RequireRegistry(parsed, reference is RegistryReference);
                using var connections = images.Connections(parsed);
                using var store = connections.Open(reference, images.Registries(session, parsed));
                var root = await store.ResolveAsync(reference, cancellation);
                // From here on by the digest: what is verified is what is fetched.
                var pinned = new Subject.Image(OciReference.Parse($"{reference.Place}@{root.Descriptor.Digest}"));
                using var trusted = KeyLoader.Public(parsed.GetValue(keys) ?? []);
                var verifier = await signers.VerifierAsync(parsed, trusted.Keys, session, cancellation);
                var asked = AnnotationOptions.Read(parsed.GetValue(annotations) ?? []);
                var open = images.Opener(session, parsed);
                await RequireTrustAsync(session, pinned, verifier, parsed.GetValue(policy), asked, open, cancellation);
                if (root.IsIndex)
                {
                    throw CliException.Rejected("index", $"'{reference}' is an index; a directory is one manifest");
                }
                var artifact = new ModelArtifact(store, Parallelism.Read(parsed.GetValue(atOnce)));
                var files = await artifact.PullAsync(root.ToImageManifest(), path, cancellation);
                PushCommand.Report(session, "pull", reference.ToString(), root.Descriptor.Digest, files.Count, files.Sum(f => f.Size));
                return ExitCode.Success;
            }
        );
        return verb;
    }

    /// <exception cref="CliException">Nobody who is trusted vouches for it.</exception>
    private static async Task RequireTrustAsync(
        Session session,
        Subject.Image image,
        BundleVerifier? verifier,
        string? policyFile,
        IReadOnlyDictionary<string, string> annotations,
        Func<Images> open,
        CancellationToken cancellation
    )
    {
        if (policyFile is not null)
        {
            if (verifier is not null || annotations.Count > 0)
            {
                throw CliException.Usage(
                    "a policy and keys, signers or annotations were both given",
                    "the policy names them; give --policy alone"
                );
            }
            using var policy = GateCommand.LoadPolicy(policyFile);
            var gate = new Gate(session, policy) { OpenImages = open };
            var result = await gate.DecideAsync([new NamedSubject("image", image.Reference.ToString(), image)], cancellation);
            if (!result.Decision.IsAllowed)
            {
                const string message = "the policy does not allow it; nothing was fetched";
                var decision = DecisionText.Format(result.Decision).TrimEnd();
                if (session.Terminal.Json)
                {
                    throw CliException.Rejected("policy", $"{message}\n{decision}");
                }
                // Lines of its own: an error is told in one.
                session.Terminal.Error.WriteLine(decision);
                throw CliException.Rejected("policy", message);
            }
            return;
        }
        using var examiner = new Examiner(
            session,
            verifier
                ?? throw CliException.Usage(
                    "nobody is trusted: --key, a signer or --policy is required",
                    "give --key FILE, --certificate-identity and --certificate-oidc-issuer, or --policy FILE"
                )
        )
        {
            OpenImages = open,
            Annotations = annotations,
            Sought = SoughtEvidence.Of(null),
        };
        var examined = await examiner.ExamineAsync(image, cancellation);
        if (!examined.Verified.Any(v => v.Kind == EvidenceKind.Signature))
        {
            var reason = examined.Evidence.Select(e => e.Report?.Failure).OfType<Check>().OrderByDescending(c => c.Code).FirstOrDefault();
            throw CliException.Rejected(
                reason is null ? "no-evidence" : "rejected",
                reason is null
                    ? "no signature was found; nothing was fetched"
                    : $"no signature verifies; nothing was fetched: {reason.Message}",
                "see: artifact-trust inspect REF"
            );
        }
    }
}
