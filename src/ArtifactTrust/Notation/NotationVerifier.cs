using System.Security.Cryptography.X509Certificates;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Notation;

/// <summary>Verifies signatures of the Notary Project by one rule of a trust policy, and by no network.</summary>
/// <remarks>
/// Spec: Notary Project, "Signature Verification". All checks are enforced, whatever level the rule has. Whether a certificate was revoked is not asked:
/// a certificate that names a service for it leaves the answer open, see <see cref="SkipRevocation"/>.
/// </remarks>
public sealed class NotationVerifier
{
    private const string CaScheme = "notary.x509";
    private const string AuthorityScheme = "notary.x509.signingAuthority";

    private static readonly string[] Plan =
    [
        "notation.policy",
        "notation.attributes",
        "notation.signature",
        "notation.subject",
        "notation.annotations",
        "notation.certificates",
        "notation.trust",
        "notation.identity",
        "notation.expiry",
        "notation.time",
        "notation.revocation",
    ];

    private readonly NotationTrustRule _rule;
    private readonly TimeProvider _time;
    private readonly IReadOnlyList<(string Store, Certificate Certificate)> _anchors;
    private readonly IReadOnlyList<X509Certificate2> _stampers;

    /// <summary>A verifier by one rule, with the certificates of its stores as they are now.</summary>
    /// <param name="rule">The rule for the repository.</param>
    /// <param name="store">The certificates.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="MalformedDataException">A store that the rule names is not there, or cannot be used.</exception>
    /// <exception cref="IOException">A file of it cannot be read.</exception>
    public NotationVerifier(NotationTrustRule rule, NotationTrustStore store, TimeProvider time)
        : this(
            rule ?? throw new ArgumentNullException(nameof(rule)),
            (store ?? throw new ArgumentNullException(nameof(store))).Read,
            time ?? throw new ArgumentNullException(nameof(time))
        ) { }

    internal NotationVerifier(NotationTrustRule rule, Func<string, string, IReadOnlyList<X509Certificate2>> readStore, TimeProvider time)
    {
        (_rule, _time) = (rule, time);
        var read = rule.Stores.Select(s => (s.Type, s.Name, Certificates: readStore(s.Type, s.Name))).ToList();
        _stampers = [.. read.Where(s => s.Type == "tsa").SelectMany(s => s.Certificates)];
        _anchors =
        [
            .. read.Where(s => s.Type != "tsa")
                .SelectMany(s => s.Certificates.Select(c => ($"{s.Type}:{s.Name}", Certificate.Read(c.RawData, $"{s.Type}:{s.Name}")))),
        ];
    }

    /// <summary>Whether a certificate that names a revocation service passes without that service being asked.</summary>
    public bool SkipRevocation { get; init; }

    /// <summary>What signers have to say of the manifest; nothing where empty.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    /// <summary>Verifies one signature of a manifest.</summary>
    /// <param name="signature">The signature.</param>
    /// <param name="mediaType">The manifest's media type.</param>
    /// <param name="digest">The manifest's digest, computed by the caller.</param>
    /// <param name="size">The manifest's size, in bytes.</param>
    public NotationReport Verify(NotationSignature signature, string mediaType, Digest digest, long size)
    {
        ArgumentNullException.ThrowIfNull(signature);
        ArgumentNullException.ThrowIfNull(mediaType);
        ArgumentNullException.ThrowIfNull(digest);
        var run = new Run(this, signature, new CheckList(Plan));
        return run.Policy()
            ?? run.Attributes()
            ?? run.Signature()
            ?? run.Subject(mediaType, digest, size)
            ?? run.Certificates()
            ?? run.Identity()
            ?? run.Times()
            ?? run.Revocation()
            ?? run.Verified();
    }

    /// <summary>One verification: each step gives the report where it fails, else null.</summary>
    private sealed class Run(NotationVerifier verifier, NotationSignature signature, CheckList checks)
    {
        private readonly Envelope _envelope = signature.Envelope;
        private readonly DateTimeOffset _now = verifier._time.GetUtcNow();
        private readonly List<DateTimeOffset> _times = [];
        private IReadOnlyList<Certificate> _stamperChain = [];
        private SignedPayload? _payload;

