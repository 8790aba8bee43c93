using System.Buffers.Binary;
using System.Numerics;

namespace ArtifactTrust.Tests.Hashing;

/// <summary>BLAKE2b as RFC 7693 writes it down, word by word.</summary>
internal static class SlowBlake2b
{
    private static readonly ulong[] Initial =
    [
        0x6a09e667f3bcc908,
        0xbb67ae8584caa73b,
        0x3c6ef372fe94f82b,
        0xa54ff53a5f1d36f1,
        0x510e527fade682d1,
        0x9b05688c2b3e6c1f,
        0x1f83d9abfb41bd6b,
        0x5be0cd19137e2179,
    ];

    private static readonly string[] Order =
    [
        "0123456789abcdef",
        "ea489fd61c02b753",
        "b8c052fdae367194",
        "7931dcbe265a40f8",
        "905724afe1bc683d",
        "2c6a0b834d75fe19",
        "c51fed4a0763928b",
        "db7ec13950f4862a",
        "6fe9b308c2d714a5",
        "a2847615fb9e3cd0",
    ];

    internal static byte[] Hash(byte[] message)
    {
        var h = (ulong[])Initial.Clone();
        h[0] ^= 0x01010040;
        var padded = new byte[Math.Max(128, (message.Length + 127) / 128 * 128)];
        message.CopyTo(padded, 0);
        for (var at = 0; at < padded.Length; at += 128)
        {
            var last = at + 128 == padded.Length;
            var m = Enumerable.Range(0, 16).Select(i => BinaryPrimitives.ReadUInt64LittleEndian(padded.AsSpan(at + (8 * i)))).ToArray();
            ulong[] v = [.. h, .. Initial];
            v[12] ^= (ulong)(last ? message.Length : at + 128);
            v[14] ^= last ? ulong.MaxValue : 0;
            for (var round = 0; round < 12; round++)
            {
                var s = Order[round % 10].Select(c => m[Convert.ToInt32(c.ToString(), 16)]).ToArray();
                for (var i = 0; i < 4; i++)
                {
                    Mix(v, i, 4 + i, 8 + i, 12 + i, s[2 * i], s[(2 * i) + 1]);
                }
                for (var i = 0; i < 4; i++)
                {
                    Mix(v, i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4), s[8 + (2 * i)], s[9 + (2 * i)]);
                }
            }
            for (var i = 0; i < 8; i++)
            {
                h[i] ^= v[i] ^ v[i + 8];
            }
        }
        var digest = new byte[64];
        for (var i = 0; i < 8; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(digest.AsSpan(8 * i), h[i]);
        }
        return digest;
    }

    private static void Mix(ulong[] v, int a, int b, int c, int d, ulong x, ulong y)
    {
        v[a] += v[b] + x;
        v[d] = BitOperations.RotateRight(v[d] ^ v[a], 32);
        v[c] += v[d];
        v[b] = BitOperations.RotateRight(v[b] ^ v[c], 24);
        v[a] += v[b] + y;
        v[d] = BitOperations.RotateRight(v[d] ^ v[a], 16);
        v[c] += v[d];
        v[b] = BitOperations.RotateRight(v[b] ^ v[c], 63);
    }
}
