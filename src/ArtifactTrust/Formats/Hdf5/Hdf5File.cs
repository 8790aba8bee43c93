using System.Buffers.Binary;

namespace ArtifactTrust.Formats.Hdf5;

/// <summary>An HDF5 file: its superblock, and its bytes by address.</summary>
/// <remarks>
/// Spec: HDF5 File Format Specification 3.0, §II.A. Addresses count from the superblock, where the bytes given here begin; what is not read is
/// said, never passed over.
/// </remarks>
internal sealed class Hdf5File
{
    private const int ChecksumBytes = 4;

    private readonly RandomBytes _bytes;

    /// <summary>Reads the superblock.</summary>
    /// <exception cref="MalformedDataException">It is of a version not known, or damaged.</exception>
    internal Hdf5File(Stream stream)
    {
        _bytes = new RandomBytes(stream, "HDF5", Limits.Hdf5ReadBytes);
        var version = (int)Number(8, 1);
        var sizes = version switch
        {
            0 or 1 => 13,
            2 or 3 => 9,
            _ => throw Malformed(8, $"a superblock of version {version}"),
        };
        (OffsetSize, LengthSize) = ((int)Number(sizes, 1), (int)Number(sizes + 1, 1));
        if (OffsetSize is not (2 or 4 or 8) || LengthSize is not (2 or 4 or 8))
        {
            throw Malformed(sizes, "addresses or lengths of an unusual size");
        }
        // In version 1 the K of indexed storage comes between.
        var addresses = version switch
        {
            0 => 24,
            1 => 28,
            _ => 12,
        };
        if (version >= 2)
        {
            ReadChecked(0, addresses + (4 * OffsetSize) + ChecksumBytes, "the superblock");
        }
        // The base, the extension or the free space, the end, and then the root or, in version 0 and 1, the drivers and the entry of the root.
        // What is written there as the base is passed over, except for the end: libraries count from where the superblock is.
        var (start, end) = (Number(addresses, OffsetSize), Number(addresses + (2 * OffsetSize), OffsetSize));
        if (end > start && end - start > (ulong)_bytes.Length)
        {
            throw Malformed(addresses, $"{end - start} bytes are announced, and {_bytes.Length} are there");
        }
        // Before the root's address is, in an entry, the place of its name, which libraries write as a length.
        Root = Address(addresses + (version < 2 ? (4 * OffsetSize) + LengthSize : 3 * OffsetSize));
    }

    /// <summary>The size of an address, in bytes.</summary>
    internal int OffsetSize { get; }

    /// <summary>The size of a length, in bytes.</summary>
    internal int LengthSize { get; }

    /// <summary>The number of bytes of the file.</summary>
    internal long Length => _bytes.Length;

    /// <summary>Where the header of the root group is.</summary>
    internal long Root { get; }

    /// <summary>Whether an address is the one that says there is none.</summary>
    internal bool IsUndefined(ulong address) => address == (OffsetSize == 8 ? ulong.MaxValue : (1UL << (8 * OffsetSize)) - 1);

    /// <summary>The place in the file of an address that is written in it.</summary>
    internal static long Resolve(ulong address) => (long)Math.Min(address, long.MaxValue / 4);

    /// <summary>Reads bytes.</summary>
    /// <exception cref="MalformedDataException">They are not in the file, or too much of it was read.</exception>
    internal byte[] Read(long position, long count) =>
        count <= Limits.Hdf5HeaderBytes
            ? _bytes.Read(position, (int)count)
            : throw Malformed(position, $"{count} bytes in one piece; at most {Limits.Hdf5HeaderBytes} are read");

    /// <summary>Reads a structure that ends with its checksum.</summary>
    /// <exception cref="MalformedDataException">It is not in the file, or its checksum does not match.</exception>
    internal byte[] ReadChecked(long position, long count, string what)
    {
        var bytes = Read(position, count);
        if (
            bytes.Length < ChecksumBytes
            || JenkinsHash.Compute(bytes.AsSpan(..^ChecksumBytes))
                != BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(^ChecksumBytes..))
        )
        {
            throw Malformed(position, $"the checksum of {what} does not match");
        }
        return bytes;
    }

    /// <summary>Reads a number.</summary>
    internal ulong Number(long position, int size) => _bytes.Number(position, size);

    /// <summary>Reads an address.</summary>
    internal long Address(long position) => Resolve(Number(position, OffsetSize));

    /// <summary>Whether a structure begins with those letters.</summary>
    internal bool Begins(long position, ReadOnlySpan<byte> signature) =>
        _bytes.Read(position, signature.Length).AsSpan().SequenceEqual(signature);

    /// <summary>The exception for what is not as the format says.</summary>
    internal MalformedDataException Malformed(long position, string reason) => _bytes.Malformed(position, reason);
}
