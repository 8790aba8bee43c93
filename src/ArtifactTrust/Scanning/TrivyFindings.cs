using System.Text.Json;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning;

/// <summary>Reads the findings of one result of a Trivy report: each list is read whatever class the result says it has.</summary>
internal static class TrivyFindings
{
    private const string FormatName = "Trivy report";

    internal static IEnumerable<Finding> Read(JsonElement result, string location)
    {
        var target = TrivyReport.Text(result, "Target", location) ?? "";
        return
        [
            .. Each(result, "Vulnerabilities", location, (v, l) => Vulnerability(v, target, l)),
            .. Each(result, "Misconfigurations", location, (m, l) => Misconfiguration(m, target, l)),
            .. Each(result, "Secrets", location, (s, l) => Secret(s, target, l)),
            .. Each(result, "Licenses", location, (i, l) => License(i, target, l)),
        ];
    }

    /// <summary>The findings that Trivy left out, and why: what a VEX document says is nothing is still shown.</summary>
    /// <remarks>Only vulnerabilities are told with their content here; of others Trivy says the same way that they were left out.</remarks>
    internal static IEnumerable<Finding> ReadSuppressed(JsonElement result, string location)
    {
        var target = TrivyReport.Text(result, "Target", location) ?? "";
        return
        [
            .. Each(
                result,
                "ExperimentalModifiedFindings",
                location,
                (item, at) =>
                {
                    var finding = TrivyReport.Object(item, "Finding", at);
                    var read =
                        TrivyReport.Text(item, "Type", at) == "vulnerability" && finding.ValueKind == JsonValueKind.Object
                            ? Vulnerability(finding, target, $"{at}.Finding")
                            : new Finding("(unnamed)", FindingClass.Unknown, Severity.Unknown, target);
                    return read with
                    {
                        Suppression = new Suppression(SuppressionKind.Vex, TrivyReport.Text(item, "Statement", at) ?? "")
                        {
                            Status = TrivyReport.Text(item, "Status", at),
                            Source = TrivyReport.Text(item, "Source", at),
                        },
                    };
                }
            ),
        ];
    }

