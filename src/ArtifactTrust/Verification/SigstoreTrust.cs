using ArtifactTrust.Trust;

namespace ArtifactTrust.Verification;

/// <summary>Trust in a Sigstore instance, and in those of its signers that the caller names.</summary>
/// <param name="root">The instance's keys and certificates.</param>
/// <param name="identities">The signers accepted, one of which a certificate must be of; none where only managed keys are trusted.</param>
public sealed class SigstoreTrust(TrustedRoot root, params IReadOnlyList<IdentityRule> identities)
{
    private readonly int? _logs;
    private readonly int? _times;
    private readonly int? _certificateLogs;

    /// <summary>The instance.</summary>
    public TrustedRoot Root { get; } = root ?? throw new ArgumentNullException(nameof(root));

    /// <summary>The signers accepted.</summary>
    public IReadOnlyList<IdentityRule> Identities { get; } = identities ?? throw new ArgumentNullException(nameof(identities));

    /// <summary>How many different logs must hold the signature; one where the instance has logs, unless said otherwise.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public int LogThreshold
    {
        get => _logs ?? Math.Min(1, Root.TransparencyLogs.Count);
        init => _logs = NotNegative(value);
    }

    /// <summary>How many different sources must have told a time; one for certificates unless said otherwise, never less.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public int TimeThreshold
    {
        get => _times ?? 0;
        init => _times = NotNegative(value);
    }

    /// <summary>How many different logs must have promised to publish the certificate; one where the instance has such logs, unless said otherwise.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public int CertificateLogThreshold
    {
        get => _certificateLogs ?? (Root.DeclaresCertificateLogs ? 1 : 0);
        init => _certificateLogs = NotNegative(value);
    }

    private static int NotNegative(int value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        return value;
    }
}
