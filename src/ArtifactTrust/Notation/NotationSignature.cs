using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Notation;

/// <summary>A signature of the Notary Project in its envelope, JWS or COSE. Nothing of it is trusted before <see cref="NotationVerifier"/>.</summary>
/// <remarks>Spec: Notary Project signature specification 1.1, "Signature Envelope".</remarks>
public sealed class NotationSignature
{
    /// <summary>The media type of an envelope in JWS's JSON form.</summary>
    public const string JwsMediaType = Envelope.JwsType;

    /// <summary>The media type of an envelope in COSE's form.</summary>
    public const string CoseMediaType = Envelope.CoseType;

    private NotationSignature(string mediaType, ReadOnlyMemory<byte> bytes, Envelope envelope)
    {
        MediaType = mediaType;
        Digest = DigestAlgorithm.Sha256.Hash(bytes.Span);
        Envelope = envelope;
        Path = [.. envelope.Chain.Select((der, i) => Trust.Certificate.Read(der, $"certificate {i}"))];
        if (Path.Count == 0)
        {
            throw new MalformedDataException(Envelope.Format, "$", "there is no certificate");
        }
        Certificates = [.. Path.Select(NotationCertificate.Of)];
    }

    /// <summary>The envelope's media type.</summary>
    public string MediaType { get; }

    /// <summary>SHA-256 of the envelope as it was read.</summary>
    public Digest Digest { get; }

    /// <summary>The algorithm that the envelope claims, such as <c>ES256</c>.</summary>
    public string Algorithm => Envelope.Algorithm;

    /// <summary>The signing scheme that the envelope claims, such as <c>notary.x509</c>.</summary>
    public string SigningScheme => Envelope.SigningScheme;

    /// <summary>When it was signed, as the signer says.</summary>
    public DateTimeOffset? SigningTime => Envelope.AuthenticSigningTime ?? Envelope.SigningTime;

    /// <summary>Until when the artifact is to be used, as the signer says; null where there is no end.</summary>
    public DateTimeOffset? Expiry => Envelope.Expiry;

    /// <summary>The program that signed, which anyone may write; null where it is not said.</summary>
    public string? SigningAgent => Envelope.Agent;

    /// <summary>Whether the signature is time-stamped.</summary>
    public bool HasTimestamp => Envelope.Timestamp is not null;

    /// <summary>The certificates, the signer's first.</summary>
    public IReadOnlyList<NotationCertificate> Certificates { get; }

    internal Envelope Envelope { get; }

    /// <summary>The same as <see cref="Certificates"/>, as the rules of a path see them.</summary>
    internal IReadOnlyList<Certificate> Path { get; }

    /// <summary>Whether the media type is that of an envelope.</summary>
    public static bool IsEnvelope(string mediaType) => mediaType is JwsMediaType or CoseMediaType;

    /// <summary>Reads an envelope.</summary>
    /// <param name="mediaType"><see cref="JwsMediaType"/> or <see cref="CoseMediaType"/>.</param>
    /// <param name="bytes">The envelope.</param>
    /// <exception cref="MalformedDataException">It is not an envelope of that type, or over a limit.</exception>
    public static NotationSignature Parse(string mediaType, ReadOnlyMemory<byte> bytes)
    {
        ArgumentNullException.ThrowIfNull(mediaType);
        return new(
            mediaType,
            bytes,
            mediaType switch
            {
                JwsMediaType => JwsEnvelope.Read(bytes),
                CoseMediaType => CoseEnvelope.Read(bytes),
                _ => throw new MalformedDataException(Envelope.Format, "$", $"'{mediaType}' is not the type of an envelope"),
            }
        );
    }
}
