namespace ArtifactTrust.Policies;

/// <summary>Why a rule does not hold. Ordered by how specific the reason is: of several the highest is shown first.</summary>
public enum DenialCode
{
    /// <summary>The rule holds.</summary>
    None,

    /// <summary>A later attestation by the same identity counts instead.</summary>
    Superseded,

    /// <summary>There is no evidence of the kind asked for.</summary>
    NoEvidence,

    /// <summary>No subject was given in a role that needs one, or none at all.</summary>
    SubjectMissing,

    /// <summary>The policy has no such role.</summary>
    UnknownRole,

    /// <summary>The role does not take subjects of this kind.</summary>
    WrongKind,

    /// <summary>The policy's own last day is over.</summary>
    PolicyExpired,

    /// <summary>The policy knows no identity with the key.</summary>
    UnknownSigner,

    /// <summary>The signer is known, but the rule does not name it.</summary>
    SignerNotAccepted,

    /// <summary>The certificate that signed is of several identities of the policy.</summary>
    AmbiguousSigner,

    /// <summary>The evidence was verified for other digests than the subject's.</summary>
    SubjectMismatch,

    /// <summary>The key does not count yet.</summary>
    KeyNotYetValid,

    /// <summary>The key no longer counts.</summary>
    KeyExpired,

    /// <summary>The signer does not say of the subject what the rule asks for.</summary>
    AnnotationMismatch,

    /// <summary>Fewer identities than needed have evidence that counts.</summary>
    TooFewSigners,

    /// <summary>The predicate breaks its own specification.</summary>
    MalformedPredicate,

    /// <summary>The scanner's report is of a form that is not read here.</summary>
    ReportNotReadable,

    /// <summary>The evidence does not say when it was made.</summary>
    TimeMissing,

    /// <summary>The evidence says it was made in the future.</summary>
    TimeInFuture,

    /// <summary>The evidence is older than the policy allows.</summary>
    TooOld,

    /// <summary>Another build platform.</summary>
    BuilderMismatch,

    /// <summary>Another build type.</summary>
    BuildTypeMismatch,

    /// <summary>Built from none of the sources.</summary>
    SourceMismatch,

    /// <summary>Built from something that the policy does not allow.</summary>
    DependencyNotAllowed,

    /// <summary>Another verifier.</summary>
    VerifierMismatch,

    /// <summary>A verdict for another resource.</summary>
    ResourceMismatch,

    /// <summary>A level that was not verified.</summary>
    LevelMissing,

    /// <summary>Tests or a verification that did not end well.</summary>
    VerdictNotAccepted,

    /// <summary>A finding above the severity allowed.</summary>
    SeverityExceeded,

    /// <summary>Another scanner, or one that the scan does not name by its digest.</summary>
    ScannerMismatch,
}
