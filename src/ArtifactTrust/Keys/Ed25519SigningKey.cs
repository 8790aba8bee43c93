using System.Formats.Asn1;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Keys;

/// <summary>An Ed25519 private key.</summary>
internal sealed class Ed25519SigningKey : SigningKey
{
    private readonly OpenSsl.KeyHandle _key;

    /// <summary>Takes over a key.</summary>
    private Ed25519SigningKey(OpenSsl.KeyHandle key)
        : base(Ed25519VerificationKey.Import(OpenSsl.ExportEd25519PublicKey(key))) => _key = key;

    /// <param name="seed">32 bytes.</param>
    internal static Ed25519SigningKey Import(ReadOnlySpan<byte> seed) => new(OpenSsl.ImportEd25519PrivateKey(seed));

    internal static Ed25519SigningKey Generate()
    {
        Span<byte> seed = stackalloc byte[OpenSsl.Ed25519KeyBytes];
        RandomNumberGenerator.Fill(seed);
        try
        {
            return Import(seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    private protected override unsafe byte[] SignCore(ReadOnlySpan<byte> message)
    {
        fixed (byte* p = message)
        {
            return OpenSsl.SignEd25519(_key, p, (nuint)message.Length);
        }
    }

    private protected override unsafe byte[] SignFileCore(SafeFileHandle file, IProgress<long>? progress, CancellationToken cancellation)
    {
        // The message is read twice, for the nonce and for the challenge. Whoever could change it in between would get two signatures
        // with one nonce, and from them the private key: so it is read from a copy that others cannot write.
        using var content = WholeFile.Copy(file, progress, cancellation);
        return OpenSsl.SignEd25519(_key, content.Pointer, content.Length);
    }

    private protected override byte[] SignDigestCore(ReadOnlySpan<byte> digest) =>
        throw new InvalidOperationException("Ed25519 signs no digests");

    /// <remarks>Spec: RFC 8410 §7, version 1: without the public key, as every reader takes it.</remarks>
    internal override byte[] ExportPkcs8()
    {
        Span<byte> seed = stackalloc byte[OpenSsl.Ed25519KeyBytes];
        Span<byte> inner = stackalloc byte[2 + OpenSsl.Ed25519KeyBytes];
        OpenSsl.ExportEd25519Seed(_key, seed);
        try
        {
            // OCTET STRING of 32 bytes.
            (inner[0], inner[1]) = (4, OpenSsl.Ed25519KeyBytes);
            seed.CopyTo(inner[2..]);
            var writer = new AsnWriter(AsnEncodingRules.DER);
            using (writer.PushSequence())
            {
                writer.WriteInteger(0);
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(PublicKeyEncoding.Ed25519Oid);
                }
                writer.WriteOctetString(inner);
            }
            return writer.Encode();
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
            CryptographicOperations.ZeroMemory(inner);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _key.Dispose();
}
