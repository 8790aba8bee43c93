using System.Security.Cryptography;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Keys;

/// <summary>Keys from passwords, with the costs that a file may ask for bounded before they are paid.</summary>
internal static class PasswordDerivation
{
    /// <summary>scrypt.</summary>
    /// <exception cref="MalformedDataException">The parameters are out of bounds.</exception>
    /// <remarks>Spec: RFC 7914 §2: N is a power of two above 1; r · p is below 2^30.</remarks>
    internal static byte[] Scrypt(KeyPassword password, ReadOnlySpan<byte> salt, long n, long r, long p, int keyBytes, string format)
    {
        if (
            n is < 2 or > Limits.ScryptCost
            || !long.IsPow2(n)
            || r is < 1 or > Limits.ScryptBlockSize
            || p is < 1 or > Limits.ScryptParallelization
            || 128 * n * r > Limits.ScryptMemoryBytes
        )
        {
            throw new MalformedDataException(
                format,
                "kdf",
                $"scrypt with N={n}, r={r}, p={p}; N is a power of two to {Limits.ScryptCost}, r to {Limits.ScryptBlockSize}, "
                    + $"p to {Limits.ScryptParallelization}, and 128·N·r to {Limits.ScryptMemoryBytes} bytes"
            );
        }
        var key = GC.AllocateUninitializedArray<byte>(keyBytes, pinned: true);
        // OpenSSL counts a little more than 128·N·r.
        OpenSsl.Scrypt(password.Bytes, salt, n, (int)r, (int)p, Limits.ScryptMemoryBytes + (1 << 20), key);
        return key;
    }

    /// <summary>PBKDF2 with HMAC.</summary>
    /// <exception cref="MalformedDataException">The iterations are out of bounds.</exception>
    internal static byte[] Pbkdf2(
        KeyPassword password,
        ReadOnlySpan<byte> salt,
        long iterations,
        HashAlgorithmName hash,
        int keyBytes,
        string format
    )
    {
        if (iterations is < 1 or > Limits.Pbkdf2Iterations)
        {
            throw new MalformedDataException(format, "kdf", $"{iterations} iterations; 1 to {Limits.Pbkdf2Iterations} are accepted");
        }
        var key = GC.AllocateUninitializedArray<byte>(keyBytes, pinned: true);
        Rfc2898DeriveBytes.Pbkdf2(password.Bytes, salt, key, (int)iterations, hash);
        return key;
    }
}
