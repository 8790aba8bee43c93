using System.Security.Cryptography;
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

    private StreamedManifest(int count, DigestSet subject, EntrySpool? spool) => (Count, Subject, _spool) = (count, subject, spool);

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
    /// <exception cref="IOException">A file cannot be read, the directory changed while it was, or there is no room for the entries.</exception>
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
        var spool = new EntrySpool(DigestAlgorithm.Sha256);
        var kept = false;
        try
        {
            using var run = new Run(tree, ignore, spool, keepEntries, batchFiles, progress, cancellation);
            var (count, subject) = run.Execute();
            kept = keepEntries;
            return new StreamedManifest(count, subject, kept ? spool : null);
        }
        finally
        {
            if (!kept)
            {
                spool.Dispose();
            }
        }
    }

    /// <summary>Removes the temporary file.</summary>
    public void Dispose() => _spool?.Dispose();

    private sealed class Run(
        FileTree tree,
        IgnoreRules ignore,
        EntrySpool spool,
        bool keepDigests,
        int batchFiles,
        IProgress<long>? progress,
        CancellationToken cancellation
    ) : IDisposable
    {
        private readonly TreeState _state = new(batchFiles / 2);
        private readonly FileHasher _hasher = new(DigestAlgorithm.Sha256);
        private readonly IncrementalHash _root = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly DirectoryHash _names = new();
        private Dictionary<string, (Digest Digest, long Size)> _large = new(StringComparer.Ordinal);

        internal (int Count, DigestSet Subject) Execute()
        {
            int count;
            try
            {
                count = Look();
                foreach (var batch in spool.ReadFiles().Chunk(batchFiles))
                {
                    Hash(batch);
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
            var root = Digest.FromBytes(DigestAlgorithm.Sha256, _root.GetHashAndReset());
            return (count, new DigestSet([new(DigestAlgorithm.Sha256.Name, root.Hex), new(DigestSet.DirHash, _names.Finish().Hex)]));
        }

        public void Dispose()
        {
            _state.Dispose();
            _root.Dispose();
            _names.Dispose();
        }

        // The names of a walk, and what is known of the files of a run, grow old before they are garbage; left to itself, the collector would come
        // when there is as much again. A collection takes some milliseconds, and a run hashes 8,192 files.
        private static void Forget() => GC.Collect();

        /// <summary>Sees what is there, and hashes the largest files where there are more than one run takes.</summary>
        private int Look()
        {
            var largest = new PriorityQueue<TreeFile, long>();
            var total = 0L;
            var walk = tree.Walk(ignore, cancellation);
            while (walk.MoveNext())
            {
                var size = walk.Status.Size;
                total += size;
                _state.Add(walk.Utf8, walk.Status);
                spool.AddFile(walk.Utf8, size);
                if (size >= LargeBytes && (largest.Count < LargeFiles || largest.Peek().Size < size))
                {
                    if (largest.Count == LargeFiles)
                    {
                        largest.Dequeue();
                    }
                    largest.Enqueue(new TreeFile(Encoding.UTF8.GetString(walk.Utf8), size), size);
                }
            }
            _state.End();
            _hasher.Expect(total);
            if (walk.Count > batchFiles)
            {
                TreeFile[] large = [.. largest.UnorderedItems.Select(i => i.Element)];
                var hashed = _hasher.Hash(tree, large, progress, cancellation);
                _large = large.Zip(hashed).ToDictionary(p => p.First.Name, p => p.Second, StringComparer.Ordinal);
                Forget();
            }
            return walk.Count;
        }

        private void Hash(TreeFile[] batch)
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
                _root.AppendData(digest.Bytes);
                _names.Add(Encoding.UTF8.GetBytes(file.Name), digest.Bytes);
                if (keepDigests)
                {
                    spool.AddDigest(digest.Bytes);
                }
            }
        }

        /// <summary>Goes through the files again, which have to be what they were.</summary>
        private void LookAgain()
        {
            _state.Again();
            var walk = tree.Walk(ignore, cancellation);
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
