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

    /// <summary>Too few trusted transparency logs hold the signature.</summary>
    UntrustedLog,

    /// <summary>A log's promise, checkpoint or inclusion proof does not hold.</summary>
    LogEntryInvalid,

    /// <summary>The log entry is of another signature, signer or content than the bundle.</summary>
    LogEntryMismatch,

    /// <summary>Too few trusted sources say when the signature was made.</summary>
    UntrustedTime,

    /// <summary>A time-stamp token cannot be read, is over something else, or does not verify.</summary>
    TimestampInvalid,

    /// <summary>The certificate does not lead to a trusted authority at every verified time, or is of the wrong kind.</summary>
    CertificateInvalid,

    /// <summary>Too few trusted logs promised to publish the certificate, or such a promise does not hold.</summary>
    CertificateNotLogged,

    /// <summary>No trusted key made the signature.</summary>
    SignatureInvalid,

    /// <summary>The key hint names a key that is not among the trusted ones, and no trusted key made the signature.</summary>
    UntrustedKey,

    /// <summary>The key hint names another key than the one that made the signature.</summary>
    KeyHintMismatch,

    /// <summary>The certificate is good, but not of a signer that is accepted.</summary>
    IdentityMismatch,

    /// <summary>The signature is good, and its signer said that it was to be used until a time that is past.</summary>
    SignatureExpired,

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

    /// <summary>The signature is good, but the signer does not say of the subject what is asked for.</summary>
    AnnotationMismatch,

    /// <summary>The bundle's digest of the message is not the message's.</summary>
    MessageDigestMismatch,

    /// <summary>Everything else holds, and whether a certificate was revoked would have to be asked of a service, which was not done.</summary>
    RevocationUnknown,
}
