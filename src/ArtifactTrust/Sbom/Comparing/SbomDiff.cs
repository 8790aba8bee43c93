using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Comparing;

/// <summary>What is different between two SBOMs.</summary>
/// <param name="Added">Components that only the new one has.</param>
/// <param name="Removed">Components that only the old one has.</param>
/// <param name="Changed">Components that both have, and that differ.</param>
/// <remarks>
/// A component is the same where its package URL is, apart from version, qualifiers and subpath; one without a package URL where its type
/// and name are. Of several with one identity, equal ones are paired first, the others in the order of their versions.
/// </remarks>
public sealed record SbomDiff(IReadOnlyList<SbomItem> Added, IReadOnlyList<SbomItem> Removed, IReadOnlyList<SbomChangedItem> Changed)
{
    /// <summary>Whether nothing is different.</summary>
    public bool IsEmpty => Added.Count + Removed.Count + Changed.Count == 0;

    /// <summary>Compares two documents: CycloneDX JSON 1.2 to 1.7 or SPDX 2.2 and 2.3 JSON, each of its own.</summary>
    /// <param name="oldUtf8">The old document.</param>
    /// <param name="newUtf8">The new document.</param>
    /// <exception cref="MalformedDataException">One of them cannot be read.</exception>
    public static SbomDiff Compare(ReadOnlyMemory<byte> oldUtf8, ReadOnlyMemory<byte> newUtf8)
    {
        var before = SbomItems.Read(oldUtf8);
        var after = SbomItems.Read(newUtf8);
        // The formats' words for types are not the same ones.
        var byType = before.Format == after.Format;
        var old = before.Items.ToLookup(i => Identity(i, byType), StringComparer.Ordinal);
        var now = after.Items.ToLookup(i => Identity(i, byType), StringComparer.Ordinal);
        var added = new List<SbomItem>();
        var removed = new List<SbomItem>();
        var changed = new List<SbomChangedItem>();
        foreach (var identity in old.Select(g => g.Key).Union(now.Select(g => g.Key)).Order(CodePointOrder.Instance))
        {
            Pair([.. old[identity]], [.. now[identity]], added, removed, changed);
        }
        return new SbomDiff(added, removed, changed);
    }

    private static void Pair(
        List<SbomItem> old,
        List<SbomItem> now,
        List<SbomItem> added,
        List<SbomItem> removed,
        List<SbomChangedItem> changed
    )
    {
        // Counted, since thousands of components may share one identity.
        var counts = old.GroupBy(Content, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);
        var unmatched = new List<SbomItem>();
        foreach (var item in now)
        {
            if (counts.TryGetValue(Content(item), out var count) && count > 0)
            {
                counts[Content(item)] = count - 1;
            }
            else
            {
                unmatched.Add(item);
            }
        }
        var left = new List<SbomItem>();
        foreach (var item in old)
        {
            if (counts[Content(item)] > 0)
            {
                counts[Content(item)]--;
                left.Add(item);
            }
        }
        left.Sort(ByVersion);
        unmatched.Sort(ByVersion);
        for (var i = 0; i < Math.Max(left.Count, unmatched.Count); i++)
        {
            if (i >= left.Count)
            {
                added.Add(unmatched[i]);
            }
            else if (i >= unmatched.Count)
            {
                removed.Add(left[i]);
            }
            else
            {
                changed.Add(new SbomChangedItem(left[i], unmatched[i], [.. Changes(left[i], unmatched[i])]));
            }
        }
    }

    private static IEnumerable<SbomChange> Changes(SbomItem old, SbomItem now)
    {
        if (old.Version != now.Version)
        {
            yield return new SbomChange("version", old.Version, now.Version);
        }
        if (!old.Licenses.SequenceEqual(now.Licenses))
        {
            yield return new SbomChange("licenses", Joined(old.Licenses), Joined(now.Licenses));
        }
        if (!old.Hashes.SequenceEqual(now.Hashes))
        {
            yield return new SbomChange("hashes", Joined(old.Hashes), Joined(now.Hashes));
        }
    }

    private static string? Joined(IReadOnlyList<string> texts) => texts.Count == 0 ? null : string.Join(", ", texts);

    private static string Content(SbomItem item) =>
        string.Join(
            '\u0001',
            item.Version is null ? "-" : "=" + item.Version,
            string.Join('\u0002', item.Licenses),
            string.Join('\u0002', item.Hashes)
        );

    private static int ByVersion(SbomItem a, SbomItem b) => CodePointOrder.Instance.Compare(a.Version ?? "", b.Version ?? "");

    private static string Identity(SbomItem item, bool byType)
    {
        if (item.Purl is { } purl)
        {
            // package-url: pkg:type/namespace/name@version?qualifiers#subpath; an @ within the name is escaped.
            var end = purl.AsSpan().IndexOfAny('?', '#');
            purl = end < 0 ? purl : purl[..end];
            var version = purl.LastIndexOf('@');
            return version > purl.LastIndexOf('/') ? purl[..version] : purl;
        }
        return byType ? $"{item.Type}\u0001{item.Name}" : $"\u0001{item.Name}";
    }
}
