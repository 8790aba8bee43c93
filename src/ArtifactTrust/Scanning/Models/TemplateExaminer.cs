using System.Text;
using System.Text.RegularExpressions;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Looks into a Jinja template for what leads out of it: to the inner attributes of Python's objects, and from there to everything.</summary>
/// <remarks>
/// Template engines run templates in a sandbox, or not: llama-cpp-python did not (CVE-2024-34359). A template for chats needs loops, conditions,
/// indices and filters; it never needs a name with two underscores.
/// </remarks>
internal sealed partial class TemplateExaminer(ExaminationLog log)
{
    // Attributes that lead from any object to everything, and names that some environments offer.
    private static readonly HashSet<string> Calls = new(StringComparer.Ordinal)
    {
        "eval",
        "exec",
        "execfile",
        "compile",
        "getattr",
        "setattr",
        "delattr",
        "globals",
        "locals",
        "vars",
        "open",
        "popen",
        "system",
        "breakpoint",
        "chr",
        "import_module",
        "check_output",
        "b64decode",
        "mro",
        "subclasses",
        "urlopen",
        "load_module",
    };

    /// <summary>Looks into a template.</summary>
    internal void Examine(string template, Place place)
    {
        if (template.Length > Limits.TemplateLength)
        {
            log.AddGap(place, $"a template of more than {Limits.TemplateLength} characters");
            return;
        }
        log.Examined = true;
        for (var at = 0; at < template.Length - 1; )
        {
            var open = template.IndexOf('{', at);
            if (open < 0 || open == template.Length - 1)
            {
                return;
            }
            switch (template[open + 1])
            {
                case '#':
                    var end = template.IndexOf("#}", open + 2, StringComparison.Ordinal);
                    at = end < 0 ? template.Length : end + 2;
                    break;
                case '{' or '%':
                    at = ExamineBlock(template, open + 2, template[open + 1] == '{' ? "}}" : "%}", place);
                    break;
                default:
                    at = open + 1;
                    break;
            }
        }
    }

    /// <summary>Looks into one expression or statement.</summary>
    /// <returns>Where it ends.</returns>
    private int ExamineBlock(string template, int start, string end, Place place)
    {
        var texts = new StringBuilder();
        var (last, statement, at) = ("", end == "%}", start);
        var isFirst = true;
        while (at < template.Length)
        {
            var c = template[at];
            if (c is '\'' or '"')
            {
                at = ReadText(template, at, texts);
                last = "text";
                continue;
            }
            if (string.CompareOrdinal(template, at, end, 0, 2) == 0)
            {
                at += 2;
                break;
            }
            if (char.IsLetter(c) || c == '_')
            {
                var from = at;
                while (at < template.Length && (char.IsLetterOrDigit(template[at]) || template[at] == '_'))
                {
                    at++;
                }
                // Python takes other forms of the same letters for the letters.
                var name = template[from..at].Normalize(NormalizationForm.FormKC);
                ExamineName(name, last, NextSign(template, at), statement && isFirst, place);
                (last, isFirst) = (name, false);
                continue;
            }
            if (char.IsAsciiDigit(c))
            {
                var from = at;
                while (at < template.Length && (char.IsAsciiDigit(template[at]) || template[at] == '_'))
                {
                    at++;
                }
                if (at - from > 6 && last == "(")
                {
                    log.AddOddity("template-loop", place, template[from..at]);
                }
                last = "number";
                continue;
            }
            if (!char.IsWhiteSpace(c) && c is not '-' and not '+')
            {
                last = c.ToString();
            }
            at++;
        }
        ExamineTexts(texts.ToString(), place);
        return at;
    }

    private void ExamineName(string name, string before, char next, bool isStatement, Place place)
    {
        if (name.Contains("__", StringComparison.Ordinal))
        {
            log.AddOddity("template-internals", place, name);
        }
        else if (before == "." && name.StartsWith('_'))
        {
            log.AddOddity("template-internals", place, $".{name}");
        }
        else if (next == '(' && Calls.Contains(name))
        {
            log.AddOddity("template-call", place, name);
        }
        else if (before == "|" && name is "attr" or "lipsum")
        {
            log.AddOddity("template-obfuscated", place, name);
        }
        else if (isStatement && name is "include" or "import" or "from" or "extends")
        {
            log.AddOddity("template-import", place, name);
        }
    }

    /// <summary>The texts of an expression, taken together: parts that are joined, turned round or written with escapes.</summary>
    private void ExamineTexts(string texts, Place place)
    {
        if (texts.Length == 0)
        {
            return;
        }
        var joined = texts.Replace("\0", "", StringComparison.Ordinal);
        var reversed = new string([.. joined.Reverse()]);
        if (Internal().Match(joined) is { Success: true } match)
        {
            log.AddOddity("template-internals", place, match.Value);
        }
        else if (Internal().Match(reversed) is { Success: true } turned)
        {
            log.AddOddity("template-internals", place, turned.Value);
        }
        else if (texts.Contains("%c", StringComparison.Ordinal) || FormatAttribute().IsMatch(joined))
        {
            log.AddOddity("template-obfuscated", place, joined);
        }
    }

    private static char NextSign(string template, int at)
    {
        while (at < template.Length && char.IsWhiteSpace(template[at]))
        {
            at++;
        }
        return at < template.Length ? template[at] : '\0';
    }

    /// <summary>Reads a text in quotes, with the escapes of Python.</summary>
    private static int ReadText(string template, int at, StringBuilder texts)
    {
        var quote = template[at++];
        while (at < template.Length && template[at] != quote)
        {
            if (template[at] == '\\' && at + 1 < template.Length)
            {
                var digits = template[at + 1] switch
                {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    _ => 0,
                };
                if (
                    digits > 0
                    && at + 2 + digits <= template.Length
                    && uint.TryParse(
                        template.AsSpan(at + 2, digits),
                        System.Globalization.NumberStyles.AllowHexSpecifier,
                        System.Globalization.CultureInfo.InvariantCulture,
                        out var value
                    )
                )
                {
                    texts.Append(value <= char.MaxValue ? ((char)value).ToString() : "?");
                    at += 2 + digits;
                    continue;
                }
                if (template[at + 1] is >= '0' and <= '7')
                {
                    var octal = 0;
                    var from = ++at;
                    for (; at < template.Length && at < from + 3 && template[at] is >= '0' and <= '7'; at++)
                    {
                        octal = (octal * 8) + (template[at] - '0');
                    }
                    texts.Append((char)octal);
                    continue;
                }
                at++;
            }
            texts.Append(template[at++]);
        }
        // Between two texts: what joins them is not looked at.
        texts.Append('\0');
        return at + 1;
    }

    [GeneratedRegex(
        "__(class|base|bases|mro|subclasses|globals|builtins|import|init|dict|getattribute|getattr|getitem|setattr|code|func|self|module|loader|spec|reduce|reduce_ex|call|new|doc|name|file|builtin|main|enter|exit|context)__",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase
    )]
    private static partial Regex Internal();

    [GeneratedRegex(@"\{\w*\.__|\{\w*\[__", RegexOptions.CultureInvariant)]
    private static partial Regex FormatAttribute();
}
