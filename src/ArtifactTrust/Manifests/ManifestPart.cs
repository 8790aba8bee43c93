using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>One machine's share of a directory's manifest: the files that fell to it, with their digests.</summary>
/// <remarks>
/// A file of JSON: <c>format</c>, <c>part</c> (from 1), <c>parts</c>, <c>name</c>, <c>tree</c> (the SHA-256 of the whole listing:
/// sizes, names and ignored paths), <c>ignoredPaths</c>, <c>files</c> and <c>check</c> (a SHA-256 over all before it). The check finds
/// damage; it is no signature, so parts are kept where only those who may hash can write.
/// </remarks>
public sealed class ManifestPart
{
    private const string FormatName = "manifest part";
    private const string Version = "artifact-trust/manifest-part/v1";
    private const int MostParts = 10_000;

    private readonly ManifestEntry[] _entries;

    private ManifestPart(int part, int parts, string name, Digest tree, IReadOnlyList<string> ignoredPaths, ManifestEntry[] entries)
    {
        Part = part;
        Parts = parts;
        Name = name;
        Tree = tree;
        IgnoredPaths = ignoredPaths;
        _entries = entries;
    }

    /// <summary>Which part this is, from 1.</summary>
    public int Part { get; }

    /// <summary>How many there are.</summary>
    public int Parts { get; }

    /// <summary>The directory's name, for people.</summary>
    public string Name { get; }

    /// <summary>The digest of the whole listing: the same for all parts of one run.</summary>
    public Digest Tree { get; }

    /// <summary>The paths that were left out, in code point order.</summary>
    public IReadOnlyList<string> IgnoredPaths { get; }

    /// <summary>The files of this part, in code point order of their names.</summary>
    public IReadOnlyList<ManifestEntry> Entries => _entries;

