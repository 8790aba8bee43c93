using System.IO.Compression;
using ArtifactTrust.Tests.Scanning.Models;

namespace ArtifactTrust.EndToEnd.Scanning;

/// <summary>7z archives made to take a scanner's memory or time.</summary>
internal static class HostileSevenZips
{
    private const int MiB = 1 << 20;

    private static readonly byte[] Deflate = SevenZipDraft.Coder(0x04_0108);

    internal static void Members(Stream s) =>
        s.Write(SevenZipDraft.Stored([.. Enumerable.Range(0, 199_000).Select(i => ($"m{i}", (byte[])[1]))]));

    internal static void LongNames(Stream s) =>
        s.Write(SevenZipDraft.Stored([.. Enumerable.Range(0, 130).Select(i => ($"{i}{new string('n', 60_000)}", (byte[])[1]))]));

    /// <summary>Each of one byte, for which the largest tables of LZMA are made.</summary>
    internal static void Folders(Stream s)
    {
        var lzma = SevenZipDraft.Coder(0x03_0101, 44, 0, 0, 1, 0);
        var draft = new SevenZipDraft();
        for (var i = 0; i < 19_000; i++)
        {
            draft.Add([1, .. lzma], [1], [new byte[6]], ($"{i}", [0]));
        }
        s.Write(draft.ToArray());
    }

    internal static void Windows(Stream s)
    {
        var lzma = SevenZipDraft.Coder(0x03_0101, 0x5d, 0, 0, 0, 4);
        var draft = new SevenZipDraft();
        for (var i = 0; i < 5000; i++)
        {
            draft.Add([1, .. lzma], [1L << 40], [new byte[64]], ($"{i}", []));
        }
        s.Write(draft.ToArray());
    }

    internal static void Bomb(Stream s)
    {
        var zeros = new MemoryStream();
        using (var deflate = new DeflateStream(zeros, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (var i = 0; i < 2048; i++)
            {
                deflate.Write(new byte[MiB]);
            }
        }
        s.Write(
            new SevenZipDraft { HasChecksums = false }
                .Add([1, .. Deflate], [2L << 30], [zeros.ToArray()], ("data.pkl", []))
                .ToArray()
        );
    }

    internal static void List(Stream s) =>
        s.Write(
            new SevenZipDraft { Properties = SevenZipDraft.Property(0x19, new byte[15 * MiB]), Encoding = (Deflate, Deflated) }
                .Add(
                    [1, 1, 0],
                    [1],
                    [
                        [1],
                    ],
                    ("x", [1])
                )
                .ToArray()
        );

    private static byte[] Deflated(byte[] content)
    {
        var stream = new MemoryStream();
        using (var deflate = new DeflateStream(stream, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflate.Write(content);
        }
        return stream.ToArray();
    }
}
