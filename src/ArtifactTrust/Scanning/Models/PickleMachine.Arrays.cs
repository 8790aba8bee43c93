using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <content>
/// Arrays between the opcodes, as joblib writes them: after the state of its stand-in come the array's bytes. Plain unpicklers take the same bytes for
/// opcodes, so that they are followed as such too, as far as that goes without an error.
/// </content>
/// <remarks>Spec: joblib's <c>numpy_pickle.NumpyArrayWrapper</c>.</remarks>
internal sealed partial class PickleMachine
{
    // A state has five or six members.
    private const int ArrayStateMembers = 16;

    // Changes that are taken back; 24 bytes each.
    private const int MostUndone = 1 << 20;

    private const string TooMuch = "too much of the data of arrays reads as a pickle";

    private List<(JournalOf What, long Index, PickleValue Earlier)>? _journal;
    private (PickleValue Shape, PickleValue Type, bool IsAligned)? _array;
    private bool _sawArrays;
    private bool _sawUnclearType;
    private bool _sawStructure;
    private bool _sawChangedType;
    private bool _sawChangedDict;
    private long _arrayStateEnd;
    private (int Count, int Marks) _base;

    // Bytes of lines too long for the buffer.
    private long _lineBytes;

    private enum JournalOf
    {
        Stack,
        Marks,
        Memo,
    }

    private static PickleRole RoleOf(string? module, string? name) =>
        (module, name) switch
        {
            ("numpy", "dtype") => PickleRole.DataType,
            ("numpy.dtypes", _) => PickleRole.OtherDataType,
            ("joblib.numpy_pickle" or "sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper") => PickleRole.ArrayWrapper,
            _ => PickleRole.None,
        };

    private void ClearArrays()
    {
        (_array, _sawArrays, _sawUnclearType, _sawStructure) = (null, false, false, false);
        (_sawChangedType, _sawChangedDict, _arrayStateEnd) = (false, false, -1);
    }

