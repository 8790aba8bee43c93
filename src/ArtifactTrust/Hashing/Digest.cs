using System.Buffers;
using System.Security.Cryptography;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Hashing;

/// <summary>The value of a hash function, with the function that made it.</summary>
/// <remarks>Law: <c>Parse(d.ToString())</c> equals <c>d</c>.</remarks>
public sealed class Digest : IEquatable<Digest>
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    private readonly byte[] _value;

    internal Digest(DigestAlgorithm algorithm, byte[] value)
    {
        Algorithm = algorithm;
        _value = value;
    }

    /// <summary>The function.</summary>
    public DigestAlgorithm Algorithm { get; }

    /// <summary>The value, <see cref="DigestAlgorithm.SizeInBytes"/> bytes.</summary>
    public ReadOnlySpan<byte> Bytes => _value;

    /// <summary>The value in lower-case hex.</summary>
    public string Hex => Convert.ToHexStringLower(_value);

    /// <summary>A digest from its bytes, which are copied.</summary>
    /// <exception cref="MalformedDataException">The length is not the algorithm's.</exception>
    public static Digest FromBytes(DigestAlgorithm algorithm, ReadOnlySpan<byte> value)
    {
        ArgumentNullException.ThrowIfNull(algorithm);
        return value.Length == algorithm.SizeInBytes
            ? new Digest(algorithm, value.ToArray())
            : throw new MalformedDataException($"{algorithm} digest", "$", $"{value.Length} bytes; {algorithm.SizeInBytes} are expected");
    }

    /// <summary>A digest from lower-case hex.</summary>
    /// <exception cref="MalformedDataException">The text is not lower-case hex of the algorithm's length.</exception>
    public static Digest FromHex(DigestAlgorithm algorithm, string hex)
    {
        ArgumentNullException.ThrowIfNull(algorithm);
        ArgumentNullException.ThrowIfNull(hex);
        if (hex.Length != 2 * algorithm.SizeInBytes || hex.AsSpan().ContainsAnyExcept(HexDigits))
        {
            throw new MalformedDataException(
                $"{algorithm} digest",
                "$",
                $"{2 * algorithm.SizeInBytes} lower-case hex digits are expected, not '{Excerpt(hex)}'"
            );
        }
        return new Digest(algorithm, Convert.FromHexString(hex));
    }

    /// <summary>Parses <c>algorithm:hex</c>, as OCI writes it.</summary>
    /// <exception cref="MalformedDataException">The text is not of that form, or names an algorithm not known here.</exception>
    /// <remarks>Spec: OCI image-spec 1.1, "Digests".</remarks>
    public static Digest Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var algorithm = colon < 0 ? null : DigestAlgorithm.Find(text[..colon]);
        return algorithm is null
            ? throw new MalformedDataException(
                "digest",
                "$",
                $"'algorithm:hex' is expected, with one of {string.Join(", ", DigestAlgorithm.All)}, not '{Excerpt(text)}'"
            )
            : FromHex(algorithm, text[(colon + 1)..]);
    }

    /// <summary>Whether both are of one algorithm and equal, in time that does not depend on the values.</summary>
    public bool Equals(Digest? other) =>
        other is not null && other.Algorithm == Algorithm && CryptographicOperations.FixedTimeEquals(_value, other._value);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Digest);

    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.ToInt32(_value);

    /// <summary><c>algorithm:hex</c>.</summary>
    public override string ToString() => $"{Algorithm.Name}:{Hex}";

    private static string Excerpt(string text) => text.Length <= 80 ? text : $"{text.AsSpan(0, 80)}…";
}
