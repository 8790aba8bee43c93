using ArtifactTrust.Attestations;
using ArtifactTrust.Bundles;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Conformance;

/// <summary><c>verify-bundle</c>: of a file, or of a digest.</summary>
internal static class VerifyBundle
{
    internal static int Run(Arguments arguments)
    {
        VerificationKey[] keys = arguments["--key"] is { } key ? [VerificationKey.FromPem(File.ReadAllText(key))] : [];
        IdentityRule[] signers = keys is [_]
            ? []
            : [IdentityRule.Exact(arguments.Required("--certificate-identity"), arguments.Required("--certificate-oidc-issuer"))];
        var verifier = new BundleVerifier(keys, new SigstoreTrust(arguments.TrustedRoot, signers));
        var report = Verify(verifier, Bundle.Parse(File.ReadAllBytes(arguments.Required("--bundle"))), arguments.Artifact);
        foreach (var check in report.Checks.Where(c => c.Outcome == CheckOutcome.Failed))
        {
            Console.Error.WriteLine($"{check.Name} {check.Code}: {check.Message} (expected {check.Expected}, actual {check.Actual})");
        }
        return report.IsVerified ? 0 : 1;
    }

    private static VerificationReport Verify(BundleVerifier verifier, Bundle bundle, string artifact)
    {
        // A digest, unless there is a file of that name.
        if (!File.Exists(artifact))
        {
            var digest = Digest.Parse(artifact);
            return bundle.Envelope is null ? verifier.VerifyMessage(bundle, digest) : VerifyEnvelope(verifier, bundle, digest);
        }
        using var file = ArtifactFile.Open(artifact);
        return bundle.Envelope is null
            ? verifier.VerifyMessage(bundle, file)
            : VerifyEnvelope(verifier, bundle, file.Digest(DigestAlgorithm.Sha256));
    }

    private static VerificationReport VerifyEnvelope(BundleVerifier verifier, Bundle bundle, Digest digest) =>
        Statement.Parse(bundle.Envelope!.Payload).PredicateType == BundleVerifier.ImageSignatureType
            ? verifier.VerifyImageSignature(bundle, digest)
            : verifier.VerifyAttestation(bundle, new DigestSet(digest));
}
