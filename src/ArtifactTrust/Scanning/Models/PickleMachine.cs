using System.Buffers.Binary;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>How one pickle ended.</summary>
internal enum PickleEnd
{
    /// <summary>With bytes that no unpickler reads on from.</summary>
    Malformed,

    /// <summary>The input ended inside.</summary>
    Truncated,

    /// <summary>It is larger than what is followed.</summary>
    OverLimit,

    /// <summary>With the opcode that ends a pickle.</summary>
    Stopped,
}

/// <summary>
/// Follows a pickle without running it: the stack, the marks and the memo are those an unpickler would have, but of every value it knows only
/// whether it is a text that could name an import, an import, or the result of a call.
/// </summary>
/// <remarks>
/// Spec: Python's <c>pickletools</c> and <c>_pickle.c</c>. An import is reported where it is made, so that a call whose result is thrown away still
/// counts. What would make an unpickler raise is an error here, and nothing else is: what comes after an error is not run by the unpickler, so
/// that unresolvable names are not reported any more, while resolvable ones are.
/// </remarks>
internal sealed class PickleMachine(PickleInput input, PickleEvents events, PickleText texts, NestedPickles nested)
{
    private readonly PickleMemo _memo = new(Limits.PickleMemo);
    private PickleValue[] _stack = new PickleValue[256];
    private int[] _marks = new int[16];
    private int _count;
    private int _markCount;
    private bool _sure;
    private long _deniedAt;
    private long _changedAt;
    private long _frameEnd;
    private bool _exactNames;
    private PickleEnd? _end;

    /// <summary>Whether something was imported.</summary>
    internal bool SawImport { get; private set; }

    /// <summary>Whether an import was called, or changed.</summary>
    internal bool SawCall { get; private set; }

    /// <summary>Whether a module on the deny list was imported from, and what follows fits.</summary>
    internal bool SawDenied { get; private set; }

    /// <summary>Opcodes of this pickle.</summary>
    internal long Opcodes { get; private set; }

    /// <summary>What an unpickler would raise first; null where nothing.</summary>
    internal string? Error { get; private set; }

    /// <summary>What some unpicklers raise and others take, with its place; null where there is nothing.</summary>
    internal (string Reason, long Position)? Doubtful { get; private set; }

    /// <summary>Where <see cref="Error"/> is.</summary>
    internal long ErrorPosition { get; private set; }

    private int Fence => _markCount == 0 ? 0 : _marks[_markCount - 1];

    /// <summary>Follows one pickle from the input's position.</summary>
    /// <param name="sure">
    /// Whether this is known to be a pickle. Otherwise the first error ends it, unless by then it has called an import or imported something denied.
    /// </param>
    /// <param name="exactNames">Whether only imports whose names look like names count: the position was guessed.</param>
    /// <param name="cancellation">Stops between two opcodes.</param>
    internal PickleEnd Run(bool sure, bool exactNames, CancellationToken cancellation)
    {
        (_sure, _exactNames, _end) = (sure, exactNames, null);
        (_count, _markCount, Opcodes, _deniedAt, _changedAt, _frameEnd) = (0, 0, 0, long.MaxValue, long.MaxValue, 0);
        (SawImport, SawCall, SawDenied, Error, Doubtful) = (false, false, false, null, null);
        _memo.Clear();
        texts.Clear();
        while (_end is null)
        {
            if ((++Opcodes & 0xFFFF) == 0)
            {
                cancellation.ThrowIfCancellationRequested();
            }
            var position = input.Position;
            var opcode = input.ReadByte();
            if (opcode < 0)
            {
                Opcodes--;
                return Truncated(position);
            }
            Step((PickleOpcode)opcode, position);
            if (position < _frameEnd && input.Position > _frameEnd)
            {
                // Some unpicklers drop what is left of a frame and read the argument from behind it, others do not; no pickler writes this.
                events.AddOddity("frame-split", position);
                _frameEnd = 0;
            }
            if (Opcodes > _deniedAt || Opcodes > _changedAt)
            {
                Confirm((PickleOpcode)opcode);
            }
        }
        return _end.Value;
    }

    /// <summary>
    /// Takes this for a pickle, if what follows an import from the deny list, or a change of an import, fits too. The words "cos" and "sin" on two lines
    /// import from os; it takes the mark of an argument list, or a few more opcodes, to tell.
    /// </summary>
    private void Confirm(PickleOpcode opcode)
    {
        const int enough = 3;
        if (_end is not null)
        {
            return;
        }
        if (Opcodes > _deniedAt && (opcode == PickleOpcode.Mark || Opcodes - _deniedAt >= enough))
        {
            (SawDenied, _sure, _deniedAt) = (true, true, long.MaxValue);
        }
        if (Opcodes - _changedAt >= enough)
        {
            (SawCall, _sure, _changedAt) = (true, true, long.MaxValue);
        }
    }

