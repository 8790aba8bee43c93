using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Transparency;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Cli.Commands;

/// <summary>The options that say how many logs, times and witnesses are asked for.</summary>
internal sealed class ThresholdOptions
{
    private readonly Option<int?> _logs = new("--log-threshold")
    {
        Description = "how many different logs must hold the signature (else one, where the instance has logs)",
        HelpName = "N",
    };

    private readonly Option<int?> _times = new("--time-threshold")
    {
        Description = "how many different sources must have told when the signature was made (else one, for certificates)",
        HelpName = "N",
    };

    private readonly Option<string[]> _witnesses = new("--witness")
    {
        Description =
            "a trusted witness of the logs: a C2SP verifier key (name+id+key), or a file with one a line; may be given several times",
        HelpName = "FILE|KEY",
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<int?> _witnessThreshold = new("--witness-threshold")
    {
        Description = "how many of the witnesses must have cosigned the log's checkpoint (else all of them)",
        HelpName = "N",
    };

    internal void AddTo(Command command)
    {
        foreach (var option in (Option[])[_logs, _times, _witnesses, _witnessThreshold])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Whether anything of it was asked for.</summary>
    internal bool IsGiven(ParseResult parsed) =>
        parsed.GetValue(_logs) is not null
        || parsed.GetValue(_times) is not null
        || parsed.GetValue(_witnessThreshold) is not null
        || parsed.GetValue(_witnesses) is { Length: > 0 };

    /// <summary>The same trust with what was asked for.</summary>
    /// <exception cref="CliException">A number is negative or cannot be reached, or a witness' key cannot be used.</exception>
    internal SigstoreTrust Apply(ParseResult parsed, SigstoreTrust trust)
    {
        var witnesses = (parsed.GetValue(_witnesses) ?? []).SelectMany(Read).ToList();
        var threshold = parsed.GetValue(_witnessThreshold) ?? witnesses.Count;
        if (threshold > witnesses.Count || (witnesses.Count > 0 && threshold < 1))
        {
            throw CliException.Usage(
                $"{threshold} of {witnesses.Count} witnesses cannot be asked for",
                "--witness-threshold is a number from one to that of the witnesses given with --witness"
            );
        }
        try
        {
            return new SigstoreTrust(trust.Root, trust.Identities)
            {
                Subjects = trust.Subjects,
                Clock = trust.Clock,
                IsForModels = trust.IsForModels,
                AllowsAuthorityAsSigner = trust.AllowsAuthorityAsSigner,
                LogThreshold = parsed.GetValue(_logs) ?? trust.LogThreshold,
                TimeThreshold = parsed.GetValue(_times) ?? trust.TimeThreshold,
                Witnesses = witnesses,
                WitnessThreshold = threshold,
            };
        }
        catch (ArgumentException e)
        {
            throw CliException.Usage($"the thresholds cannot be used: {CliException.Reason(e)}", null, e);
        }
    }

    private static IReadOnlyList<NoteKey> Read(string value)
    {
        try
        {
            return SigstoreTrust.ReadWitnesses(
                File.Exists(value)
                    ?
                    [
                        .. System
                            .Text.Encoding.UTF8.GetString(EvidenceFiles.ReadBounded(value, Limits.KeyFileBytes))
                            .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                            .Where(l => !l.StartsWith('#')),
                    ]
                    : [value]
            );
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage(
                $"--witness '{value}' is no file and no witness' key: {e.Reason}",
                "a witness' key is name+id+key, of the type cosignature (C2SP tlog-cosignature)",
                e
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CliException.Usage($"--witness '{value}' cannot be read: {e.Message}", null, e);
        }
    }
}
