using System.Text.RegularExpressions;

namespace ArtifactTrust.EndToEnd.Cli;

public sealed partial class HelpTests
{
    [Fact]
    public void The_help_of_every_verb_succeeds_and_every_verb_writes_json()
    {
        var verbs = VerbsOf("").SelectMany(v => VerbsOf(v).Select(s => $"{v} {s}").DefaultIfEmpty(v)).ToList();
        // The one verb that does something itself and has verbs below it.
        verbs.Add("sbom");
        string[] expected =
        [
            "keygen",
            "hash",
            "sign",
            "attest",
            "verify",
            "gate",
            "inspect",
            "sbom validate",
            "sbom merge",
            "sbom diff",
            "sbom completeness",
            "scan",
            "log init",
            "log show",
            "log verify",
            "log prove",
        ];
        Assert.Empty(expected.Except(verbs));
        Assert.All(verbs, v => Assert.Contains("--output <text|json>", Help(v), StringComparison.Ordinal));
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
        Scene.AssertCalm(ended);
        return ended.Output;
    }

    private static List<string> VerbsOf(string verb)
    {
        var help = Help(verb);
        var commands = help.IndexOf("Commands:\n", StringComparison.Ordinal);
        var section = commands < 0 ? [] : help[(commands + 10)..].Split('\n').TakeWhile(l => l.StartsWith("  ", StringComparison.Ordinal));
        return [.. section.Select(l => Command().Match(l)).Where(m => m.Success).Select(m => m.Groups[1].Value)];
    }

    [GeneratedRegex("^  ([a-z]+) ")]
    private static partial Regex Command();
}
