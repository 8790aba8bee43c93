using System.Buffers.Binary;
using ArtifactTrust.Formats.Zstandard;
using ArtifactTrust.Scanning.Models.SevenZip;

namespace ArtifactTrust.Scanning.Models;

/// <summary>How content of a format is treated.</summary>
internal enum FormatTreatment
{
    /// <summary>It is examined as pickles, if it turns out to be some.</summary>
    Probe,

    /// <summary>It can hold code, and is not read here.</summary>
    Unexamined,

    /// <summary>It is machine code.</summary>
    Native,

    /// <summary>Objects of another language.</summary>
    Objects,

    /// <summary>An archive of members.</summary>
    Zip,

    /// <inheritdoc cref="Zip"/>
    SevenZip,

    /// <summary>A NumPy array.</summary>
    Numpy,

    /// <summary>One compressed stream.</summary>
    Gzip,

    /// <inheritdoc cref="Gzip"/>
    Zlib,

    /// <inheritdoc cref="Gzip"/>
    Bzip2,

    /// <inheritdoc cref="Gzip"/>
    Xz,

    /// <inheritdoc cref="Gzip"/>
    Lzma,

    /// <inheritdoc cref="Gzip"/>
    Lz4,

    /// <inheritdoc cref="Gzip"/>
    Zstandard,

    /// <summary>zlib as joblib wrote it before version 0.10.</summary>
    OldJoblib,

    /// <summary>An archive of members, one after the other.</summary>
    Tar,

    /// <summary>HDF5, as Keras writes models.</summary>
    Hdf5,

    /// <summary>GGUF.</summary>
    Gguf,

    /// <summary>safetensors.</summary>
    Safetensors,

    /// <summary>Parquet.</summary>
    Parquet,

    /// <summary>Arrow.</summary>
    Arrow,

    /// <summary>What may be protocol buffers: ONNX, TensorFlow.</summary>
    Protobuf,

    /// <summary>Text: settings, templates, source code.</summary>
    Text,
}

/// <summary>A format, recognized by its content.</summary>
/// <param name="Name">The name, for people.</param>
/// <param name="Treatment">What happens to it.</param>
internal sealed record FileFormat(string Name, FormatTreatment Treatment)
{
    /// <summary>Whether it can be examined only where any place can be read.</summary>
    internal bool NeedsSeeking =>
        Treatment
            is FormatTreatment.Zip
                or FormatTreatment.SevenZip
                or FormatTreatment.Hdf5
                or FormatTreatment.Gguf
                or FormatTreatment.Safetensors
                or FormatTreatment.Parquet
                or FormatTreatment.Arrow
                or FormatTreatment.Protobuf
                or FormatTreatment.Text;

    /// <summary>Whether anything may stand in it, and no examination of it sees all of that.</summary>
    internal bool MayHideArchive => Treatment is FormatTreatment.Probe or FormatTreatment.Native or FormatTreatment.Text;

    /// <summary>
    /// Whether the first bytes may be opcodes as well: the name of the first member, or a frame that decoders pass over. All other archives and compressed data
    /// begin with bytes that no unpickler takes.
    /// </summary>
    internal bool MayBePickleToo => Treatment is FormatTreatment.Tar or FormatTreatment.Bzip2 or FormatTreatment.Zstandard;

    /// <summary>How many of the first bytes are looked at.</summary>
    internal const int HeadBytes = 4096;

    /// <summary>What stands before the data of compressed joblib files of old, in bytes.</summary>
    internal const int OldJoblibHeader = 21;

    /// <summary>What HDF5 files begin with.</summary>
    internal static ReadOnlySpan<byte> Hdf5Signature => [0x89, (byte)'H', (byte)'D', (byte)'F', 0x0d, 0x0a, 0x1a, 0x0a];

    private const string Unknown = "unknown";
    private const string Safetensors = "safetensors";
    private const string Workspace = "workspace of R";
    private const string Bytecode = "Python bytecode";

