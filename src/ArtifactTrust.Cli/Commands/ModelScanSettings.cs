using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Scanning;
using ArtifactTrust.Scanning.Models;

namespace ArtifactTrust.Cli.Commands;

/// <summary>The options of <c>scan</c> about the look into model files.</summary>
internal sealed class ModelScanSettings
{
    private readonly Option<string[]> _rules = new("--model-rules")
    {
        Description = "imports that you deny or allow yourself, a JSON file; may be repeated",
        HelpName = "FILE",
    };

    private readonly Option<string[]> _allow = new("--allow-import")
    {
        Description = "an import that is harmless for you, such as my.models.Net; may be repeated",
        HelpName = "MODULE.NAME",
    };

    private readonly Option<bool> _strict = new("--strict") { Description = "what is on no list is CRITICAL" };

    private readonly Option<string?> _report = new("--model-report")
    {
        Description = $"write the predicate for: attest --type {ModelScanPredicate.Type} (all that was found in model files)",
        HelpName = "FILE",
    };

    internal void AddTo(Command verb)
    {
        foreach (var option in (Option[])[_rules, _allow, _strict, _report])
        {
            verb.Options.Add(option);
        }
    }

    /// <summary>The rules to apply.</summary>
    /// <exception cref="CliException">A file or a name is not of its form.</exception>
    internal ModelScanRules Rules(ParseResult parsed)
    {
        var rules = ModelScanRules.Default;
        foreach (var file in parsed.GetValue(_rules) ?? [])
        {
            try
            {
                rules = rules.With(Read(file));
            }
            catch (MalformedDataException e)
            {
                throw CliException.Usage($"--model-rules '{file}': {e.Location}: {e.Reason}", "see docs/scan.md for the form", e);
            }
        }
        try
        {
            rules = rules.Allowing(parsed.GetValue(_allow) ?? []);
        }
        catch (ArgumentException e)
        {
            throw CliException.Usage(
                $"--allow-import {e.Message.Split(" (Parameter", 2)[0]}",
                "a file of --model-rules can allow what is denied",
                e
            );
        }
        return parsed.GetValue(_strict) ? rules.Strict() : rules;
    }

    /// <summary>Refuses options that have nothing to act on.</summary>
    internal void Check(ParseResult parsed, bool looksIntoFiles)
    {
        if (
            !looksIntoFiles
            && (
                parsed.GetValue(_report) is not null
                || parsed.GetValue(_strict)
                || parsed.GetValue(_rules) is [_, ..]
                || parsed.GetValue(_allow) is [_, ..]
            )
        )
        {
            throw CliException.Usage(
                "--model-rules, --allow-import, --strict and --model-report are of the look into model files, which this scan does not make"
            );
        }
    }

    /// <summary>Writes the report where one was asked for.</summary>
    internal void Write(ParseResult parsed, ModelScanReport? report)
    {
        if (parsed.GetValue(_report) is { } path && report is not null)
        {
            DurableFile.Write(path, ModelScanPredicate.Create(report), replace: true);
        }
    }

    private static byte[] Read(string file)
    {
        CliException.RequireFile(file, "--model-rules file");
        using var stream = File.OpenRead(file);
        StrictJson.CheckLength(stream.Length, "model scan rules", Limits.PolicyBytes);
        var bytes = new byte[(int)stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
