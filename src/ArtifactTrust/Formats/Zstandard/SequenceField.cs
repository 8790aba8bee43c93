namespace ArtifactTrust.Formats.Zstandard;

/// <summary>One of the three numbers of a sequence, and the table that it is decoded with in the block at hand.</summary>
/// <remarks>Spec: RFC 8878 §3.1.1.3.2.1 and, for the tables that need no description, §3.1.1.3.2.2.</remarks>
internal sealed class SequenceField
{
    private readonly int _largestLog;
    private readonly SymbolValue[] _values;
    private readonly FseState[] _predefined;
    private readonly int _predefinedLog;
    private readonly FseState[] _own;
    private bool _isKnown;

    private SequenceField(int largestLog, SymbolValue[] values, int predefinedLog, ReadOnlySpan<short> predefined)
    {
        _largestLog = largestLog;
        _values = values;
        _predefinedLog = predefinedLog;
        _predefined = new FseState[1 << predefinedLog];
        FseTable.Build(predefined, values, predefinedLog, _predefined);
        _own = new FseState[1 << largestLog];
        States = _predefined;
    }

    /// <summary>The states of the table.</summary>
    internal FseState[] States { get; private set; }

    /// <summary>The base-2 logarithm of their number.</summary>
    internal int Log { get; private set; }

    /// <summary>How many literals come before a match.</summary>
    internal static SequenceField LiteralLengths() =>
        new(
            9,
            Values(0, [.. new byte[16], 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]),
            6,
            [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1]
        );

    /// <summary>How long a match is.</summary>
    internal static SequenceField MatchLengths() =>
        new(
            9,
            Values(3, [.. new byte[32], 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]),
            6,
            [
                1,
                4,
                3,
                2,
                2,
                2,
                2,
                2,
                2,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                1,
                -1,
                -1,
                -1,
                -1,
                -1,
                -1,
                -1,
            ]
        );

    /// <summary>How far back a match is, or which of the last distances is taken again.</summary>
    internal static SequenceField Offsets() =>
        new(
            8,
            Values(1, [.. Enumerable.Range(0, 32).Select(bits => (byte)bits)]),
            5,
            [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1]
        );

    /// <summary>Forgets the table: a frame begins.</summary>
    internal void Forget() => _isKnown = false;

    /// <summary>Takes the table for a block.</summary>
    /// <param name="mode">How it is described, 0 to 3.</param>
    /// <param name="data">Begins with its description.</param>
    /// <returns>The description's length in bytes.</returns>
    /// <exception cref="InvalidDataException">It is damaged, or there is no table that could be used again.</exception>
    internal int Read(int mode, ReadOnlySpan<byte> data)
    {
        var length = 0;
        switch (mode)
        {
            case 0:
                (States, Log) = (_predefined, _predefinedLog);
                break;
            case 1:
                if (data.IsEmpty || data[0] >= _values.Length)
                {
                    throw new InvalidDataException("a table of one symbol that is none");
                }
                _own[0] = new FseState(_values[data[0]].Base, 0, 0, _values[data[0]].ExtraBits);
                (States, Log, length) = (_own, 0, 1);
                break;
            case 2:
                _isKnown = false;
                (Log, length) = FseTable.Read(data, _values, _own, _largestLog);
                States = _own;
                break;
            default:
                if (!_isKnown)
                {
                    throw new InvalidDataException("a table that is to be used again, and there was none");
                }
                break;
        }
        _isKnown = true;
        return length;
    }

    /// <summary>Each symbol covers the numbers after those of the symbol before it.</summary>
    private static SymbolValue[] Values(uint first, byte[] extraBits)
    {
        var values = new SymbolValue[extraBits.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = new SymbolValue(first, extraBits[i]);
            first += 1u << extraBits[i];
        }
        return values;
    }
}
