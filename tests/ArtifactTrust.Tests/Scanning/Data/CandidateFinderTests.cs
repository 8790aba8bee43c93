using System.Buffers;
using ArtifactTrust.Scanning.Data;

namespace ArtifactTrust.Tests.Scanning.Data;

/// <summary>What is passed over quickly is what has nothing in it.</summary>
public sealed class CandidateFinderTests
{
    // Wherever a number or a code could begin at all.
    private static readonly SearchValues<char> Starts = SearchValues.Create(
        "0123456789+(ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    );

    private static readonly string[] Pieces =
    [
        "+49 30 901820",
        "(212) 555-2368",
        "+(",
        "4539 9458 0730 2151",
        "DE89370400440532013000",
        "DE89 3704 0044 0532 0130 00",
        "536-90-4399",
        "AB123456C",
        "AB 12 34 56 C",
        "AB    12",
        "X1234567L",
        "X-1234567-L",
        "Y - 1",
        "529.982.247-25",
        "93.184.216.34",
        "2606:2800:220:1:248:1893:25c8:1946",
        "RSSMRA85T10A562S",
        "MRTMTT25D09F205Z",
        "MRTMTTNRDLVFNLRZ",
        "abcdefghijklmnop",
        "abcdefghijklmnopq",
        "jane@acme.io",
        " ",
        "  ",
        "-",
        "_",
        ".",
        ":",
        "é",
        "Ａ",
        "١",
        "word",
        "Word",
        "ab",
        "x",
        "7",
        "00",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Nothing_is_found_only_by_looking_everywhere(int seed)
    {
        var random = new Random(seed);
        var hints = new[] { "x", "phone", "ssn", "bsn", "cpf", "iban", "ip", "card", "cf", "nino" }.Select(ColumnHint.Of).ToArray();
        var matches = new List<PersonalDataMatch>();
        for (var i = 0; i < 20_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 14)).Select(_ => Pieces[random.Next(Pieces.Length)]));
            if (random.Next(8) == 0)
            {
                text = new string((char)random.Next('a', 'z'), random.Next(90)) + text + new string('k', random.Next(90)) + text;
            }
            var hint = hints[random.Next(hints.Length)];
            PersonalDataDetector.Find(text, hint, matches);
            Assert.Equal(FindEverywhere(text, hint), matches);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(48)]
    [InlineData(49)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(200)]
    public void A_long_word_is_found_wherever_it_lies(int before)
    {
        var text = string.Concat(Enumerable.Range(0, before).Select(i => i % 12 == 11 ? " " : "a")) + " ";
        Assert.Equal(-1, CandidateFinder.IndexOfLongWord(text + "abcdefghijklmno " + text));
        Assert.Equal(-1, CandidateFinder.IndexOfLongWord(text + "éàüöäßéàüöäßéàüöäß@@[[``{{~~ABCDE " + text));
        foreach (var word in new[] { "abcdefghijklmnop", "ABCDEFGHIJKLMNOPQRSTUVWXYZ" })
        {
            Assert.Equal(text.Length, CandidateFinder.IndexOfLongWord(text + word));
            Assert.Equal(text.Length, CandidateFinder.IndexOfLongWord(text + word + " " + text));
        }
    }

    /// <summary>The same as <see cref="PersonalDataDetector.Find"/>, at every place.</summary>
    private static List<PersonalDataMatch> FindEverywhere(string text, ColumnHint hint)
    {
        var matches = new List<PersonalDataMatch>();
        PersonalDataDetector.FindEmails(text, hint, matches);
        for (var i = 0; i < text.Length; )
        {
            if (!Starts.Contains(text[i]) || (i > 0 && PersonalDataDetector.IsWordPart(text[i - 1])))
            {
                i++;
                continue;
            }
            var match = CodeDetector.At(text, i, hint) ?? (char.IsAsciiLetter(text[i]) ? null : NumberDetector.At(text, i, hint));
            if (match is { } found && !matches.Exists(m => found.Start < m.End && m.Start < found.End))
            {
                matches.Add(found);
                i = found.End;
            }
            else
            {
                i++;
            }
        }
        return [.. matches.OrderBy(m => m.Start)];
    }
}
