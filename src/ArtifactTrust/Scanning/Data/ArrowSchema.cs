using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Data;

/// <summary>What the values of an Arrow column are. The zero value is none: places in a dictionary, whose values come elsewhere.</summary>
/// <remarks>Spec: Arrow Schema.fbs, union Type.</remarks>
internal enum ArrowType : byte
{
    None,
    Null,
    Int,
    FloatingPoint,
    Binary,
    Utf8,
    Bool,
    Decimal,
    Date,
    Time,
    Timestamp,
    Interval,
    List,
    Struct,
    Union,
    FixedSizeBinary,
    FixedSizeList,
    Map,
    Duration,
    LargeBinary,
    LargeUtf8,
    LargeList,
    RunEndEncoded,
    BinaryView,
    Utf8View,
    ListView,
    LargeListView,
}

/// <summary>A column of a record batch, or a part of one.</summary>
/// <param name="Path">The names from the column's own on, joined by dots, cut off where they are long.</param>
/// <param name="Type">What its values are.</param>
/// <param name="Buffers">How many buffers it has, those left out that a view has beside.</param>
/// <param name="ValueBytes">The length of a value, in bytes, where it is fixed and known.</param>
/// <param name="IsSigned">Whether an integer can be negative.</param>
internal sealed record ArrowField(string Path, ArrowType Type, int Buffers, int ValueBytes, bool IsSigned)
{
    /// <summary>Whether it has further buffers, as many as the record batch says.</summary>
    internal bool IsView => Type is ArrowType.BinaryView or ArrowType.Utf8View;

    /// <summary>Whether its values are text; those of the same form that are bytes may be text.</summary>
    internal bool IsText => Type is ArrowType.Utf8 or ArrowType.LargeUtf8 or ArrowType.Utf8View;
}

/// <summary>The columns of an Arrow file with their parts, in the order in which record batches have them.</summary>
/// <remarks>Spec: Arrow columnar format 1.5, "Recordbatch message"; Schema.fbs.</remarks>
internal sealed class ArrowSchema
{
    private const int MostFields = 100_000;
    private const int LongestPath = 256;

    // Before, unions had a bitmap of what is null (MetadataVersion.V5).
    private const short Version5 = 4;

    private readonly List<ArrowField> _fields = [];
    private readonly Dictionary<long, List<ArrowField>> _dictionaries = [];
    private readonly bool _unionsHaveValidity;
    private int _left = MostFields;

    /// <summary>Reads a schema.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="version">The version of what it is in.</param>
    /// <exception cref="MalformedDataException">It is damaged, or of a kind that is not read here.</exception>
    internal ArrowSchema(FlatTable schema, short version)
    {
        if (schema.Int16(0) != 0)
        {
            throw Malformed("the numbers are big-endian, which is not read here");
        }
        _unionsHaveValidity = version < Version5;
        var count = schema.VectorLength(1, 4);
        for (var i = 0; i < count; i++)
        {
            Add(schema.TableAt(1, i), "", _fields, 0);
        }
    }

    /// <summary>The columns and their parts; a part comes after what it is of.</summary>
    internal IReadOnlyList<ArrowField> Fields => _fields;

    /// <summary>The one column of a dictionary, and its parts.</summary>
    internal IReadOnlyList<ArrowField> Dictionary(long id) =>
        _dictionaries.TryGetValue(id, out var fields) ? fields : throw Malformed($"no column has the dictionary {id}");

    private void Add(FlatTable field, string parent, List<ArrowField> fields, int depth)
    {
        if (depth > Limits.BinaryDepth || --_left < 0)
        {
            throw Malformed("the columns are nested too deep, or too many");
        }
        var name = field.Text(0, LongestPath) ?? "";
        var path = parent.Length == 0 ? name : $"{parent}.{name}";
        path = path.Length > LongestPath ? path[..LongestPath] : path;
        if (field.Table(4) is { } dictionary)
        {
            // Places in the dictionary; what they stand for comes in messages of its own, once for all columns that share it.
            fields.Add(new ArrowField(path, ArrowType.None, 2, 0, false));
            if (!_dictionaries.TryAdd(dictionary.Int64(0), fields = []))
            {
                return;
            }
        }
        var type = (ArrowType)field.Byte(2);
        fields.Add(Of(path, type, field.Table(3)));
        var children = field.VectorLength(5, 4);
        for (var i = 0; i < children; i++)
        {
            Add(field.TableAt(5, i), path, fields, depth + 1);
        }
    }

    /// <summary>"Physical Memory Layout": how many buffers a type has, and how long its values are.</summary>
    private ArrowField Of(string path, ArrowType type, FlatTable? details)
    {
        var buffers = type switch
        {
            ArrowType.Null or ArrowType.RunEndEncoded => 0,
            ArrowType.Struct or ArrowType.FixedSizeList => 1,
            ArrowType.Union => (_unionsHaveValidity ? 1 : 0) + (details?.Int16(0) == 0 ? 1 : 2),
            ArrowType.Binary or ArrowType.Utf8 or ArrowType.LargeBinary or ArrowType.LargeUtf8 => 3,
            ArrowType.ListView or ArrowType.LargeListView => 3,
            > ArrowType.None and <= ArrowType.LargeListView => 2,
            _ => throw Malformed($"column {path} is of type {(byte)type}, which is not known"),
        };
        return type switch
        {
            ArrowType.Int => new ArrowField(path, type, buffers, (details?.Int32(0) ?? 0) / 8, details?.Byte(1) is > 0),
            ArrowType.FixedSizeBinary => new ArrowField(path, type, buffers, details?.Int32(0) ?? 0, false),
            _ => new ArrowField(path, type, buffers, 0, false),
        };
    }

    private static MalformedDataException Malformed(string reason) => new("Arrow", "schema", reason);
}
