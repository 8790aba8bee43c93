using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Policies;

/// <summary>One piece of evidence of one subject, with what can be said of it before any rule is looked at.</summary>
internal sealed class Candidate
{
    private readonly Lazy<(Predicate? Predicate, MalformedDataException? Error)> _reading;

    private Candidate(SignedEvidence evidence, PolicyIdentity? signer, RejectedEvidence? rejection)
    {
        Evidence = evidence;
        Signer = signer;
        Rejection = rejection;
        _reading = new(ReadPredicate);
    }

    internal SignedEvidence Evidence { get; }

    internal PolicyIdentity? Signer { get; }

    /// <summary>Why it counts for no rule at all; null where it may count.</summary>
    internal RejectedEvidence? Rejection { get; }

    internal string? PredicateType => Evidence.Statement?.PredicateType;

    /// <summary>What an attestation says; null where its predicate is malformed.</summary>
    internal Predicate? Predicate => _reading.Value.Predicate;

    /// <summary>When what it says happened; null where it does not say, or cannot be read.</summary>
    internal DateTimeOffset? Time => Predicate?.Time;

    /// <summary>Checks that the evidence is about the subject, and that a key of the policy which counts now signed it, or a certificate of one of its identities.</summary>
    internal static Candidate Create(SignedEvidence evidence, DigestSet subject, DateTimeOffset now)
    {
        var found = evidence.Signers;
        var known = found.Count == 1;
        var signer = known ? found[0] : default;
        var by = evidence.Holder ?? evidence.Key?.ToString();
        // Both ways: evidence that binds fewer digests of a directory than were computed does not bind its file names.
        if (!subject.Contains(evidence.Subject) || !evidence.Subject.Contains(subject))
        {
            return Rejected(DenialCode.SubjectMismatch, "it was verified for another subject", evidence.Subject.ToString());
        }
        if (found.Count > 1)
        {
            // One signature must not count for two people.
            return Rejected(
                DenialCode.AmbiguousSigner,
                $"its certificate is of several identities: {string.Join(", ", found.Select(f => $"'{f.Identity.Name}'"))}",
                by,
                "narrow their conditions in the policy, so that a certificate is of one identity"
            );
        }
        if (!known)
        {
            return Rejected(
                DenialCode.UnknownSigner,
                evidence.Key is not null
                    ? "no identity of the policy has the key that signed it"
                    : "no identity of the policy has the certificate that signed it",
                by
            );
        }
        if (signer.Key is not { } key)
        {
            return new Candidate(evidence, signer.Identity, null);
        }
        if (now < key.NotBefore)
        {
            return Rejected(
                DenialCode.KeyNotYetValid,
                $"the key of '{signer.Identity.Name}' that signed it counts from {Rfc3339.Format(key.NotBefore.Value)} on",
                by
            );
        }
        if (now >= key.NotAfter)
        {
            return Rejected(
                DenialCode.KeyExpired,
                $"the key of '{signer.Identity.Name}' that signed it counted until {Rfc3339.Format(key.NotAfter.Value)}",
                by,
                "sign again with a key that counts now"
            );
        }
        return new Candidate(evidence, signer.Identity, null);

        Candidate Rejected(DenialCode code, string message, string? actual, string? hint = null)
        {
            var identity = known ? signer.Identity : null;
            return new Candidate(
                evidence,
                identity,
                new RejectedEvidence(evidence.Digest, identity?.Name, code, message) { Actual = actual, Hint = hint }
            );
        }
    }

    /// <summary>Why an attestation cannot count, whatever its constraints; null where it can.</summary>
    internal RejectedEvidence? Fault(DateTimeOffset now)
    {
        if (_reading.Value.Error is { } error)
        {
            return Reject(DenialCode.MalformedPredicate, $"its predicate is malformed at {error.Location}: {error.Reason}");
        }
        return Time > now + PolicyEvaluator.ClockSkew
            ? Reject(
                DenialCode.TimeInFuture,
                "it says it was made in the future",
                Rfc3339.Format(Time.Value),
                "check the clocks of the signer and of this machine"
            )
            : null;
    }

    internal RejectedEvidence Reject(DenialCode code, string message, string? actual = null, string? hint = null) =>
        new(Evidence.Digest, Signer?.Name, code, message) { Actual = actual, Hint = hint };

    private (Predicate?, MalformedDataException?) ReadPredicate()
    {
        try
        {
            return Evidence.Statement is { } statement
                ? (Predicate.Parse(statement.PredicateType, statement.Predicate), null)
                : (null, new MalformedDataException("attestation", "$", "it has no statement"));
        }
        catch (MalformedDataException e)
        {
            return (null, e);
        }
    }
}
