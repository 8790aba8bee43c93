using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <content>What each opcode does.</content>
internal sealed partial class PickleMachine
{
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
                Store(Number(position, PickleNumberForm.Decimal), position);
                break;
            case PickleOpcode.BinGet:
                Load(Unsigned(1, position), position);
                break;
            case PickleOpcode.LongBinGet:
                Load(Unsigned(4, position), position);
                break;
            case PickleOpcode.Get:
                Load(Number(position, PickleNumberForm.Decimal), position);
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
                Push(PickleValue.Nothing, position);
                break;
            case PickleOpcode.EmptyDict:
                Push(PickleValue.EmptyDict, position);
                break;
            case PickleOpcode.NewTrue:
            case PickleOpcode.NewFalse:
            case PickleOpcode.EmptyList:
            case PickleOpcode.EmptySet:
            case PickleOpcode.NextBuffer:
                Push(PickleValue.Other, position);
                break;
            case PickleOpcode.EmptyTuple:
                Push(PickleValue.OfShape(1), position);
                break;
            case PickleOpcode.Int:
            case PickleOpcode.Long:
                Number(position, PickleNumberForm.Integer);
                Push(PickleValue.Other, position);
                break;
            case PickleOpcode.Float:
                Number(position, PickleNumberForm.Float);
                Push(PickleValue.Other, position);
                break;
            case PickleOpcode.Long1:
                PushLong(Unsigned(1, position), position);
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
                if (++_duplicates == Limits.PickleDuplicates && !_exactNames)
                {
                    events.AddOddity("pickle-duplicates", position);
                }
                Push(Peek(0, position).Again, position);
                break;
            case PickleOpcode.Tuple:
                CombineAtMark(position);
                break;
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
                NoteContent(_count - 1, position);
                Pop(position);
                Change(Peek(0, position), position);
                break;
            case PickleOpcode.SetItem:
                NoteContent(_count - 1, position);
                Pop(position);
                Pop(position);
                NoteItems();
                Change(Peek(0, position), position);
                break;
            case PickleOpcode.Appends:
            case PickleOpcode.AddItems:
                PopMark(position);
                Change(Peek(0, position), position);
                break;
            case PickleOpcode.SetItems:
                NoteArrayState();
                PopMark(position);
                NoteItems();
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
                var state = Pop(position);
                if (Peek(0, position).Kind == PickleKind.Array && _journal is null)
                {
                    ReadArray(state, position);
                }
                else
                {
                    NoteTypeState(Peek(0, position), state);
                    Change(Peek(0, position), position);
                }
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
                NoteExpansion(position);
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
}
