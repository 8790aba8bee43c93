using System.Globalization;
using System.Text.Json;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Sbom.Completeness;

namespace ArtifactTrust.Cli.Commands;

/// <summary>How the scores of an SBOM are handed over.</summary>
internal static class SbomCompletenessReport
{
    /// <summary>Scores a document and tells of it.</summary>
    /// <param name="session">The session.</param>
    /// <param name="utf8">The document.</param>
    /// <param name="failUnder">The score below which it is refused; null for none.</param>
    /// <param name="profile">The only list to score by; null for all.</param>
    internal static int Written(Session session, byte[] utf8, int? failUnder, string? profile)
    {
        var scores = SbomCompleteness.Score(utf8).Where(s => profile is null || s.Id == profile).ToList();
        var below = scores.Where(s => s.Score < failUnder).Select(s => s.Id).ToList();
        var code = below.Count > 0 ? ExitCode.Rejected : ExitCode.Success;
        var terminal = session.Terminal;
        if (terminal.Json)
        {
            terminal.WriteJson(writer =>
            {
                writer.WriteStartObject();
                Session.WriteHead(writer, "sbom completeness", below.Count > 0 ? "below" : "ok", code);
                writer.WriteStartArray("profiles");
                scores.ForEach(s => WriteJson(writer, s));
                writer.WriteEndArray();
                writer.WriteEndObject();
            });
            return code;
        }
        scores.ForEach(s => WriteText(terminal, s));
        if (below.Count > 0)
        {
            terminal.Line($"below {failUnder}: {string.Join(", ", below)}");
        }
        return code;
    }

    private static void WriteText(Terminal terminal, ProfileScore score)
    {
        var complete = score.Elements.Count(e => e.Found == e.Applicable);
        terminal.Line(Text($"{score.Score, 4} of 100  {score.Name}: {complete} of {score.Elements.Count} elements"));
        if (score.Aibom is { } aibom)
        {
            terminal.Line($"  points   {string.Join(", ", aibom.Categories.Select(c => Text($"{c.Id} {c.Points} of {c.Maximum}")))}");
            if (aibom.Penalty != 1)
            {
                terminal.Line(Text($"  penalty  times {aibom.Penalty} for missing fields"));
            }
            terminal.Line($"  level    {aibom.Level ?? "none"}");
            if (aibom.NotFoundByGenerator.Count > 0)
            {
                var fields = string.Join(", ", aibom.NotFoundByGenerator);
                terminal.Line(Text($"  note     the generator's own code gives {aibom.GeneratorScore}: it does not find {fields}"));
            }
        }
        foreach (var element in score.Missing)
        {
            var share = element.Applicable == 1 ? "" : $" ({element.Found} of {element.Applicable} have it)";
            terminal.Line($"  missing  {element.Cluster}: {element.Name}{share} - {element.State}");
        }
    }

    private static void WriteJson(Utf8JsonWriter writer, ProfileScore score)
    {
        writer.WriteStartObject();
        writer.WriteString("id", score.Id);
        writer.WriteString("name", score.Name);
        writer.WriteNumber("score", score.Score);
        if (score.Aibom is { } aibom)
        {
            writer.WriteString("level", aibom.Level);
            writer.WriteNumber("penalty", aibom.Penalty);
            writer.WriteNumber("generatorScore", aibom.GeneratorScore);
            writer.WriteStrings("notFoundByGenerator", aibom.NotFoundByGenerator);
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

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