    private void Step(PickleOpcode opcode, long position)
    {
        switch (opcode)
        {
            case PickleOpcode.Memoize:
                Store(_memo.Count, position);
                break;
            case PickleOpcode.BinPut:
                Store(Unsigned(1, position), position);
                break;
            case PickleOpcode.LongBinPut:
                Store(Unsigned(4, position), position);
                break;
            case PickleOpcode.Put:
                Store(Number(position, decimalOnly: true), position);
                break;
            case PickleOpcode.BinGet:
                Load(Unsigned(1, position), position);
                break;
            case PickleOpcode.LongBinGet:
                Load(Unsigned(4, position), position);
                break;
            case PickleOpcode.Get:
                Load(Number(position, decimalOnly: true), position);
                break;

            case PickleOpcode.BinInt1:
                PushSized(1, position);
                break;
            case PickleOpcode.BinInt2:
                PushSized(2, position);
                break;
            case PickleOpcode.BinInt:
                PushSized(4, position);
                break;
            case PickleOpcode.BinFloat:
                PushSized(8, position);
                break;
            case PickleOpcode.None:
            case PickleOpcode.NewTrue:
            case PickleOpcode.NewFalse:
            case PickleOpcode.EmptyTuple:
            case PickleOpcode.EmptyList:
            case PickleOpcode.EmptyDict:
            case PickleOpcode.EmptySet:
            case PickleOpcode.NextBuffer:
                Push(PickleValue.Other, position);
                break;
            case PickleOpcode.Int:
            case PickleOpcode.Long:
                Number(position, decimalOnly: false);
                Push(PickleValue.Other, position);
                break;
            case PickleOpcode.Float:
                PushFloat(position);
                break;
            case PickleOpcode.Long1:
                PushBytes(Unsigned(1, position), null, position);
                break;
            case PickleOpcode.Long4:
                PushBytes(SignedLength(position), null, position);
                break;

            case PickleOpcode.ShortBinUnicode:
            case PickleOpcode.ShortBinString:
                PushBytes(Unsigned(1, position), PickleKind.Text, position);
                break;
            case PickleOpcode.BinUnicode:
                PushBytes(Unsigned(4, position), PickleKind.Text, position);
                break;
            case PickleOpcode.BinUnicode8:
                PushBytes(Unsigned(8, position), PickleKind.Text, position);
                break;
            case PickleOpcode.BinString:
                PushBytes(SignedLength(position), PickleKind.Text, position);
                break;
            case PickleOpcode.ShortBinBytes:
                PushBytes(Unsigned(1, position), PickleKind.Other, position);
                break;
            case PickleOpcode.BinBytes:
                PushBytes(Unsigned(4, position), PickleKind.Other, position);
                break;
            case PickleOpcode.BinBytes8:
            case PickleOpcode.ByteArray8:
                PushBytes(Unsigned(8, position), PickleKind.Other, position);
                break;
            case PickleOpcode.String:
                PushLine(PickleKind.Escaped, position);
                break;
            case PickleOpcode.Unicode:
                PushLine(PickleKind.RawUnicode, position);
                break;
            case PickleOpcode.PersId:
                Line(position);
                // Whatever the loader makes of the identifier: an object, as after a call.
                Push(PickleValue.Called, position);
                break;
            case PickleOpcode.BinPersId:
                Pop(position);
                Push(PickleValue.Called, position);
                break;

            case PickleOpcode.Mark:
                PushMark(position);
                break;
            case PickleOpcode.PopMark:
                PopMark(position);
                break;
            case PickleOpcode.Pop:
                if (_markCount > 0 && _count == Fence)
                {
                    _markCount--;
                }
                else
                {
                    Pop(position);
                }
                break;
            case PickleOpcode.Dup:
                Push(Peek(0, position), position);
                break;
            case PickleOpcode.Tuple:
            case PickleOpcode.List:
            case PickleOpcode.Dict:
            case PickleOpcode.FrozenSet:
                PopMark(position);
                Push(PickleValue.Other, position);
                break;
            case PickleOpcode.Tuple1:
                Combine(1, position);
                break;
            case PickleOpcode.Tuple2:
                Combine(2, position);
                break;
            case PickleOpcode.Tuple3:
                Combine(3, position);
                break;
            case PickleOpcode.Append:
                Pop(position);
                Change(Peek(0, position), position);
                break;
            case PickleOpcode.SetItem:
                Pop(position);
                Pop(position);
                Change(Peek(0, position), position);
                break;
            case PickleOpcode.Appends:
            case PickleOpcode.SetItems:
            case PickleOpcode.AddItems:
                PopMark(position);
                Change(Peek(0, position), position);
                break;
            case PickleOpcode.ReadOnlyBuffer:
                Peek(0, position);
                break;

            case PickleOpcode.Global:
                ImportLines(position);
                break;
            case PickleOpcode.StackGlobal:
                var name = Pop(position);
                Import(Pop(position), name, position);
                break;
            case PickleOpcode.Ext1:
                ImportExtension(Unsigned(1, position), position);
                break;
            case PickleOpcode.Ext2:
                ImportExtension(Unsigned(2, position), position);
                break;
            case PickleOpcode.Ext4:
                ImportExtension(Unsigned(4, position), position);
                break;
            case PickleOpcode.Inst:
                // Unpicklers written in Python take a last line without its end, and call at once.
                SawCall |= ImportLines(position) && _end is not null && _markCount > 0;
                var instantiated = Pop(position);
                PopMark(position);
                Call(instantiated, position);
                break;
            case PickleOpcode.Obj:
                CallAtMark(position);
                break;
            case PickleOpcode.Reduce:
            case PickleOpcode.NewObj:
                var arguments = Pop(position);
                Call(Pop(position), position, arguments);
                break;
            case PickleOpcode.NewObjEx:
                Pop(position);
                Pop(position);
                Call(Pop(position), position);
                break;
            case PickleOpcode.Build:
                Pop(position);
                Change(Peek(0, position), position);
                break;

            case PickleOpcode.Proto:
                if (Unsigned(1, position) > 5)
                {
                    Doubt("a protocol above 5", position);
                }
                break;
            case PickleOpcode.Frame:
                BeginFrame(position);
                break;
            case PickleOpcode.Stop:
                Pop(position);
                _end ??= PickleEnd.Stopped;
                if (input.Position < _frameEnd)
                {
                    Doubt("the frame goes on after the end of the pickle", position);
                }
                break;
            default:
                Fail($"the opcode 0x{(byte)opcode:x2} does not exist", position);
                _end = PickleEnd.Malformed;
                break;
        }
    }

