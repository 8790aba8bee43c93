namespace ArtifactTrust.Verification;

/// <summary>Why a check failed. Ordered by how specific the reason is: of several candidates the highest is shown first.</summary>
public enum FailureCode
{
    /// <summary>The check did not fail.</summary>
    None,

    /// <summary>There is no evidence at all.</summary>
    NoEvidence,

    /// <summary>The evidence cannot be read.</summary>
    MalformedEvidence,

    /// <summary>The bundle needs a kind of trust (a certificate, a log) that the caller did not give.</summary>
    UnsupportedMaterial,

    /// <summary>No trusted key made the signature.</summary>
    SignatureInvalid,

    /// <summary>The key hint names a key that is not among the trusted ones, and no trusted key made the signature.</summary>
    UntrustedKey,

    /// <summary>The key hint names another key than the one that made the signature.</summary>
    KeyHintMismatch,

    /// <summary>The signature is good, but over a payload of another type.</summary>
    PayloadTypeMismatch,

    /// <summary>The statement's predicate is not of the type asked for.</summary>
    PredicateTypeMismatch,

    /// <summary>The signed predicate breaks its own specification.</summary>
    MalformedPredicate,

    /// <summary>The signature is good, but for other content.</summary>
    SubjectMismatch,

    /// <summary>The statement binds the contents of a directory's files but not their names.</summary>
    NamesNotBound,

    /// <summary>Files were added, removed or changed since signing.</summary>
    ContentMismatch,

    /// <summary>The bundle's digest of the message is not the message's.</summary>
    MessageDigestMismatch,
}
