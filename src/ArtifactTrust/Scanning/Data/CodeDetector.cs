using System.Net;
using System.Net.Sockets;

namespace ArtifactTrust.Scanning.Data;

/// <summary>Finds numbers that have letters in them: accounts, national numbers, addresses of the internet.</summary>
internal static class CodeDetector
{
    // ISO 13616 registry: the country and the length of its accounts.
    private const string IbanLengths =
        "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";

    // An address of version 4.
    private const int Shortest = 7;

    /// <summary>The match that begins there, where nothing of a word stands before it.</summary>
    internal static PersonalDataMatch? At(ReadOnlySpan<char> text, int start, ColumnHint hint) =>
        text.Length - start < Shortest ? null
        : char.IsAsciiLetter(text[start])
            ? Iban(text, start, hint)
                ?? Nino(text, start, hint)
                ?? (char.ToUpperInvariant(text[start]) is 'X' or 'Y' or 'Z' ? Spanish(text, start, hint) : null)
                ?? Italian(text, start, hint)
        : char.IsAsciiDigit(text[start])
            ? Spanish(text, start, hint) ?? Corsican(text, start) ?? AddressV4(text, start, hint) ?? AddressV6(text, start, hint)
        : null;

    private static PersonalDataMatch? Iban(ReadOnlySpan<char> text, int start, ColumnHint hint)
    {
        if (
            text.Length - start < 15
            || !char.IsAsciiLetter(text[start])
            || !char.IsAsciiLetter(text[start + 1])
            || !char.IsAsciiDigit(text[start + 2])
            || !char.IsAsciiDigit(text[start + 3])
        )
        {
            return null;
        }
        Span<char> country = [char.ToUpperInvariant(text[start]), char.ToUpperInvariant(text[start + 1])];
        var length = LengthOf(country);
        Span<char> code = stackalloc char[34];
        var (count, i) = (0, start);
        for (; i < text.Length && count < length; i++)
        {
            if (char.IsAsciiLetterOrDigit(text[i]))
            {
                code[count++] = char.ToUpperInvariant(text[i]);
            }
            else if (text[i] is not (' ' or '-' or '\u00A0') || count % 4 != 0)
            {
                return null;
            }
        }
        return count == length && length > 0 && EndsAt(text, i) && CheckDigits.Iban(code[..count])
            ? new PersonalDataMatch(PersonalDataKind.Iban, start, i - start, Confidence.High)
            : null;

        static int LengthOf(ReadOnlySpan<char> country)
        {
            for (var i = 0; i < IbanLengths.Length; i += 4)
            {
                if (IbanLengths.AsSpan(i, 2).SequenceEqual(country))
                {
                    return CheckDigits.Number(IbanLengths.AsSpan(i + 2, 2));
                }
            }
            return 0;
        }
    }

    // HMRC, National Insurance Manual NIM39110.
    private static PersonalDataMatch? Nino(ReadOnlySpan<char> text, int start, ColumnHint hint)
    {
        if (!char.IsAsciiLetterUpper(text[start]) || text.Length - start < 9)
        {
            return null;
        }
        Span<char> code = stackalloc char[9];
        var (count, i) = (0, start);
        for (; i < text.Length && count < 9; i++)
        {
            if (text[i] == ' ' && count % 2 == 0 && count > 0)
            {
                continue;
            }
            var isLetter = count is 0 or 1 or 8;
            if (isLetter ? !char.IsAsciiLetterUpper(text[i]) : !char.IsAsciiDigit(text[i]))
            {
                return null;
            }
            code[count++] = text[i];
        }
        return
            count == 9
            && EndsAt(text, i)
            && "ABCEGHJKLMNOPRSTWXYZ".Contains(code[0], StringComparison.Ordinal)
            && "ABCEGHJKLMNPRSTWXYZ".Contains(code[1], StringComparison.Ordinal)
            && !(code[..2] is "BG" or "GB" or "NK" or "KN" or "TN" or "NT" or "ZZ")
            && code[8] is >= 'A' and <= 'D'
            ? new PersonalDataMatch(
                PersonalDataKind.UkNino,
                start,
                i - start,
                hint.Names(PersonalDataKind.UkNino) || i - start > 9 ? Confidence.High : Confidence.Medium
            )
            : null;
    }

