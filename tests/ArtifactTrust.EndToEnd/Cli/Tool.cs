using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>What a program said, and how it ended.</summary>
/// <param name="ExitCode">The exit code; 128 and the signal's number where a signal ended it.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Errors">Standard error.</param>
internal sealed record Ended(int ExitCode, string Output, string Errors)
{
    /// <summary>Both streams, for messages that may be on either.</summary>
    internal string Text => Output + Errors;

    /// <summary>The one JSON document on standard output.</summary>
    internal JsonElement Json()
    {
        using var document = JsonDocument.Parse(Output);
        return document.RootElement.Clone();
    }

    public override string ToString() => $"exit code {ExitCode}\n--- output\n{Output}--- errors\n{Errors}";
}

/// <summary>The command line, started as users start it: a process of its own.</summary>
internal static class Tool
{
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>The program's file.</summary>
    internal static string Program { get; } = Path.Join(AppContext.BaseDirectory, "artifact-trust.dll");

    /// <summary>How the program is started, for tests that start it from another one.</summary>
    internal static string[] Start { get; } = ["dotnet", Program];

    /// <summary>Runs the command line.</summary>
    /// <param name="folder">The working directory.</param>
    /// <param name="arguments">The arguments.</param>
    internal static Ended Run(string folder, params string[] arguments) => Run(folder, null, arguments);

    /// <summary>Runs the command line.</summary>
    /// <param name="folder">The working directory.</param>
    /// <param name="environment">Added to the environment; a null value takes a variable out of it.</param>
    /// <param name="arguments">The arguments.</param>
    internal static Ended Run(string folder, IReadOnlyDictionary<string, string?>? environment, params string[] arguments) =>
        Execute(folder, environment, "", [.. Start, .. arguments]);

    /// <summary>Runs any program.</summary>
    /// <param name="folder">The working directory.</param>
    /// <param name="environment">Added to the environment; a null value takes a variable out of it.</param>
    /// <param name="input">Standard input.</param>
    /// <param name="command">The program and its arguments.</param>
    internal static Ended Execute(
        string folder,
        IReadOnlyDictionary<string, string?>? environment,
        string input,
        IReadOnlyList<string> command
    )
    {
        using var process = Begin(folder, environment, command);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading.
        }
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"'{string.Join(' ', command)}' did not end within {Patience.TotalSeconds} seconds");
        }
        return new Ended(process.ExitCode, output.GetAwaiter().GetResult(), errors.GetAwaiter().GetResult());
    }

    /// <summary>Starts a program with all its streams redirected; the caller ends and disposes of it.</summary>
    internal static Process Begin(string folder, IReadOnlyDictionary<string, string?>? environment, IReadOnlyList<string> command)
    {
        // What the machine that runs the tests has set must not decide what they show; nor which signals are ignored there, as nohup and the background
        // of a shell do.
        var start = new ProcessStartInfo("env", ["--default-signal=HUP,INT,TERM", Locate(command[0]), .. command.Skip(1)])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var name in new[] { "ARTIFACT_TRUST_PASSWORD", "COSIGN_PASSWORD", "ARTIFACT_TRUST_DEBUG", "HTTP_PROXY", "http_proxy" })
        {
            start.Environment.Remove(name);
        }
        // One writer at a time, unless a test says otherwise.
        start.Environment["ARTIFACT_TRUST_SETTLE_TIME"] = "0s";
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }
        return Process.Start(start) ?? throw new InvalidOperationException($"'{command[0]}' was not started");
    }

    /// <summary>Where a program is by our own PATH, whatever PATH it gets.</summary>
    private static string Locate(string program) =>
        program.Contains('/', StringComparison.Ordinal)
            ? program
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(d => Path.Join(d, program)).FirstOrDefault(File.Exists)
                ?? throw new FileNotFoundException($"'{program}' is not on the PATH");
}
