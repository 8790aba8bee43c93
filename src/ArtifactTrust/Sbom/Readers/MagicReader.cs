using System.Buffers.Binary;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>A format that is named and not read: what is inside needs a scanner, not a bill of materials.</summary>
internal sealed class MagicReader : FormatReader
{
    private readonly Func<FileHead, bool> _recognizes;

    private MagicReader(string format, FileRole role, Func<FileHead, bool> recognizes)
    {
        Format = format;
        Role = role;
        _recognizes = recognizes;
    }

    /// <summary>The formats of this kind; the special ones before the general.</summary>
    internal static IReadOnlyList<MagicReader> All { get; } =
    [
        new("npz", FileRole.Weights, h => FirstMember(h) is { } name && name.EndsWith(".npy", StringComparison.Ordinal)),
        new("zip", FileRole.Other, h => FirstMember(h) is not null),
        // Protocols 2 to 5 begin with PROTO; older ones have no magic number.
        new("pickle", FileRole.Weights, h => h.Start.Length > 2 && h.Start[0] == 0x80 && h.Start[1] is >= 2 and <= 5),
    ];

    /// <inheritdoc/>
    internal override string Format { get; }

    /// <inheritdoc/>
    internal override FileRole Role { get; }

    /// <inheritdoc/>
    internal override bool Recognizes(FileHead head) => _recognizes(head);

    /// <inheritdoc/>
    internal override FileFacts Read(FileHead head, ByteReader input) => new(Format, Role);

    /// <summary>The name of a zip file's first member; null where the file is no zip or the name is not within its start.</summary>
    internal static string? FirstMember(FileHead head)
    {
        var start = head.Start;
        if (start.Length < 30 || !start.StartsWith("PK\u0003\u0004"u8))
        {
            return null;
        }
        var length = BinaryPrimitives.ReadUInt16LittleEndian(start[26..]);
        return length <= start.Length - 30 ? FileText.Decode(start.Slice(30, length)) : "";
    }
}
