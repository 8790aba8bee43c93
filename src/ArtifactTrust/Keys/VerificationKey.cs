using System.Security.Cryptography;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using Microsoft.Win32.SafeHandles;

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

    /// <summary>Reads a key from DER SubjectPublicKeyInfo.</summary>
    /// <param name="der">The one encoding a key has: named curve, uncompressed point, nothing after it.</param>
    /// <param name="rsaPadding"><see cref="SignatureAlgorithm.RsaPkcs1"/> or <see cref="SignatureAlgorithm.RsaPss"/>, the former where null;
    /// used for RSA keys only.</param>
    /// <exception cref="MalformedDataException">The bytes are not a key, or one of a kind, curve or size that is not accepted.</exception>
    /// <exception cref="PlatformNotSupportedException">The key is Ed25519 and there is no OpenSSL.</exception>
    /// <remarks>Spec: RFC 5280 §4.1.2.7, RFC 5480, RFC 3279 §2.3.1, RFC 8410. Law: <see cref="SubjectPublicKeyInfo"/> equals
    /// <paramref name="der"/>.</remarks>
    public static VerificationKey FromSubjectPublicKeyInfo(ReadOnlySpan<byte> der, SignatureAlgorithm? rsaPadding = null)
    {
        CheckPadding(rsaPadding);
        return PublicKeyEncoding.Read(der, rsaPadding);
    }

    /// <summary>Reads a key from one PEM block, <c>PUBLIC KEY</c> or <c>RSA PUBLIC KEY</c>.</summary>
    /// <param name="pem">The text: the block, and white space around it.</param>
    /// <param name="rsaPadding">As for <see cref="FromSubjectPublicKeyInfo"/>.</param>
    /// <exception cref="MalformedDataException">The text is not a key, or one of a kind, curve or size that is not accepted.</exception>
    /// <exception cref="PlatformNotSupportedException">The key is Ed25519 and there is no OpenSSL.</exception>
    /// <remarks>Spec: RFC 7468 §13; RFC 8017 §A.1.1.</remarks>
    public static VerificationKey FromPem(string pem, SignatureAlgorithm? rsaPadding = null)
    {
        ArgumentNullException.ThrowIfNull(pem);
        CheckPadding(rsaPadding);
        if (pem.Length > Limits.KeyFileBytes)
        {
            throw new MalformedDataException(
                PublicKeyEncoding.Format,
                "$",
                $"{pem.Length} characters; at most {Limits.KeyFileBytes} are accepted"
            );
        }
        var (label, data) = Pem.DecodeSingle(pem, PublicKeyEncoding.Format);
        if (label.EndsWith("PRIVATE KEY", StringComparison.Ordinal))
        {
            CryptographicOperations.ZeroMemory(data);
            throw new MalformedDataException(
                PublicKeyEncoding.Format,
                "$",
                $"a private key ('{label}') was given where a public key is expected; keep it secret and give its public half"
            );
        }
        return label switch
        {
            "PUBLIC KEY" => PublicKeyEncoding.Read(data, rsaPadding),
            "RSA PUBLIC KEY" => PublicKeyEncoding.ReadPkcs1(data, rsaPadding),
            "CERTIFICATE" => throw new MalformedDataException(
                PublicKeyEncoding.Format,
                "$",
                "a certificate was given where a bare public key ('PUBLIC KEY') is expected"
            ),
            _ => throw new MalformedDataException(PublicKeyEncoding.Format, "$", $"'PUBLIC KEY' is expected, not '{label}'"),
        };
    }

    /// <summary>The same key bound to another algorithm: the other RSA padding, or the hash of an old client.</summary>
    /// <returns>A key of its own, which the caller disposes.</returns>
    /// <exception cref="ArgumentException">Keys of this kind have no such algorithm.</exception>
    public VerificationKey With(SignatureAlgorithm algorithm)
    {
        ArgumentNullException.ThrowIfNull(algorithm);
        return WithCore(algorithm)
            ?? throw new ArgumentException($"a key for {Algorithm} cannot be used for {algorithm}", nameof(algorithm));
    }

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

    /// <summary>Whether the signature is this key's over the message, hashed and, for RSA, padded as a certificate or token says.</summary>
    internal bool VerifyWith(DigestAlgorithm hash, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature, bool isPss = false) =>
        VerifyHashCore(hash, hash.Hash(message).Bytes, signature, isPss);

    /// <summary>Whether the signature is this key's over a file's content. A malformed signature is false.</summary>
    /// <param name="file">An open regular file of any size; read from its start.</param>
    /// <param name="signature">The signature.</param>
    /// <param name="progress">Told the bytes read since the last report.</param>
    /// <param name="cancellation">Stops between two reads; the one pass of Ed25519 over a mapped file is not stopped.</param>
    /// <exception cref="IOException">The file cannot be read, or changed while it was.</exception>
    public bool VerifyFile(
        SafeFileHandle file,
        ReadOnlySpan<byte> signature,
        IProgress<long>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(file);
        return VerifyFileCore(file, signature, progress, cancellation);
    }

    /// <summary>The key as PEM <c>PUBLIC KEY</c>: lines of 64 characters, each ended by a line feed, the last too.</summary>
    /// <remarks>Spec: RFC 7468 §13.</remarks>
    public string ToPem() => Pem.Encode("PUBLIC KEY", SubjectPublicKeyInfo.Span);

    /// <summary>The key under another algorithm, or null where it does not fit.</summary>
    private protected abstract VerificationKey? WithCore(SignatureAlgorithm algorithm);

    private protected abstract bool VerifyCore(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature);

    private protected abstract bool VerifyDigestCore(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature);

    private protected virtual bool VerifyHashCore(
        DigestAlgorithm hash,
        ReadOnlySpan<byte> digest,
        ReadOnlySpan<byte> signature,
        bool isPss
    ) => false;

    private protected virtual bool VerifyFileCore(
        SafeFileHandle file,
        ReadOnlySpan<byte> signature,
        IProgress<long>? progress,
        CancellationToken cancellation
    ) => VerifyDigestCore(new FileHasher(Algorithm.PreHash!).Hash(file, progress, cancellation).Digest.Bytes, signature);

    /// <summary>Throws where the algorithm is not of RSA.</summary>
    internal static void CheckPadding(SignatureAlgorithm? rsaPadding)
    {
        if (rsaPadding is { Padding: null })
        {
            throw new ArgumentException($"{rsaPadding} is not an RSA algorithm", nameof(rsaPadding));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases the native key.</summary>
    protected abstract void Dispose(bool disposing);
}
