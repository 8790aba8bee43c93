using System.Buffers.Binary;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>A member of a zip archive, as the central directory describes it, checked against the header before its data.</summary>
/// <param name="Name">The name, as the central directory has it.</param>
/// <param name="Method">The compression method.</param>
/// <param name="SaysEncrypted">Whether a flag of either header says that the data is encrypted.</param>
/// <param name="Start">Where the header before the data begins.</param>
/// <param name="DataStart">Where the data begins.</param>
/// <param name="CompressedSize">The data's size in the archive, in bytes.</param>
/// <param name="Size">The size after decompression, in bytes, as the archive says.</param>
/// <param name="Crc">The CRC-32 of what comes out, as the archive says; null where it stands behind the data of a member that no directory lists.</param>
/// <param name="IsDuplicate">Whether an entry before has the same name.</param>
/// <param name="Disagreement">In what the two headers disagree; null where they agree.</param>
internal sealed record ZipMember(
    string Name,
    int Method,
    bool SaysEncrypted,
    long Start,
    long DataStart,
    long CompressedSize,
    long Size,
    uint? Crc,
    bool IsDuplicate,
    string? Disagreement
)
{
    internal long DataEnd => DataStart + CompressedSize;
}

/// <summary>The directory of a zip archive, read as the loaders of models read it, and what in it different readers take differently.</summary>
/// <remarks>Spec: APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.</remarks>
internal sealed class ZipDirectory
{
    private const string FormatName = "zip archive";
    private const int EndBytes = 22;
    private const int EntryBytes = 46;
    private const int HeaderBytes = 30;

    // Encrypted, patched data, strong encryption, masked headers.
    private const int UnreadableFlags = 0x1 | 0x20 | 0x40 | 0x2000;
    private const int DescriptorFlag = 0x8;

    private readonly Stream _stream;
    private readonly long _length;
    private readonly NameSet<string> _names = new();

    private ZipDirectory(Stream stream)
    {
        _stream = stream;
        _length = stream.Length;
    }

    /// <summary>The members, in the order of the central directory.</summary>
    internal List<ZipMember> Members { get; } = [];

    /// <summary>What stands before the archive, in bytes.</summary>
    internal long Prefix { get; private set; }

    /// <summary>Where the central directory begins.</summary>
    internal long DirectoryStart { get; private set; }

    /// <summary>Whether there are several ends, so that readers may find different members.</summary>
    internal bool IsAmbiguous { get; private set; }

    /// <summary>Whether the bytes end like an archive that has members. The signature alone is in every program that reads archives.</summary>
    internal static bool HasEnd(Stream stream)
    {
        var directory = new ZipDirectory(stream);
        if (directory.FindEnd() is not { } end)
        {
            return false;
        }
        var start = end - UInt32(directory.Bytes(end, EndBytes), 12);
        return (start < end && directory.IsEntry(start)) || directory.Bytes(end - 20, 4).AsSpan().SequenceEqual("PK\x06\x07"u8);
    }

    /// <summary>Reads the directory.</summary>
    /// <exception cref="MalformedDataException">There is none, or it is damaged, or over a limit.</exception>
    internal static ZipDirectory Read(Stream stream)
    {
        var directory = new ZipDirectory(stream);
        var end = directory.FindEnd() ?? throw Malformed(0, "there is no end of a central directory");
        directory.ReadEntries(end);
        return directory;
    }

    /// <summary>Whether the directory lists a name.</summary>
    internal bool Lists(string name) => _names.Contains(name);

    /// <summary>Reads the header before a member's data that no directory lists.</summary>
    internal ZipMember? ReadHidden(long start)
    {
        var header = Bytes(start, HeaderBytes);
        if (header.Length < HeaderBytes || !header.AsSpan().StartsWith("PK\x03\x04"u8))
        {
            return null;
        }
        var (flags, method) = (UInt16(header, 6), UInt16(header, 8));
        var name = Bytes(start + HeaderBytes, UInt16(header, 26));
        var data = start + HeaderBytes + UInt16(header, 26) + UInt16(header, 28);
        var (compressed, size) = ((long)UInt32(header, 18), (long)UInt32(header, 22));
        if (compressed is 0 or uint.MaxValue)
        {
            // The sizes are elsewhere; the data ends at the latest where the directory begins.
            (compressed, size) = (DirectoryStart - data, DirectoryStart - data);
        }
        return data > DirectoryStart || compressed > DirectoryStart - data
            ? null
            : new ZipMember(
                Text(name),
                method,
                (flags & UnreadableFlags) != 0,
                start,
                data,
                compressed,
                size,
                (flags & DescriptorFlag) != 0 ? null : UInt32(header, 14),
                false,
                null
            );
    }

