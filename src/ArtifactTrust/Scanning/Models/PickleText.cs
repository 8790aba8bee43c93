using System.Globalization;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>
/// The texts of a pickle that may come to name an import. Where the input can be read again only their place is kept; otherwise they are, up to a limit.
/// </summary>
internal sealed class PickleText(PickleInput input, int maximumBytes = Limits.PickleTextBytes)
{
    // Pickles name the same imports over and over by their memo, and each reading again is two seeks.
    private const int MostRead = 256;

    private readonly Dictionary<PickleValue, string> _read = [];
    private byte[] _kept = [];
    private int _used;

    /// <summary>Keeps a text that begins at <paramref name="start"/> of the input.</summary>
    /// <returns>False where the limit is reached.</returns>
    internal bool TryKeep(ReadOnlySpan<byte> text, long start, out long place)
    {
        place = start;
        if (input.CanSeek)
        {
            return true;
        }
        place = _used;
        if (text.Length > maximumBytes - _used)
        {
            return false;
        }
        if (text.Length > _kept.Length - _used)
        {
            Array.Resize(ref _kept, Math.Min(maximumBytes, Math.Max(2 * _kept.Length, _used + Math.Max(4096, text.Length))));
        }
        text.CopyTo(_kept.AsSpan(_used));
        _used += text.Length;
        return true;
    }

    internal void Clear()
    {
        _used = 0;
        _read.Clear();
    }

    /// <summary>The text of a value; null where it is no text, or too long for a name.</summary>
    internal string? Read(PickleValue value)
    {
        if (value.Kind is not (PickleKind.Text or PickleKind.Escaped or PickleKind.RawUnicode))
        {
            return null;
        }
        if (_read.TryGetValue(value, out var known))
        {
            return known;
        }
        if (_read.Count == MostRead)
        {
            _read.Clear();
        }
        return _read[value] = ReadAgain(value);
    }

    private string ReadAgain(PickleValue value)
    {
        Span<byte> bytes = stackalloc byte[Limits.PickleNameBytes];
        bytes = bytes[..value.Length];
        if (input.CanSeek)
        {
            input.ReadAt(value.Place, bytes);
        }
        else
        {
            _kept.AsSpan((int)value.Place, value.Length).CopyTo(bytes);
        }
        return value.Kind switch
        {
            PickleKind.Escaped => Unescape(bytes),
            PickleKind.RawUnicode => DecodeRawUnicode(bytes),
            _ => Utf8(bytes),
        };
    }

    internal static string Utf8(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);

    /// <summary>Whether the text looks like a dotted name in source code. Python imports others too; this is for guessed places only.</summary>
    internal static bool IsName(string text) =>
        text.Length is > 0 and <= 256
        && (char.IsAsciiLetter(text[0]) || text[0] == '_')
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.');

    /// <summary>Whether the text may be the dotted name of something that can be imported, in any script.</summary>
    internal static bool MayBeName(string text) =>
        text.Length > 0 && text.All(c => char.IsLetterOrDigit(c) || c is '_' or '.' or '-' or '<' or '>');

    /// <summary>Text as Python's <c>codecs.escape_decode</c> reads it.</summary>
    internal static string Unescape(ReadOnlySpan<byte> text)
    {
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                bytes.Add(text[i]);
                continue;
            }
            var c = text[++i];
            switch (c)
            {
                case (byte)'a':
                    bytes.Add(7);
                    break;
                case (byte)'b':
                    bytes.Add(8);
                    break;
                case (byte)'t':
                    bytes.Add(9);
                    break;
                case (byte)'n':
                    bytes.Add(10);
                    break;
                case (byte)'v':
                    bytes.Add(11);
                    break;
                case (byte)'f':
                    bytes.Add(12);
                    break;
                case (byte)'r':
                    bytes.Add(13);
                    break;
                case (byte)'\\' or (byte)'\'' or (byte)'"':
                    bytes.Add(c);
                    break;
                case (byte)'x' when i + 2 < text.Length && Hex(text.Slice(i + 1, 2)) is { } value:
                    bytes.Add((byte)value);
                    i += 2;
                    break;
                case >= (byte)'0' and <= (byte)'7':
                    var octal = c - '0';
                    for (var n = 0; n < 2 && i + 1 < text.Length && text[i + 1] is >= (byte)'0' and <= (byte)'7'; n++)
                    {
                        octal = (octal * 8) + (text[++i] - '0');
                    }
                    bytes.Add((byte)octal);
                    break;
                default:
                    bytes.Add((byte)'\\');
                    bytes.Add(c);
                    break;
            }
        }
        return Utf8(bytes.ToArray());
    }

    /// <summary>Text in Python's <c>raw-unicode-escape</c>: Latin-1 with <c>\uXXXX</c> and <c>\UXXXXXXXX</c>.</summary>
    internal static string DecodeRawUnicode(ReadOnlySpan<byte> text)
    {
        var decoded = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                decoded.Append((char)text[i]);
                continue;
            }
            var c = text[++i];
            var digits =
                c == 'u' ? 4
                : c == 'U' ? 8
                : 0;
            if (digits > 0 && i + digits < text.Length && Hex(text.Slice(i + 1, digits)) is { } value && value <= 0x10FFFF)
            {
                decoded.Append(value is < 0x10000 ? ((char)value).ToString() : char.ConvertFromUtf32((int)value));
                i += digits;
            }
            else
            {
                decoded.Append('\\').Append((char)c);
            }
        }
        return decoded.ToString();
    }

    private static uint? Hex(ReadOnlySpan<byte> digits) =>
        uint.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) ? value : null;
}
