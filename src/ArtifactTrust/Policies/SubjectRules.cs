using ArtifactTrust.Attestations.Predicates;

namespace ArtifactTrust.Policies;

/// <summary>What a policy asks of the subjects in one role. It always asks for something.</summary>
public sealed class SubjectRules
{
    internal SubjectRules(
        string role,
        IReadOnlyList<SubjectKind> kinds,
        bool isOptional,
        SignatureRule? signatures,
        IReadOnlyList<AttestationRule> attestations
    )
    {
        Role = role;
        Kinds = kinds;
        IsOptional = isOptional;
        Signatures = signatures;
        Attestations = attestations;
    }

    /// <summary>The role, such as <c>model</c>.</summary>
    public string Role { get; }

    /// <summary>The kinds of subject that may have the role.</summary>
    public IReadOnlyList<SubjectKind> Kinds { get; }

    /// <summary>Whether the gate may be given no subject in this role. One that is given has to satisfy the rules all the same.</summary>
    public bool IsOptional { get; }

    /// <summary>The signatures asked for; null where none are.</summary>
    public SignatureRule? Signatures { get; }

    /// <summary>The attestations asked for, in the order written; each rule has to hold.</summary>
    public IReadOnlyList<AttestationRule> Attestations { get; }
}

/// <summary>So many of these identities have to have signed the subject.</summary>
public sealed class SignatureRule
{
    internal SignatureRule(IReadOnlyList<PolicyIdentity> from, int atLeast, IReadOnlyDictionary<string, string> annotations)
    {
        From = from;
        AtLeast = atLeast;
        Annotations = annotations;
    }

    /// <summary>What each signature that counts has to say of the subject, name by name; mostly nothing.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; }

    /// <summary>The identities that count.</summary>
    public IReadOnlyList<PolicyIdentity> From { get; }

    /// <summary>How many different ones of them are needed; at least 1, at most all.</summary>
    public int AtLeast { get; }
}

/// <summary>So many of these identities have to have attested something of one type, and what they say has to meet the constraints.</summary>
public sealed class AttestationRule
{
    internal AttestationRule(
        PredicateType type,
        IReadOnlyList<PolicyIdentity> from,
        int atLeast,
        IReadOnlyList<AttestationConstraint> constraints
    )
    {
        Type = type;
        From = from;
        AtLeast = atLeast;
        Constraints = constraints;
    }

    /// <summary>The predicate type.</summary>
    public PredicateType Type { get; }

    /// <summary>The identities that count.</summary>
    public IReadOnlyList<PolicyIdentity> From { get; }

    /// <summary>How many different ones of them are needed; at least 1, at most all.</summary>
    public int AtLeast { get; }

    /// <summary>What each attestation that counts has to say, in the order checked.</summary>
    public IReadOnlyList<AttestationConstraint> Constraints { get; }
}
