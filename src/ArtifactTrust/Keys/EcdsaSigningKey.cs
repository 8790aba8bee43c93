using System.Security.Cryptography;

namespace ArtifactTrust.Keys;

/// <summary>An ECDSA private key.</summary>
internal sealed class EcdsaSigningKey : SigningKey
{
    private readonly ECDsa _key;

    /// <summary>Takes over a key on the algorithm's curve.</summary>
    internal EcdsaSigningKey(ECDsa key, SignatureAlgorithm algorithm)
        : base(EcdsaVerificationKey.Import(algorithm.Curve!, key.ExportParameters(false).Q, algorithm)) => _key = key;

    private protected override byte[] SignCore(ReadOnlySpan<byte> message) => SignDigestCore(Algorithm.PreHash!.Hash(message).Bytes);

    private protected override byte[] SignDigestCore(ReadOnlySpan<byte> digest) =>
        _key.SignHash(digest, DSASignatureFormat.Rfc3279DerSequence);

    internal override byte[] ExportPkcs8() => _key.ExportPkcs8PrivateKey();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _key.Dispose();
}
