using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using ArtifactTrust.Cli.Commands;
using ArtifactTrust.Cli.Tools;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys.Hardware;
using ArtifactTrust.Oci;
using ArtifactTrust.Signing;

namespace ArtifactTrust.Cli.Console;

/// <summary>The whole command line: parses, runs one verb, and turns every end into an exit code and a message.</summary>
internal static class CommandLine
{
    private static readonly (string Name, Func<Session, Command> Create)[] Verbs =
    [
        ("keygen", KeygenCommand.Create),
        ("hash", HashCommand.Create),
        ("sign", SignCommand.Create),
        ("attest", AttestCommand.Create),
        ("sbom", SbomCommand.Create),
        ("scan", ScanCommand.Create),
        ("redact", RedactCommand.Create),
        ("verify", VerifyCommand.Create),
        ("watch", WatchCommand.Create),
        ("gate", GateCommand.Create),
        ("inspect", InspectCommand.Create),
        ("push", PushCommand.Create),
        ("pull", PullCommand.Create),
        ("copy", CopyCommand.Create),
        ("save", SaveCommand.Create),
        ("load", LoadCommand.Create),
        ("log", LogCommand.Create),
        ("trust", TrustCommand.Create),
    ];

    /// <summary>Runs one command.</summary>
    /// <param name="args">The command line, without the program.</param>
    /// <param name="terminal">Where it writes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="interruption">The process's signals; null where it is not this command's to heed them.</param>
    /// <returns>The exit code; see <see cref="ExitCode"/>.</returns>
    internal static async Task<int> RunAsync(
        IReadOnlyList<string> args,
        Terminal terminal,
        TimeProvider time,
        Interruption? interruption = null
    )
    {
        var dashes = args.ToList().IndexOf("--");
        IReadOnlyList<string>? trailing = dashes < 0 ? null : [.. args.Skip(dashes + 1)];
        IReadOnlyList<string> own = dashes < 0 ? args : [.. args.Take(dashes)];
        var session = new Session(terminal, time, trailing) { Interruption = interruption };
        var root = CreateRoot(session, own);
        var parsed = root.Parse(own, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var verb = NameOf(parsed.CommandResult);
        terminal.Json = own.SkipWhile(a => a != "--output").Skip(1).FirstOrDefault() == "json" || own.Contains("--output=json");
        var help = parsed.CommandResult.Parent is null ? "see: artifact-trust --help" : $"see: artifact-trust {verb} --help";
        if (!own.Any(IsHelp) && NoOption(parsed) is { } word)
        {
            return session.Fail(
                verb,
                ExitCode.Usage,
                "usage",
                $"there is no option '{word}'",
                $"{help}; what is really called that is written ./{word}"
            );
        }
        if (parsed.Errors.Count > 0 && parsed.Action is null or ParseErrorAction)
        {
            return session.Fail(verb, ExitCode.Usage, "usage", Describe(parsed), help);
        }
        if (Empty(parsed.CommandResult) is { } empty)
        {
            return session.Fail(verb, ExitCode.Usage, "usage", $"{empty} was given an empty value", "is a variable not set?");
        }
        if (trailing is not null && !Session.TakesCommand(verb))
        {
            return session.Fail(verb, ExitCode.Usage, "usage", "only gate and verify take a command after --", help);
        }
        if (trailing is { Count: 0 })
        {
            return session.Fail(verb, ExitCode.Usage, "usage", "there is no command after --", help);
        }
        try
        {
            var configuration = new InvocationConfiguration
            {
                Output = terminal.Output,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(configuration, interruption?.Token ?? CancellationToken.None);
        }
        catch (CliException e)
        {
            return session.Fail(verb, e.ExitCode, e.Code, e.Message, e.Hint);
        }
        catch (MalformedDataException e)
        {
            return session.Fail(verb, ExitCode.Rejected, "malformed", e.Message, null);
        }
        catch (ContentMismatchException e)
        {
            return session.Fail(
                verb,
                ExitCode.Rejected,
                "digest",
                e.Message,
                "nothing of it was used; look at who runs the registry, or what lies before it"
            );
        }
        catch (RegistryException e)
        {
            return session.Fail(verb, ExitCode.CouldNotTell, "registry", e.Message, e.Hint);
        }
        catch (SigningServiceException e) when (e.IsTokenRejected)
        {
            return session.Fail(verb, ExitCode.Rejected, "token", e.Message, e.Hint);
        }
        catch (SigningServiceException e)
        {
            return session.Fail(verb, ExitCode.CouldNotTell, "service", e.Message, e.Hint);
        }
        catch (UnverifiableBundleException e)
        {
            return session.Fail(verb, ExitCode.Rejected, "unverifiable", e.Message, e.Failure.Hint);
        }
        catch (HardwareKeyException e)
        {
            // It could be opened, so what it names is right; it failed when it was to sign.
            return session.Fail(verb, ExitCode.CouldNotTell, "hardware-key", e.Message, e.Hint);
        }
        catch (ScannerException e)
        {
            return session.Fail(verb, ExitCode.CouldNotTell, "scanner", e.Message, e.Hint);
        }
        catch (OperationCanceledException)
        {
            return session.Fail(verb, ExitCode.Interrupted, "interrupted", "stopped before the end; nothing was decided", null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return session.Fail(verb, ExitCode.CouldNotTell, "io", e.Message, null);
        }
        catch (HttpRequestException e)
        {
            return session.Fail(verb, ExitCode.CouldNotTell, "network", e.Message, "is the registry reachable from here?");
        }
        catch (PlatformNotSupportedException e)
        {
            return session.Fail(verb, ExitCode.CouldNotTell, "platform", e.Message, null);
        }
#pragma warning disable CA1031 // The last line of defence: a defect of ours must deny, in one line, and never look like a verdict.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (Environment.GetEnvironmentVariable("ARTIFACT_TRUST_DEBUG") == "1")
            {
                await terminal.Error.WriteLineAsync(e.ToString());
            }
            return session.Fail(
                verb,
                ExitCode.CouldNotTell,
                "internal",
                $"a defect of this tool: {e.GetType().Name}: {e.Message}",
                "please report it with the output of ARTIFACT_TRUST_DEBUG=1"
            );
        }
    }

    /// <summary>The first thing wrong with a command line, on one line. A word that is no verb says more than that a verb is missing.</summary>
    private static string Describe(ParseResult parsed) =>
        parsed.CommandResult.Command.Subcommands.Count > 0 && parsed.UnmatchedTokens is [{ } word, ..] && !word.StartsWith('-')
            ? $"there is no command '{word}'"
            : string.Join(
                ' ',
                parsed.Errors[0].Message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            );

    /// <summary>The whole name of a verb, such as <c>log show</c>: its last word alone may be another verb. Of no verb, the program's.</summary>
    private static string NameOf(CommandResult command) =>
        command.Parent is CommandResult { Parent: not null } above ? $"{NameOf(above)} {command.Command.Name}" : command.Command.Name;

    /// <summary>
    /// A word of a verb that begins like an option and is none; null where there is none. It must not be taken for a subject, nor for the name of a file to
    /// be made.
    /// </summary>
    private static string? NoOption(ParseResult parsed)
    {
        if (parsed.CommandResult.Parent is null)
        {
            // There, that a command is missing says more.
            return null;
        }
        var words = parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens).Select(t => t.Value);
        // What follows a word that is no command is nobody's option.
        var others = parsed.CommandResult.Command.Subcommands.Count > 0 && parsed.UnmatchedTokens is [not ['-', ..], ..];
        return (others ? words : words.Concat(parsed.UnmatchedTokens)).FirstOrDefault(w => w is ['-', not (>= '0' and <= '9'), ..]);
    }

    /// <summary>What has an empty value, which means nothing anywhere and is what a variable that is not set leaves; null where nothing has.</summary>
    private static string? Empty(CommandResult verb) =>
        verb
            .Children.Where(c => c.Tokens.Any(t => t.Value.Length == 0))
            .Select(c =>
                c switch
                {
                    OptionResult o => o.Option.Name,
                    ArgumentResult a => a.Argument.Name,
                    _ => null,
                }
            )
            .FirstOrDefault(n => n is not null);

    private static Command CreateRoot(Session session, IReadOnlyList<string> args)
    {
        const string Description = "Decides whether a machine-learning artifact may be used: hash, sign, attest, scan, verify, gate.";
        // Where the first word names a verb, the others are not made: their options cost every start 10 ms of processor time.
        var create = args.Count == 0 ? null : Array.Find(Verbs, v => v.Name == args[0]).Create;
        if (create is not null && !args.Any(IsHelp))
        {
            // Nor are the options of the root, whose descriptions are read from resources: another 5 ms.
            return new Command(RootCommand.ExecutableName, Description) { create(session) };
        }
        var root = new RootCommand(Description);
        IEnumerable<Func<Session, Command>> verbs =
            create is not null ? [create]
            : args is ["--version"] ? []
            : Verbs.Select(v => v.Create);
        foreach (var verb in verbs)
        {
            root.Subcommands.Add(verb(session));
        }
        foreach (var option in root.Options.OfType<HelpOption>())
        {
            option.Action = new HelpWithExamples((HelpAction)option.Action!);
        }
        return root;
    }

    /// <summary>Whether a word asks for help, in one of the library's spellings or with more behind it.</summary>
    private static bool IsHelp(string word) =>
        word is "/h" or "/?"
        || word.StartsWith("-h", StringComparison.Ordinal)
        || word.StartsWith("-?", StringComparison.Ordinal)
        || word.StartsWith("--help", StringComparison.Ordinal);

    /// <summary>The library's help, with the examples of the verb below it.</summary>
    private sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var code = help.Invoke(parseResult);
            if (parseResult.CommandResult.Command is Verb verb)
            {
                var output = parseResult.InvocationConfiguration.Output;
                output.WriteLine("Examples:");
                foreach (var example in verb.Examples)
                {
                    output.WriteLine($"  {example}");
                }
            }
            return code;
        }
    }
}
