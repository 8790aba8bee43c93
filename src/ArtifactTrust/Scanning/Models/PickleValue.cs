namespace ArtifactTrust.Scanning.Models;

/// <summary>What the machine knows of a value: enough to name an import, no more.</summary>
internal enum PickleKind : byte
{
    /// <summary>No value: an empty place of the memo.</summary>
    Absent,

    /// <summary>A number, a container, a text too long to be a name: nothing that can be called or name an import.</summary>
    Other,

    /// <summary>UTF-8 text.</summary>
    Text,

    /// <summary>Text as Python's <c>repr</c> writes it, without the quotes.</summary>
    Escaped,

    /// <summary>Text with <c>\u</c> escapes.</summary>
    RawUnicode,

    /// <summary>A function or class, imported.</summary>
    Import,

    /// <summary>What a call returned.</summary>
    Called,

    /// <summary>A number from zero up, of at most 48 bits.</summary>
    Number,

    /// <summary>A tuple of numbers; known by their product.</summary>
    Shape,

    /// <summary>A tuple whose first element is a text.</summary>
    TextFirst,

    /// <summary>A data type of NumPy, known by the bytes one value takes.</summary>
    DataType,

    /// <summary>What joblib puts where an array stands, whose bytes follow its state.</summary>
    Array,

    /// <summary>The state of an <see cref="Array"/>.</summary>
    ArrayState,

    /// <summary>None.</summary>
    Nothing,

    /// <summary>Text that is longer than any name that is kept.</summary>
    LongText,

    /// <summary>A tuple that may be the state of a data type.</summary>
    TypeState,
}

/// <summary>An import that says how many bytes follow that are no opcodes.</summary>
internal enum PickleRole : byte
{
    /// <summary>It does not.</summary>
    None,

    /// <summary>joblib's stand-in for an array.</summary>
    ArrayWrapper,

    /// <summary>NumPy's <c>dtype</c>.</summary>
    DataType,

    /// <summary>A class of NumPy's data types, some of which are of objects.</summary>
    OtherDataType,
}

/// <summary>A value in eight bytes: the kind, and where a text lies.</summary>
internal readonly record struct PickleValue
{
    private readonly ulong _bits;

    private PickleValue(PickleKind kind, int length, long place) => _bits = ((ulong)kind << 60) | ((ulong)length << 48) | (ulong)place;

    internal static PickleValue Other { get; } = new(PickleKind.Other, 0, 0);

    internal static PickleValue Called { get; } = new(PickleKind.Called, 0, 0);

    internal PickleKind Kind => (PickleKind)(_bits >> 60);

    internal static PickleValue Nothing { get; } = new(PickleKind.Nothing, 0, 0);

    internal static PickleValue LongText { get; } = new(PickleKind.LongText, 0, 0);

    /// <summary>A new dictionary.</summary>
    internal static PickleValue EmptyDict { get; } = new(PickleKind.Other, 0, 1);

    /// <summary>A dictionary that was new when it was said once more.</summary>
    internal static PickleValue EmptyDictAgain { get; } = new(PickleKind.Other, 0, 2);

    /// <summary>Whether the value is an import, and not words of a text that read as one.</summary>
    internal bool IsSureImport => Kind == PickleKind.Import && Length == 1;

    internal bool IsText => Kind is PickleKind.Text or PickleKind.Escaped or PickleKind.RawUnicode or PickleKind.LongText;

    /// <summary>A text's length, in bytes.</summary>
    internal int Length => (int)(_bits >> 48) & 0xFFF;

    /// <summary>A text's position.</summary>
    internal long Place => (long)(_bits & 0xFFFF_FFFF_FFFF);

    internal static PickleValue OfText(PickleKind kind, int length, long place) => new(kind, length, place);

    internal static PickleValue OfImport(bool isSure, PickleRole role) => new(PickleKind.Import, isSure ? 1 : 0, (long)role);

    internal static PickleValue Array { get; } = new(PickleKind.Array, 0, 0);

    internal static PickleValue ArrayState { get; } = new(PickleKind.ArrayState, 0, 0);

    /// <summary>A number; <see cref="Other"/> where it does not fit.</summary>
    internal static PickleValue OfNumber(long number) => Fits(number) ? new(PickleKind.Number, 0, number) : Other;

    /// <summary>A tuple of numbers with that product.</summary>
    internal static PickleValue OfShape(long product) => Fits(product) ? new(PickleKind.Shape, 0, product) : Other;

    /// <summary>A data type of values of so many bytes, or of objects.</summary>
    internal static PickleValue OfDataType(long bytes, bool holdsObjects) =>
        Fits(bytes) ? new(PickleKind.DataType, holdsObjects ? 1 : 0, bytes) : Called;

    /// <summary>The state of a data type: the bytes one value takes, and flags of which the lowest says that it holds objects.</summary>
    internal static PickleValue OfTypeState(long bytes, long flags) => new(PickleKind.TypeState, (int)(flags & 0xFFF), bytes);

    /// <summary>The value, where it stands a second time.</summary>
    internal PickleValue Again => this == EmptyDict ? EmptyDictAgain : this;

    /// <summary>What the import is, where it is one.</summary>
    internal PickleRole Role => Kind == PickleKind.Import ? (PickleRole)Place : PickleRole.None;

    private static bool Fits(long value) => value is >= 0 and <= 0xFFFF_FFFF_FFFF;
}

