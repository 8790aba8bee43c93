using ArtifactTrust.Attestations;
using ArtifactTrust.Bundles;
using ArtifactTrust.Conformance;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

// The protocol of sigstore-conformance: verify-bundle [--staging] --bundle FILE
// (--key PEM | --certificate-identity ID --certificate-oidc-issuer URL) [--trusted-root FILE] FILE_OR_DIGEST
const int Rejected = 1;
const int Usage = 2;

if (args is [var verb, .. var modelArguments] && ModelSigning.Knows(verb))
{
    return await ModelSigning.RunAsync(verb, modelArguments, Console.Error, TimeProvider.System);
}
if (args is not ["verify-bundle", .. var given])
{
    Console.Error.WriteLine($"'{args.FirstOrDefault()}' is not supported: only verify-bundle is");
    return Usage;
}
var options = new Dictionary<string, string>(StringComparer.Ordinal);
string? artifact = null;
for (var i = 0; i < given.Length; i++)
{
    if (given[i] == "--staging")
    {
        Console.Error.WriteLine("the staging instance is not built in: give its trusted root with --trusted-root");
        return Usage;
    }
    if (given[i].StartsWith("--", StringComparison.Ordinal) && i + 1 < given.Length)
    {
        options.Add(given[i], given[++i]);
    }
    else
    {
        artifact = given[i];
    }
}
try
{
    var root = options.TryGetValue("--trusted-root", out var path) ? TrustedRoot.Parse(File.ReadAllBytes(path)) : TrustedRoot.PublicGood;
    VerificationKey[] keys = options.TryGetValue("--key", out var key) ? [VerificationKey.FromPem(File.ReadAllText(key))] : [];
    IdentityRule[] signers = keys is [_]
        ? []
        : [IdentityRule.Exact(options["--certificate-identity"], options["--certificate-oidc-issuer"])];
    var verifier = new BundleVerifier(keys, new SigstoreTrust(root, signers));
    var report = Verify(verifier, Bundle.Parse(File.ReadAllBytes(options["--bundle"])), artifact!);
    foreach (var check in report.Checks.Where(c => c.Outcome == CheckOutcome.Failed))
    {
        Console.Error.WriteLine($"{check.Name} {check.Code}: {check.Message} (expected {check.Expected}, actual {check.Actual})");
    }
    return report.IsVerified ? 0 : Rejected;
}
catch (MalformedDataException e)
{
    Console.Error.WriteLine(e.Message);
    return Rejected;
}
catch (IOException e)
{
    Console.Error.WriteLine(e.Message);
    return Usage;
}

static VerificationReport Verify(BundleVerifier verifier, Bundle bundle, string artifact)
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

static VerificationReport VerifyEnvelope(BundleVerifier verifier, Bundle bundle, Digest digest) =>
    Statement.Parse(bundle.Envelope!.Payload).PredicateType == BundleVerifier.ImageSignatureType
        ? verifier.VerifyImageSignature(bundle, digest)
        : verifier.VerifyAttestation(bundle, new DigestSet(digest));
