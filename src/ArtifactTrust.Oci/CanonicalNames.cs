using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace ArtifactTrust.Oci;

/// <summary>Names as file systems compare them that take characters written in several ways for the same, such as a letter with its accent.</summary>
/// <remarks>
/// Spec: Unicode 14, canonical decomposition (UAX 15). Marks that follow each other are put in the order of their code points, whatever their classes: names
/// that differ in that order only are taken for the same. <see cref="string.Normalize()"/> needs the system's tables, which are not there everywhere.
/// </remarks>
internal static class CanonicalNames
{
    private static readonly FrozenDictionary<Rune, Rune[]> Decompositions = Read();

    /// <summary>A name with every character taken apart: the same for names that are canonically equivalent.</summary>
    internal static string Decompose(string name)
    {
        if (Ascii.IsValid(name))
        {
            return name;
        }
        var runes = new List<Rune>(name.Length * 2);
        foreach (var rune in name.EnumerateRunes())
        {
            Append(rune, runes);
        }
        for (var start = 0; start < runes.Count; start++)
        {
            var end = start;
            while (end < runes.Count && IsMark(runes[end]))
            {
                end++;
            }
            if (end - start > 1)
            {
                runes.Sort(start, end - start, null);
                start = end;
            }
        }
        return string.Concat(runes);
    }

    private static void Append(Rune rune, List<Rune> runes)
    {
        // Unicode 14, section 3.12: the syllables of Hangul are counted and not listed.
        const int First = 0xAC00;
        const int Count = 11172;
        const int Vowels = 21;
        const int Tails = 28;
        if (rune.Value - First is >= 0 and < Count and var syllable)
        {
            runes.Add(new Rune(0x1100 + syllable / (Vowels * Tails)));
            runes.Add(new Rune(0x1161 + syllable / Tails % Vowels));
            if (syllable % Tails > 0)
            {
                runes.Add(new Rune(0x11A7 + syllable % Tails));
            }
        }
        else if (Decompositions.TryGetValue(rune, out var parts))
        {
            foreach (var part in parts)
            {
                Append(part, runes);
            }
        }
        else
        {
            runes.Add(rune);
        }
    }

    private static bool IsMark(Rune rune) =>
        Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.NonSpacingMark
                or UnicodeCategory.SpacingCombiningMark
                or UnicodeCategory.EnclosingMark;

    // A character and what it is made of, as code points: the canonical ones of UnicodeData.txt.
    private static FrozenDictionary<Rune, Rune[]> Read()
    {
        using var stream = typeof(CanonicalNames).Assembly.GetManifestResourceStream("ArtifactTrust.Oci.canonical-decompositions.txt")!;
        using var reader = new StreamReader(stream);
        var decompositions = new Dictionary<Rune, Rune[]>();
        while (reader.ReadLine() is { } line)
        {
            var runes = Array.ConvertAll(
                line.Split(' '),
                c => new Rune(int.Parse(c, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))
            );
            decompositions.Add(runes[0], runes[1..]);
        }
        return decompositions.ToFrozenDictionary();
    }
}