    // Orden INT/2058/2008: X, Y and Z stand for 0, 1 and 2.
    private static PersonalDataMatch? Spanish(ReadOnlySpan<char> text, int start, ColumnHint hint)
    {
        if (text.Length - start < 9)
        {
            return null;
        }
        Span<char> code = stackalloc char[9];
        var (count, i) = (0, start);
        for (; i < text.Length && count < 9; i++)
        {
            if (text[i] is '-' or ' ' && (count == 8 || (count == 1 && char.IsAsciiLetter(text[start]))))
            {
                continue;
            }
            var c = char.ToUpperInvariant(text[i]);
            if (count == 0 && c is 'X' or 'Y' or 'Z')
            {
                c = (char)(c - 'X' + '0');
            }
            else if (count == 8 ? !char.IsAsciiLetterUpper(c) : !char.IsAsciiDigit(c))
            {
                return null;
            }
            code[count++] = c;
        }
        // The number of every form's example.
        return count == 9 && EndsAt(text, i) && code[..8].IndexOfAnyExcept('0') >= 0 && code is not "12345678Z" && CheckDigits.Dni(code)
            ? new PersonalDataMatch(
                PersonalDataKind.EsDni,
                start,
                i - start,
                hint.Names(PersonalDataKind.EsDni) ? Confidence.High : Confidence.Medium
            )
            : null;
    }

    // D.M. 23/12/1976; letters may stand for digits where two people would have the same code.
    private static PersonalDataMatch? Italian(ReadOnlySpan<char> text, int start, ColumnHint hint)
    {
        if (text.Length - start < 16 || !EndsAt(text, start + 16))
        {
            return null;
        }
        Span<char> code = stackalloc char[16];
        text.Slice(start, 16).ToUpperInvariant(code);
        for (var i = 0; i < 16; i++)
        {
            var isLetter = i is < 6 or 8 or 11 or 15;
            if (
                isLetter
                    ? !char.IsAsciiLetterUpper(code[i])
                    : !char.IsAsciiDigit(code[i]) && !"LMNPQRSTUV".Contains(code[i], StringComparison.Ordinal)
            )
            {
                return null;
            }
        }
        if (!"ABCDEHLMPRST".Contains(code[8], StringComparison.Ordinal) || !CheckDigits.ItalianTax(code))
        {
            return null;
        }
        var day = Digit(code[9]) * 10 + Digit(code[10]);
        return day is (>= 1 and <= 31) or (>= 41 and <= 71)
            ? new PersonalDataMatch(PersonalDataKind.ItCodiceFiscale, start, 16, Confidence.High)
            : null;

        static int Digit(char c) => char.IsAsciiDigit(c) ? c - '0' : "LMNPQRSTUV".IndexOf(c, StringComparison.Ordinal);
    }

    // A French number of someone born in Corsica, where the department has a letter: 2A or 2B.
    private static PersonalDataMatch? Corsican(ReadOnlySpan<char> text, int start)
    {
        // Sex, year, month: most numbers end here.
        if (text.Length - start < 15 || text[start] is not (>= '1' and <= '8'))
        {
            return null;
        }
        Span<char> code = stackalloc char[15];
        var (count, i) = (0, start);
        for (; i < text.Length && count < 15; i++)
        {
            if (text[i] == ' ' && count is 1 or 3 or 5 or 7 or 10 or 13)
            {
                continue;
            }
            if (!char.IsAsciiDigit(text[i]) && !(count == 6 && text[i] is 'A' or 'B' && code[5] == '2'))
            {
                return null;
            }
            code[count++] = text[i];
        }
        return
            count == 15 && code[6] is 'A' or 'B' && (i >= text.Length || !PersonalDataDetector.IsWordPart(text[i])) && CheckDigits.Nir(code)
            ? new PersonalDataMatch(PersonalDataKind.FrNir, start, i - start, Confidence.High)
            : null;
    }

