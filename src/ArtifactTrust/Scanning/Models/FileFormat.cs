using System.Buffers.Binary;

namespace ArtifactTrust.Scanning.Models;

/// <summary>How content of a format is treated.</summary>
internal enum FormatTreatment
{
    /// <summary>It is examined as pickles, if it turns out to be some.</summary>
    Probe,

    /// <summary>It can hold code that this scanner does not read.</summary>
    Unexamined,

    /// <summary>It is machine code.</summary>
    Native,

    /// <summary>An archive of members.</summary>
    Zip,

    /// <summary>A NumPy array.</summary>
    Numpy,

    /// <summary>One compressed stream.</summary>
    Gzip,

    /// <inheritdoc cref="Gzip"/>
    Zlib,
}

/// <summary>A format, recognized by its content.</summary>
/// <param name="Name">The name, for people.</param>
/// <param name="Treatment">What happens to it.</param>
internal sealed record FileFormat(string Name, FormatTreatment Treatment)
{
    /// <summary>How many of the first bytes are looked at.</summary>
    internal const int HeadBytes = 4096;

    private const string Unknown = "unknown";

    private static readonly (byte[] Magic, FileFormat Format)[] Magics =
    [
        ([.. "PK\x03\x04"u8], new("zip archive", FormatTreatment.Zip)),
        ([.. "PK\x05\x06"u8], new("zip archive", FormatTreatment.Zip)),
        ([0x93, .. "NUMPY"u8], new("NumPy array", FormatTreatment.Numpy)),
        ([0x1f, 0x8b, 0x08], new("gzip", FormatTreatment.Gzip)),
        ([0x89, .. "HDF\r\n\x1a\n"u8], new("HDF5", FormatTreatment.Unexamined)),
        ([.. "BZh"u8], new("bzip2", FormatTreatment.Unexamined)),
        ([0xfd, .. "7zXZ\0"u8], new("xz", FormatTreatment.Unexamined)),
        ([0x5d, 0x00, 0x00], new("lzma", FormatTreatment.Unexamined)),
        ([0x04, 0x22, 0x4d, 0x18], new("lz4", FormatTreatment.Unexamined)),
        ([0x28, 0xb5, 0x2f, 0xfd], new("Zstandard", FormatTreatment.Unexamined)),
        ([.. "7z"u8, 0xbc, 0xaf, 0x27, 0x1c], new("7z archive", FormatTreatment.Unexamined)),
        ([.. "Rar!\x1a\x07"u8], new("rar archive", FormatTreatment.Unexamined)),
        // The schema version and the first graph; an ONNX model would be of the first version of its format.
        ([0x08, 0x01, 0x12], new("TensorFlow SavedModel", FormatTreatment.Unexamined)),
        ([0x7f, .. "ELF"u8], new("ELF program or library", FormatTreatment.Native)),
        ([0xfe, 0xed, 0xfa, 0xcf], new("Mach-O program or library", FormatTreatment.Native)),
        ([0xcf, 0xfa, 0xed, 0xfe], new("Mach-O program or library", FormatTreatment.Native)),
        ([.. "GGUF"u8], new("GGUF", FormatTreatment.Probe)),
        ([.. "PAR1"u8], new("Parquet", FormatTreatment.Probe)),
        ([.. "ARROW1"u8], new("Arrow", FormatTreatment.Probe)),
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
            if (head.StartsWith(magic))
            {
                return format;
            }
        }
        if (head.Length > 262 && head[257..].StartsWith("ustar"u8))
        {
            return new FileFormat("tar archive", FormatTreatment.Unexamined);
        }
        if (head is [(byte)'M', (byte)'Z', ..] && head.IndexOf("PE\0\0"u8) > 0)
        {
            return new FileFormat("Windows program or library", FormatTreatment.Native);
        }
        // A SavedModel without its version: field 2, then the graph or what is said about it.
        if (head is [0x12, var graphLength, ..] && head[Math.Min(head.Length, graphLength < 0x80 ? 2 : 3)..] is [0x0a or 0x12, ..])
        {
            return new FileFormat("TensorFlow SavedModel", FormatTreatment.Unexamined);
        }
        // RFC 1950 §2.2: deflate with a window of 32 KiB, and a check of the first two bytes.
        if (head is [0x78, var flags, ..] && ((0x78 << 8) + flags) % 31 == 0 && (flags & 0x20) == 0)
        {
            return new FileFormat("zlib", FormatTreatment.Zlib);
        }
        return new FileFormat(NameOf(head), FormatTreatment.Probe);
    }

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
            return "safetensors";
        }
        if (IsText(head))
        {
            return head.TrimStart(" \t\r\n"u8) is [(byte)'{' or (byte)'[', ..] ? "JSON or similar text" : "text";
        }
        return Unknown;
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
