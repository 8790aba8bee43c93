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

    private const string SubjectVariable = "ARTIFACT_TRUST_SUBJECT_";
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
        var program = Find(command[0]);
        var problem = program is null ? $"allowed, but '{command[0]}' could not be started: {Reason(command[0])}" : null;
        report(program is null ? ExitCode.CouldNotTell : code, problem);
        return program is not null ? Run(program, command, subjects, session.Interruption)
            : session.Terminal.Json ? ExitCode.CouldNotTell
            : session.Fail(verb, ExitCode.CouldNotTell, ErrorCode, problem!, null);
    }

    /// <summary>The full path of a program, as a shell finds it but for what PATH says of the working directory; null where there is none.</summary>
    private static string? Find(string program) =>
        !IsPath(program) ? ProgramPath.Find(program, Environment.GetEnvironmentVariable("PATH"))
        : ProgramPath.IsProgram(program) ? Path.GetFullPath(program)
        : null;

    private static string Reason(string program) =>
        !IsPath(program) ? "it is not found on PATH"
        : File.Exists(program) ? "it is no program"
        : "it is not found";

    private static bool IsPath(string program) =>
        program.AsSpan().IndexOfAny(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar) >= 0;

    /// <param name="program">The program's full path.</param>
    /// <param name="command">
    /// The program as it was named, and its arguments; no shell is involved. In the arguments <c>{digest}</c> is the digest of the first subject,
    /// and <c>{subject}</c> its name.
    /// </param>
    /// <param name="subjects">The subjects; their names are in the environment.</param>
    /// <param name="interruption">Gives up the signals to the command; null where there is none.</param>
    /// <returns>The command's exit code.</returns>
    /// <exception cref="OperationCanceledException">A signal came first; the command was not started.</exception>
    private static int Run(string program, IReadOnlyList<string> command, IReadOnlyList<GatedSubject> subjects, Interruption? interruption)
    {
        var start = new ProcessStartInfo(program, command.Skip(1).Select(a => Fill(a, subjects[0]))) { UseShellExecute = false };
        // The gate's own key and token are no business of what it guards.
        SecretVariables.RemoveFrom(start.Environment);
        // Those of a gate around this one would be taken for subjects of this one.
        foreach (var name in start.Environment.Keys.Where(n => n.StartsWith(SubjectVariable, StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }
        for (var i = 0; i < subjects.Count; i++)
        {
            start.Environment[$"{SubjectVariable}{i}"] = subjects[i].Name;
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