    /// <summary>
    /// Looks at the values from a place of the stack on that become parts of another. What is handed over so may be called, or changed, by something that
    /// is harmless otherwise; picklers call both classes themselves.
    /// </summary>
    private void NoteContent(int from, long position)
    {
        for (var i = Math.Max(from, 0); i < _count; i++)
        {
            switch (_stack[i].Role)
            {
                case PickleRole.ArrayWrapper:
                    Doubt("the stand-in for an array is handed to something that may make one", position);
                    break;
                case PickleRole.DataType:
                    _sawChangedType = true;
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>Items are set on the topmost value. A dictionary is new no more, and one that stands elsewhere too is changed there.</summary>
    private void NoteItems()
    {
        if (_count == 0)
        {
            return;
        }
        var changed = _stack[_count - 1];
        _sawChangedDict |= changed == PickleValue.EmptyDictAgain;
        if (changed == PickleValue.EmptyDict)
        {
            _journal?.Add((JournalOf.Stack, _count - 1, changed));
            _stack[_count - 1] = PickleValue.Other;
        }
    }

    /// <summary>The state of a data type may change how many bytes a value takes, or that it holds objects.</summary>
    private void NoteTypeState(PickleValue type, PickleValue state)
    {
        if (type.Kind != PickleKind.DataType)
        {
            return;
        }
        // Numbers have -1 for what they cannot change.
        var isSame = state.Kind == PickleKind.TypeState && (state.Place == type.Place || state.Place == uint.MaxValue);
        _sawChangedType |= !isSame || (state.Length & 1) != type.Length;
    }

    /// <summary>What a call of an import returns, where its size matters.</summary>
    private PickleValue ResultOf(PickleValue callee, PickleValue arguments)
    {
        switch (callee.Role)
        {
            case PickleRole.ArrayWrapper:
                _sawArrays = true;
                return PickleValue.Array;
            case PickleRole.DataType when arguments.Kind == PickleKind.TextFirst:
                return DataType(texts.Read(PickleValue.OfText(PickleKind.Text, arguments.Length, arguments.Place)) ?? "");
            default:
                _sawUnclearType |= callee.Role != PickleRole.None;
                // Of a type, it is that type.
                _sawChangedType |= callee.Role == PickleRole.DataType;
                return PickleValue.Called;
        }
    }

    /// <summary>The data type of a code such as <c>f8</c>.</summary>
    private PickleValue DataType(string code)
    {
        var digits = code.AsSpan(code.Length == 0 ? 0 : 1);
        if (code.Length == 0 || !int.TryParse(digits, System.Globalization.NumberStyles.None, null, out var size))
        {
            _sawUnclearType = true;
            return PickleValue.Called;
        }
        _sawUnclearType |= code[0] is not ('U' or 'b' or 'i' or 'u' or 'f' or 'c' or 'm' or 'M' or 'S' or 'V');
        _sawStructure |= code[0] == 'V';
        return code[0] switch
        {
            'O' => PickleValue.OfDataType(size, holdsObjects: true),
            'U' => PickleValue.OfDataType(4L * size, holdsObjects: false),
            'b' or 'i' or 'u' or 'f' or 'c' or 'm' or 'M' or 'S' => PickleValue.OfDataType(size, holdsObjects: false),
            // A structure: its fields come later, and are no objects if nothing here is.
            'V' => PickleValue.OfDataType(size, holdsObjects: false),
            _ => PickleValue.Called,
        };
    }

    /// <summary>Looks whether the items being set are the state of an array.</summary>
    private void NoteArrayState()
    {
        if (!_sawArrays || _markCount == 0 || Fence == 0 || _count - Fence is 0 or > 2 * ArrayStateMembers)
        {
            return;
        }
        if (_stack[Fence - 1] != PickleValue.EmptyDict)
        {
            // It may have members already.
            return;
        }
        var (shape, type, alignment) = (PickleValue.Other, PickleValue.Other, PickleValue.Nothing);
        for (var i = Fence; i + 1 < _count; i += 2)
        {
            switch (texts.Read(_stack[i]))
            {
                case "shape":
                    shape = _stack[i + 1];
                    break;
                case "dtype":
                    type = _stack[i + 1];
                    break;
                case "numpy_array_alignment_bytes":
                    alignment = _stack[i + 1];
                    break;
                case null:
                    return;
                default:
                    break;
            }
        }
        if (shape.Kind == PickleKind.Shape && type.Kind == PickleKind.DataType && alignment.Kind is PickleKind.Number or PickleKind.Nothing)
        {
            _array = (shape, type, alignment.Kind == PickleKind.Number);
            _arrayStateEnd = input.Position;
            _journal?.Add((JournalOf.Stack, Fence - 1, _stack[Fence - 1]));
            _stack[Fence - 1] = PickleValue.ArrayState;
        }
    }

    /// <summary>Moves over the bytes of an array.</summary>
    private void ReadArray(PickleValue state, long position)
    {
        var isUnclear = (_sawStructure && _sawUnclearType) || _sawChangedType || _sawChangedDict;
        // Nothing stands between the members of the state and its use: it cannot have changed.
        if (state.Kind != PickleKind.ArrayState || position != _arrayStateEnd || _array is not { } array || isUnclear)
        {
            Fail("an array follows whose size is not clear", position);
            return;
        }
        if (array.Type.Length == 1)
        {
            ReadObjects(position);
            return;
        }
        var start = input.Position;
        var padding = array.IsAligned ? Unsigned(1, position) : 0;
        if (_end is not null)
        {
            return;
        }
        var (count, size) = (array.Shape.Place, array.Type.Place);
        if (count > 0 && size > (long.MaxValue - padding) / count)
        {
            Fail("an array that is larger than any file", position);
            _end = PickleEnd.Truncated;
            return;
        }
        var length = padding + (count * size);
        if (length > input.Remaining)
        {
            Fail($"an array of {length} bytes where {input.Remaining} are left", position);
            _end = PickleEnd.Truncated;
            return;
        }
        if (input.Rewind(start))
        {
            FollowAsOpcodes(position);
        }
        _frameEnd = 0;
        if (!input.Skip(start + (array.IsAligned ? 1 : 0) + length - input.Position))
        {
            Truncated(position);
        }
    }

    /// <summary>An array of objects is a pickle of its own between the opcodes.</summary>
    private void ReadObjects(long position)
    {
        if (level >= Limits.ModelFileNesting)
        {
            OverLimit("arrays of objects lie too deep inside each other", position);
            return;
        }
        var inner = new PickleMachine(input, events, new PickleText(input, Limits.PickleTextBytes >> (_levelBits + 2)), nested, level + 1);
        var end = inner.Run(_sure, _exactNames, CancellationToken.None);
        (SawImport, SawCall, SawDenied) = (SawImport | inner.SawImport, SawCall | inner.SawCall, SawDenied | inner.SawDenied);
        _frameEnd = 0;
        if (end != PickleEnd.Stopped || inner.Error is not null)
        {
            Fail(inner.Error ?? "the pickle of an array of objects does not end", position);
            _end = end == PickleEnd.Stopped ? _end : end;
        }
    }

    /// <summary>Follows the bytes of an array as an unpickler does that knows nothing of joblib, and comes back.</summary>
    private void FollowAsOpcodes(long position)
    {
        // What was followed for one array is not to be followed again for each before it.
        var allowed = Math.Max(1 << 24, input.Length ?? 0);
        if (_exactNames || !_sure || input.Speculated > allowed)
        {
            if (input.Speculated > allowed)
            {
                Doubt(TooMuch, position);
            }
            return;
        }
        var (start, outer) = (input.Position, input);
        if (!input.CanSeek)
        {
            input.Ensure(PickleInput.BufferBytes / 2);
            input = input.Fork();
        }
        var saved = (
            _count,
            _markCount,
            _deniedAt,
            _changedAt,
            _frameEnd,
            _array,
            _sawChangedType,
            _sawChangedDict,
            SawImport,
            SawCall,
            SawDenied,
            Error,
            ErrorPosition,
            Doubtful
        );
        var (opcodes, mark, broken) = (Opcodes, events.Mark, events.Broken);
        (_journal, _sure, _exactNames, Error, SawCall, SawDenied) = ([], false, true, null, false, false);
        _base = (_count, _markCount);
        // A few bytes of numbers may call something harmless; to import what is not is no accident.
        bool IsPickle() => (SawCall || SawDenied) && events.Broken > broken;
        while (_end is null && Error is null && !IsPickle() && outer.Speculated <= allowed && _journal.Count <= MostUndone)
        {
            Opcodes++;
            var (at, lines) = (input.Position, _lineBytes);
            var opcode = input.ReadByte();
            if (opcode < 0)
            {
                _end = PickleEnd.Truncated;
                break;
            }
            Step((PickleOpcode)opcode, at);
            outer.Speculated += 1 + _lineBytes - lines;
            if (Opcodes > _deniedAt || Opcodes > _changedAt)
            {
                Confirm((PickleOpcode)opcode);
            }
        }
        var isPickle = IsPickle();
        if (!isPickle)
        {
            events.Restore(mark);
        }
        var isTooMuch = !isPickle && (_journal.Count > MostUndone || outer.Speculated > allowed || _end == PickleEnd.OverLimit);
        if (_end == PickleEnd.Truncated && input != outer)
        {
            outer.Unfollowed = Math.Min(outer.Unfollowed, start + Math.Max(input.Wanted, input.Length!.Value + 1));
        }
        for (var i = _journal.Count - 1; i >= 0; i--)
        {
            Undo(_journal[i]);
        }
        (_journal, _sure, _exactNames, _end, Opcodes) = (null, true, false, null, opcodes);
        (
            _count,
            _markCount,
            _deniedAt,
            _changedAt,
            _frameEnd,
            _array,
            _sawChangedType,
            _sawChangedDict,
            SawImport,
            SawCall,
            SawDenied,
            Error,
            ErrorPosition,
            Doubtful
        ) = saved;
        input = outer;
        input.Rewind(start);
        if (isPickle)
        {
            events.AddOddity("array-opcodes", position);
        }
        if (isTooMuch)
        {
            Doubt(TooMuch, position);
        }
    }

    private void Undo((JournalOf What, long Index, PickleValue Earlier) entry)
    {
        switch (entry.What)
        {
            case JournalOf.Stack:
                _stack[entry.Index] = entry.Earlier;
                break;
            case JournalOf.Marks:
                _marks[entry.Index] = (int)entry.Earlier.Place;
                break;
            case JournalOf.Memo:
            default:
                _memo.Restore(entry.Index, entry.Earlier);
                break;
        }
    }
}
