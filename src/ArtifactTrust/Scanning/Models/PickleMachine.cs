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
internal sealed partial class PickleMachine(PickleInput input, PickleEvents events, PickleText texts, NestedPickles nested, int level = 0)
{
    // Pickles inside of pickles share what one may take: each has a quarter of the one around it.
    private readonly int _levelBits = 2 * level;
    private readonly PickleMemo _memo = new(Limits.PickleMemo >> (2 * level));
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
    private long _puts;
    private long _gets;
    private int _duplicates;

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
        (_puts, _gets, _duplicates) = (0, 0, 0);
        ClearArrays();
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

    /// <summary>
    /// A pickle of a few values that is read as very many: what walks through it afterwards, such as a comparison, may take for ever.
    /// </summary>
    private void NoteExpansion(long position)
    {
        const int many = 10_000;
        const int times = 50;
        if (_gets > many && _gets / times > _puts && !_exactNames)
        {
            events.AddOddity("pickle-expansion", position);
        }
    }

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
