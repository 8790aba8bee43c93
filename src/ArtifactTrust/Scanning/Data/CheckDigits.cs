namespace ArtifactTrust.Scanning.Data;

/// <summary>The check digits of numbers that people and accounts have. Arguments are ASCII digits only, where nothing else is said.</summary>
internal static class CheckDigits
{
    // The dihedral group D5 and the permutation of Verhoeff's scheme.
    private static ReadOnlySpan<byte> DihedralProduct =>
        [
            0,
            1,
            2,
            3,
            4,
            5,
            6,
            7,
            8,
            9,
            1,
            2,
            3,
            4,
            0,
            6,
            7,
            8,
            9,
            5,
            2,
            3,
            4,
            0,
            1,
            7,
            8,
            9,
            5,
            6,
            3,
            4,
            0,
            1,
            2,
            8,
            9,
            5,
            6,
            7,
            4,
            0,
            1,
            2,
            3,
            9,
            5,
            6,
            7,
            8,
            5,
            9,
            8,
            7,
            6,
            0,
            4,
            3,
            2,
            1,
            6,
            5,
            9,
            8,
            7,
            1,
            0,
            4,
            3,
            2,
            7,
            6,
            5,
            9,
            8,
            2,
            1,
            0,
            4,
            3,
            8,
            7,
            6,
            5,
            9,
            3,
            2,
            1,
            0,
            4,
            9,
            8,
            7,
            6,
            5,
            4,
            3,
            2,
            1,
            0,
        ];

    private static ReadOnlySpan<byte> VerhoeffPermutation => [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

    // The values of the characters at odd places of an Italian tax code (D.M. 23/12/1976), for 0-9 and then A-Z.
    private static ReadOnlySpan<byte> ItalianOdd =>
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

    /// <summary>ISO/IEC 7812-1, annex B.</summary>
    internal static bool Luhn(ReadOnlySpan<char> digits)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var digit = digits[^(i + 1)] - '0';
            var value = i % 2 == 1 ? digit * 2 : digit;
            sum += value > 9 ? value - 9 : value;
        }
        return sum % 10 == 0;
    }

    /// <summary>ISO 13616-1, clause 6: the rearranged account number is 1 modulo 97. Upper-case letters and digits.</summary>
    internal static bool Iban(ReadOnlySpan<char> text)
    {
        var remainder = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[(i + 4) % text.Length];
            remainder = char.IsAsciiDigit(c) ? (remainder * 10 + c - '0') % 97 : (remainder * 100 + c - 'A' + 10) % 97;
        }
        return remainder == 1;
    }

    /// <summary>Verhoeff's scheme, as Aadhaar numbers have it.</summary>
    internal static bool Verhoeff(ReadOnlySpan<char> digits)
    {
        var check = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var value = digits[^(i + 1)] - '0';
            for (var round = 0; round < i % 8; round++)
            {
                value = VerhoeffPermutation[value];
            }
            check = DihedralProduct[check * 10 + value];
        }
        return check == 0;
    }

    /// <summary>ISO 7064 MOD 11,10, and what the digits before must be (Steueridentifikationsnummer, since 2016): one digit two or three times.</summary>
    internal static bool GermanTax(ReadOnlySpan<char> digits)
    {
        Span<int> counts = stackalloc int[10];
        var product = 10;
        foreach (var c in digits[..10])
        {
            counts[c - '0']++;
            var sum = (c - '0' + product) % 10;
            product = (sum == 0 ? 10 : sum) * 2 % 11;
        }
        var repeated = 0;
        foreach (var count in counts)
        {
            repeated += count > 1 ? 1 : 0;
        }
        return digits[0] != '0' && repeated == 1 && counts.IndexOfAnyInRange(4, 10) < 0 && (11 - product) % 10 == digits[10] - '0';
    }

    /// <summary>The eleven test of Dutch numbers, nine digits.</summary>
    internal static bool DutchEleven(ReadOnlySpan<char> digits)
    {
        var sum = -(digits[8] - '0');
        for (var i = 0; i < 8; i++)
        {
            sum += (9 - i) * (digits[i] - '0');
        }
        return sum % 11 == 0 && digits.IndexOfAnyExcept('0') >= 0;
    }

    /// <summary>The date and the check digit of a PESEL, eleven digits.</summary>
    internal static bool Pesel(ReadOnlySpan<char> digits)
    {
        ReadOnlySpan<int> weights = [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1];
        var sum = 0;
        for (var i = 0; i < 11; i++)
        {
            sum += weights[i] * (digits[i] - '0');
        }
        var month = Number(digits[2..4]);
        var century = (month / 20) switch
        {
            0 => 1900,
            1 => 2000,
            2 => 2100,
            3 => 2200,
            _ => 1800,
        };
        return sum % 10 == 0 && IsDay(century + Number(digits[..2]), month % 20, Number(digits[4..6]));
    }

    /// <summary>Both check digits of a CPF, eleven digits that are not all the same.</summary>
    internal static bool Cpf(ReadOnlySpan<char> digits)
    {
        if (digits.IndexOfAnyExcept(digits[0]) < 0)
        {
            return false;
        }
        for (var length = 9; length <= 10; length++)
        {
            var sum = 0;
            for (var i = 0; i < length; i++)
            {
                sum += (length + 1 - i) * (digits[i] - '0');
            }
            if (sum * 10 % 11 % 10 != digits[length] - '0')
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>The key of a NIR: 13 characters, 2A and 2B for Corsica, and two digits.</summary>
    internal static bool Nir(ReadOnlySpan<char> text)
    {
        Span<char> digits = stackalloc char[15];
        text.CopyTo(digits);
        if (digits[6] is 'A' or 'B')
        {
            // 2A counts as 19 and 2B as 18.
            (digits[5], digits[6]) = ('1', digits[6] == 'A' ? '9' : '8');
        }
        var month = Number(digits[3..5]);
        return digits[0] is '1' or '2' or '3' or '4' or '7' or '8'
            && month is (>= 1 and <= 12) or (>= 20 and <= 42) or (>= 50 and <= 99)
            && Number(digits[5..7]) > 0
            && 97 - long.Parse(digits[..13], System.Globalization.CultureInfo.InvariantCulture) % 97 == Number(digits[13..15]);
    }

    /// <summary>The letter of a DNI, eight digits and a letter.</summary>
    internal static bool Dni(ReadOnlySpan<char> text) => "TRWAGMYFPDXBNJZSQVHLCKE"[Number(text[..8]) % 23] == text[8];

    /// <summary>The check character of an Italian tax code, 16 upper-case letters and digits.</summary>
    internal static bool ItalianTax(ReadOnlySpan<char> text)
    {
        var sum = 0;
        for (var i = 0; i < 15; i++)
        {
            var index = char.IsAsciiDigit(text[i]) ? text[i] - '0' : text[i] - 'A' + 10;
            sum +=
                i % 2 == 0 ? ItalianOdd[index]
                : index < 10 ? index
                : index - 10;
        }
        return sum % 26 == text[15] - 'A';
    }

    internal static int Number(ReadOnlySpan<char> digits)
    {
        var number = 0;
        foreach (var c in digits)
        {
            number = number * 10 + c - '0';
        }
        return number;
    }

    private static bool IsDay(int year, int month, int day) =>
        month is >= 1 and <= 12 && day >= 1 && day <= DateTime.DaysInMonth(year, month);
}
