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
    private (int Count, int Marks) _base;

    // Bytes of lines too long for the buffer.
    private long _lineBytes;

    private enum JournalOf
    {
        Stack,
        Marks,
        Memo,
    }

    private static PickleRole RoleOf(string module, string name) =>
        (module, name) switch
        {
            ("numpy", "dtype") => PickleRole.DataType,
            ("numpy.dtypes", _) => PickleRole.OtherDataType,
            ("joblib.numpy_pickle" or "sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper") => PickleRole.ArrayWrapper,
            _ => PickleRole.None,
        };

    private void ClearArrays() => (_array, _sawArrays, _sawUnclearType, _sawStructure) = (null, false, false, false);

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
        var (shape, type, aligned) = (PickleValue.Other, PickleValue.Other, false);
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
                    aligned = _stack[i + 1].Kind == PickleKind.Number;
                    break;
                default:
                    break;
            }
        }
        if (shape.Kind == PickleKind.Shape && type.Kind == PickleKind.DataType)
        {
            _array = (shape, type, aligned);
            _journal?.Add((JournalOf.Stack, Fence - 1, _stack[Fence - 1]));
            _stack[Fence - 1] = PickleValue.ArrayState;
        }
    }

    /// <summary>Moves over the bytes of an array.</summary>
    private void ReadArray(PickleValue state, long position)
    {
        if (state.Kind != PickleKind.ArrayState || _array is not { } array || (_sawStructure && _sawUnclearType))
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
            SawImport,
            SawCall,
            SawDenied,
            Error,
            ErrorPosition,
            Doubtful
        );
        var (opcodes, mark) = (Opcodes, events.Mark);
        (_journal, _sure, _exactNames, Error, SawCall, SawDenied) = ([], false, true, null, false, false);
        _base = (_count, _markCount);
        while (_end is null && Error is null && !SawCall && !SawDenied && outer.Speculated <= allowed && _journal.Count <= MostUndone)
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
        // A few bytes of numbers may call something harmless; to import what is not is no accident.
        var isPickle = (SawCall || SawDenied) && events.HasRuleSince(mark);
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
        (_count, _markCount, _deniedAt, _changedAt, _frameEnd, _array, SawImport, SawCall, SawDenied, Error, ErrorPosition, Doubtful) =
            saved;
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
