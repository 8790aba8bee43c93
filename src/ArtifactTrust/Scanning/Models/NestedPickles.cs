using System.Buffers;
using System.Buffers.Text;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Pickles hidden in the values of a pickle: as bytes, in base64 or in hex. Something else has to load them; hiding them is telling enough.</summary>
internal sealed class NestedPickles(ModelScanRules rules, int depth, CancellationToken cancellation)
{
    /// <summary>How many bytes of a value <see cref="MayBegin"/> needs to see.</summary>
    internal const int HeadBytes = 64;

    /// <summary>Whether a value that starts so can be a pickle. Made to be fast on values that are none.</summary>
    internal static bool MayBegin(ReadOnlySpan<byte> head) =>
        head.Length >= 4
        && head[0] switch
        {
            0x80 => head[1] <= 5,
            // 80 0x in base64, whatever follows.
            (byte)'g' => head[1] == 'A' && head[2] is >= (byte)'A' and <= (byte)'X',
            (byte)'8' => head[1] == '0' && head[2] == '0' && head[3] is >= (byte)'0' and <= (byte)'5',
            // Protocol 0 begins with an import, or with a mark before one.
            (byte)'c' or (byte)'(' => head.Contains((byte)'\n'),
            _ => false,
        };

    /// <summary>Follows the pickle in a value, if it is one.</summary>
    /// <param name="value">The value, or its first part.</param>
    /// <param name="cut">Whether the value goes on.</param>
    /// <param name="events">Where imports are kept.</param>
    /// <param name="position">Where the value's opcode is.</param>
    internal void Examine(ReadOnlySpan<byte> value, bool cut, PickleEvents events, long position)
    {
        var bytes = Decode(value, cut);
        if (bytes.Length == 0)
        {
            return;
        }
        if (depth >= Limits.ModelFileNesting)
        {
            events.AddOddity("nested-too-deep", position);
            return;
        }
        var inner = new PickleEvents(rules, events.Part("nested pickle", position));
        var input = new PickleInput(new MemoryStream(bytes), bytes.Length);
        var machine = new PickleMachine(input, inner, new PickleText(input), new NestedPickles(rules, depth + 1, cancellation));
        var end = machine.Run(sure: false, exactNames: false, cancellation);
        var plausible = machine.SawCall || machine.SawDenied || (end == PickleEnd.Stopped && (bytes[0] == 0x80 || machine.SawImport));
        if (plausible)
        {
            events.AddInner(inner);
            events.AddOddity("nested-pickle", position);
        }
        else if (cut && end == PickleEnd.Truncated && machine.Opcodes > 4)
        {
            events.AddOddity("nested-unexamined", position);
        }
    }

    private static byte[] Decode(ReadOnlySpan<byte> value, bool cut)
    {
        switch (value[0])
        {
            case (byte)'g':
                var text = Encoding
                    .Latin1.GetString(value)
                    .Replace("\n", "", StringComparison.Ordinal)
                    .Replace('-', '+')
                    .Replace('_', '/')
                    .TrimEnd();
                text = text.TrimEnd('=');
                text = text.Length % 4 == 1 ? text[..^1] : text;
                var padded = Encoding.Latin1.GetBytes(text.PadRight((text.Length + 3) / 4 * 4, '='));
                var decoded = new byte[Base64.GetMaxDecodedFromUtf8Length(padded.Length)];
                var status = Base64.DecodeFromUtf8(padded, decoded, out _, out var written);
                return status == OperationStatus.Done || (cut && written > 0) ? decoded[..written] : [];
            case (byte)'8':
                var even = value[..(value.Length & ~1)];
                var bytes = new byte[even.Length / 2];
                return Convert.FromHexString(even, bytes, out _, out _) == OperationStatus.Done ? bytes : [];
            default:
                return value.ToArray();
        }
    }
}
