using System.Globalization;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Takes a Jinja template apart: into its expressions and statements, and those into words.</summary>
/// <remarks>
/// As Jinja's own lexer: the end of a block is none inside brackets or a text, nothing between <c>{% raw %}</c> and <c>{% endraw %}</c> is a block, and one
/// character it does not know makes all of the template useless to it. From there on blocks are read loosely, up to what looks like their end.
/// </remarks>
internal sealed class TemplateLexer(string template)
{
    private static readonly string[] Signs = ["**", "//", "==", "!=", "<=", ">="];
    private const string OneCharacterSigns = "+-*/%~[](){}<>=.:|,;";

    private int _at;
    private bool _isBroken;

    /// <summary>Whether a block has more words than are looked at.</summary>
    internal bool IsOverfull { get; private set; }

    /// <summary>Whether a text names a character by <c>\N{}</c>, as nobody does who has nothing to hide.</summary>
    internal bool NamesCharacters { get; private set; }

    /// <summary>The next expression or statement; null at the end.</summary>
    internal TemplateBlock? Next()
    {
        while (_at < template.Length - 1 && template.IndexOf('{', _at) is var open and >= 0 && open < template.Length - 1)
        {
            switch (template[open + 1])
            {
                case '#':
                    var end = template.IndexOf("#}", open + 2, StringComparison.Ordinal);
                    _at = end < 0 ? template.Length : end + 2;
                    break;
                case '{' or '%':
                    _at = open + 2;
                    if (
                        ReadBlock(template[open + 1] == '{' ? "}}" : "%}") is var block
                        && !(block.Tokens.Count == 1 && block.Statement == "raw")
                    )
                    {
                        return block;
                    }
                    SkipRaw();
                    break;
                default:
                    _at = open + 1;
                    break;
            }
        }
        return null;
    }

    private TemplateBlock ReadBlock(string end)
    {
        var start = _at;
        if (!_isBroken)
        {
            if (ReadBlock(end, isStrict: true) is { } block)
            {
                return block;
            }
            _isBroken = true;
            _at = start;
        }
        return ReadBlock(end, isStrict: false)!;
    }

    private TemplateBlock? ReadBlock(string end, bool isStrict)
    {
        var (tokens, open, isOver) = (new List<TemplateToken>(), new Stack<char>(), false);
        // What follows the brackets is white space control.
        _at += _at < template.Length && template[_at] is '-' or '+' ? 1 : 0;
        while (_at < template.Length && !isOver)
        {
            var c = template[_at];
            if (open.Count == 0 && EndAt(end) is > 0 and var length)
            {
                _at += length;
                isOver = true;
            }
            else if (char.IsWhiteSpace(c))
            {
                _at++;
            }
            else if (tokens.Count == Limits.TemplateTokens)
            {
                IsOverfull = true;
                _at = template.Length;
                return new TemplateBlock(end == "%}", tokens, IsSound: false);
            }
            else if (c is '\'' or '"')
            {
                tokens.Add(ReadText());
            }
            else if (char.IsLetter(c) || c == '_')
            {
                tokens.Add(ReadName());
            }
            else if (char.IsAsciiDigit(c))
            {
                tokens.Add(ReadNumber());
            }
            else if (!ReadSign(tokens, open, isStrict))
            {
                return null;
            }
        }
        return isStrict && !isOver ? null : new TemplateBlock(end == "%}", tokens, isStrict);
    }

    /// <summary>How long the end of the block is that stands here; 0 where none does.</summary>
    private int EndAt(string end) =>
        string.CompareOrdinal(template, _at, end, 0, 2) == 0 ? 2
        : template[_at] is '-' or '+' && string.CompareOrdinal(template, _at + 1, end, 0, 2) == 0 ? 3
        : 0;

    private bool ReadSign(List<TemplateToken> tokens, Stack<char> open, bool isStrict)
    {
        var c = template[_at];
        var sign = Array.Find(Signs, s => string.CompareOrdinal(template, _at, s, 0, 2) == 0) ?? c.ToString();
        if (isStrict)
        {
            if (sign.Length == 1 && !OneCharacterSigns.Contains(c, StringComparison.Ordinal))
            {
                return false;
            }
            if (c is '(' or '[' or '{')
            {
                open.Push(
                    c switch
                    {
                        '(' => ')',
                        '[' => ']',
                        _ => '}',
                    }
                );
            }
            else if (c is ')' or ']' or '}' && (!open.TryPop(out var expected) || expected != c))
            {
                return false;
            }
        }
        tokens.Add(new TemplateToken(TemplateTokenKind.Sign, sign));
        _at += sign.Length;
        return true;
    }

