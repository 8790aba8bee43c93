using ArtifactTrust.Attestations;
using ArtifactTrust.Bundles;
using ArtifactTrust.Envelopes;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Verification;

/// <summary>Says who signed a bundle, and over what. Built once for a set of trusted keys; safe to use from several threads.</summary>
/// <param name="keys">The keys that are trusted; the bundle's hint does not choose among them.</param>
public sealed class BundleVerifier(IReadOnlyList<VerificationKey> keys)
{
    /// <summary>The predicate type by which cosign 3 marks a statement as the signature of an image.</summary>
    public const string ImageSignatureType = "https://sigstore.dev/cosign/sign/v1";

    private const string Material = "bundle.material";
    private const string Signature = "signature.key";
    private const string Hint = "signature.hint";
    private const string MessageDigest = "message.digest";
    private const string PayloadType = "envelope.payloadType";
    private const string StatementCheck = "statement.format";
    private const string PredicateType = "statement.predicateType";
    private const string Subject = "statement.subject";

    private readonly IReadOnlyList<VerificationKey> _keys =
        keys.Count > 0 ? keys : throw new ArgumentException("at least one trusted key is needed", nameof(keys));

    /// <summary>Verifies a signature over a file's bytes.</summary>
    /// <exception cref="IOException">The file cannot be read, or changed meanwhile.</exception>
    public VerificationReport VerifyMessage(Bundle bundle, ArtifactFile file, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        ArgumentNullException.ThrowIfNull(file);
        var checks = new CheckList(Material, Signature, Hint, MessageDigest);
        if (CheckMaterial(bundle, checks) is { } unsupported)
        {
            return unsupported;
        }
        if (bundle.Message is not { } message)
        {
            return checks.Fail(
                new Check(Signature, CheckOutcome.Failed, FailureCode.PayloadTypeMismatch)
                {
                    Message = "the bundle holds an envelope, not a signature of a file",
                    Expected = "messageSignature",
                    Actual = "dsseEnvelope",
                    Hint = "an attestation is no signature; is this the .attestations.jsonl of the file?",
                }
            );
        }
        var key = _keys.FirstOrDefault(k =>
            k.Algorithm.PreHash is { } preHash
                ? k.VerifyDigest(file.Digest(preHash), message.Signature.Span)
                : k.VerifyFile(file.Handle, message.Signature.Span, cancellation: cancellation)
        );
        file.CheckUnchanged();
        if (CheckKey(bundle, key, checks) is { } rejected)
        {
            return rejected;
        }
        if (message.MessageDigest is null)
        {
            checks.NotRequired(MessageDigest, "the bundle has no digest of the message");
        }
        else if (message.MessageDigest.Equals(file.Digest(message.MessageDigest.Algorithm)))
        {
            checks.Pass(MessageDigest);
        }
        else
        {
            return checks.Fail(
                new Check(MessageDigest, CheckOutcome.Failed, FailureCode.MessageDigestMismatch)
                {
                    Message = "the digest in the bundle is not the file's",
                    Expected = file.Digest(message.MessageDigest.Algorithm).ToString(),
                    Actual = message.MessageDigest.ToString(),
                    Clause = "Sigstore client specification, Verification, step 9",
                }
            );
        }
        return checks.Verified(EvidenceKind.Signature, key!, new DigestSet(file.Digest(DigestAlgorithm.Sha256)), null, bundle);
    }

    /// <summary>Verifies an attestation about a subject.</summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="subject">The subject's digests; one subject of the statement must have all of them.</param>
    /// <param name="predicateType">The type of predicate asked for; any but those of signatures where null.</param>
    public VerificationReport VerifyAttestation(Bundle bundle, DigestSet subject, string? predicateType = null)
    {
        var (checks, statement, key, rejected) = VerifyStatement(bundle);
        if (rejected is not null)
        {
            return rejected;
        }
        if (IsSignature(statement!.PredicateType) || (predicateType is not null && statement.PredicateType != predicateType))
        {
            return checks.Fail(WrongType(predicateType ?? "an attestation", statement.PredicateType));
        }
        checks.Pass(PredicateType, statement.PredicateType);
        return CheckSubject(statement, subject, checks) ?? checks.Verified(EvidenceKind.Attestation, key!, subject, statement, bundle);
    }