    /// <summary>Reads up to that many bytes.</summary>
    internal byte[] Bytes(long position, int count)
    {
        if (position < 0 || position > _length)
        {
            return [];
        }
        var bytes = new byte[(int)Math.Min(count, _length - position)];
        _stream.Position = position;
        var read = _stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return bytes[..read];
    }

    private long? FindEnd()
    {
        var tail = Bytes(Math.Max(0, _length - EndBytes - ushort.MaxValue), EndBytes + ushort.MaxValue);
        long? found = null;
        for (var at = tail.Length; at > 0 && (at = tail.AsSpan(0, at).LastIndexOf("PK\x05\x06"u8)) >= 0; )
        {
            if (at + EndBytes > tail.Length)
            {
                continue;
            }
            var position = _length - tail.Length + at;
            if (found is null)
            {
                found = position;
                continue;
            }
            // An end whose comment reaches to the file's end, and so holds the later one: some readers take this, and some the other.
            var (size, offset, comment) = (UInt32(tail, at + 12), UInt32(tail, at + 16), UInt16(tail, at + 20));
            IsAmbiguous |=
                position + EndBytes + comment == _length && size <= position && offset <= position - size && IsEntry(position - size);
        }
        return found;
    }

    private bool IsEntry(long position) => Bytes(position, 4).AsSpan().SequenceEqual("PK\x01\x02"u8);

    private void ReadEntries(long end)
    {
        var record = Bytes(end, EndBytes);
        long count = UInt16(record, 10);
        long size = UInt32(record, 12);
        long offset = UInt32(record, 16);
        var directoryEnd = end;
        // §4.3.15: the locator stands right before the end, and the larger end before that.
        var locator = Bytes(end - 20, 20);
        if (locator.AsSpan().StartsWith("PK\x06\x07"u8))
        {
            var at = BinaryPrimitives.ReadInt64LittleEndian(locator.AsSpan(8));
            var large = FindLargeEnd(at, end);
            (count, size, offset, directoryEnd) = large;
        }
        Prefix = directoryEnd - size - offset;
        DirectoryStart = directoryEnd - size;
        if (size < 0 || offset < 0 || Prefix < 0 || DirectoryStart < 0)
        {
            throw Malformed(end, "the central directory lies outside the file");
        }
        var position = DirectoryStart;
        while (position < directoryEnd)
        {
            if (Members.Count == Limits.ArchiveMembers)
            {
                throw Malformed(position, $"more than {Limits.ArchiveMembers} members");
            }
            position += ReadEntry(position, directoryEnd);
        }
        if (Members.Count != count && count != ushort.MaxValue)
        {
            throw Malformed(end, $"{count} members are announced, and {Members.Count} are there");
        }
    }

    private (long Count, long Size, long Offset, long End) FindLargeEnd(long at, long end)
    {
        // With bytes before the archive the offset is off by their number; then the record is where the locator begins.
        foreach (var position in new[] { at, end - 20 - 56 })
        {
            var record = Bytes(position, 56);
            if (record.Length == 56 && record.AsSpan().StartsWith("PK\x06\x06"u8))
            {
                var (count, size, offset) = (Int64(record, 32), Int64(record, 40), Int64(record, 48));
                return size <= position ? (count, size, offset, position) : throw Malformed(position, "the central directory is too large");
            }
        }
        throw Malformed(end, "the end of a large archive is missing");
    }

