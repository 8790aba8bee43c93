using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Trust;

/// <summary>The keys and certificates of one Sigstore instance: what verification starts from.</summary>
/// <remarks>Spec: sigstore_trustroot.proto, TrustedRoot, JSON form, versions 0.1 and 0.2.</remarks>
public sealed class TrustedRoot
{
    private const string FormatName = "trusted root";
    private static readonly Lazy<TrustedRoot> BuiltIn = new(ReadPublicGood);

    private TrustedRoot(
        IReadOnlyList<LogInstance> logs,
        IReadOnlyList<CertificateAuthority> authorities,
        IReadOnlyList<LogInstance> certificateLogs,
        bool declaresCertificateLogs,
        IReadOnlyList<CertificateAuthority> timestampAuthorities
    )
    {
        TransparencyLogs = logs;
        CertificateAuthorities = authorities;
        CertificateLogs = certificateLogs;
        DeclaresCertificateLogs = declaresCertificateLogs;
        TimestampAuthorities = timestampAuthorities;
    }

    /// <summary>The root of Sigstore's public-good instance as of this release.</summary>
    public static TrustedRoot PublicGood => BuiltIn.Value;

    /// <summary>The logs of signatures (Rekor).</summary>
    public IReadOnlyList<LogInstance> TransparencyLogs { get; }

    /// <summary>Who issues certificates to signers (Fulcio).</summary>
    public IReadOnlyList<CertificateAuthority> CertificateAuthorities { get; }

    /// <summary>The logs of certificates (certificate transparency). A log whose key is of a kind not known here is left out.</summary>
    public IReadOnlyList<LogInstance> CertificateLogs { get; }

    /// <summary>Whether the instance has logs of certificates at all, be their keys known here or not.</summary>
    public bool DeclaresCertificateLogs { get; }

    /// <summary>Who signs times (RFC 3161).</summary>
    public IReadOnlyList<CertificateAuthority> TimestampAuthorities { get; }

    /// <summary>Whether it is one's own authority and no Sigstore instance, whose rules for bundles are stricter.</summary>
    public bool IsOwnAuthority { get; private init; }

    /// <summary>Reads a trusted root.</summary>
    /// <exception cref="MalformedDataException">The text is not a trusted root, is over a limit, or has a log key without a start of validity.</exception>
    public static TrustedRoot Parse(ReadOnlyMemory<byte> utf8)
    {
        var json = StrictJson.Parse(utf8, FormatName, Limits.TrustedRootBytes);
        StrictJson.CheckMembers(json, FormatName, "$", "mediaType", "tlogs", "certificateAuthorities", "ctlogs", "timestampAuthorities");
        var mediaType = StrictJson.RequiredString(json, "mediaType", FormatName, "$");
        if (
            mediaType
            is not (
                "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
                or "application/vnd.dev.sigstore.trustedroot+json;version=0.2"
                or "application/vnd.dev.sigstore.trustedroot.v0.2+json"
            )
        )
        {
            throw new MalformedDataException(
                FormatName,
                "$.mediaType",
                $"a trusted root of version 0.1 or 0.2 is expected, not '{mediaType}'"
            );
        }
        var logs = Items(json, "tlogs")
            .Select(i =>
                Log(i.Item, i.Location) ?? throw new MalformedDataException(FormatName, i.Location, "the key is of an unknown kind")
            )
            .ToList();
        if (logs.FirstOrDefault(l => l.ValidFor.Start is null) is { } unbounded)
        {
            throw new MalformedDataException(FormatName, "$.tlogs", $"the key of {unbounded.BaseUrl} has no start of its validity");
        }
        if (logs.DistinctBy(l => Convert.ToHexString(l.LogId.Span)).Count() != logs.Count)
        {
            throw new MalformedDataException(FormatName, "$.tlogs", "two logs have one id");
        }
        var certificateLogs = Items(json, "ctlogs").Select(i => Log(i.Item, i.Location)).ToList();
        return new TrustedRoot(
            logs,
            [.. Items(json, "certificateAuthorities").Select(i => Authority(i.Item, i.Location))],
            [.. certificateLogs.OfType<LogInstance>()],
            certificateLogs.Count > 0,
            [.. Items(json, "timestampAuthorities").Select(i => Authority(i.Item, i.Location))]
        );
    }

