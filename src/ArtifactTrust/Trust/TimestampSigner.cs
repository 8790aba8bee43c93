using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust;

/// <summary>Who signed a time-stamp token, as the token names its signer.</summary>
/// <remarks>
/// Spec: RFC 5652 §5, RFC 3161 §2.4.2. The signature leaves out parts of the structure; all of them have one right value, which is asked for here,
/// so that nobody can change a token and have it verify.
/// </remarks>
internal sealed record TimestampSigner(ReadOnlyMemory<byte>? Issuer, ReadOnlyMemory<byte> Id)
{
    private const string Format = "time-stamp token";
    private const string SignedData = "1.2.840.113549.1.7.2";
    private const string TimeStampInfo = "1.2.840.113549.1.9.16.1.4";

    /// <exception cref="MalformedDataException">The token is no signed data in DER, by one signer, with the values that the structure asks for.</exception>
    internal static TimestampSigner Read(ReadOnlyMemory<byte> token, string location)
    {
        try
        {
            var content = new AsnReader(token, AsnEncodingRules.DER).ReadSequence();
            Check(content.ReadObjectIdentifier() == SignedData, location, "signed data is expected");
            var signed = content.ReadSequence(Context(0)).ReadSequence();
            content.ThrowIfNotEmpty();
            Check(signed.TryReadInt32(out var version) && version == 3, location, "signed data of version 3 is expected");
            var digests = signed.ReadSetOf();
            var digest = Algorithm(digests.ReadSequence());
            digests.ThrowIfNotEmpty();
            Check(signed.ReadSequence().ReadObjectIdentifier() == TimeStampInfo, location, "time-stamp info is expected");
            if (signed.PeekTag().HasSameClassAndValue(Context(0)))
            {
                signed.ReadEncodedValue();
            }
            var signers = signed.ReadSetOf();
            signed.ThrowIfNotEmpty();
            var signer = signers.ReadSequence();
            signers.ThrowIfNotEmpty();
            return ReadSigner(signer, digest, location);
        }
        catch (AsnContentException e)
        {
            throw new MalformedDataException(Format, location, "not signed data in DER (RFC 5652 §5)", e);
        }
    }

    /// <summary>Whether the certificate is the one named.</summary>
    internal bool Names(X509Certificate2 certificate) =>
        Issuer is { } issuer
            ? issuer.Span.SequenceEqual(certificate.IssuerName.RawData) && Id.Span.SequenceEqual(certificate.SerialNumberBytes.Span)
            : certificate
                .Extensions.OfType<X509SubjectKeyIdentifierExtension>()
                .Any(e => e.SubjectKeyIdentifierBytes.Span.SequenceEqual(Id.Span));

    private static TimestampSigner ReadSigner(AsnReader signer, string digest, string location)
    {
        Check(signer.TryReadInt32(out var version), location, "a version is expected");
        TimestampSigner named;
        if (signer.PeekTag() == Asn1Tag.Sequence)
        {
            var id = signer.ReadSequence();
            named = new TimestampSigner(id.ReadEncodedValue(), id.ReadIntegerBytes());
            id.ThrowIfNotEmpty();
        }
        else
        {
            named = new TimestampSigner(null, signer.ReadOctetString(Context(0, isConstructed: false)));
        }
        Check(version == (named.Issuer is null ? 3 : 1), location, "the version does not fit how the signer is named (RFC 5652 §5.3)");
        Check(Algorithm(signer.ReadSequence()) == digest, location, "two digest algorithms");
        Check(signer.PeekTag() == Context(0), location, "signed attributes are expected");
        signer.ReadEncodedValue();
        var signature = signer.ReadSequence().ReadObjectIdentifier();
        Check(Fits(signature, digest), location, $"the signature algorithm {signature} does not fit the digest algorithm {digest}");
        return named;
    }

    private static string Algorithm(AsnReader algorithm)
    {
        var oid = algorithm.ReadObjectIdentifier();
        if (algorithm.HasData)
        {
            algorithm.ReadNull();
        }
        algorithm.ThrowIfNotEmpty();
        return oid;
    }

    private static bool Fits(string signature, string digest) =>
        (signature, digest) switch
        {
            ("1.2.840.10045.4.3.2" or "1.2.840.113549.1.1.11", "2.16.840.1.101.3.4.2.1") => true,
            ("1.2.840.10045.4.3.3" or "1.2.840.113549.1.1.12", "2.16.840.1.101.3.4.2.2") => true,
            ("1.2.840.10045.4.3.4" or "1.2.840.113549.1.1.13", "2.16.840.1.101.3.4.2.3") => true,
            // RSA with the digest named elsewhere (RFC 3370 §3.2), and RSASSA-PSS, whose parameters the BCL compares.
            (
                "1.2.840.113549.1.1.1"
                    or "1.2.840.113549.1.1.10",
                "2.16.840.1.101.3.4.2.1"
                    or "2.16.840.1.101.3.4.2.2"
                    or "2.16.840.1.101.3.4.2.3"
            ) => true,
            _ => false,
        };

    private static Asn1Tag Context(int value, bool isConstructed = true) => new(TagClass.ContextSpecific, value, isConstructed);

    private static void Check(bool isRight, string location, string reason)
    {
        if (!isRight)
        {
            throw new MalformedDataException(Format, location, reason);
        }
    }
}
