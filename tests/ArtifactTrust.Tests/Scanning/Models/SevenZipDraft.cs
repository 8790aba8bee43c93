using System.Buffers.Binary;

namespace ArtifactTrust.Tests.Scanning.Models;

/// <summary>A 7z archive to be written: also one that nobody would write.</summary>
internal sealed class SevenZipDraft
{
    private const int StartBytes = 32;

    private readonly List<Folder> _folders = [];
    private readonly List<Member> _members = [];

    /// <summary>Bytes behind the stored ones and before the list.</summary>
    internal byte[] Gap { get; init; } = [];

    /// <summary>The coder of the list and what it makes of it; null where the list is written as it is.</summary>
    internal (byte[] Coder, Func<byte[], byte[]> Encode)? Encoding { get; init; }

    /// <summary>Whether the checksums of members are written.</summary>
    internal bool HasChecksums { get; init; } = true;

    /// <summary>Whether names are written.</summary>
    internal bool HasNames { get; init; } = true;

    /// <summary>Properties of the list of files that are written besides.</summary>
    internal byte[] Properties { get; init; } = [];

    /// <summary>An archive of members that are stored as they are.</summary>
    internal static byte[] Stored(params (string Name, byte[] Content)[] members) =>
        new SevenZipDraft().Add(Coder(0), c => c, members).ToArray();

    /// <summary>A coder of one stream in and one out.</summary>
    internal static byte[] Coder(ulong method, params byte[] properties)
    {
        var id = Enumerable.Range(0, 8).Select(i => (byte)(method >> (56 - (8 * i)))).SkipWhile(b => b == 0).DefaultIfEmpty().ToArray();
        return
        [
            (byte)(id.Length | (properties.Length > 0 ? 0x20 : 0)),
            .. id,
            .. properties.Length > 0 ? Number((ulong)properties.Length) : [],
            .. properties,
        ];
    }