    /// <summary>The trust in one's own certificate authority: no logs, and nothing but the certificates given.</summary>
    /// <param name="roots">PEM: the certificates that are trusted, each one for itself.</param>
    /// <param name="intermediates">PEM: certificates between them and the signers, trusted only where a root vouches for them; empty where
    /// there are none.</param>
    /// <param name="timestampChain">PEM: the certificates of time-stamp authorities (those for timeStamping that are no authorities), and the
    /// authorities above them; empty where there are none.</param>
    /// <exception cref="MalformedDataException">A file cannot be read, a root or an intermediate is that of no authority, or the third has no
    /// certificate for timeStamping.</exception>
    public static TrustedRoot ForAuthority(
        ReadOnlySpan<byte> roots,
        ReadOnlySpan<byte> intermediates = default,
        ReadOnlySpan<byte> timestampChain = default
    )
    {
        var anchors = CertificateFile.Read(roots);
        var between = intermediates.IsEmpty ? [] : CertificateFile.Read(intermediates);
        foreach (var certificate in anchors.Concat(between))
        {
            RequireAuthority(certificate);
        }
        return new TrustedRoot(
            [],
            [.. anchors.Select(a => Unbounded([.. between, a]))],
            [],
            declaresCertificateLogs: false,
            timestampChain.IsEmpty ? [] : TimestampAuthoritiesOf(CertificateFile.Read(timestampChain))
        )
        {
            IsOwnAuthority = true,
        };
    }

    /// <summary>The trust in one's own time-stamp authorities, for signatures by keys: no logs, and no certificates of signers.</summary>
    /// <param name="timestampChain">PEM, as of <see cref="ForAuthority"/>.</param>
    /// <exception cref="MalformedDataException">The file cannot be read, or has no certificate for timeStamping.</exception>
    public static TrustedRoot ForTimestamps(ReadOnlySpan<byte> timestampChain) =>
        new([], [], [], declaresCertificateLogs: false, TimestampAuthoritiesOf(CertificateFile.Read(timestampChain)));

    private static List<CertificateAuthority> TimestampAuthoritiesOf(IReadOnlyList<X509Certificate2> chain)
    {
        var above = chain.Where(IsAuthority).ToList();
        var own = chain.Except(above).ToList();
        foreach (var certificate in own)
        {
            if (Certificate.Read(certificate.RawData, "$").ExtendedKeyUsage?.Contains(CertificatePath.TimeStamping) != true)
            {
                throw new MalformedDataException(
                    "certificate file",
                    certificate.Subject,
                    "the certificate is neither that of an authority nor for time stamps (RFC 3161 §2.3)"
                );
            }
        }
        var anchors = above.Where(c => c.SubjectName.RawData.AsSpan().SequenceEqual(c.IssuerName.RawData)).ToList();
        // Without a root, the authority that is named last is the one trusted.
        anchors = anchors.Count == 0 && above.Count > 0 ? [above[^1]] : anchors;
        return own.Count > 0 && anchors.Count > 0
            ? [.. own.SelectMany(leaf => anchors.Select(anchor => Unbounded([leaf, .. above.Where(c => c != anchor), anchor])))]
            : throw new MalformedDataException(
                "certificate file",
                "$",
                "the certificate of a time-stamp authority and that of who issued it are expected"
            );
    }

    private static CertificateAuthority Unbounded(IReadOnlyList<X509Certificate2> chain) =>
        new(chain[^1].Subject, null, chain, new ValidityPeriod(null, null));

    private static bool IsAuthority(X509Certificate2 certificate) => Certificate.Read(certificate.RawData, "$").IsAuthority == true;

    private static void RequireAuthority(X509Certificate2 certificate)
    {
        if (!IsAuthority(certificate))
        {
            throw new MalformedDataException(
                "certificate file",
                certificate.Subject,
                "the certificate is that of no authority (RFC 5280 §4.2.1.9); a signer's own is no trust anchor"
            );
        }
    }

    private static TrustedRoot ReadPublicGood()
    {
        using var stream =
            typeof(TrustedRoot).Assembly.GetManifestResourceStream("ArtifactTrust.Trust.public-good-trusted-root.json")
            ?? throw new InvalidOperationException("the library lacks its trusted root");
        var utf8 = new byte[stream.Length];
        stream.ReadExactly(utf8);
        return Parse(utf8);
    }

    private static IEnumerable<(JsonElement Item, string Location)> Items(JsonElement json, string name) =>
        json.TryGetProperty(name, out _)
            ? StrictJson
                .RequiredArray(json, name, FormatName, "$", Limits.TrustedInstances)
                .EnumerateArray()
                .Select((item, i) => (item, $"$.{name}[{i}]"))
            : [];

