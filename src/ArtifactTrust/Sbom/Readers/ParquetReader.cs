using System.Globalization;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>Parquet: the schema and counts of its footer. No page is read.</summary>
/// <remarks>Spec: apache/parquet-format 2.11, parquet.thrift (FileMetaData, SchemaElement, RowGroup).</remarks>
internal sealed class ParquetReader : FormatReader
{
    private const int TailBytes = 8;

    /// <inheritdoc/>
    internal override string Format => "parquet";

    /// <inheritdoc/>
    internal override FileRole Role => FileRole.Data;

    /// <inheritdoc/>
    internal override string? MediaType => "application/vnd.apache.parquet";

    /// <inheritdoc/>
    internal override bool Recognizes(FileHead head) => head.Start.StartsWith("PAR1"u8) || head.Start.StartsWith("PARE"u8);

    /// <inheritdoc/>
    internal override FileFacts Read(FileHead head, ByteReader input)
    {
        if (input.Length < 4 + TailBytes)
        {
            throw input.Malformed(0, "the file is too short for a footer");
        }
        input.Seek(input.Length - TailBytes);
        var length = input.ReadUInt32();
        var magic = input.ReadBytes(4, 4);
        var end = input.Length - TailBytes;
        if (length > Limits.ParquetFooterBytes || length > end - 4)
        {
            throw input.Malformed(
                end,
                $"the footer is {length} bytes long; the file leaves {end - 4}, and at most {Limits.ParquetFooterBytes} are accepted"
            );
        }
        if (magic.AsSpan().SequenceEqual("PARE"u8))
        {
            return new FileFacts(Format, Role)
            {
                MediaType = MediaType,
                Properties = new PropertyList("parquet").Add("footer", "encrypted").Items,
                Dataset = new DatasetFacts(),
            };
        }
        if (!magic.AsSpan().SequenceEqual("PAR1"u8))
        {
            throw input.Malformed(end + 4, "the file does not end in PAR1");
        }
        input.Seek(end - length);
        return new Footer(new ThriftReader(input, end), input).Read();
    }

    private sealed class Footer(ThriftReader thrift, ByteReader input)
    {
        private readonly List<string> _columns = [];
        private readonly List<string> _metadata = [];

        // For each group around the element at hand: its name, and how many children are still to come.
        private readonly Stack<(string Name, long Children)> _groups = new();
        private string? _createdBy;
        private long? _rows;
        private long? _version;
        private long _rowGroups;
        private UInt128 _rowsOfGroups;
        private long _leaves;
        private bool _root;
        private bool _encrypted;

        internal FileFacts Read()
        {
            thrift.Struct(Field);
            if (_rows is null or < 0 || !_root || _groups.Count > 0)
            {
                throw input.Malformed("the footer lacks its schema or number of rows");
            }
            if (_rowsOfGroups != (ulong)_rows)
            {
                throw input.Malformed($"the footer says {_rows} rows, and its row groups {_rowsOfGroups}");
            }
            var properties = new PropertyList("parquet")
                .Add("version", _version)
                .Add("created-by", _createdBy)
                .Add("row-groups", _rowGroups)
                .Add("columns-encrypted", _encrypted ? "yes" : null)
                .AddAll("metadata-key", _metadata);
            return new FileFacts("parquet", FileRole.Data)
            {
                MediaType = "application/vnd.apache.parquet",
                Dataset = new DatasetFacts
                {
                    Rows = _rows,
                    Columns = _columns,
                    ColumnCount = _leaves,
                    Properties = properties.Items,
                },
            };
        }

        private void Field(int id, ThriftType type)
        {
            switch (id)
            {
                case 1:
                    _version = thrift.Integer(type);
                    break;
                case 2:
                    if (_root)
                    {
                        throw input.Malformed("the schema occurs twice");
                    }
                    thrift.List(type, Element);
                    break;
                case 3:
                    _rows = thrift.Integer(type);
                    break;
                case 4:
                    _rowGroups += thrift.List(type, RowGroup);
                    break;
                case 5:
                    thrift.List(type, KeyValue);
                    break;
                case 6:
                    _createdBy = thrift.Text(type);
                    break;
                case 8:
                    _encrypted = true;
                    thrift.Skip(type);
                    break;
                default:
                    thrift.Skip(type);
                    break;
            }
        }

