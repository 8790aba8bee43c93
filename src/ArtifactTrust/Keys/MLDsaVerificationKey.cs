using System.Security.Cryptography;
using ArtifactTrust.Formats;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Keys;

/// <summary>An ML-DSA public key.</summary>
/// <remarks>Spec: FIPS 204, pure and with an empty context, as RFC 9881 and RFC 9882 use it.</remarks>
internal sealed class MLDsaVerificationKey : VerificationKey
{
    private readonly MLDsa _key;

    private MLDsaVerificationKey(SignatureAlgorithm algorithm, byte[] spki, MLDsa key)
        : base(algorithm, spki) => _key = key;

    /// <exception cref="MalformedDataException">The bytes are no such key.</exception>
    /// <exception cref="PlatformNotSupportedException">The platform lacks ML-DSA.</exception>
    internal static MLDsaVerificationKey Import(SignatureAlgorithm algorithm, byte[] encoded)
    {
        Require();
        var parameters = algorithm.MLDsa!;
        if (encoded.Length != parameters.PublicKeySizeInBytes)
        {
            throw new MalformedDataException(
                PublicKeyEncoding.Format,
                "subjectPublicKey",
                $"{encoded.Length} bytes; {parameters.PublicKeySizeInBytes} are expected"
            );
        }
        try
        {
            return new(algorithm, PublicKeyEncoding.WriteMLDsa(algorithm, encoded), MLDsa.ImportMLDsaPublicKey(parameters, encoded));
        }
        catch (CryptographicException e)
        {
            throw new MalformedDataException(PublicKeyEncoding.Format, "subjectPublicKey", "OpenSSL refuses the ML-DSA key", e);
        }
    }

    /// <exception cref="PlatformNotSupportedException">The platform lacks ML-DSA.</exception>
    internal static void Require()
    {
        if (!MLDsa.IsSupported)
        {
            throw new PlatformNotSupportedException(
                "ML-DSA needs OpenSSL 3.5 or newer, and this system has an older one. It is in Debian 13, Ubuntu 25.10 and Fedora 43."
            );
        }
    }

    private protected override VerificationKey? WithCore(SignatureAlgorithm algorithm) =>
        algorithm == Algorithm ? Import(algorithm, _key.ExportMLDsaPublicKey()) : null;

    private protected override bool VerifyCore(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        signature.Length == Algorithm.MLDsa!.SignatureSizeInBytes && _key.VerifyData(message, signature, default);

    private protected override unsafe bool VerifyFileCore(
        SafeFileHandle file,
        ReadOnlySpan<byte> signature,
        IProgress<long>? progress,
        CancellationToken cancellation
    )
    {
        using var content = WholeFile.Open(file, progress, cancellation);
        var isValid = VerifyCore(new ReadOnlySpan<byte>(content.Pointer, Length(content)), signature);
        content.ThrowIfChanged();
        return isValid;
    }

    private protected override bool VerifyDigestCore(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature) =>
        throw new InvalidOperationException("ML-DSA signs no digests");

    /// <exception cref="IOException">The content is longer than the platform's ML-DSA takes.</exception>
    internal static int Length(WholeFile content) =>
        content.Length <= int.MaxValue
            ? (int)content.Length
            : throw new IOException("ML-DSA signs the whole content, and takes at most 2 GiB; sign a statement about the file (attest)");

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _key.Dispose();
}
