using ArtifactTrust.Formats;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Keys;

/// <summary>An Ed25519 public key.</summary>
internal sealed class Ed25519VerificationKey : VerificationKey
{
    private readonly byte[] _encoded;
    private readonly OpenSsl.KeyHandle _key;

    private Ed25519VerificationKey(byte[] encoded, OpenSsl.KeyHandle key, SignatureAlgorithm algorithm)
        : base(algorithm, PublicKeyEncoding.WriteEd25519(encoded)) => (_encoded, _key) = (encoded, key);

    /// <exception cref="MalformedDataException">The bytes are not a point that a signer can have.</exception>
    /// <exception cref="PlatformNotSupportedException">There is no OpenSSL.</exception>
    internal static Ed25519VerificationKey Import(byte[] encoded)
    {
        var problem =
            encoded.Length == OpenSsl.Ed25519KeyBytes
                ? Ed25519Point.Problem(encoded)
                : $"{encoded.Length} bytes; {OpenSsl.Ed25519KeyBytes} are expected";
        return problem is null
            ? new(encoded, OpenSsl.ImportEd25519PublicKey(encoded), SignatureAlgorithm.Ed25519)
            : throw new MalformedDataException(PublicKeyEncoding.Format, "subjectPublicKey", problem);
    }

    private bool IsPreHashed => Algorithm == SignatureAlgorithm.Ed25519ph;

    private protected override VerificationKey? WithCore(SignatureAlgorithm algorithm) =>
        algorithm == SignatureAlgorithm.Ed25519 || algorithm == SignatureAlgorithm.Ed25519ph
            ? new Ed25519VerificationKey(_encoded, OpenSsl.ImportEd25519PublicKey(_encoded), algorithm)
            : null;

    private protected override unsafe bool VerifyCore(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (IsPreHashed)
        {
            return VerifyDigestCore(Algorithm.PreHash!.Hash(message).Bytes, signature);
        }
        fixed (byte* p = message)
        {
            return OpenSsl.VerifyEd25519(_key, p, (nuint)message.Length, signature);
        }
    }

    private protected override unsafe bool VerifyFileCore(
        SafeFileHandle file,
        ReadOnlySpan<byte> signature,
        IProgress<long>? progress,
        CancellationToken cancellation
    )
    {
        if (IsPreHashed)
        {
            return base.VerifyFileCore(file, signature, progress, cancellation);
        }
        using var content = WholeFile.Open(file, progress, cancellation);
        var isValid = OpenSsl.VerifyEd25519(_key, content.Pointer, content.Length, signature);
        content.ThrowIfChanged();
        return isValid;
    }

    private protected override bool VerifyDigestCore(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature) =>
        IsPreHashed
            ? Ed25519PreHashed.Verify(_encoded, digest, signature)
            : throw new InvalidOperationException("Ed25519 signs no digests");

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _key.Dispose();
}
