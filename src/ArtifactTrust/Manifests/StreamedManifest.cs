using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>The manifest of a directory by SHA-256 that is not held in memory: for the digests of the whole, and for looking through it once or twice.</summary>
/// <remarks>
/// Law: entries and digests are those of <see cref="HashedTree.Manifest"/>. The directory is walked to see what is there, and once more when all
/// files are hashed: whatever changed, came or went in between is refused. Memory is for the directories on the way to one file and for some
/// thousand files; what was seen of a large directory goes to temporary files without a name.
/// </remarks>
public sealed class StreamedManifest : IDisposable
{
    // Files hashed as one run. The lanes are full for all of it but its end.
    private const int BatchFiles = 8192;

    // Of a tree of more files than one run, these are hashed side by side before all others: one large file in each run would keep all but one thread waiting.
    private const int LargeFiles = 4096;
    private const long LargeBytes = 4 << 20;

    private readonly EntrySpool? _spool;

    internal StreamedManifest(int count, DigestSet subject, EntrySpool? spool) => (Count, Subject, _spool) = (count, subject, spool);

    /// <summary>How many files there are.</summary>
    public int Count { get; }

    /// <summary>The digests that name the directory in statements; see <see cref="FileManifest.Subject"/>.</summary>
    public DigestSet Subject { get; }

    /// <summary>The files, in code point order of their names, each read when it is asked for.</summary>
    /// <exception cref="InvalidOperationException">They were not asked for when the directory was hashed.</exception>
    public IEnumerable<ManifestEntry> ReadEntries() => _spool?.Read() ?? throw new InvalidOperationException("the entries were not kept");

    /// <summary>Hashes a directory.</summary>
    /// <param name="tree">The directory.</param>
    /// <param name="ignore">The paths left out.</param>
    /// <param name="keepEntries">Whether the entries are wanted, and not the digests of the whole alone.</param>
    /// <param name="progress">Told the bytes read since the last report.</param>
    /// <param name="cancellation">Stops hashing.</param>
    /// <exception cref="MalformedDataException">The directory holds a symbolic link, a special file, or too many files.</exception>
    /// <exception cref="IOException">A file cannot be read, or the directory changed while it was.</exception>
    public static StreamedManifest Hash(
        FileTree tree,
        IgnoreRules ignore,
        bool keepEntries = true,
        IProgress<long>? progress = null,
        CancellationToken cancellation = default
    ) => Hash(tree, ignore, keepEntries, BatchFiles, progress, cancellation);