        private void Element(ThriftType type)
        {
            Expect(type);
            string name = "",
                logical = "";
            long? physical = null,
                converted = null,
                repetition = null,
                width = null;
            var children = 0L;
            thrift.Struct(
                (id, t) =>
                {
                    switch (id)
                    {
                        case 1:
                            physical = thrift.Integer(t);
                            break;
                        case 2:
                            width = thrift.Integer(t);
                            break;
                        case 3:
                            repetition = thrift.Integer(t);
                            break;
                        case 4:
                            name = thrift.Text(t);
                            break;
                        case 5:
                            children = thrift.Integer(t);
                            break;
                        case 6:
                            converted = thrift.Integer(t);
                            break;
                        case 10 when t == ThriftType.Struct:
                            thrift.Struct(
                                (member, memberType) =>
                                {
                                    logical = LogicalName(member);
                                    thrift.Skip(memberType);
                                }
                            );
                            break;
                        default:
                            thrift.Skip(t);
                            break;
                    }
                }
            );
            if (children is < 0 or > int.MaxValue)
            {
                throw input.Malformed($"a schema element of {children} children");
            }
            if (!_root)
            {
                _root = true;
                Push("", children);
                return;
            }
            if (_groups.Count == 0)
            {
                throw input.Malformed("the schema has an element outside its root");
            }
            var (group, left) = _groups.Pop();
            _groups.Push((group, left - 1));
            var path = group.Length == 0 ? name : $"{group}.{name}";
            if (path.Length > Limits.SbomTextLength)
            {
                throw input.Malformed("a column's path is too long");
            }
            if (children > 0)
            {
                Push(path, children);
                return;
            }
            _leaves++;
            if (_columns.Count < Limits.SbomListedNames)
            {
                var kind =
                    logical.Length > 0 ? logical
                    : converted is { } c ? ConvertedName(c)
                    : "";
                var size = physical == 7 && width is { } w ? string.Create(CultureInfo.InvariantCulture, $"({w})") : "";
                var suffix = (kind.Length == 0 ? "" : $" {kind}") + (repetition == 2 ? " repeated" : "");
                _columns.Add($"{path}: {PhysicalName(physical)}{size}{suffix}");
            }
            Close();
        }

        private void Push(string name, long children)
        {
            if (_groups.Count == Limits.BinaryDepth)
            {
                throw input.Malformed($"the schema is nested more than {Limits.BinaryDepth} deep");
            }
            _groups.Push((name, children));
            Close();
        }

        private void Close()
        {
            while (_groups.TryPeek(out var group) && group.Children == 0)
            {
                _groups.Pop();
            }
        }

        private void RowGroup(ThriftType type)
        {
            Expect(type);
            thrift.Struct(
                (id, t) =>
                {
                    if (id != 3)
                    {
                        thrift.Skip(t);
                        return;
                    }
                    var rows = thrift.Integer(t);
                    _rowsOfGroups += rows >= 0 ? (ulong)rows : throw input.Malformed($"a row group of {rows} rows");
                }
            );
        }

        private void KeyValue(ThriftType type)
        {
            Expect(type);
            thrift.Struct(
                (id, t) =>
                {
                    if (id != 1)
                    {
                        thrift.Skip(t);
                        return;
                    }
                    var key = thrift.Text(t);
                    if (_metadata.Count < Limits.SbomListedNames)
                    {
                        _metadata.Add(key);
                    }
                }
            );
        }

        private void Expect(ThriftType type)
        {
            if (type != ThriftType.Struct)
            {
                throw input.Malformed($"a list of structs is expected, not of {type}");
            }
        }

        private static string PhysicalName(long? type) =>
            type switch
            {
                0 => "BOOLEAN",
                1 => "INT32",
                2 => "INT64",
                3 => "INT96",
                4 => "FLOAT",
                5 => "DOUBLE",
                6 => "BYTE_ARRAY",
                7 => "FIXED_LEN_BYTE_ARRAY",
                null => "no type",
                _ => string.Create(CultureInfo.InvariantCulture, $"type {type}"),
            };

        private static string LogicalName(int member) =>
            member switch
            {
                1 => "STRING",
                2 => "MAP",
                3 => "LIST",
                4 => "ENUM",
                5 => "DECIMAL",
                6 => "DATE",
                7 => "TIME",
                8 => "TIMESTAMP",
                10 => "INTEGER",
                11 => "UNKNOWN",
                12 => "JSON",
                13 => "BSON",
                14 => "UUID",
                15 => "FLOAT16",
                16 => "VARIANT",
                17 => "GEOMETRY",
                18 => "GEOGRAPHY",
                _ => string.Create(CultureInfo.InvariantCulture, $"logical type {member}"),
            };

        private static string ConvertedName(long type) =>
            type switch
            {
                0 => "UTF8",
                1 => "MAP",
                2 => "MAP_KEY_VALUE",
                3 => "LIST",
                4 => "ENUM",
                5 => "DECIMAL",
                6 => "DATE",
                7 => "TIME_MILLIS",
                8 => "TIME_MICROS",
                9 => "TIMESTAMP_MILLIS",
                10 => "TIMESTAMP_MICROS",
                11 => "UINT_8",
                12 => "UINT_16",
                13 => "UINT_32",
                14 => "UINT_64",
                15 => "INT_8",
                16 => "INT_16",
                17 => "INT_32",
                18 => "INT_64",
                19 => "JSON",
                20 => "BSON",
                21 => "INTERVAL",
                _ => string.Create(CultureInfo.InvariantCulture, $"converted type {type}"),
            };
    }
}
