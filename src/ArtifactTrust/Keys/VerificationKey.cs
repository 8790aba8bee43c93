using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Keys;

/// <summary>A public key bound to one signature algorithm. Instances are safe to use from several threads.</summary>
public abstract class VerificationKey : IDisposable
{
    private protected VerificationKey(SignatureAlgorithm algorithm, byte[] subjectPublicKeyInfo)
    {
        Algorithm = algorithm;
        SubjectPublicKeyInfo = subjectPublicKeyInfo;
        Fingerprint = DigestAlgorithm.Sha256.Hash(subjectPublicKeyInfo);
    }

    /// <summary>The algorithm; signatures of any other are refused.</summary>
    public SignatureAlgorithm Algorithm { get; }

    /// <summary>The key as DER SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).</summary>
    public ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; }

    /// <summary>SHA-256 of <see cref="SubjectPublicKeyInfo"/>: what names the key to people and in policies.</summary>
    public Digest Fingerprint { get; }

    /// <summary>Whether the signature is this key's over the message. A malformed signature is false.</summary>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => VerifyCore(message, signature);

    /// <summary>Whether the signature is this key's over a message with the digest.</summary>
    /// <exception cref="ArgumentException">The digest is not of <see cref="SignatureAlgorithm.PreHash"/>.</exception>
    public bool VerifyDigest(Digest digest, ReadOnlySpan<byte> signature)
    {
        ArgumentNullException.ThrowIfNull(digest);
        return digest.Algorithm == Algorithm.PreHash
            ? VerifyDigestCore(digest.Bytes, signature)
            : throw new ArgumentException($"{Algorithm} takes a digest of {Algorithm.PreHash?.Name ?? "nothing"}, not {digest.Algorithm}");
    }

    /// <summary>The key as PEM <c>PUBLIC KEY</c>: lines of 64 characters, each ended by a line feed, the last too.</summary>
    /// <remarks>Spec: RFC 7468 §13.</remarks>
    public string ToPem() => Pem.Encode("PUBLIC KEY", SubjectPublicKeyInfo.Span);

    private protected abstract bool VerifyCore(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature);

    private protected abstract bool VerifyDigestCore(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases the native key.</summary>
    protected abstract void Dispose(bool disposing);
}
