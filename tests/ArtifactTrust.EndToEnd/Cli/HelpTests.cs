using System.Text.RegularExpressions;

namespace ArtifactTrust.EndToEnd.Cli;

public sealed partial class HelpTests
{
    public static TheoryData<string> Verbs => [.. VerbsOf("").SelectMany(v => VerbsOf(v).Select(s => $"{v} {s}").Prepend(v))];

    [Fact]
    public void The_help_names_every_verb()
    {
        var verbs = VerbsOf("");
        foreach (var verb in new[] { "keygen", "hash", "sign", "attest", "verify", "gate", "inspect", "log", "sbom", "scan" })
        {
            Assert.Contains(verb, verbs);
        }
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public void The_help_of_a_verb_ends_with_two_examples_of_options_that_there_are(string verb)
    {
        var help = Help(verb);
        Scene.AssertCalm(new Ended(0, help, ""));
        var lines = help.TrimEnd().Split('\n');
        Assert.Equal("Examples:", lines[^3].TrimEnd());
        foreach (var example in lines[^2..])
        {
            Assert.StartsWith("  artifact-trust ", example, StringComparison.Ordinal);
            var words = example.Split(' ', StringSplitOptions.RemoveEmptyEntries).TakeWhile(w => w != "--").ToList();
            // The examples of 'log' are of its own verbs.
            var named = string.Join(' ', words.Skip(1).TakeWhile(w => Word().IsMatch(w)));
            Assert.StartsWith(verb, named, StringComparison.Ordinal);
            var target = VerbsOf("log").FirstOrDefault(s => words[1] == "log" && words[2] == s) is { } sub ? $"log {sub}" : words[1];
            var options = Option().Matches(Help(target)).Select(m => m.Value).ToHashSet();
            Assert.All(words.Where(w => w.StartsWith("--", StringComparison.Ordinal)), w => Assert.Contains(w, options));
        }
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public void Every_verb_writes_json(string verb)
    {
        // 'log' alone does nothing.
        if (verb != "log")
        {
            Assert.Contains("--output <json|text>", Help(verb), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_version_is_one_line()
    {
        var ended = Tool.Run(Path.GetTempPath(), "--version");
        Assert.Equal(0, ended.ExitCode);
        Assert.Matches(@"\A[0-9]+\.[0-9]+\.[0-9]+\S*\n\z", ended.Output);
    }

    private static string Help(string verb)
    {
        var ended = Tool.Run(Path.GetTempPath(), [.. verb.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Equal("", ended.Errors);
        return ended.Output;
    }

    private static List<string> VerbsOf(string verb)
    {
        var help = Help(verb);
        var commands = help.IndexOf("Commands:\n", StringComparison.Ordinal);
        var section = commands < 0 ? "" : help[(commands + 10)..];
        return
        [
            .. section
                .Split('\n')
                .TakeWhile(l => l.StartsWith("  ", StringComparison.Ordinal))
                .Select(l => Command().Match(l))
                .Where(m => m.Success)
                .Select(m => m.Groups[1].Value),
        ];
    }

    [GeneratedRegex("^  ([a-z]+) ")]
    private static partial Regex Command();

    [GeneratedRegex("--[a-z-]+")]
    private static partial Regex Option();

    [GeneratedRegex("^[a-z]+$")]
    private static partial Regex Word();
}
