using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Scans;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Scanning.Data;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>redact</c>: a copy of a file of data without data about people.</summary>
internal static class RedactCommand
{
    /// <summary>The environment variable that holds the key of hashes.</summary>
    internal const string KeyVariable = "ARTIFACT_TRUST_REDACT_KEY";
    private const int KeyFileBytes = 4096;

    internal static Command Create(Session session)
    {
        var source = new Argument<string>("IN") { Description = "a file: CSV, TSV, JSON, JSON lines or other text" };
        var destination = new Argument<string>("OUT") { Description = "the copy; not there yet, unless --force" };
        var kinds = new Option<string>("--kinds")
        {
            Description = "what is replaced; see scan --pii, and secret",
            DefaultValueFactory = _ => "all",
            HelpName = "email,phone,secret,…|all",
        };
        var replace = new Option<string>("--replace")
        {
            Description = "mask: by asterisks; hash: by a keyed hash, so that equal values stay equal; drop: by nothing",
            DefaultValueFactory = _ => "mask",
            HelpName = "mask|hash|drop",
        };
        replace.AcceptOnlyFromAmong("mask", "hash", "drop");
        var keyFile = new Option<string?>("--hash-key-file")
        {
            Description = $"the key of --replace hash, 16 bytes or more (else {KeyVariable})",
            HelpName = "FILE",
        };
        var force = new Option<bool>("--force") { Description = "replace OUT where it exists" };
        var verb = new Verb(
            "redact",
            "Copy a file of data with data about people and secrets replaced: what scan --pii finds in it.",
            "artifact-trust redact users.csv users-redacted.csv",
            "artifact-trust redact users.jsonl out.jsonl --kinds email,phone --replace hash --hash-key-file join.key"
        )
        {
            source,
            destination,
            kinds,
            replace,
            keyFile,
            force,
            Options.Output(),
        };
        verb.SetAction(
            (parsed, cancellation) =>
                Task.FromResult(
                    Run(
                        session,
                        parsed.GetValue(source)!,
                        parsed.GetValue(destination)!,
                        PersonalKinds.ParseReplaced("--kinds", parsed.GetValue(kinds)),
                        parsed.GetValue(replace) switch
                        {
                            "hash" => Replacement.Hash,
                            "drop" => Replacement.Drop,
                            _ => Replacement.Mask,
                        },
                        parsed.GetValue(keyFile),
                        parsed.GetValue(force),
                        cancellation
                    )
                )
        );
        return verb;
    }

    private static int Run(
        Session session,
        string source,
        string destination,
        (IReadOnlyList<PersonalDataKind> Kinds, bool Secrets) replaced,
        Replacement replacement,
        string? keyFile,
        bool force,
        CancellationToken cancellation
    )
    {
        CliException.RequireFile(source, "file");
        var full = Path.GetFullPath(destination);
        if (full == Path.GetFullPath(source))
        {
            throw CliException.Usage("IN and OUT are the same file", "give the copy another name");
        }
        if (Path.Exists(full) && (!force || Directory.Exists(full)))
        {
            throw CliException.Usage(
                $"'{destination}' exists",
                Directory.Exists(full) ? "name a file" : "name another file, or use --force"
            );
        }
        var key = replacement == Replacement.Hash ? ReadKey(keyFile) : [];
        if (replacement != Replacement.Hash && keyFile is not null)
        {
            throw CliException.Usage("--hash-key-file goes with --replace hash");
        }
        RedactionReport report;
        try
        {
            using var input = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            using var output = DurableFile.Create(full, force);
            using var buffer = new BufferedStream(output.Stream, 64 << 10);
            report = new DataRedactor(replaced.Kinds, replacement, key, replaced.Secrets).Redact(
                Path.GetFileName(source),
                input,
                buffer,
                cancellation
            );
            buffer.Flush();
            output.Commit();
        }
        catch (MalformedDataException e)
        {
            throw CliException.Rejected("not-redacted", $"'{source}' is not copied: {e.Reason} ({e.Location})", null, e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
        return Report(session, destination, report);
    }

    private static byte[] ReadKey(string? path)
    {
        byte[] key;
        if (path is null)
        {
            key = Encoding.UTF8.GetBytes(
                Environment.GetEnvironmentVariable(KeyVariable)
                    ?? throw CliException.Usage(
                        "--replace hash needs a key",
                        $"give --hash-key-file, or set {KeyVariable}; openssl rand -hex 32 makes one"
                    )
            );
        }
        else
        {
            CliException.RequireFile(path, "key file");
            var length = new FileInfo(path).Length;
            key =
                length <= KeyFileBytes
                    ? File.ReadAllBytes(path)
                    : throw CliException.Usage($"the key file '{path}' has {length} bytes; at most {KeyFileBytes} are read");
        }
        // A line feed at the end comes with most ways to write a file.
        var end = key.Length;
        while (end > 0 && key[end - 1] is (byte)'\n' or (byte)'\r')
        {
            end--;
        }
        return end >= 16
            ? key[..end]
            : throw CliException.Usage($"the key has {end} bytes; at least 16 are needed", "openssl rand -hex 32 makes one");
    }

    private static int Report(Session session, string destination, RedactionReport report)
    {
        var total = report.Counts.Values.Sum() + report.Secrets;
        if (session.Terminal.Json)
        {
            session.Terminal.WriteJson(writer =>
            {
                writer.WriteStartObject();
                Session.WriteHead(writer, "redact", "redacted", ExitCode.Success);
                writer.WriteString("written", destination);
                writer.WriteString("format", report.Format);
                writer.WriteStartObject("counts");
                foreach (var (kind, count) in report.Counts)
                {
                    writer.WriteNumber(kind.ToWord(), count);
                }
                if (report.Secrets > 0)
                {
                    writer.WriteNumber("secret", report.Secrets);
                }
                writer.WriteEndObject();
                writer.WriteEndObject();
            });
            return ExitCode.Success;
        }
        session.Terminal.Line($"redacted: {Terminal.Clean(destination)}");
        session.Terminal.Line($"  {report.Format}, {(total == 0 ? "nothing replaced" : $"{total} replaced")}");
        foreach (var (kind, count) in report.Counts)
        {
            session.Terminal.Line($"  {kind.ToWord()}: {count}");
        }
        if (report.Secrets > 0)
        {
            session.Terminal.Line($"  secret: {report.Secrets}");
        }
        return ExitCode.Success;
    }
}
