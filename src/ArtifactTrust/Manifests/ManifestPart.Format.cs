using System.Globalization;
using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

public sealed partial class ManifestPart
{
    private const string Version = "artifact-trust/manifest-part/v1";
    private const int WrittenAtOnce = 64 << 10;

    /// <summary>Reads a part.</summary>
    /// <param name="utf8">What <see cref="WriteTo"/> wrote; the caller disposes of it.</param>
    /// <exception cref="MalformedDataException">It is not one, or is damaged.</exception>
    public static ManifestPart Read(Stream utf8)
    {
        ArgumentNullException.ThrowIfNull(utf8);
        var json = new JsonMemberReader(utf8, FormatName, Limits.ManifestPartBytes);
        if (Text(json.Value("format"), "$.format") != Version)
        {
            throw new MalformedDataException(FormatName, "$.format", $"'{Version}' is expected");
        }
        var part = (int)Number(json.Value("part"), "$.part", 1, MostParts);
        var parts = (int)Number(json.Value("parts"), "$.parts", part, MostParts);
        var name = Text(json.Value("name"), "$.name");
        var tree = Digest.Parse(Text(json.Value("tree"), "$.tree"));
        string[] ignored = [.. json.Elements("ignoredPaths", Limits.ManifestEntries).Select(p => Text(p, "$.ignoredPaths"))];
        var entries = new EntrySpool(DigestAlgorithm.Sha256);
        try
        {
            using var check = CheckOf(part, parts, name, tree, ignored);
            ReadFiles(json, entries, check);
            var (written, computed) = (Digest.Parse(Text(json.Value("check"), "$.check")), check.Finish());
            json.End();
            return written.Equals(computed)
                ? new ManifestPart(part, parts, name, tree, ignored, entries)
                : throw new MalformedDataException(
                    FormatName,
                    "$.check",
                    $"the part was altered: {written} is written in it, {computed} is computed"
                );
        }
        catch
        {
            entries.Dispose();
            throw;
        }
    }

    /// <summary>Writes the part as JSON, some of it at a time.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteString("format", Version);
        writer.WriteNumber("part", Part);
        writer.WriteNumber("parts", Parts);
        writer.WriteString("name", Name);
        writer.WriteString("tree", Tree.ToString());
        writer.WriteStartArray("ignoredPaths");
        foreach (var path in IgnoredPaths)
        {
            writer.WriteStringValue(path);
        }
        writer.WriteEndArray();
        using var check = CheckOf(Part, Parts, Name, Tree, IgnoredPaths);
        writer.WriteStartArray("files");
        foreach (var entry in ReadEntries())
        {
            Add(check, entry);
            writer.WriteStartObject();
            writer.WriteString("name", entry.Name);
            writer.WriteString("sha256", entry.Digest.Hex);
            writer.WriteNumber("size", entry.Size);
            writer.WriteEndObject();
            if (writer.BytesPending >= WrittenAtOnce)
            {
                writer.Flush();
            }
        }
        writer.WriteEndArray();
        writer.WriteString("check", check.Finish().ToString());
        writer.WriteEndObject();
    }

    private static void ReadFiles(JsonMemberReader json, EntrySpool entries, LineHash check)
    {
        var index = 0;
        var before = Array.Empty<byte>();
        foreach (var file in json.Elements("files", Limits.ManifestEntries))
        {
            var location = $"$.files[{index++}]";
            StrictJson.CheckMembers(file, FormatName, location, "name", "sha256", "size");
            var entry = new ManifestEntry(
                StrictJson.RequiredString(file, "name", FormatName, location),
                Digest.FromHex(DigestAlgorithm.Sha256, StrictJson.RequiredString(file, "sha256", FormatName, location)),
                file.TryGetProperty("size", out var size)
                    ? Number(size, $"{location}.size", 0, long.MaxValue)
                    : throw new MalformedDataException(FormatName, $"{location}.size", "the member is required")
            );
            var name = Encoding.UTF8.GetBytes(entry.Name);
            if (index > 1 && before.AsSpan().SequenceCompareTo(name) >= 0)
            {
                throw new MalformedDataException(FormatName, location, "the files are not in the order of their names");
            }
            before = name;
            Add(check, entry);
            entries.Add(name, entry.Digest.Bytes, entry.Size);
        }
    }

    private static LineHash CheckOf(int part, int parts, string name, Digest tree, IEnumerable<string> ignored)
    {
        var check = new LineHash();
        check.Add(string.Create(CultureInfo.InvariantCulture, $"{Version} {part}/{parts} {tree} "), name);
        foreach (var path in ignored)
        {
            check.Add("ignored ", path);
        }
        return check;
    }

    private static void Add(LineHash check, ManifestEntry entry) =>
        check.Add(string.Create(CultureInfo.InvariantCulture, $"{entry.Digest.Hex} {entry.Size} "), entry.Name);

    private static string Text(JsonElement json, string location) =>
        json.ValueKind == JsonValueKind.String
            ? json.GetString()!
            : throw new MalformedDataException(FormatName, location, "a string is expected");

    private static long Number(JsonElement json, string location, long least, long most) =>
        json.ValueKind == JsonValueKind.Number && json.TryGetInt64(out var number) && number >= least && number <= most
            ? number
            : throw new MalformedDataException(FormatName, location, $"a whole number from {least} to {most} is expected");
}
