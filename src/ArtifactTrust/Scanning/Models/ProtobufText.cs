using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>What a word of the text format of protocol buffers is.</summary>
internal enum ProtobufTextKind
{
    /// <summary>The end of the text.</summary>
    End,

    /// <summary>A name of a field, or a value that is written as a name or number.</summary>
    Word,

    /// <summary>A text in quotes.</summary>
    Text,

    /// <summary>A bracket, or what stands between fields and values.</summary>
    Sign,

    /// <summary>What the format does not have.</summary>
    Invalid,
}

/// <summary>Takes the text format of protocol buffers apart into words.</summary>
/// <remarks>Spec: protobuf.dev, "Text Format Language Specification": characters, tokens and comments.</remarks>
/// <param name="stream">The bytes.</param>
internal sealed class ProtobufText(Stream stream)
{
    private readonly byte[] _buffer = new byte[64 << 10];
    private readonly List<byte> _bytes = [];
    private int _at;
    private int _end;
    private long _read;

    /// <summary>What the last word was.</summary>
    internal ProtobufTextKind Kind { get; private set; }

    /// <summary>The last word. Of a text in quotes, what it says; its end is missing where it is longer than any name.</summary>
    internal string Text { get; private set; } = "";

    /// <summary>Where the last word begins.</summary>
    internal long Position { get; private set; }

    /// <summary>Whether the last word is that bracket or sign.</summary>
    internal bool IsSign(char sign) => Kind is ProtobufTextKind.Sign && Text[0] == sign;

    /// <summary>Reads the next word.</summary>
    internal void Read()
    {
        var c = SkipBlanks();
        Position = _read - (_end - _at);
        switch (c)
        {
            case -1:
                (Kind, Text) = (ProtobufTextKind.End, "");
                break;
            case '"' or '\'':
                ReadText();
                break;
            case '{' or '}' or '<' or '>' or '[' or ']' or ':' or ',' or ';' or '/' or '-' or '+':
                (Kind, Text) = (ProtobufTextKind.Sign, ((char)c).ToString());
                _at++;
                break;
            default:
                ReadWord();
                break;
        }
    }

    private int Peek()
    {
        if (_at == _end)
        {
            (_at, _end) = (0, stream.Read(_buffer));
            _read += _end;
        }
        return _end == 0 ? -1 : _buffer[_at];
    }

    private int SkipBlanks()
    {
        for (int c; (c = Peek()) >= 0; _at++)
        {
            if (c == '#')
            {
                while (Peek() is >= 0 and not '\n')
                {
                    _at++;
                }
                if (Peek() < 0)
                {
                    return -1;
                }
            }
            else if (c is not (' ' or '\t' or '\n' or '\r' or '\v' or '\f'))
            {
                return c;
            }
        }
        return -1;
    }

    private void ReadWord()
    {
        _bytes.Clear();
        int c;
        while (
            (c = Peek()) >= 0
            && (
                char.IsAsciiLetterOrDigit((char)c)
                || c is '_' or '.'
                || (c is '+' or '-' && _bytes is [(>= (byte)'0' and <= (byte)'9') or (byte)'.', .., (byte)'e' or (byte)'E'])
            )
            && _bytes.Count <= Limits.GraphTextBytes
        )
        {
            _bytes.Add((byte)c);
            _at++;
        }
        Kind = _bytes.Count is 0 or > Limits.GraphTextBytes ? ProtobufTextKind.Invalid : ProtobufTextKind.Word;
        Text = Encoding.ASCII.GetString([.. _bytes]);
    }

    private void ReadText()
    {
        _bytes.Clear();
        Kind = ProtobufTextKind.Text;
        // Texts that follow each other are one.
        while (SkipBlanks() is ('"' or '\'') and var quote)
        {
            _at++;
            int c;
            while ((c = Peek()) != quote)
            {
                if (c is < 0 or '\n')
                {
                    Kind = ProtobufTextKind.Invalid;
                    return;
                }
                _at++;
                Append(c == '\\' ? ReadEscape() : c);
            }
            _at++;
        }
        Text = Encoding.UTF8.GetString([.. _bytes]);
    }

    private void Append(int c)
    {
        if (_bytes.Count <= Limits.GraphTextBytes)
        {
            _bytes.Add((byte)c);
        }
    }

    private int ReadEscape()
    {
        var c = Peek();
        _at += c < 0 ? 0 : 1;
        switch (c)
        {
            case >= '0' and <= '7':
                return ReadDigits(c - '0', 2, 8);
            case 'x' or 'X':
                return ReadDigits(0, 2, 16);
            case 'u' or 'U':
                // Beyond Latin-1 there are no names of operators.
                return Math.Min(ReadDigits(0, c == 'u' ? 4 : 8, 16), 0xFF);
            case 'n':
                return '\n';
            case 't':
                return '\t';
            case 'r':
                return '\r';
            default:
                return c;
        }
    }

    private int ReadDigits(int value, int most, int radix)
    {
        for (; most > 0 && Peek() is >= 0 and var c && char.IsAsciiHexDigit((char)c) && Digit(c) < radix; most--, _at++)
        {
            value = (value * radix) + Digit(c);
        }
        return value;
    }

    private static int Digit(int c) => char.IsAsciiDigit((char)c) ? c - '0' : (c | 0x20) - 'a' + 10;
}
