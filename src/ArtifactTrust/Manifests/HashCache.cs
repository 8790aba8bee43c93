using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>Digests of an earlier run over one directory, by what the file system said of each file then. For signing only.</summary>
/// <remarks>
/// An entry is taken where path, size, inode and the times of the last change of content and of status are all the same. A file that was
/// changed shortly before it was hashed gets no entry: it could be changed again within one tick of the file system's clock, and look the
/// same. Whoever can write the cache decides what is signed, so it is as worthy of protection as the directory.
/// </remarks>
public sealed class HashCache
{
    private const string FormatName = "hash cache";
    private const int Version = 1;
    private const int WrittenAtOnce = 64 << 10;

    // Two seconds is the coarsest clock in use (FAT).
    private static readonly TimeSpan Granularity = TimeSpan.FromSeconds(2);

    private readonly Dictionary<(ManifestForm Form, string Name), CachedFile> _read = [];
    private readonly Dictionary<(ManifestForm Form, string Name), CachedFile> _kept = [];
    private readonly TimeProvider _time;

    /// <summary>An empty cache.</summary>
    /// <param name="time">The clock, by which an entry is old enough.</param>
    public HashCache(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
    }

    /// <summary>How many files were not hashed since their digests were here.</summary>
    public int Hits { get; private set; }

    /// <summary>How many files are in what <see cref="WriteTo"/> writes.</summary>
    public int Count => _kept.Count;

    /// <summary>Opens the cache of a directory, an empty one where there is none yet.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tree">The directory.</param>
    /// <param name="ignore">What is left out of it.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="UnauthorizedAccessException">Somebody else can write to the file or its directory, and so choose what is signed.</exception>
    /// <exception cref="IOException">It cannot be read, is no regular file, or would be one of the files that are signed.</exception>
    /// <exception cref="MalformedDataException">It is not a cache.</exception>
    public static HashCache Open(string path, FileTree tree, IgnoreRules ignore, TimeProvider time)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(ignore);
        using var file = OwnFile.TryOpen(path);
        var inside = Path.GetRelativePath(
                Real(tree.Path),
                Path.Join(Real(Path.GetDirectoryName(Path.GetFullPath(path))!), Path.GetFileName(path))
            )
            .Replace(Path.DirectorySeparatorChar, '/');
        if (!Path.IsPathRooted(inside) && inside.Split('/')[0] != ".." && !ignore.Matches(inside))
        {
            throw new IOException("it lies in the directory that is signed, and is written after it was hashed");
        }
        if (file is null)
        {
            return new HashCache(time);
        }
        using var stream = new FileStream(file, FileAccess.Read);
        return Read(stream, tree.Path, time);

