using System.CommandLine;
using System.Globalization;
using ArtifactTrust.Audit;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Transparency;
using Spectre.Console;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>log</c>: start, read and check an audit log.</summary>
internal static class LogCommand
{
    internal static Command Create(Session session) =>
        new Verb(
            "log",
            "Start, read and check the audit log that the gate writes: a standard tiled transparency log in a directory.",
            "artifact-trust log init ./audit --origin example.com/gate --key gate.key",
            "artifact-trust log verify ./audit --key gate.pub"
        )
        {
            CreateInit(session),
            CreateShow(session),
            CreateVerify(session),
            CreateProve(session),
        };

    private static Argument<string> Directory() => new("DIR") { Description = "the log's directory" };

    private static Option<string> PublicKey() =>
        new("--key")
        {
            Description = "the public key that the log's checkpoint is signed with, PEM",
            Required = true,
            HelpName = "FILE",
        };

    private static Verb CreateInit(Session session)
    {
        var directory = Directory();
        var origin = new Option<string>("--origin")
        {
            Description = "a name no other log has, such as example.com/gate",
            Required = true,
            HelpName = "NAME",
        };
        var key = Options.SigningKey();
        key.Required = true;
        var password = Options.PasswordFile();
        var verb = new Verb(
            "init",
            "Start an empty log.",
            "artifact-trust log init ./audit --origin example.com/gate --key gate.key",
            "artifact-trust log init /var/lib/audit --origin gate.example.com/prod --key gate.key --password-file pw"
        )
        {
            directory,
            origin,
            key,
            password,
            Options.Output(),
        };
        verb.SetAction(parsed =>
        {
            CheckVacant(parsed.GetValue(directory)!);
            using var signingKey = KeyLoader.Private(session.Terminal, parsed.GetValue(key)!, parsed.GetValue(password));
            AuditLog log;
            try
            {
                log = AuditLog.Create(parsed.GetValue(directory)!, parsed.GetValue(origin)!, signingKey);
            }
            catch (ArgumentException e)
            {
                throw CliException.Usage(
                    CliException.Reason(e),
                    "the origin has no spaces or plus signs, and the key is Ed25519 or ECDSA P-256",
                    e
                );
            }
            Done(
                session,
                "log init",
                writer =>
                {
                    writer.WriteString("directory", log.Directory);
                    writer.WriteString("origin", log.Origin);
                    writer.WriteString("verifierKey", log.Key.ToString());
                }
            );
            session.Terminal.Line($"started: {log.Directory}");
            session.Terminal.Line($"  origin       {log.Origin}");
            session.Terminal.Line($"  verifier key {log.Key}");
            return ExitCode.Success;
        });
        return verb;
    }

    /// <summary>Throws where something is in the directory, before a lock is put there: one more file would change a model.</summary>
    private static void CheckVacant(string directory)
    {
        if (
            System.IO.Directory.Exists(directory)
            && System
                .IO.Directory.EnumerateFileSystemEntries(directory)
                .Select(Path.GetFileName)
                .FirstOrDefault(n => n is not (".lock" or ".tmp"))
                is { } entry
        )
        {
            throw CliException.Usage(
                entry is "checkpoint" or "tile" ? $"there is a log in '{directory}' already" : $"'{directory}' is not empty ('{entry}')",
                "a log starts in a directory of its own"
            );
        }
    }