        private NotationTrustRule Rule => verifier._rule;

        internal NotationReport? Policy()
        {
            if (Rule.Level == "skip")
            {
                return Fail(
                    "notation.policy",
                    FailureCode.UnsupportedMaterial,
                    $"the rule '{Rule.Name}' says to skip verification, and what is not verified is not vouched for",
                    hint: "give the rule the level strict, a trust store and identities"
                );
            }
            checks.Pass(
                "notation.policy",
                $"rule '{Rule.Name}'{(Rule.IsMilder ? $"; its level {(Rule.Level == "strict" ? "strict with overrides" : Rule.Level)} is not honoured, all checks are enforced" : "")}"
            );
            return null;
        }

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

        internal NotationReport? Certificates()
        {
            if (ChainRules.Problem(signature.Path) is { } problem)
            {
                return Fail("notation.certificates", FailureCode.CertificateInvalid, problem);
            }
            checks.Pass("notation.certificates", $"{signature.Path.Count}, from the signer to a root");
            // Each scheme has a kind of store of its own, so that one authority's word is never taken for another's.
            var type = _envelope.SigningScheme == AuthorityScheme ? "signingAuthority:" : "ca:";
            var anchors = verifier._anchors.Where(a => a.Store.StartsWith(type, StringComparison.Ordinal)).ToList();
            foreach (var certificate in signature.Path.Reverse())
            {
                foreach (var (store, anchor) in anchors)
                {
                    if (anchor.Der.Span.SequenceEqual(certificate.Der.Span))
                    {
                        checks.Pass("notation.trust", $"{anchor.Name} is in {store}");
                        return null;
                    }
                }
            }
            return Fail(
                "notation.trust",
                FailureCode.CertificateInvalid,
                anchors.Count == 0
                    ? $"the rule '{Rule.Name}' has no store of type {type[..^1]}"
                    : "no certificate of the chain is in the stores of the rule",
                string.Join(", ", anchors.Select(a => $"{a.Certificate.Name} in {a.Store}").Distinct()) is { Length: > 0 } known
                    ? known
                    : null,
                $"{signature.Path[^1].Name}, {signature.Certificates[^1].Fingerprint}"
            );
        }

        internal NotationReport? Identity()
        {
            const string name = "notation.identity";
            if (Rule.Identities is not { } identities)
            {
                checks.Pass(name, $"{signature.Path[0].Name}; the rule trusts any holder");
                return null;
            }
            var (subject, problem) = SubjectName.Read(signature.Path[0].Subject);
            if (subject is null || !identities.Any(i => i.IsPartOf(subject)))
            {
                return Fail(
                    name,
                    FailureCode.IdentityMismatch,
                    subject is null
                        ? $"the signer's name cannot be compared: {problem}"
                        : "the signer is none of the trusted identities of the rule",
                    string.Join("; ", identities.Select(i => string.Join(", ", i.Attributes.Select(a => $"{a.Key}={a.Value}")))),
                    signature.Path[0].Name
                );
            }
            checks.Pass(name, signature.Path[0].Name);
            return null;
        }

        internal NotationReport? Times()
        {
            if (_envelope.Expiry is not { } expiry)
            {
                checks.NotRequired("notation.expiry", "the signer set no end");
            }
            else if (_now >= expiry)
            {
                return Fail(
                    "notation.expiry",
                    FailureCode.SignatureExpired,
                    "the signer said to use the artifact until a time that is past",
                    $"before {Rfc3339.Format(expiry)}",
                    Rfc3339.Format(_now),
                    "sign it again, or use a newer artifact"
                );
            }
            else
            {
                checks.Pass("notation.expiry", $"until {Rfc3339.Format(expiry)}");
            }
            if (_envelope.AuthenticSigningTime is { } signed)
            {
                if (ValidityProblem(signed, signed) is { } invalid)
                {
                    return invalid;
                }
                _times.Add(signed);
                checks.Pass("notation.time", $"signed at {Rfc3339.Format(signed)} as its authority says, when all certificates were valid");
                return null;
            }
            var isStamped = verifier._stampers.Count > 0 && (!Rule.TimestampAfterExpiryOnly || signature.Path.Any(c => _now > c.NotAfter));
            return isStamped ? Stamp() : ValidNow();
        }

