using ArtifactTrust.Hashing.Kernels;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Hashing;

/// <summary>The digest of a part of a file.</summary>
/// <param name="Name">The file's name in its tree.</param>
/// <param name="Start">The offset of the first byte.</param>
/// <param name="End">The offset behind the last byte.</param>
/// <param name="Digest">The digest of these bytes alone.</param>
public sealed record FileShard(string Name, long Start, long End, Digest Digest);

/// <summary>
/// Hashes files: many at once in the lanes of vector registers, large ones as streams of their own, with an amount of memory that
/// depends neither on the files nor on the processors.
/// </summary>
/// <remarks>The digests are the same whatever the processor, the number of workers and the medium; docs/hashing.md explains how.</remarks>
/// <param name="algorithm">The hash function.</param>
/// <param name="workers">How many threads hash; the number of processors where null.</param>
public sealed class FileHasher(DigestAlgorithm algorithm, int? workers = null)
{
    // A subtree of BLAKE3 that one worker hashes: a power of two of chunks.
    private const long SubtreeBytes = 4 << 20;
    private const int MostSubtrees = 1 << 16;

    private readonly HashReserve _reserve = new();
    private readonly int _workers = Math.Max(1, workers ?? Environment.ProcessorCount);

    /// <summary>Says how much will be hashed, where that comes in several calls: what pays for all of it may not pay for one.</summary>
    internal void Expect(long bytes) => _ = HashRates.For(algorithm, bytes, _workers);

    /// <summary>Hashes one file of any size.</summary>
    /// <param name="file">An open regular file; read from its start.</param>
    /// <param name="progress">Told the bytes read since the last report, from the reading threads.</param>
    /// <param name="cancellation">Stops between two reads.</param>
    /// <returns>The digest, and the number of bytes that were hashed.</returns>
    /// <exception cref="IOException">The file cannot be read, or changed while it was.</exception>
    public (Digest Digest, long Size) Hash(SafeFileHandle file, IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        return HashFiles([FileStatus.Of(file).Size], Open, _ => null, false, progress, cancellation)[0];

        SafeFileHandle Open(int index, out FileStatus status)
        {
            status = FileStatus.Of(file);
            return file;
        }
    }

