using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <content>The stack, the marks and the memo.</content>
internal sealed partial class PickleMachine
{
    private void Push(PickleValue value, long position)
    {
        if (_count == _stack.Length)
        {
            if (_count >= Limits.PickleStack >> _levelBits)
            {
                OverLimit($"more than {_count} values on the stack", position);
                return;
            }
            Array.Resize(ref _stack, 2 * _count);
        }
        if (_count < _base.Count)
        {
            // What lies above is forgotten anyway.
            _journal?.Add((JournalOf.Stack, _count, _stack[_count]));
        }
        _stack[_count++] = value;
    }

    private PickleValue Pop(long position)
    {
        if (_count > Fence)
        {
            return _stack[--_count];
        }
        Fail("a value is taken from an empty stack", position);
        return PickleValue.Other;
    }

    private PickleValue Peek(int depth, long position)
    {
        if (_count - depth > Fence)
        {
            return _stack[_count - depth - 1];
        }
        Fail("a value is read from an empty stack", position);
        return PickleValue.Other;
    }

    private void PushMark(long position)
    {
        if (_markCount == _marks.Length)
        {
            if (_markCount >= Limits.PickleStack >> _levelBits)
            {
                OverLimit($"more than {_markCount} marks", position);
                return;
            }
            Array.Resize(ref _marks, 2 * _markCount);
        }
        if (_markCount < _base.Marks)
        {
            _journal?.Add((JournalOf.Marks, _markCount, PickleValue.OfNumber(_marks[_markCount])));
        }
        _marks[_markCount++] = _count;
    }

    private void PopMark(long position)
    {
        if (_markCount == 0)
        {
            Fail("there is no mark", position);
            return;
        }
        NoteContent(Fence, position);
        _count = _marks[--_markCount];
    }

    /// <summary>A tuple of the topmost values.</summary>
    private void Combine(int values, long position)
    {
        var tuple = _count - values >= Fence ? TupleOf(_count - values) : PickleValue.Other;
        NoteContent(_count - values, position);
        for (var i = 0; i < values; i++)
        {
            Pop(position);
        }
        Push(tuple, position);
    }

    private void CombineAtMark(long position)
    {
        var tuple = _markCount > 0 ? TupleOf(Fence) : PickleValue.Other;
        PopMark(position);
        Push(tuple, position);
    }

    /// <summary>What is known of a tuple of the values from a place of the stack on.</summary>
    private PickleValue TupleOf(int from)
    {
        // NumPy's arrays have at most 64 dimensions.
        var values = _stack.AsSpan(from, _count - from);
        if (values.Length > 64)
        {
            return PickleValue.Other;
        }
        if (values is [{ Kind: PickleKind.Text } first, ..])
        {
            return PickleValue.OfText(PickleKind.TextFirst, first.Length, first.Place);
        }
        if (
            values
            is [
                { Kind: PickleKind.Number },
                { Kind: not PickleKind.Number },
                _,
                _,
                _,
                { Kind: PickleKind.Number } size,
                _,
                { Kind: PickleKind.Number } flags,
                ..,
            ]
        )
        {
            return PickleValue.OfTypeState(size.Place, flags.Place);
        }
        var product = 1L;
        foreach (var value in values)
        {
            if (value.Kind != PickleKind.Number || (value.Place > 0 && product > long.MaxValue / value.Place))
            {
                return PickleValue.Other;
            }
            product *= value.Place;
        }
        return PickleValue.OfShape(product);
    }

    private void Store(long index, long position)
    {
        var value = Peek(0, position);
        _puts++;
        if (index < 0)
        {
            Fail("a place of the memo below zero", position);
            return;
        }
        _journal?.Add((JournalOf.Memo, index, _memo[index]));
        if (!_memo.TrySet(index, value))
        {
            OverLimit($"more than {_memo.Count} values in the memo", position);
        }
    }

    private void Load(long index, long position)
    {
        var value = _memo[index];
        _gets++;
        if (value.Kind == PickleKind.Absent)
        {
            Fail($"place {index} of the memo is empty", position);
            value = PickleValue.Other;
        }
        Push(value.Again, position);
    }
}