        internal NotationReport? Revocation()
        {
            const string name = "notation.revocation";
            var open = ChainRules.WithRevocation(signature.Path.Concat(_stamperChain)).Select(c => c.Name).ToList();
            if (open.Count > 0 && !verifier.SkipRevocation)
            {
                return Fail(
                    name,
                    FailureCode.RevocationUnknown,
                    $"revocation was not checked, and it could be: {string.Join("; ", open)} {(open.Count == 1 ? "names" : "name")} an OCSP service or revocation list",
                    hint: "verify with notation, or accept that a revoked certificate is not noticed: --notation-skip-revocation"
                );
            }
            checks.NotRequired(
                name,
                open.Count > 0 ? $"not checked, as asked for: {string.Join("; ", open)}" : "no certificate names a revocation service"
            );
            return null;
        }

        internal NotationReport Verified() => new(checks.Made, new VerifiedNotationSignature(signature, _payload!, Rule, _times));

        private NotationReport? ValidNow()
        {
            if (ValidityProblem(_now, _now) is { } invalid)
            {
                return invalid;
            }
            checks.Pass("notation.time", "all certificates are valid now");
            return null;
        }

        private NotationReport? Stamp()
        {
            const string name = "notation.time";
            if (_envelope.Timestamp is not { } der)
            {
                return Fail(
                    name,
                    FailureCode.UntrustedTime,
                    $"the rule '{Rule.Name}' asks for a time stamp, and the signature has none",
                    hint: "sign with --timestamp-url, or leave tsa: stores out of the rule"
                );
            }
            TimestampByRoots stamp;
            try
            {
                stamp = TimestampToken.Parse(der, "the signature's time stamp").VerifyByRoots(_envelope.Signature.Span, verifier._stampers);
            }
            catch (MalformedDataException e)
            {
                return Fail(name, FailureCode.TimestampInvalid, e.Message);
            }
            if ((stamp.Problem ?? ChainRules.StamperProblem(stamp.Chain)) is { } problem)
            {
                return Fail(name, FailureCode.TimestampInvalid, $"the time stamp: {problem}");
            }
            if (ValidityProblem(stamp.Time - stamp.Accuracy, stamp.Time + stamp.Accuracy) is { } invalid)
            {
                return invalid;
            }
            _times.Add(stamp.Time);
            _stamperChain = stamp.Chain;
            checks.Pass(name, $"stamped at {Rfc3339.Format(stamp.Time)} by {stamp.Chain[0].Name}, when all certificates were valid");
            return null;
        }

        private NotationReport? ValidityProblem(DateTimeOffset earliest, DateTimeOffset latest) =>
            signature.Path.FirstOrDefault(c => earliest < c.NotBefore || latest > c.NotAfter) is { } certificate
                ? Fail(
                    "notation.time",
                    FailureCode.CertificateInvalid,
                    $"{certificate.Name} is not valid at the time that counts",
                    $"from {Rfc3339.Format(certificate.NotBefore)} to {Rfc3339.Format(certificate.NotAfter)}",
                    Rfc3339.Format(earliest),
                    _envelope.Timestamp is null ? "signatures that are to outlive a certificate are time-stamped"
                        : verifier._stampers.Count == 0 ? "the signature has a time stamp, and the rule names no tsa: store to verify it by"
                        : null
                )
                : null;

        private NotationReport Fail(
            string name,
            FailureCode code,
            string message,
            string? expected = null,
            string? actual = null,
            string? hint = null
        ) =>
            new(
                checks.EndedBy(
                    new Check(name, CheckOutcome.Failed, code)
                    {
                        Message = message,
                        Expected = expected,
                        Actual = actual,
                        Clause = "Notary Project",
                        Hint = hint,
                    }
                ),
                null
            );

        private static string Text(IEnumerable<KeyValuePair<string, string>> annotations) =>
            string.Join(", ", annotations.OrderBy(a => a.Key, CodePointOrder.Instance).Select(a => $"{a.Key}={a.Value}"));
    }
}