    /// <summary>Several digests of one file, which is read once.</summary>
    /// <param name="file">An open regular file; read from its start.</param>
    /// <param name="algorithms">The hash functions.</param>
    /// <param name="progress">Told the bytes read since the last report.</param>
    /// <param name="cancellation">Stops between two reads.</param>
    /// <returns>The digests, in the order of the functions, and the number of bytes that were hashed.</returns>
    /// <exception cref="IOException">The file cannot be read, or changed while it was.</exception>
    public static (IReadOnlyList<Digest> Digests, long Size) HashOnce(
        SafeFileHandle file,
        IReadOnlyList<DigestAlgorithm> algorithms,
        IProgress<long>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(algorithms);
        var status = FileStatus.Of(file);
        var states = algorithms.Select(a => a.CreateState()).ToArray();
        try
        {
            var buffer = GC.AllocateUninitializedArray<byte>(256 << 10);
            var size = 0L;
            for (int read; size < status.Size; size += read)
            {
                cancellation.ThrowIfCancellationRequested();
                read = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(buffer.Length, status.Size - size)), size);
                if (read == 0)
                {
                    break;
                }
                progress?.Report(read);
                foreach (var state in states)
                {
                    state.Append(buffer.AsSpan(0, read), size + read < status.Size);
                }
            }
            if (size != status.Size || FileStatus.Of(file) != status)
            {
                throw new IOException("the file changed while it was read; try again when nothing writes to it");
            }
            return ([.. states.Select((s, i) => new Digest(algorithms[i], s.Finish()))], size);
        }
        finally
        {
            Array.ForEach(states, s => s.Dispose());
        }
    }

    /// <summary>Hashes files of a tree.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="files">Its files, as listed.</param>
    /// <param name="progress">Told the bytes read since the last report, from the reading threads.</param>
    /// <param name="cancellation">Stops between two reads.</param>
    /// <returns>A digest and size for each file, in the order given.</returns>
    /// <exception cref="IOException">A file cannot be read, is no regular file, or changed while it was read.</exception>
    public IReadOnlyList<(Digest Digest, long Size)> Hash(
        FileTree tree,
        IReadOnlyList<TreeFile> files,
        IProgress<long>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(files);
        return HashFiles(
            [.. files.Select(f => f.Size)],
            (int i, out FileStatus status) => tree.OpenHandle(files[i].Name, out status),
            i => files[i].Name,
            true,
            progress,
            cancellation
        );
    }

    /// <summary>Hashes files of a tree in parts of one size, so that all processors work on one large file.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="files">Its files, as listed.</param>
    /// <param name="shardSize">The size of each part but a file's last, in bytes.</param>
    /// <param name="progress">Told the bytes read since the last report, from the reading threads.</param>
    /// <param name="cancellation">Stops between two reads.</param>
    /// <returns>The parts, by file in the order given, then by offset. An empty file has one, which is empty.</returns>
    /// <exception cref="IOException">A file cannot be read, is no regular file, or changed since it was listed.</exception>
    /// <exception cref="ArgumentException">The parts are more than an array holds.</exception>
    public IReadOnlyList<FileShard> HashShards(
        FileTree tree,
        IReadOnlyList<TreeFile> files,
        long shardSize,
        IProgress<long>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(files);
        return HashShards(files, Open, true, shardSize, progress, cancellation);

        SafeFileHandle Open(int index, out FileStatus status)
        {
            var handle = tree.OpenHandle(files[index].Name, out status);
            if (status.Size != files[index].Size)
            {
                handle.Dispose();
                throw new IOException($"'{files[index].Name}': the file changed since it was listed; try again when nothing writes to it");
            }
            return handle;
        }
    }

    /// <summary>Hashes an open file in parts of one size.</summary>
    /// <inheritdoc cref="HashShards(FileTree, IReadOnlyList{TreeFile}, long, IProgress{long}?, CancellationToken)"/>
    internal IReadOnlyList<FileShard> HashShards(
        SafeFileHandle file,
        string name,
        long shardSize,
        IProgress<long>? progress,
        CancellationToken cancellation
    )
    {
        return HashShards([new TreeFile(name, FileStatus.Of(file).Size)], Open, false, shardSize, progress, cancellation);

        SafeFileHandle Open(int index, out FileStatus status)
        {
            status = FileStatus.Of(file);
            return file;
        }
    }

    private FileShard[] HashShards(
        IReadOnlyList<TreeFile> files,
        OpenFile open,
        bool dispose,
        long shardSize,
        IProgress<long>? progress,
        CancellationToken cancellation
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(shardSize, 1);
        if (files.Sum(f => (f.Size / shardSize) + 1) > Formats.Limits.ManifestEntries)
        {
            throw new ArgumentException($"more than {Formats.Limits.ManifestEntries} shards; take larger ones", nameof(shardSize));
        }
        var items = new List<HashItem>();
        for (var i = 0; i < files.Count; i++)
        {
            for (long start = 0; start == 0 || start < files[i].Size; start += shardSize)
            {
                items.Add(new HashItem(i, start, Math.Min(shardSize, files[i].Size - start)));
            }
        }
        var run = HashRun.Execute(
            algorithm,
            open,
            i => files[i].Name,
            dispose,
            items,
            [.. items.Select(i => i.Length!.Value)],
            files.Count,
            _workers,
            _reserve,
            [],
            progress,
            1,
            cancellation
        );
        return
        [
            .. items.Select(
                (item, i) =>
                    new FileShard(files[item.File].Name, item.Start, item.Start + item.Length!.Value, new Digest(algorithm, run.Values[i]))
            ),
        ];
    }

    /// <summary>Hashes files of a tree in several ways, each file read once.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="files">Its files, as listed.</param>
    /// <param name="kinds">What is computed beside the digest by this hasher's function, which is one of the platform's.</param>
    /// <param name="further">For each file what is computed, in the order of the kinds.</param>
    /// <param name="progress">Told the bytes read since the last report, from the reading threads.</param>
    /// <param name="cancellation">Stops between two reads.</param>
    internal (Digest Digest, long Size)[] Hash(
        FileTree tree,
        IReadOnlyList<TreeFile> files,
        IReadOnlyList<FurtherDigest> kinds,
        out IReadOnlyList<byte[]>[][] further,
        IProgress<long>? progress,
        CancellationToken cancellation
    )
    {
        // Blake3 cuts files into subtrees, which are read by several threads.
        ArgumentOutOfRangeException.ThrowIfEqual(algorithm, DigestAlgorithm.Blake3);
        IReadOnlyList<byte[]>[][] values = [];
        var hashed = HashFiles(
            [.. files.Select(f => f.Size)],
            (int i, out FileStatus status) => tree.OpenHandle(files[i].Name, out status),
            i => files[i].Name,
            true,
            progress,
            cancellation,
            kinds,
            v => values = v
        );
        further = values;
        return hashed;
    }

    private (Digest Digest, long Size)[] HashFiles(
        long[] sizes,
        OpenFile open,
        Func<int, string?> nameOf,
        bool dispose,
        IProgress<long>? progress,
        CancellationToken cancellation,
        IReadOnlyList<FurtherDigest>? further = null,
        Action<IReadOnlyList<byte[]>[][]>? takeFurther = null
    )
    {
        var items = new List<HashItem>(sizes.Length);
        for (var i = 0; i < sizes.Length; i++)
        {
            if (algorithm == DigestAlgorithm.Blake3 && sizes[i] > SubtreeBytes)
            {
                var part = SubtreeBytes;
                for (; sizes[i] / part >= MostSubtrees; part *= 2) { }
                for (long start = 0; start < sizes[i]; start += part)
                {
                    items.Add(new HashItem(i, start, Math.Min(part, sizes[i] - start), Subtree: true));
                }
            }
            else
            {
                items.Add(new HashItem(i, 0, null));
            }
        }
        var run = HashRun.Execute(
            algorithm,
            Open,
            nameOf,
            dispose,
            items,
            [.. items.Select(i => i.Length ?? sizes[i.File])],
            sizes.Length,
            _workers,
            _reserve,
            further ?? [],
            progress,
            1,
            cancellation
        );
        takeFurther?.Invoke(run.Further);
        var results = new (Digest, long)[sizes.Length];
        for (var at = 0; at < items.Count; )
        {
            var (file, first) = (items[at].File, at);
            if (!items[at].Subtree)
            {
                results[file] = (new Digest(algorithm, run.Values[at]), run.Sizes[at]);
                at++;
                continue;
            }
            for (; at < items.Count && items[at].File == file; at++) { }
            var value = new byte[Blake3Lanes.CvBytes];
            Blake3Tree.Combine(run.Values.AsSpan(first, at - first), value);
            results[file] = (new Digest(algorithm, value), sizes[file]);
        }
        return results;

        SafeFileHandle Open(int index, out FileStatus status)
        {
            var handle = open(index, out status);
            // The parts were dealt out by the size that was listed.
            if (algorithm == DigestAlgorithm.Blake3 && Math.Max(status.Size, sizes[index]) > SubtreeBytes && status.Size != sizes[index])
            {
                if (dispose)
                {
                    handle.Dispose();
                }
                throw new IOException($"'{nameOf(index)}': the file changed since it was listed; try again when nothing writes to it");
            }
            return handle;
        }
    }
}
