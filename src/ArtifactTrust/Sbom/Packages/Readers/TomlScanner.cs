using System.Globalization;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Packages.Readers;

/// <summary>Reads the words of TOML from a text, one after the other: keys, quoted texts, single characters, and what lies between them.</summary>
/// <remarks>Spec: TOML 1.0, "Spec", "Comment", "Keys" and "String".</remarks>
/// <param name="text">The document.</param>
internal sealed class TomlScanner(string text)
{
    internal const string Format = "TOML";

    private int _at;
    private int _line = 1;

    /// <summary>The next character; at the end the null character, which is nowhere allowed in TOML.</summary>
    internal char Peek() => _at < text.Length ? text[_at] : '\0';

    /// <summary>Goes past a character, if it is the next.</summary>
    internal bool Take(char c)
    {
        if (Peek() != c)
        {
            return false;
        }
        _at++;
        return true;
    }

    /// <summary>Goes past a character, which must be the next.</summary>
    internal void Expect(char c)
    {
        if (!Take(c))
        {
            throw Malformed($"'{c}' is expected");
        }
    }

    internal MalformedDataException Malformed(string reason) =>
        new(Format, string.Create(CultureInfo.InvariantCulture, $"line {_line}"), reason);

    /// <summary>A key, or one part of a dotted one.</summary>
    internal string Key()
    {
        if (Peek() is '"' or '\'')
        {
            return Line(Peek());
        }
        var start = _at;
        while (Peek() is var c && (char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            _at++;
        }
        return _at > start ? text[start.._at] : throw Malformed("a key is expected");
    }

    /// <summary>A value that is not quoted: up to what may follow a value.</summary>
    internal string Bare()
    {
        var start = _at;
        while (Peek() is var c && c is not ('\0' or '\n' or '\r' or ',' or ']' or '}' or '#'))
        {
            _at++;
        }
        var word = text[start.._at].TrimEnd();
        return word.Length > 0 && (char.IsAsciiLetterOrDigit(word[0]) || word[0] is '+' or '-')
            ? word
            : throw Malformed("a value is expected");
    }

    /// <summary>Skips blanks, comments and line feeds.</summary>
    /// <returns>Whether there is something after them.</returns>
    internal bool SkipToValue()
    {
        while (true)
        {
            Blanks();
            Comment();
            if (Peek() == '\r' && _at + 1 < text.Length && text[_at + 1] == '\n')
            {
                _at++;
            }
            if (Peek() != '\n')
            {
                return _at < text.Length;
            }
            NewLine();
        }
    }

    /// <summary>Goes to the next line, of which nothing may be left but a comment.</summary>
    internal void EndOfLine()
    {
        Blanks();
        Comment();
        Take('\r');
        if (_at < text.Length)
        {
            if (Peek() != '\n')
            {
                throw Malformed("the line is to end here");
            }
            NewLine();
        }
    }

    private void Comment()
    {
        if (Peek() == '#')
        {
            var end = text.IndexOf('\n', _at);
            _at = end < 0 ? text.Length : end;
        }
    }

    /// <summary>Skips blanks of the line.</summary>
    internal void Blanks()
    {
        while (Peek() is ' ' or '\t')
        {
            _at++;
        }
    }

    private void NewLine()
    {
        _at++;
        _line++;
    }

    /// <summary>A quoted text, of one line or of several.</summary>
    internal string Quoted()
    {
        var quote = Peek();
        var fence = new string(quote, 3);
        if (string.CompareOrdinal(text, _at, fence, 0, 3) != 0)
        {
            return Line(quote);
        }
        _at += 3;
        var result = new StringBuilder();
        // A line feed right after the opening is no part of the text.
        if (Peek() == '\r')
        {
            _at++;
        }
        if (Peek() == '\n')
        {
            NewLine();
        }
        while (true)
        {
            var c = Peek();
            if (c == '\0')
            {
                throw Malformed("a text has no end");
            }
            if (string.CompareOrdinal(text, _at, fence, 0, 3) == 0)
            {
                _at += 3;
                // Up to two quotes more belong to the text.
                while (Peek() == quote)
                {
                    result.Append(quote);
                    _at++;
                }
                return result.ToString();
            }
            if (c == '\n')
            {
                result.Append('\n');
                NewLine();
            }
            else if (c == '\\' && quote == '"')
            {
                Escape(result, lines: true);
            }
            else
            {
                result.Append(c);
                _at++;
            }
        }
    }

    private string Line(char quote)
    {
        _at++;
        var result = new StringBuilder();
        while (true)
        {
            var c = Peek();
            switch (c)
            {
                case '\0' or '\n':
                    throw Malformed("a text has no end");
                case '\\' when quote == '"':
                    Escape(result, lines: false);
                    break;
                default:
                    _at++;
                    if (c == quote)
                    {
                        return result.ToString();
                    }
                    result.Append(c);
                    break;
            }
        }
    }

    private void Escape(StringBuilder result, bool lines)
    {
        _at++;
        var c = Peek();
        _at++;
        switch (c)
        {
            case 'b':
                result.Append('\b');
                break;
            case 't':
                result.Append('\t');
                break;
            case 'n':
                result.Append('\n');
                break;
            case 'f':
                result.Append('\f');
                break;
            case 'r':
                result.Append('\r');
                break;
            case 'e':
                result.Append('\u001b');
                break;
            case '"' or '\\':
                result.Append(c);
                break;
            case 'x' or 'u' or 'U':
                var length = c switch
                {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                if (
                    _at + length > text.Length
                    || !uint.TryParse(text.AsSpan(_at, length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
                    || !Rune.IsValid(code)
                )
                {
                    throw Malformed("an escape stands for no character");
                }
                result.Append(new Rune(code).ToString());
                _at += length;
                break;
            case ' ' or '\t' or '\r' or '\n' when lines:
                // A backslash at a line's end takes the line feed and what is blank after it.
                _at--;
                while (Peek() is ' ' or '\t' or '\r' or '\n')
                {
                    if (Peek() == '\n')
                    {
                        NewLine();
                    }
                    else
                    {
                        _at++;
                    }
                }
                break;
            default:
                throw Malformed("an escape that TOML does not have");
        }
    }
}
