using System.Buffers.Binary;

namespace ArtifactTrust.Scanning.Models.Decompression;

/// <summary>Undoes the filter for programs of x86: where a CALL or JMP was given by its target, it is given by the distance again.</summary>
/// <remarks>
/// Spec: The .xz File Format 1.2.1, §5.3.2, and what the LZMA SDK 26.02 writes. Changed is what looks like such an instruction with a distance below 16 MiB, unless it may lie in
/// another one.
/// </remarks>
internal sealed class X86Filter
{
    // Of the three bytes before, the nearest as the lowest bit: those that could begin an instruction, and those of them whose distance would be short.
    private int _opcodes;
    private int _instructions;

    internal int Undo(Span<byte> bytes, uint position)
    {
        var at = 0;
        while (at + 5 <= bytes.Length)
        {
            var isOpcode = (bytes[at] & 0xfe) == 0xe8;
            var isInstruction = isOpcode && IsSign(bytes[at + 4]);
            if (isInstruction && _instructions == 0 && _opcodes is 0 or 1 or 2 or 4)
            {
                Change(bytes.Slice(at + 1, 4), position + (uint)at + 5);
                (_opcodes, _instructions) = (0, 0);
                at += 5;
                continue;
            }
            _opcodes = ((_opcodes << 1) | (isOpcode ? 1 : 0)) & 7;
            _instructions = ((_instructions << 1) | (isInstruction ? 1 : 0)) & 7;
            at++;
        }
        return at;
    }

    private void Change(Span<byte> operand, uint end)
    {
        var distance = BinaryPrimitives.ReadUInt32LittleEndian(operand) - end;
        if (_opcodes > 0)
        {
            // The byte in which the one before would have its sign must not become a sign.
            var bits = _opcodes == 4 ? 0 : 24 - (8 * _opcodes);
            if (IsSign((byte)(distance >> bits)))
            {
                distance = (distance ^ ((0x100u << bits) - 1)) - end;
            }
        }
        var sign = 0 - ((distance >> 24) & 1);
        BinaryPrimitives.WriteUInt32LittleEndian(operand, (distance & 0x00ff_ffff) | (sign << 24));
    }

    private static bool IsSign(byte value) => value is 0 or 0xff;
}
