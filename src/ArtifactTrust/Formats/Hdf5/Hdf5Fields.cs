using System.Buffers.Binary;

namespace ArtifactTrust.Formats.Hdf5;

/// <summary>The fields of a structure, read one after the other.</summary>
/// <param name="file">The file, whose addresses and lengths have a size of its own.</param>
/// <param name="bytes">The structure.</param>
/// <param name="position">Where it begins in the file.</param>
/// <param name="what">What it is, for errors.</param>
internal ref struct Hdf5Fields(Hdf5File file, ReadOnlySpan<byte> bytes, long position, string what)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>How many bytes were read.</summary>
    internal int At { get; private set; }

    /// <summary>Reads bytes.</summary>
    /// <exception cref="MalformedDataException">There are not as many.</exception>
    internal ReadOnlySpan<byte> Bytes(ulong count)
    {
        if (count > (ulong)(_bytes.Length - At))
        {
            throw Malformed("is cut short");
        }
        At += (int)count;
        return _bytes.Slice(At - (int)count, (int)count);
    }

    /// <summary>All bytes that are left.</summary>
    internal ReadOnlySpan<byte> Rest() => Bytes((ulong)(_bytes.Length - At));

    /// <summary>Reads a number of zero to eight bytes, the least significant first.</summary>
    internal ulong Number(int size)
    {
        Span<byte> number = stackalloc byte[sizeof(ulong)];
        number.Clear();
        Bytes((ulong)size).CopyTo(number);
        return BinaryPrimitives.ReadUInt64LittleEndian(number);
    }

    /// <summary>Reads a byte.</summary>
    internal int Byte() => (int)Number(1);

    /// <summary>Reads a length, or another number of that size.</summary>
    internal ulong Length() => Number(file.LengthSize);

    /// <summary>Reads an address; null where there is none.</summary>
    internal long? Address()
    {
        var address = Number(file.OffsetSize);
        return file.IsUndefined(address) ? null : Hdf5File.Resolve(address);
    }

    /// <summary>Reads what a structure begins with: letters, and the version, which is 0 in all that are known.</summary>
    internal void Begin(ReadOnlySpan<byte> signature)
    {
        if (!Bytes((ulong)signature.Length).SequenceEqual(signature))
        {
            throw Malformed("does not begin as one");
        }
        Version(0);
    }

    /// <summary>Reads the version.</summary>
    internal void Version(int known)
    {
        var version = Byte();
        if (version != known)
        {
            throw Malformed($"has the version {version}, which is not known");
        }
    }

    /// <summary>The exception for what is not as the format says.</summary>
    /// <param name="reason">What it is or does.</param>
    internal readonly MalformedDataException Malformed(string reason) => file.Malformed(position, $"{what} {reason}");
}