    /// <summary>Verifies the signature of an OCI image or artifact, as cosign 3 writes it.</summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="manifest">The digest of the manifest.</param>
    public VerificationReport VerifyImageSignature(Bundle bundle, Digest manifest)
    {
        var subject = new DigestSet(manifest);
        var (checks, statement, key, rejected) = VerifyStatement(bundle);
        if (rejected is not null)
        {
            return rejected;
        }
        if (statement!.PredicateType != ImageSignatureType)
        {
            return checks.Fail(WrongType(ImageSignatureType, statement.PredicateType));
        }
        checks.Pass(PredicateType, statement.PredicateType);
        return CheckSubject(statement, subject, checks) ?? checks.Verified(EvidenceKind.Signature, key!, subject, statement, bundle);
    }

    /// <summary>Whether statements of the type are signatures, which never count as attestations.</summary>
    public static bool IsSignature(string predicateType) =>
        predicateType == ImageSignatureType || Attestations.Predicates.ModelSignature.IsType(predicateType);

    /// <summary>The checks up to the statement; what they are of is for the caller to check.</summary>
    internal (CheckList Checks, Statement? Statement, VerificationKey? Key, VerificationReport? Rejected) VerifyStatement(
        Bundle bundle,
        params string[] further
    )
    {
        ArgumentNullException.ThrowIfNull(bundle);
        var checks = new CheckList([Material, Signature, Hint, PayloadType, StatementCheck, PredicateType, Subject, .. further]);
        if (CheckMaterial(bundle, checks) is { } unsupported)
        {
            return (checks, null, null, unsupported);
        }
        if (bundle.Envelope is not { } envelope)
        {
            return (checks, null, null, checks.Fail(NoEnvelope()));
        }
        var encoded = envelope.PreAuthenticationEncoding();
        var key = _keys.FirstOrDefault(k => k.Verify(encoded, envelope.Signatures[0].Value.Span));
        if (CheckKey(bundle, key, checks) is { } rejected)
        {
            return (checks, null, null, rejected);
        }
        if (envelope.PayloadType != Statement.PayloadType)
        {
            return (checks, null, null, checks.Fail(WrongPayload(envelope)));
        }
        checks.Pass(PayloadType);
        try
        {
            var statement = Statement.Parse(envelope.Payload);
            checks.Pass(StatementCheck);
            return (checks, statement, key, null);
        }
        catch (MalformedDataException e)
        {
            return (checks, null, null, checks.Fail(Malformed(StatementCheck, FailureCode.MalformedEvidence, e)));
        }
    }

    internal static Check Malformed(string name, FailureCode code, MalformedDataException e) =>
        new(name, CheckOutcome.Failed, code) { Message = e.Message };

    internal static Check WrongType(string expected, string actual) =>
        new(PredicateType, CheckOutcome.Failed, FailureCode.PredicateTypeMismatch)
        {
            Message = "the statement is of another type",
            Expected = expected,
            Actual = actual,
            Clause = "in-toto Statement v1, predicateType",
        };

    private static Check NoEnvelope() =>
        new(Signature, CheckOutcome.Failed, FailureCode.PayloadTypeMismatch)
        {
            Message = "the bundle holds the signature of a file, not a signed statement",
            Expected = "dsseEnvelope",
            Actual = "messageSignature",
        };

