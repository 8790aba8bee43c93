using System.Globalization;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Keys.Hardware;

/// <summary>Keys in a TPM 2.0, through OpenSSL's provider <c>tpm2</c> as .NET exposes it.</summary>
/// <remarks>
/// The provider finds the TPM by TPM2OPENSSL_TCTI. .NET asks no PIN on its behalf, so keys are those without one. .NET loads the provider
/// with the first key, and never unloads it.
/// </remarks>
internal static class TpmKey
{
    private const string Scheme = "tpm2:";
    private const string Provider = "tpm2";
    private const string Handle = "handle:";

    internal static bool IsUri(string text) => text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

    internal static SigningKey OpenSigningKey(string uri, SignatureAlgorithm? rsaPadding)
    {
        var name = Parse(uri);
        var key = Open(name);
        VerificationKey? publicKey = null;
        SigningKey? result = null;
        try
        {
            publicKey = Public(key, name, rsaPadding);
            result = new ProviderSigningKey(key, publicKey, name);
            return result;
        }
        finally
        {
            if (result is null)
            {
                publicKey?.Dispose();
                key.Dispose();
            }
        }
    }

    internal static VerificationKey ReadVerificationKey(string uri, SignatureAlgorithm? rsaPadding)
    {
        var name = Parse(uri);
        using var key = Open(name);
        return Public(key, name, rsaPadding);
    }

    /// <summary>The provider's name of a key: a persistent handle and nothing else, as provider URIs can name files too.</summary>
    internal static string Parse(string uri)
    {
        var name = uri[Scheme.Length..];
        return
            name.Length is > 9 and <= 17
            && name.StartsWith(Handle + "0x", StringComparison.Ordinal)
            && uint.TryParse(name.AsSpan(9), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var handle)
            && handle >> 24 == 0x81
            ? name
            : throw new MalformedDataException("TPM key URI", "$", "tpm2:handle:0x81XXXXXX, the handle of a persistent key, is expected");
    }

    private static AsymmetricAlgorithm Open(string name)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("keys in a TPM are supported on Linux");
        }
        try
        {
            return OpenOnLinux(name);
        }
        catch (CryptographicException e)
        {
            throw new HardwareKeyException(
                HardwareKeyFailure.Device,
                $"OpenSSL opens no key '{name}' through the provider '{Provider}': {e.Message}",
                "install tpm2-openssl (the same name in Debian, Ubuntu and Fedora), and give the way to the TPM in TPM2OPENSSL_TCTI, such as "
                    + "device:/dev/tpmrm0; 'openssl list -providers -provider tpm2' and 'tpm2_getcap handles-persistent' show what is there",
                e
            );
        }
    }

    [SupportedOSPlatform("linux")]
    private static AsymmetricAlgorithm OpenOnLinux(string name)
    {
        using var handle = SafeEvpPKeyHandle.OpenKeyFromProvider(Provider, name);
        try
        {
            var key = new ECDsaOpenSsl(handle);
            try
            {
                _ = key.ExportParameters(false);
                return key;
            }
            catch (CryptographicException)
            {
                key.Dispose();
            }
        }
        catch (CryptographicException)
        {
            // Not an elliptic curve.
        }
        return new RSAOpenSsl(handle);
    }

    private static VerificationKey Public(AsymmetricAlgorithm key, string name, SignatureAlgorithm? rsaPadding)
    {
        try
        {
            return PublicKeyEncoding.Read(key.ExportSubjectPublicKeyInfo(), rsaPadding);
        }
        catch (CryptographicException e)
        {
            throw new HardwareKeyException(
                HardwareKeyFailure.Device,
                $"the public half of the TPM's key '{name}' cannot be read: {e.Message}",
                null,
                e
            );
        }
    }

    /// <summary>A private key behind an OpenSSL provider. What is signed is verified before it is given out.</summary>
    private sealed class ProviderSigningKey(AsymmetricAlgorithm key, VerificationKey publicKey, string name) : SigningKey(publicKey)
    {
        private readonly Lock _lock = new();

        private protected override byte[] SignCore(ReadOnlySpan<byte> message) => SignDigestCore(Algorithm.PreHash!.Hash(message).Bytes);

        private protected override byte[] SignDigestCore(ReadOnlySpan<byte> digest)
        {
            byte[] signature;
            try
            {
                // A TPM does one thing at a time, and so does the provider's connection to it.
                lock (_lock)
                {
                    signature = key switch
                    {
                        ECDsa ec => ec.SignHash(digest, DSASignatureFormat.Rfc3279DerSequence),
                        RSA rsa => rsa.SignHash(digest, Algorithm.PreHash!.BclName, Algorithm.Padding!),
                        _ => throw new InvalidOperationException("a TPM's key is of ECDSA or RSA"),
                    };
                }
            }
            catch (CryptographicException e)
            {
                throw new HardwareKeyException(
                    HardwareKeyFailure.Device,
                    $"the TPM did not sign with '{name}': {e.Message}",
                    "a key with an authorization value cannot be used this way; a token of tpm2-pkcs11 can have a PIN",
                    e
                );
            }
            return PublicKey.VerifyDigest(Hashing.Digest.FromBytes(Algorithm.PreHash!, digest), signature)
                ? signature
                : throw new HardwareKeyException(
                    HardwareKeyFailure.Device,
                    $"the TPM made a signature with '{name}' that its public half refuses; it was thrown away"
                );
        }

        internal override byte[] ExportPkcs8() => throw new InvalidOperationException("a key in hardware cannot be exported");

        /// <inheritdoc/>
        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                key.Dispose();
            }
        }
    }
}
