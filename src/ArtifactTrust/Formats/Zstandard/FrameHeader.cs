using System.Buffers.Binary;

namespace ArtifactTrust.Formats.Zstandard;

/// <summary>What a frame says of itself.</summary>
/// <param name="Window">How far matches reach back, in bytes.</param>
/// <param name="ContentSize">How many bytes come out; null where it does not say.</param>
/// <param name="HasChecksum">Whether a checksum of what comes out follows the last block.</param>
/// <remarks>Spec: RFC 8878 §3.1.1.1.</remarks>
internal sealed record FrameHeader(int Window, ulong? ContentSize, bool HasChecksum)
{
    /// <summary>What a frame begins with.</summary>
    internal const uint Magic = 0xfd2f_b528;

    /// <summary>The most bytes that come out of a block (§3.1.1.2.3).</summary>
    internal const int LargestBlock = 128 << 10;

    /// <summary>The most bytes that come out of a block of this frame.</summary>
    internal int BlockBytes => Math.Min(Window, LargestBlock);

    /// <summary>Whether four bytes begin a frame that is to be passed over (§3.1.2).</summary>
    internal static bool IsSkippable(uint magic) => magic >> 4 == 0x0184_d2a5;

    /// <summary>How many bytes of a header follow its first.</summary>
    internal static int LengthAfter(byte descriptor) =>
        (IsSingleSegment(descriptor) ? 0 : 1) + DictionaryBytes(descriptor) + ContentSizeBytes(descriptor);

    /// <summary>Reads a header.</summary>
    /// <param name="descriptor">Its first byte.</param>
    /// <param name="data">The others.</param>
    /// <param name="maximumWindow">The largest window that is accepted, in bytes.</param>
    /// <exception cref="InvalidDataException">The frame cannot be read.</exception>
    internal static FrameHeader Read(byte descriptor, ReadOnlySpan<byte> data, int maximumWindow)
    {
        if ((descriptor & 0x08) != 0)
        {
            throw new InvalidDataException("a frame with a reserved bit");
        }
        var window = 0UL;
        if (!IsSingleSegment(descriptor))
        {
            // §3.1.1.1.2: exponent and eighths.
            window = 1UL << (10 + (data[0] >> 3));
            window += (window >> 3) * (data[0] & 7u);
            data = data[1..];
        }
        var dictionary = Number(data[..DictionaryBytes(descriptor)]);
        if (dictionary != 0)
        {
            throw new InvalidDataException($"it needs the dictionary {dictionary}; dictionaries are not supported");
        }
        data = data[DictionaryBytes(descriptor)..];
        ulong? size = data.Length switch
        {
            0 => null,
            2 => Number(data) + 256,
            _ => Number(data),
        };
        window = IsSingleSegment(descriptor) ? size!.Value : window;
        return window > (uint)maximumWindow
            ? throw new InvalidDataException($"a window of {window} bytes; at most {maximumWindow} are accepted")
            : new FrameHeader((int)window, size, (descriptor & 0x04) != 0);
    }

    private static bool IsSingleSegment(byte descriptor) => (descriptor & 0x20) != 0;

    private static int DictionaryBytes(byte descriptor) => (1 << (descriptor & 3)) >> 1;

    private static int ContentSizeBytes(byte descriptor) =>
        (descriptor >> 6) switch
        {
            0 => IsSingleSegment(descriptor) ? 1 : 0,
            var flag => 1 << flag,
        };

    private static ulong Number(ReadOnlySpan<byte> bytes)
    {
        Span<byte> all = stackalloc byte[sizeof(ulong)];
        bytes.CopyTo(all);
        return BinaryPrimitives.ReadUInt64LittleEndian(all);
    }
}
