using ArtifactTrust.Keys;
using ArtifactTrust.Transparency;

namespace ArtifactTrust.Trust;

/// <summary>A transparency log, of signatures or of certificates, with the key it signs with.</summary>
public sealed class LogInstance
{
    private readonly Lazy<NoteKey> _noteKey;

    internal LogInstance(Uri baseUrl, ReadOnlyMemory<byte> logId, VerificationKey key, ValidityPeriod validFor)
    {
        (BaseUrl, LogId, Key, ValidFor) = (baseUrl, logId, key, validFor);
        _noteKey = new(() => NoteKey.Create(Transparency.NoteKey.IsName(Origin) ? Origin : "log", key));
    }

    /// <summary>Where the log is.</summary>
    public Uri BaseUrl { get; }

    /// <summary>What its entries and timestamps name it by, 32 bytes.</summary>
    public ReadOnlyMemory<byte> LogId { get; }

    /// <summary>The key.</summary>
    public VerificationKey Key { get; }

    /// <summary>When the key is trusted.</summary>
    public ValidityPeriod ValidFor { get; }

    /// <summary>The name a log of the second version signs checkpoints under.</summary>
    /// <remarks>Spec: Rekor v2, "Checkpoint origin": the host of the log's URL.</remarks>
    public string Origin => BaseUrl.Host;

    /// <summary>The key that the log signs checkpoints with, under its origin.</summary>
    internal NoteKey NoteKey => _noteKey.Value;
}
