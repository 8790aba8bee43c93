// .NET 10 marks reading and writing ML-DSA keys as PKCS#8 as experimental. Where the platform has ML-DSA, the tests check that what is written
// is read again; the bytes that .NET writes are held in place by no test.
#pragma warning disable SYSLIB5006 // for evaluation purposes only
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Keys;

/// <summary>An ML-DSA private key.</summary>
/// <remarks>Spec: FIPS 204; signatures are hedged, as OpenSSL makes them.</remarks>
internal sealed class MLDsaSigningKey : SigningKey
{
    private readonly MLDsa _key;

    /// <summary>Takes over a key.</summary>
    private MLDsaSigningKey(MLDsa key, SignatureAlgorithm algorithm)
        : base(MLDsaVerificationKey.Import(algorithm, key.ExportMLDsaPublicKey())) => _key = key;

    /// <exception cref="PlatformNotSupportedException">The platform lacks ML-DSA.</exception>
    internal static MLDsaSigningKey Generate(SignatureAlgorithm algorithm)
    {
        MLDsaVerificationKey.Require();
        return new(MLDsa.GenerateKey(algorithm.MLDsa!), algorithm);
    }

    /// <summary>Reads a PrivateKeyInfo: the seed, the expanded key, or both (RFC 9881 §6).</summary>
    /// <exception cref="CryptographicException">It is no such key, or its halves do not belong together.</exception>
    /// <exception cref="PlatformNotSupportedException">The platform lacks ML-DSA.</exception>
    internal static MLDsaSigningKey Import(SignatureAlgorithm algorithm, ReadOnlySpan<byte> pkcs8)
    {
        MLDsaVerificationKey.Require();
        return new(MLDsa.ImportPkcs8PrivateKey(pkcs8), algorithm);
    }

    private protected override byte[] SignCore(ReadOnlySpan<byte> message)
    {
        var signature = new byte[Algorithm.MLDsa!.SignatureSizeInBytes];
        _key.SignData(message, signature, default);
        return signature;
    }

    private protected override byte[] SignDigestCore(ReadOnlySpan<byte> digest) =>
        throw new InvalidOperationException("ML-DSA signs no digests");

    private protected override unsafe byte[] SignFileCore(SafeFileHandle file, IProgress<long>? progress, CancellationToken cancellation)
    {
        using var content = WholeFile.Open(file, progress, cancellation);
        var signature = SignCore(new ReadOnlySpan<byte>(content.Pointer, MLDsaVerificationKey.Length(content)));
        content.ThrowIfChanged();
        return signature;
    }

    internal override byte[] ExportPkcs8() => _key.ExportPkcs8PrivateKey();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _key.Dispose();
}
