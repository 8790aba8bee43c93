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

    // The BCL reads no token whose own certificate it would refuse.
    private const string NoToken =
        "not a time-stamp token, or the certificate that it brings along was not valid then, or is not for time stamps alone (RFC 3161 §2.3)";
    private const string SigningCertificateV2 = "1.2.840.113549.1.9.16.2.47";

    // RFC 3628 §5.2: a second, where the token does not say.
    private const string BaselinePolicy = "0.4.0.2023.1.1";
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
                throw new MalformedDataException(Format, location, NoToken);
            }
        }
        catch (CryptographicException e)
        {
            throw new MalformedDataException(Format, location, NoToken, e);
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
        if (ImprintProblem(stamped) is { } wrong)
        {
            return new(null, null, wrong, false);
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

    /// <summary>Verifies the token by the certificates it brings along: they must lead to one of the roots.</summary>
    /// <param name="stamped">What was stamped: the raw signature.</param>
    /// <param name="roots">The trusted roots of time-stamp authorities.</param>
    /// <returns>The time, as exact as the token says, and the certificates with the authority's own first; or why there is none.</returns>
    /// <remarks>
    /// Spec: RFC 3161 §2.4.2; RFC 5816 (which certificate signed is told by more than a SHA-1 hash). Certificates that the token brings along and that
    /// lead to no root are not signed by anybody who counts: they may be changed, and change nothing.
    /// </remarks>
    internal TimestampByRoots VerifyByRoots(ReadOnlySpan<byte> stamped, IReadOnlyList<X509Certificate2> roots)
    {
        if (ImprintProblem(stamped) is { } wrong)
        {
            return new(wrong);
        }
        SignedCms cms;
        try
        {
            cms = _token.AsSignedCms();
            if (!cms.SignerInfos[0].SignedAttributes.Cast<CryptographicAttributeObject>().Any(a => a.Oid.Value == SigningCertificateV2))
            {
                return new("the token lacks the attribute signing-certificate-v2 (RFC 5816 §2.2.1)");
            }
        }
        catch (CryptographicException)
        {
            return new("the token's attributes cannot be read");
        }
        if (cms.Certificates.Count > Limits.CertificatesPerBundle)
        {
            return new($"the token has {cms.Certificates.Count} certificates; at most {Limits.CertificatesPerBundle} are accepted");
        }
        if (cms.Certificates.FirstOrDefault(_signer.Names) is not { } leaf)
        {
            return new("the token does not bring the certificate of its signer along");
        }
        if (!IsSignedBy(stamped, leaf, out var problem))
        {
            return new(problem ?? "the token's signature does not verify");
        }
        var info = _token.TokenInfo;
        var own = Certificate.Read(leaf.RawData, "the time-stamp authority's certificate");
        var others = cms.Certificates.Where(c => c != leaf).Select((c, i) => Certificate.Read(c.RawData, $"certificate {i} of the token"));
        var authorities = roots.Select(r => new CertificateAuthority(r.Subject, null, [r], new ValidityPeriod(null, null)));
        var (path, reason) = CertificatePath.Find(own, [.. others], [.. authorities], CertificatePath.TimeStamping, info.Timestamp);
        var accuracy =
            info.AccuracyInMicroseconds is { } microseconds ? TimeSpan.FromMicroseconds(microseconds)
            : info.PolicyId.Value == BaselinePolicy ? TimeSpan.FromSeconds(1)
            : TimeSpan.Zero;
        return path is null
            ? new(reason!)
            : new(null)
            {
                Time = info.Timestamp,
                Accuracy = accuracy,
                Chain = [own, .. path.Issuers],
            };
    }

    // SHA-1 and unknown functions prove nothing.
    private string? ImprintProblem(ReadOnlySpan<byte> stamped)
    {
        var info = _token.TokenInfo;
        return DigestOf(info.HashAlgorithmId.Value) is not { } algorithm
                ? $"the imprint is made with {info.HashAlgorithmId.Value}, not with SHA-256, SHA-384 or SHA-512"
            : !algorithm.Hash(stamped).Bytes.SequenceEqual(info.GetMessageHash().Span)
                ? "the token is over something else than the signature"
            : null;
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

/// <summary>The answer of <see cref="TimestampToken.VerifyByRoots"/>.</summary>
/// <param name="Problem">Why the token is refused; null where it is not.</param>
internal sealed record TimestampByRoots(string? Problem)
{
    /// <summary>The time.</summary>
    internal DateTimeOffset Time { get; init; }

    /// <summary>How far the right time may be from it, on either side.</summary>
    internal TimeSpan Accuracy { get; init; }

    /// <summary>The authority's certificate and those above it, up to the root.</summary>
    internal IReadOnlyList<Certificate> Chain { get; init; } = [];
}
