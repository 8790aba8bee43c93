using System.Text.RegularExpressions;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Looks into a Jinja template for what leads out of it: to the inner attributes of Python's objects, and from there to everything.</summary>
/// <remarks>
/// Template engines run templates in a sandbox, or not: llama-cpp-python did not (CVE-2024-34359). A template for chats needs loops, conditions,
/// indices and filters; it never needs a name with two underscores, nor one that is put together while it runs.
/// </remarks>
internal sealed partial class TemplateExaminer(ExaminationLog log)
{
    /// <summary>Looks into a template.</summary>
    internal void Examine(string template, Place place)
    {
        if (template.Length > Limits.TemplateLength)
        {
            log.AddGap(place, $"a template of more than {Limits.TemplateLength} characters");
            return;
        }
        log.Examined = true;
        var scope = new TemplateScope();
        for (var round = 0; round == 0 || scope.HasChanged; round++)
        {
            if (round == Limits.TemplateRounds)
            {
                log.AddGap(place, "names of the template are put in each other too often to be followed");
                break;
            }
            scope.HasChanged = false;
            Follow(new TemplateLexer(template), new TemplateStatements(scope, null), _ => { }, _ => { });
        }
        var last = new TemplateLexer(template);
        var statements = new TemplateStatements(scope, Report);
        Follow(last, statements, ExamineWords, ExamineUnread);
        if (last.NamesCharacters)
        {
            Report("template-obfuscated", "characters by their names");
        }
        if (last.IsOverfull)
        {
            log.AddGap(place, $"an expression of more than {Limits.TemplateTokens} words in a template");
        }
        if (statements.IsTooDeep)
        {
            log.AddGap(place, "an expression of a template is nested too deep");
        }

        void Report(string rule, string detail) => log.AddOddity(rule, place, detail);

        void ExamineWords(TemplateBlock block)
        {
            ExamineNames(block, Report);
            ExamineTexts([.. block.Tokens.Where(t => t.Kind is TemplateTokenKind.Text).Select(t => t.Text)], Report);
        }

        void ExamineUnread(TemplateBlock block)
        {
            // No expression as we know them, but nothing says that Jinja knows no others.
            var open = block.Tokens.FindIndex(t => t.IsSign("["));
            if (open >= 0 && block.Tokens.FindIndex(open, t => t.IsSign("~")) >= 0)
            {
                Report("template-obfuscated", "~ in brackets");
            }
        }
    }

    private static void Follow(
        TemplateLexer lexer,
        TemplateStatements statements,
        Action<TemplateBlock> examine,
        Action<TemplateBlock> examineUnread
    )
    {
        while (lexer.Next() is { } block)
        {
            examine(block);
            // What Jinja cannot take apart it does not run: then only the words count.
            if (block.IsSound && !statements.Follow(block))
            {
                examineUnread(block);
            }
        }
    }

    private static void ExamineNames(TemplateBlock block, Action<string, string> report)
    {
        var tokens = block.Tokens;
        for (var i = 0; i < tokens.Count; i++)
        {
            if (tokens[i].Kind is not TemplateTokenKind.Name)
            {
                continue;
            }
            var (name, before, next) = (tokens[i].Text, i > 0 ? tokens[i - 1] : default, i + 1 < tokens.Count ? tokens[i + 1] : default);
            if (name.Contains("__", StringComparison.Ordinal) || (before.IsSign(".") && TemplateNames.IsInternal(name)))
            {
                report("template-internals", name);
            }
            else if (before.IsSign(".") && name.StartsWith('_'))
            {
                report("template-internals", $".{name}");
            }
            else if (next.IsSign("(") && TemplateNames.IsCall(name))
            {
                report("template-call", name);
            }
            else if (before.IsSign("|") && name == "attr")
            {
                report("template-obfuscated", name);
            }
            else if (!before.IsSign(".") && !next.IsSign("=") && TemplateNames.IsGlobal(name))
            {
                report("template-call", name);
            }
        }
        if (block.Statement is "include" or "import" or "from" or "extends")
        {
            report("template-import", block.Statement);
        }
    }

    /// <summary>The texts of an expression, taken together: parts that are joined, turned round or written with escapes.</summary>
    private static void ExamineTexts(List<string> texts, Action<string, string> report)
    {
        if (texts.Count == 0)
        {
            return;
        }
        var joined = string.Concat(texts);
        var reversed = new string([.. joined.Reverse()]);
        if (Internal().Match(joined) is { Success: true } match)
        {
            report("template-internals", match.Value);
        }
        else if (Internal().Match(reversed) is { Success: true } turned)
        {
            report("template-internals", turned.Value);
        }
        else if (texts.Find(TemplateNames.IsInternal) is { } name)
        {
            report("template-internals", name);
        }
        else if (texts.Exists(t => t.Contains("%c", StringComparison.Ordinal)) || FormatAttribute().IsMatch(joined))
        {
            report("template-obfuscated", joined);
        }
        if (Padding().Match(joined) is { Success: true } padding)
        {
            report("template-loop", padding.Value);
        }
    }

    [GeneratedRegex(
        "__(class|base|bases|mro|subclasses|globals|builtins|import|init|dict|getattribute|getattr|getitem|setattr|code|func|self|module|loader|spec|reduce|reduce_ex|call|new|doc|name|file|builtin|main|enter|exit|context)__",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase
    )]
    private static partial Regex Internal();

    [GeneratedRegex(@"\{\w*[.\[]_", RegexOptions.CultureInvariant)]
    private static partial Regex FormatAttribute();

    [GeneratedRegex("%[-+ #0]*[0-9]{7,}", RegexOptions.CultureInvariant)]
    private static partial Regex Padding();
}