    /// <summary>Hashes one part of a directory.</summary>
    /// <param name="tree">The directory; every machine has to see the same files in it.</param>
    /// <param name="ignore">The paths left out.</param>
    /// <param name="part">Which part, from 1.</param>
    /// <param name="parts">How many there are, at most 10,000.</param>
    /// <param name="progress">Told the bytes read since the last report.</param>
    /// <param name="cancellation">Stops hashing.</param>
    /// <exception cref="MalformedDataException">The directory holds what cannot be covered.</exception>
    /// <exception cref="IOException">A file cannot be read, or changed since it was listed.</exception>
    public static ManifestPart Hash(
        FileTree tree,
        IgnoreRules ignore,
        int part,
        int parts,
        IProgress<long>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(ignore);
        ArgumentOutOfRangeException.ThrowIfLessThan(part, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(parts, MostParts);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(part, parts);
        var listing = tree.List(ignore);
        var mine = Deal(listing, parts)[part - 1];
        var hashed = new FileHasher(DigestAlgorithm.Sha256).Hash(tree, mine, progress, cancellation);
        var entries = new ManifestEntry[mine.Count];
        for (var i = 0; i < entries.Length; i++)
        {
            if (hashed[i].Size != mine[i].Size)
            {
                throw new IOException($"'{mine[i].Name}': the file changed since it was listed; try again when nothing writes to it");
            }
            entries[i] = new ManifestEntry(mine[i].Name, hashed[i].Digest, hashed[i].Size);
        }
        string[] ignored = [.. ignore.Paths];
        return new ManifestPart(part, parts, tree.Name, TreeDigest(listing.Select(f => (f.Name, f.Size)), ignored), ignored, entries);
    }

    /// <summary>Reads a part.</summary>
    /// <exception cref="MalformedDataException">It is not one, or is damaged.</exception>
    public static ManifestPart Parse(ReadOnlyMemory<byte> utf8)
    {
        var json = StrictJson.Parse(utf8, FormatName, Limits.ManifestPartBytes);
        StrictJson.CheckMembers(json, FormatName, "$", "format", "part", "parts", "name", "tree", "ignoredPaths", "files", "check");
        if (StrictJson.RequiredString(json, "format", FormatName, "$") != Version)
        {
            throw new MalformedDataException(FormatName, "$.format", $"'{Version}' is expected");
        }
        var parts = (int)Number(json, "parts", "$", 1, MostParts);
        var part = (int)Number(json, "part", "$", 1, parts);
        var ignored = StrictJson
            .RequiredArray(json, "ignoredPaths", FormatName, "$", Limits.ManifestEntries)
            .EnumerateArray()
            .Select(p =>
                p.ValueKind == JsonValueKind.String
                    ? p.GetString()!
                    : throw new MalformedDataException(FormatName, "$.ignoredPaths", "strings are expected")
            )
            .ToArray();
        var files = StrictJson.RequiredArray(json, "files", FormatName, "$", Limits.ManifestEntries);
        var entries = new ManifestEntry[files.GetArrayLength()];
        var at = 0;
        foreach (var file in files.EnumerateArray())
        {
            var location = $"$.files[{at}]";
            StrictJson.CheckMembers(file, FormatName, location, "name", "sha256", "size");
            entries[at++] = new ManifestEntry(
                StrictJson.RequiredString(file, "name", FormatName, location),
                Digest.FromHex(DigestAlgorithm.Sha256, StrictJson.RequiredString(file, "sha256", FormatName, location)),
                Number(file, "size", location, 0, long.MaxValue)
            );
        }
        var tree = Digest.Parse(StrictJson.RequiredString(json, "tree", FormatName, "$"));
        var result = new ManifestPart(part, parts, StrictJson.RequiredString(json, "name", FormatName, "$"), tree, ignored, entries);
        var check = Digest.Parse(StrictJson.RequiredString(json, "check", FormatName, "$"));
        return check.Equals(result.Check())
            ? result
            : throw new MalformedDataException(
                FormatName,
                "$.check",
                $"the part was altered: {check} is written in it, {result.Check()} is computed"
            );
    }

    /// <summary>The manifest of the whole directory: the one that hashing it on one machine gives.</summary>
    /// <param name="parts">All parts of one run, in any order.</param>
    /// <exception cref="MalformedDataException">One is missing, is there twice, is of another run, or covers other files than it should.</exception>
    public static FileManifest Merge(IReadOnlyList<ManifestPart> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        if (parts.Count == 0)
        {
            throw new MalformedDataException(FormatName, "$", "there is no part");
        }
        var first = parts[0];
        var seen = new bool[first.Parts];
        foreach (var part in parts)
        {
            if (part.Parts != first.Parts || !part.Tree.Equals(first.Tree) || part.Name != first.Name)
            {
                throw new MalformedDataException(
                    FormatName,
                    $"part {part.Part}/{part.Parts}",
                    $"it is of '{part.Name}' as {part.Tree}, and part {first.Part}/{first.Parts} of '{first.Name}' as {first.Tree}: the files changed, or the options differ"
                );
            }
            if (seen[part.Part - 1])
            {
                throw new MalformedDataException(FormatName, $"part {part.Part}/{part.Parts}", "the part is there twice");
            }
            seen[part.Part - 1] = true;
        }
        if (parts.Count < first.Parts)
        {
            var missing = Enumerable.Range(1, first.Parts).Where(i => !seen[i - 1]).ToList();
            throw new MalformedDataException(
                FormatName,
                "$",
                $"of {first.Parts} parts {missing.Count} are missing: {string.Join(", ", missing.Take(10))}{(missing.Count > 10 ? ", …" : "")}"
            );
        }
        var manifest = new FileManifest(parts.SelectMany(p => p.Entries));
        var listing = manifest.Entries.Select(e => (e.Name, e.Size));
        if (!TreeDigest(listing, first.IgnoredPaths).Equals(first.Tree))
        {
            throw new MalformedDataException(FormatName, "$.tree", "the files of all parts are not those that were listed");
        }
        var dealt = Deal([.. listing.Select(f => new TreeFile(f.Name, f.Size))], first.Parts);
        foreach (var part in parts)
        {
            if (!part.Entries.Select(e => e.Name).SequenceEqual(dealt[part.Part - 1].Select(f => f.Name), StringComparer.Ordinal))
            {
                throw new MalformedDataException(
                    FormatName,
                    $"part {part.Part}/{part.Parts}",
                    "the part covers other files than fall to it"
                );
            }
        }
        return manifest;
    }

    /// <summary>The part as JSON.</summary>
    public byte[] ToBytes()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
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
            writer.WriteStartArray("files");
            foreach (var entry in _entries)
            {
                writer.WriteStartObject();
                writer.WriteString("name", entry.Name);
                writer.WriteString("sha256", entry.Digest.Hex);
                writer.WriteNumber("size", entry.Size);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteString("check", Check().ToString());
            writer.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Deals files to parts: the largest first, each to the part that has the fewest bytes, the lowest number where equal.</summary>
    internal static IReadOnlyList<TreeFile>[] Deal(IReadOnlyList<TreeFile> files, int parts)
    {
        var dealt = Enumerable.Range(0, parts).Select(_ => new List<TreeFile>()).ToArray();
        var least = new PriorityQueue<int, (long Bytes, int Files, int Part)>(Enumerable.Range(0, parts).Select(i => (i, (0L, 0, i))));
        foreach (var file in files.OrderByDescending(f => f.Size).ThenBy(f => f.Name, CodePointOrder.Instance))
        {
            _ = least.TryDequeue(out var part, out var load);
            dealt[part].Add(file);
            least.Enqueue(part, (load.Bytes + file.Size, load.Files + 1, part));
        }
        Array.ForEach(dealt, d => d.Sort((a, b) => CodePointOrder.Instance.Compare(a.Name, b.Name)));
        return dealt;
    }

    private static Digest TreeDigest(IEnumerable<(string Name, long Size)> files, IEnumerable<string> ignored)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, size) in files)
        {
            Line(hash, $"{size} {name}");
        }
        // No size: a file's line begins with a digit.
        foreach (var path in ignored)
        {
            Line(hash, $"ignored {path}");
        }
        return Digest.FromBytes(DigestAlgorithm.Sha256, hash.GetHashAndReset());
    }

    private Digest Check()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Line(hash, $"{Version} {Part}/{Parts} {Tree} {Name}");
        foreach (var path in IgnoredPaths)
        {
            Line(hash, $"ignored {path}");
        }
        foreach (var entry in _entries)
        {
            Line(hash, $"{entry.Digest.Hex} {entry.Size} {entry.Name}");
        }
        return Digest.FromBytes(DigestAlgorithm.Sha256, hash.GetHashAndReset());
    }

    // Each line with its length before it: no text can pass for another.
    private static void Line(IncrementalHash hash, FormattableString text)
    {
        var bytes = Encoding.UTF8.GetBytes(text.ToString(CultureInfo.InvariantCulture));
        hash.AppendData(Encoding.ASCII.GetBytes(bytes.Length.ToString(CultureInfo.InvariantCulture) + ":"));
        hash.AppendData(bytes);
    }

    private static long Number(JsonElement json, string name, string location, long least, long most) =>
        json.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.Number
        && value.TryGetInt64(out var number)
        && number >= least
        && number <= most
            ? number
            : throw new MalformedDataException(FormatName, $"{location}.{name}", $"a whole number from {least} to {most} is expected");
}
