using System.Runtime.CompilerServices;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Formats.Zstandard;

namespace ArtifactTrust.Tests.Formats.Zstandard;

/// <summary>Small frames that the zstd program made (1.5.4, <c>-19 --check</c>; <c>--zstd=wlog=10</c> for many blocks), what was in them, and frames made by hand.</summary>
internal static class ZstandardSamples
{
    internal static readonly byte[] Magic = [0x28, 0xb5, 0x2f, 0xfd];

    internal static readonly string[] Names = ["numbers", "blocks", "skewed", "words", "fast"];

    internal static byte[] Frame(string name) => File.ReadAllBytes(Path.Combine(Here(), "Samples", $"{name}.zst"));

    internal static byte[] Content(string name) =>
        name switch
        {
            "numbers" => Numbers(60),
            "blocks" => Numbers(1200),
            "skewed" => [.. Values(1500).Select(x => (byte)((x >> 20) & (x >> 12)))],
            "words" => Words(1500),
            _ => Words(200),
        };

    internal static byte[] Words(int count)
    {
        string[] words = ["model", "data", "weights", "of", "the", "a", "signed", "digest", "layer", "and", "tensor", "is"];
        return Encoding.UTF8.GetBytes(string.Join(' ', Values(count).Select(x => words[(x >> 16) % words.Length])));
    }

    /// <summary>A frame of a window of 1 KiB, without a size or a checksum.</summary>
    internal static byte[] Frame(params byte[][] blocks) => [.. Magic, 0, 0, .. blocks.SelectMany(b => b)];

    /// <summary>A frame of any content, which it does not compress.</summary>
    internal static byte[] Stored(byte[] content)
    {
        const int Largest = 128 << 10;
        var blocks = content.Chunk(Largest).Select(c => Raw(c)).SelectMany(b => b);
        return [.. Magic, 0, 0x38, .. blocks, .. Raw([], isLast: true)];
    }

    /// <summary>A block.</summary>
    /// <param name="kind">0 raw, 1 one byte repeated, 2 compressed.</param>
    /// <param name="size">What its header says.</param>
    /// <param name="content">What follows.</param>
    /// <param name="isLast">Whether it ends the frame.</param>
    internal static byte[] Block(int kind, int size, byte[] content, bool isLast = false)
    {
        var header = (size << 3) | (kind << 1) | (isLast ? 1 : 0);
        return [(byte)header, (byte)(header >> 8), (byte)(header >> 16), .. content];
    }

    internal static byte[] Raw(byte[] content, bool isLast = false) => Block(0, content.Length, content, isLast);

    internal static byte[] Compressed(params byte[] content) => Frame(Block(2, content.Length, content, isLast: true));

    internal static byte[] Decode(byte[] data, int maximumWindow = Limits.ZstandardWindowBytes, bool comparesChecksums = true)
    {
        using var stream = new ZstandardStream(new MemoryStream(data), maximumWindow, comparesChecksums);
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }

    internal static MalformedDataException Refused(
        byte[] data,
        int maximumWindow = Limits.ZstandardWindowBytes,
        bool comparesChecksums = true
    ) => Assert.Throws<MalformedDataException>(() => Decode(data, maximumWindow, comparesChecksums));

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    private static byte[] Numbers(int count) =>
        Encoding.UTF8.GetBytes(string.Join(' ', Enumerable.Range(0, count).Select(i => $"{i * i}")));

    private static IEnumerable<int> Values(int count)
    {
        for (var (i, x) = (0, 1); i < count; i++)
        {
            x = (int)(((x * 1103515245L) + 12345) & 0x7fff_ffff);
            yield return x;
        }
    }
}
