namespace ArtifactTrust.Scanning.Data;

/// <summary>Finds numbers made of digits and separators: cards, telephones, national numbers.</summary>
internal static class NumberDetector
{
    private const int LongestDigits = 20;
    private const int FewestDigits = 7;

    // ITU-T E.164, list of assigned country codes (2016-11, and changes since): those of one digit, of two, and the first two digits of those of three.
    private const string TwoDigitCodes =
        "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98";

    private const string ThreeDigitCodes =
        "211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237 238 239 240 241 242 243 244 245 246 247 248 249 250 251 252 253 254 255 256 257 258 260 261 262 263 264 265 266 267 268 269 290 291 297 298 299 350 351 352 353 354 355 356 357 358 359 370 371 372 373 374 375 376 377 378 380 381 382 383 385 386 387 389 420 421 423 500 501 502 503 504 505 506 507 508 509 590 591 592 593 594 595 596 597 598 599 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688 689 690 691 692 800 808 850 852 853 855 856 870 880 881 882 883 886 888 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 976 977 979 992 993 994 995 996 998";

    // Numbers that payment companies publish for tests.
    private static readonly string[] TestCards =
    [
        "4111111111111111",
        "4242424242424242",
        "4012888888881881",
        "4000000000000002",
        "4222222222222",
        "5555555555554444",
        "5105105105105100",
        "2223003122003222",
        "378282246310005",
        "371449635398431",
        "378734493671000",
        "30569309025904",
        "38520000023237",
        "6011111111111117",
        "6011000990139424",
        "3530111333300000",
        "3566002020360505",
    ];

    /// <summary>The match that begins there.</summary>
    internal static PersonalDataMatch? At(ReadOnlySpan<char> text, int start, ColumnHint hint)
    {
        if (text.Length - start < FewestDigits)
        {
            return null;
        }
        if (start > 0 && text[start - 1] is '.' or ',' && start > 1 && char.IsAsciiDigit(text[start - 2]))
        {
            return null;
        }
        // Most numbers are short, and are told from the others by their digits alone.
        if (!HasDigits(text[start..], FewestDigits))
        {
            return null;
        }
        Span<char> space = stackalloc char[Digits.Space];
        var number = new Digits(text, start, space);
        if (number.Count < FewestDigits)
        {
            return null;
        }
        return Card(number, hint) ?? National(number, text, hint) ?? Phone(number, hint);
    }

    private static bool HasDigits(ReadOnlySpan<char> text, int wanted)
    {
        // Between two digits of one number stand at most two signs.
        foreach (var c in text[..Math.Min(text.Length, 3 * (wanted + 1))])
        {
            if (char.IsAsciiDigit(c))
            {
                if (--wanted == 0)
                {
                    return true;
                }
            }
            else if (c is not (' ' or '-' or '.' or '/' or '(' or ')' or '+' or '\u00A0'))
            {
                return false;
            }
        }
        return false;
    }

    private static PersonalDataMatch? Card(Digits number, ColumnHint hint)
    {
        var grouped = number.Groups is "4444" or "465" or "4446" or "444412" or "44443" or "464";
        if (number.HasPlus || !(number.Groups.Length <= 1 || (grouped && number.HasOneSeparator)))
        {
            return null;
        }
        var digits = number.Text;
        if (
            !IsCardNumber(digits)
            || !CheckDigits.Luhn(digits)
            || Array.IndexOf(TestCards, digits.ToString()) >= 0
            || digits[1..].IndexOfAnyExcept(digits[1]) < 0
        )
        {
            return null;
        }
        return number.Match(
            PersonalDataKind.PaymentCard,
            grouped || hint.Names(PersonalDataKind.PaymentCard) ? Confidence.High : Confidence.Medium
        );
    }

    // ISO/IEC 7812 prefixes and lengths as the card companies give them out.
    private static bool IsCardNumber(ReadOnlySpan<char> digits)
    {
        if (digits.Length is < 13 or > 19)
        {
            return false;
        }
        var four = CheckDigits.Number(digits[..4]);
        return digits.Length switch
        {
            13 => digits[0] == '4',
            14 => four is (>= 3000 and <= 3059) or (>= 3600 and <= 3699) or (>= 3800 and <= 3999),
            15 => four / 100 is 34 or 37,
            16 => digits[0] == '4'
                || four
                    is (>= 5100 and <= 5599)
                        or (>= 2221 and <= 2720)
                        or 6011
                        or (>= 6440 and <= 6599)
                        or (>= 3528 and <= 3589)
                        or (>= 6200 and <= 6299),
            19 => digits[0] == '4' || four is (>= 6200 and <= 6299) or 6011 or (>= 3528 and <= 3589),
            _ => four is >= 6200 and <= 6299,
        };
    }

