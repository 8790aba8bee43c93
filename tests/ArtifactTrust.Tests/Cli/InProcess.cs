using System.Globalization;
using ArtifactTrust.Cli.Console;

namespace ArtifactTrust.Tests.Cli;

/// <summary>The command line without a process of its own, for tests that run it thousands of times or need a clock.</summary>
internal static class InProcess
{
    /// <summary>Runs one command.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="time">The clock; the system's where null.</param>
    /// <returns>The exit code, and everything that was said.</returns>
    internal static async Task<(int ExitCode, string Text)> RunAsync(string[] arguments, TimeProvider? time = null)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        var code = await CommandLine.RunAsync(arguments, new Terminal(text, text, interactive: false), time ?? TimeProvider.System);
        return (code, text.ToString());
    }

    /// <summary>Runs one command, which must succeed.</summary>
    internal static async Task<string> RequireAsync(params string[] arguments)
    {
        var (code, text) = await RunAsync(arguments);
        Assert.True(code == ExitCode.Success, $"{string.Join(' ', arguments)}: exit code {code}\n{text}");
        return text;
    }

    /// <summary>The path of a key of keys-test.</summary>
    internal static string Key(string name)
    {
        for (var d = new DirectoryInfo(AppContext.BaseDirectory); d is not null; d = d.Parent)
        {
            if (File.Exists(Path.Join(d.FullName, "ArtifactTrust.sln")))
            {
                return Path.Join(d.FullName, "keys-test", $"NOT-SECRET-{name}.pem");
            }
        }
        throw new DirectoryNotFoundException("the tests are not below the repository");
    }
}
