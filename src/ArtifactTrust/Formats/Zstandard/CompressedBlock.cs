namespace ArtifactTrust.Formats.Zstandard;

/// <summary>Decodes compressed blocks, and keeps what the blocks of a frame share.</summary>
/// <remarks>Spec: RFC 8878 §3.1.1.2.3, §3.1.1.3.</remarks>
internal sealed class CompressedBlock(Window window)
{
    private readonly Literals _literals = new();
    private readonly SequenceField _literalLengths = SequenceField.LiteralLengths();
    private readonly SequenceField _offsets = SequenceField.Offsets();
    private readonly SequenceField _matchLengths = SequenceField.MatchLengths();
    private (int First, int Second, int Third) _lastOffsets;

    /// <summary>Begins a frame.</summary>
    /// <param name="blockBytes">The most bytes that come out of a block.</param>
    internal void BeginFrame(int blockBytes)
    {
        _literals.BeginFrame(blockBytes);
        _literalLengths.Forget();
        _offsets.Forget();
        _matchLengths.Forget();
        _lastOffsets = (1, 4, 8);
    }

    /// <summary>Decodes a block into the window.</summary>
    /// <param name="padded">The block, after <see cref="BackwardBits.Padding"/> bytes of anything.</param>
    /// <param name="largest">The most bytes that may come out of it.</param>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    internal void Decode(ReadOnlySpan<byte> padded, int largest)
    {
        var at = _literals.Read(padded, BackwardBits.Padding, largest);
        var count = ReadCount(padded, ref at);
        if (count > 0)
        {
            DecodeSequences(padded, ReadTables(padded, at), count);
        }
        else if (at != padded.Length)
        {
            throw new InvalidDataException("a block without sequences that goes on after them");
        }
        window.Copy(_literals.Rest);
    }

    /// <summary>§3.1.1.3.2.1: how many sequences there are.</summary>
    private static int ReadCount(ReadOnlySpan<byte> padded, ref int at)
    {
        var data = padded[at..];
        var (count, length) = data switch
        {
            [< 128, ..] => (data[0], 1),
            [< 255, _, ..] => (((data[0] - 128) << 8) + data[1], 2),
            [255, _, _, ..] => (data[1] + (data[2] << 8) + 0x7f00, 3),
            _ => throw CutShort(),
        };
        at += length;
        return count;
    }

    private int ReadTables(ReadOnlySpan<byte> padded, int at)
    {
        if (at == padded.Length)
        {
            throw CutShort();
        }
        var modes = padded[at++];
        if ((modes & 3) != 0)
        {
            throw new InvalidDataException("sequences with reserved bits");
        }
        at += _literalLengths.Read(modes >> 6, padded[at..]);
        at += _offsets.Read((modes >> 4) & 3, padded[at..]);
        at += _matchLengths.Read((modes >> 2) & 3, padded[at..]);
        return at;
    }

    /// <summary>§3.1.1.3.2.1.2, §3.1.1.4.</summary>
    private void DecodeSequences(ReadOnlySpan<byte> padded, int at, int count)
    {
        var bits = new BackwardBits(padded, at, padded.Length - at);
        var (literalLengths, offsets, matchLengths) = (_literalLengths.States, _offsets.States, _matchLengths.States);
        var literalLength = literalLengths[bits.Read(_literalLengths.Log)];
        var offset = offsets[bits.Read(_offsets.Log)];
        var matchLength = matchLengths[bits.Read(_matchLengths.Log)];
        var (first, second, third) = _lastOffsets;
        for (var left = count; ; )
        {
            bits.Refill(padded);
            // An offset has 31 further bits at most, a length 16.
            var distance = offset.Base + (uint)bits.Read(offset.ExtraBits);
            var matches = (int)matchLength.Base + bits.Read(matchLength.ExtraBits);
            bits.Refill(padded);
            var literals = (int)literalLength.Base + bits.Read(literalLength.ExtraBits);
            if (distance > 3)
            {
                (first, second, third) = ((int)Math.Min(distance - 3, int.MaxValue), first, second);
            }
            else
            {
                // §3.1.1.5: one of the last three; without literals, they count from the second on.
                switch (distance + (literals == 0 ? 1 : 0))
                {
                    case 1:
                        break;
                    case 2:
                        (first, second) = (second, first);
                        break;
                    case 3:
                        (first, second, third) = (third, first, second);
                        break;
                    default:
                        (first, second, third) = (first - 1, first, second);
                        break;
                }
            }
            window.CopyLiterals(_literals.Take(literals), literals);
            window.CopyMatch(first, matches);
            if (--left == 0)
            {
                break;
            }
            literalLength = literalLengths[literalLength.Next + bits.Read(literalLength.Bits)];
            matchLength = matchLengths[matchLength.Next + bits.Read(matchLength.Bits)];
            offset = offsets[offset.Next + bits.Read(offset.Bits)];
        }
        bits.End();
        _lastOffsets = (first, second, third);
    }

    private static InvalidDataException CutShort() => new("sequences that are cut short");
}