    private static PersonalDataMatch? National(Digits number, ReadOnlySpan<char> text, ColumnHint hint)
    {
        if (number.HasPlus || number.HasParentheses)
        {
            return null;
        }
        var digits = number.Text;
        var groups = number.Groups;
        var bare = groups.Length == 1;
        switch (digits.Length)
        {
            case 9
                when (groups is "324" && number.HasOneSeparator && number.Separator is '-' or ' ')
                    || (bare && hint.Names(PersonalDataKind.UsSsn)):
                return IsSsn(digits)
                    ? number.Match(
                        PersonalDataKind.UsSsn,
                        hint.Names(PersonalDataKind.UsSsn) || number.Separator == '-' ? Confidence.High : Confidence.Medium
                    )
                    : null;
            case 9 when bare || groups is "423" or "333" or "432":
                // One in eleven numbers passes, so something has to say what it is.
                return
                    (hint.Names(PersonalDataKind.NlBsn) || Says(text[..number.Start], "bsn") || Says(text[..number.Start], "sofi"))
                    && CheckDigits.DutchEleven(digits)
                    ? number.Match(PersonalDataKind.NlBsn, Confidence.High)
                    : null;
            case 11 when groups is "3332" || bare:
                if (
                    CheckDigits.Cpf(digits)
                    && (
                        groups.Length > 1 ? number.IsCpf : !hint.Names(PersonalDataKind.DeSteuerId) && !hint.Names(PersonalDataKind.PlPesel)
                    )
                )
                {
                    return number.Match(
                        PersonalDataKind.BrCpf,
                        groups.Length > 1 || hint.Names(PersonalDataKind.BrCpf) ? Confidence.High : Confidence.Medium
                    );
                }
                if (bare && CheckDigits.Pesel(digits) && !hint.Names(PersonalDataKind.DeSteuerId))
                {
                    return number.Match(
                        PersonalDataKind.PlPesel,
                        hint.Names(PersonalDataKind.PlPesel) || Says(text[..number.Start], "pesel") ? Confidence.High : Confidence.Medium
                    );
                }
                return bare && CheckDigits.GermanTax(digits)
                    ? number.Match(
                        PersonalDataKind.DeSteuerId,
                        hint.Names(PersonalDataKind.DeSteuerId) ? Confidence.High : Confidence.Medium
                    )
                    : null;
            case 11 when groups is "2333" && number.HasOneSeparator && number.Separator is ' ' or '/':
                return CheckDigits.GermanTax(digits) ? number.Match(PersonalDataKind.DeSteuerId, Confidence.High) : null;
            case 12
                when (groups is "444" && number.HasOneSeparator && number.Separator is ' ' or '-')
                    || (bare && (hint.Names(PersonalDataKind.InAadhaar) || Says(text[..number.Start], "aadhaar"))):
                return digits[0] is >= '2' && CheckDigits.Verhoeff(digits)
                    ? number.Match(
                        PersonalDataKind.InAadhaar,
                        hint.Names(PersonalDataKind.InAadhaar) || bare ? Confidence.High : Confidence.Medium
                    )
                    : null;
            case 15 when bare || groups is "1222332" or "132333" or "1222333":
                return CheckDigits.Nir(digits)
                    ? number.Match(
                        PersonalDataKind.FrNir,
                        !bare || hint.Names(PersonalDataKind.FrNir) ? Confidence.High : Confidence.Medium
                    )
                    : null;
            default:
                return null;
        }
    }

    // Social Security Administration, "SSN randomization" (2011) and the numbers that were printed on samples.
    private static bool IsSsn(ReadOnlySpan<char> digits) =>
        !(digits[..3] is "000" or "666")
        && digits[0] != '9'
        && digits[3..5] is not "00"
        && digits[5..] is not "0000"
        && !(digits is "078051120" or "219099999" or "123456789" or "457555462")
        && digits[1..].IndexOfAnyExcept(digits[0]) >= 0;

    private static PersonalDataMatch? Phone(Digits number, ColumnHint hint)
    {
        var named = hint.Names(PersonalDataKind.Phone);
        var digits = number.Text;
        if (number.HasPlus)
        {
            return digits.Length is >= 8 and <= 15 && HasCountry(digits) ? number.Match(PersonalDataKind.Phone, Confidence.High) : null;
        }
        var local = digits is ['1', ..] && digits.Length == 11 ? digits[1..] : digits;
        var separated = number.Groups.Length > 1;
        if (local.Length == 10 && separated && number.Groups is "334" or "1334" && number.IsPhoneLike && IsNorthAmerican(local))
        {
            return number.Match(PersonalDataKind.Phone, named || number.HasParentheses ? Confidence.High : Confidence.Medium);
        }
        if (digits[0] == '0' && digits.Length == 10 && number.Groups is "22222" && number.HasOneSeparator && digits[1] != '0')
        {
            return number.Match(PersonalDataKind.Phone, named ? Confidence.High : Confidence.Medium);
        }
        // Other national forms are numbers like any other, unless the column says what they are.
        return named && digits.Length is >= 7 and <= 15 && digits[1..].IndexOfAnyExcept(digits[0]) >= 0 && number.IsWholeText
            ? number.Match(PersonalDataKind.Phone, Confidence.Medium)
            : null;
    }

    // NANPA: NXX-NXX-XXXX; 555-0100 to 555-0199 are for fiction.
    private static bool IsNorthAmerican(ReadOnlySpan<char> digits) =>
        digits[0] >= '2'
        && digits[3] >= '2'
        && digits[1..3] is not "11"
        && digits[4..6] is not "11"
        && !(digits[3..6] is "555" && digits[6..8] is "01");

