using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using ArtifactTrust.Scanning.Models;

namespace ArtifactTrust.Tests.Scanning.Models;

/// <summary>Pickles and archives for tests. Nothing here is ever loaded; the commands in them do nothing.</summary>
internal static class Pickled
{
    /// <summary>A pickle of protocol 0 that calls <c>os.system</c>.</summary>
    public static byte[] Malicious { get; } = Bytes("cos\nsystem\n(S'true'\ntR.");

    /// <summary>The same in protocol 4.</summary>
    public static byte[] MaliciousFramed { get; } =
        Join(
            [0x80, 4, 0x95, 33, 0, 0, 0, 0, 0, 0, 0],
            Short("os"),
            [0x94],
            Short("system"),
            [0x94, 0x93, 0x94],
            Short("true"),
            [0x94, 0x85, 0x94, (byte)'R', 0x94, (byte)'.']
        );

    /// <summary>A dictionary, in protocol 4.</summary>
    public static byte[] Harmless { get; } = Join([0x80, 4, (byte)'}', 0x94], Short("a"), [0x94, (byte)'K', 1, (byte)'s', (byte)'.']);

    /// <summary>Each character is one byte.</summary>
    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    public static byte[] Join(params byte[][] parts) => [.. parts.SelectMany(p => p)];

    /// <summary>A text of protocol 4.</summary>
    public static byte[] Short(string text) => [0x8c, (byte)text.Length, .. Bytes(text)];

    public static byte[] Zip(params (string Name, byte[] Content)[] members) => Zip(CompressionLevel.NoCompression, members);

    public static byte[] Zip(CompressionLevel level, params (string Name, byte[] Content)[] members)
    {
        var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in members)
            {
                using var entry = archive.CreateEntry(name, level).Open();
                entry.Write(content);
            }
        }
        return stream.ToArray();
    }

    public static byte[] Gzip(byte[] content)
    {
        var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(content);
        }
        return stream.ToArray();
    }

    public static byte[] Zlib(byte[] content)
    {
        var stream = new MemoryStream();
        using (var zlib = new ZLibStream(stream, CompressionLevel.Optimal, leaveOpen: true))
        {
            zlib.Write(content);
        }
        return stream.ToArray();
    }

    public static byte[] Npy(string header, byte[] data)
    {
        var text = Bytes(header.PadRight(117) + "\n");
        var length = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(length, (ushort)text.Length);
        return Join([0x93], Bytes("NUMPY"), [1, 0], length, text, data);
    }

    public static FileScan Scan(byte[] content) => new ModelScanner().ScanFile("file", new MemoryStream(content));
}
