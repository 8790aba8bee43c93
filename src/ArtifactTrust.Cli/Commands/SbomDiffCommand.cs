using System.CommandLine;
using System.Text.Json;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.Comparing;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>sbom diff</c>: what changed between two SBOMs.</summary>
internal static class SbomDiffCommand
{
    internal static Command Create(Session session)
    {
        var old = new Argument<string>("OLD") { Description = "the SBOM before: CycloneDX JSON, or SPDX 2.3 JSON" };
        var now = new Argument<string>("NEW") { Description = "the SBOM after" };
        var exitZero = new Option<bool>("--exit-zero") { Description = "end with 0 also where something differs" };
        var verb = new Verb(
            "diff",
            "List the components that were added, removed and changed. Ends with 1 where there are any.",
            "artifact-trust sbom diff old.cdx.json new.cdx.json",
            "artifact-trust sbom diff old.cdx.json new.cdx.json --exit-zero --output json"
        )
        {
            old,
            now,
            exitZero,
            Options.Output(),
        };
        verb.SetAction(parsed =>
        {
            var diff = SbomDiff.Compare(Read(parsed.GetValue(old)!), Read(parsed.GetValue(now)!));
            return Report(session, diff, diff.IsEmpty || parsed.GetValue(exitZero) ? ExitCode.Success : ExitCode.Rejected);
        });
        return verb;
    }

    private static byte[] Read(string path) => SbomInput.Read(path, SbomFileFormat.CycloneDxJson, SbomFileFormat.SpdxJson);

    private static int Report(Session session, SbomDiff diff, int code)
    {
        var terminal = session.Terminal;
        if (terminal.Json)
        {
            terminal.WriteJson(writer => WriteJson(writer, diff, code));
            return code;
        }
        terminal.Line(
            diff.IsEmpty ? "same" : $"different: {diff.Added.Count} added, {diff.Removed.Count} removed, {diff.Changed.Count} changed"
        );
        foreach (var item in diff.Added)
        {
            terminal.Line($"  added    {Terminal.Clean(item.ToString())}  {Terminal.Clean(item.Purl ?? item.Type)}");
        }
        foreach (var item in diff.Removed)
        {
            terminal.Line($"  removed  {Terminal.Clean(item.ToString())}  {Terminal.Clean(item.Purl ?? item.Type)}");
        }
        foreach (var item in diff.Changed)
        {
            terminal.Line($"  changed  {Terminal.Clean(item.New.Name)}");
            foreach (var change in item.Changes)
            {
                terminal.Line(
                    $"           {change.Field}: {Terminal.Clean(change.Old ?? "none")} -> {Terminal.Clean(change.New ?? "none")}"
                );
            }
        }
        return code;
    }

    private static void WriteJson(Utf8JsonWriter writer, SbomDiff diff, int code)
    {
        writer.WriteStartObject();
        Session.WriteHead(writer, "sbom diff", diff.IsEmpty ? "same" : "different", code);
        Items("added", diff.Added);
        Items("removed", diff.Removed);
        writer.WriteStartArray("changed");
        foreach (var item in diff.Changed)
        {
            writer.WriteStartObject();
            writer.WriteString("type", item.New.Type);
            writer.WriteString("name", item.New.Name);
            writer.WriteString("purl", item.New.Purl);
            writer.WriteStartObject("changes");
            foreach (var change in item.Changes)
            {
                writer.WriteStartObject(change.Field);
                writer.WriteString("old", change.Old);
                writer.WriteString("new", change.New);
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();

        void Items(string name, IReadOnlyList<SbomItem> items)
        {
            writer.WriteStartArray(name);
            foreach (var item in items)
            {
                writer.WriteStartObject();
                writer.WriteString("type", item.Type);
                writer.WriteString("name", item.Name);
                writer.WriteString("version", item.Version);
                writer.WriteString("purl", item.Purl);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
    }
}