    /// <summary>The number, where the value is one that fits.</summary>
    internal static bool TryGetInt32OrNone(this JsonElement value, out int number)
    {
        number = 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out number);
    }

    private static IEnumerable<Finding> Each(JsonElement result, string name, string location, Func<JsonElement, string, Finding?> read)
    {
        var index = 0;
        foreach (var item in TrivyReport.Items(result, name, location))
        {
            var at = $"{location}.{name}[{index++}]";
            TrivyReport.RequireObject(item, at);
            if (read(item, at) is { } finding)
            {
                yield return finding;
            }
        }
    }

    private static Finding Vulnerability(JsonElement json, string target, string location)
    {
        var identifier = TrivyReport.Object(json, "PkgIdentifier", location);
        var path = TrivyReport.Text(json, "PkgPath", location);
        return new Finding(Id(json, "VulnerabilityID", location), FindingClass.Vulnerability, SeverityOf(json, location), target)
        {
            Title = TrivyReport.Text(json, "Title", location),
            Package = TrivyReport.Text(json, "PkgName", location),
            Purl = TrivyReport.Text(identifier, "PURL", $"{location}.PkgIdentifier"),
            InstalledVersion = TrivyReport.Text(json, "InstalledVersion", location),
            FixedVersion = TrivyReport.Text(json, "FixedVersion", location) is { Length: > 0 } fix ? fix : null,
            Status = TrivyReport.Text(json, "Status", location),
            SeveritySource = TrivyReport.Text(json, "SeveritySource", location),
            PrimaryUrl = TrivyReport.Text(json, "PrimaryURL", location),
            Scores = Scores(json, location),
            Location = path,
        };
    }

    private static Finding? Misconfiguration(JsonElement json, string target, string location) =>
        TrivyReport.Text(json, "Status", location) is "PASS"
            ? null
            : new Finding(Id(json, "ID", location), FindingClass.Misconfiguration, SeverityOf(json, location), target)
            {
                Title = TrivyReport.Text(json, "Title", location),
                Status = TrivyReport.Text(json, "Status", location),
                PrimaryUrl = TrivyReport.Text(json, "PrimaryURL", location),
            }.At(TrivyReport.Object(json, "CauseMetadata", location));

    // The report masks the secret itself; even so, nothing of the match is carried on.
    private static Finding Secret(JsonElement json, string target, string location) =>
        new Finding(Id(json, "RuleID", location), FindingClass.Secret, SeverityOf(json, location), target)
        {
            Title = TrivyReport.Text(json, "Title", location),
        }.At(json);

    private static Finding License(JsonElement json, string target, string location) =>
        new(Id(json, "Name", location), FindingClass.License, SeverityOf(json, location), target)
        {
            Title = TrivyReport.Text(json, "Category", location) is { } category ? $"licence category {category}" : null,
            Package = TrivyReport.Text(json, "PkgName", location) is { Length: > 0 } package ? package : null,
            PrimaryUrl = TrivyReport.Text(json, "Link", location) is { Length: > 0 } link ? link : null,
            Location = TrivyReport.Text(json, "FilePath", location) is { Length: > 0 } path ? path : null,
        };

    // A finding is never dropped for what it lacks: one without an identifier is still a finding.
    private static string Id(JsonElement json, string name, string location) =>
        TrivyReport.Text(json, name, location) is { Length: > 0 } id ? id : "(unnamed)";

    private static Severity SeverityOf(JsonElement json, string location) =>
        Severities.FromWord(TrivyReport.Text(json, "Severity", location));

    private static Finding At(this Finding finding, JsonElement place)
    {
        if (Line(place, "StartLine") is not { } start)
        {
            return finding;
        }
        return finding with
        {
            Location = $"line {start}",
            StartLine = start,
            EndLine = Line(place, "EndLine") is { } end && end >= start ? end : start,
        };
    }

    private static int? Line(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object
        && json.TryGetProperty(name, out var line)
        && line.TryGetInt32OrNone(out var number)
        && number > 0
            ? number
            : null;

    private static List<SeverityScore> Scores(JsonElement json, string location)
    {
        var scores = new SortedDictionary<string, SeverityScore>(CodePointOrder.Instance);
        var vendors = TrivyReport.Object(json, "VendorSeverity", location);
        if (vendors.ValueKind == JsonValueKind.Object)
        {
            foreach (var vendor in vendors.EnumerateObject())
            {
                // Trivy's numbers are this enumeration's: 0 unknown to 4 critical.
                var severity = vendor.Value.TryGetInt32OrNone(out var n) ? OfNumber(n) : Severity.Unknown;
                var name = TrivyReport.Name(vendor, $"{location}.VendorSeverity");
                scores[name] = new SeverityScore(name, severity);
            }
        }
        var cvss = TrivyReport.Object(json, "CVSS", location);
        if (cvss.ValueKind == JsonValueKind.Object)
        {
            foreach (var source in cvss.EnumerateObject())
            {
                var name = TrivyReport.Name(source, $"{location}.CVSS");
                var at = $"{location}.CVSS.{name}";
                TrivyReport.RequireObject(source.Value, at);
                scores[name] = (scores.GetValueOrDefault(name) ?? new SeverityScore(name, Severity.Unknown)) with
                {
                    CvssV3Score = Number(source.Value, "V3Score", at),
                    CvssV3Vector = TrivyReport.Text(source.Value, "V3Vector", at),
                    CvssV40Score = Number(source.Value, "V40Score", at),
                    CvssV40Vector = TrivyReport.Text(source.Value, "V40Vector", at),
                };
            }
        }
        return [.. scores.Values];
    }

    private static string? Number(JsonElement parent, string name, string location)
    {
        if (!parent.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }
        return value.ValueKind == JsonValueKind.Number
            ? value.GetRawText()
            : throw new MalformedDataException(FormatName, $"{location}.{name}", "a number is expected");
    }

    /// <summary>Trivy's numbers for the severities that vendors give (trivy-db, types.Severity).</summary>
    private static Severity OfNumber(int number) =>
        number switch
        {
            1 => Severity.Low,
            2 => Severity.Medium,
            3 => Severity.High,
            4 => Severity.Critical,
            _ => Severity.Unknown,
        };
}
