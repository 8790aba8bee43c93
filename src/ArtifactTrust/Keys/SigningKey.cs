using System.Security.Cryptography;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Keys;

/// <summary>A private key bound to one signature algorithm. Instances are safe to use from several threads.</summary>
public abstract class SigningKey : IDisposable
{
    private protected SigningKey(VerificationKey publicKey) => PublicKey = publicKey;

    /// <summary>Makes a new key.</summary>
    /// <param name="algorithm">The algorithm it signs with.</param>
    /// <param name="rsaBits">The modulus of an RSA key, in bits: 3072 (where null) to 16384, a multiple of 8.</param>
    /// <exception cref="ArgumentException">Keys are not made for the algorithm, or not of the size.</exception>
    /// <exception cref="PlatformNotSupportedException">The key is Ed25519 and there is no OpenSSL, or ML-DSA and OpenSSL is older than 3.5.</exception>
    public static SigningKey Generate(SignatureAlgorithm algorithm, int? rsaBits = null)
    {
        ArgumentNullException.ThrowIfNull(algorithm);
        var bits = CheckedRsaBits(algorithm, rsaBits);
        return algorithm switch
        {
            { Curve: { } curve } => new EcdsaSigningKey(ECDsa.Create(curve.Parameters), algorithm),
            { Padding: not null } => new RsaSigningKey(RSA.Create(bits), algorithm),
            { MLDsa: not null } => MLDsaSigningKey.Generate(algorithm),
            _ => Ed25519SigningKey.Generate(),
        };
    }

    /// <summary>The bits that a new RSA key gets; throws where keys are not made for the algorithm, or not of the size.</summary>
    internal static int CheckedRsaBits(SignatureAlgorithm algorithm, int? rsaBits)
    {
        var bits = rsaBits ?? Limits.RsaSigningBits;
        if (algorithm.IsVerifyOnly)
        {
            throw new ArgumentException($"{algorithm} is verified only", nameof(algorithm));
        }
        if (rsaBits is not null && (algorithm.Padding is null || bits < Limits.RsaSigningBits || bits > Limits.RsaBits || bits % 8 != 0))
        {
            throw new ArgumentException(
                $"{bits} bits for {algorithm}; RSA keys have {Limits.RsaSigningBits} to {Limits.RsaBits}, in steps of 8, and others no choice",
                nameof(rsaBits)
            );
        }
        return bits;
    }

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

    /// <summary>Signs a file's content.</summary>
    /// <param name="file">An open regular file of any size; read from its start. With Ed25519, a file over 1 MiB is first copied to the
    /// directory of temporary files, where nobody else can change it.</param>
    /// <param name="progress">Told the bytes read since the last report.</param>
    /// <param name="cancellation">Stops between two reads.</param>
    /// <returns>As <see cref="Sign"/>.</returns>
    /// <exception cref="IOException">The file cannot be read or changed while it was, or there is no room for the copy.</exception>
    public byte[] SignFile(SafeFileHandle file, IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        return SignFileCore(file, progress, cancellation);
    }

    private protected abstract byte[] SignCore(ReadOnlySpan<byte> message);

    private protected abstract byte[] SignDigestCore(ReadOnlySpan<byte> digest);

    private protected virtual byte[] SignFileCore(SafeFileHandle file, IProgress<long>? progress, CancellationToken cancellation) =>
        SignDigestCore(new FileHasher(Algorithm.PreHash!).Hash(file, progress, cancellation).Digest.Bytes);

    /// <summary>The key as DER PKCS#8 PrivateKeyInfo (RFC 5208), for writing key files. The caller clears it.</summary>
    internal abstract byte[] ExportPkcs8();

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        PublicKey.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases the native key.</summary>
    protected abstract void Dispose(bool disposing);
}
