using System.Formats.Asn1;
using System.Security.Cryptography;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Keys;

/// <summary>PKCS#8 encrypted with a password under PBES2: AES-CBC with a key from PBKDF2 or scrypt.</summary>
/// <remarks>Spec: RFC 8018 §6.2 and §A.4, RFC 7914 §7, RFC 3565 §4.1.</remarks>
internal static class EncryptedPkcs8
{
    private const string Format = "encrypted private key";
    private const string Pbes2Oid = "1.2.840.113549.1.5.13";
    private const string Pbkdf2Oid = "1.2.840.113549.1.5.12";
    private const string ScryptOid = "1.3.6.1.4.1.11591.4.11";
    private const string HmacSha256Oid = "1.2.840.113549.2.9";
    private const string Aes256CbcOid = "2.16.840.1.101.3.4.1.42";
    private const int IvBytes = 16;
    private const int SaltBytes = 16;

    // OWASP's figure for PBKDF2-HMAC-SHA256.
    private const int Iterations = 600_000;

    /// <returns>The PrivateKeyInfo, pinned, which the caller clears.</returns>
    /// <exception cref="MalformedDataException">The bytes are not of the format, or ask for what is not accepted.</exception>
    /// <exception cref="KeyPasswordException">The password is wrong.</exception>
    internal static byte[] Decrypt(ReadOnlyMemory<byte> der, KeyPassword password)
    {
        byte[]? key = null;
        try
        {
            var outer = new AsnReader(der, AsnEncodingRules.DER);
            var info = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            var scheme = info.ReadSequence();
            var ciphertext = info.ReadOctetString();
            info.ThrowIfNotEmpty();
            if (scheme.ReadObjectIdentifier() is var schemeOid && schemeOid != Pbes2Oid)
            {
                throw NotAccepted("encryption", schemeOid);
            }
            var parameters = scheme.ReadSequence();
            scheme.ThrowIfNotEmpty();
            var derivation = parameters.ReadSequence();
            var cipher = parameters.ReadSequence();
            parameters.ThrowIfNotEmpty();

            var cipherOid = cipher.ReadObjectIdentifier();
            var keyBytes = cipherOid switch
            {
                "2.16.840.1.101.3.4.1.2" => 16,
                "2.16.840.1.101.3.4.1.22" => 24,
                Aes256CbcOid => 32,
                _ => throw NotAccepted("cipher", cipherOid),
            };
            var iv = cipher.ReadOctetString();
            cipher.ThrowIfNotEmpty();
            if (iv.Length != IvBytes || ciphertext.Length == 0 || ciphertext.Length % IvBytes != 0)
            {
                throw new MalformedDataException(Format, "encryptedData", $"an IV and whole blocks of {IvBytes} bytes are expected");
            }
            key = Derive(derivation, keyBytes, password);
            return Decrypt(key, iv, ciphertext);
        }
        catch (AsnContentException e)
        {
            throw new MalformedDataException(Format, "$", $"not a DER EncryptedPrivateKeyInfo (RFC 5958): {e.Message}", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>Encrypts with AES-256-CBC and PBKDF2-HMAC-SHA256, as OpenSSL reads it.</summary>
    internal static byte[] Encrypt(ReadOnlySpan<byte> pkcs8, KeyPassword password)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        var iv = RandomNumberGenerator.GetBytes(IvBytes);
        var key = PasswordDerivation.Pbkdf2(password, salt, Iterations, HashAlgorithmName.SHA256, 32, Format);
        using var aes = Aes.Create();
        aes.SetKey(key);
        var ciphertext = aes.EncryptCbc(pkcs8, iv);
        CryptographicOperations.ZeroMemory(key);

        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(Pbes2Oid);
                using (writer.PushSequence())
                {
                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier(Pbkdf2Oid);
                        using (writer.PushSequence())
                        {
                            writer.WriteOctetString(salt);
                            writer.WriteInteger(Iterations);
                            using (writer.PushSequence())
                            {
                                writer.WriteObjectIdentifier(HmacSha256Oid);
                                writer.WriteNull();
                            }
                        }
                    }
                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier(Aes256CbcOid);
                        writer.WriteOctetString(iv);
                    }
                }
            }
            writer.WriteOctetString(ciphertext);
        }
        return writer.Encode();
    }

    private static byte[] Derive(AsnReader derivation, int keyBytes, KeyPassword password)
    {
        var oid = derivation.ReadObjectIdentifier();
        var parameters = derivation.ReadSequence();
        derivation.ThrowIfNotEmpty();
        switch (oid)
        {
            case Pbkdf2Oid:
                var salt = parameters.ReadOctetString();
                var iterations = ReadNumber(parameters);
                CheckKeyLength(parameters, keyBytes);
                var hash = ReadHash(parameters);
                parameters.ThrowIfNotEmpty();
                return PasswordDerivation.Pbkdf2(password, salt, iterations, hash, keyBytes, Format);
            case ScryptOid:
                salt = parameters.ReadOctetString();
                var (n, r, p) = (ReadNumber(parameters), ReadNumber(parameters), ReadNumber(parameters));
                CheckKeyLength(parameters, keyBytes);
                parameters.ThrowIfNotEmpty();
                return PasswordDerivation.Scrypt(password, salt, n, r, p, keyBytes, Format);
            default:
                throw NotAccepted("key derivation", oid);
        }
    }

    private static byte[] Decrypt(byte[] key, byte[] iv, byte[] ciphertext)
    {
        var plaintext = GC.AllocateArray<byte>(ciphertext.Length, pinned: true);
        using var aes = Aes.Create();
        aes.SetKey(key);
        try
        {
            var length = aes.DecryptCbc(ciphertext, iv, plaintext);
            // The padding is right by chance once in 256 times, and the shape of a key practically never.
            if (PrivateKeyEncoding.IsPkcs8(plaintext.AsMemory(0, length)))
            {
                var exact = GC.AllocateUninitializedArray<byte>(length, pinned: true);
                plaintext.AsSpan(0, length).CopyTo(exact);
                return exact;
            }
        }
        catch (CryptographicException)
        {
            // Told below, as every wrong password is.
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plaintext);
        }
        throw new KeyPasswordException(isMissing: false);
    }

    private static HashAlgorithmName ReadHash(AsnReader parameters)
    {
        if (!parameters.HasData)
        {
#pragma warning disable CA5379 // The default that RFC 8018 §A.2 sets, and OpenSSL before 1.1 wrote; HMAC-SHA1 is not broken here.
            return HashAlgorithmName.SHA1;
#pragma warning restore CA5379
        }
        var function = parameters.ReadSequence();
        var oid = function.ReadObjectIdentifier();
        if (function.HasData)
        {
            function.ReadNull();
        }
        function.ThrowIfNotEmpty();
        return oid switch
        {
            "1.2.840.113549.2.7" => HashAlgorithmName.SHA1,
            HmacSha256Oid => HashAlgorithmName.SHA256,
            "1.2.840.113549.2.10" => HashAlgorithmName.SHA384,
            "1.2.840.113549.2.11" => HashAlgorithmName.SHA512,
            _ => throw NotAccepted("pseudo-random function", oid),
        };
    }

    private static void CheckKeyLength(AsnReader parameters, int keyBytes)
    {
        if (parameters.HasData && parameters.PeekTag().HasSameClassAndValue(Asn1Tag.Integer) && ReadNumber(parameters) != keyBytes)
        {
            throw new MalformedDataException(Format, "kdf", "the key's length is not the cipher's");
        }
    }

    private static long ReadNumber(AsnReader parameters) =>
        parameters.TryReadInt64(out var number) ? number : throw new AsnContentException("a number is out of range");

    private static MalformedDataException NotAccepted(string what, string oid) =>
        new(
            Format,
            "algorithm",
            $"{what} {oid} is not accepted; convert the key with 'openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW'"
        );
}
