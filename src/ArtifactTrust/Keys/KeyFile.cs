using System.Security.Cryptography;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Keys;

/// <summary>Reads and writes the files that keys are kept in.</summary>
public static class KeyFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string PlainLabel = "PRIVATE KEY";
    private const string EncryptedLabel = "ENCRYPTED PRIVATE KEY";
    private const string SigstoreLabel = "ENCRYPTED SIGSTORE PRIVATE KEY";

    /// <summary>Reads a private key from a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="askPassword">Called once, and only where the key is encrypted; what it returns is disposed here. No password where
    /// null, or where it returns null.</param>
    /// <param name="rsaPadding"><see cref="SignatureAlgorithm.RsaPkcs1"/> or <see cref="SignatureAlgorithm.RsaPss"/>, the former where null;
    /// used for RSA keys only.</param>
    /// <exception cref="MalformedDataException">The file is not a key, or one of a kind, curve or size that does not sign.</exception>
    /// <exception cref="KeyPasswordException">The key is encrypted, and there is no password or a wrong one.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    /// <exception cref="PlatformNotSupportedException">The key is Ed25519 or encrypted with scrypt, and there is no OpenSSL.</exception>
    public static SigningKey ReadSigningKey(string path, Func<KeyPassword?>? askPassword = null, SignatureAlgorithm? rsaPadding = null)
    {
        var utf8 = ReadBounded(path, PrivateKeyEncoding.Format);
        try
        {
            return ParseSigningKey(utf8, askPassword, rsaPadding);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(utf8);
        }
    }

    /// <summary>Reads a private key from the content of a file: one PEM block of PKCS#8 (plain or encrypted), SEC 1, PKCS#1, or cosign's.</summary>
    /// <param name="utf8">The content, which the caller clears.</param>
    /// <param name="askPassword">As for <see cref="ReadSigningKey"/>.</param>
    /// <param name="rsaPadding">As for <see cref="ReadSigningKey"/>.</param>
    /// <exception cref="MalformedDataException">The content is not a key, or one of a kind, curve or size that does not sign.</exception>
    /// <exception cref="KeyPasswordException">The key is encrypted, and there is no password or a wrong one.</exception>
    /// <exception cref="PlatformNotSupportedException">The key is Ed25519 or encrypted with scrypt, and there is no OpenSSL.</exception>
    public static SigningKey ParseSigningKey(
        ReadOnlySpan<byte> utf8,
        Func<KeyPassword?>? askPassword = null,
        SignatureAlgorithm? rsaPadding = null
    )
    {
        VerificationKey.CheckPadding(rsaPadding);
        CheckLength(utf8.Length, PrivateKeyEncoding.Format);
        if (utf8.IndexOf("Proc-Type:"u8) >= 0)
        {
            throw Refused(
                "the file is encrypted the way OpenSSL did before PKCS#8; convert it with "
                    + "'openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW'"
            );
        }
        var (label, data) = Pem.DecodeSingle(WithoutEcParameters(utf8), PrivateKeyEncoding.Format);
        try
        {
            return label switch
            {
                PlainLabel => PrivateKeyEncoding.ReadPkcs8(data, rsaPadding),
                "EC PRIVATE KEY" => PrivateKeyEncoding.ReadSec1(data),
                "RSA PRIVATE KEY" => PrivateKeyEncoding.ReadPkcs1(data, rsaPadding),
                EncryptedLabel => Decrypt(EncryptedPkcs8.Decrypt, data, askPassword, rsaPadding),
                SigstoreLabel or "ENCRYPTED COSIGN PRIVATE KEY" => Decrypt(SigstoreKeyEncryption.Decrypt, data, askPassword, rsaPadding),
                "PUBLIC KEY" or "RSA PUBLIC KEY" or "CERTIFICATE" => throw Refused($"'{label}' was given where a private key is expected"),
                _ => throw Refused($"'{PlainLabel}' is expected, or one of the other forms of PKCS#8, SEC 1 and cosign; not '{label}'"),
            };
        }
        finally
        {
            CryptographicOperations.ZeroMemory(data);
        }
    }

    /// <summary>Reads a public key from a file that holds one PEM block, <c>PUBLIC KEY</c> or <c>RSA PUBLIC KEY</c>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="rsaPadding">As for <see cref="VerificationKey.FromPem"/>.</param>
    /// <exception cref="MalformedDataException">The file is not a key, or one of a kind, curve or size that is not accepted.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    /// <exception cref="PlatformNotSupportedException">The key is Ed25519 and there is no OpenSSL.</exception>
    public static VerificationKey ReadVerificationKey(string path, SignatureAlgorithm? rsaPadding = null) =>
        VerificationKey.FromPem(Encoding.UTF8.GetString(ReadBounded(path, PublicKeyEncoding.Format)), rsaPadding);

    /// <summary>The content of a private key file, which the caller clears.</summary>
    /// <param name="key">The key.</param>
    /// <param name="format">The format.</param>
    /// <param name="password">For the encrypted formats, and for them only. Empty where cosign is to ask for none.</param>
    /// <returns>PEM in UTF-8, in pinned memory.</returns>
    /// <exception cref="ArgumentException">There is a password for a plain key, or none or an empty one for an encrypted one.</exception>
    /// <exception cref="PlatformNotSupportedException">The format needs scrypt, and there is no OpenSSL.</exception>
    /// <remarks>Law: <see cref="ParseSigningKey"/> with the password gives the key back.</remarks>
    public static byte[] Encode(SigningKey key, KeyFileFormat format, KeyPassword? password = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (password is null != (format == KeyFileFormat.Pkcs8))
        {
            throw new ArgumentException($"format {format} takes {(password is null ? "a" : "no")} password", nameof(password));
        }
        if (format == KeyFileFormat.EncryptedPkcs8 && password!.Bytes.IsEmpty)
        {
            throw new ArgumentException("the password is empty", nameof(password));
        }
        var pkcs8 = key.ExportPkcs8();
        try
        {
            return format switch
            {
                KeyFileFormat.Pkcs8 => Pem.EncodeToUtf8(PlainLabel, pkcs8),
                KeyFileFormat.EncryptedPkcs8 => Pem.EncodeToUtf8(EncryptedLabel, EncryptedPkcs8.Encrypt(pkcs8, password!)),
                KeyFileFormat.Sigstore => Pem.EncodeToUtf8(SigstoreLabel, SigstoreKeyEncryption.Encrypt(pkcs8, password!)),
                _ => throw new ArgumentOutOfRangeException(nameof(format)),
            };
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    /// <summary>Writes a new key: the private half readable by its owner only, the public half beside it.</summary>
    /// <param name="path">The file of the private half. That of the public half is <see cref="PublicKeyPath"/>.</param>
    /// <param name="key">The key.</param>
    /// <param name="format">The format of the private half.</param>
    /// <param name="password">As for <see cref="Encode"/>.</param>
    /// <exception cref="ArgumentException">As for <see cref="Encode"/>.</exception>
    /// <exception cref="IOException">Either file exists, or cannot be written: then neither is left behind.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory may not be written to.</exception>
    /// <remarks>Both files are on disk when this returns. A crash before that can leave a part of a file, which no reader accepts.</remarks>
    public static void Write(string path, SigningKey key, KeyFileFormat format, KeyPassword? password = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var content = Encode(key, format, password);
        try
        {
            const UnixFileMode everyone = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
            using var privateFile = DurableFile.Create(path, replace: false, OwnerOnly);
            using var publicFile = DurableFile.Create(PublicKeyPath(path), replace: false, everyone);
            privateFile.Stream.Write(content);
            publicFile.Stream.Write(Encoding.ASCII.GetBytes(key.PublicKey.ToPem()));
            privateFile.Sync();
            publicFile.Sync();
            privateFile.Commit();
            try
            {
                publicFile.Commit();
            }
            catch
            {
                // Somebody else's public key came in between; a pair that is none would be used as one.
                File.Delete(path);
                throw;
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <summary>Where <see cref="Write"/> puts the public half: <c>a.pub</c> for <c>a.key</c> or <c>a</c>, <c>a.pub.pem</c> for <c>a.key.pem</c>.</summary>
    public static string PublicKeyPath(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return path.EndsWith(".key.pem", StringComparison.Ordinal) ? $"{path[..^8]}.pub.pem"
            : path.EndsWith(".key", StringComparison.Ordinal) ? $"{path[..^4]}.pub"
            : $"{path}.pub";
    }

    private delegate byte[] Decryption(ReadOnlyMemory<byte> data, KeyPassword password);

    private static SigningKey Decrypt(Decryption decrypt, byte[] data, Func<KeyPassword?>? askPassword, SignatureAlgorithm? rsaPadding)
    {
        using var password = askPassword?.Invoke() ?? throw new KeyPasswordException(isMissing: true);
        var pkcs8 = decrypt(data, password);
        try
        {
            return PrivateKeyEncoding.ReadPkcs8(pkcs8, rsaPadding);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    /// <summary>The text after the block that 'openssl ecparam -genkey' puts before the key, which names the curve once more.</summary>
    private static ReadOnlySpan<byte> WithoutEcParameters(ReadOnlySpan<byte> utf8) =>
        PemEncoding.TryFindUtf8(utf8, out var fields) && utf8[fields.Label].SequenceEqual("EC PARAMETERS"u8)
            ? utf8[fields.Location.End..]
            : utf8;

    private static byte[] ReadBounded(string path, string format)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        // One byte more than is accepted shows whether there is more, also where the length is not known, as of a pipe.
        var buffer = GC.AllocateArray<byte>(Limits.KeyFileBytes + 1, pinned: true);
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            var length = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            CheckLength(length, format);
            var content = GC.AllocateUninitializedArray<byte>(length, pinned: true);
            buffer.AsSpan(0, length).CopyTo(content);
            return content;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(buffer);
        }
    }

    private static void CheckLength(int length, string format)
    {
        if (length > Limits.KeyFileBytes)
        {
            throw new MalformedDataException(format, "$", $"the file is longer than the {Limits.KeyFileBytes} bytes that are accepted");
        }
    }

    private static MalformedDataException Refused(string reason) => new(PrivateKeyEncoding.Format, "$", reason);
}
