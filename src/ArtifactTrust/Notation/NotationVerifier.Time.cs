using ArtifactTrust.Formats;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Notation;

public sealed partial class NotationVerifier
{
    // When it was signed, and whether that counts.
    private sealed partial class Run
    {
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
    }
}
