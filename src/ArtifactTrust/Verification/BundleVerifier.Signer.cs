using ArtifactTrust.Bundles;
using ArtifactTrust.Keys;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Verification;

public sealed partial class BundleVerifier
{
    /// <summary>Whether the signature is the key's over the content.</summary>
    private delegate bool SignatureTest(VerificationKey key, ReadOnlySpan<byte> signature);

    /// <summary>The checks that a bundle of this kind gets, in their order.</summary>
    private CheckList Plan(Bundle bundle, params IEnumerable<string> further) =>
        new([
            Material,
            .. _sigstore is null ? [] : SigstoreVerifier.Plan,
            Signature,
            .. bundle.Material.PublicKeyHint is null && _sigstore is not null ? [SigstoreVerifier.Identity] : Array.Empty<string>(),
            .. further,
        ]);

    private (Signer? Signer, VerificationReport? Rejected) FindSigner(
        Bundle bundle,
        ArtifactDigest artifact,
        SignatureTest isValid,
        ReadOnlyMemory<byte> signature,
        CheckList checks
    ) =>
        bundle.Material.PublicKeyHint is null
            ? FindHolder(bundle, artifact, isValid, signature, checks)
            : FindKey(bundle, artifact, isValid, signature, checks);

    /// <summary>The holder of the bundle's certificate.</summary>
    private (Signer? Signer, VerificationReport? Rejected) FindHolder(
        Bundle bundle,
        ArtifactDigest artifact,
        SignatureTest isValid,
        ReadOnlyMemory<byte> signature,
        CheckList checks
    )
    {
        var (provenance, rejected) = _sigstore!.VerifyCertificate(bundle, artifact, checks);
        if (rejected is not null)
        {
            return (null, rejected);
        }
        if (provenance!.Keys.FirstOrDefault(k => isValid(k.Key, signature.Span)) is not { } key)
        {
            return (null, checks.Fail(NotByCertificate(provenance.Keys[0].Key)));
        }
        checks.Pass(Signature, $"{key.Key.Algorithm} key {key.Key.Fingerprint}");
        var identity = provenance.Identity!;
        var isNamed = identity.Issuer is null && provenance.Names.Any(_trust!.Subjects.Contains);
        if (!isNamed && !_trust!.IsForModels && !_trust.Identities.Any(r => r.Accepts(identity)))
        {
            return (
                null,
                checks.Fail(
                    new Check(SigstoreVerifier.Identity, CheckOutcome.Failed, FailureCode.IdentityMismatch)
                    {
                        Message = "the certificate is of somebody else",
                        Expected = string.Join(" or ", [.. _trust.Identities.Select(r => r.ToString()), .. _trust.Subjects]),
                        Actual =
                            identity.Names.Count == 0
                                ? string.Join(", ", provenance.Names)
                                : IdentityRule.Describe(identity, _trust.Identities),
                        Clause = "Sigstore client specification, Verification, \"Certificate\"",
                        Hint = "is this the identity that signs here? Compare name and issuer letter by letter",
                    }
                )
            );
        }
        checks.Pass(
            SigstoreVerifier.Identity,
            (isNamed || !_trust!.IsForModels ? "" : "any holder; ")
                + (identity.Names.Count > 0 ? identity.ToString() : string.Join(", ", provenance.Names))
        );
        checks.NotRequired(Hint, "a certificate signed");
        return (new Signer(key.Key, identity, provenance.Times, provenance.Names), null);
    }

    /// <summary>The managed key that signed.</summary>
    private (Signer? Signer, VerificationReport? Rejected) FindKey(
        Bundle bundle,
        ArtifactDigest artifact,
        SignatureTest isValid,
        ReadOnlyMemory<byte> signature,
        CheckList checks
    )
    {
        IReadOnlyList<SignerKey> candidates = [.. _keys.SelectMany(SignerKey.Of)];
        IReadOnlyList<DateTimeOffset> times = [];
        if (_sigstore is null)
        {
            checks.Pass(Material, bundle.MediaType);
        }
        else
        {
            var (provenance, rejected) = _sigstore.VerifyManagedKey(bundle, candidates, artifact, checks);
            if (rejected is not null)
            {
                return (null, rejected);
            }
            (candidates, times) = (provenance!.Keys, provenance.Times);
        }
        var key = candidates.FirstOrDefault(k => isValid(k.Key, signature.Span))?.Key;
        return CheckKey(bundle, key, checks) is { } failed ? (null, failed) : (new Signer(key!, null, times, []), null);
    }

    /// <summary>Why nothing that is trusted here could verify the bundle, or null.</summary>
    private Check? CheckSupported(Bundle bundle) =>
        bundle.Material.PublicKeyHint is null
            ? _trust is { HasSigners: true }
                ? null
                : OnlyKeys()
            : _keys.Count == 0
                ? OnlyCertificates()
                : null;

    private static Check OnlyKeys() =>
        new(Material, CheckOutcome.Failed, FailureCode.UnsupportedMaterial)
        {
            Message = "the bundle was signed with a certificate, and only keys are trusted",
            Expected = "publicKey",
            Actual = "certificate",
            Clause = "sigstore_bundle.proto, VerificationMaterial, content",
            Hint = "a certificate proves nothing until its issuer is trusted; ask the signer for a signature by one of the trusted keys",
        };

    private static Check OnlyCertificates() =>
        new(Material, CheckOutcome.Failed, FailureCode.UnsupportedMaterial)
        {
            Message = "the bundle was signed with a managed key, and only certificates are trusted",
            Expected = "certificate",
            Actual = "publicKey",
            Clause = "sigstore_bundle.proto, VerificationMaterial, content",
            Hint = "give the signer's public key",
        };

    private static Check NotByCertificate(VerificationKey key) =>
        new(Signature, CheckOutcome.Failed, FailureCode.SignatureInvalid)
        {
            Message = "the signature is not by the key of the certificate: the content or the bundle was changed",
            Expected = $"a signature by {key.Algorithm} key {key.Fingerprint}",
            Actual = "one that does not verify",
            Clause = "Sigstore client specification, Verification, \"Signature\"",
            Hint = "compare the artifact with the one that was signed",
        };

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
                    Clause = "sigstore_common.proto, PublicKeyIdentifier; OMS 1.0, \"Key method\"",
                }
            );
        }
        return null;
    }
}
