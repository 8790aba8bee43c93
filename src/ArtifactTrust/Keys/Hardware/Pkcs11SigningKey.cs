using System.Formats.Asn1;
using System.Runtime.InteropServices;
using ArtifactTrust.Hashing;
using Microsoft.Win32.SafeHandles;
using static ArtifactTrust.Keys.Hardware.Cryptoki;

namespace ArtifactTrust.Keys.Hardware;

/// <summary>A private key that stays in its token. What the token signs is verified before it is given out.</summary>
internal sealed class Pkcs11SigningKey : SigningKey
{
    private const string Sha256Oid = "2.16.840.1.101.3.4.2.1";

    private readonly TokenSession _session;
    private readonly nuint _key;
    private readonly KeyPassword? _pin;

    /// <summary>Takes over all of them.</summary>
    /// <param name="session">The token, logged in.</param>
    /// <param name="key">The private key.</param>
    /// <param name="publicKey">Its other half.</param>
    /// <param name="pin">Where the key asks for the PIN before each signature (CKA_ALWAYS_AUTHENTICATE).</param>
    internal Pkcs11SigningKey(TokenSession session, nuint key, VerificationKey publicKey, KeyPassword? pin)
        : base(publicKey) => (_session, _key, _pin) = (session, key, pin);

    private protected override byte[] SignCore(ReadOnlySpan<byte> message)
    {
        if (Algorithm.PreHash is { } hash)
        {
            return SignDigestCore(hash.Hash(message).Bytes);
        }
        var signature = Make(Mechanism.Eddsa, default, message);
        return PublicKey.Verify(message, signature) ? signature : throw Wrong();
    }

    private protected override byte[] SignDigestCore(ReadOnlySpan<byte> digest)
    {
        var signature = Algorithm switch
        {
            { Curve: { } curve } => ToDer(Make(Mechanism.Ecdsa, default, digest), curve.CoordinateBytes),
            { Padding: { } padding } when padding == System.Security.Cryptography.RSASignaturePadding.Pss => Make(
                Mechanism.RsaPss,
                PssParameters(digest.Length),
                digest
            ),
            { Padding: not null } => Make(Mechanism.Rsa, default, DigestInfo(digest)),
            _ => throw new InvalidOperationException("Ed25519 signs no digests"),
        };
        return PublicKey.VerifyDigest(Digest.FromBytes(Algorithm.PreHash!, digest), signature) ? signature : throw Wrong();
    }

    private protected override unsafe byte[] SignFileCore(SafeFileHandle file, IProgress<long>? progress, CancellationToken cancellation)
    {
        if (Algorithm.PreHash is not null)
        {
            return base.SignFileCore(file, progress, cancellation);
        }
        // Read twice by the token's driver, perhaps: see Ed25519SigningKey.
        using var content = WholeFile.Copy(file, progress, cancellation);
        var signature = _session.Sign(_key, Mechanism.Eddsa, default, content.Pointer, content.Length, _pin);
        return ((Ed25519VerificationKey)PublicKey).Verify(content.Pointer, content.Length, signature) ? signature : throw Wrong();
    }

    internal override byte[] ExportPkcs8() => throw new InvalidOperationException("a key in hardware cannot be exported");

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _session.Dispose();
            _pin?.Dispose();
        }
    }

    private unsafe byte[] Make(Mechanism mechanism, ReadOnlySpan<byte> parameters, ReadOnlySpan<byte> data)
    {
        fixed (byte* p = data)
        {
            return _session.Sign(_key, mechanism, parameters, p, (nuint)data.Length, _pin);
        }
    }

    private HardwareKeyException Wrong() =>
        new(
            HardwareKeyFailure.Device,
            $"the token '{_session.Token.Label}' made a signature that the key's public half refuses; it was thrown away",
            "does the public key or certificate with this id belong to the private key?"
        );

    /// <summary>CK_RSA_PKCS_PSS_PARAMS: SHA-256, MGF1 with SHA-256, a salt as long as the digest.</summary>
    private static ReadOnlySpan<byte> PssParameters(int digestBytes)
    {
        const int Mgf1Sha256 = 2;
        nuint[] parameters = [(nuint)Mechanism.Sha256, Mgf1Sha256, (nuint)digestBytes];
        return MemoryMarshal.AsBytes<nuint>(parameters);
    }

    /// <remarks>Spec: RFC 8017 §9.2, DigestInfo.</remarks>
    private static byte[] DigestInfo(ReadOnlySpan<byte> sha256)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(Sha256Oid);
                writer.WriteNull();
            }
            writer.WriteOctetString(sha256);
        }
        return writer.Encode();
    }

    /// <summary>ECDSA signatures as everybody else has them, from the two numbers of equal length that tokens give.</summary>
    private byte[] ToDer(ReadOnlySpan<byte> raw, int coordinateBytes)
    {
        if (raw.Length != 2 * coordinateBytes)
        {
            throw Wrong();
        }
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(Minimal(raw[..coordinateBytes]));
            writer.WriteIntegerUnsigned(Minimal(raw[coordinateBytes..]));
        }
        return writer.Encode();

        static ReadOnlySpan<byte> Minimal(ReadOnlySpan<byte> number)
        {
            var trimmed = number.TrimStart((byte)0);
            return trimmed.IsEmpty ? number[..1] : trimmed;
        }
    }
}
