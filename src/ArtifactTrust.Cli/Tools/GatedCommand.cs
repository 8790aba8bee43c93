using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using ArtifactTrust.Cli.Console;

namespace ArtifactTrust.Cli.Tools;

/// <summary>Runs the command that a gate guards, as if it had been started in the gate's place: same streams, signals and exit code.</summary>
internal static partial class GatedCommand
{
    /// <param name="command">The program and its arguments; no shell is involved.</param>
    /// <param name="variables">Added to the environment.</param>
    /// <returns>The command's exit code.</returns>
    internal static int Run(IReadOnlyList<string> command, IReadOnlyDictionary<string, string> variables)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1)) { UseShellExecute = false };
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }
        Process process;
        try
        {
            process = Process.Start(start) ?? throw new InvalidOperationException("no process was started");
        }
        catch (Win32Exception e)
        {
            throw CliException.CouldNotTell("command", $"allowed, but '{command[0]}' could not be started: {e.Message}", null, e);
        }
        using (process)
        {
            // An interrupt from the terminal reaches the command by itself; it decides what that means. Other ends are passed on.
            using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, c => c.Cancel = true);
            using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, c => Forward(c, process, 15));
            using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, c => Forward(c, process, 1));
            process.WaitForExit();
            return process.ExitCode;
        }
    }

    private static void Forward(PosixSignalContext context, Process process, int signal)
    {
        context.Cancel = true;
        if (OperatingSystem.IsWindows())
        {
            process.Kill(entireProcessTree: true);
            return;
        }
        _ = Kill(process.Id, signal);
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