    private static PersonalDataMatch? AddressV4(ReadOnlySpan<char> text, int start, ColumnHint hint)
    {
        if (!char.IsAsciiDigit(text[start]) || hint.NamesVersion || (start > 0 && text[start - 1] is '.' or '-' or '/'))
        {
            return null;
        }
        Span<int> parts = stackalloc int[4];
        var i = start;
        for (var part = 0; part < 4; part++)
        {
            var first = i;
            while (i < text.Length && i - first < 3 && char.IsAsciiDigit(text[i]))
            {
                i++;
            }
            if (i == first || (i - first > 1 && text[first] == '0'))
            {
                return null;
            }
            parts[part] = CheckDigits.Number(text[first..i]);
            if (parts[part] > 255 || (part < 3 && (i >= text.Length || text[i++] != '.')))
            {
                return null;
            }
        }
        if (
            (
                i < text.Length
                && (IsWord(text[i]) || text[i] is '-' || (text[i] is '.' or '/' && i + 1 < text.Length && char.IsAsciiDigit(text[i + 1])))
            ) || !IsPublic(parts)
        )
        {
            return null;
        }
        // Versions look the same, and their numbers are small; text before them often says so.
        var named = hint.Names(PersonalDataKind.IpAddress);
        return !named && (parts.IndexOfAnyExceptInRange(0, 31) < 0 || SaysVersion(text[..start]))
            ? null
            : new PersonalDataMatch(PersonalDataKind.IpAddress, start, i - start, named ? Confidence.High : Confidence.Medium);
    }

    // RFC 6890 and the IANA special-purpose registry: what is nobody's own address on the internet.
    private static bool IsPublic(ReadOnlySpan<int> p) =>
        p[0] is not (0 or 10 or 127)
        && p[0] < 224
        && !(p[0] == 100 && p[1] is >= 64 and <= 127)
        && !(p[0] == 169 && p[1] == 254)
        && !(p[0] == 172 && p[1] is >= 16 and <= 31)
        && !(p[0] == 192 && p[1] == 168)
        && !(p[0] == 192 && p[1] == 0 && p[2] is 0 or 2)
        && !(p[0] == 198 && p[1] is 18 or 19)
        && !(p[0] == 198 && p[1] == 51 && p[2] == 100)
        && !(p[0] == 203 && p[1] == 0 && p[2] == 113);

    private static bool SaysVersion(ReadOnlySpan<char> before)
    {
        var tail = before.Length > 16 ? before[^16..] : before;
        return tail.Contains("version", StringComparison.OrdinalIgnoreCase)
            || tail.TrimEnd(" =:").EndsWith("ver", StringComparison.OrdinalIgnoreCase)
            || tail.TrimEnd(" =:").EndsWith("release", StringComparison.OrdinalIgnoreCase)
            || tail.EndsWith("v", StringComparison.OrdinalIgnoreCase);
    }

    private static PersonalDataMatch? AddressV6(ReadOnlySpan<char> text, int start, ColumnHint hint)
    {
        // Global addresses begin with 2 or 3 (IANA: 2000::/3); anything shorter is a word with colons.
        if (text[start] is not ('2' or '3') || text.Length - start < 12 || (start > 0 && text[start - 1] is ':' or '.'))
        {
            return null;
        }
        var (end, colons) = (start, 0);
        while (end < text.Length && end - start < 40 && (char.IsAsciiHexDigit(text[end]) || text[end] is ':'))
        {
            colons += text[end] == ':' ? 1 : 0;
            end++;
        }
        while (end > start && text[end - 1] == ':' && !(end - start > 1 && text[end - 2] == ':'))
        {
            end--;
        }
        var address = text[start..end];
        return
            colons >= 3
            && EndsAt(text, end)
            && address.IndexOf(':') == 4
            && !address.StartsWith("2001:db8:", StringComparison.OrdinalIgnoreCase)
            && !address.StartsWith("2001:0db8:", StringComparison.OrdinalIgnoreCase)
            && !address.StartsWith("3fff:", StringComparison.OrdinalIgnoreCase)
            && IPAddress.TryParse(address, out var parsed)
            && parsed.AddressFamily == AddressFamily.InterNetworkV6
            ? new PersonalDataMatch(
                PersonalDataKind.IpAddress,
                start,
                end - start,
                hint.Names(PersonalDataKind.IpAddress) ? Confidence.High : Confidence.Medium
            )
            : null;
    }

    private static bool EndsAt(ReadOnlySpan<char> text, int end) => end >= text.Length || !IsWord(text[end]);

    private static bool IsWord(char c) => PersonalDataDetector.IsWordPart(c);
}
