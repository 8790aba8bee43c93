using System.Diagnostics.CodeAnalysis;

namespace ArtifactTrust.Trust.Tuf;

/// <summary>How an update ended: with trusted metadata or with the reason why there is none.</summary>
public sealed class TufUpdate
{
    internal TufUpdate(TufTrust trust) => Trust = trust;

    internal TufUpdate(TufFailure failure) => Failure = failure;

    /// <summary>The trusted metadata; null where a check failed.</summary>
    public TufTrust? Trust { get; }

    /// <summary>The check that failed, or null.</summary>
    public TufFailure? Failure { get; }

    /// <summary>Whether every check held.</summary>
    [MemberNotNullWhen(true, nameof(Trust))]
    [MemberNotNullWhen(false, nameof(Failure))]
    public bool IsTrusted => Trust is not null;
}
