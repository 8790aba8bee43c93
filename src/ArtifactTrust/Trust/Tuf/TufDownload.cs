using System.Diagnostics.CodeAnalysis;

namespace ArtifactTrust.Trust.Tuf;

/// <summary>How a download ended: with the content that trusted metadata describes or with the reason why there is none.</summary>
public sealed class TufDownload
{
    private readonly byte[]? _content;

    internal TufDownload(TufTarget target, byte[] content) => (Target, _content) = (target, content);

    internal TufDownload(TufFailure failure) => Failure = failure;

    /// <summary>What the metadata says of the file; null where a check failed.</summary>
    public TufTarget? Target { get; }

    /// <summary>The content; empty where a check failed.</summary>
    public ReadOnlyMemory<byte> Content => _content;

    /// <summary>The check that failed, or null.</summary>
    public TufFailure? Failure { get; }

    /// <summary>Whether every check held.</summary>
    [MemberNotNullWhen(true, nameof(Target))]
    [MemberNotNullWhen(false, nameof(Failure))]
    public bool IsTrusted => Target is not null;
}
