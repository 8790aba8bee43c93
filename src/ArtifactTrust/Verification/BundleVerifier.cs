using ArtifactTrust.Attestations;
using ArtifactTrust.Bundles;
using ArtifactTrust.Envelopes;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Verification;

/// <summary>Says who signed a bundle, and over what. Built once for what is trusted; safe to use from several threads.</summary>
/// <remarks>
/// With keys alone, logs and times are not looked at. With a Sigstore instance, bundles by certificates are verified too, and every bundle,
/// also one by a managed key, must be in as many logs as the instance's trust asks for.
/// </remarks>
public sealed partial class BundleVerifier
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

    private readonly IReadOnlyList<VerificationKey> _keys;
    private readonly SigstoreTrust? _trust;
    private readonly SigstoreVerifier? _sigstore;

    /// <summary>A verifier that trusts keys, and the signers of a Sigstore instance.</summary>
    /// <param name="keys">The keys that are trusted; the bundle's hint does not choose among them.</param>
    /// <param name="sigstore">The instance and its signers, or null.</param>
    /// <exception cref="ArgumentException">There is neither a key nor a signer.</exception>
    public BundleVerifier(IReadOnlyList<VerificationKey> keys, SigstoreTrust? sigstore = null)
    {
        ArgumentNullException.ThrowIfNull(keys);
        if (keys.Count == 0 && sigstore is not { HasSigners: true })
        {
            throw new ArgumentException("at least one trusted key or signer is needed", nameof(keys));
        }
        _keys = keys;
        _trust = sigstore;
        _sigstore = sigstore is null ? null : new SigstoreVerifier(sigstore);
    }

    /// <summary>Verifies a signature over a file's bytes.</summary>
    /// <exception cref="IOException">The file cannot be read, or changed meanwhile.</exception>
    public VerificationReport VerifyMessage(Bundle bundle, ArtifactFile file, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        var report = VerifyMessage(
            bundle,
            file.Digest,
            (key, signature) =>
                key.Algorithm.PreHash is { } preHash
                    ? key.VerifyDigest(file.Digest(preHash), signature)
                    : key.VerifyFile(file.Handle, signature, cancellation: cancellation)
        );
        file.CheckUnchanged();
        return report;
    }

    /// <summary>Verifies a signature over bytes of which only the digest is known.</summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="artifact">The digest. Keys that sign digests of another function, or no digests at all, are of no use then.</param>
    public VerificationReport VerifyMessage(Bundle bundle, Digest artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        return VerifyMessage(
            bundle,
            algorithm => algorithm == artifact.Algorithm ? artifact : null,
            (key, signature) => key.Algorithm.PreHash == artifact.Algorithm && key.VerifyDigest(artifact, signature)
        );
    }

    private VerificationReport VerifyMessage(Bundle bundle, ArtifactDigest artifact, SignatureTest isValid)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        var checks = Plan(bundle, Hint, MessageDigest);
        if (CheckSupported(bundle) is { } unsupported)
        {
            return checks.Fail(unsupported);
        }
        if (bundle.Message is not { } message)
        {
            checks.Pass(Material, bundle.MediaType);
            return checks.Fail(
                new Check(Signature, CheckOutcome.Failed, FailureCode.PayloadTypeMismatch)
                {
                    Message = "the bundle holds an envelope, not a signature of a file",
                    Expected = "messageSignature",
                    Actual = "dsseEnvelope",
                    Clause = "sigstore_bundle.proto, Bundle, content",
                    Hint = "an attestation is no signature; is this the .attestations.jsonl of the file?",
                }
            );
        }
        var (signer, rejected) = FindSigner(bundle, artifact, isValid, message.Signature, checks);
        if (rejected is not null)
        {
            return rejected;
        }
        if (message.MessageDigest is null)
        {
            checks.NotRequired(MessageDigest, "the bundle has no digest of the message");
        }
        else if (artifact(message.MessageDigest.Algorithm) is not { } actual)
        {
            return checks.Fail(
                new Check(MessageDigest, CheckOutcome.Failed, FailureCode.MessageDigestMismatch)
                {
                    Message = "the bundle has a digest that cannot be compared with the one given",
                    Expected = message.MessageDigest.Algorithm.Name,
                    Actual = "another digest of the artifact",
                    Clause = "Sigstore client specification, Verification, step 9",
                    Hint = "give the artifact itself",
                }
            );
        }
        else if (message.MessageDigest.Equals(actual))
        {
            checks.Pass(MessageDigest);
        }
        else
        {
            return checks.Fail(
                new Check(MessageDigest, CheckOutcome.Failed, FailureCode.MessageDigestMismatch)
                {
                    Message = "the digest in the bundle is not the file's",
                    Expected = actual.ToString(),
                    Actual = message.MessageDigest.ToString(),
                    Clause = "Sigstore client specification, Verification, step 9",
                }
            );
        }
        var subject = new DigestSet(DigestAlgorithm.All.Select(artifact.Invoke).First(d => d is not null)!);
        return checks.Verified(EvidenceKind.Signature, signer!, subject, null, bundle);
    }

    /// <summary>Verifies an attestation about a subject.</summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="subject">The subject's digests; one subject of the statement must have all of them.</param>
    /// <param name="predicateType">The type of predicate asked for; any but those of signatures where null.</param>
    public VerificationReport VerifyAttestation(Bundle bundle, DigestSet subject, string? predicateType = null)
    {
        var (checks, statement, signer, rejected) = VerifyStatement(bundle);
        if (rejected is not null)
        {
            return rejected;
        }
        if (IsSignature(statement!.PredicateType) || (predicateType is not null && statement.PredicateType != predicateType))
        {
            return checks.Fail(WrongType(predicateType ?? "an attestation", statement.PredicateType));
        }
        checks.Pass(PredicateType, statement.PredicateType);
        return CheckSubject(statement, subject, checks) ?? checks.Verified(EvidenceKind.Attestation, signer!, subject, statement, bundle);
    }

    /// <summary>Verifies the signature of an OCI image or artifact, as cosign 3 writes it.</summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="manifest">The digest of the manifest.</param>
    public VerificationReport VerifyImageSignature(Bundle bundle, Digest manifest)
    {
        var subject = new DigestSet(manifest);
        var (checks, statement, signer, rejected) = VerifyStatement(bundle);
        if (rejected is not null)
        {
            return rejected;
        }
        if (statement!.PredicateType != ImageSignatureType)
        {
            return checks.Fail(WrongType(ImageSignatureType, statement.PredicateType));
        }
        checks.Pass(PredicateType, statement.PredicateType);
        return CheckSubject(statement, subject, checks) ?? checks.Verified(EvidenceKind.Signature, signer!, subject, statement, bundle);
    }

    /// <summary>Whether statements of the type are signatures, which never count as attestations.</summary>
    public static bool IsSignature(string predicateType) => predicateType == ImageSignatureType || ModelVerifier.IsModel(predicateType);

    /// <summary>The checks up to the statement; what they are of is for the caller to check.</summary>
    internal (CheckList Checks, Statement? Statement, Signer? Signer, VerificationReport? Rejected) VerifyStatement(
        Bundle bundle,
        params string[] further
    ) => VerifyStatement(bundle, IsOverEnvelope, further);

    /// <summary>Whether a signature is the key's over an envelope. A digest is computed over it as it is; other keys take it whole.</summary>
    private static bool IsOverEnvelope(DsseEnvelope envelope, VerificationKey key, ReadOnlySpan<byte> signature) =>
        key.Algorithm.PreHash is { } preHash
            ? key.VerifyDigest(envelope.PreAuthenticationDigest(preHash), signature)
            : key.Verify(envelope.PreAuthenticationEncoding(), signature);

    /// <summary>Whether a signature is the key's over what an envelope stands for.</summary>
    internal delegate bool EnvelopeTest(DsseEnvelope envelope, VerificationKey key, ReadOnlySpan<byte> signature);

    /// <summary>The same, for envelopes whose signature is over another encoding, or by another algorithm of the key.</summary>
    internal (CheckList Checks, Statement? Statement, Signer? Signer, VerificationReport? Rejected) VerifyStatement(
        Bundle bundle,
        EnvelopeTest isValid,
        params string[] further
    )
    {
        ArgumentNullException.ThrowIfNull(bundle);
        var checks = Plan(bundle, [Hint, PayloadType, StatementCheck, PredicateType, Subject, .. further]);
        if (CheckSupported(bundle) is { } unsupported)
        {
            return (checks, null, null, checks.Fail(unsupported));
        }
        if (bundle.Envelope is not { } envelope)
        {
            checks.Pass(Material, bundle.MediaType);
            return (checks, null, null, checks.Fail(NoEnvelope()));
        }
        var (signer, rejected) = FindSigner(
            bundle,
            static _ => null,
            (key, signature) => isValid(envelope, key, signature),
            envelope.Signatures[0].Value,
            checks
        );
        if (rejected is not null)
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
            return (checks, statement, signer, null);
        }
        catch (MalformedDataException e)
        {
            return (checks, null, null, checks.Fail(Malformed(StatementCheck, FailureCode.MalformedEvidence, e)));
        }
    }

    internal static Check Malformed(string name, FailureCode code, MalformedDataException e) =>
        new(name, CheckOutcome.Failed, code)
        {
            Message = e.Message,
            Expected = $"a well-formed {e.Format}",
            Actual = $"{e.Location}: {e.Reason}",
            Clause = name == StatementCheck ? "in-toto Statement v1" : "Sigstore bundle v0.1 to v0.3; RFC 5280 §4.1; RFC 6962 §3.3",
        };

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
            Clause = "sigstore_bundle.proto, Bundle, content",
        };

    private static Check WrongPayload(DsseEnvelope envelope) =>
        new(PayloadType, CheckOutcome.Failed, FailureCode.PayloadTypeMismatch)
        {
            Message = "the envelope holds something else than a statement",
            Expected = Statement.PayloadType,
            Actual = envelope.PayloadType,
            Clause = "in-toto Envelope v1, payloadType",
        };

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