    private static Verb CreateShow(Session session)
    {
        var directory = Directory();
        var key = PublicKey();
        var last = new Option<int>("--last")
        {
            Description = "show only the last N records",
            DefaultValueFactory = _ => 50,
            HelpName = "N",
        };
        var verb = new Verb(
            "show",
            "Show the newest records.",
            "artifact-trust log show ./audit --key gate.pub",
            "artifact-trust log show ./audit --key gate.pub --last 1 --output json"
        )
        {
            directory,
            key,
            last,
            Options.Output(),
        };
        verb.SetAction(parsed =>
        {
            var count = parsed.GetValue(last);
            if (count < 1)
            {
                throw CliException.Usage($"--last is a number from 1, not {count}");
            }
            using var trusted = KeyLoader.Public([parsed.GetValue(key)!]);
            var log = Open(parsed.GetValue(directory)!, trusted);
            var size = log.Count();
            var records = log.ReadFrom(Math.Max(0, size - count)).ToList();
            Done(
                session,
                "log show",
                writer =>
                {
                    writer.WriteString("origin", log.Origin);
                    writer.WriteNumber("size", size);
                    writer.WriteStartArray("records");
                    foreach (var record in records)
                    {
                        writer.WriteStartObject();
                        writer.WriteNumber("index", record.Index);
                        writer.WritePropertyName("record");
                        StrictJson.Parse(record.Record, "audit record").WriteTo(writer);
                        writer.WriteEndObject();
                    }
                    writer.WriteEndArray();
                }
            );
            if (!session.Terminal.Json)
            {
                WriteTable(session.Terminal, log, size, records);
            }
            return ExitCode.Success;
        });
        return verb;
    }