    private static bool HasCountry(ReadOnlySpan<char> digits) =>
        digits[0] switch
        {
            '1' => digits.Length == 11 && IsNorthAmerican(digits[1..]),
            '7' => digits.Length == 11,
            _ => Contains(TwoDigitCodes, digits[..2]) || Contains(ThreeDigitCodes, digits[..3]),
        };

    private static bool Contains(string codes, ReadOnlySpan<char> code)
    {
        for (var i = 0; i < codes.Length; i += code.Length + 1)
        {
            if (codes.AsSpan(i, code.Length).SequenceEqual(code))
            {
                return true;
            }
        }
        return false;
    }

    private static bool Says(ReadOnlySpan<char> before, string word)
    {
        var tail = before.Length > 24 ? before[^24..] : before;
        return tail.Contains(word, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>A run of digits with single separators between them.</summary>
    private readonly ref struct Digits
    {
        // The digits, the lengths of their groups, and a separator and one after a bracket for each.
        internal const int Space = 4 * LongestDigits + 2;

        private readonly ReadOnlySpan<char> _digits;
        private readonly int _end;
        private readonly int _length;
        private readonly ReadOnlySpan<char> _separators = "";

        internal Digits(ReadOnlySpan<char> text, int start, Span<char> space)
        {
            Start = start;
            _length = text.Length;
            var found = space[..LongestDigits];
            var groups = space[LongestDigits..(2 * LongestDigits)];
            var separators = space[(2 * LongestDigits)..];
            var (groupCount, separatorCount) = (0, 0);
            _digits = found;
            var i = start;
            var run = 0;
            if (i < text.Length && text[i] == '+')
            {
                HasPlus = true;
                i++;
            }
            var end = start;
            for (; i < text.Length; i++)
            {
                var c = text[i];
                if (char.IsAsciiDigit(c))
                {
                    if (Count == LongestDigits)
                    {
                        Count = 0;
                        return;
                    }
                    found[Count++] = c;
                    run++;
                    end = i + 1;
                    continue;
                }
                if (c is '(' or ')')
                {
                    // Only as (ddd) before the rest.
                    if (c == '(' ? HasParentheses || Count > 3 : !HasParentheses || run == 0)
                    {
                        break;
                    }
                    HasParentheses = true;
                }
                else if (c is not (' ' or '-' or '.' or '/' or '\u00A0'))
                {
                    break;
                }
                else
                {
                    // One separator between digits; after a bracket a space may stand besides.
                    var previous = i > start ? text[i - 1] : ' ';
                    if (!char.IsAsciiDigit(previous) && previous != ')')
                    {
                        break;
                    }
                    separators[separatorCount++] = c == '\u00A0' ? ' ' : c;
                }
                if (run > 0)
                {
                    groups[groupCount++] = (char)('0' + Math.Min(run, 9));
                    run = 0;
                }
            }
            if (run > 0)
            {
                groups[groupCount++] = (char)('0' + Math.Min(run, 9));
            }
            // What stands after the last digit was no separator of this number.
            var trailing = 0;
            for (var j = end; j < i && j < text.Length; j++)
            {
                trailing += text[j] is ' ' or '-' or '.' or '/' or '\u00A0' ? 1 : 0;
            }
            _separators = separators[..Math.Max(0, separatorCount - trailing)];
            Groups = groups[..groupCount];
            _end = end;
            if (
                (end < text.Length && PersonalDataDetector.IsWordPart(text[end]))
                || (end + 1 < text.Length && text[end] is '.' or ',' && char.IsAsciiDigit(text[end + 1]))
                || (start > 0 && text[start - 1] is '-' or '.' or '/' && start > 1 && PersonalDataDetector.IsWordPart(text[start - 2]))
                || (end + 1 < text.Length && text[end] is '-' && char.IsLetterOrDigit(text[end + 1]))
            )
            {
                Count = 0;
            }
        }

        internal int Start { get; }

        /// <summary>How many digits; none where this is a part of something else.</summary>
        internal int Count { get; private init; }

        internal bool HasPlus { get; }

        internal bool HasParentheses { get; }

        /// <summary>The lengths of the groups, a digit each.</summary>
        internal ReadOnlySpan<char> Groups { get; } = "";

        internal ReadOnlySpan<char> Text => _digits[..Count];

        internal char Separator => _separators.Length > 0 ? _separators[0] : '\0';

        /// <summary>Whether all separators are the same.</summary>
        internal bool HasOneSeparator => _separators.Length > 0 && _separators.IndexOfAnyExcept(_separators[0]) < 0 && !HasParentheses;

        internal bool IsCpf => _separators is "..-";

        internal bool IsPhoneLike => HasParentheses || (HasOneSeparator && Separator is '-' or '.' or ' ');

        internal bool IsWholeText => Start == 0 && _end == _length;

        internal PersonalDataMatch Match(PersonalDataKind kind, Confidence confidence) => new(kind, Start, _end - Start, confidence);
    }
}
