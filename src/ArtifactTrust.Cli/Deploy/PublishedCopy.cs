using System.Text.Json;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Cli.Deploy;

/// <summary>A copy that was put in place.</summary>
/// <param name="Path">Where.</param>
/// <param name="Counts">What it came from.</param>
internal sealed record PublishedCopy(string Path, CopyCounts Counts)
{
    internal void WriteJson(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("copy");
        writer.WriteString("path", Path);
        writer.WriteNumber("files", Counts.Files);
        writer.WriteNumber("bytes", Counts.Bytes);
        writer.WriteNumber("fromStore", Counts.FromStore);
        writer.WriteNumber("cloned", Counts.Cloned);
        writer.WriteNumber("linked", Counts.Linked);
        writer.WriteEndObject();
    }

    internal void WriteText(Terminal terminal)
    {
        var details = new[] { (Counts.FromStore, "from the store"), (Counts.Cloned, "sharing blocks"), (Counts.Linked, "hard links") };
        terminal.Line(
            $"  copied  {Terminal.Clean(Path)} ({Counts.Files} files, {Counts.Bytes} bytes{string.Concat(details.Where(d => d.Item1 > 0).Select(d => $", {d.Item1} {d.Item2}"))})"
        );
    }
}