    /// <summary>A number as it is written in lists: with as few bytes as can be.</summary>
    internal static byte[] Number(ulong value)
    {
        Span<byte> bytes = stackalloc byte[9];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[1..], value);
        for (var more = 0; more < 8; more++)
        {
            if (value < 1ul << (7 * (more + 1)))
            {
                bytes[0] = (byte)((0xff00 >> more) | (int)(value >> (8 * more)));
                return bytes[..(more + 1)].ToArray();
            }
        }
        bytes[0] = 0xff;
        return bytes.ToArray();
    }

    /// <summary>The first 32 bytes of an archive whose list is this, or has this size and checksum.</summary>
    internal static byte[] Start(ulong offset, ulong size, uint checksum)
    {
        var start = new byte[StartBytes];
        ((byte[])[(byte)'7', (byte)'z', 0xbc, 0xaf, 0x27, 0x1c, 0, 4]).CopyTo(start, 0);
        BinaryPrimitives.WriteUInt64LittleEndian(start.AsSpan(12), offset);
        BinaryPrimitives.WriteUInt64LittleEndian(start.AsSpan(20), size);
        BinaryPrimitives.WriteUInt32LittleEndian(start.AsSpan(28), checksum);
        BinaryPrimitives.WriteUInt32LittleEndian(start.AsSpan(8), Crc(start.AsSpan(12)));
        return start;
    }

    /// <summary>An archive of stored bytes and a list.</summary>
    internal static byte[] Archive(byte[] stored, byte[] list) =>
        [.. Start((ulong)stored.Length, (ulong)list.Length, Crc(list)), .. stored, .. list];

    /// <summary>Makes the checksums right that are not those of members: of the start, and of the list where there is one.</summary>
    internal static byte[] Sealed(byte[] archive)
    {
        if (archive.Length < StartBytes)
        {
            return archive;
        }
        var (offset, size) = (BitConverter.ToUInt64(archive, 12), BitConverter.ToUInt64(archive, 20));
        var left = (ulong)archive.Length - StartBytes;
        var checksum = offset <= left && size <= left - offset ? Crc(archive.AsSpan(StartBytes + (int)offset, (int)size)) : 0;
        return [.. Start(offset, size, checksum), .. archive[StartBytes..]];
    }

    /// <summary>Adds members that are compressed as one.</summary>
    /// <param name="coder">The coder.</param>
    /// <param name="encode">What compresses.</param>
    /// <param name="members">The members.</param>
    internal SevenZipDraft Add(byte[] coder, Func<byte[], byte[]> encode, params (string Name, byte[] Content)[] members)
    {
        var content = members.SelectMany(m => m.Content).ToArray();
        return Add([1, .. coder], [content.Length], [encode(content)], members);
    }

    /// <summary>Adds members that are compressed as one, in any way.</summary>
    /// <param name="coders">The coders and how they are put together, with their number.</param>
    /// <param name="sizes">What comes out of each.</param>
    /// <param name="stored">What is stored.</param>
    /// <param name="members">The members.</param>
    internal SevenZipDraft Add(byte[] coders, long[] sizes, byte[][] stored, params (string Name, byte[] Content)[] members)
    {
        _folders.Add(new Folder(coders, sizes, stored, [.. members.Select(m => m.Content)]));
        _members.AddRange(members.Select(m => new Member(m.Name, true, 0)));
        return this;
    }

    /// <summary>Adds a directory or an empty file.</summary>
    internal SevenZipDraft AddEmpty(string name)
    {
        _members.Add(new Member(name, false, 0));
        return this;
    }

    /// <summary>Gives the last member attributes.</summary>
    internal SevenZipDraft WithAttributes(uint attributes)
    {
        _members[^1] = _members[^1] with { Attributes = attributes };
        return this;
    }

    internal byte[] ToArray()
    {
        byte[] stored = [.. _folders.SelectMany(f => f.Stored).SelectMany(s => s)];
        var list = List();
        if (Encoding is not { } encoding)
        {
            return Archive([.. stored, .. Gap], list);
        }
        var encoded = encoding.Encode(list);
        byte[] end =
        [
            0x17,
            .. PackInfo(stored.Length, [encoded]),
            .. UnpackInfo([new Folder([1, .. encoding.Coder], [list.Length], [encoded], [list])], hasChecksums: true),
            0,
        ];
        return Archive([.. stored, .. encoded, .. Gap], end);
    }

    internal byte[] List() =>
        [
            1,
            .. _folders.Count == 0
                ? []
                : (byte[])
                    [
                        4,
                        .. PackInfo(0, [.. _folders.SelectMany(f => f.Stored)]),
                        .. UnpackInfo(_folders, hasChecksums: false),
                        .. SubStreams(),
                        0,
                    ],
            5,
            .. Number((ulong)_members.Count),
            .. _members.TrueForAll(m => m.HasContent) ? [] : Property(0x0e, Bits(_members.Select(m => !m.HasContent))),
            .. HasNames ? Property(0x11, [0, .. _members.SelectMany(m => System.Text.Encoding.Unicode.GetBytes($"{m.Name}\0"))]) : [],
            .. _members.TrueForAll(m => m.Attributes == 0)
                ? []
                : Property(0x15, [1, 0, .. _members.SelectMany(m => BitConverter.GetBytes(m.Attributes))]),
            .. Properties,
            0,
            0,
        ];

    internal static byte[] Property(byte id, byte[] data) => [id, .. Number((ulong)data.Length), .. data];

    private static byte[] PackInfo(int start, byte[][] stored) =>
        [6, .. Number((ulong)start), .. Number((ulong)stored.Length), 9, .. stored.SelectMany(s => Number((ulong)s.Length)), 0];

    private static byte[] UnpackInfo(List<Folder> folders, bool hasChecksums) =>
        [
            7,
            0x0b,
            .. Number((ulong)folders.Count),
            0,
            .. folders.SelectMany(f => f.Coders),
            0x0c,
            .. folders.SelectMany(f => f.Sizes).SelectMany(s => Number((ulong)s)),
            .. hasChecksums ? (byte[])[0x0a, 1, .. folders.SelectMany(f => f.Contents).SelectMany(Checksum)] : [],
            0,
        ];

    private byte[] SubStreams() =>
        [
            8,
            0x0d,
            .. _folders.SelectMany(f => Number((ulong)f.Contents.Length)),
            .. _folders.Exists(f => f.Contents.Length > 1)
                ? (byte[])[9, .. _folders.SelectMany(f => f.Contents.SkipLast(1)).SelectMany(c => Number((ulong)c.Length))]
                : [],
            .. HasChecksums ? (byte[])[0x0a, 1, .. _folders.SelectMany(f => f.Contents).SelectMany(Checksum)] : [],
            0,
        ];

    private static byte[] Checksum(byte[] content) => BitConverter.GetBytes(Crc(content));

    private static byte[] Bits(IEnumerable<bool> bits) => [.. bits.Chunk(8).Select(c => (byte)c.Select((b, i) => b ? 0x80 >> i : 0).Sum())];

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (0xedb8_8320 & (0 - (crc & 1)));
            }
        }
        return ~crc;
    }

    private sealed record Folder(byte[] Coders, long[] Sizes, byte[][] Stored, byte[][] Contents);

    private sealed record Member(string Name, bool HasContent, uint Attributes);
}
