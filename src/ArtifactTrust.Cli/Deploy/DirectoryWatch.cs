using System.Globalization;
using System.Text.Json;
using ArtifactTrust.Cli.Commands;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Manifests;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Cli.Deploy;

/// <summary>Checks a directory again and again, and writes a line for each check.</summary>
/// <param name="session">Where lines go.</param>
/// <param name="path">The directory.</param>
/// <param name="examine">Makes one check.</param>
/// <param name="every">How long to wait where nothing changes.</param>
internal sealed class DirectoryWatch(Session session, string path, Func<Task<ExaminedSubject>> examine, TimeSpan every)
{
    // Something writes to the directory, or a share is away: sooner than the schedule, and not at once.
    private static readonly TimeSpan AfterTrouble = TimeSpan.FromSeconds(30);

    /// <summary>Whether one check is all.</summary>
    internal bool Once { get; init; }

    /// <summary>Whether the first drift is the end.</summary>
    internal bool UntilDrift { get; init; }

    /// <summary>Runs until a signal, or as long as it is asked to.</summary>
    /// <returns>The exit code of the last check that came to an end.</returns>
    /// <exception cref="OperationCanceledException">None did before the signal.</exception>
    internal async Task<int> RunAsync(CancellationToken cancellation)
    {
        int? last = null;
        var reason = "start";
        string? told = null;
        try
        {
            while (true)
            {
                using var events = ChangeEvents.Listen(path, session.Time);
                if (events.Problem is { } problem && problem != told)
                {
                    session.Terminal.Warn($"changes are not noticed, only the schedule is kept: {problem}");
                    told = problem;
                }
                var outcome = await CheckAsync(cancellation);
                Write(outcome, reason);
                last = outcome.ExitCode;
                if (Once || (UntilDrift && last == ExitCode.Rejected))
                {
                    return outcome.ExitCode;
                }
                var pause = last == ExitCode.CouldNotTell && AfterTrouble < every ? AfterTrouble : every;
                reason = await events.WaitAsync(pause, cancellation) ? "change" : "schedule";
            }
        }
        catch (OperationCanceledException) when (last is not null)
        {
            return last.Value;
        }
    }

    private async Task<Outcome> CheckAsync(CancellationToken cancellation)
    {
        var start = session.Time.GetTimestamp();
        try
        {
            if (!Directory.Exists(path))
            {
                return new Outcome(ExitCode.Rejected, "removed", $"the directory '{path}' is no more", null, null);
            }
            // A thread of its own: a check reads for minutes, and signals are to be heard.
            var subject = await Task.Run(examine, cancellation);
            var signatures = subject
                .Evidence.Where(e => e.ClaimedType is null || BundleVerifier.IsSignature(e.ClaimedType))
                .Select(e => e.Report!)
                .ToList();
            if (signatures.Any(r => r.Verified is { Kind: EvidenceKind.Signature }))
            {
                return new Outcome(ExitCode.Success, null, null, null, subject) { Took = session.Time.GetElapsedTime(start) };
            }
            var report = signatures.OrderByDescending(r => r.Failure?.Code).FirstOrDefault();
            var failure = report?.Failure;
            return new Outcome(
                ExitCode.Rejected,
                failure?.Name ?? "no-evidence",
                failure?.Message ?? "no signature was found",
                failure,
                subject
            )
            {
                Took = session.Time.GetElapsedTime(start),
                Difference = report?.Difference,
            };
        }
        catch (CliException e) when (e.ExitCode is ExitCode.Rejected or ExitCode.CouldNotTell)
        {
            return new Outcome(e.ExitCode, e.Code, e.Message, null, null);
        }
        catch (MalformedDataException e)
        {
            return new Outcome(ExitCode.Rejected, "malformed", e.Message, null, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Outcome(ExitCode.CouldNotTell, "io", e.Message, null, null);
        }
    }

    private void Write(Outcome outcome, string reason)
    {
        var result = outcome.ExitCode switch
        {
            ExitCode.Success => "verified",
            ExitCode.Rejected => "drift",
            _ => "unknown",
        };
        var now = session.Time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var terminal = session.Terminal;
        if (!terminal.Json)
        {
            terminal.Line($"{now} {result, -8} {Terminal.Clean(path)} ({reason})");
            if (outcome.Message is not null)
            {
                terminal.Line($"  failed  {outcome.Code} {Terminal.Clean(outcome.Message)}");
            }
            if (outcome.Failure is { Expected: { } expected, Actual: { } actual })
            {
                terminal.Line($"          expected {Terminal.Clean(expected)}");
                terminal.Line($"          actual   {Terminal.Clean(actual)}");
            }
            foreach (var line in outcome.Difference?.Lines(EvidenceReport.DifferencesShown) ?? [])
            {
                terminal.Line($"          {Terminal.Clean(line)}");
            }
            return;
        }
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            Session.WriteHead(writer, "watch", result, outcome.ExitCode);
            writer.WriteString("time", now);
            writer.WriteString("reason", reason);
            writer.WriteString("path", path);
            if (outcome.Subject is { } subject)
            {
                writer.WriteNumber("seconds", Math.Round(outcome.Took.TotalSeconds, 3));
                writer.WritePropertyName("digests");
                subject.Digests.WriteTo(writer);
            }
            if (outcome.Difference is { } difference)
            {
                EvidenceReport.WriteDifference(writer, difference);
            }
            if (outcome.Message is not null)
            {
                writer.WriteStartObject("error");
                writer.WriteString("code", outcome.Code);
                writer.WriteString("message", outcome.Message);
                if (outcome.Failure?.Expected is { } expected)
                {
                    writer.WriteString("expected", expected);
                }
                if (outcome.Failure?.Actual is { } actual)
                {
                    writer.WriteString("actual", actual);
                }
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        }
        terminal.Output.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }

    private sealed record Outcome(int ExitCode, string? Code, string? Message, Check? Failure, ExaminedSubject? Subject)
    {
        internal TimeSpan Took { get; init; }

        internal ManifestDiff? Difference { get; init; }
    }
}
