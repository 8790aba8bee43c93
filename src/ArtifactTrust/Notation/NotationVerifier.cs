using System.Security.Cryptography.X509Certificates;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Notation;

/// <summary>Verifies signatures of the Notary Project by one rule of a trust policy, and by no network.</summary>
/// <remarks>
/// Spec: Notary Project, "Signature Verification". All checks are enforced, whatever level the rule has. Whether a certificate was revoked is not asked:
/// a certificate that names a service for it leaves the answer open, see <see cref="SkipRevocation"/>.
/// </remarks>
public sealed partial class NotationVerifier
{
    private const string CaScheme = "notary.x509";
    private const string AuthorityScheme = "notary.x509.signingAuthority";

    private static readonly string[] Plan =
    [
        "notation.policy",
        "notation.attributes",
        "notation.signature",
        "notation.subject",
        "notation.annotations",
        "notation.certificates",
        "notation.trust",
        "notation.identity",
        "notation.expiry",
        "notation.time",
        "notation.revocation",
    ];

    private readonly NotationTrustRule _rule;
    private readonly TimeProvider _time;
    private readonly IReadOnlyList<(string Store, Certificate Certificate)> _anchors;
    private readonly IReadOnlyList<X509Certificate2> _stampers;

    /// <summary>A verifier by one rule, with the certificates of its stores as they are now.</summary>
    /// <param name="rule">The rule for the repository.</param>
    /// <param name="store">The certificates.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="MalformedDataException">A store that the rule names is not there, or cannot be used.</exception>
    /// <exception cref="IOException">A file of it cannot be read.</exception>
    public NotationVerifier(NotationTrustRule rule, NotationTrustStore store, TimeProvider time)
        : this(
            rule ?? throw new ArgumentNullException(nameof(rule)),
            (store ?? throw new ArgumentNullException(nameof(store))).Read,
            time ?? throw new ArgumentNullException(nameof(time))
        ) { }

    internal NotationVerifier(NotationTrustRule rule, Func<string, string, IReadOnlyList<X509Certificate2>> readStore, TimeProvider time)
    {
        (_rule, _time) = (rule, time);
        var read = rule.Stores.Select(s => (s.Type, s.Name, Certificates: readStore(s.Type, s.Name))).ToList();
        _stampers = [.. read.Where(s => s.Type == "tsa").SelectMany(s => s.Certificates)];
        _anchors =
        [
            .. read.Where(s => s.Type != "tsa")
                .SelectMany(s => s.Certificates.Select(c => ($"{s.Type}:{s.Name}", Certificate.Read(c.RawData, $"{s.Type}:{s.Name}")))),
        ];
    }

    /// <summary>Whether a certificate that names a revocation service passes without that service being asked.</summary>
    public bool SkipRevocation { get; init; }

    /// <summary>What signers have to say of the manifest; nothing where empty.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    /// <summary>Verifies one signature of a manifest.</summary>
    /// <param name="signature">The signature.</param>
    /// <param name="mediaType">The manifest's media type.</param>
    /// <param name="digest">The manifest's digest, computed by the caller.</param>
    /// <param name="size">The manifest's size, in bytes.</param>
    public NotationReport Verify(NotationSignature signature, string mediaType, Digest digest, long size)
    {
        ArgumentNullException.ThrowIfNull(signature);
        ArgumentNullException.ThrowIfNull(mediaType);
        ArgumentNullException.ThrowIfNull(digest);
        var run = new Run(this, signature, new CheckList(Plan));
        return run.Policy()
            ?? run.Attributes()
            ?? run.Signature()
            ?? run.Subject(mediaType, digest, size)
            ?? run.Certificates()
            ?? run.Identity()
            ?? run.Times()
            ?? run.Revocation()
            ?? run.Verified();
    }

    /// <summary>One verification: each step gives the report where it fails, else null.</summary>
    private sealed partial class Run(NotationVerifier verifier, NotationSignature signature, CheckList checks)
    {
        private readonly Envelope _envelope = signature.Envelope;
        private readonly DateTimeOffset _now = verifier._time.GetUtcNow();
        private readonly List<DateTimeOffset> _times = [];
        private IReadOnlyList<Certificate> _stamperChain = [];
        private SignedPayload? _payload;

        private NotationTrustRule Rule => verifier._rule;

        internal NotationReport? Policy()
        {
            if (Rule.Level == "skip")
            {
                return Fail(
                    "notation.policy",
                    FailureCode.UnsupportedMaterial,
                    $"the rule '{Rule.Name}' says to skip verification, and what is not verified is not vouched for",
                    hint: "give the rule the level strict, a trust store and identities"
                );
            }
            checks.Pass(
                "notation.policy",
                $"rule '{Rule.Name}'{(Rule.IsMilder ? $"; its level {(Rule.Level == "strict" ? "strict with overrides" : Rule.Level)} is not honoured, all checks are enforced" : "")}"
            );
            return null;
        }

        internal NotationReport Verified() => new(checks.Made, new VerifiedNotationSignature(signature, _payload!, Rule, _times));

        private NotationReport Fail(
            string name,
            FailureCode code,
            string message,
            string? expected = null,
            string? actual = null,
            string? hint = null
        ) =>
            new(
                checks.EndedBy(
                    new Check(name, CheckOutcome.Failed, code)
                    {
                        Message = message,
                        Expected = expected,
                        Actual = actual,
                        Clause = "Notary Project",
                        Hint = hint,
                    }
                ),
                null
            );
    }
}
