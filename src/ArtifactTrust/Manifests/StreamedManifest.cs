using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>The manifest of a directory by SHA-256 that is not held in memory: for the digests of the whole, and for looking through it once or twice.</summary>
/// <remarks>
/// Law: entries and digests are those of <see cref="HashedTree.Manifest"/>. The directory is walked first to see what is there, then file by file
/// while it is hashed, and at the end once more: whatever changed, came or went in between is refused. Memory is for the directories on the way to
/// one file and for some thousand files; the entries of a large directory go to a temporary file without a name.
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
        var spool = keepEntries ? new EntrySpool(DigestAlgorithm.Sha256) : null;
        try
        {
            using var run = new Run(tree, ignore, null, spool, batchFiles, progress, cancellation);
            var hash = run.Execute();
            return new StreamedManifest(hash.Count, hash.Finish(), spool);
        }
        catch
        {
            spool?.Dispose();
            throw;
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
        var spool = new EntrySpool(DigestAlgorithm.Sha256);
        try
        {
            using var run = new Run(tree, ignore, share, spool, batchFiles, progress, cancellation);
            run.Execute();
            return spool;
        }
        catch
        {
            spool.Dispose();
            throw;
        }
    }

    /// <summary>Removes the temporary file.</summary>
    public void Dispose() => _spool?.Dispose();

    private sealed class Run(
        FileTree tree,
        IgnoreRules ignore,
        PartShare? share,
        EntrySpool? spool,
        int batchFiles,
        IProgress<long>? progress,
        CancellationToken cancellation
    ) : IDisposable
    {
        private readonly TreeState _state = new(batchFiles / 2);
        private readonly FileHasher _hasher = new(DigestAlgorithm.Sha256);
        private readonly ManifestHash _hash = new();
        private readonly List<TreeFile> _batch = [];
        private Dictionary<string, (Digest Digest, long Size)> _large = new(StringComparer.Ordinal);
        private int _flushed;

        internal ManifestHash Execute()
        {
            var count = Look();
            if (count > batchFiles)
            {
                Forget();
                Walk(Next);
            }
            Flush();
            if (count > batchFiles)
            {
                Forget();
            }
            Walk(null);
            return _hash;
        }

        public void Dispose()
        {
            _state.Dispose();
            _hash.Dispose();
        }

        // The names of a walk, and what is known of the files of a run, grow old before they are garbage; left to itself, the collector would come
        // when there is as much again. A collection takes some milliseconds, and a run hashes 8,192 files.
        private static void Forget() => GC.Collect();

        /// <summary>Sees what is there: all files of a small tree, the largest of others.</summary>
        private int Look()
        {
            var largest = new PriorityQueue<(TreeFile File, int Place), long>();
            var walk = new TreeWalk(tree, ignore);
            while (walk.MoveNext())
            {
                cancellation.ThrowIfCancellationRequested();
                var status = walk.Status();
                _state.Add(walk.Utf8, status);
                share?.Add(walk.Utf8, status.Size);
                if (walk.Count <= batchFiles)
                {
                    _batch.Add(new TreeFile(walk.Name, status.Size));
                }
                if (status.Size >= LargeBytes)
                {
                    largest.Enqueue((new TreeFile(walk.Name, status.Size), walk.Count - 1), status.Size);
                    if (largest.Count > LargeFiles)
                    {
                        largest.Dequeue();
                    }
                }
            }
            _state.End();
            share?.Deal();
            if (walk.Count > batchFiles)
            {
                _batch.Clear();
                TreeFile[] large = [.. largest.UnorderedItems.Where(i => IsWanted(i.Element.Place)).Select(i => i.Element.File)];
                var hashed = _hasher.Hash(tree, large, progress, cancellation);
                _large = large.Zip(hashed).ToDictionary(p => p.First.Name, p => p.Second, StringComparer.Ordinal);
            }
            else
            {
                var place = 0;
                _batch.RemoveAll(_ => !IsWanted(place++));
            }
            return walk.Count;
        }

        private bool IsWanted(int place) => share is null || share.Has(place);

        /// <summary>Goes through the files again, which have to be what they were.</summary>
        private void Walk(Action<TreeFile>? next)
        {
            _state.Again();
            var walk = new TreeWalk(tree, ignore);
            try
            {
                while (walk.MoveNext())
                {
                    cancellation.ThrowIfCancellationRequested();
                    var status = walk.Status();
                    if (!_state.IsSame(walk.Utf8, status))
                    {
                        throw HashedTree.Changed(
                            tree,
                            $"'{walk.Name}', or a file shortly before it, is not what it was, or files came or went"
                        );
                    }
                    if (next is not null && IsWanted(walk.Count - 1))
                    {
                        next(new TreeFile(walk.Name, status.Size));
                    }
                }
            }
            catch (FileNotFoundException e)
            {
                throw HashedTree.Changed(tree, $"'{walk.Name}' went away", e);
            }
            if (!_state.IsSameEnd())
            {
                throw HashedTree.Changed(tree, "files came or went, or the last are not what they were");
            }
        }

        private void Next(TreeFile file)
        {
            _batch.Add(file);
            if (_batch.Count == batchFiles)
            {
                Flush();
            }
        }

        private void Flush()
        {
            TreeFile[] missing = [.. _batch.Where(f => !_large.ContainsKey(f.Name))];
            var hashed = _hasher.Hash(tree, missing, progress, cancellation);
            var at = 0;
            foreach (var file in _batch)
            {
                var (digest, size) = _large.TryGetValue(file.Name, out var known) ? known : hashed[at++];
                var name = Encoding.UTF8.GetBytes(file.Name);
                _hash.Add(name, digest.Bytes);
                spool?.Add(name, digest.Bytes, size);
            }
            _batch.Clear();
            if (++_flushed > 1)
            {
                Forget();
            }
        }
    }
}
