using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Keys;

/// <summary>What the BCL lacks and the OpenSSL that .NET itself loads on Linux has: Ed25519 and scrypt.</summary>
/// <remarks>
/// Functions: OpenSSL 1.1.1 and later. Each failure leaves OpenSSL's error queue empty, because the BCL reads the same queue.
/// Where the library is absent, or refuses (FIPS), the calls throw <see cref="PlatformNotSupportedException"/>.
/// </remarks>
internal static partial class OpenSsl
{
    internal const int Ed25519KeyBytes = 32;
    internal const int Ed25519SignatureBytes = 64;

    private const string Library = "libcrypto";
    private const int Ed25519Type = 1087;

    private static readonly Lazy<bool> Loaded = new(Load);

    /// <summary>Whether the library is there.</summary>
    internal static bool IsAvailable => Loaded.Value;

    /// <summary>A native Ed25519 public key of 32 bytes. OpenSSL checks the point when it verifies, not here.</summary>
    internal static unsafe KeyHandle ImportEd25519PublicKey(ReadOnlySpan<byte> key)
    {
        Require("Ed25519");
        fixed (byte* p = key)
        {
            return Valid(NewRawPublicKey(Ed25519Type, 0, p, (nuint)key.Length));
        }
    }

    /// <summary>A native Ed25519 private key from its seed of 32 bytes.</summary>
    internal static unsafe KeyHandle ImportEd25519PrivateKey(ReadOnlySpan<byte> seed)
    {
        Require("Ed25519");
        fixed (byte* p = seed)
        {
            return Valid(NewRawPrivateKey(Ed25519Type, 0, p, (nuint)seed.Length));
        }
    }

    /// <summary>The public half, 32 bytes.</summary>
    internal static unsafe byte[] ExportEd25519PublicKey(KeyHandle key)
    {
        var bytes = new byte[Ed25519KeyBytes];
        var length = (nuint)bytes.Length;
        fixed (byte* p = bytes)
        {
            Check(GetRawPublicKey(key, p, &length) == 1 && length == Ed25519KeyBytes);
        }
        return bytes;
    }

    /// <summary>The seed, written to 32 bytes that the caller clears.</summary>
    internal static unsafe void ExportEd25519Seed(KeyHandle key, Span<byte> seed)
    {
        var length = (nuint)seed.Length;
        fixed (byte* p = seed)
        {
            Check(GetRawPrivateKey(key, p, &length) == 1 && length == Ed25519KeyBytes);
        }
    }

    /// <summary>Signs a message of any length, mapped or in memory.</summary>
    internal static unsafe byte[] SignEd25519(KeyHandle key, byte* message, nuint length)
    {
        var signature = new byte[Ed25519SignatureBytes];
        var signatureLength = (nuint)signature.Length;
        using var context = NewDigestContext();
        Check(!context.IsInvalid && DigestSignInit(context, 0, 0, 0, key) == 1);
        fixed (byte* p = signature)
        {
            Check(DigestSign(context, p, &signatureLength, NotNull(message, p), length) == 1 && signatureLength == Ed25519SignatureBytes);
        }
        return signature;
    }