    private static Check WrongPayload(DsseEnvelope envelope) =>
        new(PayloadType, CheckOutcome.Failed, FailureCode.PayloadTypeMismatch)
        {
            Message = "the envelope holds something else than a statement",
            Expected = Statement.PayloadType,
            Actual = envelope.PayloadType,
            Clause = "in-toto Envelope v1, payloadType",
        };

    private static VerificationReport? CheckMaterial(Bundle bundle, CheckList checks)
    {
        if (bundle.Material.PublicKeyHint is null)
        {
            return checks.Fail(
                new Check(Material, CheckOutcome.Failed, FailureCode.UnsupportedMaterial)
                {
                    Message = "the bundle was signed with a certificate, and only keys are trusted",
                    Expected = "publicKey",
                    Actual = "certificate",
                    Hint =
                        "a certificate proves nothing until its issuer is trusted; ask the signer for a signature by one of the trusted keys",
                }
            );
        }
        checks.Pass(Material, bundle.MediaType);
        return null;
    }

    private VerificationReport? CheckKey(Bundle bundle, VerificationKey? key, CheckList checks)
    {
        var hint = bundle.Material.PublicKeyHint!;
        if (key is null)
        {
            var known = _keys.Any(k => KeyHint.Names(hint, k));
            return checks.Fail(
                new Check(
                    Signature,
                    CheckOutcome.Failed,
                    known || hint.Length == 0 ? FailureCode.SignatureInvalid : FailureCode.UntrustedKey
                )
                {
                    Message = known
                        ? "the signature does not verify, though the bundle names a trusted key: the content or the bundle was changed"
                        : "no trusted key made the signature",
                    Expected = string.Join(" or ", _keys.Select(k => $"a signature by {k.Algorithm} key {k.Fingerprint}")),
                    Actual =
                        known ? "a signature that does not verify with it"
                        : hint.Length == 0 ? "a signature by an unnamed key"
                        : $"the bundle's hint is '{hint}'",
                    Clause = "DSSE v1.0.2, protocol, \"Verifying\"",
                    Hint = known ? "compare the artifact with the one that was signed" : "is this the signer's current key?",
                }
            );
        }
        checks.Pass(Signature, $"{key.Algorithm} key {key.Fingerprint}");
        if (hint.Length == 0)
        {
            checks.NotRequired(Hint, "the bundle has no hint");
        }
        else if (KeyHint.Names(hint, key))
        {
            checks.Pass(Hint);
        }
        else
        {
            return checks.Fail(
                new Check(Hint, CheckOutcome.Failed, FailureCode.KeyHintMismatch)
                {
                    Message = "the bundle names another key than the one that signed it: it was changed after signing",
                    Expected = $"{KeyHint.ForSigstore(key)} or {KeyHint.ForModel(key)}",
                    Actual = hint,
                }
            );
        }
        return null;
    }

    private static VerificationReport? CheckSubject(Statement statement, DigestSet subject, CheckList checks)
    {
        ArgumentNullException.ThrowIfNull(subject);
        if (statement.Subjects.Any(s => s.Digest!.Contains(subject)))
        {
            checks.Pass(Subject, subject.ToString());
            return null;
        }
        var contentsOnly =
            subject[DigestSet.DirHash] is not null
            && statement.Subjects.Any(s => s.Digest![DigestSet.DirHash] is null && s.Digest!["sha256"] == subject["sha256"]);
        return checks.Fail(
            new Check(Subject, CheckOutcome.Failed, contentsOnly ? FailureCode.NamesNotBound : FailureCode.SubjectMismatch)
            {
                Message = contentsOnly
                    ? "the statement binds the contents of the files but not their names, so files could have changed places"
                    : "the statement is about something else",
                Expected = subject.ToString(),
                Actual = string.Join(" or ", statement.Subjects.Take(4).Select(s => s.Digest!.ToString())),
                Clause = "in-toto Statement v1, subject",
                Hint = contentsOnly ? "attest again with artifact-trust attest, which adds a dirHash digest" : null,
            }
        );
    }
}
