using System.Globalization;

namespace ArtifactTrust.Formats;

/// <summary>Instants as RFC 3339 writes them: <c>2026-01-31T12:00:00Z</c>.</summary>
/// <remarks>
/// Any offset is read, since an instant with an offset is unambiguous and scanners write local ones; what is returned and written is UTC.
/// A fraction of a second is read to 100 nanoseconds, the rest of it dropped. Leap seconds are refused: .NET has no form for them.
/// </remarks>
public static class Rfc3339
{
    private const int LongestText = 64;

    /// <summary>Reads an instant.</summary>
    /// <returns>The instant, in UTC.</returns>
    /// <exception cref="MalformedDataException">The text is not of that form, or no such instant exists.</exception>
    public static DateTimeOffset Parse(string text, string format, string location)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var instant)
            ? instant
            : throw new MalformedDataException(
                format,
                location,
                $"an RFC 3339 time such as 2026-01-31T12:00:00Z is expected, not '{(text.Length <= LongestText ? text : text[..LongestText] + "…")}'"
            );
    }

    /// <summary>Reads an instant, in UTC; false where the text is not one.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out DateTimeOffset instant)
    {
        instant = default;
        if (
            text.Length is < 20 or > LongestText
            || !Number(text[..4], 1, 9999, out var year)
            || text[4] != '-'
            || !Number(text[5..7], 1, 12, out var month)
            || text[7] != '-'
            || !Number(text[8..10], 1, DateTime.DaysInMonth(year, month), out var day)
            || text[10] != 'T'
            || !Number(text[11..13], 0, 23, out var hour)
            || text[13] != ':'
            || !Number(text[14..16], 0, 59, out var minute)
            || text[16] != ':'
            || !Number(text[17..19], 0, 59, out var second)
        )
        {
            return false;
        }
        var rest = text[19..];
        if (!Fraction(ref rest, out var ticks) || !Offset(rest, out var offset))
        {
            return false;
        }
        ticks += new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc).Ticks - offset;
        if (ticks < DateTime.MinValue.Ticks || ticks > DateTime.MaxValue.Ticks)
        {
            return false;
        }
        instant = new DateTimeOffset(ticks, TimeSpan.Zero);
        return true;
    }

    /// <summary>The instant in UTC, with as many digits of a second's fraction as it has.</summary>
    public static string Format(DateTimeOffset instant) =>
        instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    private static bool Number(ReadOnlySpan<char> digits, int minimum, int maximum, out int value)
    {
        value = 0;
        foreach (var c in digits)
        {
            if (!char.IsAsciiDigit(c))
            {
                return false;
            }
            value = 10 * value + (c - '0');
        }
        return value >= minimum && value <= maximum;
    }

    private static bool Fraction(ref ReadOnlySpan<char> rest, out long ticks)
    {
        ticks = 0;
        if (rest[0] != '.')
        {
            return true;
        }
        var count = rest[1..].IndexOfAnyExceptInRange('0', '9');
        if (count <= 0)
        {
            return false;
        }
        for (var i = 0; i < 7; i++)
        {
            ticks = 10 * ticks + (i < count ? rest[1 + i] - '0' : 0);
        }
        rest = rest[(1 + count)..];
        return true;
    }

    private static bool Offset(ReadOnlySpan<char> rest, out long ticks)
    {
        ticks = 0;
        if (rest is "Z")
        {
            return true;
        }
        if (
            rest.Length != 6
            || rest[0] is not ('+' or '-')
            || rest[3] != ':'
            || !Number(rest[1..3], 0, 23, out var hours)
            || !Number(rest[4..], 0, 59, out var minutes)
        )
        {
            return false;
        }
        ticks = (60L * hours + minutes) * TimeSpan.TicksPerMinute * (rest[0] == '-' ? -1 : 1);
        return true;
    }
}