    private long ReadEntry(long position, long directoryEnd)
    {
        var entry = Bytes(position, EntryBytes);
        if (entry.Length < EntryBytes || !entry.AsSpan().StartsWith("PK\x01\x02"u8))
        {
            throw Malformed(position, "no entry of a central directory");
        }
        var (flags, method) = (UInt16(entry, 8), UInt16(entry, 10));
        var (nameLength, extraLength, commentLength) = (UInt16(entry, 28), UInt16(entry, 30), UInt16(entry, 32));
        var total = EntryBytes + nameLength + extraLength + commentLength;
        var variable = Bytes(position + EntryBytes, nameLength + extraLength);
        if (variable.Length < nameLength + extraLength || position + total > directoryEnd)
        {
            throw Malformed(position, "an entry reaches beyond the central directory");
        }
        var name = variable.AsSpan(0, nameLength);
        long compressed = UInt32(entry, 20);
        long size = UInt32(entry, 24);
        long start = UInt32(entry, 42);
        ReadLargeSizes(variable.AsSpan(nameLength), ref size, ref compressed, ref start);
        if (compressed < 0 || size < 0 || start < 0)
        {
            throw Malformed(position, "a size or an offset is below zero");
        }
        Members.Add(ReadHeader(name, flags, method, Prefix + start, compressed, size, UInt32(entry, 16)));
        return total;
    }

    private ZipMember ReadHeader(ReadOnlySpan<byte> name, int flags, int method, long start, long compressed, long size, uint crc)
    {
        var text = Text(name);
        var isDuplicate = !_names.Add(text, text.Length);
        if (_names.IsFull)
        {
            throw Malformed(start, $"names of more than {Limits.KeptNames} characters");
        }
        var header = Bytes(start, HeaderBytes);
        if (header.Length < HeaderBytes || !header.AsSpan().StartsWith("PK\x03\x04"u8))
        {
            throw Malformed(start, $"there is no member where the directory places '{Excerpt(text)}'");
        }
        var localFlags = UInt16(header, 6);
        var localName = Bytes(start + HeaderBytes, UInt16(header, 26));
        var dataStart = start + HeaderBytes + UInt16(header, 26) + UInt16(header, 28);
        if (dataStart > DirectoryStart || compressed > DirectoryStart - dataStart)
        {
            throw Malformed(start, $"the data of '{Excerpt(text)}' reaches into the central directory");
        }
        var hasDescriptor = (localFlags & DescriptorFlag) != 0;
        string? disagreement = null;
        if (!name.SequenceEqual(localName))
        {
            disagreement = $"the name ('{Excerpt(Text(localName))}' before the data)";
        }
        else if (UInt16(header, 8) != method)
        {
            disagreement = "the compression method";
        }
        else if (!hasDescriptor && !(Agrees(header, 18, compressed) && Agrees(header, 22, size)))
        {
            disagreement = "the size";
        }
        else if (!hasDescriptor && UInt32(header, 14) != crc)
        {
            disagreement = "the checksum";
        }
        return new ZipMember(
            text,
            method,
            ((flags | localFlags) & UnreadableFlags) != 0,
            start,
            dataStart,
            compressed,
            size,
            crc,
            isDuplicate,
            disagreement
        );
    }

    /// <summary>Whether a size before the data is the directory's; a large one stands in an extra field, which is not compared.</summary>
    private static bool Agrees(byte[] header, int at, long expected) =>
        UInt32(header, at) is var value && (value == expected || value == uint.MaxValue);

    /// <summary>§4.5.3: sizes and offsets that do not fit 32 bits, in this order, each only where it is needed.</summary>
    private static void ReadLargeSizes(ReadOnlySpan<byte> extra, ref long size, ref long compressed, ref long start)
    {
        while (extra.Length >= 4)
        {
            var (id, length) = (BinaryPrimitives.ReadUInt16LittleEndian(extra), BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]));
            if (length > extra.Length - 4)
            {
                return;
            }
            var field = extra.Slice(4, length);
            if (id == 1)
            {
                Take(ref field, ref size);
                Take(ref field, ref compressed);
                Take(ref field, ref start);
                return;
            }
            extra = extra[(4 + length)..];
        }

        static void Take(ref ReadOnlySpan<byte> field, ref long value)
        {
            if (value == uint.MaxValue && field.Length >= 8)
            {
                value = BinaryPrimitives.ReadInt64LittleEndian(field);
                field = field[8..];
            }
        }
    }

    private static string Text(ReadOnlySpan<byte> name) => Encoding.UTF8.GetString(name);

    private static string Excerpt(string text) => text.Length <= 80 ? text : $"{text.AsSpan(0, 80)}…";

    private static int UInt16(byte[] bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));

    private static uint UInt32(byte[] bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));

    private static long Int64(byte[] bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at));

    private static MalformedDataException Malformed(long position, string reason) => new(FormatName, $"byte {position}", reason);
}
