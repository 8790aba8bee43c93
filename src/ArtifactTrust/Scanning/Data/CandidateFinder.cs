using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ArtifactTrust.Scanning.Data;

/// <summary>Where in a text a number or a code may begin: all have a digit near their beginning, but for one that may be of sixteen letters alone.</summary>
/// <remarks>
/// Most of a text is words without digits; they are passed many characters at a time. What is passed are places where <see cref="CodeDetector"/> and
/// <see cref="NumberDetector"/> find nothing, whatever follows.
/// </remarks>
internal ref struct CandidateFinder(ReadOnlySpan<char> text)
{
    // An Italian tax code may have letters in the place of every digit.
    private const int LongWord = 16;

    private readonly ReadOnlySpan<char> _text = text;

    // The next digit, and where what leads up to it begins: spaces and signs, and a word before those.
    private int _digit = -1;
    private int _region;

    /// <summary>The next place at or behind a position; -1 where there is none.</summary>
    internal int Next(int position)
    {
        while (true)
        {
            if (position > _digit || _digit < 0)
            {
                var next = _text[position..].IndexOfAnyInRange('0', '9');
                _digit = next < 0 ? _text.Length : position + next;
                _region = RegionBefore(_digit, position);
            }
            if (position < _region)
            {
                var word = IndexOfLongWord(_text[position.._region]);
                if (word >= 0)
                {
                    return position + word;
                }
                position = _region;
            }
            if (position == _text.Length)
            {
                return -1;
            }
            for (; position <= _digit && position < _text.Length; position++)
            {
                if (char.IsAsciiLetterOrDigit(_text[position]) || _text[position] is '+' or '(')
                {
                    return position;
                }
            }
        }
    }

    private readonly int RegionBefore(int digit, int from)
    {
        if (digit == _text.Length)
        {
            return digit;
        }
        var start = digit;
        while (start > from && _text[start - 1] is ' ' or '-' or '+' or '(')
        {
            start--;
        }
        while (start > from && PersonalDataDetector.IsWordPart(_text[start - 1]))
        {
            start--;
        }
        return start;
    }

    /// <summary>Where sixteen letters in a row begin; -1 where they nowhere do. Ranges of 64 characters at a time.</summary>
    internal static int IndexOfLongWord(ReadOnlySpan<char> text)
    {
        const int block = 64;
        if (!Vector128.IsHardwareAccelerated)
        {
            return IndexOfLongWordSlowly(text, 0);
        }
        var units = MemoryMarshal.Cast<char, ushort>(text);
        var at = 0;
        // What a run has in one block and in the next is seen in blocks that overlap by its length.
        for (; at + block <= units.Length; at += block - LongWord + 1)
        {
            var letters = 0UL;
            for (var i = 0; i < block; i += Vector128<byte>.Count)
            {
                // Other characters than Latin ones become 255, which is no letter.
                var low = Vector128.Min(Vector128.Create<ushort>(units[(at + i)..]), Vector128.Create((ushort)255));
                var high = Vector128.Min(Vector128.Create<ushort>(units[(at + i + 8)..]), Vector128.Create((ushort)255));
                var bytes = Vector128.Narrow(low, high) | Vector128.Create((byte)0x20);
                var isLetter = Vector128.LessThanOrEqual(bytes - Vector128.Create((byte)'a'), Vector128.Create((byte)25));
                letters |= (ulong)isLetter.ExtractMostSignificantBits() << i;
            }
            letters &= letters >> 1;
            letters &= letters >> 2;
            letters &= letters >> 4;
            letters &= letters >> 8;
            if (letters != 0)
            {
                return at + BitOperations.TrailingZeroCount(letters);
            }
        }
        return IndexOfLongWordSlowly(text, at);
    }

    private static int IndexOfLongWordSlowly(ReadOnlySpan<char> text, int from)
    {
        // Where one character is no letter, no word of such a length lies over it.
        for (var last = from + LongWord - 1; last < text.Length; )
        {
            var start = last;
            while (start >= from && char.IsAsciiLetter(text[start]))
            {
                start--;
            }
            if (last - start >= LongWord)
            {
                return start + 1;
            }
            last = start + LongWord;
        }
        return -1;
    }
}
