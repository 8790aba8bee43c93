using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>The files of a directory, in code point order of their names, and what the file system said of each: 36 bytes and the name.</summary>
internal sealed class FileTable
{
    private readonly ChunkedList<Packed> _statuses = new();

    /// <summary>The names.</summary>
    internal PackedNames Names { get; private set; } = new();

    internal int Count => Names.Count;

    internal FileStatus this[int index] => _statuses[index].Unpack();

    internal void Add(ReadOnlySpan<byte> name, in FileStatus status)
    {
        Names.Add(name);
        _statuses.Add(new Packed(status));
    }

    /// <summary>Whether a file is what it was.</summary>
    internal bool IsSame(int index, in FileStatus status) => _statuses[index] == new Packed(status);

    /// <summary>Whether nothing but a file's time of the last change of status is another; see <see cref="FileStatus.MayBeSame"/>.</summary>
    internal bool MayBeSame(int index, in FileStatus status)
    {
        var now = new Packed(status);
        return _statuses[index] with { Changed = now.Changed } == now;
    }

    /// <summary>Keeps what a file is now.</summary>
    internal void Renew(int index, in FileStatus status) => _statuses[index] = new Packed(status);

    /// <summary>Takes the names of another list that has the same ones, so that they are in memory once.</summary>
    internal void Share(PackedNames same) => Names = same;

    // Times as nanoseconds that wrap around in some centuries: they are compared and no more.
    private readonly record struct Packed(long Size, ulong Inode, long Modified, long Changed)
    {
        internal Packed(in FileStatus status)
            : this(status.IsRegular ? status.Size : ~status.Size, status.Inode, Pack(status.Modified), Pack(status.Changed)) { }

        internal FileStatus Unpack() => new(Size >= 0, Size >= 0 ? Size : ~Size, Inode, Unpack(Modified), Unpack(Changed));

        private const long PerSecond = 1_000_000_000;

        private static long Pack((long Seconds, uint Nanoseconds) time) => unchecked((time.Seconds * PerSecond) + time.Nanoseconds);

        private static (long, uint) Unpack(long time)
        {
            var nanoseconds = ((time % PerSecond) + PerSecond) % PerSecond;
            return ((time - nanoseconds) / PerSecond, (uint)nanoseconds);
        }
    }
}
