using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>A file, or a shard of one, with two digests.</summary>
/// <param name="Name">The path below the directory; of a shard, with the range of its bytes.</param>
/// <param name="Expected">The digest that was signed.</param>
/// <param name="Actual">The digest of the file as it is.</param>
public sealed record ChangedFile(string Name, Digest Expected, Digest Actual);

/// <summary>What differs between the files that were signed and those that are there, each in code point order.</summary>
/// <param name="Added">Files that were not signed, as they are.</param>
/// <param name="Removed">Signed files that are not there, as they were signed.</param>
/// <param name="Changed">Files whose content is another.</param>
/// <remarks>Where a model was signed in shards, its shards are compared: a longer file is one with shards added.</remarks>
public sealed record ManifestDiff(
    IReadOnlyList<ManifestEntry> Added,
    IReadOnlyList<ManifestEntry> Removed,
    IReadOnlyList<ChangedFile> Changed
)
{
    /// <summary>How many names of each kind the one line of <see cref="ToString"/> has.</summary>
    public const int NamesInText = 3;

    /// <summary>Whether nothing differs.</summary>
    public bool IsEmpty => Added.Count + Removed.Count + Changed.Count == 0;

    /// <summary>Compares two lists of files.</summary>
    /// <param name="expected">What was signed, each name once.</param>
    /// <param name="actual">What is there, each name once.</param>
    public static ManifestDiff Compare(IEnumerable<ManifestEntry> expected, IEnumerable<ManifestEntry> actual)
    {
        if (expected is PackedEntries signed && actual is PackedEntries found && signed.Algorithm == found.Algorithm)
        {
            return Compare(signed, found);
        }
        return CompareByName(expected, actual);
    }

    /// <summary>Goes through both in order of the names, side by side.</summary>
    private static ManifestDiff Compare(PackedEntries expected, PackedEntries actual)
    {
        var (added, removed, changed) = (new List<ManifestEntry>(), new List<ManifestEntry>(), new List<ChangedFile>());
        var (expectedOrder, actualOrder) = (expected.Names.Order(), actual.Names.Order());
        for (int i = 0, j = 0; i < expected.Count || j < actual.Count; )
        {
            var (e, a) = (At(expectedOrder, i, expected.Count), At(actualOrder, j, actual.Count));
            var compared =
                e < 0 ? 1
                : a < 0 ? -1
                : expected.Names.Utf8(e).SequenceCompareTo(actual.Names.Utf8(a));
            if (compared < 0)
            {
                removed.Add(expected[e]);
            }
            else if (compared > 0)
            {
                added.Add(actual[a]);
            }
            else if (!expected.DigestOf(e).SequenceEqual(actual.DigestOf(a)))
            {
                changed.Add(new ChangedFile(expected.Names[e], expected[e].Digest, actual[a].Digest));
            }
            i += compared <= 0 ? 1 : 0;
            j += compared >= 0 ? 1 : 0;
        }
        return new ManifestDiff(added, removed, changed);

        static int At(int[]? order, int place, int count) => place >= count ? -1 : order?[place] ?? place;
    }

    private static ManifestDiff CompareByName(IEnumerable<ManifestEntry> expected, IEnumerable<ManifestEntry> actual)
    {
        var there = actual.ToDictionary(a => a.Name, StringComparer.Ordinal);
        var removed = new List<ManifestEntry>();
        var changed = new List<ChangedFile>();
        foreach (var entry in expected)
        {
            if (!there.Remove(entry.Name, out var found))
            {
                removed.Add(entry);
            }
            else if (!found.Digest.Equals(entry.Digest))
            {
                changed.Add(new ChangedFile(entry.Name, entry.Digest, found.Digest));
            }
        }
        removed.Sort((a, b) => CodePointOrder.Instance.Compare(a.Name, b.Name));
        changed.Sort((a, b) => CodePointOrder.Instance.Compare(a.Name, b.Name));
        return new ManifestDiff([.. there.Values.OrderBy(a => a.Name, CodePointOrder.Instance)], removed, changed);
    }

    /// <summary>Each difference on a line of its own, the first of them: the name with the expected and the actual digest.</summary>
    /// <param name="maximum">How many lines of each kind.</param>
    public IEnumerable<string> Lines(int maximum)
    {
        foreach (var file in Changed.Take(maximum))
        {
            yield return $"changed  {file.Name}: expected {file.Expected}, actual {file.Actual}";
        }
        foreach (var file in Added.Take(maximum))
        {
            yield return $"added    {file.Name}: expected nothing, actual {file.Digest}";
        }
        foreach (var file in Removed.Take(maximum))
        {
            yield return $"removed  {file.Name}: expected {file.Digest}, actual nothing";
        }
        var more = new[] { Changed.Count, Added.Count, Removed.Count }.Sum(n => Math.Max(0, n - maximum));
        if (more > 0)
        {
            yield return $"and {more} more; --output json lists all";
        }
    }

    /// <summary>Counts and the first few names, for one line of a message.</summary>
    public override string ToString()
    {
        var parts = new List<string>();
        Describe("changed", Changed.Select(c => c.Name), Changed.Count);
        Describe("added", Added.Select(a => a.Name), Added.Count);
        Describe("removed", Removed.Select(r => r.Name), Removed.Count);
        return parts.Count == 0 ? "no difference" : string.Join("; ", parts);

        void Describe(string what, IEnumerable<string> names, int count)
        {
            if (count > 0)
            {
                parts.Add($"{count} {what}: {string.Join(", ", names.Take(NamesInText))}{(count > NamesInText ? ", …" : "")}");
            }
        }
    }
}
