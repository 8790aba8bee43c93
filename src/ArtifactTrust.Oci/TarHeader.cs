using System.Buffers.Binary;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Oci;

/// <summary>A header of a tar archive: what stands before a member's content.</summary>
/// <remarks>
/// Spec: POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar for large numbers. What came before ustar is refused, and so are checksums of signed bytes.
/// </remarks>
/// <param name="Type">What follows it.</param>
/// <param name="Name">The member's name, as it stands there.</param>
/// <param name="Target">Where a link leads.</param>
/// <param name="Size">The length of what follows, in bytes.</param>
/// <param name="Mode">The permissions; 0 where they cannot be read.</param>
/// <param name="GoesOn">Whether blocks of GNU's sparse files come between it and the content.</param>
internal sealed record TarHeader(char Type, byte[] Name, byte[] Target, long Size, long Mode, bool GoesOn)
{
    /// <summary>What headers and the rounding of content come in, in bytes.</summary>
    internal const int BlockBytes = 512;

    /// <summary>Reads a block.</summary>
    /// <param name="block">The block.</param>
    /// <param name="malformed">Makes the exception of a reason.</param>
    /// <returns>The header; null where the block is empty, as at an archive's end.</returns>
    /// <exception cref="MalformedDataException">It is no header.</exception>
    internal static TarHeader? Read(ReadOnlySpan<byte> block, Func<string, MalformedDataException> malformed)
    {
        if (!block.ContainsAnyExcept((byte)0))
        {
            return null;
        }
        if (Number(block[148..156]) != Checksum(block) || !block[257..].StartsWith("ustar"u8))
        {
            throw malformed("it is no tar archive of today's form, or is damaged");
        }
        var type = (char)block[156];
        var name = Field(block[..100]);
        // GNU tar has other things where POSIX has the beginning of a long name.
        var prefix = block[262] == 0 ? Field(block[345..500]) : [];
        return new TarHeader(
            type,
            prefix.IsEmpty ? name.ToArray() : [.. prefix, (byte)'/', .. name],
            Field(block[157..257]).ToArray(),
            Number(block[124..136]) ?? throw malformed("a header's size is no number"),
            Number(block[100..108]) ?? 0,
            type == 'S' && block[482] != 0
        );
    }

    /// <summary>The sum of a header's bytes, its own field taken as spaces.</summary>
    internal static int Checksum(ReadOnlySpan<byte> header)
    {
        var sum = 0;
        for (var i = 0; i < BlockBytes; i++)
        {
            sum += i is >= 148 and < 156 ? ' ' : header[i];
        }
        return sum;
    }

    /// <summary>How many bytes fill the last block of some content.</summary>
    internal static int Padding(long size) => (int)((BlockBytes - (size % BlockBytes)) % BlockBytes);

    private static ReadOnlySpan<byte> Field(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        return end < 0 ? field : field[..end];
    }

    /// <summary>A number that is not negative; null where there is none.</summary>
    private static long? Number(ReadOnlySpan<byte> field)
    {
        if (field.Length == 12 && field[0] == 0x80)
        {
            // GNU's form for what octal digits cannot say: the rest is the number, most significant byte first.
            return field[1..^8].ContainsAnyExcept((byte)0) || (field[^8] & 0x80) != 0
                ? null
                : BinaryPrimitives.ReadInt64BigEndian(field[^8..]);
        }
        var value = 0L;
        foreach (var digit in field.Trim(" \0"u8))
        {
            if (digit is < (byte)'0' or > (byte)'7')
            {
                return null;
            }
            value = (value * 8) + digit - '0';
        }
        return value;
    }
}
