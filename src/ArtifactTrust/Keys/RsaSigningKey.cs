using System.Security.Cryptography;

namespace ArtifactTrust.Keys;

/// <summary>An RSA private key.</summary>
internal sealed class RsaSigningKey : SigningKey
{
    private readonly RSA _key;

    /// <summary>Takes over a key.</summary>
    internal RsaSigningKey(RSA key, SignatureAlgorithm algorithm)
        : base(PublicKeyEncoding.Read(PublicKeyEncoding.WriteRsa(key.ExportParameters(false)), algorithm)) => _key = key;

    private protected override byte[] SignCore(ReadOnlySpan<byte> message) => SignDigestCore(Algorithm.PreHash!.Hash(message).Bytes);

    private protected override byte[] SignDigestCore(ReadOnlySpan<byte> digest) =>
        _key.SignHash(digest, Algorithm.PreHash!.BclName, Algorithm.Padding!);

    internal override byte[] ExportPkcs8() => _key.ExportPkcs8PrivateKey();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _key.Dispose();
}