    /// <summary>Whether Python takes it for a compiled module. It may be another format all the same.</summary>
    internal bool IsBytecode => Name == Bytecode;

    private static readonly (byte[] Magic, FileFormat Format)[] Magics =
    [
        ([.. "PK\x03\x04"u8], new("zip archive", FormatTreatment.Zip)),
        ([.. "PK\x05\x06"u8], new("zip archive", FormatTreatment.Zip)),
        ([0x93, .. "NUMPY"u8], new("NumPy array", FormatTreatment.Numpy)),
        ([0x1f, 0x8b, 0x08], new("gzip", FormatTreatment.Gzip)),
        ([.. Hdf5Signature], new("HDF5", FormatTreatment.Hdf5)),
        ([.. "BZh"u8], new("bzip2", FormatTreatment.Bzip2)),
        ([0xfd, .. "7zXZ\0"u8], new("xz", FormatTreatment.Xz)),
        ([0x5d, 0x00, 0x00], new("lzma", FormatTreatment.Lzma)),
        ([0x04, 0x22, 0x4d, 0x18], new("lz4", FormatTreatment.Lz4)),
        ([.. "ZF0x"u8], new("compressed joblib file of old", FormatTreatment.OldJoblib)),
        ([.. SevenZipDirectory.Signature], new(SevenZipDirectory.FormatName, FormatTreatment.SevenZip)),
        ([.. "Rar!\x1a\x07"u8], new("rar archive", FormatTreatment.Unexamined)),
        ([0x83, 0xaf, 0x70, 0xd1, 0x0d, 0x88, 0x4a, 0x3f], new("Riegeli records, as SavedModels in chunks,", FormatTreatment.Unexamined)),
        ([0x7f, .. "ELF"u8], new("ELF program or library", FormatTreatment.Native)),
        ([0xfe, 0xed, 0xfa, 0xcf], new("Mach-O program or library", FormatTreatment.Native)),
        ([0xcf, 0xfa, 0xed, 0xfe], new("Mach-O program or library", FormatTreatment.Native)),
        ([0xfe, 0xed, 0xfa, 0xce], new("Mach-O program or library", FormatTreatment.Native)),
        ([0xce, 0xfa, 0xed, 0xfe], new("Mach-O program or library", FormatTreatment.Native)),
        ([0xca, 0xfe, 0xba, 0xbe], new("Mach-O library or Java class", FormatTreatment.Native)),
        ([.. "RDX2\n"u8], new(Workspace, FormatTreatment.Objects)),
        ([.. "RDX3\n"u8], new(Workspace, FormatTreatment.Objects)),
        ([.. "RDA2\n"u8], new(Workspace, FormatTreatment.Objects)),
        ([.. "RDA3\n"u8], new(Workspace, FormatTreatment.Objects)),
        ([.. "X\n\0\0\0\x02"u8], new("value of R", FormatTreatment.Objects)),
        ([.. "X\n\0\0\0\x03"u8], new("value of R", FormatTreatment.Objects)),
        ([0xac, 0xed, 0x00, 0x05], new("serialized objects of Java", FormatTreatment.Objects)),
        ([0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0, 0, 0, 0], new("serialized objects of .NET", FormatTreatment.Objects)),
        ([.. "GGUF"u8], new("GGUF", FormatTreatment.Gguf)),
        ([.. "PAR1"u8], new("Parquet", FormatTreatment.Parquet)),
        ([.. "ARROW1"u8], new("Arrow", FormatTreatment.Arrow)),
        ([0x89, .. "PNG\r\n\x1a\n"u8], new("PNG image", FormatTreatment.Probe)),
        ([0xff, 0xd8, 0xff], new("JPEG image", FormatTreatment.Probe)),
        ([.. "GIF8"u8], new("GIF image", FormatTreatment.Probe)),
        ([.. "%PDF-"u8], new("PDF", FormatTreatment.Probe)),
    ];

