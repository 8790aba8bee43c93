using ArtifactTrust.Verification;

namespace ArtifactTrust.Notation;

public sealed partial class NotationVerifier
{
    // Whether the rule trusts who signed.
    private sealed partial class Run
    {
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
    }
}
