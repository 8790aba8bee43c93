using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Cli.Tools;

/// <summary>A subject as it was verified, for the command that may use it.</summary>
/// <param name="Image">Where it is, for an image; null for something local.</param>
/// <param name="Digests">Its digests.</param>
internal sealed record GatedSubject(string? Image, DigestSet Digests)
{
    /// <summary>The digest, with its algorithm.</summary>
    internal string Digest => Digests["sha256"] is { } hex ? $"sha256:{hex}" : Digests.Values.Select(d => $"{d.Key}:{d.Value}").First();

    /// <summary>The image by its digest; of something local the digest alone.</summary>
    internal string Name => Image is null ? Digest : $"{Image}@{Digest}";
}

/// <summary>Runs the command that a gate or a verification guards, as if it had been started in its place: same streams, signals and exit code, without its secrets.</summary>
internal static partial class GatedCommand
{
    /// <summary>The code of the error where the command cannot be started.</summary>
    internal const string ErrorCode = "command";

    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const int HangUp = 1;
    private const int Interrupt = 2;
    private const int Terminate = 15;

    /// <summary>Tells the result, then runs the command where there is one and the result permits it.</summary>
    /// <param name="session">Has the command, if there is one.</param>
    /// <param name="verb">Who guards it.</param>
    /// <param name="code">The exit code of the result; success permits.</param>
    /// <param name="subjects">The subjects.</param>
    /// <param name="report">Tells the result with the exit code and, where the command is permitted and cannot be started, why.</param>
    /// <returns>The exit code of the result, or of the command where it ran.</returns>
    internal static int RunAfter(Session session, string verb, int code, IReadOnlyList<GatedSubject> subjects, Action<int, string?> report)
    {
        if (code != ExitCode.Success || session.Trailing is not { } command)
        {
            report(code, null);
            return code;
        }
        // Told with the result, so that there is one document of both.
        var problem = Problem(command[0]);
        report(problem is null ? code : ExitCode.CouldNotTell, problem);
        return problem is null ? Run(command, subjects, session.Interruption)
            : session.Terminal.Json ? ExitCode.CouldNotTell
            : session.Fail(verb, ExitCode.CouldNotTell, ErrorCode, problem, null);
    }

    /// <summary>Why a program could not be started, as far as this can be told before; null where it can be tried.</summary>
    private static string? Problem(string program)
    {
        if (OperatingSystem.IsWindows())
        {
            return null;
        }
        // Where the BCL looks, in its order.
        string[] places = program.Contains('/', StringComparison.Ordinal)
            ? [""]
            :
            [
                Path.GetDirectoryName(Environment.ProcessPath) ?? "",
                Environment.CurrentDirectory,
                .. Environment.GetEnvironmentVariable("PATH")?.Split(':') ?? [],
            ];
        var found = places.Select(p => Path.Join(p, program)).Where(File.Exists).ToList();
        return found.Exists(f => OperatingSystem.IsWindows() || (File.GetUnixFileMode(f) & Executable) != 0)
            ? null
            : $"allowed, but '{program}' could not be started: it is {(found.Count == 0 ? "not found" : "no program")}";
    }

    /// <param name="command">
    /// The program and its arguments; no shell is involved. In the arguments <c>{digest}</c> is the digest of the first subject, and
    /// <c>{subject}</c> its name.
    /// </param>
    /// <param name="subjects">The subjects; their names are in the environment.</param>
    /// <param name="interruption">Gives up the signals to the command; null where there is none.</param>
    /// <returns>The command's exit code.</returns>
    /// <exception cref="OperationCanceledException">A signal came first; the command was not started.</exception>
    private static int Run(IReadOnlyList<string> command, IReadOnlyList<GatedSubject> subjects, Interruption? interruption)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1).Select(a => Fill(a, subjects[0]))) { UseShellExecute = false };
        // The gate's own key and token are no business of what it guards.
        SecretVariables.RemoveFrom(start.Environment);
        for (var i = 0; i < subjects.Count; i++)
        {
            start.Environment[$"ARTIFACT_TRUST_SUBJECT_{i}"] = subjects[i].Name;
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
            throw CliException.CouldNotTell(ErrorCode, $"allowed, but '{command[0]}' could not be started: {e.Message}", null, e);
        }
        using (process)
        {
            relay.To(process);
            process.WaitForExit();
            return process.ExitCode;
        }
    }

    private static string Fill(string argument, GatedSubject subject) =>
        argument.Replace("{digest}", subject.Digest, StringComparison.Ordinal).Replace("{subject}", subject.Name, StringComparison.Ordinal);

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
