using System.Text;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

public sealed partial class HashedTree
{
    // Files hashed as one run, as in a manifest that is streamed.
    private const int BatchFiles = 8192;
    private const int LargeFiles = 4096;
    private const long LargeBytes = 4 << 20;

    // Nobody has vouched yet for the forms that are expected: they may cost a little work, and no more.
    private const int MostFurther = 3;
    private const long SmallestFurtherShard = 1 << 20;

    private readonly Dictionary<DigestAlgorithm, FileHasher> _hashers = [];

    /// <summary>What was computed of one file: in the form asked for, and in further ones.</summary>
    private readonly record struct HashedFile(IReadOnlyList<byte[]> Digests, long Size, IReadOnlyList<byte[]>[] Further);

    /// <summary>What becomes of the next file: it is taken from an earlier table or from the cache, or else hashed.</summary>
    private readonly record struct Step(int Known, int File, IReadOnlyList<byte[]>? Cached);

    /// <summary>Hashes what was not hashed in the form before.</summary>
    /// <returns>All files that are hashed in it now.</returns>
    private FormTable Hash(ManifestForm form, FileTable files)
    {
        var before = _hashed.GetValueOrDefault(form) ?? new FormTable(form);
        if (before.Files.SameAs(files.Names))
        {
            return before;
        }
        var further = Further(form);
        var (table, tables) = (new FormTable(form), further.Select(f => new FormTable(f)).ToArray());
        var large = HashLarge(form, further, before, files);
        var batch = new List<TreeFile>();
        var steps = new List<Step>();
        for (int i = 0, j = 0; i < before.Files.Count || j < files.Count; )
        {
            var compared = Compare(before.Files, i, files.Names, j);
            var step = compared <= 0 ? new Step(i, 0, null) : new Step(-1, j, Cached(form, files, j));
            steps.Add(step);
            if (step is { Known: < 0, Cached: null })
            {
                batch.Add(new TreeFile(files.Names[j], files[j].Size));
            }
            i += compared <= 0 ? 1 : 0;
            j += compared >= 0 ? 1 : 0;
            if (steps.Count == BatchFiles)
            {
                Flush();
            }
        }
        Flush();
        _hashed[form] = table;
        for (var i = 0; i < tables.Length; i++)
        {
            _hashed[further[i]] = tables[i];
        }
        return table;

        void Flush()
        {
            TreeFile[] missing = [.. batch.Where(f => !large.ContainsKey(f.Name))];
            var hashed = HashFiles(form, further, missing);
            var (next, nextHashed) = (0, 0);
            foreach (var (known, file, cached) in steps)
            {
                if (known >= 0)
                {
                    table.Add(before, known);
                    continue;
                }
                var name = files.Names.Utf8(file);
                if (cached is not null)
                {
                    table.Add(name, cached, files[file].Size);
                    continue;
                }
                var result = large.TryGetValue(batch[next++].Name, out var early) ? early : hashed[nextHashed++];
                table.Add(name, result.Digests, result.Size);
                for (var i = 0; i < tables.Length; i++)
                {
                    tables[i].Add(name, result.Further[i], result.Size);
                }
                Cache?.Add(form, files.Names[file], files[file], table.EntriesOf(table.Files.Count - 1));
            }
            batch.Clear();
            steps.Clear();
        }
    }

    /// <summary>What else is computed while files are read for a form: nothing, unless they are read here, whole, for the first time.</summary>
    private ManifestForm[] Further(ManifestForm form) =>
        Reader is not null || Cache is not null || form != ManifestForm.Default || _hashed.Count > 0
            ? []
            : [.. Expected.Where(e => e != form && e.ShardSize is null or >= SmallestFurtherShard).Distinct().Take(MostFurther)];

