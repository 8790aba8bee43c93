using System.Buffers;
using System.Text.RegularExpressions;

namespace ArtifactTrust.Scanning.Secrets;

/// <summary>What texts that are secrets look like.</summary>
internal static partial class SecretText
{
    private const int ShortestRandom = 16;
    private const int LongestRandom = 512;

    // Bits a character; English words are below 3, base64 of random bytes above 4 (hex: at most 4).
    private const double RandomEntropy = 3.0;

    // What ends a value; no random one has it in it.
    private static readonly SearchValues<char> Breaks = SearchValues.Create(" \t,;()<>|\"'");

    // Words in values that show how a secret looks, or that there is none.
    private static readonly string[] Examples =
    [
        "example",
        "sample",
        "changeme",
        "change-me",
        "placeholder",
        "your_",
        "your-",
        "yourtoken",
        "dummy",
        "xxxx",
        "0000000000",
        "1234567890",
        "abcdefgh",
        "redacted",
        "insert",
        "<",
        "${",
        "{{",
        "...",
        "****",
    ];

    private static readonly HashSet<string> Common = new(
        [
            "admin",
            "guest",
            "hunter2",
            "mypassword",
            "mysecretpassword",
            "mysql",
            "pass",
            "passwd",
            "password",
            "postgres",
            "pwd",
            "redis",
            "root",
            "secret",
            "test",
            "token",
            "user",
        ],
        StringComparer.Ordinal
    );

    /// <summary>Whether a value is made of so many different characters that nobody types it.</summary>
    internal static bool LooksRandom(ReadOnlySpan<char> value) =>
        value.Length is >= ShortestRandom and <= LongestRandom
        && !value.ContainsAny(Breaks)
        && value.ContainsAnyInRange('0', '9')
        && (value.ContainsAnyInRange('a', 'z') || value.ContainsAnyInRange('A', 'Z'))
        && Entropy(value) >= RandomEntropy
        && !LooksLikeExample(value)
        && !IsIdentifier(value);

    /// <summary>Whether a value that stands in no quotes, where code may stand too, looks random: names in code have digits in few places.</summary>
    internal static bool LooksRandomBare(ReadOnlySpan<char> value)
    {
        var runs = 0;
        for (var i = 0; i < value.Length; i++)
        {
            runs += char.IsAsciiDigit(value[i]) && (i == 0 || !char.IsAsciiDigit(value[i - 1])) ? 1 : 0;
        }
        return runs >= 3 && LooksRandom(value);
    }

    /// <summary>Whether a password is one that examples and local set-ups have, or is filled in later.</summary>
    internal static bool IsCommonPassword(string value) =>
        value[0] is '$' or '{' or '%' or '[' or '<' or '*' || Common.Contains(value.ToLowerInvariant());

    /// <summary>Whether text is <c>user:password</c> in base64.</summary>
    internal static bool IsBasicCredential(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length)
            && bytes.AsSpan(0, length) is var text
            && text.IndexOf((byte)':') is > 0 and var colon
            && colon < length - 1
            && !text.ContainsAnyExceptInRange((byte)' ', (byte)'~');
    }

    internal static bool LooksLikeExample(ReadOnlySpan<char> value)
    {
        foreach (var word in Examples)
        {
            if (value.Contains(word, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Shannon's entropy of the characters, in bits a character.</summary>
    internal static double Entropy(ReadOnlySpan<char> text)
    {
        Span<int> counts = stackalloc int[128];
        var other = 0;
        foreach (var c in text)
        {
            if (c < 128)
            {
                counts[c]++;
            }
            else
            {
                other++;
            }
        }
        var entropy = 0.0;
        foreach (var count in counts)
        {
            entropy -= Part(count, text.Length);
        }
        return entropy - Part(other, text.Length);

        static double Part(int count, int all) => count == 0 ? 0 : (double)count / all * Math.Log2((double)count / all);
    }

    // Names with numbers in them (my_model_v2_large), paths, UUIDs and dates are written by people or say nothing.
    private static bool IsIdentifier(ReadOnlySpan<char> value) =>
        value.Contains('/') && value.Count('/') > 2 || Identifier().IsMatch(value);

    [GeneratedRegex(
        @"\A(?:[a-z]+[0-9]{0,4}(?:[._/-][a-z0-9]{1,24}){0,12}|[A-Z]+[0-9]{0,4}(?:_[A-Z0-9]{1,24}){1,12}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9T:.+Z-]+|[a-zA-Z][a-zA-Z.]*[0-9]{0,2})\z",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Identifier();
}
