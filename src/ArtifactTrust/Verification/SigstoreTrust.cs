using ArtifactTrust.Transparency;
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
    private readonly IReadOnlyList<NoteKey> _witnesses = [];
    private readonly int _witnessThreshold;
    private readonly IReadOnlyList<string> _subjects = [];
    private readonly bool _isForModels;

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

    /// <summary>
    /// Signers accepted by name alone: e-mail addresses, host names or URIs, letter by letter, in certificates of one's own authority. A
    /// certificate that names an OpenID Connect issuer, as Sigstore's do, is never accepted by its name alone.
    /// </summary>
    /// <exception cref="ArgumentException">A name is empty.</exception>
    public IReadOnlyList<string> Subjects
    {
        get => _subjects;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            _subjects = value.Any(string.IsNullOrEmpty) ? throw new ArgumentException("a name is empty", nameof(value)) : [.. value];
        }
    }

    /// <summary>
    /// The clock that says at which time a certificate must be valid where neither a log nor a time-stamp authority says when the signature was
    /// made; null, unless said otherwise, for none: such a bundle is refused. With a clock, a signature is worth nothing once its certificate
    /// has ended.
    /// </summary>
    public TimeProvider? Clock { get; init; }

    /// <summary>
    /// Whether bundles are read as the certificate method of OpenSSF Model Signing has them: with the chain in the bundle, and by any holder
    /// of a certificate of the authorities, whatever their name. For authorities that issue to the signers of these models only.
    /// </summary>
    /// <exception cref="ArgumentException">The root is a Sigstore instance's, where anybody is a holder.</exception>
    public bool IsForModels
    {
        get => _isForModels;
        init =>
            _isForModels =
                value && !Root.IsOwnAuthority
                    ? throw new ArgumentException("any holder can only be accepted of an authority of one's own", nameof(value))
                    : value;
    }

    /// <summary>
    /// Whether the signer's certificate may be that of an authority, as those of the published fixtures are; a self-signed one is accepted
    /// where it is itself among the roots.
    /// </summary>
    public bool AllowsAuthorityAsSigner { get; init; }

    /// <summary>Whether any certificate's holder is accepted.</summary>
    internal bool HasSigners => IsForModels || Identities.Count + Subjects.Count > 0;

    /// <summary>Trust in every signer of one's own certificate authority, as the certificate method of OpenSSF Model Signing has it.</summary>
    /// <param name="authority">The authority; see <see cref="TrustedRoot.ForAuthority"/>.</param>
    /// <param name="clock">As <see cref="Clock"/>.</param>
    /// <param name="allowAuthorityAsSigner">As <see cref="AllowsAuthorityAsSigner"/>.</param>
    public static SigstoreTrust ForModels(TrustedRoot authority, TimeProvider? clock, bool allowAuthorityAsSigner = false) =>
        new(authority)
        {
            Clock = clock,
            IsForModels = true,
            AllowsAuthorityAsSigner = allowAuthorityAsSigner,
        };

    /// <summary>Trust in the signers of one's own certificate authority.</summary>
    /// <param name="authority">The authority; see <see cref="TrustedRoot.ForAuthority"/>.</param>
    /// <param name="subjects">As <see cref="Subjects"/>.</param>
    /// <param name="clock">As <see cref="Clock"/>.</param>
    public static SigstoreTrust ForAuthority(TrustedRoot authority, IReadOnlyList<string> subjects, TimeProvider? clock = null) =>
        new(authority) { Subjects = subjects, Clock = clock };

    /// <summary>The witnesses that may have cosigned a log's checkpoint; none unless said otherwise.</summary>
    /// <exception cref="ArgumentException">A key is no witness', or is there twice, be it under two names.</exception>
    /// <remarks>Spec: C2SP tlog-cosignature, timestamped Ed25519 cosignatures.</remarks>
    public IReadOnlyList<NoteKey> Witnesses
    {
        get => _witnesses;
        init => _witnesses = CheckWitnesses(value);
    }

    /// <summary>How many of <see cref="Witnesses"/> must have cosigned the checkpoint of every log entry that counts; none unless said otherwise.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public int WitnessThreshold
    {
        get => _witnessThreshold;
        init => _witnessThreshold = NotNegative(value);
    }

    /// <summary>Reads the keys of witnesses.</summary>
    /// <param name="verifierKeys">C2SP verifier keys: <c>name+id+key</c>, of the type cosignature (4).</param>
    /// <exception cref="Formats.MalformedDataException">A text is no such key.</exception>
    public static IReadOnlyList<NoteKey> ReadWitnesses(params IReadOnlyList<string> verifierKeys)
    {
        ArgumentNullException.ThrowIfNull(verifierKeys);
        var keys = verifierKeys.Select(NoteKey.Parse).ToList();
        return keys.Find(k => k.Type != NoteKeyType.Cosignature) is { } other
            ? throw new Formats.MalformedDataException(
                "verifier key",
                other.Name,
                $"the key is of the type {other.Type}; a witness' is of the type {NoteKeyType.Cosignature} (0x04)"
            )
            : keys;
    }

    private static IReadOnlyList<NoteKey> CheckWitnesses(IReadOnlyList<NoteKey> witnesses)
    {
        ArgumentNullException.ThrowIfNull(witnesses);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(witnesses.Count, Formats.Limits.Witnesses, nameof(witnesses));
        if (witnesses.Any(w => w.Type != NoteKeyType.Cosignature))
        {
            throw new ArgumentException("a key is not that of a witness", nameof(witnesses));
        }
        // One witness under two names would count for two.
        return witnesses.DistinctBy(w => w.Key.Fingerprint.Hex).Count() == witnesses.Count
            ? [.. witnesses]
            : throw new ArgumentException("a witness is there twice", nameof(witnesses));
    }

    private static int NotNegative(int value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        return value;
    }
}
