using System.Buffers.Binary;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Transparency;

/// <summary>The entries of one tile: each a big-endian length of two bytes, then the entry.</summary>
/// <remarks>Spec: C2SP tlog-tiles, "Log entries". Law: <c>Decode(Encode(e), e.Count)</c> equals <c>e</c>.</remarks>
public static class EntryBundle
{
    private const string Format = "entry bundle";
    private const int LengthBytes = 2;

    /// <summary>The longest bundle of a number of entries, in bytes.</summary>
    public static int MaximumBytes(int count) => count * (LengthBytes + Limits.LogEntryBytes);

    /// <summary>Writes entries.</summary>
    /// <exception cref="ArgumentException">An entry is over 65,535 bytes, or there are more than 256.</exception>
    public static byte[] Encode(IReadOnlyList<ReadOnlyMemory<byte>> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(entries.Count, Tile.FullWidth);
        var bytes = new byte[entries.Sum(e => LengthBytes + CheckedLength(e))];
        var rest = bytes.AsSpan();
        foreach (var entry in entries)
        {
            BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)entry.Length);
            entry.Span.CopyTo(rest[LengthBytes..]);
            rest = rest[(LengthBytes + entry.Length)..];
        }
        return bytes;
    }

    /// <summary>Reads exactly <paramref name="count"/> entries, which stay views of <paramref name="bundle"/>.</summary>
    /// <exception cref="MalformedDataException">The bundle ends early, or goes on after the last entry.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Decode(ReadOnlyMemory<byte> bundle, int count)
    {
        var entries = DecodePrefix(bundle, count, out var used);
        return used == bundle.Length
            ? entries
            : throw new MalformedDataException(Format, $"byte {used}", $"{bundle.Length - used} bytes follow the last of {count} entries");
    }

    /// <summary>Reads the first <paramref name="count"/> entries of a bundle that may hold more.</summary>
    /// <exception cref="MalformedDataException">The bundle ends early.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> DecodePrefix(ReadOnlyMemory<byte> bundle, int count) =>
        DecodePrefix(bundle, count, out _);

    private static ReadOnlyMemory<byte>[] DecodePrefix(ReadOnlyMemory<byte> bundle, int count, out int used)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Tile.FullWidth);
        var entries = new ReadOnlyMemory<byte>[count];
        used = 0;
        for (var i = 0; i < count; i++)
        {
            var rest = bundle[used..];
            var length = rest.Length < LengthBytes ? 0 : BinaryPrimitives.ReadUInt16BigEndian(rest.Span);
            if (rest.Length < LengthBytes + length)
            {
                throw new MalformedDataException(Format, $"byte {used}", $"the bundle ends within entry {i} of {count}");
            }
            entries[i] = rest.Slice(LengthBytes, length);
            used += LengthBytes + length;
        }
        return entries;
    }

    private static int CheckedLength(ReadOnlyMemory<byte> entry) =>
        entry.Length <= Limits.LogEntryBytes
            ? entry.Length
            : throw new ArgumentException($"an entry of {entry.Length} bytes; at most {Limits.LogEntryBytes} can be logged");
}
