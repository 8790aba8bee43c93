using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Keys;

/// <summary>The encryption of cosign's key files: JSON that holds PKCS#8 in a <see cref="SecretBox"/> under a key from scrypt.</summary>
/// <remarks>
/// <c>{"kdf":{"name":"scrypt","params":{"N":…,"r":…,"p":…},"salt":…},"cipher":{"name":"nacl/secretbox","nonce":…},"ciphertext":…}</c>,
/// bytes in base64: salt 32, nonce 24, ciphertext 16 more than the key.
/// </remarks>
internal static class SigstoreKeyEncryption
{
    private const string Format = "Sigstore private key";
    private const int SaltBytes = 32;

    // What cosign 2 and 3 write; cosign 1 wrote N=32768.
    private const int N = 65536;
    private const int R = 8;
    private const int P = 1;

    /// <returns>The PrivateKeyInfo, pinned, which the caller clears.</returns>
    /// <exception cref="MalformedDataException">The bytes are not of the format, or ask for what is not accepted.</exception>
    /// <exception cref="KeyPasswordException">The password is wrong.</exception>
    internal static byte[] Decrypt(ReadOnlyMemory<byte> json, KeyPassword password)
    {
        var root = StrictJson.Parse(json, Format, Limits.KeyFileBytes);
        StrictJson.CheckMembers(root, Format, "$", "kdf", "cipher", "ciphertext");
        var kdf = StrictJson.RequiredObject(root, "kdf", Format, "$");
        StrictJson.CheckMembers(kdf, Format, "$.kdf", "name", "params", "salt");
        CheckName(kdf, "$.kdf", "scrypt");
        var parameters = StrictJson.RequiredObject(kdf, "params", Format, "$.kdf");
        StrictJson.CheckMembers(parameters, Format, "$.kdf.params", "N", "r", "p");
        var cipher = StrictJson.RequiredObject(root, "cipher", Format, "$");
        StrictJson.CheckMembers(cipher, Format, "$.cipher", "name", "nonce");
        CheckName(cipher, "$.cipher", "nacl/secretbox");

        var salt = Bytes(kdf, "salt", "$.kdf");
        var nonce = Bytes(cipher, "nonce", "$.cipher");
        var box = Bytes(root, "ciphertext", "$");
        CheckLength(salt, SaltBytes, "$.kdf.salt");
        CheckLength(nonce, SecretBox.NonceBytes, "$.cipher.nonce");
        if (box.Length <= SecretBox.TagBytes)
        {
            throw new MalformedDataException(Format, "$.ciphertext", $"{box.Length} bytes; more than {SecretBox.TagBytes} are expected");
        }
        var key = PasswordDerivation.Scrypt(
            password,
            salt,
            Number(parameters, "N"),
            Number(parameters, "r"),
            Number(parameters, "p"),
            SecretBox.KeyBytes,
            Format
        );
        var plaintext = GC.AllocateUninitializedArray<byte>(box.Length - SecretBox.TagBytes, pinned: true);
        var isOpen = SecretBox.TryOpen(plaintext, box, nonce, key);
        CryptographicOperations.ZeroMemory(key);
        return isOpen ? plaintext : throw new KeyPasswordException(isMissing: false);
    }

    /// <summary>Encrypts as cosign does.</summary>
    internal static byte[] Encrypt(ReadOnlySpan<byte> pkcs8, KeyPassword password)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        var nonce = RandomNumberGenerator.GetBytes(SecretBox.NonceBytes);
        var box = new byte[SecretBox.TagBytes + pkcs8.Length];
        var key = PasswordDerivation.Scrypt(password, salt, N, R, P, SecretBox.KeyBytes, Format);
        SecretBox.Seal(box, pkcs8, nonce, key);
        CryptographicOperations.ZeroMemory(key);

        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("kdf");
            writer.WriteString("name", "scrypt");
            writer.WriteStartObject("params");
            writer.WriteNumber("N", N);
            writer.WriteNumber("r", R);
            writer.WriteNumber("p", P);
            writer.WriteEndObject();
            writer.WriteBase64String("salt", salt);
            writer.WriteEndObject();
            writer.WriteStartObject("cipher");
            writer.WriteString("name", "nacl/secretbox");
            writer.WriteBase64String("nonce", nonce);
            writer.WriteEndObject();
            writer.WriteBase64String("ciphertext", box);
            writer.WriteEndObject();
        }
        return json.WrittenSpan.ToArray();
    }

    private static byte[] Bytes(JsonElement parent, string name, string location) =>
        StrictBase64.Decode(StrictJson.RequiredString(parent, name, Format, location), Format, $"{location}.{name}");

    private static long Number(JsonElement parameters, string name) =>
        parameters.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number)
            ? number
            : throw new MalformedDataException(Format, $"$.kdf.params.{name}", "an integer is required");

    private static void CheckName(JsonElement parent, string location, string expected)
    {
        if (StrictJson.RequiredString(parent, "name", Format, location) is var name && name != expected)
        {
            throw new MalformedDataException(Format, $"{location}.name", $"'{expected}' is expected");
        }
    }

    private static void CheckLength(byte[] value, int expected, string location)
    {
        if (value.Length != expected)
        {
            throw new MalformedDataException(Format, location, $"{value.Length} bytes; {expected} are expected");
        }
    }
}
