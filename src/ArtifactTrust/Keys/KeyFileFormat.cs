namespace ArtifactTrust.Keys;

/// <summary>How a private key is written to a file.</summary>
public enum KeyFileFormat
{
    /// <summary>No format: never accepted.</summary>
    None,

    /// <summary>PEM <c>PRIVATE KEY</c>: PKCS#8, not encrypted (RFC 5958).</summary>
    Pkcs8,

    /// <summary>PEM <c>ENCRYPTED PRIVATE KEY</c>: PKCS#8 under PBES2 with AES-256-CBC and PBKDF2-HMAC-SHA256 (RFC 8018). OpenSSL reads it.</summary>
    EncryptedPkcs8,

    /// <summary>PEM <c>ENCRYPTED SIGSTORE PRIVATE KEY</c>: PKCS#8 under scrypt and XSalsa20-Poly1305. cosign reads it.</summary>
    Sigstore,
}
