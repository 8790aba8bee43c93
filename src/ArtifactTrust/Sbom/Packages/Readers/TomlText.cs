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
    private const int MaximumDepth = 32;
    private const int MaximumValues = 2_000_000;

    private readonly TomlScanner _scanner;
    private int _values;

    private TomlText(string text) => _scanner = new TomlScanner(text);

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
            throw new MalformedDataException(TomlScanner.Format, "$", "the text is not UTF-8", e);
        }
        return new TomlText(text).Document().Freeze();
    }

    private TomlValue.Table Document()
    {
        var root = new TomlValue.Table();
        var current = root;
        while (_scanner.SkipToValue())
        {
            if (_scanner.Peek() == '[')
            {
                current = Header(root);
            }
            else
            {
                Pair(current, 1);
            }
            _scanner.EndOfLine();
        }
        return root;
    }

    private TomlValue.Table Header(TomlValue.Table root)
    {
        _scanner.Expect('[');
        var isArray = _scanner.Take('[');
        var keys = Keys();
        _scanner.Expect(']');
        if (isArray)
        {
            _scanner.Expect(']');
        }
        var table = root;
        for (var i = 0; i < keys.Count - 1; i++)
        {
            table = Open(table, keys[i]);
        }
        Count();
        if (isArray)
        {
            var added = new TomlValue.Table();
            if (table.Members.TryGetValue(keys[^1], out var existing))
            {
                (existing as TomlValue.TableList ?? throw _scanner.Malformed("a key is given twice")).Tables.Add(added);
            }
            else
            {
                var list = new TomlValue.TableList();
                list.Tables.Add(added);
                table.Members.Add(keys[^1], list);
            }
            return added;
        }
        var opened = Open(table, keys[^1]);
        if (opened.IsDefined)
        {
            throw _scanner.Malformed("a table is opened twice");
        }
        opened.IsDefined = true;
        return opened;
    }

    /// <summary>The table below a key, made where there is none; of a list of tables, the last.</summary>
    private TomlValue.Table Open(TomlValue.Table table, string key)
    {
        if (!table.Members.TryGetValue(key, out var value))
        {
            Count();
            table.Members.Add(key, value = new TomlValue.Table());
        }
        return value switch
        {
            TomlValue.Table { IsInline: false } inner => inner,
            TomlValue.TableList list => list.Tables[^1],
            _ => throw _scanner.Malformed("a value is taken for a table"),
        };
    }

    private void Pair(TomlValue.Table table, int depth)
    {
        var keys = Keys();
        _scanner.Blanks();
        _scanner.Expect('=');
        _scanner.Blanks();
        for (var i = 0; i < keys.Count - 1; i++)
        {
            table = Open(table, keys[i]);
        }
        var value = ReadValue(depth);
        if (!table.Members.TryAdd(keys[^1], value))
        {
            throw _scanner.Malformed("a key is given twice");
        }
    }

    private List<string> Keys()
    {
        var keys = new List<string>();
        do
        {
            _scanner.Blanks();
            keys.Add(_scanner.Key());
            _scanner.Blanks();
            if (keys.Count > MaximumDepth)
            {
                throw _scanner.Malformed($"a key of more than {MaximumDepth} parts");
            }
        } while (_scanner.Take('.'));
        return keys;
    }

    private TomlValue ReadValue(int depth)
    {
        Count();
        if (depth > MaximumDepth)
        {
            throw _scanner.Malformed($"nested more than {MaximumDepth} deep");
        }
        switch (_scanner.Peek())
        {
            case '"':
            case '\'':
                return new TomlValue.Text(_scanner.Quoted());
            case '[':
                return Array(depth);
            case '{':
                return Inline(depth);
            default:
                return new TomlValue.Text(_scanner.Bare());
        }
    }

    private TomlValue.Items Array(int depth)
    {
        _scanner.Expect('[');
        var items = new TomlValue.Items();
        while (true)
        {
            if (!_scanner.SkipToValue())
            {
                throw _scanner.Malformed("a list has no end");
            }
            if (_scanner.Take(']'))
            {
                return items;
            }
            items.Values.Add(ReadValue(depth + 1));
            _scanner.SkipToValue();
            if (!_scanner.Take(','))
            {
                _scanner.Expect(']');
                return items;
            }
        }
    }

    private TomlValue.Table Inline(int depth)
    {
        _scanner.Expect('{');
        var table = new TomlValue.Table { IsDefined = true };
        _scanner.Blanks();
        while (!_scanner.Take('}'))
        {
            Pair(table, depth + 1);
            _scanner.Blanks();
            if (!_scanner.Take(','))
            {
                _scanner.Expect('}');
                break;
            }
            _scanner.Blanks();
        }
        table.IsInline = true;
        return table;
    }

    private void Count()
    {
        if (++_values > MaximumValues)
        {
            throw _scanner.Malformed($"more than {MaximumValues} values");
        }
    }
}