    /// <summary>
    /// Of more files than one run those that are large, hashed side by side before all others: one of them in each run would keep all threads
    /// but one waiting.
    /// </summary>
    private Dictionary<string, HashedFile> HashLarge(ManifestForm form, ManifestForm[] further, FormTable before, FileTable files)
    {
        var largest = new PriorityQueue<TreeFile, long>();
        for (var i = 0; files.Count > BatchFiles && Cache is null && i < files.Count; i++)
        {
            if (files[i].Size is var size && size >= LargeBytes && before.Files.Find(files.Names.Utf8(i)) < 0)
            {
                largest.Enqueue(new TreeFile(files.Names[i], size), size);
                if (largest.Count > LargeFiles)
                {
                    largest.Dequeue();
                }
            }
        }
        TreeFile[] chosen = [.. largest.UnorderedItems.Select(l => l.Element)];
        return chosen.Zip(HashFiles(form, further, chosen)).ToDictionary(p => p.First.Name, p => p.Second, StringComparer.Ordinal);
    }

    private HashedFile[] HashFiles(ManifestForm form, ManifestForm[] further, TreeFile[] files)
    {
        if (files.Length == 0)
        {
            return [];
        }
        var results = new HashedFile[files.Length];
        if (form.ShardSize is { } shardSize)
        {
            var shards =
                Reader?.HashShards(tree, files, form.Algorithm, shardSize, progress, cancellation)
                ?? Hasher(form.Algorithm).HashShards(tree, files, shardSize, progress, cancellation);
            var at = 0;
            for (var i = 0; i < files.Length; i++)
            {
                var digests = new List<byte[]>();
                long end = 0;
                for (; at < shards.Count && shards[at].Name == files[i].Name; at++)
                {
                    // An empty file's shard is none here: the clients leave it out.
                    if (shards[at].End > shards[at].Start)
                    {
                        digests.Add(shards[at].Digest.Bytes.ToArray());
                        end = shards[at].End;
                    }
                }
                results[i] = new HashedFile(digests, end, []);
            }
            return results;
        }
        IReadOnlyList<byte[]>[][] others = [];
        var hashed =
            further.Length > 0
                ? Hasher(form.Algorithm)
                    .Hash(
                        tree,
                        files,
                        [.. further.Select(f => new FurtherDigest(f.Algorithm, f.ShardSize))],
                        out others,
                        progress,
                        cancellation
                    )
                : Reader?.Hash(tree, files, form.Algorithm, progress, cancellation)
                    ?? Hasher(form.Algorithm).Hash(tree, files, progress, cancellation);
        for (var i = 0; i < files.Length; i++)
        {
            results[i] = new HashedFile([hashed[i].Digest.Bytes.ToArray()], hashed[i].Size, further.Length > 0 ? others[i] : []);
        }
        return results;
    }

    /// <summary>Throws where bytes of files are not those that were hashed before, in any form.</summary>
    private void ReadAgain(List<TreeFile> files)
    {
        if (files.Count == 0)
        {
            return;
        }
        foreach (var table in _hashed.Values)
        {
            var places = files.ConvertAll(f => table.Files.Find(Encoding.UTF8.GetBytes(f.Name)));
            TreeFile[] hashed = [.. files.Where((_, i) => places[i] >= 0)];
            foreach (var (place, file, again) in places.Where(p => p >= 0).Zip(hashed, HashFiles(table.Form, [], hashed)))
            {
                var entries = table.EntriesOf(place);
                if (entries.Count != again.Digests.Count || entries.Where((e, i) => !e.Digest.Bytes.SequenceEqual(again.Digests[i])).Any())
                {
                    throw Changed($"'{file.Name}' is not what it was");
                }
            }
        }
    }

    /// <summary>One hasher for all runs of a function: it keeps its buffers.</summary>
    private FileHasher Hasher(DigestAlgorithm algorithm)
    {
        if (!_hashers.TryGetValue(algorithm, out var hasher))
        {
            _hashers.Add(algorithm, hasher = new FileHasher(algorithm));
        }
        return hasher;
    }

    private IReadOnlyList<byte[]>? Cached(ManifestForm form, FileTable files, int file)
    {
        if (Cache?.Find(form, files.Names[file], files[file]) is not { } entries)
        {
            return null;
        }
        progress?.Report(files[file].Size);
        return [.. entries.Select(e => e.Digest.Bytes.ToArray())];
    }
}
