using System.Buffers.Binary;
using System.IO.Compression;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Reading;

/// <summary>One member of a zip file, as its central directory has it.</summary>
/// <param name="Name">Its name, decoded as UTF-8.</param>
/// <param name="Method">0 for stored, 8 for deflated.</param>
/// <param name="Packed">Its size in the file, in bytes.</param>
/// <param name="Size">Its size, in bytes.</param>
/// <param name="Offset">Where its local header is.</param>
internal sealed record ZipMember(string Name, ushort Method, ulong Packed, ulong Size, ulong Offset);

/// <summary>The members of a zip file, by its central directory alone. Whether local headers agree with it is for a scanner to tell.</summary>
/// <remarks>Spec: APPNOTE.TXT 6.3 §4.3.7, §4.3.12, §4.3.14 to 16, §4.5.3.</remarks>
internal static class ZipDirectory
{
    private const int EndBytes = 22;
    private const int CommentBytes = ushort.MaxValue;
    private const int DirectoryBytes = 64 << 20;

    /// <summary>Reads the central directory.</summary>
    /// <exception cref="MalformedDataException">There is none, it is cut, or it is over a limit.</exception>
    internal static IReadOnlyList<ZipMember> Read(ByteReader input)
    {
        var (count, length, offset) = End(input);
        if (count > Limits.ArchiveMembers || length > DirectoryBytes)
        {
            throw input.Malformed($"{count} members in {length} bytes; at most {Limits.ArchiveMembers} in {DirectoryBytes} are accepted");
        }
        if (offset > (ulong)input.Length || length > (ulong)input.Length - offset)
        {
            throw input.Malformed("the central directory is outside of the file");
        }
        input.Seek((long)offset);
        var bytes = input.ReadBytes(length, DirectoryBytes).AsSpan();
        var members = new List<ZipMember>();
        for (var i = 0ul; i < count; i++)
        {
            if (bytes.Length < 46 || !bytes.StartsWith("PK\u0001\u0002"u8))
            {
                throw input.Malformed((long)offset, "the central directory has fewer members than the file's end says");
            }
            var name = BinaryPrimitives.ReadUInt16LittleEndian(bytes[28..]);
            var extra = BinaryPrimitives.ReadUInt16LittleEndian(bytes[30..]);
            var comment = BinaryPrimitives.ReadUInt16LittleEndian(bytes[32..]);
            if (bytes.Length < 46 + name + extra + comment)
            {
                throw input.Malformed((long)offset, "a member of the central directory is cut");
            }
            members.Add(Member(bytes[..46], bytes.Slice(46, name), bytes.Slice(46 + name, extra)));
            bytes = bytes[(46 + name + extra + comment)..];
        }
        return members;
    }

