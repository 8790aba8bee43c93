using System.Numerics;
using System.Security.Cryptography;

namespace ArtifactTrust.Keys;

/// <summary>Verifies Ed25519ph signatures. All of it is public, and nothing here is in constant time.</summary>
/// <remarks>Spec: RFC 8032 §5.1, with the context empty. OpenSSL has Ed25519ph since 3.2 only.</remarks>
internal static class Ed25519PreHashed
{
    private const int PointBytes = 32;

    // 2^252 and some: the order of the base point.
    private static readonly BigInteger Order = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493");
    private static readonly BigInteger RootOfMinusOne = BigInteger.ModPow(2, (Ed25519Point.Prime - 1) / 4, Ed25519Point.Prime);
    private static readonly Extended Base = Decode(EncodeY(Ed25519Point.Modulo(4 * Ed25519Point.Inverse(5))));

    /// <summary>Whether the signature is the key's over a message with the SHA-512 digest.</summary>
    /// <param name="key">32 bytes in which <see cref="Ed25519Point.Problem"/> finds none.</param>
    /// <param name="digest">64 bytes.</param>
    /// <param name="signature">The signature: a point and a number.</param>
    /// <remarks>Spec: RFC 8032 §5.1.7; without the cofactor, as OpenSSL verifies Ed25519.</remarks>
    internal static bool Verify(ReadOnlySpan<byte> key, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
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
            var (hasA, hasB) = (!(a >> bit).IsEven, !(b >> bit).IsEven);
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
        var a = Ed25519Point.Modulo((p.Y - p.X) * (q.Y - q.X));
        var b = Ed25519Point.Modulo((p.Y + p.X) * (q.Y + q.X));
        var c = Ed25519Point.Modulo(Ed25519Point.Modulo(p.T * 2 * Ed25519Point.D) * q.T);
        var d = Ed25519Point.Modulo(p.Z * 2 * q.Z);
        var (e, f, g, h) = (b - a, d - c, d + c, b + a);
        return new Extended(Ed25519Point.Modulo(e * f), Ed25519Point.Modulo(g * h), Ed25519Point.Modulo(f * g), Ed25519Point.Modulo(e * h));
    }

    private static Extended Negate(Extended p) => p with { X = Ed25519Point.Modulo(-p.X), T = Ed25519Point.Modulo(-p.T) };

    private static byte[] EncodeY(BigInteger y)
    {
        var bytes = new byte[PointBytes];
        y.TryWriteBytes(bytes, out _, isUnsigned: true);
        return bytes;
    }

    private static byte[] Encode(Extended p)
    {
        var inverse = Ed25519Point.Inverse(p.Z);
        var bytes = EncodeY(Ed25519Point.Modulo(p.Y * inverse));
        bytes[^1] |= Ed25519Point.Modulo(p.X * inverse).IsEven ? (byte)0 : (byte)0x80;
        return bytes;
    }

    // RFC 8032 §5.1.3, of an encoding in which Problem finds none.
    private static Extended Decode(ReadOnlySpan<byte> encoded)
    {
        var isOdd = (encoded[^1] & 0x80) != 0;
        byte[] bytes = [.. encoded];
        bytes[^1] &= 0x7f;
        var y = new BigInteger(bytes, isUnsigned: true);
        var square = Ed25519Point.SquareOfX(y);
        var x = BigInteger.ModPow(square, (Ed25519Point.Prime + 3) / 8, Ed25519Point.Prime);
        x = Ed25519Point.Modulo(x * x) == square ? x : Ed25519Point.Modulo(x * RootOfMinusOne);
        x = x.IsEven == isOdd ? Ed25519Point.Modulo(-x) : x;
        return new Extended(x, y, BigInteger.One, Ed25519Point.Modulo(x * y));
    }

    /// <summary>A point (X/Z, Y/Z), with X·Y/Z in T.</summary>
    private readonly record struct Extended(BigInteger X, BigInteger Y, BigInteger Z, BigInteger T);
}