    /// <summary>Whether the signature is the key's over a message of any length, mapped or in memory.</summary>
    internal static unsafe bool VerifyEd25519(KeyHandle key, byte* message, nuint length, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != Ed25519SignatureBytes)
        {
            return false;
        }
        using var context = NewDigestContext();
        Check(!context.IsInvalid && DigestVerifyInit(context, 0, 0, 0, key) == 1);
        fixed (byte* p = signature)
        {
            // 0 is a wrong signature and a negative number a malformed one; neither is an error here.
            var isValid = DigestVerify(context, p, (nuint)signature.Length, NotNull(message, p), length) == 1;
            if (!isValid)
            {
                ClearErrors();
            }
            return isValid;
        }
    }

    /// <summary>Derives a key from a password with scrypt (RFC 7914). The caller has bounded the parameters.</summary>
    internal static unsafe void Scrypt(
        ReadOnlySpan<byte> password,
        ReadOnlySpan<byte> salt,
        long n,
        int r,
        int p,
        long maximumMemory,
        Span<byte> key
    )
    {
        Require("scrypt");
        // OpenSSL takes a null password as a request to check the parameters only.
        byte nothing = 0;
        fixed (
            byte* passwordPointer = password,
                saltPointer = salt,
                keyPointer = key
        )
        {
            var derived = PbeScrypt(
                NotNull(passwordPointer, &nothing),
                (nuint)password.Length,
                NotNull(saltPointer, &nothing),
                (nuint)salt.Length,
                (ulong)n,
                (ulong)r,
                (ulong)p,
                (ulong)maximumMemory,
                keyPointer,
                (nuint)key.Length
            );
            Check(derived == 1);
        }
    }

    // The pointer of an empty span is null, which some functions read as "no argument".
    private static unsafe byte* NotNull(byte* pointer, byte* instead) => pointer is null ? instead : pointer;

    private static void Require(string what)
    {
        if (!IsAvailable)
        {
            throw new PlatformNotSupportedException(
                $"{what} needs OpenSSL 3: libcrypto.so.3 was not found. Install the package libssl3 (Debian, Ubuntu; libssl3t64 on newer ones), "
                    + "openssl-libs (Fedora, RHEL) or libcrypto3 (Alpine)."
            );
        }
    }

    private static KeyHandle Valid(KeyHandle key)
    {
        Check(!key.IsInvalid);
        return key;
    }

    private static void Check(bool succeeded)
    {
        if (!succeeded)
        {
            ClearErrors();
            throw new PlatformNotSupportedException(
                "OpenSSL refused Ed25519 or scrypt: it is restricted (such as to FIPS mode) or out of memory"
            );
        }
    }

    private static bool Load()
    {
        NativeLibrary.SetDllImportResolver(typeof(OpenSsl).Assembly, Resolve);
        return TryLoad(typeof(OpenSsl).Assembly, out _);
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name == Library && TryLoad(assembly, out var handle) ? handle : 0;

    // The versioned name is the one the BCL loads, so that there is one OpenSSL in the process.
    private static bool TryLoad(Assembly assembly, out nint handle) =>
        NativeLibrary.TryLoad("libcrypto.so.3", assembly, null, out handle) || NativeLibrary.TryLoad(Library, assembly, null, out handle);

    /// <summary>An EVP_PKEY.</summary>
    internal sealed class KeyHandle() : SafeHandleZeroOrMinusOneIsInvalid(true)
    {
        protected override bool ReleaseHandle()
        {
            FreeKey(handle);
            return true;
        }
    }

    /// <summary>An EVP_MD_CTX.</summary>
    internal sealed class DigestContext() : SafeHandleZeroOrMinusOneIsInvalid(true)
    {
        protected override bool ReleaseHandle()
        {
            FreeDigestContext(handle);
            return true;
        }
    }

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_new_raw_public_key")]
    private static unsafe partial KeyHandle NewRawPublicKey(int type, nint engine, byte* key, nuint length);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_new_raw_private_key")]
    private static unsafe partial KeyHandle NewRawPrivateKey(int type, nint engine, byte* key, nuint length);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_get_raw_public_key")]
    private static unsafe partial int GetRawPublicKey(KeyHandle key, byte* bytes, nuint* length);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_get_raw_private_key")]
    private static unsafe partial int GetRawPrivateKey(KeyHandle key, byte* bytes, nuint* length);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_free")]
    private static partial void FreeKey(nint key);

    [LibraryImport(Library, EntryPoint = "EVP_MD_CTX_new")]
    private static partial DigestContext NewDigestContext();

    [LibraryImport(Library, EntryPoint = "EVP_MD_CTX_free")]
    private static partial void FreeDigestContext(nint context);

    [LibraryImport(Library, EntryPoint = "EVP_DigestSignInit")]
    private static partial int DigestSignInit(DigestContext context, nint keyContext, nint digest, nint engine, KeyHandle key);

    [LibraryImport(Library, EntryPoint = "EVP_DigestSign")]
    private static unsafe partial int DigestSign(DigestContext context, byte* signature, nuint* length, byte* message, nuint messageLength);

    [LibraryImport(Library, EntryPoint = "EVP_DigestVerifyInit")]
    private static partial int DigestVerifyInit(DigestContext context, nint keyContext, nint digest, nint engine, KeyHandle key);

    [LibraryImport(Library, EntryPoint = "EVP_DigestVerify")]
    private static unsafe partial int DigestVerify(
        DigestContext context,
        byte* signature,
        nuint length,
        byte* message,
        nuint messageLength
    );

    [LibraryImport(Library, EntryPoint = "EVP_PBE_scrypt")]
    private static unsafe partial int PbeScrypt(
        byte* password,
        nuint passwordLength,
        byte* salt,
        nuint saltLength,
        ulong n,
        ulong r,
        ulong p,
        ulong maximumMemory,
        byte* key,
        nuint keyLength
    );

    [LibraryImport(Library, EntryPoint = "ERR_clear_error")]
    private static partial void ClearErrors();
}
