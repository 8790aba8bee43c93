using System.Numerics;

namespace ArtifactTrust.Keys;

/// <summary>Checks an Ed25519 public key, which is public: nothing here is in constant time.</summary>
/// <remarks>Spec: RFC 8032 §5.1.3. OpenSSL decodes the point only when it verifies, and accepts points of small order.</remarks>
internal static class Ed25519Point
{
    internal static readonly BigInteger Prime = BigInteger.Pow(2, 255) - 19;
    internal static readonly BigInteger D = Modulo(-121665 * Inverse(121666));

    /// <summary>What is wrong with the encoding, or null where it is a point that a signer can have.</summary>
    /// <param name="encoded">32 bytes.</param>
    internal static string? Problem(ReadOnlySpan<byte> encoded)
    {
        Span<byte> bytes = stackalloc byte[32];
        encoded.CopyTo(bytes);
        var isOdd = (bytes[31] & 0x80) != 0;
        bytes[31] &= 0x7f;
        var y = new BigInteger(bytes, isUnsigned: true);
        if (y >= Prime)
        {
            return "the y coordinate is not below the field's prime (RFC 8032 §5.1.3)";
        }
        var squareOfX = SquareOfX(y);
        // Euler's criterion; zero is a square too, but then x has no odd form.
        if (squareOfX.IsZero ? isOdd : !BigInteger.ModPow(squareOfX, (Prime - 1) / 2, Prime).IsOne)
        {
            return "the point is not on the curve";
        }
        // Eight times a point of small order is the neutral element, (0, 1): anyone could sign for such a key.
        var multiple = Double(Double(Double(y)));
        return multiple.IsOne ? "the point has a small order, so that anyone could sign for it" : null;
    }

    /// <summary>y of twice the point: the y² + x² over 2 + x² − y² of the doubling law on −x² + y² = 1 + d·x²·y².</summary>
    private static BigInteger Double(BigInteger y)
    {
        var squareOfX = SquareOfX(y);
        var squareOfY = y * y;
        return Modulo((squareOfY + squareOfX) * Inverse(Modulo(2 + squareOfX - squareOfY)));
    }

    internal static BigInteger SquareOfX(BigInteger y)
    {
        var square = Modulo(y * y);
        return Modulo((square - 1) * Inverse(Modulo((D * square) + 1)));
    }

    internal static BigInteger Inverse(BigInteger value) => BigInteger.ModPow(value, Prime - 2, Prime);

    internal static BigInteger Modulo(BigInteger value)
    {
        var remainder = value % Prime;
        return remainder.Sign < 0 ? remainder + Prime : remainder;
    }
}
