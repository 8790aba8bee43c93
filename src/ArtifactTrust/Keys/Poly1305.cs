using System.Buffers.Binary;

namespace ArtifactTrust.Keys;

/// <summary>The one-time authenticator of <see cref="SecretBox"/>, in arithmetic whose time does not depend on the numbers.</summary>
/// <remarks>Spec: RFC 8439 §2.5. Numbers modulo 2^130 − 5 are five limbs of 26 bits, the lowest first.</remarks>
internal static class Poly1305
{
    private const int Limbs = 5;
    private const int LimbBits = 26;
    private const uint LimbMask = (1u << LimbBits) - 1;

    /// <param name="tag">Receives 16 bytes.</param>
    /// <param name="message">Any number of bytes.</param>
    /// <param name="key">32 bytes, used once.</param>
    internal static void Tag(Span<byte> tag, ReadOnlySpan<byte> message, ReadOnlySpan<byte> key)
    {
        Span<ulong> r = stackalloc ulong[Limbs];
        Span<ulong> sum = stackalloc ulong[Limbs];
        Span<byte> last = stackalloc byte[16];
        // "Clamping": some bits of r are zero.
        var clamp = new UInt128(0x0ffffffc0ffffffc, 0x0ffffffc0fffffff);
        Split(BinaryPrimitives.ReadUInt128LittleEndian(key) & clamp, r);
        for (; message.Length >= 16; message = message[16..])
        {
            Absorb(sum, r, BinaryPrimitives.ReadUInt128LittleEndian(message), 1UL << 24);
        }
        if (message.Length > 0)
        {
            message.CopyTo(last);
            last[message.Length] = 1;
            Absorb(sum, r, BinaryPrimitives.ReadUInt128LittleEndian(last), 0);
        }
        BinaryPrimitives.WriteUInt128LittleEndian(tag, unchecked(Reduce(sum) + BinaryPrimitives.ReadUInt128LittleEndian(key[16..])));
        r.Clear();
        sum.Clear();
    }

    private static void Split(UInt128 number, Span<ulong> limbs)
    {
        for (var i = 0; i < Limbs; i++)
        {
            limbs[i] = (ulong)(number >> (LimbBits * i)) & LimbMask;
        }
    }

    /// <summary>sum = (sum + block) · r. The bit above the block is given as a bit of the highest limb.</summary>
    private static void Absorb(Span<ulong> sum, ReadOnlySpan<ulong> r, UInt128 block, ulong highBit)
    {
        Span<ulong> added = stackalloc ulong[Limbs];
        Split(block, added);
        added[4] += highBit;
        for (var i = 0; i < Limbs; i++)
        {
            added[i] += sum[i];
        }
        for (var i = 0; i < Limbs; i++)
        {
            // Limbs stay below 2^28 and r's below 2^26, so the five products, four of them times 5, stay below 2^59.
            sum[i] = 0;
            for (var j = 0; j < Limbs; j++)
            {
                // 2^130 is 5.
                sum[i] += added[j] * (j <= i ? r[i - j] : 5 * r[Limbs + i - j]);
            }
        }
        Carry(sum);
    }

    private static void Carry(Span<ulong> limbs)
    {
        for (var i = 0; i < Limbs; i++)
        {
            var carry = limbs[i] >> LimbBits;
            limbs[i] &= LimbMask;
            limbs[(i + 1) % Limbs] += i == Limbs - 1 ? 5 * carry : carry;
        }
        limbs[1] += limbs[0] >> LimbBits;
        limbs[0] &= LimbMask;
    }

    /// <summary>The number below 2^130 − 5, cut to its lowest 128 bits.</summary>
    private static UInt128 Reduce(Span<ulong> sum)
    {
        Carry(sum);
        Carry(sum);
        // Adding 5 carries out of 130 bits just where the number is 2^130 − 5 or more, and what stays is then the remainder.
        Span<ulong> less = stackalloc ulong[Limbs];
        var carry = 5UL;
        for (var i = 0; i < Limbs; i++)
        {
            carry += sum[i];
            less[i] = carry & LimbMask;
            carry >>= LimbBits;
        }
        var mask = unchecked(0UL - carry);
        var number = UInt128.Zero;
        for (var i = 0; i < Limbs; i++)
        {
            number += (UInt128)((less[i] & mask) | (sum[i] & ~mask)) << (LimbBits * i);
        }
        return number;
    }
}
