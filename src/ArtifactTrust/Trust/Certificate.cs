using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Trust;

/// <summary>A certificate as the rules of a path see it: slices of its DER, and the extensions that decide something.</summary>
/// <remarks>
/// Spec: RFC 5280 §4. Read here and not by the BCL, because the BCL's path building looks into the stores of the machine and of the user.
/// Nothing of it is trusted before <see cref="CertificatePath.Find"/>.
/// </remarks>
internal sealed class Certificate
{
    internal const string SubjectAlternativeName = "2.5.29.17";
    private const string Format = "certificate";
    private const string KeyUsageOid = "2.5.29.15";
    private const string BasicConstraintsOid = "2.5.29.19";
    private const string NameConstraintsOid = "2.5.29.30";
    private const string PoliciesOid = "2.5.29.32";
    private const string ExtendedKeyUsageOid = "2.5.29.37";
    private const int DigitalSignatureBit = 0;
    private const int CertificateSignatureBit = 5;
    private static readonly Asn1Tag VersionTag = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag ExtensionsTag = new(TagClass.ContextSpecific, 3, isConstructed: true);

    private readonly Dictionary<string, ReadOnlyMemory<byte>> _extensions = new(StringComparer.Ordinal);
    private readonly Lazy<(VerificationKey? Key, string? Problem)> _key;
    private readonly byte[] _signature;
    private bool[]? _keyUsage;
    private Judgement? _judged;
    private string[]? _extendedKeyUsage;

    private Certificate(ReadOnlyMemory<byte> der, AsnReader certificate)
    {
        Der = der;
        Tbs = certificate.PeekEncodedValue();
        var tbs = certificate.ReadSequence();
        var algorithm = certificate.ReadEncodedValue();
        _signature = certificate.ReadBitString(out var unusedBits);
        certificate.ThrowIfNotEmpty();
        var version = tbs.ReadSequence(VersionTag);
        var isThird = version.TryReadInt32(out var number) && number == 2;
        version.ThrowIfNotEmpty();
        if (!isThird || unusedBits != 0)
        {
            throw new AsnContentException("version 3 and a signature of whole bytes are expected");
        }
        Serial = tbs.ReadIntegerBytes();
        // One of the two is not signed (RFC 5280 §4.1.1.2).
        if (!tbs.ReadEncodedValue().Span.SequenceEqual(algorithm.Span))
        {
            throw new AsnContentException("the two signature algorithms differ");
        }
        SignatureAlgorithm = algorithm;
        Issuer = ReadName(tbs);
        var validity = tbs.ReadSequence();
        (NotBefore, NotAfter) = (ReadTime(validity), ReadTime(validity));
        validity.ThrowIfNotEmpty();
        Subject = ReadName(tbs);
        SubjectPublicKeyInfo = tbs.ReadEncodedValue();
        while (tbs.HasData)
        {
            if (tbs.PeekTag() == ExtensionsTag)
            {
                ReadExtensions(tbs.ReadSequence(ExtensionsTag));
                tbs.ThrowIfNotEmpty();
            }
            else
            {
                // Unique identifiers, [1] and [2], which nobody writes.
                throw new AsnContentException("something unknown is in the certificate");
            }
        }
        _key = new(ReadKey);
    }

    /// <summary>The whole certificate.</summary>
    internal ReadOnlyMemory<byte> Der { get; }

    /// <summary>The part that is signed.</summary>
    internal ReadOnlyMemory<byte> Tbs { get; }

    /// <summary>The name of the issuer, DER.</summary>
    internal ReadOnlyMemory<byte> Issuer { get; }

    /// <summary>The name of the holder, DER.</summary>
    internal ReadOnlyMemory<byte> Subject { get; }

    /// <summary>The serial number, big-endian two's complement.</summary>
    internal ReadOnlyMemory<byte> Serial { get; }

    /// <summary>The first instant of validity.</summary>
    internal DateTimeOffset NotBefore { get; }

    /// <summary>The last instant of validity.</summary>
    internal DateTimeOffset NotAfter { get; }

