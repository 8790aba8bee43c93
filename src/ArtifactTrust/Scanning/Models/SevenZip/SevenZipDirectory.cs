using System.Buffers.Binary;
using ArtifactTrust.Formats;
using ArtifactTrust.Formats.Zstandard;
using ArtifactTrust.Scanning.Models.Decompression;

namespace ArtifactTrust.Scanning.Models.SevenZip;

/// <summary>The list of the members of a 7z archive, which stands at its end and is mostly compressed itself.</summary>
/// <remarks>Spec: 7zFormat.txt 18.06, "SignatureHeader", "Header" and "HeaderInfo".</remarks>
internal sealed class SevenZipDirectory
{
    internal const string FormatName = "7z archive";

    private const int StartBytes = 32;

    private readonly List<StreamsInfo> _stored = [];

    private SevenZipDirectory() { }

    /// <summary>What every archive begins with.</summary>
    internal static ReadOnlySpan<byte> Signature => [(byte)'7', (byte)'z', 0xbc, 0xaf, 0x27, 0x1c];

    /// <summary>What is stored.</summary>
    internal IReadOnlyList<Folder> Folders { get; private set; } = [];

    /// <summary>The members. Those that have content have it in the order of the folders.</summary>
    internal IReadOnlyList<SevenZipMember> Members { get; private set; } = [];

    /// <summary>Whether the file has bytes that belong neither to a member nor to the list of them, or to both.</summary>
    internal bool HasOtherBytes { get; private set; }

    /// <summary>Why the list could not be decoded, though it is not damaged; null where it could.</summary>
    internal string? Problem { get; private set; }

    /// <summary>Looks for an archive that begins in other content, as 7-Zip does.</summary>
    /// <returns>Where it begins; null where there is none.</returns>
    internal static long? Find(Stream stream)
    {
        var buffer = new byte[64 << 10];
        for (long at = 1; at <= Math.Min(stream.Length - StartBytes, Limits.SevenZipPrefixBytes); at += buffer.Length - StartBytes + 1)
        {
            stream.Position = at;
            var bytes = buffer.AsSpan(0, stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false));
            for (var next = 0; bytes[next..].IndexOf(Signature) is var found and >= 0; next++)
            {
                next += found;
                if (bytes.Length - next < StartBytes)
                {
                    break;
                }
                // 7-Zip also takes zeros for those of an archive that was not finished.
                var start = bytes.Slice(next, StartBytes);
                if (HasChecksum(start) || !start[8..].ContainsAnyExcept((byte)0))
                {
                    return at + next;
                }
            }
        }
        return null;
    }

    /// <summary>Reads the list.</summary>
    /// <param name="stream">The archive.</param>
    /// <param name="budget">What may be decompressed.</param>
    /// <exception cref="MalformedDataException">It is damaged, or over a limit.</exception>
    internal static SevenZipDirectory Read(Stream stream, InflationBudget budget)
    {
        var start = Bytes(stream, 0, StartBytes);
        if (start[6] != 0 || !HasChecksum(start))
        {
            throw Malformed("start", "the checksum does not match, or the version is not known");
        }
        var offset = BinaryPrimitives.ReadUInt64LittleEndian(start.AsSpan(12));
        var size = BinaryPrimitives.ReadUInt64LittleEndian(start.AsSpan(20));
        var left = (ulong)stream.Length - StartBytes;
        if (offset > left || size > left - offset)
        {
            throw Malformed("start", "the list of members lies outside the file: it is cut short, or goes on in another one");
        }
        var directory = new SevenZipDirectory();
        var end = StartBytes + (long)offset;
        var header = Bytes(stream, end, Allowed((long)size));
        if (ReflectedCrc.Crc32(header) != BinaryPrimitives.ReadUInt32LittleEndian(start.AsSpan(28)))
        {
            throw Malformed("list of members", "the checksum does not match");
        }
        if (header.Length > 0)
        {
            directory.Read(stream, header, end, budget);
        }
        var stored = (long)StartBytes;
        foreach (var streams in directory._stored.Where(s => s.End > s.Start).OrderBy(s => s.Start))
        {
            directory.HasOtherBytes |= streams.Start != stored;
            stored = streams.End;
        }
        directory.HasOtherBytes |= stored != end || end + header.Length != stream.Length;
        return directory;
    }

    private void Read(Stream stream, byte[] header, long end, InflationBudget budget)
    {
        var reader = new HeaderReader(header);
        var property = reader.Property();
        if (property == Property.EncodedHeader)
        {
            var streams = Streams(reader, end);
            if (!reader.IsAtEnd || streams.Folders is not [var folder])
            {
                throw reader.Malformed("a compressed list in several parts");
            }
            if (folder.Problem is { } problem)
            {
                Problem = problem;
                return;
            }
            reader = new HeaderReader(Decode(stream, folder, budget));
            property = reader.Property();
        }
        if (property != Property.Header)
        {
            throw reader.Malformed("it does not begin as one");
        }
        property = reader.Property();
        if (property == Property.MainStreams)
        {
            Folders = Streams(reader, end).Folders;
            property = reader.Property();
        }
        if (property == Property.Files)
        {
            Members = FilesInfo.Read(reader);
            property = reader.Property();
        }
        if (property != Property.End || !reader.IsAtEnd)
        {
            throw reader.Malformed($"{property} stands where it may not, or bytes behind the end");
        }
        if (Folders.Sum(f => f.Members.Length) != Members.Count(m => m.HasContent))
        {
            throw reader.Malformed("the members are not as many as their contents");
        }
    }

    private StreamsInfo Streams(HeaderReader reader, long end)
    {
        var streams = StreamsInfo.Read(reader, StartBytes, end);
        _stored.Add(streams);
        return streams;
    }

    private static byte[] Decode(Stream stream, Folder folder, InflationBudget budget)
    {
        using var inflated = new InflatedStream(
            new AnnouncedStream(
                folder.Open(stream, s => new ZstandardStream(s, leaveOpen: true)),
                folder.Size,
                folder.Checksum,
                "the list of members",
                true
            ),
            budget
        );
        var header = new byte[Allowed(folder.Size)];
        inflated.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        inflated.ReadToEnd();
        return inflated.Problem is null ? header : throw Malformed("list of members", inflated.Problem);
    }

    private static bool HasChecksum(ReadOnlySpan<byte> start) =>
        BinaryPrimitives.ReadUInt32LittleEndian(start[8..]) == ReflectedCrc.Crc32(start[12..]);

    private static int Allowed(long size) =>
        size <= Limits.SevenZipHeaderBytes
            ? (int)size
            : throw Malformed("list of members", $"{size} bytes, and {Limits.SevenZipHeaderBytes} are allowed");

    private static byte[] Bytes(Stream stream, long position, int count)
    {
        var bytes = new byte[count];
        stream.Position = position;
        return stream.ReadAtLeast(bytes, count, throwOnEndOfStream: false) == count ? bytes : throw Malformed("start", "it is cut short");
    }

    private static MalformedDataException Malformed(string location, string reason) => new(FormatName, location, reason);
}
