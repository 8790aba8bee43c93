namespace ArtifactTrust.Trust.Tuf;

/// <summary>Why a TUF repository, or a file of it, is not trusted. The zero value is no success.</summary>
public enum TufFailureCode
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary>There is no trusted root to start from.</summary>
    NoTrustedRoot,

    /// <summary>The repository does not have a file that it must have.</summary>
    Missing,

    /// <summary>The file is not in the local cache, and this client does not use the network.</summary>
    NotCached,

    /// <summary>The file is longer than accepted, so not all of it was read.</summary>
    TooLong,

    /// <summary>The file cannot be read as what it should be.</summary>
    Malformed,

    /// <summary>The file is of another role (<c>_type</c>).</summary>
    WrongType,

    /// <summary>Fewer keys of the role signed than its threshold.</summary>
    ThresholdNotMet,

    /// <summary>The version is lower than one already trusted, or a listed file is no longer listed: a rollback attack.</summary>
    Rollback,

    /// <summary>The version is not the one that the trusted metadata lists.</summary>
    VersionMismatch,

    /// <summary>The metadata has expired: a freeze attack, or a repository that is not maintained.</summary>
    Expired,

    /// <summary>The length is not the one listed.</summary>
    LengthMismatch,

    /// <summary>A hash is not the one listed.</summary>
    HashMismatch,

    /// <summary>None of the listed hashes is of a function known here.</summary>
    UnsupportedHash,

    /// <summary>The snapshot does not list the role's file.</summary>
    NotInSnapshot,

    /// <summary>No role that is trusted for the path describes the target.</summary>
    NoSuchTarget,
}
