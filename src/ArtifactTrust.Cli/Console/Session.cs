using System.Reflection;
using System.Text.Json;

namespace ArtifactTrust.Cli.Console;

/// <summary>What every command is given.</summary>
/// <param name="Terminal">Where it writes.</param>
/// <param name="Time">The clock.</param>
/// <param name="Trailing">The arguments after <c>--</c>; null where there is no <c>--</c>.</param>
internal sealed record Session(Terminal Terminal, TimeProvider Time, IReadOnlyList<string>? Trailing)
{
    /// <summary>The process's signals; null where they are not this command's to heed.</summary>
    internal Interruption? Interruption { get; init; }

    /// <summary>The version of this tool.</summary>
    internal static string Version { get; } =
        typeof(Session).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0.0.0";

    /// <summary>Where the result is told: standard output, or standard error where the former belongs to a gated command.</summary>
    internal Terminal ResultTerminal { get; } =
        Trailing is null ? Terminal : new Terminal(Terminal.Error, Terminal.Error, Terminal.IsInteractive);

    /// <summary>Whether a verb runs a command that is given after <c>--</c>.</summary>
    internal static bool TakesCommand(string verb) => verb is Commands.GateCommand.Name or Commands.VerifyCommand.Name;

    /// <summary>Writes the members every JSON result begins with.</summary>
    internal static void WriteHead(Utf8JsonWriter writer, string command, string result, int exitCode)
    {
        writer.WriteNumber("schemaVersion", 1);
        writer.WriteString("command", command);
        writer.WriteString("result", result);
        writer.WriteNumber("exitCode", exitCode);
    }

    /// <summary>Writes the member <c>error</c> of a JSON result.</summary>
    internal static void WriteError(Utf8JsonWriter writer, string code, string message, string? hint = null)
    {
        writer.WriteStartObject("error");
        writer.WriteString("code", code);
        writer.WriteString("message", message);
        if (hint is not null)
        {
            writer.WriteString("hint", hint);
        }
        writer.WriteEndObject();
    }

    /// <summary>
    /// Tells of a failure, in the form asked for; in lines where the one document has told a result already, or cannot be written. Where nothing
    /// can, the exit code tells.
    /// </summary>
    internal int Fail(string command, int exitCode, string code, string message, string? hint)
    {
        var terminal = TakesCommand(command) ? ResultTerminal : Terminal;
        message = Terminal.Shorten(message);
        var isTold =
            Terminal.Json
            && !terminal.HasWrittenJson
            && Try(() =>
                terminal.WriteJson(writer =>
                {
                    writer.WriteStartObject();
                    WriteHead(writer, command, exitCode == ExitCode.Rejected ? "rejected" : "error", exitCode);
                    WriteError(writer, code, message, hint);
                    writer.WriteEndObject();
                })
            );
        if (!isTold)
        {
            Try(() =>
            {
                Terminal.Error.WriteLine($"{(exitCode == ExitCode.Rejected ? "rejected" : "error")}: {Terminal.Clean(message)}");
                if (hint is not null)
                {
                    Terminal.Error.WriteLine($"hint: {Terminal.Clean(hint)}");
                }
            });
        }
        return exitCode;
    }

    private static bool Try(Action write)
    {
        try
        {
            write();
            return true;
        }
        catch (CliException)
        {
            return false;
        }
    }
}
