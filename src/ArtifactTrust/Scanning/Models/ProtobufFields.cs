namespace ArtifactTrust.Scanning.Models;

/// <summary>One field of a message in protocol buffers.</summary>
/// <param name="Number">The field's number.</param>
/// <param name="WireType">0 a number, 1 eight bytes, 2 bytes of a length, 5 four bytes.</param>
/// <param name="Value">The number, or the length.</param>
/// <param name="Position">Where the value begins; for numbers, where it ends.</param>
internal readonly record struct ProtobufField(int Number, int WireType, ulong Value, long Position)
{
    /// <summary>Whether it is bytes: a text or a message.</summary>
    internal bool IsBytes => WireType == 2;
}

/// <summary>Reads the fields of a message, one after the other, without what is in them.</summary>
/// <remarks>Spec: protobuf.dev, "Encoding". None of the formats here has groups; parsers pass over them.</remarks>
internal static class ProtobufFields
{
    /// <summary>Reads the next field.</summary>
    /// <param name="input">Read from where it stands; after bytes it stands at their beginning.</param>
    /// <param name="end">Where the message ends.</param>
    /// <param name="field">The field.</param>
    /// <returns>False where there is none: at the end, or where the message is damaged, which leaves the input before the end.</returns>
    internal static bool TryRead(PickleInput input, long end, out ProtobufField field)
    {
        field = default;
        if (input.Position >= end || !TryReadNumber(input, out var tag) || tag >> 3 is 0 or > int.MaxValue)
        {
            return false;
        }
        var (number, wire) = ((int)(tag >> 3), (int)(tag & 7));
        ulong value = 0;
        switch (wire)
        {
            case 0:
                if (!TryReadNumber(input, out value))
                {
                    return false;
                }
                break;
            case 1 or 5:
                if (!input.Ensure(wire == 1 ? 8 : 4))
                {
                    return false;
                }
                input.Advance(wire == 1 ? 8 : 4);
                break;
            case 2:
                if (!TryReadNumber(input, out value) || value > (ulong)Math.Max(0, end - input.Position))
                {
                    return false;
                }
                break;
            case 3 or 4:
                // The beginning and the end of a group: what is in it is taken for fields of the message.
                break;
            default:
                return false;
        }
        field = new ProtobufField(number, wire, value, input.Position);
        return input.Position <= end;
    }

    private static bool TryReadNumber(PickleInput input, out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var read = input.ReadByte();
            if (read < 0)
            {
                return false;
            }
            value |= shift < 64 ? (ulong)(read & 0x7f) << shift : 0;
            if (read < 0x80)
            {
                return true;
            }
        }
        return false;
    }
}
