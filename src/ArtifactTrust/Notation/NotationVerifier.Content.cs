using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Notation;

public sealed partial class NotationVerifier
{
    // What the envelope says, that it is signed, and what it is about.
    private sealed partial class Run
    {
        internal NotationReport? Attributes()
        {
            const string name = "notation.attributes";
            var isAuthority = _envelope.SigningScheme == AuthorityScheme;
            if (!isAuthority && _envelope.SigningScheme != CaScheme)
            {
                return Fail(
                    name,
                    FailureCode.UnsupportedMaterial,
                    "the signing scheme is not known",
                    $"{CaScheme} or {AuthorityScheme}",
                    _envelope.SigningScheme
                );
            }
            if (_envelope.ContentType != SignedPayload.Type)
            {
                return Fail(
                    name,
                    FailureCode.PayloadTypeMismatch,
                    "the payload is of another type",
                    SignedPayload.Type,
                    _envelope.ContentType
                );
            }
            string[] plugin = [Envelope.PluginName, Envelope.PluginVersionName];
            if (plugin.FirstOrDefault(p => _envelope.Names.Contains(p) || _envelope.Critical.Contains(p)) is { } asked)
            {
                return Fail(
                    name,
                    FailureCode.UnsupportedMaterial,
                    $"the signer asks for a verification plugin ({asked}), and none is run here",
                    hint: "verify it with notation and that plugin"
                );
            }
            string[] critical = isAuthority
                ? [Envelope.Scheme, Envelope.AuthenticTimeName, Envelope.ExpiryName]
                : [Envelope.Scheme, Envelope.ExpiryName];
            if (_envelope.Critical.FirstOrDefault(c => !critical.Contains(c)) is { } unknown)
            {
                return Fail(
                    name,
                    FailureCode.UnsupportedMaterial,
                    $"the critical header '{unknown}' is not known for {_envelope.SigningScheme}"
                );
            }
            var problem =
                _envelope.Critical.Distinct().Count() != _envelope.Critical.Count ? "a critical header is listed twice"
                : _envelope.Critical.FirstOrDefault(c => !_envelope.Names.Contains(c)) is { } absent
                    ? $"the critical header '{absent}' is not there"
                : critical.FirstOrDefault(c => _envelope.Names.Contains(c) && !_envelope.Critical.Contains(c)) is { } mild
                    ? $"the header '{mild}' is not listed as critical"
                : isAuthority != _envelope.AuthenticSigningTime is not null || isAuthority == _envelope.SigningTime is not null
                    ? $"{(isAuthority ? Envelope.AuthenticTimeName : Envelope.SigningTimeName)}, and no other time, is required for {_envelope.SigningScheme}"
                : _envelope.Expiry <= signature.SigningTime ? "it expires before it was signed"
                : null;
            if (problem is not null)
            {
                return Fail(name, FailureCode.MalformedEvidence, problem);
            }
            checks.Pass(name, $"{_envelope.SigningScheme}, signed at {Rfc3339.Format(signature.SigningTime!.Value)} as the signer says");
            return null;
        }

        internal NotationReport? Signature()
        {
            const string name = "notation.signature";
            VerificationKey key;
            try
            {
                key = VerificationKey.FromSubjectPublicKeyInfo(signature.Path[0].SubjectPublicKeyInfo.Span);
            }
            catch (MalformedDataException e)
            {
                return Fail(name, FailureCode.CertificateInvalid, $"the signer's key: {e.Reason}");
            }
            using (key)
            {
                if (SignerAlgorithm.Of(key) is not { } algorithm)
                {
                    return Fail(
                        name,
                        FailureCode.UnsupportedMaterial,
                        "the signer's key is none of RSA with 2048, 3072 or 4096 bits, P-256, P-384 and P-521"
                    );
                }
                if (algorithm.Name != _envelope.Algorithm)
                {
                    return Fail(
                        name,
                        FailureCode.SignatureInvalid,
                        "the signer's key is of another algorithm than the envelope says",
                        algorithm.Name,
                        _envelope.Algorithm
                    );
                }
                if (!algorithm.Verify(key, _envelope.Signed.Span, _envelope.Signature.Span))
                {
                    return Fail(name, FailureCode.SignatureInvalid, "the signature is not by the key of the first certificate");
                }
                checks.Pass(name, $"{algorithm.Name} by {signature.Path[0].Name}");
                return null;
            }
        }

        internal NotationReport? Subject(string mediaType, Digest digest, long size)
        {
            const string name = "notation.subject";
            try
            {
                _payload = SignedPayload.Parse(_envelope.Payload);
            }
            catch (MalformedDataException e)
            {
                return Fail(name, FailureCode.MalformedEvidence, e.Message);
            }
            if (!_payload.Digest.Equals(digest) || _payload.MediaType != mediaType || _payload.Size != size)
            {
                return Fail(
                    name,
                    FailureCode.SubjectMismatch,
                    "the signature is for another manifest",
                    $"{digest}, {mediaType}, {size} bytes",
                    $"{_payload.Digest}, {_payload.MediaType}, {_payload.Size} bytes",
                    "a signature of another image may have been put beside this one"
                );
            }
            checks.Pass(name, digest.ToString());
            if (verifier.Annotations.Count == 0)
            {
                checks.NotRequired("notation.annotations", "none are asked for");
                return null;
            }
            var missing = verifier.Annotations.Where(r => _payload.Annotations.GetValueOrDefault(r.Key) != r.Value).ToList();
            if (missing.Count > 0)
            {
                return Fail(
                    "notation.annotations",
                    FailureCode.AnnotationMismatch,
                    "the signer does not say of the subject what is asked for",
                    Text(missing),
                    _payload.Annotations.Count == 0 ? "no annotations" : Text(_payload.Annotations)
                );
            }
            checks.Pass("notation.annotations", Text(verifier.Annotations));
            return null;
        }

        private static string Text(IEnumerable<KeyValuePair<string, string>> annotations) =>
            string.Join(", ", annotations.OrderBy(a => a.Key, CodePointOrder.Instance).Select(a => $"{a.Key}={a.Value}"));
    }
}
