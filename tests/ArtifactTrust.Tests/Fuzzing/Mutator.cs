using System.Buffers.Text;
using System.Text;

namespace ArtifactTrust.Tests.Fuzzing;

/// <summary>Makes near misses of good inputs: at the level of bytes, of JSON tokens, and inside of base64 texts.</summary>
internal sealed class Mutator(IReadOnlyList<byte[]> seeds, int seed)
{
    private static readonly byte[][] Interesting =
    [
        "0"u8.ToArray(),
        "-1"u8.ToArray(),
        "9223372036854775807"u8.ToArray(),
        "9223372036854775808"u8.ToArray(),
        "1e999"u8.ToArray(),
        "null"u8.ToArray(),
        "true"u8.ToArray(),
        "[]"u8.ToArray(),
        "{}"u8.ToArray(),
        "\"\""u8.ToArray(),
        "\\u0000"u8.ToArray(),
        "\\ud800"u8.ToArray(),
        "\n\n"u8.ToArray(),
        "\u2014 "u8.ToArray(),
        [0xff, 0xff, 0xff, 0xff],
        [0x80, 0x00, 0x00, 0x00],
        [0x30, 0x80],
        [0x30, 0x84, 0x7f, 0xff, 0xff, 0xff],
        [0x00],
    ];

    private readonly Random _random = new(seed);

    /// <summary>The next input: a seed, changed in one to six places.</summary>
    internal byte[] Next()
    {
        var input = Pick(seeds).ToArray();
        for (var changes = 1 + (_random.Next(4) == 0 ? _random.Next(6) : 0); changes > 0; changes--)
        {
            input = _random.Next(3) == 0 ? InsideBase64(input) : Change(input);
        }
        return input;
    }

    private byte[] Change(byte[] input)
    {
        if (input.Length == 0)
        {
            return Pick(Interesting);
        }
        var at = _random.Next(input.Length);
        switch (_random.Next(10))
        {
            case 0:
                return With(input, at, (byte)(input[at] ^ (1 << _random.Next(8))));
            case 1:
                return With(input, at, (byte)_random.Next(256));
            case 2:
                return With(input, at, (byte)(input[at] + (_random.Next(2) == 0 ? 1 : -1)));
            case 3: // cut out
                return [.. input[..at], .. input[Math.Min(input.Length, at + Length())..]];
            case 4: // cut off
                return input[..at];
            case 5: // say twice
                return [.. input[..at], .. input[at..Math.Min(input.Length, at + Length())], .. input[at..]];
            case 6: // put in
                return [.. input[..at], .. Pick(Interesting), .. input[at..]];
            case 7: // put over
                var piece = Pick(Interesting);
                return [.. input[..at], .. piece, .. input[Math.Min(input.Length, at + piece.Length)..]];
            case 8: // a piece of another input
                var other = Pick(seeds);
                var from = _random.Next(other.Length);
                return [.. input[..at], .. other[from..Math.Min(other.Length, from + Length())], .. input[at..]];
            default:
                return Token(input, at);
        }
    }

    /// <summary>Puts something else in the place of the JSON token around a place.</summary>
    private byte[] Token(byte[] input, int at)
    {
        var from = at;
        while (from > 0 && input[from - 1] is not ((byte)',' or (byte)':' or (byte)'[' or (byte)'{'))
        {
            from--;
        }
        var to = at;
        while (to < input.Length && input[to] is not ((byte)',' or (byte)'}' or (byte)']' or (byte)':'))
        {
            to++;
        }
        return [.. input[..from], .. Pick(Interesting), .. input[to..]];
    }

    /// <summary>Changes what a base64 text stands for, and writes it back as base64.</summary>
    private byte[] InsideBase64(byte[] input)
    {
        if (input.Length == 0)
        {
            return input;
        }
        var at = _random.Next(input.Length);
        var (from, to) = (at, at);
        while (from > 0 && IsBase64(input[from - 1]))
        {
            from--;
        }
        while (to < input.Length && IsBase64(input[to]))
        {
            to++;
        }
        if (to - from < 16 || !Base64.IsValid(input.AsSpan(from, to - from)))
        {
            return Change(input);
        }
        var inner = Convert.FromBase64String(Encoding.ASCII.GetString(input, from, to - from));
        return [.. input[..from], .. Encoding.ASCII.GetBytes(Convert.ToBase64String(Change(inner))), .. input[to..]];
    }

    private int Length() => 1 + _random.Next(_random.Next(8) == 0 ? 256 : 8);

    private byte[] Pick(IReadOnlyList<byte[]> from) => from[_random.Next(from.Count)];

    private static byte[] With(byte[] input, int at, byte value)
    {
        var changed = input.ToArray();
        changed[at] = value;
        return changed;
    }

    private static bool IsBase64(byte b) => char.IsAsciiLetterOrDigit((char)b) || b is (byte)'+' or (byte)'/' or (byte)'=';
}