    /// <summary>The same with another number of files in a run.</summary>
    internal static StreamedManifest Hash(
        FileTree tree,
        IgnoreRules ignore,
        bool keepEntries,
        int batchFiles,
        IProgress<long>? progress,
        CancellationToken cancellation
    )
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(ignore);
        var files = new FileSpool();
        var entries = keepEntries ? new EntrySpool(DigestAlgorithm.Sha256, files) : null;
        try
        {
            using var run = new Run(tree, ignore, files, batchFiles, progress, cancellation);
            run.Execute(null, (_, digest, _) => entries?.AddDigest(digest));
            return new StreamedManifest(run.Hash.Count, run.Hash.Finish(), entries);
        }
        catch
        {
            entries?.Dispose();
            throw;
        }
        finally
        {
            if (!keepEntries)
            {
                files.Dispose();
            }
        }
    }

    /// <summary>Hashes the files of a directory that fall to a part.</summary>
    /// <returns>Their entries, in code point order of the names.</returns>
    internal static EntrySpool HashShare(
        FileTree tree,
        IgnoreRules ignore,
        PartShare share,
        IProgress<long>? progress,
        CancellationToken cancellation,
        int batchFiles = BatchFiles
    )
    {
        var entries = new EntrySpool(DigestAlgorithm.Sha256);
        try
        {
            using var files = new FileSpool();
            using var run = new Run(tree, ignore, files, batchFiles, progress, cancellation);
            run.Execute(share, entries.Add);
            return entries;
        }
        catch
        {
            entries.Dispose();
            throw;
        }
    }

    /// <summary>Removes the temporary file.</summary>
    public void Dispose() => _spool?.Dispose();

    private delegate void TakeEntry(ReadOnlySpan<byte> name, ReadOnlySpan<byte> digest, long size);

    private sealed class Run(
        FileTree tree,
        IgnoreRules ignore,
        FileSpool files,
        int batchFiles,
        IProgress<long>? progress,
        CancellationToken cancellation
    ) : IDisposable
    {
        private readonly TreeState _state = new(batchFiles / 2);
        private readonly FileHasher _hasher = new(DigestAlgorithm.Sha256);
        private Dictionary<string, (Digest Digest, long Size)> _large = new(StringComparer.Ordinal);

        /// <summary>The digests of all files that were hashed.</summary>
        internal ManifestHash Hash { get; } = new();

        /// <summary>Hashes the files.</summary>
        /// <param name="share">Which of them; all where null.</param>
        /// <param name="take">Told of each, in code point order of the names.</param>
        internal void Execute(PartShare? share, TakeEntry take)
        {
            try
            {
                var count = Look(share);
                var wanted = share is null ? files.Read() : files.Read().Where((_, place) => share.Has(place));
                foreach (var batch in wanted.Chunk(batchFiles))
                {
                    HashBatch(batch, take);
                    if (count > batchFiles)
                    {
                        Forget();
                    }
                }
                LookAgain();
            }
            catch (FileNotFoundException e)
            {
                throw HashedTree.Changed(tree, $"'{e.FileName}' went away", e);
            }
        }

        public void Dispose()
        {
            _state.Dispose();
            Hash.Dispose();
        }

        // The names of a walk, and what is known of the files of a run, grow old before they are garbage; left to itself, the collector would come
        // when there is as much again. A collection takes some milliseconds, and a run hashes 8,192 files.
        private static void Forget() => GC.Collect();

        /// <summary>Sees what is there, and hashes the largest files where there are more than one run takes.</summary>
        private int Look(PartShare? share)
        {
            var largest = new PriorityQueue<(TreeFile File, int Place), long>();
            var total = 0L;
            using var walk = tree.Walk(ignore, cancellation);
            while (walk.MoveNext())
            {
                var size = walk.Status.Size;
                total += size;
                _state.Add(walk.Utf8, walk.Status);
                share?.Add(walk.Utf8, size);
                files.Add(walk.Utf8, size);
                if (size >= LargeBytes)
                {
                    largest.Enqueue((new TreeFile(Encoding.UTF8.GetString(walk.Utf8), size), walk.Count - 1), size);
                    if (largest.Count > LargeFiles)
                    {
                        largest.Dequeue();
                    }
                }
            }
            _state.End();
            share?.Deal();
            _hasher.Expect(total);
            if (walk.Count > batchFiles)
            {
                TreeFile[] large =
                [
                    .. largest.UnorderedItems.Select(i => i.Element).Where(f => share is null || share.Has(f.Place)).Select(f => f.File),
                ];
                var hashed = _hasher.Hash(tree, large, progress, cancellation);
                _large = large.Zip(hashed).ToDictionary(p => p.First.Name, p => p.Second, StringComparer.Ordinal);
                Forget();
            }
            return walk.Count;
        }

        private void HashBatch(TreeFile[] batch, TakeEntry take)
        {
            var missing = _large.Count == 0 ? batch : [.. batch.Where(f => !_large.ContainsKey(f.Name))];
            var hashed = _hasher.Hash(tree, missing, progress, cancellation);
            var at = 0;
            foreach (var file in batch)
            {
                var (digest, size) = _large.TryGetValue(file.Name, out var known) ? known : hashed[at++];
                if (size != file.Size)
                {
                    throw HashedTree.Changed(tree, $"'{file.Name}' is not what it was");
                }
                var name = Encoding.UTF8.GetBytes(file.Name);
                Hash.Add(name, digest.Bytes);
                take(name, digest.Bytes, size);
            }
        }

        /// <summary>Goes through the files again, which have to be what they were.</summary>
        private void LookAgain()
        {
            _state.Again();
            using var walk = tree.Walk(ignore, cancellation);
            while (walk.MoveNext())
            {
                if (!_state.IsSame(walk.Utf8, walk.Status))
                {
                    throw HashedTree.Changed(
                        tree,
                        $"'{Encoding.UTF8.GetString(walk.Utf8)}', or a file shortly before it, is not what it was, or files came or went"
                    );
                }
            }
            if (!_state.IsSameEnd())
            {
                throw HashedTree.Changed(tree, "files came or went, or the last are not what they were");
            }
        }
    }
}