/// <summary>The numbered places of a pickle's memo: dense where they are used in order, as picklers do, and sparse elsewhere.</summary>
/// <remarks>Clearing costs no more than filling did, so that a file of many small pickles cannot make it slow.</remarks>
internal sealed class PickleMemo(int maximumCount)
{
    // A gap this long is filled rather than made sparse: optimized pickles leave out what they never read.
    private const int Gap = 16;

    private Dictionary<long, PickleValue> _sparse = [];
    private PickleValue[] _dense = new PickleValue[256];
    private int _used;

    /// <summary>How many places hold a value.</summary>
    internal int Count { get; private set; }

    internal PickleValue this[long index] => index >= 0 && index < _used ? _dense[index] : _sparse.GetValueOrDefault(index);

    /// <summary>Stores a value.</summary>
    /// <returns>False where the memo is full.</returns>
    internal bool TrySet(long index, PickleValue value)
    {
        if (this[index].Kind == PickleKind.Absent && ++Count > maximumCount)
        {
            Count--;
            return false;
        }
        if (index > _used + Gap || index >= maximumCount)
        {
            // A sparse place costs several dense ones.
            return (_sparse.Count < maximumCount / 8 || _sparse.ContainsKey(index)) && Store();
        }
        if (index >= _dense.Length)
        {
            Array.Resize(ref _dense, (int)Math.Min(maximumCount, Math.Max(index + 1, 2L * _dense.Length)));
        }
        if (index >= _used)
        {
            Array.Clear(_dense, _used, (int)index - _used);
            // A place below the new end may have been stored sparsely before.
            if (_sparse.Count > 0)
            {
                for (long i = _used; i < index; i++)
                {
                    if (_sparse.Remove(i, out var moved))
                    {
                        _dense[i] = moved;
                    }
                }
                _sparse.Remove(index);
            }
            _used = (int)index + 1;
        }
        _dense[index] = value;
        return true;

        bool Store()
        {
            _sparse[index] = value;
            return true;
        }
    }

    /// <summary>Puts back what a place held before.</summary>
    internal void Restore(long index, PickleValue earlier)
    {
        Count -= earlier.Kind == PickleKind.Absent && this[index].Kind != PickleKind.Absent ? 1 : 0;
        if (index < _used)
        {
            _dense[index] = earlier;
        }
        else if (earlier.Kind == PickleKind.Absent)
        {
            _sparse.Remove(index);
        }
        else
        {
            _sparse[index] = earlier;
        }
    }

    internal void Clear()
    {
        // To clear a dictionary takes as long as it was ever large.
        if (_sparse.Capacity > 64 && _sparse.Count < _sparse.Capacity / 4)
        {
            _sparse = [];
        }
        _sparse.Clear();
        (_used, Count) = (0, 0);
    }
}
