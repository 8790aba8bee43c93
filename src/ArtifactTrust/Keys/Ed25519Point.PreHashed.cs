using System.Numerics;
using System.Security.Cryptography;

namespace ArtifactTrust.Keys;

internal static partial class Ed25519Point
{
    private const int PointBytes = 32;

    // 2^252 and some: the order of the base point.
    private static readonly BigInteger Order = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493");
    private static readonly BigInteger RootOfMinusOne = BigInteger.ModPow(2, (Prime - 1) / 4, Prime);
    private static readonly Extended Base = Decode(EncodeY(Modulo(4 * Inverse(5))));

    /// <summary>Whether the signature is the key's over a message with the SHA-512 digest.</summary>
    /// <param name="key">32 bytes in which <see cref="Problem"/> finds none.</param>
    /// <param name="digest">64 bytes.</param>
    /// <param name="signature">The signature: a point and a number.</param>
    /// <remarks>Spec: RFC 8032 §5.1.7 with the context empty; without the cofactor, as OpenSSL verifies Ed25519.</remarks>
    internal static bool VerifyPreHashed(ReadOnlySpan<byte> key, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != 2 * PointBytes)
        {
            return false;
        }
        var point = signature[..PointBytes];
        var number = new BigInteger(signature[PointBytes..], isUnsigned: true);
        // A number over the order would be a second signature of the same message.
        if (number >= Order)
        {
            return false;
        }
        // dom2(1, ""): RFC 8032 §2.
        byte[] hashed = [.. "SigEd25519 no Ed25519 collisions"u8, 1, 0, .. point, .. key, .. digest];
        var challenge = new BigInteger(SHA512.HashData(hashed), isUnsigned: true) % Order;
        // [number]B - [challenge]A is the point, written in the one way there is.
        var sum = Combine(number, Base, challenge, Negate(Decode(key)));
        return Encode(sum).AsSpan().SequenceEqual(point);
    }

    /// <summary>[a]p + [b]q, both walked at once from the highest bit.</summary>
    private static Extended Combine(BigInteger a, Extended p, BigInteger b, Extended q)
    {
        var both = Add(p, q);
        var sum = new Extended(BigInteger.Zero, BigInteger.One, BigInteger.One, BigInteger.Zero);
        for (var bit = (int)Math.Max(a.GetBitLength(), b.GetBitLength()) - 1; bit >= 0; bit--)
        {
            sum = Add(sum, sum);
            var (hasA, hasB) = (!((a >> bit).IsEven), !((b >> bit).IsEven));
            sum =
                hasA && hasB ? Add(sum, both)
                : hasA ? Add(sum, p)
                : hasB ? Add(sum, q)
                : sum;
        }
        return sum;
    }

    // RFC 8032 §5.1.4: complete, so that it doubles too.
    private static Extended Add(Extended p, Extended q)
    {
        var a = Modulo((p.Y - p.X) * (q.Y - q.X));
        var b = Modulo((p.Y + p.X) * (q.Y + q.X));
        var c = Modulo(Modulo(p.T * 2 * D) * q.T);
        var d = Modulo(p.Z * 2 * q.Z);
        var (e, f, g, h) = (b - a, d - c, d + c, b + a);
        return new Extended(Modulo(e * f), Modulo(g * h), Modulo(f * g), Modulo(e * h));
    }

    private static Extended Negate(Extended p) => p with { X = Modulo(-p.X), T = Modulo(-p.T) };

    private static byte[] EncodeY(BigInteger y)
    {
        var bytes = new byte[PointBytes];
        y.TryWriteBytes(bytes, out _, isUnsigned: true);
        return bytes;
    }

    private static byte[] Encode(Extended p)
    {
        var inverse = Inverse(p.Z);
        var bytes = EncodeY(Modulo(p.Y * inverse));
        bytes[^1] |= Modulo(p.X * inverse).IsEven ? (byte)0 : (byte)0x80;
        return bytes;
    }

    // RFC 8032 §5.1.3, of an encoding in which Problem finds none.
    private static Extended Decode(ReadOnlySpan<byte> encoded)
    {
        var isOdd = (encoded[^1] & 0x80) != 0;
        byte[] bytes = [.. encoded];
        bytes[^1] &= 0x7f;
        var y = new BigInteger(bytes, isUnsigned: true);
        var square = SquareOfX(y);
        var x = BigInteger.ModPow(square, (Prime + 3) / 8, Prime);
        x = Modulo(x * x) == square ? x : Modulo(x * RootOfMinusOne);
        x = x.IsEven == isOdd ? Modulo(-x) : x;
        return new Extended(x, y, BigInteger.One, Modulo(x * y));
    }

    /// <summary>A point (X/Z, Y/Z), with X·Y/Z in T.</summary>
    private readonly record struct Extended(BigInteger X, BigInteger Y, BigInteger Z, BigInteger T);
}
