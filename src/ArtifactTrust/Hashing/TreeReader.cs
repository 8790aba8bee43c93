namespace ArtifactTrust.Hashing;

/// <summary>Another way to read the files of a tree than to hash them where they are, as fast as the machine can.</summary>
public abstract class TreeReader
{
    private protected TreeReader() { }

    /// <summary>Reads and hashes files of a tree.</summary>
    /// <returns>A digest and size for each file, in the order given.</returns>
    /// <exception cref="IOException">A file cannot be read, is no regular file, or changed while it was read.</exception>
    internal abstract IReadOnlyList<(Digest Digest, long Size)> Hash(
        FileTree tree,
        IReadOnlyList<TreeFile> files,
        DigestAlgorithm algorithm,
        IProgress<long>? progress,
        CancellationToken cancellation
    );

    /// <summary>Reads and hashes files of a tree in parts of one size.</summary>
    /// <returns>The parts, by file in the order given, then by offset. An empty file has one, which is empty.</returns>
    /// <exception cref="IOException">A file cannot be read, is no regular file, or changed while it was read.</exception>
    internal abstract IReadOnlyList<FileShard> HashShards(
        FileTree tree,
        IReadOnlyList<TreeFile> files,
        DigestAlgorithm algorithm,
        long shardSize,
        IProgress<long>? progress,
        CancellationToken cancellation
    );

    private protected static IOException Changed(string name) =>
        new($"'{name}': the file changed while it was read; try again when nothing writes to it");
}
