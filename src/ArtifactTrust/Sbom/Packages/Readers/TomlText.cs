using System.Globalization;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Packages.Readers;

/// <summary>Reads TOML, as lock files are written in it. Numbers, truth values and times stay text.</summary>
/// <remarks>
/// Spec: TOML 1.0. Stricter where nothing needs it otherwise: a key may be given once, a table may be opened once. Small values are not
/// checked for their form, since nothing here reads them.
/// </remarks>
internal sealed class TomlText
{
    private const string Format = "TOML";
    private const int MaximumDepth = 32;
    private const int MaximumValues = 2_000_000;

    private readonly string _text;
    private int _at;
    private int _line = 1;
    private int _values;

    private TomlText(string text) => _text = text;

    /// <summary>Reads a document.</summary>
    /// <exception cref="MalformedDataException">It is not TOML, or is nested or large beyond reason.</exception>
    internal static YamlNode Parse(ReadOnlyMemory<byte> utf8)
    {
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(
                utf8.Span.StartsWith("\uFEFF"u8) ? utf8.Span[3..] : utf8.Span
            );
        }
        catch (DecoderFallbackException e)
        {
            throw new MalformedDataException(Format, "$", "the text is not UTF-8", e);
        }
        return new TomlText(text).Document().Freeze();
    }

    private Table Document()
    {
        var root = new Table();
        var current = root;
        while (SkipToValue())
        {
            if (Peek() == '[')
            {
                current = Header(root);
            }
            else
            {
                Pair(current, 1);
            }
            EndOfLine();
        }
        return root;
    }

    private Table Header(Table root)
    {
        _at++;
        var isArray = Peek() == '[';
        _at += isArray ? 1 : 0;
        var keys = Keys();
        Expect(']');
        if (isArray)
        {
            Expect(']');
        }
        var table = root;
        for (var i = 0; i < keys.Count - 1; i++)
        {
            table = Open(table, keys[i]);
        }
        Count();
        if (isArray)
        {
            var added = new Table();
            if (table.Members.TryGetValue(keys[^1], out var existing))
            {
                (existing as TableList ?? throw Malformed("a key is given twice")).Tables.Add(added);
            }
            else
            {
                var list = new TableList();
                list.Tables.Add(added);
                table.Members.Add(keys[^1], list);
            }
            return added;
        }
        var opened = Open(table, keys[^1]);
        if (opened.IsDefined)
        {
            throw Malformed("a table is opened twice");
        }
        opened.IsDefined = true;
        return opened;
    }

    /// <summary>The table below a key, made where there is none; of a list of tables, the last.</summary>
    private Table Open(Table table, string key)
    {
        if (!table.Members.TryGetValue(key, out var value))
        {
            Count();
            table.Members.Add(key, value = new Table());
        }
        return value switch
        {
            Table { IsInline: false } inner => inner,
            TableList list => list.Tables[^1],
            _ => throw Malformed("a value is taken for a table"),
        };
    }

    private void Pair(Table table, int depth)
    {
        var keys = Keys();
        Blanks();
        Expect('=');
        Blanks();
        for (var i = 0; i < keys.Count - 1; i++)
        {
            table = Open(table, keys[i]);
        }
        var value = ReadValue(depth);
        if (!table.Members.TryAdd(keys[^1], value))
        {
            throw Malformed("a key is given twice");
        }
    }

    private List<string> Keys()
    {
        var keys = new List<string>();
        do
        {
            Blanks();
            keys.Add(Key());
            Blanks();
            if (keys.Count > MaximumDepth)
            {
                throw Malformed($"a key of more than {MaximumDepth} parts");
            }
        } while (Take('.'));
        return keys;
    }

    private string Key()
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
        return _at > start ? _text[start.._at] : throw Malformed("a key is expected");
    }

    private Value ReadValue(int depth)
    {
        Count();
        if (depth > MaximumDepth)
        {
            throw Malformed($"nested more than {MaximumDepth} deep");
        }
        switch (Peek())
        {
            case '"':
            case '\'':
                return new Text(Quoted());
            case '[':
                return Array(depth);
            case '{':
                return Inline(depth);
            default:
                var start = _at;
                while (Peek() is var c && c is not ('\0' or '\n' or '\r' or ',' or ']' or '}' or '#'))
                {
                    _at++;
                }
                var text = _text[start.._at].TrimEnd();
                return text.Length > 0 && (char.IsAsciiLetterOrDigit(text[0]) || text[0] is '+' or '-')
                    ? new Text(text)
                    : throw Malformed("a value is expected");
        }
    }

    private Items Array(int depth)
    {
        _at++;
        var items = new Items();
        while (true)
        {
            if (!SkipToValue())
            {
                throw Malformed("a list has no end");
            }
            if (Take(']'))
            {
                return items;
            }
            items.Values.Add(ReadValue(depth + 1));
            SkipToValue();
            if (!Take(','))
            {
                Expect(']');
                return items;
            }
        }
    }

    private Table Inline(int depth)
    {
        _at++;
        var table = new Table { IsDefined = true };
        Blanks();
        while (!Take('}'))
        {
            Pair(table, depth + 1);
            Blanks();
            if (!Take(','))
            {
                Expect('}');
                break;
            }
            Blanks();
        }
        table.IsInline = true;
        return table;
    }

    private string Quoted()
    {
        var quote = Peek();
        var fence = new string(quote, 3);
        if (string.CompareOrdinal(_text, _at, fence, 0, 3) != 0)
        {
            return Line(quote);
        }
        _at += 3;
        var text = new StringBuilder();
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
            if (string.CompareOrdinal(_text, _at, fence, 0, 3) == 0)
            {
                _at += 3;
                // Up to two quotes more belong to the text.
                while (Peek() == quote)
                {
                    text.Append(quote);
                    _at++;
                }
                return text.ToString();
            }
            if (c == '\n')
            {
                text.Append('\n');
                NewLine();
            }
            else if (c == '\\' && quote == '"')
            {
                Escape(text, lines: true);
            }
            else
            {
                text.Append(c);
                _at++;
            }
        }
    }

    private string Line(char quote)
    {
        _at++;
        var text = new StringBuilder();
        while (true)
        {
            var c = Peek();
            switch (c)
            {
                case '\0' or '\n':
                    throw Malformed("a text has no end");
                case '\\' when quote == '"':
                    Escape(text, lines: false);
                    break;
                default:
                    _at++;
                    if (c == quote)
                    {
                        return text.ToString();
                    }
                    text.Append(c);
                    break;
            }
        }
    }

    private void Escape(StringBuilder text, bool lines)
    {
        _at++;
        var c = Peek();
        _at++;
        switch (c)
        {
            case 'b':
                text.Append('\b');
                break;
            case 't':
                text.Append('\t');
                break;
            case 'n':
                text.Append('\n');
                break;
            case 'f':
                text.Append('\f');
                break;
            case 'r':
                text.Append('\r');
                break;
            case 'e':
                text.Append('\u001b');
                break;
            case '"' or '\\':
                text.Append(c);
                break;
            case 'x' or 'u' or 'U':
                var length = c switch
                {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                if (
                    _at + length > _text.Length
                    || !uint.TryParse(_text.AsSpan(_at, length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
                    || !Rune.IsValid(code)
                )
                {
                    throw Malformed("an escape stands for no character");
                }
                text.Append(new Rune(code).ToString());
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

    /// <summary>Skips blanks, comments and line feeds.</summary>
    /// <returns>Whether there is something after them.</returns>
    private bool SkipToValue()
    {
        while (true)
        {
            Blanks();
            Comment();
            if (Peek() == '\r' && _at + 1 < _text.Length && _text[_at + 1] == '\n')
            {
                _at++;
            }
            if (Peek() != '\n')
            {
                return _at < _text.Length;
            }
            NewLine();
        }
    }

    private void EndOfLine()
    {
        Blanks();
        Comment();
        Take('\r');
        if (_at < _text.Length)
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
            var end = _text.IndexOf('\n', _at);
            _at = end < 0 ? _text.Length : end;
        }
    }

    private void Blanks()
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

    private void Count()
    {
        if (++_values > MaximumValues)
        {
            throw Malformed($"more than {MaximumValues} values");
        }
    }

    // The null character is nowhere allowed in TOML, so it can stand for the end.
    private char Peek() => _at < _text.Length ? _text[_at] : '\0';

    private bool Take(char c)
    {
        if (Peek() != c)
        {
            return false;
        }
        _at++;
        return true;
    }

    private void Expect(char c)
    {
        if (!Take(c))
        {
            throw Malformed($"'{c}' is expected");
        }
    }

    private MalformedDataException Malformed(string reason) =>
        new(Format, string.Create(CultureInfo.InvariantCulture, $"line {_line}"), reason);

    private abstract class Value
    {
        internal abstract YamlNode Freeze();
    }

    private sealed class Text(string text) : Value
    {
        internal override YamlNode Freeze() => new(text, [], NoMembers);
    }

    private sealed class Items : Value
    {
        internal List<Value> Values { get; } = [];

        internal override YamlNode Freeze() => new(null, Values.ConvertAll(v => v.Freeze()), NoMembers);
    }

    private sealed class TableList : Value
    {
        internal List<Table> Tables { get; } = [];

        internal override YamlNode Freeze() => new(null, Tables.ConvertAll(t => t.Freeze()), NoMembers);
    }

    private sealed class Table : Value
    {
        internal Dictionary<string, Value> Members { get; } = new(StringComparer.Ordinal);

        internal bool IsDefined { get; set; }

        internal bool IsInline { get; set; }

        internal override YamlNode Freeze() =>
            new(null, [], Members.ToDictionary(m => m.Key, m => m.Value.Freeze(), StringComparer.Ordinal));
    }

    private static readonly Dictionary<string, YamlNode> NoMembers = [];
}
