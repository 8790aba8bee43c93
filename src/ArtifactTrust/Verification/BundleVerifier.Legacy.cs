using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Verification;

public sealed partial class BundleVerifier
{
    private const string PayloadCheck = "payload.format";
    private const string PayloadKind = "payload.type";
    private const string PayloadSubject = "payload.subject";

    /// <summary>Verifies a signature of an image, or an attestation about it, in the form that cosign had before bundles.</summary>
    /// <param name="signature">The signature.</param>
    /// <param name="manifest">The digest of the image's manifest.</param>
    /// <param name="predicateType">The type of predicate asked for; a signature has none, and never passes where one is asked for.</param>
    /// <remarks>
    /// Log entry, time and certificate are held to the same rules as a bundle's. Spec: cosign, "Signature Specification"; containers/image,
    /// "container signature format". The repository that a payload names is not compared: images move.
    /// </remarks>
    public VerificationReport VerifyLegacy(LegacySignature signature, Digest manifest, string? predicateType = null)
    {
        ArgumentNullException.ThrowIfNull(signature);
        ArgumentNullException.ThrowIfNull(manifest);
        Bundle bundle;
        try
        {
            bundle = signature.ToBundle();
        }
        catch (MalformedDataException e)
        {
            return VerificationReport.Unreadable(e.Message);
        }
        return signature.Kind == LegacySignatureKind.Attestation || predicateType is not null
            ? VerifyAttestation(bundle, new DigestSet(manifest), predicateType)
            : VerifyPayload(bundle, signature.Payload, manifest);
    }

    private VerificationReport VerifyPayload(Bundle bundle, ReadOnlyMemory<byte> payload, Digest manifest)
    {
        var checks = Plan(bundle, Hint, PayloadCheck, PayloadKind, PayloadSubject);
        if (CheckSupported(bundle) is { } unsupported)
        {
            return checks.Fail(unsupported);
        }
        var (signer, rejected) = FindSigner(
            bundle,
            algorithm => algorithm.Hash(payload.Span),
            (key, signature) => key.Verify(payload.Span, signature),
            bundle.Message!.Signature,
            checks
        );
        if (rejected is not null)
        {
            return rejected;
        }
        SimpleSigningPayload read;
        try
        {
            read = SimpleSigningPayload.Parse(payload);
        }
        catch (MalformedDataException e)
        {
            return checks.Fail(
                Malformed(PayloadCheck, FailureCode.MalformedEvidence, e) with
                {
                    Clause = "containers/image, \"container signature format\"",
                }
            );
        }
        checks.Pass(PayloadCheck);
        if (read.Type != SimpleSigningPayload.CosignType)
        {
            return checks.Fail(
                new Check(PayloadKind, CheckOutcome.Failed, FailureCode.PayloadTypeMismatch)
                {
                    Message = "the payload says something else than that an image was signed by cosign",
                    Expected = SimpleSigningPayload.CosignType,
                    Actual = read.Type,
                    Clause = "cosign, \"Signature Specification\", critical.type",
                }
            );
        }
        checks.Pass(PayloadKind);
        if (!read.ManifestDigest.Equals(manifest))
        {
            return checks.Fail(
                new Check(PayloadSubject, CheckOutcome.Failed, FailureCode.SubjectMismatch)
                {
                    Message = "the signature is of another image",
                    Expected = manifest.ToString(),
                    Actual = read.ManifestDigest.ToString(),
                    Clause = "containers/image, \"container signature format\", critical.image.docker-manifest-digest",
                }
            );
        }
        checks.Pass(PayloadSubject, manifest.ToString());
        return checks.Verified(EvidenceKind.Signature, signer!, new DigestSet(manifest), null, bundle, read.Optional);
    }
}
