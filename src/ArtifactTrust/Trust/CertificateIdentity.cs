using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust;

/// <summary>Who a certificate was issued to, as its issuer wrote it.</summary>
/// <remarks>Spec: Fulcio, "OID information" (arc 1.3.6.1.4.1.57264.1); RFC 5280 §4.2.1.6.</remarks>
public sealed class CertificateIdentity
{
    private const string Format = "certificate";
    private const string FulcioArc = CertificateClaims.Arc;
    private const string SubjectAlternativeNameOid = "2.5.29.17";
    private const string UserNameOid = FulcioArc + "7";
    private const string IssuerV1 = FulcioArc + "1";
    private const string IssuerV2 = FulcioArc + "8";

    private CertificateIdentity(IReadOnlyList<string> names, string? issuer, IReadOnlyDictionary<string, string> claims)
    {
        (Names, Issuer, Claims) = (names, issuer, claims);
    }

    /// <summary>The subject's alternative names: e-mail addresses, URIs and user names. Sigstore's own issuer writes exactly one.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The OpenID Connect issuer that vouched for the signer; null where the certificate names none.</summary>
    public string? Issuer { get; }

    /// <summary>
    /// What else the issuer knew, such as <c>sourceRepositoryURI</c> or <c>runnerEnvironment</c>; by Fulcio's names in camel case, and by the
    /// object identifier where the name is not known here.
    /// </summary>
    public IReadOnlyDictionary<string, string> Claims { get; }

    /// <summary>Reads a certificate.</summary>
    /// <exception cref="MalformedDataException">It is no certificate of version 3, or a name or an extension of Fulcio's cannot be read.</exception>
    public static CertificateIdentity Read(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return Read(Certificate.Read(certificate.RawData, "certificate"));
    }

    /// <inheritdoc cref="Read(X509Certificate2)"/>
    internal static CertificateIdentity Read(Certificate certificate)
    {
        var names = new List<string>();
        var claims = new Dictionary<string, string>(StringComparer.Ordinal);
        string? v1 = null;
        string? v2 = null;
        foreach (var (oid, value) in certificate.Extensions)
        {
            if (oid == SubjectAlternativeNameOid)
            {
                ReadNames(value, names);
            }
            else if (oid == IssuerV1)
            {
                v1 = Utf8(value, oid);
            }
            else if (oid == IssuerV2)
            {
                v2 = DerText(value, oid);
            }
            else if (oid.StartsWith(FulcioArc, StringComparison.Ordinal))
            {
                ReadClaim(oid, value, claims);
            }
        }
        return v1 is not null && v2 is not null && v1 != v2
            ? throw new MalformedDataException(Format, IssuerV2, "the two extensions for the issuer differ")
            : new CertificateIdentity(names, v2 ?? v1, claims);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{string.Join(", ", Names)}{(Issuer is null ? "" : $" ({Issuer})")}";

    private static void ReadNames(ReadOnlyMemory<byte> der, List<string> names)
    {
        try
        {
            var outer = new AsnReader(der, AsnEncodingRules.DER);
            var sequence = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            while (sequence.HasData)
            {
                var tag = sequence.PeekTag();
                switch (tag)
                {
                    case { TagClass: TagClass.ContextSpecific, TagValue: 1 or 6, IsConstructed: false }:
                        names.Add(sequence.ReadCharacterString(UniversalTagNumber.IA5String, tag));
                        break;
                    case { TagClass: TagClass.ContextSpecific, TagValue: 0 }:
                        var other = sequence.ReadSequence(tag);
                        var oid = other.ReadObjectIdentifier();
                        var value = other.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true));
                        other.ThrowIfNotEmpty();
                        if (oid == UserNameOid)
                        {
                            names.Add(value.ReadCharacterString(UniversalTagNumber.UTF8String));
                            value.ThrowIfNotEmpty();
                        }
                        break;
                    default:
                        // Host names and the like are no signers.
                        sequence.ReadEncodedValue();
                        break;
                }
            }
        }
        catch (AsnContentException e)
        {
            throw new MalformedDataException(Format, SubjectAlternativeNameOid, "the names cannot be read (RFC 5280 §4.2.1.6)", e);
        }
    }

    private static void ReadClaim(string oid, ReadOnlyMemory<byte> value, Dictionary<string, string> claims)
    {
        var known = CertificateClaims.ByOid(oid);
        if (known is not null)
        {
            claims.Add(known.Name, known.IsDer ? DerText(value, oid) : Utf8(value, oid));
        }
        else if (Asn1Tag.TryDecode(value.Span, out var tag, out _) && tag == new Asn1Tag(UniversalTagNumber.UTF8String))
        {
            claims.Add(oid, DerText(value, oid));
        }
    }

    private static string DerText(ReadOnlyMemory<byte> der, string oid)
    {
        try
        {
            var reader = new AsnReader(der, AsnEncodingRules.DER);
            var text = reader.ReadCharacterString(UniversalTagNumber.UTF8String);
            reader.ThrowIfNotEmpty();
            return text;
        }
        catch (AsnContentException e)
        {
            throw new MalformedDataException(Format, oid, "a UTF8String is expected", e);
        }
    }

    private static string Utf8(ReadOnlyMemory<byte> raw, string oid)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(raw.Span);
        }
        catch (DecoderFallbackException e)
        {
            throw new MalformedDataException(Format, oid, "UTF-8 is expected", e);
        }
    }
}
