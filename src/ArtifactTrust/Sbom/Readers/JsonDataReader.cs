using System.Text.Json;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>JSON data: an array of records, or one record a line. Files of any size are read in little memory.</summary>
internal sealed class JsonDataReader : FormatReader
{
    /// <summary>Files that are configuration although they are arrays, or objects that a model's loader reads.</summary>
    private static readonly string[] Configuration = ["modules.json", "vocab.json", "package.json", "package-lock.json"];

    /// <inheritdoc/>
    internal override string Format => "json";

    /// <inheritdoc/>
    internal override FileRole Role => FileRole.Other;

    /// <inheritdoc/>
    internal override string? MediaType => "application/json";

    /// <inheritdoc/>
    internal override bool Recognizes(FileHead head) => head.HasExtension(".json", ".jsonl", ".ndjson", ".geojson", ".topojson");

    /// <inheritdoc/>
    internal override FileFacts Read(FileHead head, ByteReader input)
    {
        if (input.Peek(3).SequenceEqual("\uFEFF"u8))
        {
            input.Skip(3);
        }
        var lines = head.HasExtension(".jsonl", ".ndjson");
        var scanner = new Records();
        // Files named .json hold lines often enough; a second value is no error in them.
        scanner.Run(input, input.Length, lines: true);
        var layout =
            scanner.Values == 0 ? throw input.Malformed(0, "there is no value")
            : lines || scanner.Values > 1 ? "lines"
            : scanner.IsArray ? "array"
            : scanner.IsObject ? "object"
            : "scalar";
        var isData = layout is "lines" or "array" && !Configuration.Contains(head.Name);
        var records = layout switch
        {
            "lines" => scanner.ValueKeys,
            "array" => scanner.ElementKeys,
            _ => null,
        };
        return new FileFacts(layout == "lines" ? "json-lines" : "json", isData ? FileRole.Data : FileRole.Other)
        {
            MediaType = layout == "lines" ? null : MediaType,
            Dataset = new DatasetFacts
            {
                Rows = layout switch
                {
                    "lines" => scanner.Values,
                    "array" => scanner.Elements,
                    _ => null,
                },
                Columns = records?.Lines ?? [],
                ColumnCount = records?.Count,
                Properties = new PropertyList("json")
                    .Add("layout", layout)
                    .AddAll("key", layout == "object" ? scanner.ValueKeys.Lines : [])
                    .Items,
            },
        };
    }

    /// <summary>Counts values and collects the keys of the records.</summary>
    private sealed class Records() : JsonScanner("JSON data")
    {
        internal long Values { get; private set; }
        internal long Elements { get; private set; }
        internal bool IsArray { get; private set; }
        internal bool IsObject { get; private set; }

        /// <summary>Keys of objects at the top: the records of JSON Lines.</summary>
        internal RecordKeys ValueKeys { get; } = new();

        /// <summary>Keys of objects in an array at the top.</summary>
        internal RecordKeys ElementKeys { get; } = new();

        protected override void Token(ref Utf8JsonReader reader)
        {
            var depth = reader.CurrentDepth;
            if (depth > 2)
            {
                return;
            }
            var type = reader.TokenType;
            if (type is JsonTokenType.EndObject or JsonTokenType.EndArray)
            {
                return;
            }
            if (depth == 0)
            {
                Values++;
                IsArray = type == JsonTokenType.StartArray;
                IsObject = type == JsonTokenType.StartObject;
                ValueKeys.NextRecord();
                return;
            }
            if (type == JsonTokenType.PropertyName)
            {
                if (depth == 1)
                {
                    Key(ValueKeys, ref reader);
                }
                else if (IsArray)
                {
                    Key(ElementKeys, ref reader);
                }
                return;
            }
            if (depth == 1)
            {
                if (IsArray)
                {
                    Elements++;
                    ElementKeys.NextRecord();
                }
                else
                {
                    ValueKeys.Value(type);
                }
            }
            else if (IsArray)
            {
                ElementKeys.Value(type);
            }
        }

        private void Key(RecordKeys keys, ref Utf8JsonReader reader)
        {
            if (!keys.IsExpected(ref reader))
            {
                keys.Key(Text(ref reader));
            }
        }
    }
}