        static string Real(string directory) => OperatingSystem.IsLinux() ? LinuxDirectory.RealPath(directory) : directory;
    }

    /// <summary>Writes the cache to a file that nobody else may read or write.</summary>
    /// <param name="path">The file; one that is there is replaced.</param>
    /// <param name="tree">The directory.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Save(string path, FileTree tree)
    {
        ArgumentNullException.ThrowIfNull(tree);
        using var file = DurableFile.Create(path, mode: UnixFileMode.UserRead | UnixFileMode.UserWrite);
        WriteTo(file.Stream, tree.Path);
        file.Commit();
    }

    /// <summary>Reads a cache.</summary>
    /// <param name="utf8">What <see cref="WriteTo"/> wrote; the caller disposes of it.</param>
    /// <param name="directory">The full path of the directory; entries of another one are not taken.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="MalformedDataException">It is not a cache.</exception>
    public static HashCache Read(Stream utf8, string directory, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(utf8);
        var cache = new HashCache(time);
        var json = new JsonMemberReader(utf8, FormatName, Limits.HashCacheBytes);
        if (Number(json.Value("hashCacheVersion"), "$.hashCacheVersion") != Version)
        {
            throw new MalformedDataException(FormatName, "$.hashCacheVersion", $"{Version} is expected");
        }
        var of = json.Value("directory");
        if (of.ValueKind != JsonValueKind.String || of.GetString() != directory)
        {
            return cache;
        }
        // One object for each form, not for each file.
        var forms = new Dictionary<string, ManifestForm>(StringComparer.Ordinal);
        var index = 0;
        foreach (var item in json.Elements("files", Limits.ManifestEntries))
        {
            var at = $"$.files[{index++}]";
            StrictJson.CheckMembers(item, FormatName, at, "form", "name", "status", "digests");
            var text = StrictJson.RequiredString(item, "form", FormatName, at);
            if (!forms.TryGetValue(text, out var form))
            {
                forms.Add(text, form = ParseForm(text, at));
            }
            cache._read[(form, StrictJson.RequiredString(item, "name", FormatName, at))] = ParseFile(item, form, at);
        }
        json.End();
        return cache;
    }

    /// <summary>Writes the digests taken from here or added since, as JSON.</summary>
    /// <param name="utf8">Where to.</param>
    /// <param name="directory">The full path of the directory.</param>
    public void WriteTo(Stream utf8, string directory)
    {
        using var writer = new Utf8JsonWriter(utf8);
        writer.WriteStartObject();
        writer.WriteNumber("hashCacheVersion", Version);
        writer.WriteString("directory", directory);
        writer.WriteStartArray("files");
        foreach (
            var ((form, name), file) in _kept
                .OrderBy(k => k.Key.Name, CodePointOrder.Instance)
                .ThenBy(k => k.Key.Form.ToString(), CodePointOrder.Instance)
        )
        {
            writer.WriteStartObject();
            writer.WriteString("form", form.ToString());
            writer.WriteString("name", name);
            writer.WriteStartArray("status");
            var status = file.Status;
            writer.WriteNumberValue(status.Size);
            writer.WriteNumberValue(unchecked((long)status.Inode));
            writer.WriteNumberValue(status.Modified.Item1);
            writer.WriteNumberValue(status.Modified.Item2);
            writer.WriteNumberValue(status.Changed.Item1);
            writer.WriteNumberValue(status.Changed.Item2);
            writer.WriteEndArray();
            writer.WriteStartArray("digests");
            foreach (var digest in file.Digests)
            {
                writer.WriteStringValue(Convert.ToHexStringLower(digest));
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
            if (writer.BytesPending >= WrittenAtOnce)
            {
                writer.Flush();
            }
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    internal IReadOnlyList<ManifestEntry>? Find(ManifestForm form, string name, FileStatus status)
    {
        if (!_read.TryGetValue((form, name), out var file) || file.Status != status)
        {
            return null;
        }
        Hits++;
        _kept[(form, name)] = file;
        return form.ShardSize is { } size
            ?
            [
                .. file.Digests.Select(
                    (d, i) =>
                    {
                        var (start, end) = (i * size, Math.Min(status.Size, (i + 1) * size));
                        return new ManifestEntry(
                            ManifestForm.ShardName(name, start, end),
                            Digest.FromBytes(form.Algorithm, d),
                            end - start
                        );
                    }
                ),
            ]
            : [new ManifestEntry(name, Digest.FromBytes(form.Algorithm, file.Digests[0]), status.Size)];
    }

    internal void Add(ManifestForm form, string name, FileStatus status, IReadOnlyList<ManifestEntry> entries)
    {
        // The status was taken before the file was read, and the time before that: what had settled by then cannot have changed since and look the same.
        var newest = Math.Max(status.Modified.Item1, status.Changed.Item1);
        if (status.Inode != 0 && newest < Settled)
        {
            _kept[(form, name)] = new CachedFile(status, [.. entries.Select(e => e.Digest.Bytes.ToArray())]);
        }
    }

    /// <summary>Files changed from this second on, as the clock stood when hashing began, get no entry.</summary>
    private long Settled => field == 0 ? field = (_time.GetUtcNow() - Granularity).ToUnixTimeSeconds() : field;

    /// <summary>Fixes the time from which files are too new. Called before the first file is looked at.</summary>
    internal void Begin() => _ = Settled;

    private static ManifestForm ParseForm(string text, string at)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var algorithm = slash < 0 ? null : DigestAlgorithm.FindForModels(text[(slash + 1)..]);
        if (algorithm is not null && text[..slash] == "files")
        {
            return new ManifestForm(algorithm);
        }
        return
            algorithm is not null
            && text.StartsWith("shards:", StringComparison.Ordinal)
            && long.TryParse(
                text.AsSpan(7, slash - 7),
                System.Globalization.NumberStyles.None,
                System.Globalization.CultureInfo.InvariantCulture,
                out var size
            )
            && size > 0
            ? new ManifestForm(algorithm, size)
            : throw new MalformedDataException(FormatName, $"{at}.form", $"'{text}' is no way of hashing known here");
    }

    private static CachedFile ParseFile(JsonElement item, ManifestForm form, string at)
    {
        long[] status =
        [
            .. StrictJson.RequiredArray(item, "status", FormatName, at, 6).EnumerateArray().Select(n => Number(n, $"{at}.status")),
        ];
        if (status.Length != 6)
        {
            throw new MalformedDataException(FormatName, at, "six numbers are expected as the file's status");
        }
        var size = status[0];
        byte[][] digests =
        [
            .. StrictJson
                .RequiredArray(item, "digests", FormatName, at, Limits.ManifestEntries)
                .EnumerateArray()
                .Select(d =>
                    d.ValueKind == JsonValueKind.String
                        ? Digest.FromHex(form.Algorithm, d.GetString()!).Bytes.ToArray()
                        : throw new MalformedDataException(FormatName, at, "digests are expected")
                ),
        ];
        if (size < 0 || digests.Length != form.EntriesOf(size))
        {
            throw new MalformedDataException(FormatName, at, $"{form.EntriesOf(Math.Max(0, size))} digests are expected for {size} bytes");
        }
        return new CachedFile(
            new FileStatus(true, size, unchecked((ulong)status[1]), (status[2], (uint)status[3]), (status[4], (uint)status[5])),
            digests
        );
    }

    private static long Number(JsonElement json, string at) =>
        json.ValueKind == JsonValueKind.Number && json.TryGetInt64(out var value)
            ? value
            : throw new MalformedDataException(FormatName, at, "a whole number is expected");

    private sealed record CachedFile(FileStatus Status, byte[][] Digests);
}
