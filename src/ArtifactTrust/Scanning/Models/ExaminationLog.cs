using ArtifactTrust.Formats;
using ArtifactTrust.Scanning.Secrets;

namespace ArtifactTrust.Scanning.Models;

/// <summary>What came up while one file was examined.</summary>
internal sealed class ExaminationLog(ModelScanRules rules)
{
    // Enough of one kind to say so; an archive of 200,000 duplicates is not 200,000 findings.
    private const int EnoughGaps = 100;
    private const int EnoughOfOneRule = 100;

    private readonly List<(ModelImport Import, ModelScanRule? Rule)> _imports = [];
    private readonly List<Oddity> _oddities = [];
    private readonly HashSet<(string, string, string?)> _known = [];
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly List<string> _gaps = [];

    /// <summary>The rules that are applied.</summary>
    internal ModelScanRules Rules => rules;

    /// <summary>Whether something that can hold code was followed to its end.</summary>
    internal bool Examined { get; set; }

    /// <summary>How the examination ended.</summary>
    internal FileScan ToScan(string name, long size, string format)
    {
        var findings = ScanReport.Sort(
            _imports
                .Where(i => i.Rule is not null)
                .Select(i => Found(name, i.Import, i.Rule!))
                .Concat(_oddities.Select(o => Found(name, o)))
        );
        var verdict =
            findings.Count > 0 ? FileVerdict.Findings
            : _gaps.Count > 0 ? FileVerdict.Inconclusive
            : Examined ? FileVerdict.Clean
            : FileVerdict.NotApplicable;
        return new FileScan(
            SecretMask.Of(name),
            size,
            format,
            verdict,
            findings,
            [.. _gaps.Distinct().Select(SecretMask.Of)],
            [.. _imports.Select(i => Masked(i.Import))]
        );
    }

    /// <summary>Keeps what breaks a rule, once for each place and detail.</summary>
    /// <param name="rule">The rule's identifier.</param>
    /// <param name="place">Where.</param>
    /// <param name="detail">What exactly, as the file has it.</param>
    /// <param name="position">The byte in that place, where it is known.</param>
    internal void AddOddity(string rule, Place place, string? detail = null, long? position = null)
    {
        var count = _counts.GetValueOrDefault(rule);
        if (count < EnoughOfOneRule && _known.Add((rule, place.Prefix, detail)))
        {
            _counts[rule] = count + 1;
            var location = position is { } at ? place.At(at) : place.Prefix;
            _oddities.Add(new Oddity(rules[rule], location, detail, position is { } p ? place.Offset(p) : place.Start));
        }
    }

    /// <summary>Keeps something that a file names and that a loader imports, outside of pickles.</summary>
    internal void AddImport(string module, string name, Place place, ModelScanRule? rule, long? position = null)
    {
        if (!_known.Add(("import", module, name)))
        {
            return;
        }
        if (_imports.Count >= Limits.PickleImports)
        {
            AddGap(Place.File, $"more than {Limits.PickleImports} imports");
            return;
        }
        var location = position is { } at ? place.At(at) : place.Prefix;
        var offset = position is { } p ? place.Offset(p) : place.Start;
        _imports.Add((new ModelImport(module, name, location, rule?.Severity) { ByteOffset = offset }, rule));
    }

    /// <summary>Takes over what was found in pickles.</summary>
    internal void Add(PickleEvents events, Place place)
    {
        foreach (var import in events.Imports)
        {
            if (_imports.Count >= Limits.PickleImports)
            {
                AddGap(Place.File, $"more than {Limits.PickleImports} imports");
                break;
            }
            _imports.Add(import);
        }
        _oddities.AddRange(events.Oddities);
        if (events.IsFull)
        {
            AddGap(place, $"more than {Limits.PickleImports} imports");
        }
    }

    /// <summary>Keeps why something could not be examined.</summary>
    internal void AddGap(Place place, string reason)
    {
        if (_gaps.Count < EnoughGaps)
        {
            _gaps.Add(place.Prefix.Length == 0 ? reason : $"{Printable.Text(place.Prefix)}: {reason}");
        }
        else if (_gaps.Count == EnoughGaps)
        {
            _gaps.Add("and more");
        }
    }

    private static ModelImport Masked(ModelImport import) =>
        import with
        {
            Module = SecretMask.Of(import.Module),
            Name = SecretMask.Of(import.Name),
            Location = SecretMask.Of(import.Location),
        };

    private static Finding Found(string name, ModelImport import, ModelScanRule rule) =>
        new(rule.Id, FindingClass.ModelFile, rule.Severity, SecretMask.Of(name))
        {
            Title = $"imports {Printable.Text($"{import.Module}.{import.Name}")}, {rule.Reason}",
            Location = Shown(import.Location),
            ByteOffset = import.ByteOffset,
            PrimaryUrl = rule.Reference,
        };

    private static Finding Found(string name, Oddity oddity) =>
        new(oddity.Rule.Id, FindingClass.ModelFile, oddity.Rule.Severity, SecretMask.Of(name))
        {
            Title = oddity.Detail is null ? oddity.Rule.Reason : $"{oddity.Rule.Reason}: {Printable.Text(oddity.Detail)}",
            Location = Shown(oddity.Location),
            ByteOffset = oddity.ByteOffset,
            PrimaryUrl = oddity.Rule.Reference,
        };

    private static string? Shown(string location) => location.Length == 0 ? null : Printable.Text(location);
}

/// <summary>What breaks a rule and is no import.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Location">The place, in words.</param>
/// <param name="Detail">What exactly, as the file has it.</param>
/// <param name="ByteOffset">The place in the file; null where it is not known.</param>
internal sealed record Oddity(ModelScanRule Rule, string Location, string? Detail, long? ByteOffset);

/// <summary>Text from a file, made fit to be shown.</summary>
internal static class Printable
{
    private const int MaskedCharacters = 16_384;

    /// <summary>The text without secrets, with control characters and other invisible ones replaced, and cut where it is long.</summary>
    internal static string Text(string text)
    {
        const int longest = 200;
        // A secret that is cut is still a part of one.
        text = SecretMask.Of(text.Length <= MaskedCharacters ? text : text[..MaskedCharacters]);
        var shown = text.Length <= longest ? text : $"{text.AsSpan(0, longest)}…";
        return string.Create(
            shown.Length,
            shown,
            static (span, from) =>
            {
                for (var i = 0; i < from.Length; i++)
                {
                    span[i] =
                        char.IsControl(from[i]) || char.GetUnicodeCategory(from[i]) is System.Globalization.UnicodeCategory.Format
                            ? '\uFFFD'
                            : from[i];
                }
            }
        );
    }
}