    private static void WriteTable(Terminal terminal, AuditLog log, long size, List<LoggedRecord> records)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("#", "time", "decision", "policy", "subjects", "actor", "why");
        foreach (var logged in records)
        {
            var record = AuditRecord.Parse(logged.Record);
            table.AddRow(
                logged.Index.ToString(CultureInfo.InvariantCulture),
                record.Time.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture),
                record.Decision switch
                {
                    AuditDecision.Allow => "[green]allow[/]",
                    AuditDecision.Deny => "[red]deny[/]",
                    _ => "[yellow]error[/]",
                },
                Escape(record.Policy?.Name),
                Escape(string.Join(", ", record.Subjects.Select(s => $"{s.Role}={s.Name}"))),
                Escape($"{record.Actor.User}@{record.Actor.Host}"),
                Escape(record.Reasons.Count > 0 ? record.Reasons[0] : null)
            );
        }
        terminal.Line($"{log.Origin}: {size} records");
        terminal.Ansi(terminal.Output).Write(table);
    }

    private static Verb CreateVerify(Session session)
    {
        var directory = Directory();
        var key = PublicKey();
        var since = new Option<string?>("--since")
        {
            Description = "an older checkpoint kept elsewhere: the log must contain it",
            HelpName = "FILE",
        };
        var verb = new Verb(
            "verify",
            "Check every entry and tile against the signed checkpoint.",
            "artifact-trust log verify ./audit --key gate.pub",
            "artifact-trust log verify ./audit --key gate.pub --since checkpoint.last-week"
        )
        {
            directory,
            key,
            since,
            Options.Output(),
        };
        verb.SetAction(
            (parsed, cancellation) =>
            {
                using var trusted = KeyLoader.Public([parsed.GetValue(key)!]);
                var log = Open(parsed.GetValue(directory)!, trusted);
                var report = log.Verify(parsed.GetValue(since) is { } file ? Older(file, log) : null, cancellation: cancellation);
                var code = report.IsIntact ? ExitCode.Success : ExitCode.Rejected;
                if (session.Terminal.Json)
                {
                    session.Terminal.WriteJson(writer =>
                    {
                        writer.WriteStartObject();
                        Session.WriteHead(writer, "log verify", report.IsIntact ? "verified" : "rejected", code);
                        writer.WriteString("origin", log.Origin);
                        writer.WriteNumber("size", report.Checkpoint?.Checkpoint.Size ?? 0);
                        writer.WriteNumber("problemCount", report.ProblemCount);
                        writer.WriteStartArray("problems");
                        foreach (var problem in report.Problems)
                        {
                            writer.WriteStartObject();
                            writer.WriteString("kind", problem.Kind.ToString());
                            writer.WriteString("path", problem.Path);
                            writer.WriteString("message", problem.Message);
                            writer.WriteEndObject();
                        }
                        writer.WriteEndArray();
                        writer.WriteEndObject();
                    });
                    return Task.FromResult(code);
                }
                session.Terminal.Line(
                    $"{(report.IsIntact ? "verified" : "rejected")}: {log.Origin}, {report.Checkpoint?.Checkpoint.Size ?? 0} records"
                );
                if (report.Checkpoint is { } checkpoint)
                {
                    session.Terminal.Line($"  root    {checkpoint.Checkpoint.Root}");
                }
                foreach (var problem in report.Problems)
                {
                    session.Terminal.Line($"  failed  {Terminal.Clean(problem.Path)}  {Terminal.Clean(problem.Message)}");
                }
                return Task.FromResult(code);
            }
        );
        return verb;
    }

    private static Verb CreateProve(Session session)
    {
        var directory = Directory();
        var index = new Argument<long>("INDEX") { Description = "the record's number, from 0" };
        var key = PublicKey();
        var to = new Option<string?>("--to") { Description = "write the proof to a file", HelpName = "FILE" };
        var verb = new Verb(
            "prove",
            "Write the proof that a record is in the log: one text that is checked offline (C2SP tlog-proof).",
            "artifact-trust log prove ./audit 0 --key gate.pub",
            "artifact-trust log prove ./audit 41 --key gate.pub --to record-41.tlog-proof"
        )
        {
            directory,
            index,
            key,
            to,
            Options.Output(),
        };
        verb.SetAction(parsed =>
        {
            using var trusted = KeyLoader.Public([parsed.GetValue(key)!]);
            var log = Open(parsed.GetValue(directory)!, trusted);
            var size = log.Count();
            var number = parsed.GetValue(index);
            if (number < 0 || number >= size)
            {
                throw CliException.Usage($"there is no record {number}; the log has {size}");
            }
            var proof = log.Prove(number);
            if (parsed.GetValue(to) is { } file)
            {
                DurableFile.Write(file, proof.ToBytes(), replace: true);
            }
            Done(
                session,
                "log prove",
                writer =>
                {
                    writer.WriteNumber("index", number);
                    writer.WriteString("proof", proof.ToString());
                    writer.WriteString("record", System.Text.Encoding.UTF8.GetString(log.Read(number)));
                }
            );
            if (!session.Terminal.Json && parsed.GetValue(to) is null)
            {
                session.Terminal.Output.Write(proof.ToString());
            }
            return ExitCode.Success;
        });
        return verb;
    }

    private static AuditLog Open(string directory, TrustedKeys trusted)
    {
        if (!System.IO.Directory.Exists(directory))
        {
            throw CliException.Usage($"the log '{directory}' does not exist", "start one with: artifact-trust log init");
        }
        try
        {
            return AuditLog.OpenRead(directory, trusted.Keys[0]);
        }
        catch (DamagedLogException e)
        {
            throw CliException.Rejected(
                "log-damaged",
                e.Message,
                "is this the log's key? a damaged log is restored from a backup, not repaired",
                e
            );
        }
        catch (ArgumentException e)
        {
            throw CliException.Usage(CliException.Reason(e), "the key is Ed25519 or ECDSA P-256", e);
        }
    }

    private static VerifiedCheckpoint Older(string file, AuditLog log)
    {
        if (!File.Exists(file))
        {
            throw CliException.Usage($"the checkpoint '{file}' does not exist");
        }
        var verdict = Checkpoint.Verify(SignedNote.Parse(EvidenceFiles.ReadBounded(file, Limits.KeyFileBytes)), log.Origin, log.Key);
        return verdict.Verified
            ?? throw CliException.Rejected("checkpoint", $"the checkpoint '{file}' is not of this log: {verdict.Message}");
    }

    private static void Done(Session session, string command, Action<System.Text.Json.Utf8JsonWriter> members)
    {
        if (session.Terminal.Json)
        {
            session.Terminal.WriteJson(writer =>
            {
                writer.WriteStartObject();
                Session.WriteHead(writer, command, "ok", ExitCode.Success);
                members(writer);
                writer.WriteEndObject();
            });
        }
    }

    private static string Escape(string? text) => Markup.Escape(Terminal.Clean(text) ?? "");
}
