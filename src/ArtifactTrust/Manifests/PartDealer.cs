using System.Buffers.Binary;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>
/// Deals the files of a tree to parts: the largest first, in the order of their names where equal, each to the part that has the fewest bytes, then
/// the fewest files, then the lowest number.
/// </summary>
internal sealed class PartDealer : IDisposable
{
    // Sorted as bytes: the size, the largest first, and the file's place. The part that it is said to be of goes with it.
    private const int KeyBytes = sizeof(long) + sizeof(int);
    private const int BlockBytes = 512 << 10;

    private readonly SortedSpool _files = new(sizeof(ushort), BlockBytes);
    private int _count;

    /// <summary>Takes the next file, in code point order of the names.</summary>
    /// <param name="size">Its size in bytes.</param>
    /// <param name="part">What is given back with it.</param>
    internal void Add(long size, int part = 0)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        Span<byte> value = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteInt64BigEndian(key, long.MaxValue - size);
        BinaryPrimitives.WriteInt32BigEndian(key[sizeof(long)..], _count++);
        BinaryPrimitives.WriteUInt16LittleEndian(value, (ushort)part);
        _files.Add(key, value);
    }

    /// <summary>For each file, in the order they are dealt: its place from 0, what was given with it, and the part it falls to, from 1.</summary>
    internal IEnumerable<(int File, int Given, int Part)> Deal(int parts)
    {
        var least = new PriorityQueue<int, (long Bytes, int Files, int Part)>(
            Enumerable.Range(1, parts).Select(part => (part, (0L, 0, part)))
        );
        while (TryTake(out var size, out var file, out var given))
        {
            _ = least.TryDequeue(out var part, out var load);
            least.Enqueue(part, (load.Bytes + size, load.Files + 1, part));
            yield return (file, given, part);
        }
    }

    public void Dispose() => _files.Dispose();

    private bool TryTake(out long size, out int file, out int given)
    {
        if (!_files.TryTake(out var key, out var value))
        {
            (size, file, given) = (0, 0, 0);
            return false;
        }
        size = long.MaxValue - BinaryPrimitives.ReadInt64BigEndian(key);
        file = BinaryPrimitives.ReadInt32BigEndian(key[sizeof(long)..]);
        given = BinaryPrimitives.ReadUInt16LittleEndian(value);
        return true;
    }
}
