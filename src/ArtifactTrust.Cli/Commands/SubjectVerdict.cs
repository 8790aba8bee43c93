using System.Text.Json;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Tools;

namespace ArtifactTrust.Cli.Commands;

/// <summary>What <c>verify</c> found of one subject.</summary>
/// <param name="code">The exit code it calls for.</param>
/// <param name="subject">The subject, for a command that may use it.</param>
internal abstract class SubjectVerdict(int code, GatedSubject subject)
{
    internal int Code => code;

    internal GatedSubject Subject => subject;

    /// <summary>Why nothing could be judged, in place of a failed check; null where something was.</summary>
    protected virtual (string Code, string Message)? Error => null;

    /// <summary>Tells the verdicts in one result, and runs the command where there is one and all of them are good.</summary>
    /// <returns>The exit code: a subject that is refused weighs more than one that could not be judged.</returns>
    internal static int Tell(Session session, IReadOnlyList<SubjectVerdict> verdicts)
    {
        var worst = verdicts.All(v => v.Code == ExitCode.Success)
            ? ExitCode.Success
            : verdicts.Where(v => v.Code != ExitCode.Success).Min(v => v.Code);
        return GatedCommand.RunAfter(
            session,
            VerifyCommand.Name,
            worst,
            [.. verdicts.Select(v => v.Subject)],
            (exitCode, problem) =>
            {
                // Standard output belongs to the command, where there is one.
                var terminal = session.ResultTerminal;
                if (session.Terminal.Json)
                {
                    terminal.WriteJson(writer => WriteJson(writer, verdicts, worst, exitCode, problem));
                    return;
                }
                foreach (var verdict in verdicts)
                {
                    verdict.WriteText(terminal);
                }
            }
        );
    }

    /// <summary>Writes the verdict in lines.</summary>
    protected abstract void WriteText(Terminal terminal);

    /// <summary>Writes the members <c>subject</c> and <c>evidence</c>, and what else there is to tell.</summary>
    protected abstract void WriteMembers(Utf8JsonWriter writer);

    /// <summary>An exit code in a word, for people.</summary>
    protected static string Text(int code) => code == ExitCode.CouldNotTell ? "could not tell" : Word(code);

    private static void WriteJson(Utf8JsonWriter writer, IReadOnlyList<SubjectVerdict> verdicts, int worst, int exitCode, string? problem)
    {
        writer.WriteStartObject();
        Session.WriteHead(writer, VerifyCommand.Name, Word(worst), exitCode);
        if (verdicts is [var only])
        {
            only.WriteMembers(writer);
            only.WriteError(writer);
        }
        else
        {
            writer.WriteStartArray("subjects");
            foreach (var verdict in verdicts)
            {
                writer.WriteStartObject();
                writer.WriteString("result", Word(verdict.Code));
                verdict.WriteMembers(writer);
                verdict.WriteError(writer);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
        if (problem is not null)
        {
            Session.WriteError(writer, GatedCommand.ErrorCode, problem);
        }
        writer.WriteEndObject();
    }

    private void WriteError(Utf8JsonWriter writer)
    {
        if (Error is { } error)
        {
            Session.WriteError(writer, error.Code, error.Message);
        }
    }

    private static string Word(int code) =>
        code switch
        {
            ExitCode.Success => "verified",
            ExitCode.Rejected => "rejected",
            _ => "error",
        };
}
