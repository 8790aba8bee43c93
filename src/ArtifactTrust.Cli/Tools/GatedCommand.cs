using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using ArtifactTrust.Cli.Console;

namespace ArtifactTrust.Cli.Tools;

/// <summary>Runs the command that a gate guards, as if it had been started in the gate's place: same streams, signals and exit code, without the gate's secrets.</summary>
internal static partial class GatedCommand
{
    private const int HangUp = 1;
    private const int Interrupt = 2;
    private const int Terminate = 15;

    /// <param name="command">The program and its arguments; no shell is involved.</param>
    /// <param name="variables">Added to the environment.</param>
    /// <param name="interruption">Gives up the signals to the command; null where there is none.</param>
    /// <returns>The command's exit code.</returns>
    /// <exception cref="OperationCanceledException">A signal came first; the command was not started.</exception>
    internal static int Run(IReadOnlyList<string> command, IReadOnlyDictionary<string, string> variables, Interruption? interruption = null)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1)) { UseShellExecute = false };
        // The gate's own key and token are no business of what it guards.
        SecretVariables.RemoveFrom(start.Environment);
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }
        var relay = new Relay();
        // Before the start, so that no signal falls between the two.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, c => relay.Handle(c, Interrupt));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, c => relay.Handle(c, Terminate));
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, c => relay.Handle(c, HangUp));
        interruption?.HandOver();
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
            relay.To(process);
            process.WaitForExit();
            return process.ExitCode;
        }
    }

    /// <summary>Passes signals on to the command, also those that come before it runs.</summary>
    private sealed class Relay
    {
        private readonly Lock _lock = new();
        private readonly List<int> _early = [];
        private Process? _process;

        internal void Handle(PosixSignalContext context, int signal)
        {
            context.Cancel = true;
            lock (_lock)
            {
                if (_process is null)
                {
                    _early.Add(signal);
                }
                else if (signal != Interrupt)
                {
                    // An interrupt from the terminal reaches the command by itself.
                    Send(_process, signal);
                }
            }
        }

        internal void To(Process process)
        {
            lock (_lock)
            {
                _process = process;
                _early.ForEach(s => Send(process, s));
            }
        }

        private static void Send(Process process, int signal)
        {
            if (OperatingSystem.IsWindows())
            {
                process.Kill(entireProcessTree: true);
                return;
            }
            _ = Kill(process.Id, signal);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
