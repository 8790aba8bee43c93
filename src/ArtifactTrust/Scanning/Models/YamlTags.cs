using System.Buffers;
using System.Text.RegularExpressions;
using ArtifactTrust.Formats;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Looks for tags in YAML by which PyYAML, and loaders built on it, import and call what they name, and for settings that are read so.</summary>
/// <remarks>
/// Spec: PyYAML, "YAML tags and Python types": <c>!!python/object/apply:os.system</c>. HyperPyYAML has short ones, such as <c>!apply:os.system</c>; of
/// those only what is denied is found, since its files are made of them.
/// </remarks>
internal static partial class YamlTags
{
    private const string Python = "tag:yaml.org,2002:python/";
    private const string Everything = "*";

    // Without a tag, the name of a member, or an escape that may be either, there is nothing to find.
    private static readonly SearchValues<string> Telling = SearchValues.Create(
        ["!", "\\", SettingsImports.Target, SettingsImports.Loader],
        StringComparison.Ordinal
    );

    private static readonly string[] Short = ["!apply:", "!new:", "!name:", "!module:"];

    /// <summary>Examines a text.</summary>
    internal static void Examine(string text, ExaminationLog log, Place place)
    {
        if (text.Length > Limits.TemplateLength || text.AsSpan().IndexOfAny(Telling) < 0)
        {
            // Longer ones are a gap already, since they are looked through for templates.
            return;
        }
        try
        {
            var parser = new Parser(new StringReader(text));
            var members = new YamlMembers();
            for (var (depth, events) = (0, 0); parser.MoveNext(); events++)
            {
                depth += parser.Current!.NestingIncrease;
                if (depth > Limits.JsonDepth || events == Limits.ModelJsonValues)
                {
                    log.AddGap(place, "YAML of too many values, or nested too deep");
                    return;
                }
                if (parser.Current is NodeEvent { Tag: { IsEmpty: false, IsNonSpecific: false } tag } node)
                {
                    Examine(tag.Value, node.Start.Index, log, place);
                }
                if (members.Next(parser.Current) is var (member, value))
                {
                    SettingsImports.Examine(member, value, log, place, parser.Current.Start.Index);
                }
            }
        }
        // The parser tells some of what is no YAML by exceptions of a caller's mistake.
        catch (Exception e) when (e is YamlException or ArgumentException or InvalidOperationException)
        {
            // No YAML as that parser knows it. PyYAML may know better, and templates of YAML become some.
            foreach (Match match in PythonTag().Matches(text))
            {
                Examine(Python + match.Groups["name"].Value, match.Index, log, place);
            }
            SettingsImports.ExamineText(text, log, place);
            if (Disguise().IsMatch(text))
            {
                log.AddGap(place, "it has tags of its own, and is no YAML that can be read here");
            }
        }
    }

    private static void Examine(string tag, long index, ExaminationLog log, Place place)
    {
        var isPython = tag.StartsWith(Python, StringComparison.Ordinal);
        var name = tag[(tag.IndexOf(':', isPython ? Python.Length : 0) + 1)..];
        if (isPython ? tag.IndexOf(':', Python.Length) < 0 : !Array.Exists(Short, s => tag.StartsWith(s, StringComparison.Ordinal)))
        {
            // Values, such as !!python/tuple.
            return;
        }
        var isModule = tag[..^name.Length].EndsWith("module:", StringComparison.Ordinal);
        var (module, last) =
            isModule ? (name, Everything)
            : name.LastIndexOf('.') is var dot and > 0 ? (name[..dot], name[(dot + 1)..])
            : ("builtins", name);
        var rule = log.Rules.Judge(module, last);
        if (rule?.Id != ModelScanRules.UnlistedImport)
        {
            log.AddImport(module, last, place, rule, index);
        }
        else if (isPython)
        {
            log.AddImport(module, last, place, log.Rules["yaml-python"], index);
        }
    }

    [GeneratedRegex(
        @"(?:!!|tag:yaml\.org,2002:)python/(?<name>(?:name|module|object(?:/new|/apply)?):[\w.]+)",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture
    )]
    private static partial Regex PythonTag();

    [GeneratedRegex(
        @"^%TAG\s|(?<![^\s\[\]{},])!(?:<|[^\s\[\]{},]*%[0-9A-Fa-f]{2})",
        RegexOptions.CultureInvariant | RegexOptions.Multiline
    )]
    private static partial Regex Disguise();
}
