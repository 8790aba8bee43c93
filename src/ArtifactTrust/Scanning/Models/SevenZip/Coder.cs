using System.Buffers.Binary;
using System.IO.Compression;
using ArtifactTrust.Formats;
using ArtifactTrust.Formats.Zstandard;
using ArtifactTrust.Scanning.Models.Decompression;

namespace ArtifactTrust.Scanning.Models.SevenZip;

/// <summary>A step that makes the content of a 7z archive of what is stored.</summary>
/// <param name="Method">The method's number.</param>
/// <param name="Properties">What the method is told.</param>
/// <param name="Inputs">How many streams it takes.</param>
/// <param name="Outputs">How many streams it gives.</param>
/// <remarks>Spec: Methods.txt of the LZMA SDK 26.02, and of its fork with Zstandard for the methods that begin with 4F7.</remarks>
internal sealed record Coder(ulong Method, byte[] Properties, int Inputs, int Outputs)
{
    private const ulong Copy = 0;
    private const ulong Delta = 0x3;
    private const ulong Arm64 = 0xa;
    private const ulong Lzma2 = 0x21;
    private const ulong Lzma = 0x03_0101;
    private const ulong Deflate = 0x04_0108;
    private const ulong Bzip2 = 0x04_0202;
    private const ulong Zstandard = 0x04f7_1101;
    private const ulong Lz4 = 0x04f7_1104;

    /// <summary>Whether what comes out is what went in.</summary>
    internal bool IsCopy => Method == Copy;

    /// <summary>Whether as many bytes come out as went in.</summary>
    internal bool IsFilter => Method is Copy or Delta || Branches is not null;

    /// <summary>What keeps a large window of what came out; null where it does not.</summary>
    internal string? Window =>
        Method switch
        {
            Lzma => "LZMA",
            Lzma2 => "LZMA2",
            Zstandard => "Zstandard",
            _ => null,
        };

    /// <summary>The filter for programs of a processor, made anew.</summary>
    private Func<Span<byte>, uint, int>? Branches =>
        Method switch
        {
            0x4 or 0x0303_0103 => new X86Filter().Undo,
            0x5 or 0x0303_0205 => BranchFilters.PowerPc,
            0x6 or 0x0303_0401 => BranchFilters.Ia64,
            0x7 or 0x0303_0501 => BranchFilters.Arm,
            0x8 or 0x0303_0701 => BranchFilters.ArmThumb,
            0x9 or 0x0303_0805 => BranchFilters.Sparc,
            Arm64 => BranchFilters.Arm64,
            _ => null,
        };

    /// <summary>Why what it makes cannot be had; null where it can.</summary>
    /// <param name="size">How much comes out, in bytes.</param>
    internal string? Problem(long size) =>
        Method switch
        {
            0x06f1_0701 or 0x06f0_0181 => "it is encrypted",
            0xb => NotRead("the filter for RISC-V"),
            0x0303_011b => NotRead("BCJ2"),
            0x02_0302 or 0x02_0304 => NotRead("Swap"),
            0x03_0401 => NotRead("PPMd"),
            0x04_0109 => NotRead("Deflate64"),
            0x04f7_1102 => NotRead("Brotli"),
            0x04f7_1105 => NotRead("LZ5"),
            0x04f7_1106 => NotRead("Lizard"),
            Deflate or Bzip2 or Zstandard or Lz4 => null,
            Lzma when Properties.Length != LzmaStream.PropertyBytes => "its LZMA properties cannot be",
            Lzma2 when Properties is not [<= 40] => "its LZMA2 properties cannot be",
            Lzma or Lzma2 => WindowBytes(size) is var bytes && bytes > Limits.LzmaWindowBytes
                ? $"it has a window of {bytes} bytes, and {Limits.LzmaWindowBytes} are allowed"
                : null,
            Delta => Properties.Length == 1 ? null : "its delta cannot be",
            _ when !IsFilter => NotRead($"method {Method:X}"),
            _ => Properties.Length == 0 ? null : NotRead("a filter that is told where it begins"),
        };

    /// <summary>What is made before anything comes out, in bytes: a window and, by LZMA, tables. There is no <see cref="Problem"/>.</summary>
    /// <param name="size">How much comes out, in bytes.</param>
    internal long Setup(long size) =>
        Method switch
        {
            Lzma => WindowBytes(size) + (2L * 0x300 << ((Properties[0] % 9) + (Properties[0] / 9 % 5))),
            Lzma2 => WindowBytes(size),
            _ => 0,
        };

    /// <summary>Begins to decode.</summary>
    /// <param name="input">What goes in.</param>
    /// <param name="size">How much comes out, in bytes.</param>
    /// <param name="zstandard">What decodes Zstandard.</param>
    internal Stream Open(Stream input, long size, Func<Stream, ZstandardStream> zstandard) =>
        Method switch
        {
            Copy => input,
            Lzma => new LzmaStream(input, size, Properties),
            Lzma2 => new Lzma2Stream(input, (int)WindowBytes(size)),
            Deflate => new DeflateStream(input, CompressionMode.Decompress, leaveOpen: true),
            Bzip2 => new Bzip2Stream(input),
            Zstandard => zstandard(input),
            Lz4 => new Lz4Stream(input),
            Delta => new FilterStream(input, new DeltaFilter(Properties[0] + 1).Undo),
            _ => new FilterStream(input, Branches ?? throw new InvalidOperationException("the coder has a problem")),
        };

    /// <summary>What is kept of what came out: no more than there is.</summary>
    private long WindowBytes(long size)
    {
        var window =
            Method == Lzma ? BinaryPrimitives.ReadUInt32LittleEndian(Properties.AsSpan(1)) : Lzma2Stream.Window(Properties[0]) ?? 0;
        return Math.Max(4096, Math.Min(window, size));
    }

    private static string NotRead(string what) => $"it is compressed by {what}, which is not read here";
}