    // The stack.

    private void Push(PickleValue value, long position)
    {
        if (_count == _stack.Length)
        {
            if (_count >= Limits.PickleStack)
            {
                OverLimit($"more than {Limits.PickleStack} values on the stack", position);
                return;
            }
            Array.Resize(ref _stack, 2 * _count);
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
            if (_markCount >= Limits.PickleStack)
            {
                OverLimit($"more than {Limits.PickleStack} marks", position);
                return;
            }
            Array.Resize(ref _marks, 2 * _markCount);
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
        _count = _marks[--_markCount];
    }

    private void Combine(int values, long position)
    {
        for (var i = 0; i < values; i++)
        {
            Pop(position);
        }
        Push(PickleValue.Other, position);
    }

    // The memo.

    private void Store(long index, long position)
    {
        var value = Peek(0, position);
        if (index < 0)
        {
            Fail("a place of the memo below zero", position);
        }
        else if (!_memo.TrySet(index, value))
        {
            OverLimit($"more than {Limits.PickleMemo} values in the memo", position);
        }
    }

    private void Load(long index, long position)
    {
        var value = _memo[index];
        if (value.Kind == PickleKind.Absent)
        {
            Fail($"place {index} of the memo is empty", position);
            value = PickleValue.Other;
        }
        Push(value, position);
    }

    // Arguments.

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
        Unsigned(size, position);
        Push(PickleValue.Other, position);
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
        if (length > input.Remaining)
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
            if (kind == PickleKind.Text && length <= Limits.PickleNameBytes && input.Ensure((int)length))
            {
                value = Keep(PickleKind.Text, (int)length, input.Position, position);
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

    /// <summary>Moves over a line of any length.</summary>
    private void Line(long position)
    {
        for (int length; (length = LineLength(position)) != -1 || _end is null; )
        {
            if (length >= 0)
            {
                input.Advance(length + 1);
                return;
            }
            if (!_sure)
            {
                Fail("a line longer than a guess is worth", position);
                return;
            }
            input.Advance(input.Available.Length);
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
            var head = input.Available[..Math.Min(size, NestedPickles.HeadBytes)];
            if (NestedPickles.MayBegin(head))
            {
                Examine(size, position);
            }
            if (size <= Limits.PickleNameBytes)
            {
                value = Keep(kind, size, input.Position, position);
            }
            input.Advance(length - start + 1);
        }
        else
        {
            Line(position);
        }
        Push(value, position);
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
    private long Number(long position, bool decimalOnly)
    {
        var length = LineLength(position);
        if (length < 0)
        {
            Line(position);
            return -1;
        }
        var line = input.Available[..length];
        var number = -1L;
        if (decimalOnly ? !PickleText.TryParseDecimal(line, out number) : !PickleText.MayBeInteger(line))
        {
            Fail("a line that is no number", position);
        }
        input.Advance(length + 1);
        return number;
    }

    private void PushFloat(long position)
    {
        var length = LineLength(position);
        if (length < 0)
        {
            Line(position);
        }
        else
        {
            if (!PickleText.MayBeFloat(input.Available[..length]))
            {
                Fail("a line that is no number", position);
            }
            input.Advance(length + 1);
        }
        Push(PickleValue.Other, position);
    }

    // Imports and calls.

    /// <summary>Imports what two lines name.</summary>
    /// <returns>Whether both were there.</returns>
    private bool ImportLines(long position)
    {
        var module = NameLine(position);
        if (_end is not null)
        {
            return false;
        }
        var name = NameLine(position);
        var isCut = _end is not null;
        if (isCut && string.IsNullOrEmpty(name))
        {
            return false;
        }
        // Without its end, the last line loses its last character.
        Import(module, isCut ? name![..^1] : name, position);
        return true;
    }

    private string? NameLine(long position)
    {
        var length = LineLength(position);
        if (length < 0)
        {
            var rest = input.Available;
            var partial = _end is null || rest.Length > Limits.PickleNameBytes ? null : PickleText.Utf8(rest);
            Line(position);
            return partial;
        }
        var line = length > Limits.PickleNameBytes ? null : PickleText.Utf8(input.Available[..length]);
        input.Advance(length + 1);
        return line;
    }

    private void Import(PickleValue module, PickleValue name, long position) => Import(texts.Read(module), texts.Read(name), position);

    private void Import(string? module, string? name, long position)
    {
        var isResolved = false;
        if (module is null || name is null)
        {
            // In a guessed place, or after an error, this says nothing: any bytes give such an opcode.
            if (Error is null && !_exactNames)
            {
                SawImport = true;
                events.AddUnresolved(module ?? "?", name ?? "?", position);
            }
        }
        else if ((Error is null && !_exactNames) || (PickleText.IsName(module) && PickleText.IsName(name)))
        {
            // Before this is known to be a pickle, a line of prose or of a program is no name of a module.
            (SawImport, isResolved) = (true, _sure || (PickleText.MayBeName(module) && PickleText.MayBeName(name)));
            if (events.Add(module, name, position)?.Module is not null and not ModelScanRules.AnyModule && isResolved)
            {
                _deniedAt = Math.Min(_deniedAt, Opcodes);
            }
        }
        Push(PickleValue.OfImport(isResolved), position);
    }

    private void ImportExtension(long code, long position)
    {
        if (_end is not null)
        {
            return;
        }
        if (code is 0 or > int.MaxValue)
        {
            Fail("an extension code that cannot be", position);
        }
        Import($"extension {code}", null, position);
    }

    private void Call(PickleValue callee, long position, PickleValue arguments = default)
    {
        if (_end is not null)
        {
            return;
        }
        // Words on lines push imports; a function is no list of arguments.
        if (callee.IsResolvedImport && (_sure || arguments.Kind != PickleKind.Import))
        {
            SawCall |= Error is null;
            _sure |= SawCall;
        }
        else if (Error is null && !_exactNames && callee.Kind == PickleKind.Called)
        {
            events.AddOddity("call-of-result", position);
        }
        Push(PickleValue.Called, position);
    }

    private void CallAtMark(long position)
    {
        if (_markCount > 0 && _marks[_markCount - 1] < _count)
        {
            var callee = _stack[_marks[_markCount - 1]];
            PopMark(position);
            Call(callee, position);
        }
        else
        {
            Fail("an object without a class", position);
            PopMark(position);
            Push(PickleValue.Called, position);
        }
    }

    /// <summary>A state, an item or an attribute is set on a value.</summary>
    private void Change(PickleValue changed, long position)
    {
        if (changed.IsResolvedImport && Error is null && !_exactNames)
        {
            _changedAt = Math.Min(_changedAt, Opcodes);
            events.AddOddity("import-changed", position);
        }
    }

    // Ends.

    /// <summary>An unpickler raises here.</summary>
    private void Fail(string reason, long position)
    {
        if (Error is null)
        {
            (Error, ErrorPosition) = (reason, position);
        }
        if (!_sure)
        {
            _end ??= PickleEnd.Malformed;
        }
    }

    private void Doubt(string reason, long position) => Doubtful ??= (reason, position);

    private PickleEnd Truncated(long position)
    {
        Fail("the data ends inside the pickle", position);
        _end = PickleEnd.Truncated;
        return PickleEnd.Truncated;
    }

    private void OverLimit(string reason, long position)
    {
        Fail(reason, position);
        _end = PickleEnd.OverLimit;
    }
}
