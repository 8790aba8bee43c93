using System.Text.RegularExpressions;

namespace ArtifactTrust.EndToEnd.Docs;

/// <summary>The documents and <c>--help</c> speak of the same verbs and options.</summary>
public sealed partial class HelpTests
{
    // Verb to the options of its help; "log show" is one verb, and "" is the program itself.
    private static readonly Lazy<IReadOnlyDictionary<string, IReadOnlySet<string>>> Verbs = new(ReadHelp);

    public static TheoryData<string> All => [.. Document.Names];

    [Theory]
    [MemberData(nameof(All))]
    public void Every_verb_and_option_that_a_document_names_exists(string name)
    {
        var document = Document.Read(name);
        var spans = document.Prose().SelectMany(l => Code().Matches(l.Text).Select(m => (l.Number, Text: m.Groups["code"].Value))).ToList();
        var fenced = document.Blocks().SelectMany(b => b.Lines.Select((text, i) => (Number: b.Line + 1 + i, Text: text)));
        var wrong = new List<string>();
        var alone = spans.Where(s => Option().IsMatch(s.Text) && Option().Match(s.Text).Index == 0);
        wrong.AddRange(
            alone.Where(s => !Verbs.Value.Values.Any(o => o.Contains(Bare(s.Text)))).Select(s => $"{name}:{s.Number}: no verb has {s.Text}")
        );
        foreach (var (number, text) in spans.Concat(fenced))
        {
            foreach (var call in Call().Matches(text).Select(m => m.Groups["rest"].Value))
            {
                var words = call.Split(" -- ")[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
                var verb = VerbOf(words);
                if (verb is null)
                {
                    wrong.Add($"{name}:{number}: no verb: {text.Trim()}");
                    continue;
                }
                var unknown = words.Where(w => w.StartsWith("--", StringComparison.Ordinal)).Select(Bare).Except(Verbs.Value[verb]);
                wrong.AddRange(unknown.Select(o => $"{name}:{number}: '{verb}' has no {o}"));
            }
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Every_verb_and_option_is_in_a_document()
    {
        var text = string.Join('\n', Document.Names.SelectMany(n => Document.Read(n).Lines));
        var missing = Verbs
            .Value.Where(v => v.Key.Length > 0)
            .SelectMany(v =>
                v.Value.Except(["--help", "--version"])
                    .Where(o => !Regex.IsMatch(text, $"{Regex.Escape(o)}(?![a-z-])"))
                    .Select(o => $"{v.Key} {o}")
                    .Concat(text.Contains($"artifact-trust {v.Key}", StringComparison.Ordinal) ? [] : [v.Key])
            );
        Assert.Empty(missing);
    }

    [Fact]
    public void The_help_of_every_verb_ends_with_two_examples()
    {
        foreach (var verb in Verbs.Value.Keys.Where(v => v.Length > 0))
        {
            var (_, help) = Help(verb);
            var examples = help[help.IndexOf("Examples:", StringComparison.Ordinal)..].Trim().Split('\n')[1..];
            Assert.Equal(2, examples.Length);
            Assert.All(examples, e => Assert.StartsWith("  artifact-trust ", e, StringComparison.Ordinal));
        }
    }

    private static string Bare(string word) => Option().Match(word).Value;

    private static string? VerbOf(string[] words) =>
        words is [var a, var b, ..] && Verbs.Value.ContainsKey($"{a} {b}") ? $"{a} {b}"
        : words is [var c, ..] && Verbs.Value.ContainsKey(c) ? c
        : words is [['-', ..], ..] ? ""
        : null;

    private static (int ExitCode, string Output) Help(string verb)
    {
        using var workspace = new Workspace();
        return workspace.Run($"artifact-trust {verb} --help");
    }

    private static Dictionary<string, IReadOnlySet<string>> ReadHelp()
    {
        var verbs = new Dictionary<string, IReadOnlySet<string>>(StringComparer.Ordinal);
        var waiting = new Queue<string>([""]);
        while (waiting.TryDequeue(out var verb))
        {
            var (exitCode, help) = Help(verb);
            Assert.Equal(0, exitCode);
            verbs.Add(
                verb,
                Listed()
                    .Matches(Section(help, "Options:"))
                    .SelectMany(m => m.Groups["name"].Captures.Select(c => c.Value))
                    .ToHashSet(StringComparer.Ordinal)
            );
            foreach (var line in Section(help, "Commands:").Split('\n').Where(l => l.Length > 2 && l[2] != ' '))
            {
                waiting.Enqueue($"{verb} {line.Trim().Split(' ')[0]}".Trim());
            }
        }
        return verbs;
    }

    private static string Section(string help, string heading)
    {
        var start = help.IndexOf($"\n{heading}", StringComparison.Ordinal);
        if (start < 0)
        {
            return "";
        }
        var end = help.IndexOf("\n\n", start, StringComparison.Ordinal);
        return help[(start + heading.Length + 1)..(end < 0 ? help.Length : end)];
    }

    [GeneratedRegex("`(?<code>[^`]+)`")]
    private static partial Regex Code();

    // The program as a word of a command, not as a part of a path, a URI or a file's name.
    [GeneratedRegex(@"(?<![\w./:'-])artifact-trust (?!model scan )(?<rest>[^`#|>]+)")]
    private static partial Regex Call();

    [GeneratedRegex("^ {2}(?:(?:-[^-\\s],|(?<name>--[a-z][a-z0-9-]*),) )*(?<name>--[a-z][a-z0-9-]*)", RegexOptions.Multiline)]
    private static partial Regex Listed();

    [GeneratedRegex("--[a-z][a-z0-9-]*")]
    private static partial Regex Option();
}