    /// <summary>The log, or null where its key is of a kind that is not known here.</summary>
    private static LogInstance? Log(JsonElement json, string location)
    {
        StrictJson.CheckMembers(
            json,
            FormatName,
            location,
            "baseUrl",
            "hashAlgorithm",
            "publicKey",
            "logId",
            "checkpointKeyId",
            "operator"
        );
        var hash = StrictJson.RequiredString(json, "hashAlgorithm", FormatName, location);
        if (hash != "SHA2_256")
        {
            throw new MalformedDataException(FormatName, $"{location}.hashAlgorithm", $"'SHA2_256' is expected, not '{hash}'");
        }
        var key = StrictJson.RequiredObject(json, "publicKey", FormatName, location);
        var keyAt = $"{location}.publicKey";
        StrictJson.CheckMembers(key, FormatName, keyAt, "rawBytes", "keyDetails", "validFor");
        var id = StrictJson.RequiredObject(json, "logId", FormatName, location);
        StrictJson.CheckMembers(id, FormatName, $"{location}.logId", "keyId");
        var logId = Bytes(id, "keyId", $"{location}.logId");
        var baseUrl = Url(StrictJson.RequiredString(json, "baseUrl", FormatName, location), $"{location}.baseUrl");
        var validFor = ValidityPeriod.Parse(key, FormatName, keyAt);
        var raw = Bytes(key, "rawBytes", keyAt);
        return ReadKey(raw, StrictJson.RequiredString(key, "keyDetails", FormatName, keyAt), keyAt) is { } read
            ? new LogInstance(baseUrl, logId, read, validFor)
            : null;
    }

    // sigstore_common.proto, PublicKeyDetails
    private static VerificationKey? ReadKey(byte[] raw, string details, string location)
    {
        var algorithm = details switch
        {
            "PKIX_ECDSA_P256_SHA_256" or "PKIX_ECDSA_P256_HMAC_SHA_256" => SignatureAlgorithm.EcdsaP256,
            "PKIX_ECDSA_P384_SHA_384" => SignatureAlgorithm.EcdsaP384,
            "PKIX_ECDSA_P521_SHA_512" => SignatureAlgorithm.EcdsaP521,
            "PKIX_ED25519" => SignatureAlgorithm.Ed25519,
            "PKCS1_RSA_PKCS1V5"
            or "PKIX_RSA_PKCS1V5"
            or "PKIX_RSA_PKCS1V15_2048_SHA256"
            or "PKIX_RSA_PKCS1V15_3072_SHA256"
            or "PKIX_RSA_PKCS1V15_4096_SHA256" => SignatureAlgorithm.RsaPkcs1,
            _ => null,
        };
        if (algorithm is null)
        {
            return null;
        }
        var key = details == "PKCS1_RSA_PKCS1V5" ? PublicKeyEncoding.ReadPkcs1(raw, null) : VerificationKey.FromSubjectPublicKeyInfo(raw);
        return key.Algorithm == algorithm
            ? key
            : throw new MalformedDataException(FormatName, location, $"the key is one for {key.Algorithm}, not for {details}");
    }

    private static CertificateAuthority Authority(JsonElement json, string location)
    {
        StrictJson.CheckMembers(json, FormatName, location, "subject", "uri", "certChain", "validFor", "operator");
        var name =
            json.TryGetProperty("subject", out var subject) && subject.ValueKind == JsonValueKind.Object
                ? StrictJson.OptionalString(subject, "commonName", FormatName, $"{location}.subject")
                : null;
        var uri = StrictJson.OptionalString(json, "uri", FormatName, location);
        var chain = StrictJson.RequiredObject(json, "certChain", FormatName, location);
        var at = $"{location}.certChain";
        StrictJson.CheckMembers(chain, FormatName, at, "certificates");
        var certificates = StrictJson
            .RequiredArray(chain, "certificates", FormatName, at, Limits.CertificatesPerBundle)
            .EnumerateArray()
            .Select((c, i) => Certificates.Read(Bytes(c, "rawBytes", $"{at}.certificates[{i}]"), $"{at}.certificates[{i}]"))
            .ToList();
        return certificates.Count > 0
            ? new CertificateAuthority(
                name ?? certificates[^1].Subject,
                string.IsNullOrEmpty(uri) ? null : Url(uri, $"{location}.uri"),
                certificates,
                ValidityPeriod.Parse(json, FormatName, location)
            )
            : throw new MalformedDataException(FormatName, at, "there is no certificate");
    }

    private static byte[] Bytes(JsonElement parent, string name, string location) =>
        parent.ValueKind == JsonValueKind.Object
            ? StrictBase64.Decode(StrictJson.RequiredString(parent, name, FormatName, location), FormatName, $"{location}.{name}")
            : throw new MalformedDataException(FormatName, location, "an object is expected");

    private static Uri Url(string text, string location) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url)
            ? url
            : throw new MalformedDataException(FormatName, location, $"an absolute URL is expected, not '{text}'");
}
