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
