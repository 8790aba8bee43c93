using System.Buffers.Binary;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>One machine's share of a directory's manifest: the files that fell to it, with their digests, which are not held in memory.</summary>
/// <remarks>
/// A file of JSON: <c>format</c>, <c>part</c> (from 1), <c>parts</c>, <c>name</c>, <c>tree</c> (the SHA-256 of the whole listing:
/// sizes, names and ignored paths), <c>ignoredPaths</c>, <c>files</c> and <c>check</c> (a SHA-256 over all before it), in this order. The check
/// finds damage; it is no signature, so parts are kept where only those who may hash can write.
/// </remarks>
public sealed partial class ManifestPart : IDisposable
{
    private const string FormatName = "manifest part";
    private const int MostParts = 10_000;

    // What goes with a name while parts are merged: its digest, size and part.
    private const int DigestBytes = 32;
    private const int MergedBytes = DigestBytes + sizeof(long) + sizeof(ushort);
    private const int MergedBlockBytes = 1 << 20;

    private readonly EntrySpool _entries;

    private ManifestPart(int part, int parts, string name, Digest tree, IReadOnlyList<string> ignoredPaths, EntrySpool entries)
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

    /// <summary>The files of this part, in code point order of their names, each read when it is asked for.</summary>
    public IEnumerable<ManifestEntry> ReadEntries() => _entries.Read();

    /// <summary>Removes the temporary file of the entries.</summary>
    public void Dispose() => _entries.Dispose();

    /// <summary>Hashes one part of a directory.</summary>
    /// <param name="tree">The directory; every machine has to see the same files in it.</param>
    /// <param name="ignore">The paths left out.</param>
    /// <param name="part">Which part, from 1.</param>
    /// <param name="parts">How many there are, at most 10,000.</param>
    /// <param name="progress">Told the bytes read since the last report.</param>
    /// <param name="cancellation">Stops hashing.</param>
    /// <exception cref="MalformedDataException">The directory holds what cannot be covered.</exception>
    /// <exception cref="IOException">A file cannot be read, or the directory changed since it was listed.</exception>
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
        using var share = new PartShare(part, parts);
        var entries = StreamedManifest.HashShare(tree, ignore, share, progress, cancellation);
        string[] ignored = [.. ignore.Paths];
        return new ManifestPart(part, parts, tree.Name, share.Listing(ignored), ignored, entries);
    }

    /// <summary>The manifest of the whole directory: the one that hashing it on one machine gives.</summary>
    /// <param name="parts">All parts of one run, in any order. Each is done with when the next is asked for.</param>
    /// <exception cref="MalformedDataException">One is missing, is there twice, is of another run, or covers other files than it should.</exception>
    public static StreamedManifest Merge(IEnumerable<ManifestPart> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        using var files = new SortedSpool(MergedBytes, MergedBlockBytes);
        ManifestPart? first = null;
        bool[] seen = [];
        var count = 0;
        foreach (var part in parts)
        {
            if (first is null)
            {
                (first, seen) = (part, new bool[part.Parts]);
            }
            CheckSameRun(first, part);
            if (seen[part.Part - 1])
            {
                throw new MalformedDataException(FormatName, $"part {part.Part}/{part.Parts}", "the part is there twice");
            }
            seen[part.Part - 1] = true;
            count += part.AddTo(files);
            if (count > Limits.ManifestEntries)
            {
                throw new MalformedDataException(FormatName, "$", $"more than {Limits.ManifestEntries} files in all parts");
            }
        }
        if (first is null)
        {
            throw new MalformedDataException(FormatName, "$", "there is no part");
        }
        CheckComplete(seen);
        return Merge(first, files);
    }

    private static StreamedManifest Merge(ManifestPart first, SortedSpool files)
    {
        using var listing = new ListingHash();
        using var dealer = new PartDealer();
        using var hash = new ManifestHash();
        var entries = new EntrySpool(DigestAlgorithm.Sha256);
        try
        {
            var before = Array.Empty<byte>();
            while (files.TryTake(out var name, out var value))
            {
                if (name.SequenceEqual(before))
                {
                    throw new MalformedDataException(FormatName, Encoding.UTF8.GetString(name), "the name occurs twice");
                }
                before = name.ToArray();
                var digest = value[..DigestBytes];
                var size = BinaryPrimitives.ReadInt64LittleEndian(value[DigestBytes..]);
                listing.Add(name, size);
                dealer.Add(size, BinaryPrimitives.ReadUInt16LittleEndian(value[(DigestBytes + sizeof(long))..]));
                hash.Add(name, digest);
                entries.Add(name, digest, size);
            }
            if (!listing.Finish(first.IgnoredPaths).Equals(first.Tree))
            {
                throw new MalformedDataException(FormatName, "$.tree", "the files of all parts are not those that were listed");
            }
            foreach (var (_, part, owner) in dealer.Deal(first.Parts))
            {
                if (part != owner)
                {
                    throw new MalformedDataException(
                        FormatName,
                        $"part {part}/{first.Parts}",
                        "the part covers other files than fall to it"
                    );
                }
            }
            return new StreamedManifest(hash.Count, hash.Finish(), entries);
        }
        catch
        {
            entries.Dispose();
            throw;
        }
    }

    private static void CheckSameRun(ManifestPart first, ManifestPart part)
    {
        if (part.Parts != first.Parts)
        {
            throw new MalformedDataException(
                FormatName,
                $"part {part.Part}/{part.Parts}",
                $"it is one of {part.Parts} parts, and part {first.Part}/{first.Parts} one of {first.Parts}"
            );
        }
        if (!part.Tree.Equals(first.Tree) || part.Name != first.Name)
        {
            throw new MalformedDataException(
                FormatName,
                $"part {part.Part}/{part.Parts}",
                $"it is of '{part.Name}' as {part.Tree}, and part {first.Part}/{first.Parts} of '{first.Name}' as {first.Tree}: the files changed, or the options differ"
            );
        }
    }

    private static void CheckComplete(bool[] seen)
    {
        var missing = Enumerable.Range(1, seen.Length).Where(i => !seen[i - 1]).ToList();
        if (missing.Count > 0)
        {
            throw new MalformedDataException(
                FormatName,
                "$",
                $"of {seen.Length} parts {missing.Count} are missing: {string.Join(", ", missing.Take(10))}{(missing.Count > 10 ? ", …" : "")}"
            );
        }
    }

    /// <summary>Adds the files to those of other parts.</summary>
    private int AddTo(SortedSpool files)
    {
        var count = 0;
        var value = new byte[MergedBytes];
        foreach (var entry in ReadEntries())
        {
            entry.Digest.Bytes.CopyTo(value);
            BinaryPrimitives.WriteInt64LittleEndian(value.AsSpan(DigestBytes), entry.Size);
            BinaryPrimitives.WriteUInt16LittleEndian(value.AsSpan(DigestBytes + sizeof(long)), (ushort)Part);
            files.Add(Encoding.UTF8.GetBytes(entry.Name), value);
            count++;
        }
        return count;
    }
}
