using ArtifactTrust.Hashing;

namespace ArtifactTrust.Keys;

/// <summary>A private key bound to one signature algorithm. Instances are safe to use from several threads.</summary>
public abstract class SigningKey : IDisposable
{
    private protected SigningKey(VerificationKey publicKey) => PublicKey = publicKey;

    /// <summary>The other half, owned by this key.</summary>
    public VerificationKey PublicKey { get; }

    /// <summary>The algorithm of the signatures made.</summary>
    public SignatureAlgorithm Algorithm => PublicKey.Algorithm;

    /// <summary>Signs a message.</summary>
    /// <returns>ECDSA: ASN.1 DER. RSA: the modulus' length. Ed25519: 64 bytes.</returns>
    public byte[] Sign(ReadOnlySpan<byte> message) => SignCore(message);

    /// <summary>Signs the message that has the digest.</summary>
    /// <exception cref="ArgumentException">The digest is not of <see cref="SignatureAlgorithm.PreHash"/>.</exception>
    public byte[] SignDigest(Digest digest)
    {
        ArgumentNullException.ThrowIfNull(digest);
        return digest.Algorithm == Algorithm.PreHash
            ? SignDigestCore(digest.Bytes)
            : throw new ArgumentException($"{Algorithm} takes a digest of {Algorithm.PreHash?.Name ?? "nothing"}, not {digest.Algorithm}");
    }

    private protected abstract byte[] SignCore(ReadOnlySpan<byte> message);

    private protected abstract byte[] SignDigestCore(ReadOnlySpan<byte> digest);

    /// <summary>The key as DER PKCS#8 PrivateKeyInfo (RFC 5208), for writing key files. The caller clears it.</summary>
    internal abstract byte[] ExportPkcs8();

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases the native key.</summary>
    protected abstract void Dispose(bool disposing);
}