    /// <summary>The format of bytes that begin so.</summary>
    internal static FileFormat Recognize(ReadOnlySpan<byte> head)
    {
        foreach (var (magic, format) in Magics)
        {
            // LZMA data has a zero where the header of safetensors has text; they may begin alike.
            if (head.StartsWith(magic) && (format.Treatment is not FormatTreatment.Lzma || NameOf(head) != Safetensors))
            {
                return format;
            }
        }
        if (ZstandardStream.IsMagic(head))
        {
            return new FileFormat("Zstandard", FormatTreatment.Zstandard);
        }
        if (TarExaminer.IsHeader(head))
        {
            return new FileFormat("tar archive", FormatTreatment.Tar);
        }
        if (head is [(byte)'M', (byte)'Z', ..] && head.IndexOf("PE\0\0"u8) > 0)
        {
            return new FileFormat("Windows program or library", FormatTreatment.Native);
        }
        // RFC 1950 §2.2: deflate with a window of 32 KiB, and a check of the first two bytes.
        if (head is [0x78, var flags, ..] && ((0x78 << 8) + flags) % 31 == 0 && (flags & 0x20) == 0)
        {
            return new FileFormat("zlib", FormatTreatment.Zlib);
        }
        if (head is [0xff, 0xff, 0xff, 0xff, _, _, < 0x10, 0, 0x10, ..])
        {
            return new FileFormat("Arrow stream", FormatTreatment.Arrow);
        }
        return NameOf(head) is var name && name.EndsWith("text", StringComparison.Ordinal)
            ? new FileFormat(name, FormatTreatment.Text)
            : new FileFormat(
                name,
                name == Safetensors ? FormatTreatment.Safetensors
                    : MayBeProtobuf(head) ? FormatTreatment.Protobuf
                    : FormatTreatment.Probe
            );
    }

    /// <summary>Whether the first byte is a field that ONNX or TensorFlow begin with: a number or bytes, of the fields 1 to 15, or of 20 and 25.</summary>
    private static bool MayBeProtobuf(ReadOnlySpan<byte> head) =>
        head is [0x08 or 0x28 or 0x18, ..] or [0xa2 or 0xca, 0x01, ..] || (head is [< 0x80, _, ..] && (head[0] & 7) == 2);

    /// <summary>Whether bytes begin as ONNX models and SavedModels do: with a small version, and a field that comes after it.</summary>
    internal static bool IsGraph(MemoryStream bytes) =>
        bytes.GetBuffer() is [0x08, < 0x20, 0x12 or 0x1a or 0x22 or 0x28 or 0x32 or 0x3a or 0x42, ..];

    private static string NameOf(ReadOnlySpan<byte> head)
    {
        if (head.IsEmpty)
        {
            return "empty";
        }
        if (
            head.Length > 9
            && BinaryPrimitives.ReadUInt64LittleEndian(head) is > 1 and <= 100_000_000
            && head[8] == (byte)'{'
            && !head[8..Math.Min(head.Length, 16)].Contains((byte)0)
        )
        {
            return Safetensors;
        }
        if (IsText(head))
        {
            return head.TrimStart(" \t\r\n"u8) is [(byte)'{' or (byte)'[', ..] ? "JSON or similar text" : "text";
        }
        // The version in two bytes, and a line that a transfer as text would change.
        return head is [_, (>= 0x0b and <= 0x0f) or 0xf2 or 0xf3, 0x0d, 0x0a, ..] ? Bytecode : Unknown;
    }

    private static bool IsText(ReadOnlySpan<byte> head)
    {
        foreach (var b in head)
        {
            if (b < 0x20 && b is not ((byte)'\t' or (byte)'\n' or (byte)'\r' or 0x0c or 0x1b))
            {
                return false;
            }
        }
        // The last character may be cut.
        for (var cut = 0; cut < 4 && cut < head.Length; cut++)
        {
            if (System.Text.Unicode.Utf8.IsValid(head[..^cut]))
            {
                return true;
            }
            if (head.Length < HeadBytes)
            {
                return false;
            }
        }
        return false;
    }
}