    private TemplateToken ReadName()
    {
        var from = _at;
        while (_at < template.Length && (char.IsLetterOrDigit(template[_at]) || template[_at] == '_'))
        {
            _at++;
        }
        // Python takes other forms of the same letters for the letters.
        return new TemplateToken(TemplateTokenKind.Name, template[from.._at].Normalize(NormalizationForm.FormKC));
    }

    private TemplateToken ReadNumber()
    {
        var from = _at;
        while (_at < template.Length && (char.IsAsciiLetterOrDigit(template[_at]) || template[_at] == '_'))
        {
            _at++;
        }
        var text = template[from.._at];
        return new TemplateToken(TemplateTokenKind.Number, text, Value(text.Replace("_", "", StringComparison.Ordinal)));
    }

    /// <summary>What a number says. One that no parser takes is taken for very large.</summary>
    private static double Value(string text)
    {
        var radix = text.Length > 2 && text[0] == '0' ? char.ToLowerInvariant(text[1]) : '\0';
        if (radix is 'x' or 'o' or 'b')
        {
            var value = 0.0;
            foreach (var digit in text.AsSpan(2))
            {
                value =
                    (
                        value
                        * (
                            radix == 'x' ? 16
                            : radix == 'o' ? 8
                            : 2
                        )
                    ) + (char.IsAsciiHexDigit(digit) ? Convert.ToInt32(digit.ToString(), 16) : 0);
            }
            return value;
        }
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.MaxValue;
    }

    /// <summary>Reads a text in quotes, with the escapes of Python.</summary>
    private TemplateToken ReadText()
    {
        var (quote, text) = (template[_at++], new StringBuilder());
        while (_at < template.Length && template[_at] != quote)
        {
            if (template[_at] == '\\' && _at + 1 < template.Length)
            {
                _at++;
                ReadEscape(text);
            }
            else
            {
                text.Append(template[_at++]);
            }
        }
        _at++;
        return new TemplateToken(TemplateTokenKind.Text, text.ToString());
    }

    private void ReadEscape(StringBuilder text)
    {
        var c = template[_at];
        var digits = c switch
        {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if (
            digits > 0
            && _at + 1 + digits <= template.Length
            && uint.TryParse(template.AsSpan(_at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
        )
        {
            text.Append(value <= char.MaxValue ? ((char)value).ToString() : "?");
            _at += 1 + digits;
        }
        else if (c == 'N' && _at + 1 < template.Length && template[_at + 1] == '{' && NameEnd() is > 0 and var length)
        {
            NamesCharacters = true;
            // The one that matters; Unicode has names for all.
            text.Append(template.AsSpan(_at + 2, length).Equals("LOW LINE", StringComparison.OrdinalIgnoreCase) ? '_' : '?');
            _at += length + 3;
        }
        else if (c is >= '0' and <= '7')
        {
            var (octal, from) = (0, _at);
            for (; _at < template.Length && _at < from + 3 && template[_at] is >= '0' and <= '7'; _at++)
            {
                octal = (octal * 8) + (template[_at] - '0');
            }
            text.Append((char)octal);
        }
        else if (c == '\n')
        {
            // The line goes on.
            _at++;
        }
        else
        {
            text.Append(
                c switch
                {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    _ => c,
                }
            );
            _at++;
        }
    }

    /// <summary>The length of the name of a character that stands here in braces.</summary>
    private int NameEnd()
    {
        const int longest = 100;
        return template.AsSpan(_at + 2, Math.Min(longest, template.Length - _at - 2)).IndexOf('}');
    }

    private void SkipRaw()
    {
        for (
            var open = template.IndexOf("{%", _at, StringComparison.Ordinal);
            open >= 0;
            open = template.IndexOf("{%", open + 2, StringComparison.Ordinal)
        )
        {
            var inside = template.AsSpan(open + 2).TrimStart("-+").TrimStart();
            if (
                inside.StartsWith("endraw", StringComparison.Ordinal)
                && inside[6..].TrimStart().TrimStart("-+").StartsWith("%}", StringComparison.Ordinal)
            )
            {
                _at = open + 2;
                ReadBlock("%}");
                return;
            }
        }
        _at = template.Length;
    }
}
