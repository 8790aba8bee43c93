using System.Buffers.Binary;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <content>The arguments of opcodes, read from the input.</content>
internal sealed partial class PickleMachine
{
    private long Unsigned(int size, long position)
    {
        if (!input.Ensure(size))
        {
            Truncated(position);
            return 0;
        }
        var bytes = input.Available;
        var value = size switch
        {
            1 => bytes[0],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            4 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            // A length over the largest signed number is over what is left, which is what it is compared with.
            _ => (long)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(bytes), long.MaxValue),
        };
        input.Advance(size);
        return value;
    }

    private void BeginFrame(long position)
    {
        var length = Unsigned(8, position);
        if (position < _frameEnd)
        {
            events.AddOddity("frame-split", position);
        }
        if (length > input.Remaining)
        {
            // Unpicklers written in Python take a frame that is cut short.
            Doubt("a frame that is longer than what is left", position);
        }
        _frameEnd = length > long.MaxValue - input.Position ? long.MaxValue : input.Position + length;
    }

    private long SignedLength(long position)
    {
        var length = (int)Unsigned(4, position);
        if (length < 0)
        {
            Fail("a length below zero", position);
            _end = PickleEnd.Malformed;
            return 0;
        }
        return length;
    }

    private void PushSized(int size, long position)
    {
        var number = Unsigned(size, position);
        Push(size < 8 ? PickleValue.OfNumber(number) : PickleValue.Other, position);
    }

    /// <summary>Pushes a number of any length; what it is, where it is short and not below zero.</summary>
    private void PushLong(long length, long position)
    {
        if (length is 0 or > 6 || !input.Ensure((int)length) || input.Available[(int)length - 1] >= 0x80)
        {
            PushBytes(length, null, position);
            return;
        }
        var number = 0L;
        for (var i = (int)length - 1; i >= 0; i--)
        {
            number = (number << 8) | input.Available[i];
        }
        input.Advance((int)length);
        Push(PickleValue.OfNumber(number), position);
    }

    /// <summary>Pushes bytes of a known length. They are not read where they cannot be the name of an import.</summary>
    /// <param name="length">The length, in bytes.</param>
    /// <param name="kind">What the value is; null for a number.</param>
    /// <param name="position">Where the opcode is.</param>
    private void PushBytes(long length, PickleKind? kind, long position)
    {
        if (_end is not null)
        {
            return;
        }
        if (!input.MayHave(length))
        {
            Fail($"{length} bytes are announced where {input.Remaining} are left", position);
            _end = PickleEnd.Truncated;
            return;
        }
        var value = PickleValue.Other;
        if (length > 0 && kind is not null && input.Ensure((int)Math.Min(length, NestedPickles.HeadBytes)))
        {
            var head = input.Available[..(int)Math.Min(length, NestedPickles.HeadBytes)];
            if (NestedPickles.MayBegin(head))
            {
                Examine(length, position);
            }
            if (kind == PickleKind.Text)
            {
                value =
                    length > Limits.PickleNameBytes ? PickleValue.LongText
                    : input.Ensure((int)length) ? Keep(PickleKind.Text, (int)length, input.Position, position)
                    : PickleValue.Other;
            }
        }
        if (!input.Skip(length))
        {
            Truncated(position);
            return;
        }
        Push(value, position);
    }

    private PickleValue Keep(PickleKind kind, int length, long start, long position)
    {
        if (texts.TryKeep(input.Available[..length], start, out var place))
        {
            return PickleValue.OfText(kind, length, place);
        }
        OverLimit($"more than {Limits.PickleTextBytes} bytes of names", position);
        return PickleValue.Other;
    }

    private void Examine(long length, long position)
    {
        var size = (int)Math.Min(length, PickleInput.BufferBytes / 2);
        // Not in guessed places: what looks like a value there is not one.
        if (!_exactNames && input.Ensure(size))
        {
            nested.Examine(input.Available[..size], length > size, events, position);
        }
    }

    /// <summary>The length of the line that begins here, without its end; -1 where it does not end in the buffer.</summary>
    private int LineLength(long position)
    {
        for (var wanted = 1; ; wanted = Math.Min(2 * input.Available.Length, PickleInput.BufferBytes))
        {
            var complete = input.Ensure(wanted);
            var end = input.Available.IndexOf((byte)'\n');
            if (end >= 0)
            {
                return end;
            }
            if (!complete)
            {
                Truncated(position);
                return -1;
            }
            if (wanted == PickleInput.BufferBytes)
            {
                return -1;
            }
        }
    }

    /// <summary>The next bytes of the line that begins here, where it does not end in the buffer. They are to be moved over before the next.</summary>
    /// <returns>Whether there are some; otherwise the length of the line's last part is known, or it has no end.</returns>
    private bool NextPiece(long position, out int last)
    {
        last = LineLength(position);
        if (last >= 0 || _end is not null)
        {
            return false;
        }
        if (_exactNames && _journal is null)
        {
            // No loader begins here. Elsewhere a line is followed to its end: whoever gave up would be told so by the length of one.
            Fail("a line longer than a guess is worth", position);
            return false;
        }
        _lineBytes += input.Available.Length;
        return true;
    }

    /// <summary>Moves over a line of any length.</summary>
    private void Line(long position)
    {
        int last;
        while (NextPiece(position, out last))
        {
            input.Advance(input.Available.Length);
        }
        if (last >= 0)
        {
            input.Advance(last + 1);
        }
    }

    private void PushLine(PickleKind kind, long position)
    {
        var length = LineLength(position);
        var value = PickleValue.Other;
        if (length >= 0)
        {
            var (start, size) = (0, length);
            if (kind == PickleKind.Escaped)
            {
                (start, size) = Unquote(input.Available[..length]);
                if (size < 0)
                {
                    Fail("a string without quotes", position);
                    size = 0;
                }
            }
            input.Advance(start);
            ExamineText(size, position);
            value = size > Limits.PickleNameBytes ? PickleValue.LongText : Keep(kind, size, input.Position, position);
            input.Advance(length - start + 1);
        }
        else if (_end is null)
        {
            MoveOverText(kind, position);
            value = PickleValue.LongText;
        }
        Push(value, position);
    }

    private void ExamineText(int size, long position)
    {
        var head = input.Available[..Math.Min(size, NestedPickles.HeadBytes)];
        if (NestedPickles.MayBegin(head))
        {
            Examine(size, position);
        }
    }

    /// <summary>Moves over a text that is too long for the buffer, and so for a name.</summary>
    private void MoveOverText(PickleKind kind, long position)
    {
        var quote = kind == PickleKind.Escaped ? input.Available[0] : (byte)0;
        if (quote is not (0 or (byte)'\'' or (byte)'"'))
        {
            Fail("a string without quotes", position);
        }
        else
        {
            input.Advance(quote == 0 ? 0 : 1);
            ExamineText(input.Available.Length, position);
        }
        byte final = 0;
        int last;
        while (NextPiece(position, out last))
        {
            Note(input.Available);
            input.Advance(input.Available.Length);
        }
        if (last < 0)
        {
            return;
        }
        Note(input.Available[..last]);
        if (quote != 0 && final != quote)
        {
            Fail("a string without quotes", position);
        }
        input.Advance(last + 1);

        void Note(ReadOnlySpan<byte> piece)
        {
            var end = piece.LastIndexOfAnyExceptInRange((byte)0, (byte)' ');
            final = end < 0 ? final : piece[end];
        }
    }

    /// <summary>Where the text between the quotes is; a length of -1 where there are none.</summary>
    private static (int Start, int Length) Unquote(ReadOnlySpan<byte> line)
    {
        // Old unpicklers let white space follow the closing quote.
        while (line is [.., <= (byte)' '])
        {
            line = line[..^1];
        }
        return line.Length >= 2 && line[0] is (byte)'\'' or (byte)'"' && line[^1] == line[0] ? (1, line.Length - 2) : (0, -1);
    }

    /// <summary>A number on a line, in whatever form an unpickler may accept.</summary>
    private long Number(long position, PickleNumberForm form)
    {
        var number = new PickleNumber(form);
        int last;
        while (NextPiece(position, out last))
        {
            number.Add(input.Available);
            if (!number.MayGoOn)
            {
                Fail("a line that is no number", position);
            }
            input.Advance(input.Available.Length);
        }
        if (last < 0)
        {
            return -1;
        }
        number.Add(input.Available[..last]);
        input.Advance(last + 1);
        if (!number.IsNumber)
        {
            Fail("a line that is no number", position);
            return -1;
        }
        if (number.IsCut)
        {
            Doubt("a zero byte inside a number", position);
        }
        return number.Value;
    }
}
