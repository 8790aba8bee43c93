using System.Globalization;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Waivers;

/// <summary>Findings that someone accepts for a while, each with a reason and a last day.</summary>
/// <remarks>
/// A file of <c>version: 1</c> and <c>waivers:</c>, YAML of the kind policies are written in, or the same as JSON. A waived finding stays in the report.
/// Nothing is waived in a report with gaps: who accepts what was found does not accept what was not looked at.
/// </remarks>
public sealed class ScanWaivers
{
    private const string FormatName = "waiver file";
    private static readonly string[] Members = ["version", "waivers"];
    private static readonly string[] WaiverMembers = ["id", "purl", "path", "reason", "expires", "approvedBy"];

    private ScanWaivers(IReadOnlyList<ScanWaiver> waivers, string? source)
    {
        Waivers = waivers;
        Source = source;
    }

    /// <summary>The waivers, in the order of the file.</summary>
    public IReadOnlyList<ScanWaiver> Waivers { get; }

    /// <summary>The file, for people.</summary>
    public string? Source { get; }

    /// <summary>Reads a file of waivers.</summary>
    /// <param name="utf8">The text.</param>
    /// <param name="source">The file's name, for reports.</param>
    /// <exception cref="MalformedDataException">It is not of this form; with line and column.</exception>
    public static ScanWaivers Parse(ReadOnlySpan<byte> utf8, string? source = null)
    {
        var root = YamlDocument.Parse(utf8, FormatName);
        root.CheckKeys($"a {FormatName}", Members);
        root.Required("version", $"a {FormatName}").Scalar("version").Integer("version", 1, 1);
        var list = root.Required("waivers", $"a {FormatName}").Sequence("waivers");
        return new ScanWaivers([.. list.Items.Select(Read)], source);
    }

    /// <summary>Applies the waivers to reports of one subject.</summary>
    /// <param name="reports">The reports.</param>
    /// <param name="now">The time that decides which are over.</param>
    public WaivedScans Apply(IReadOnlyList<ScanReport> reports, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(reports);
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        var used = new HashSet<ScanWaiver>();
        var results = new List<ScanReport>();
        foreach (var report in reports)
        {
            var findings = report.Findings.Select(f => Apply(f, today, report.IsComplete, used)).ToList();
            var kept = report.IsComplete
                ? 0
                : report.Findings.Count(f => f.Suppression is null && Waivers.Any(w => !w.IsOver(today) && w.Fits(f)));
            results.Add(
                report with
                {
                    Findings = findings,
                    Notes = kept == 0 ? report.Notes : [.. report.Notes, $"{kept} waivers do not apply, since not everything was examined"],
                }
            );
        }
        return new WaivedScans(
            results,
            [.. Waivers.Where(w => w.IsOver(today))],
            [.. Waivers.Where(w => !w.IsOver(today) && !used.Contains(w))]
        );
    }

    private Finding Apply(Finding finding, DateOnly today, bool isComplete, HashSet<ScanWaiver> used)
    {
        if (finding.Suppression is not null)
        {
            return finding;
        }
        foreach (var waiver in Waivers)
        {
            if (waiver.IsOver(today) || !waiver.Fits(finding))
            {
                continue;
            }
            used.Add(waiver);
            return !isComplete
                ? finding
                : finding with
                {
                    Suppression = new Suppression(SuppressionKind.Waiver, waiver.Reason)
                    {
                        Expires = waiver.Expires,
                        ApprovedBy = waiver.ApprovedBy,
                        Source = Source,
                    },
                };
        }
        return finding;
    }

    private static ScanWaiver Read(YamlValue value)
    {
        const string what = "a waiver";
        var mapping = value.Mapping(what);
        mapping.CheckKeys(what, WaiverMembers);
        var day = mapping.Required("expires", what).Scalar("expires");
        if (!DateOnly.TryParseExact(day.Text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var expires))
        {
            throw day.Malformed($"expires is to be a day such as 2026-12-31, not '{day.Text}'");
        }
        return new ScanWaiver(
            mapping.Required("id", what).Scalar("id").String("id"),
            mapping.Required("reason", what).Scalar("reason").String("reason"),
            expires
        )
        {
            ApprovedBy = mapping["approvedBy"]?.Scalar("approvedBy").String("approvedBy"),
            Purl = Pattern(mapping["purl"], "purl"),
            Path = Pattern(mapping["path"], "path"),
        };
    }

    private static Wildcard? Pattern(YamlValue? value, string what)
    {
        if (value is null)
        {
            return null;
        }
        try
        {
            return Wildcard.Parse(value.Scalar(what).String(what));
        }
        catch (MalformedDataException e) when (e.Format != FormatName)
        {
            throw value.Malformed(e.Reason, e);
        }
    }
}

/// <summary>One accepted finding.</summary>
/// <param name="Id">The finding's identifier, exactly.</param>
/// <param name="Reason">Why it is accepted.</param>
/// <param name="Expires">The last day it is, UTC.</param>
public sealed record ScanWaiver(string Id, string Reason, DateOnly Expires)
{
    /// <summary>Who approved it, where the file says so.</summary>
    public string? ApprovedBy { get; init; }

    internal Wildcard? Purl { get; init; }

    internal Wildcard? Path { get; init; }

    /// <summary>The waiver, for messages.</summary>
    public override string ToString() =>
        Id
        + (Purl is null ? "" : $" for {Purl.Text}")
        + (Path is null ? "" : $" in {Path.Text}")
        + $" until {Expires.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}";

    /// <summary>Whether its last day is before that day.</summary>
    public bool IsOver(DateOnly today) => Expires < today;

    /// <summary>Whether it is about that finding.</summary>
    public bool Fits(Finding finding)
    {
        ArgumentNullException.ThrowIfNull(finding);
        return finding.Id == Id
            && (Purl is null || Purl.Fits(finding.Purl))
            && (Path is null || Path.Fits(finding.Target) || (finding.StartLine is null && Path.Fits(finding.Location)));
    }
}

/// <summary>Reports with waivers applied.</summary>
/// <param name="Reports">The reports; a waived finding has a suppression.</param>
/// <param name="Expired">The waivers that are over and were not applied.</param>
/// <param name="Unused">The waivers that no finding needs.</param>
public sealed record WaivedScans(IReadOnlyList<ScanReport> Reports, IReadOnlyList<ScanWaiver> Expired, IReadOnlyList<ScanWaiver> Unused);
