using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace ArtifactTrust.Cli.Tools;

/// <summary>How to run a tool.</summary>
/// <param name="Executable">The full path of the executable; nothing is searched for.</param>
/// <param name="Arguments">The arguments, passed as they are: there is no shell.</param>
internal sealed record ToolCommand(string Executable, IReadOnlyList<string> Arguments)
{
    /// <summary>The whole environment of the process, apart from <c>HOME</c> and <c>TMPDIR</c>. Nothing is inherited.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>After how long the process is killed.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How much standard output is taken, in bytes; more is a failure.</summary>
    public int MaximumOutputBytes { get; init; } = 1 << 20;

    /// <summary>A file the process writes that is watched, so that it cannot fill the disk; null where there is none.</summary>
    public string? OutputFile { get; init; }

    /// <summary>How large <see cref="OutputFile"/> may become, in bytes.</summary>
    public long MaximumOutputFileBytes { get; init; } = long.MaxValue;

    /// <summary>Values that must not appear in any message.</summary>
    public IReadOnlyList<string> Secrets { get; init; } = [];
}

/// <summary>What a tool did.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="ErrorExcerpt">The end of its standard error, without control characters and secrets.</param>
internal sealed record ToolResult(int ExitCode, byte[] Output, string ErrorExcerpt);

/// <summary>Runs a tool that is not trusted with more than its task: no shell, no inherited environment, an empty working directory, bounded output and time.</summary>
internal static class ToolProcess
{
    private const int ErrorTailBytes = 64 << 10;
    private const int ExcerptCharacters = 2000;

    // Between two looks at the clock and at the size of the output file.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    // How long pipes are read after the process ended: a child of it may still hold them open.
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(2);

    /// <summary>Runs the tool to its end.</summary>
    /// <exception cref="ScannerException">It cannot be started, runs too long, or writes too much. An exit code other than zero is no exception.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up; the process and its children are killed.</exception>
    public static async Task<ToolResult> RunAsync(ToolCommand command, PrivateDirectory directory, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(directory);
        cancellation.ThrowIfCancellationRequested();
        using var process = Start(command, directory);
        try
        {
            process.StandardInput.Close();
            using var reading = new CancellationTokenSource();
            var output = ReadHeadAsync(process.StandardOutput.BaseStream, command.MaximumOutputBytes, reading.Token);
            var error = ReadTailAsync(process.StandardError.BaseStream, reading.Token);
            await WaitAsync(process, command, output, cancellation).ConfigureAwait(false);
            reading.CancelAfter(Drain);
            var (bytes, isComplete) = await output.ConfigureAwait(false);
            var excerpt = Excerpt(await error.ConfigureAwait(false), command.Secrets);
            CheckOutput(command, isComplete);
            return new ToolResult(process.ExitCode, bytes, excerpt);
        }
        finally
        {
            Kill(process);
        }
    }

    /// <summary>Text of a tool, made fit to be shown: its end, without control characters, escape sequences and secrets.</summary>
    internal static string Excerpt(ReadOnlySpan<byte> text, IReadOnlyList<string> secrets)
    {
        var all = Encoding.UTF8.GetString(text);
        foreach (var secret in secrets.Where(s => s.Length > 0))
        {
            all = all.Replace(secret, "***", StringComparison.Ordinal);
        }
        var shown = new StringBuilder();
        for (var i = 0; i < all.Length; i++)
        {
            if (all[i] == '\u001b')
            {
                // CSI sequences end with a letter; whatever else follows the escape is only text.
                i += all.AsSpan(i + 1).StartsWith("[") ? 1 : 0;
                while (i + 1 < all.Length && !char.IsAsciiLetter(all[i]) && all[i] != '\n')
                {
                    i++;
                }
                continue;
            }
            if (all[i] == '\n' || all[i] == '\t')
            {
                shown.Append(all[i] == '\t' ? ' ' : '\n');
            }
            else if (!char.IsControl(all[i]) && char.GetUnicodeCategory(all[i]) != System.Globalization.UnicodeCategory.Format)
            {
                shown.Append(all[i]);
            }
        }
        var trimmed = shown.ToString().Trim();
        return trimmed.Length <= ExcerptCharacters ? trimmed : $"…{trimmed.AsSpan(trimmed.Length - ExcerptCharacters)}";
    }

