using ArtifactTrust.Formats;

namespace ArtifactTrust.Keys.Hardware;

/// <summary>Keys that stay in a device, named by a URI: <c>pkcs11:…</c> (RFC 7512) or <c>tpm2:handle:0x81…</c>.</summary>
/// <remarks>
/// A PKCS#11 module is spoken to directly. A TPM is reached through OpenSSL's provider <c>tpm2</c>, or as a PKCS#11 token through tpm2-pkcs11.
/// Keys keep their session and login until they are disposed.
/// </remarks>
public static class HardwareKey
{
    /// <summary>Whether a text names a key in hardware rather than a file.</summary>
    public static bool IsUri(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.StartsWith(Pkcs11Uri.Scheme, StringComparison.OrdinalIgnoreCase) || TpmKey.IsUri(text);
    }

    /// <summary>Opens a private key.</summary>
    /// <param name="uri">Where it is. Exactly one token and one key have to fit.</param>
    /// <param name="access">How to reach it; nothing is asked where null.</param>
    /// <param name="rsaPadding"><see cref="SignatureAlgorithm.RsaPkcs1"/> or <see cref="SignatureAlgorithm.RsaPss"/>, the former where null;
    /// used for RSA keys only.</param>
    /// <exception cref="MalformedDataException">The URI is none, or the token's public key is of a kind, curve or size that is not accepted.</exception>
    /// <exception cref="HardwareKeyException">The key is not there or cannot be used. The same is thrown where signing with it fails.</exception>
    /// <exception cref="PlatformNotSupportedException">The system has no such keys.</exception>
    public static SigningKey OpenSigningKey(string uri, HardwareKeyAccess? access = null, SignatureAlgorithm? rsaPadding = null)
    {
        ArgumentNullException.ThrowIfNull(uri);
        VerificationKey.CheckPadding(rsaPadding);
        return TpmKey.IsUri(uri)
            ? TpmKey.OpenSigningKey(uri, rsaPadding)
            : Pkcs11Key.OpenSigningKey(Pkcs11Uri.Parse(uri), access ?? new HardwareKeyAccess(), rsaPadding);
    }

    /// <summary>Reads a public key: of a public key or certificate that anybody may read, else of the private key, with its PIN.</summary>
    /// <inheritdoc cref="OpenSigningKey"/>
    public static VerificationKey ReadVerificationKey(string uri, HardwareKeyAccess? access = null, SignatureAlgorithm? rsaPadding = null)
    {
        ArgumentNullException.ThrowIfNull(uri);
        VerificationKey.CheckPadding(rsaPadding);
        return TpmKey.IsUri(uri)
            ? TpmKey.ReadVerificationKey(uri, rsaPadding)
            : Pkcs11Key.ReadVerificationKey(Pkcs11Uri.Parse(uri), access ?? new HardwareKeyAccess(), rsaPadding);
    }

    /// <summary>Makes a key pair in a PKCS#11 token: the private half can sign, is sensitive, and never leaves it.</summary>
    /// <param name="uri">The token and the key's label (<c>object</c>), and its <c>id</c>, which is random where it is not given.</param>
    /// <param name="algorithm">The algorithm it signs with.</param>
    /// <param name="rsaBits">The modulus of an RSA key, in bits: 3072 (where null) to 16384, a multiple of 8.</param>
    /// <param name="access">How to reach the token.</param>
    /// <param name="keep">Called with the public key; where it throws, the pair is deleted again.</param>
    /// <returns>The public key.</returns>
    /// <exception cref="ArgumentException">Keys are not made for the algorithm, or not of the size.</exception>
    /// <exception cref="MalformedDataException">The URI is none.</exception>
    /// <exception cref="HardwareKeyException">The token cannot be used or does not make such keys, or has one of that label or id.</exception>
    /// <exception cref="PlatformNotSupportedException">The system has no such keys.</exception>
    public static VerificationKey Generate(
        string uri,
        SignatureAlgorithm algorithm,
        int? rsaBits,
        HardwareKeyAccess access,
        Action<VerificationKey> keep
    )
    {
        ArgumentNullException.ThrowIfNull(uri);
        ArgumentNullException.ThrowIfNull(algorithm);
        ArgumentNullException.ThrowIfNull(access);
        ArgumentNullException.ThrowIfNull(keep);
        var bits = SigningKey.CheckedRsaBits(algorithm, rsaBits);
        if (algorithm.MLDsa is not null)
        {
            throw new ArgumentException($"keys for {algorithm} are not made in hardware", nameof(algorithm));
        }
        return TpmKey.IsUri(uri)
            ? throw new HardwareKeyException(
                HardwareKeyFailure.Unsupported,
                "keys are not made through OpenSSL's provider for the TPM",
                "make it with tpm2-tools, or in a token of tpm2-pkcs11: see docs/hardware-keys.md"
            )
            : Pkcs11Key.Generate(Pkcs11Uri.Parse(uri), algorithm, bits, access, keep);
    }
}