    /// <summary>The bytes of a member.</summary>
    /// <exception cref="MalformedDataException">They are more than <paramref name="maximum"/>, or cannot be unpacked.</exception>
    internal static byte[] Content(ByteReader input, ZipMember member, int maximum)
    {
        if (member.Size > (ulong)maximum || member.Packed > (ulong)maximum || member.Offset > (ulong)input.Length)
        {
            throw input.Malformed($"'{FileText.Clean(member.Name)}' has {member.Size} bytes; at most {maximum} are read");
        }
        input.Seek((long)member.Offset);
        var header = input.ReadBytes(30, 30);
        if (!header.AsSpan().StartsWith("PK\u0003\u0004"u8))
        {
            throw input.Malformed((long)member.Offset, "a local header is expected");
        }
        input.Skip(
            (ulong)(BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(26)) + BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(28)))
        );
        var packed = input.ReadBytes(member.Packed, maximum);
        switch (member.Method)
        {
            case 0:
                return packed;
            case 8:
                return Inflate(input, packed, maximum);
            default:
                throw input.Malformed((long)member.Offset, $"compression method {member.Method} is not read");
        }
    }

    private static byte[] Inflate(ByteReader input, byte[] packed, int maximum)
    {
        using var stream = new DeflateStream(new MemoryStream(packed), CompressionMode.Decompress);
        using var result = new MemoryStream();
        var buffer = new byte[16 << 10];
        try
        {
            for (int read; (read = stream.Read(buffer)) > 0; )
            {
                if (result.Length + read > maximum)
                {
                    throw input.Malformed($"a member has more than {maximum} bytes");
                }
                result.Write(buffer, 0, read);
            }
        }
        catch (InvalidDataException e)
        {
            throw new MalformedDataException("zip", "$", "a member cannot be unpacked", e);
        }
        return result.ToArray();
    }

    private static ZipMember Member(ReadOnlySpan<byte> header, ReadOnlySpan<byte> name, ReadOnlySpan<byte> extra)
    {
        ulong packed = BinaryPrimitives.ReadUInt32LittleEndian(header[20..]);
        ulong size = BinaryPrimitives.ReadUInt32LittleEndian(header[24..]);
        ulong offset = BinaryPrimitives.ReadUInt32LittleEndian(header[42..]);
        while (extra.Length >= 4)
        {
            var id = BinaryPrimitives.ReadUInt16LittleEndian(extra);
            var length = Math.Min(BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]), extra.Length - 4);
            var body = extra.Slice(4, length);
            if (id == 1)
            {
                // Zip64: the fields that are all ones, in this order.
                size = Wide(size, ref body);
                packed = Wide(packed, ref body);
                offset = Wide(offset, ref body);
            }
            extra = extra[(4 + length)..];
        }
        return new ZipMember(FileText.Decode(name), BinaryPrimitives.ReadUInt16LittleEndian(header[10..]), packed, size, offset);
    }

    private static ulong Wide(ulong narrow, ref ReadOnlySpan<byte> body)
    {
        if (narrow != uint.MaxValue || body.Length < 8)
        {
            return narrow;
        }
        var wide = BinaryPrimitives.ReadUInt64LittleEndian(body);
        body = body[8..];
        return wide;
    }

    private static (ulong Count, ulong Length, ulong Offset) End(ByteReader input)
    {
        var start = Math.Max(0, input.Length - EndBytes - CommentBytes);
        input.Seek(start);
        var tail = input.ReadBytes((ulong)(input.Length - start), EndBytes + CommentBytes).AsSpan();
        var at = tail.LastIndexOf("PK\u0005\u0006"u8);
        if (at < 0 || tail.Length - at < EndBytes)
        {
            throw input.Malformed(start, "there is no end of central directory");
        }
        var end = tail[at..];
        ulong count = BinaryPrimitives.ReadUInt16LittleEndian(end[10..]);
        ulong length = BinaryPrimitives.ReadUInt32LittleEndian(end[12..]);
        ulong offset = BinaryPrimitives.ReadUInt32LittleEndian(end[16..]);
        if (count != ushort.MaxValue && length != uint.MaxValue && offset != uint.MaxValue)
        {
            return (count, length, offset);
        }
        var locator = start + at - 20;
        if (locator < 0)
        {
            return (count, length, offset);
        }
        input.Seek(locator);
        var bytes = input.ReadBytes(20, 20);
        if (!bytes.AsSpan().StartsWith("PK\u0006\u0007"u8))
        {
            return (count, length, offset);
        }
        var place = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(8));
        if (place > (ulong)input.Length)
        {
            throw input.Malformed(locator, "the zip64 end of central directory is outside of the file");
        }
        input.Seek((long)place);
        var wide = input.ReadBytes(56, 56).AsSpan();
        return wide.StartsWith("PK\u0006\u0006"u8)
            ? (
                BinaryPrimitives.ReadUInt64LittleEndian(wide[32..]),
                BinaryPrimitives.ReadUInt64LittleEndian(wide[40..]),
                BinaryPrimitives.ReadUInt64LittleEndian(wide[48..])
            )
            : throw input.Malformed((long)place, "a zip64 end of central directory is expected");
    }
}
