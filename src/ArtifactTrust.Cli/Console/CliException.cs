namespace ArtifactTrust.Cli.Console;

/// <summary>The exit codes of the command line.</summary>
internal static class ExitCode
{
    /// <summary>Verified, allowed, done.</summary>
    internal const int Success = 0;

    /// <summary>The evidence or the input was examined and refused.</summary>
    internal const int Rejected = 1;

    /// <summary>The command line, a key file or the policy file is wrong.</summary>
    internal const int Usage = 2;

    /// <summary>It could not be found out: a registry is down, a scanner failed, a disk is full.</summary>
    internal const int CouldNotTell = 3;

    /// <summary>The user or the system stopped it (128 + SIGINT).</summary>
    internal const int Interrupted = 130;
}

/// <summary>An end of a command that is told to the user as it is.</summary>
/// <param name="exitCode">The process's exit code.</param>
/// <param name="code">A stable word for scripts, part of the JSON output.</param>
/// <param name="message">What happened.</param>
/// <param name="hint">What to do next.</param>
/// <param name="inner">The cause.</param>
internal sealed class CliException(int exitCode, string code, string message, string? hint = null, Exception? inner = null)
    : Exception(message, inner)
{
    internal int ExitCode { get; } = exitCode;

    internal string Code { get; } = code;

    internal string? Hint { get; } = hint;

    /// <summary>What an argument's exception says, without the name that the argument has in our code.</summary>
    internal static string Reason(ArgumentException e) =>
        e.ParamName is { } name ? e.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : e.Message;

    /// <summary>Throws where the user named no file.</summary>
    internal static void RequireFile(string path, string what)
    {
        if (!File.Exists(path))
        {
            throw Usage($"the {what} '{path}' {(Directory.Exists(path) ? "is a directory" : "does not exist")}");
        }
    }

    internal static CliException Usage(string message, string? hint = null, Exception? inner = null) =>
        new(Console.ExitCode.Usage, "usage", message, hint, inner);

    internal static CliException Rejected(string code, string message, string? hint = null, Exception? inner = null) =>
        new(Console.ExitCode.Rejected, code, message, hint, inner);

    internal static CliException CouldNotTell(string code, string message, string? hint = null, Exception? inner = null) =>
        new(Console.ExitCode.CouldNotTell, code, message, hint, inner);
}