    private static Process Start(ToolCommand command, PrivateDirectory directory)
    {
        var start = new ProcessStartInfo(command.Executable)
        {
            UseShellExecute = false,
            WorkingDirectory = directory.Work,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in command.Arguments)
        {
            start.ArgumentList.Add(argument);
        }
        start.Environment.Clear();
        foreach (var (name, value) in command.Environment)
        {
            start.Environment[name] = value;
        }
        start.Environment["HOME"] = directory.Home;
        start.Environment["TMPDIR"] = directory.Temporary;
        try
        {
            return Process.Start(start) ?? throw new ScannerException($"'{command.Executable}' could not be started");
        }
        catch (Win32Exception e)
        {
            throw new ScannerException($"'{command.Executable}' could not be started: {e.Message}", innerException: e);
        }
    }

    private static async Task WaitAsync(
        Process process,
        ToolCommand command,
        Task<(byte[] Bytes, bool IsComplete)> output,
        CancellationToken cancellation
    )
    {
        var started = Stopwatch.GetTimestamp();
        var exit = process.WaitForExitAsync(cancellation);
        while (true)
        {
            if (await Task.WhenAny(exit, Task.Delay(Interval, cancellation)).ConfigureAwait(false) == exit)
            {
                await exit.ConfigureAwait(false);
                return;
            }
            cancellation.ThrowIfCancellationRequested();
            if (output.IsCompletedSuccessfully && !output.Result.IsComplete)
            {
                CheckOutput(command, isComplete: false);
            }
            CheckOutput(command, isComplete: true);
            if (Stopwatch.GetElapsedTime(started) > command.Timeout)
            {
                throw new ScannerException(
                    $"{NameOf(command)} did not finish within {command.Timeout.TotalSeconds:0} s and was stopped",
                    "scan less at once, or find out what it waits for"
                );
            }
        }
    }

    private static void CheckOutput(ToolCommand command, bool isComplete)
    {
        if (!isComplete)
        {
            throw new ScannerException($"{NameOf(command)} wrote more than {command.MaximumOutputBytes} bytes to standard output");
        }
        if (
            command.OutputFile is not null
            && new FileInfo(command.OutputFile) is { Exists: true } file
            && file.Length > command.MaximumOutputFileBytes
        )
        {
            throw new ScannerException($"{NameOf(command)} wrote a report of more than {command.MaximumOutputFileBytes} bytes");
        }
    }

    private static string NameOf(ToolCommand command) => Path.GetFileName(command.Executable);

    private static void Kill(Process process)
    {
        try
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                process.WaitForExit();
            }
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It ended in between.
        }
    }

    private static async Task<(byte[] Bytes, bool IsComplete)> ReadHeadAsync(Stream stream, int maximum, CancellationToken cancellation)
    {
        var kept = new MemoryStream();
        var buffer = new byte[16 << 10];
        try
        {
            for (int read; (read = await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0; )
            {
                if (kept.Length + read > maximum)
                {
                    return (kept.ToArray(), false);
                }
                kept.Write(buffer, 0, read);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The process is gone, and something it started keeps the pipe open.
        }
        return (kept.ToArray(), true);
    }

    private static async Task<byte[]> ReadTailAsync(Stream stream, CancellationToken cancellation)
    {
        var kept = new byte[ErrorTailBytes];
        var used = 0;
        var buffer = new byte[16 << 10];
        try
        {
            for (int read; (read = await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0; )
            {
                var drop = Math.Max(0, used + read - kept.Length);
                kept.AsSpan(drop, used - drop).CopyTo(kept);
                used -= drop;
                buffer.AsSpan(0, read).CopyTo(kept.AsSpan(used));
                used += read;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // As above.
        }
        return kept[..used];
    }
}
