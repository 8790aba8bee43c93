using System.Buffers.Binary;

namespace ArtifactTrust.Scanning.Models.Decompression;

/// <summary>
/// Undoes filters for programs of processors whose instructions are aligned: where a branch or call was given by its target, it is given by the distance again.
/// </summary>
/// <remarks>Spec: The .xz File Format 1.2.1, §5.3.2, and what the LZMA SDK 26.02 writes.</remarks>
internal static class BranchFilters
{
    // Which of the three instructions of a bundle may be branches, by the kind of the bundle.
    private static ReadOnlySpan<byte> Ia64Slots => [4, 4, 6, 6, 0, 0, 7, 7, 4, 4, 0, 0, 4, 4, 0, 0];

    /// <summary>BL: 24 bits, in words.</summary>
    internal static int Arm(Span<byte> bytes, uint position)
    {
        var at = 0;
        for (; at + 4 <= bytes.Length; at += 4)
        {
            if (bytes[at + 3] == 0xeb)
            {
                var code = BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
                var distance = code - ((position + (uint)at + 8) >> 2);
                BinaryPrimitives.WriteUInt32LittleEndian(bytes[at..], 0xeb00_0000 | (distance & 0x00ff_ffff));
            }
        }
        return at;
    }

    /// <summary>BL of Thumb: 11 bits in each of two halves.</summary>
    internal static int ArmThumb(Span<byte> bytes, uint position)
    {
        var at = 0;
        for (; at + 4 <= bytes.Length; at += 2)
        {
            uint high = BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
            uint low = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(at + 2)..]);
            if (high >> 11 == 0x1e && low >> 11 == 0x1f)
            {
                var distance = (((high & 0x7ff) << 11) | (low & 0x7ff)) - ((position + (uint)at + 4) >> 1);
                BinaryPrimitives.WriteUInt16LittleEndian(bytes[at..], (ushort)(0xf000 | ((distance >> 11) & 0x7ff)));
                BinaryPrimitives.WriteUInt16LittleEndian(bytes[(at + 2)..], (ushort)(0xf800 | (distance & 0x7ff)));
                at += 2;
            }
        }
        return at;
    }

    /// <summary>BL: 26 bits, in words. ADRP: 21 bits, in pages, of which those are changed that are not far.</summary>
    internal static int Arm64(Span<byte> bytes, uint position)
    {
        var at = 0;
        for (; at + 4 <= bytes.Length; at += 4)
        {
            var code = BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
            var here = position + (uint)at;
            if (code >> 26 == 0x25)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(bytes[at..], 0x9400_0000 | ((code - (here >> 2)) & 0x03ff_ffff));
            }
            else if ((code & 0x9f00_0000) == 0x9000_0000)
            {
                var page = ((code >> 29) & 3) | ((code >> 3) & 0x001f_fffc);
                if (((page + 0x0002_0000) & 0x001c_0000) != 0)
                {
                    continue;
                }
                page -= here >> 12;
                BinaryPrimitives.WriteUInt32LittleEndian(
                    bytes[at..],
                    (code & 0x9000_001f) | ((page & 3) << 29) | ((page & 0x0003_fffc) << 3) | ((0 - (page & 0x0002_0000)) & 0x00e0_0000)
                );
            }
        }
        return at;
    }

    /// <summary>BL: 24 bits, in words.</summary>
    internal static int PowerPc(Span<byte> bytes, uint position)
    {
        var at = 0;
        for (; at + 4 <= bytes.Length; at += 4)
        {
            var code = BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);
            if ((code & 0xfc00_0003) == 0x4800_0001)
            {
                var distance = (code - (position + (uint)at)) & 0x03ff_fffc;
                BinaryPrimitives.WriteUInt32BigEndian(bytes[at..], 0x4800_0001 | distance);
            }
        }
        return at;
    }

    /// <summary>CALL: 30 bits, in words, of which those are changed that are 22 bits and a sign.</summary>
    internal static int Sparc(Span<byte> bytes, uint position)
    {
        var at = 0;
        for (; at + 4 <= bytes.Length; at += 4)
        {
            var code = BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);
            if (code >> 22 is 0x100 or 0x1ff)
            {
                var distance = code - ((position + (uint)at) >> 2);
                var sign = (0 - ((distance >> 22) & 1)) << 22;
                BinaryPrimitives.WriteUInt32BigEndian(bytes[at..], 0x4000_0000 | (sign & 0x3fff_ffff) | (distance & 0x003f_ffff));
            }
        }
        return at;
    }

    /// <summary>BR.CALL: 21 bits, in bundles of 16 bytes, of which each has three instructions of 41 bits behind five bits that tell their kinds.</summary>
    internal static int Ia64(Span<byte> bytes, uint position)
    {
        var at = 0;
        for (; at + 16 <= bytes.Length; at += 16)
        {
            var kind = bytes[at] & 0x1f;
            var slots = kind < 16 ? 0 : Ia64Slots[kind - 16];
            for (var slot = 0; slot < 3; slot++)
            {
                if (((slots >> slot) & 1) == 0)
                {
                    continue;
                }
                var bit = 5 + (41 * slot);
                // Of the last one the bundle's end is six bytes away.
                var place = bytes.Slice(at + (bit >> 3), 6);
                var all =
                    BinaryPrimitives.ReadUInt32LittleEndian(place) | ((ulong)BinaryPrimitives.ReadUInt16LittleEndian(place[4..]) << 32);
                var code = all >> (bit & 7);
                if (((code >> 37) & 0xf) != 5 || ((code >> 9) & 7) != 0)
                {
                    continue;
                }
                var target = (uint)((code >> 13) & 0xf_ffff) | ((uint)((code >> 36) & 1) << 20);
                ulong distance = target - ((position + (uint)at) >> 4);
                code = (code & ~(0x8f_ffffUL << 13)) | ((distance & 0xf_ffff) << 13) | (((distance >> 20) & 1) << 36);
                all = (all & ((1UL << (bit & 7)) - 1)) | (code << (bit & 7));
                BinaryPrimitives.WriteUInt32LittleEndian(place, (uint)all);
                BinaryPrimitives.WriteUInt16LittleEndian(place[4..], (ushort)(all >> 32));
            }
        }
        return at;
    }
}
