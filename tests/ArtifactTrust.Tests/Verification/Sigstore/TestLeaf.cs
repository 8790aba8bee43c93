using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ArtifactTrust.Tests.Verification.Sigstore;

/// <summary>A signer's certificate with its key, published in a log of certificates.</summary>
internal sealed record TestLeaf(X509Certificate2 Certificate, TestKey Key) : IDisposable
{
    public const string Name = "https://ci.test/acme/widget/release.yml@refs/heads/main";
    public const string IssuerUrl = "https://issuer.test";

    public void Dispose()
    {
        Certificate.Dispose();
    }

    public static TestLeaf Issue(TestAuthority authority, Forgery f)
    {
        var key = f.Key ?? (f.LeafKey is { } ecdsa ? TestKey.Of(ecdsa) : TestKey.Create("PKIX_ECDSA_P256_SHA_256"));
        var request = new CertificateRequest(new X500DistinguishedName(""), key.Public, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(f.LeafKeyUsage, true));
        if (f.LeafUsage is not null)
        {
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(f.LeafUsage)], false));
        }
        if (f.LeafIsAuthority)
        {
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        }
        request.CertificateExtensions.Add(f.NameExtension ?? Uri(Name));
        if (f.HasIssuerName)
        {
            request.CertificateExtensions.Add(Text("1.3.6.1.4.1.57264.1.8", IssuerUrl));
        }
        request.CertificateExtensions.Add(Text("1.3.6.1.4.1.57264.1.12", "https://ci.test/acme/widget"));
        foreach (var extension in f.FurtherExtensions)
        {
            request.CertificateExtensions.Add(extension);
        }
        var (issuer, issuerKey) = f.LeafIssuer ?? (authority.Intermediate, authority.IntermediateKey);
        var signer = X509SignatureGenerator.CreateForECDsa(issuerKey);
        var serial = RandomNumberGenerator.GetBytes(12);
        X509Certificate2 Create() => request.Create(issuer.SubjectName, signer, f.LeafFrom, f.LeafTo, serial);
        if (f.HasSct)
        {
            using var precertificate = Create();
            request.CertificateExtensions.Add(Sct(authority, f, precertificate, f.SctIssuer ?? issuer));
        }
        return new TestLeaf(Create(), key);
    }

    public static X509Extension Uri(string name)
    {
        var builder = new SubjectAlternativeNameBuilder();
        builder.AddUri(new Uri(name));
        return builder.Build(critical: true);
    }

    public static X509Extension Email(string name)
    {
        var builder = new SubjectAlternativeNameBuilder();
        builder.AddEmailAddress(name);
        return builder.Build(critical: true);
    }

    public static X509Extension UserName(string name)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0, true)))
        {
            writer.WriteObjectIdentifier("1.3.6.1.4.1.57264.1.7");
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0, true)))
            {
                writer.WriteCharacterString(UniversalTagNumber.UTF8String, name);
            }
        }
        return new X509Extension("2.5.29.17", writer.Encode(), true);
    }

    public static X509Extension Text(string oid, string value)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteCharacterString(UniversalTagNumber.UTF8String, value);
        return new X509Extension(oid, writer.Encode(), false);
    }

    public static X509Extension RawText(string oid, string value) => new(oid, Encoding.UTF8.GetBytes(value), false);

    private static X509Extension Sct(TestAuthority authority, Forgery f, X509Certificate2 precertificate, X509Certificate2 issuer)
    {
        var tbs = new AsnReader(precertificate.RawData, AsnEncodingRules.DER).ReadSequence().PeekEncodedValue().ToArray();
        var time = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(time, f.SctTime.ToUnixTimeMilliseconds());
        byte[] extensions = [.. Short(f.SctExtensions.Length), .. f.SctExtensions];
        byte[] signed =
        [
            0,
            0,
            .. time,
            0,
            1,
            .. SHA256.HashData(issuer.PublicKey.ExportSubjectPublicKeyInfo()),
            0,
            .. Short(tbs.Length),
            .. tbs,
            .. extensions,
        ];
        var signature = (f.SctKey ?? authority.CtKey).Sign(signed);
        byte[] sct =
        [
            0,
            .. f.SctLogId ?? authority.CtKey.PublicKey.Fingerprint.Bytes.ToArray(),
            .. time,
            .. extensions,
            4,
            3,
            .. Short(signature.Length),
            .. signature,
        ];
        var writer = new AsnWriter(AsnEncodingRules.DER);
        byte[] list = [.. Short(sct.Length), .. sct];
        if (f.HasForeignSct)
        {
            byte[] foreign = [.. sct];
            foreign.AsSpan(1, 32).Fill(7);
            list = [.. Short(foreign.Length), .. foreign, .. list];
        }
        writer.WriteOctetString([.. Short(list.Length), .. list]);
        return new X509Extension("1.3.6.1.4.1.11129.2.4.2", writer.Encode(), false);
    }

    private static byte[] Short(int value) => [(byte)(value >> 8), (byte)value];
}
