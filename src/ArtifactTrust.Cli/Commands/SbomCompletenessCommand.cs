using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Completeness;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>sbom completeness</c>: what an SBOM lacks by published minimum elements.</summary>
internal static class SbomCompletenessCommand
{
    internal static Command Create(Session session)
    {
        var file = new Argument<string>("FILE") { Description = "an SBOM: CycloneDX JSON 1.4 to 1.7" };
        var profile = new Option<string?>("--profile")
        {
            Description = "score by this list alone",
            HelpName = string.Join('|', SbomCompleteness.Profiles),
        };
        profile.AcceptOnlyFromAmong([.. SbomCompleteness.Profiles]);
        var failUnder = FailUnder();
        var verb = new Verb(
            "completeness",
            "Score an SBOM by the minimum elements of NTIA, CISA and G7 and the fields of OWASP's AIBOM, and list what is missing.",
            "artifact-trust sbom completeness model.cdx.json",
            "artifact-trust sbom completeness model.cdx.json --profile g7-ai-2026 --fail-under 60"
        )
        {
            file,
            profile,
            failUnder,
            Options.Output(),
        };
        verb.SetAction(parsed =>
        {
            var path = parsed.GetValue(file)!;
            CliException.RequireFile(path, "SBOM");
            var least = ReadFailUnder(parsed, failUnder);
            return Report(session, EvidenceFiles.ReadBounded(path, Limits.PredicateBytes), least, parsed.GetValue(profile));
        });
        return verb;
    }

    /// <summary>The option that says which score is too low.</summary>
    internal static Option<int?> FailUnder() =>
        new("--fail-under") { Description = "end with 1 where a score is below this number, from 0 to 100", HelpName = "N" };

    /// <summary>The score asked for, or null.</summary>
    /// <exception cref="CliException">It is no score.</exception>
    internal static int? ReadFailUnder(ParseResult parsed, Option<int?> option) =>
        parsed.GetValue(option) is { } least and (< 0 or > 100)
            ? throw CliException.Usage($"--fail-under is a number from 0 to 100, not {least}")
            : parsed.GetValue(option);

    /// <summary>Scores a document and tells of it.</summary>
    internal static int Report(Session session, byte[] utf8, int? failUnder, string? profile)
    {
        var scores = SbomCompleteness.Score(utf8).Where(s => profile is null || s.Id == profile).ToList();
        var failed = scores.Exists(s => s.Score < failUnder);
        var code = failed ? ExitCode.Rejected : ExitCode.Success;
        var terminal = session.Terminal;
        if (terminal.Json)
        {
            terminal.WriteJson(writer => WriteJson(writer, scores, failed, code));
            return code;
        }
        foreach (var score in scores)
        {
            var complete = score.Elements.Count(e => e.Found == e.Applicable);
            terminal.Line(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{score.Score, 4} of 100  {score.Name}: {complete} of {score.Elements.Count} elements"
                )
            );
            if (score.Aibom is { } aibom)
            {
                WriteAibom(terminal, aibom);
            }
            foreach (var element in score.Missing)
            {
                var share = element.Applicable == 1 ? "" : $" ({element.Found} of {element.Applicable} have it)";
                terminal.Line($"  missing  {element.Cluster}: {element.Name}{share} - {element.State}");
            }
        }
        if (failed)
        {
            terminal.Line($"below {failUnder}: {string.Join(", ", scores.Where(s => s.Score < failUnder).Select(s => s.Id))}");
        }
        return code;
    }

    private static void WriteAibom(Terminal terminal, AibomScore aibom)
    {
        var points = aibom.Categories.Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Id} {c.Points} of {c.Maximum}"));
        terminal.Line($"  points   {string.Join(", ", points)}");
        if (aibom.Penalty != 1)
        {
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"  penalty  times {aibom.Penalty} for missing fields"));
        }
        terminal.Line($"  level    {aibom.Level ?? "none"}");
        if (aibom.NotFoundByGenerator.Count > 0)
        {
            terminal.Line(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"  note     the generator's own code gives {aibom.GeneratorScore}: it does not find {string.Join(", ", aibom.NotFoundByGenerator)}"
                )
            );
        }
    }

    private static void WriteJson(Utf8JsonWriter writer, List<ProfileScore> scores, bool failed, int code)
    {
        writer.WriteStartObject();
        Session.WriteHead(writer, "completeness", failed ? "below" : "ok", code);
        writer.WriteStartArray("profiles");
        foreach (var score in scores)
        {
            writer.WriteStartObject();
            writer.WriteString("id", score.Id);
            writer.WriteString("name", score.Name);
            writer.WriteNumber("score", score.Score);
            if (score.Aibom is { } aibom)
            {
                WriteJson(writer, aibom);
            }
            writer.WriteStartArray("elements");
            foreach (var element in score.Elements)
            {
                writer.WriteStartObject();
                writer.WriteString("id", element.Id);
                writer.WriteString("cluster", element.Cluster);
                writer.WriteString("name", element.Name);
                writer.WriteNumber("found", element.Found);
                writer.WriteNumber("applicable", element.Applicable);
                writer.WriteString("state", element.State);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteJson(Utf8JsonWriter writer, AibomScore aibom)
    {
        writer.WriteString("level", aibom.Level);
        writer.WriteNumber("penalty", aibom.Penalty);
        writer.WriteNumber("generatorScore", aibom.GeneratorScore);
        writer.WriteStartArray("notFoundByGenerator");
        foreach (var field in aibom.NotFoundByGenerator)
        {
            writer.WriteStringValue(field);
        }
        writer.WriteEndArray();
        writer.WriteStartArray("categories");
        foreach (var category in aibom.Categories)
        {
            writer.WriteStartObject();
            writer.WriteString("id", category.Id);
            writer.WriteNumber("points", category.Points);
            writer.WriteNumber("maximum", category.Maximum);
            writer.WriteNumber("present", category.Present);
            writer.WriteNumber("total", category.Total);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }
}
