using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Trust;

/// <summary>An authority's signed statement that some bytes existed at a time. Nothing of it is trusted before <see cref="Verify"/>.</summary>
/// <remarks>Spec: RFC 3161 §2.4.2, RFC 5816.</remarks>
internal sealed class TimestampToken
{
    private const string Format = "time-stamp token";
    private readonly Rfc3161TimestampToken _token;

    private readonly TimestampSigner _signer;

    private TimestampToken(Rfc3161TimestampToken token, TimestampSigner signer) => (_token, _signer) = (token, signer);

    /// <summary>Reads a response or a bare token, in DER.</summary>
    /// <exception cref="MalformedDataException">It is neither, or a response that grants nothing.</exception>
    internal static TimestampToken Parse(ReadOnlyMemory<byte> der, string location)
    {
        if (der.Length > Limits.TimestampBytes)
        {
            throw new MalformedDataException(Format, location, $"{der.Length} bytes; at most {Limits.TimestampBytes} are accepted");
        }
        var token = TokenOf(der, location);
        var signer = TimestampSigner.Read(token, location);
        Rfc3161TimestampToken? decoded;
        int consumed;
        try
        {
            if (!Rfc3161TimestampToken.TryDecode(token, out decoded, out consumed))
            {
                throw new MalformedDataException(Format, location, "not a time-stamp token");
            }
        }
        catch (CryptographicException e)
        {
            throw new MalformedDataException(Format, location, "not a time-stamp token", e);
        }
        return consumed == token.Length
            ? new TimestampToken(decoded, signer)
            : throw new MalformedDataException(Format, location, "something follows the token");
    }

    /// <summary>Verifies the token: made by one of the authorities, while it was trusted, over the bytes.</summary>
    /// <param name="stamped">What was stamped: the raw signature.</param>
    /// <param name="authorities">The trusted authorities; each one's own certificate is the first of its chain.</param>
    /// <returns>The time and its authority; or why there is none, and whether an authority not known here made the token.</returns>
    internal TimestampVerdict Verify(ReadOnlySpan<byte> stamped, IReadOnlyList<CertificateAuthority> authorities)
    {
        var info = _token.TokenInfo;
        // SHA-1 and unknown functions prove nothing.
        if (DigestOf(info.HashAlgorithmId.Value) is not { } algorithm)
        {
            return new(null, null, $"the imprint is made with {info.HashAlgorithmId.Value}, not with SHA-256, SHA-384 or SHA-512", false);
        }
        if (!algorithm.Hash(stamped).Bytes.SequenceEqual(info.GetMessageHash().Span))
        {
            return new(null, null, "the token is over something else than the signature", false);
        }
        var problems = new List<string>();
        foreach (var authority in authorities)
        {
            var leaf = authority.Chain[0];
            if (!IsSignedBy(stamped, leaf, out var problem))
            {
                if (problem is not null)
                {
                    problems.Add($"{authority.Name}: {problem}");
                }
                continue;
            }
            var time = info.Timestamp;
            if (!authority.ValidFor.Contains(time))
            {
                problems.Add($"{authority.Name} is trusted from {authority.ValidFor}, not at {Rfc3339.Format(time)}");
                continue;
            }
            var (_, reason) = CertificatePath.Find(authority.Certificates[0], [], [authority], CertificatePath.TimeStamping, time);
            if (reason is null)
            {
                return new(time, authority, null, false);
            }
            problems.Add(reason);
        }
        return problems.Count > 0
            ? new(null, null, string.Join("; ", problems), false)
            : new(null, null, "it was made by none of the trusted time-stamp authorities", true);
    }

    // The token may bring certificates along. Which one made the signature is decided by the bytes of the trusted root's certificate.
    private bool IsSignedBy(ReadOnlySpan<byte> stamped, X509Certificate2 leaf, out string? problem)
    {
        problem = null;
        try
        {
            if (!_signer.Names(leaf))
            {
                return false;
            }
            if (
                _token.VerifySignatureForData(stamped, out var signer, [leaf])
                && signer.RawDataMemory.Span.SequenceEqual(leaf.RawDataMemory.Span)
            )
            {
                return true;
            }
        }
        catch (CryptographicException)
        {
            // Attributes or keys that the signature cannot be computed with: not this authority's.
        }
        problem = "the token names this authority's certificate, and its signature does not verify";
        return false;
    }

    private static DigestAlgorithm? DigestOf(string? oid) =>
        oid switch
        {
            "2.16.840.1.101.3.4.2.1" => DigestAlgorithm.Sha256,
            "2.16.840.1.101.3.4.2.2" => DigestAlgorithm.Sha384,
            "2.16.840.1.101.3.4.2.3" => DigestAlgorithm.Sha512,
            _ => null,
        };

    /// <summary>Cuts the token out of a TimeStampResp; what starts with an object identifier is a token already.</summary>
    private static ReadOnlyMemory<byte> TokenOf(ReadOnlyMemory<byte> der, string location)
    {
        try
        {
            var outer = new AsnReader(der, AsnEncodingRules.DER);
            var response = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            if (response.PeekTag().HasSameClassAndValue(Asn1Tag.ObjectIdentifier))
            {
                return der;
            }
            var status = response.ReadSequence();
            // "granted": a token with changes of the authority's own was not what the signer asked for.
            if (!status.TryReadInt32(out var value) || value != 0)
            {
                throw new MalformedDataException(Format, location, "the authority did not grant a token");
            }
            if (!response.HasData)
            {
                throw new MalformedDataException(Format, location, "the response holds no token");
            }
            var token = response.ReadEncodedValue();
            response.ThrowIfNotEmpty();
            return token;
        }
        catch (AsnContentException e)
        {
            throw new MalformedDataException(Format, location, "not ASN.1", e);
        }
    }
}

/// <summary>The answer of <see cref="TimestampToken.Verify"/>.</summary>
/// <param name="Time">The verified time, or null.</param>
/// <param name="Authority">Who signed it.</param>
/// <param name="Problem">Why it is refused, or null.</param>
/// <param name="IsForeign">Whether the token names none of the trusted authorities.</param>
internal sealed record TimestampVerdict(DateTimeOffset? Time, CertificateAuthority? Authority, string? Problem, bool IsForeign);
