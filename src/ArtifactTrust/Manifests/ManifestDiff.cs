using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>A file with two digests.</summary>
/// <param name="Name">The path below the directory.</param>
/// <param name="Expected">The digest that was signed.</param>
/// <param name="Actual">The digest of the file as it is.</param>
public sealed record ChangedFile(string Name, Digest Expected, Digest Actual);

/// <summary>What differs between the files that were signed and those that are there, each in code point order.</summary>
/// <param name="Added">Files that were not signed.</param>
/// <param name="Removed">Signed files that are not there.</param>
/// <param name="Changed">Files whose content is another.</param>
public sealed record ManifestDiff(IReadOnlyList<string> Added, IReadOnlyList<string> Removed, IReadOnlyList<ChangedFile> Changed)
{
    /// <summary>Whether nothing differs.</summary>
    public bool IsEmpty => Added.Count + Removed.Count + Changed.Count == 0;

    /// <summary>Compares two lists of files.</summary>
    /// <param name="expected">What was signed, each name once.</param>
    /// <param name="actual">What is there, each name once.</param>
    public static ManifestDiff Compare(IEnumerable<ManifestEntry> expected, IEnumerable<ManifestEntry> actual)
    {
        var there = actual.ToDictionary(a => a.Name, a => a.Digest, StringComparer.Ordinal);
        var removed = new List<string>();
        var changed = new List<ChangedFile>();
        foreach (var entry in expected)
        {
            if (!there.Remove(entry.Name, out var digest))
            {
                removed.Add(entry.Name);
            }
            else if (!digest.Equals(entry.Digest))
            {
                changed.Add(new ChangedFile(entry.Name, entry.Digest, digest));
            }
        }
        removed.Sort(CodePointOrder.Instance);
        changed.Sort((a, b) => CodePointOrder.Instance.Compare(a.Name, b.Name));
        return new ManifestDiff([.. there.Keys.Order(CodePointOrder.Instance)], removed, changed);
    }

    /// <summary>Counts and the first few names, for one line of a message.</summary>
    public override string ToString()
    {
        var parts = new List<string>();
        Describe("changed", Changed.Select(c => c.Name), Changed.Count);
        Describe("added", Added, Added.Count);
        Describe("removed", Removed, Removed.Count);
        return parts.Count == 0 ? "no difference" : string.Join("; ", parts);

        void Describe(string what, IEnumerable<string> names, int count)
        {
            if (count > 0)
            {
                parts.Add($"{count} {what}: {string.Join(", ", names.Take(3))}{(count > 3 ? ", …" : "")}");
            }
        }
    }
}