    /// <summary>The holder's key, DER.</summary>
    internal ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; }

    /// <summary>What the issuer signed with: AlgorithmIdentifier, DER.</summary>
    private ReadOnlyMemory<byte> SignatureAlgorithm { get; }

    /// <summary>Whether the holder may issue certificates; null where there are no basic constraints.</summary>
    internal bool? IsAuthority { get; private set; }

    /// <summary>How many authorities may follow below this one; null where it does not say.</summary>
    internal int? PathLength { get; private set; }

    /// <summary>An extension that is critical and not processed here, or null (RFC 5280 §4.2).</summary>
    internal string? UnknownCriticalExtension { get; private set; }

    /// <summary>Whether the basic constraints are critical.</summary>
    internal bool AreBasicConstraintsCritical { get; private set; }

    /// <summary>The bits of the key usage, as many as are written (RFC 5280 §4.2.1.3); null where there is no such extension.</summary>
    internal IReadOnlyList<bool>? KeyUsage => _keyUsage;

    /// <summary>Whether the extension of key usage is critical.</summary>
    internal bool IsKeyUsageCritical { get; private set; }

    /// <summary>Whether the certificate names itself as its issuer.</summary>
    internal bool IsSelfIssued => Subject.Span.SequenceEqual(Issuer.Span);

    /// <summary>Whether the names below it are constrained, critical or not.</summary>
    internal bool HasNameConstraints => _extensions.ContainsKey(NameConstraintsOid);

    /// <summary>Whether the key may sign what is no certificate; it may where no usage is said.</summary>
    internal bool MaySign => HasUsage(DigitalSignatureBit);

    /// <summary>Whether the key may sign certificates; it may where no usage is said.</summary>
    internal bool MaySignCertificates => HasUsage(CertificateSignatureBit);

    /// <summary>The extended key usages, or null where there is no such extension.</summary>
    internal IReadOnlyList<string>? ExtendedKeyUsage => _extendedKeyUsage;

    /// <summary>Whether the extension of extended key usages is critical.</summary>
    internal bool IsExtendedKeyUsageCritical { get; private set; }

    /// <summary>The holder's name, for people.</summary>
    internal string Name => Readable(Subject) is { Length: > 0 } name ? name : "a certificate without a subject";

    /// <summary>The issuer's name, for people.</summary>
    internal string IssuerName => Readable(Issuer);

    /// <summary>The extensions' object identifiers and values.</summary>
    internal IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Extensions => _extensions;

    /// <exception cref="MalformedDataException">The bytes are not one certificate of version 3 in DER, or an extension is there twice.</exception>
    internal static Certificate Read(ReadOnlyMemory<byte> der, string location)
    {
        if (der.Length > Limits.CertificateBytes)
        {
            throw new MalformedDataException(Format, location, $"{der.Length} bytes; at most {Limits.CertificateBytes} are accepted");
        }
        try
        {
            var outer = new AsnReader(der, AsnEncodingRules.DER);
            var certificate = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            return new Certificate(der, certificate);
        }
        catch (AsnContentException e)
        {
            throw new MalformedDataException(Format, location, $"not an X.509 certificate in DER (RFC 5280 §4.1): {e.Message}", e);
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new MalformedDataException(Format, location, "a number or a time in the certificate is out of range", e);
        }
    }

    /// <summary>The value of an extension, or null.</summary>
    internal ReadOnlyMemory<byte>? Extension(string oid) =>
        _extensions.TryGetValue(oid, out var value) ? value : default(ReadOnlyMemory<byte>?);

    /// <summary>The names that a certificate of any authority may give its holder: e-mail addresses, host names and URIs.</summary>
    /// <exception cref="MalformedDataException">They cannot be read.</exception>
    /// <remarks>Spec: RFC 5280 §4.2.1.6. The subject's common name is no name of a signer: clients of Sigstore do not look at it.</remarks>
    internal IReadOnlyList<string> ReadNames()
    {
        var names = new List<string>();
        if (Extension(SubjectAlternativeName) is not { } value)
        {
            return names;
        }
        try
        {
            var outer = new AsnReader(value, AsnEncodingRules.DER);
            var sequence = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            while (sequence.HasData)
            {
                if (sequence.PeekTag() is { TagClass: TagClass.ContextSpecific, TagValue: 1 or 2 or 6, IsConstructed: false } tag)
                {
                    names.Add(sequence.ReadCharacterString(UniversalTagNumber.IA5String, tag));
                }
                else
                {
                    sequence.ReadEncodedValue();
                }
            }
            return names;
        }
        catch (AsnContentException e)
        {
            throw new MalformedDataException(Format, SubjectAlternativeName, "the names cannot be read (RFC 5280 §4.2.1.6)", e);
        }
    }

    /// <summary>Why the certificate is not signed by the issuer's key, or null where it is.</summary>
    internal string? SignatureProblem(Certificate issuer)
    {
        // The path is looked for at every verified time, and no signature depends on the time.
        if (_judged is { } known && known.Issuer == issuer)
        {
            return known.Problem;
        }
        var problem = ComputeSignatureProblem(issuer);
        _judged = new Judgement(issuer, problem);
        return problem;
    }

    private string? ComputeSignatureProblem(Certificate issuer)
    {
        var (key, problem) = issuer._key.Value;
        if (key is null)
        {
            return $"the key of {issuer.Name}: {problem}";
        }
        if (CertificateSignature.Read(SignatureAlgorithm) is not { } algorithm)
        {
            return $"it is signed with {CertificateSignature.Describe(SignatureAlgorithm)}, which is not one of ECDSA, RSA (PKCS#1, and PSS with equal hashes and a salt as long) with SHA-2, Ed25519, and ML-DSA";
        }
        return algorithm.Verify(key, Tbs.Span, _signature) ? null : $"its signature is not by the key of {issuer.Name}";
    }

    private (VerificationKey? Key, string? Problem) ReadKey()
    {
        try
        {
            return (VerificationKey.FromSubjectPublicKeyInfo(SubjectPublicKeyInfo.Span), null);
        }
        catch (MalformedDataException e)
        {
            return (null, e.Reason);
        }
        catch (PlatformNotSupportedException e)
        {
            return (null, e.Message);
        }
    }

    // Whoever made the bundle chose the bytes of the name, which is here for people only.
    private static string Readable(ReadOnlyMemory<byte> name)
    {
        try
        {
            return new X500DistinguishedName(name.Span).Name;
        }
        catch (CryptographicException)
        {
            return "a name that cannot be read";
        }
    }

    private static ReadOnlyMemory<byte> ReadName(AsnReader tbs)
    {
        var name = tbs.PeekEncodedValue();
        tbs.ReadSequence();
        return name;
    }

    private static DateTimeOffset ReadTime(AsnReader validity) =>
        validity.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? validity.ReadUtcTime()
        : validity.ReadGeneralizedTime() is { Millisecond: 0 } time ? time
        : throw new AsnContentException("a time has fractions of a second");

    private void ReadExtensions(AsnReader outer)
    {
        var extensions = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        while (extensions.HasData)
        {
            var extension = extensions.ReadSequence();
            var oid = extension.ReadObjectIdentifier();
            var isCritical = extension.PeekTag() == Asn1Tag.Boolean && extension.ReadBoolean();
            if (!extension.TryReadPrimitiveOctetString(out var value))
            {
                throw new AsnContentException("an extension is no octet string");
            }
            extension.ThrowIfNotEmpty();
            if (!_extensions.TryAdd(oid, value))
            {
                throw new AsnContentException($"the extension {oid} is there twice (RFC 5280 §4.2)");
            }
            ReadExtension(oid, value, isCritical);
        }
    }

    private void ReadExtension(string oid, ReadOnlyMemory<byte> value, bool isCritical)
    {
        var reader = new AsnReader(value, AsnEncodingRules.DER);
        switch (oid)
        {
            case BasicConstraintsOid:
                var constraints = reader.ReadSequence();
                reader.ThrowIfNotEmpty();
                AreBasicConstraintsCritical = isCritical;
                IsAuthority = constraints.HasData && constraints.PeekTag() == Asn1Tag.Boolean && constraints.ReadBoolean();
                if (constraints.HasData)
                {
                    PathLength =
                        constraints.TryReadInt32(out var length) && length >= 0 && IsAuthority == true
                            ? length
                            : throw new AsnContentException("the path length constraint is out of range");
                }
                constraints.ThrowIfNotEmpty();
                break;
            case KeyUsageOid:
                var bits = reader.ReadNamedBitList();
                reader.ThrowIfNotEmpty();
                _keyUsage = [.. bits.Cast<bool>()];
                IsKeyUsageCritical = isCritical;
                break;
            case ExtendedKeyUsageOid:
                var usages = reader.ReadSequence();
                reader.ThrowIfNotEmpty();
                var list = new List<string>();
                while (usages.HasData)
                {
                    list.Add(usages.ReadObjectIdentifier());
                }
                _extendedKeyUsage = [.. list];
                IsExtendedKeyUsageCritical = isCritical;
                break;
            // No policy is asked for, so none can be missing.
            case SubjectAlternativeName or PoliciesOid:
                break;
            default:
                UnknownCriticalExtension ??= isCritical ? oid : null;
                break;
        }
    }

    private bool HasUsage(int bit) => _keyUsage is null || (bit < _keyUsage.Length && _keyUsage[bit]);

    /// <summary>The last judgement of the signature. Written whole, so that threads may share a certificate.</summary>
    private sealed record Judgement(Certificate Issuer, string? Problem);
}
