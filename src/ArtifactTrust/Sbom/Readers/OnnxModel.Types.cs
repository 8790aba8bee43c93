using System.Globalization;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <content>Inputs, outputs and their types.</content>
internal sealed partial class OnnxModel
{
    private void Value(List<string> values, List<byte[]>? names)
    {
        var name = "";
        var type = "";
        var raw = Array.Empty<byte>();
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    raw = reader.Bytes(Limits.SbomTextLength);
                    name = FileText.Clean(FileText.Decode(raw))!;
                    break;
                case 2:
                    reader.Message(() => type = TypeOf());
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        if (values.Count < Limits.SbomListedNames && !(names is not null && _initializers.Contains(raw)))
        {
            values.Add(type.Length == 0 ? name : $"{name}: {type}");
            names?.Add(raw);
        }
    }

    private string TypeOf()
    {
        var text = "";
        while (reader.Next())
        {
            var field = reader.Field;
            switch (field)
            {
                case 1 or 8:
                    reader.Message(() => text = TensorType(field == 8 ? "sparse " : ""));
                    break;
                case 4 or 9:
                    reader.Message(() => text = $"{(field == 4 ? "sequence" : "optional")}({Inner()})");
                    break;
                case 5:
                    reader.Message(() => text = Map());
                    break;
                default:
                    reader.Skip();
                    break;
            }
            if (text.Length > Limits.SbomTextLength)
            {
                throw input.Malformed("a type's description is too long");
            }
        }
        return text;
    }

    private string Inner()
    {
        var inner = "";
        while (reader.Next())
        {
            if (reader.Field == 1)
            {
                reader.Message(() => inner = TypeOf());
            }
            else
            {
                reader.Skip();
            }
        }
        return inner;
    }

    private string Map()
    {
        var (key, value) = ("", "");
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    key = TypeName(reader.Varint());
                    break;
                case 2:
                    reader.Message(() => value = TypeOf());
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        return $"map({key}, {value})";
    }

    private string TensorType(string prefix)
    {
        var element = "undefined";
        string? shape = null;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    element = TypeName(reader.Varint());
                    break;
                case 2:
                    reader.Message(() => shape = Shape());
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        return $"{prefix}{element}{shape}";
    }

    private string Shape()
    {
        var text = new StringBuilder("[");
        for (var count = 0; reader.Next(); )
        {
            if (reader.Field != 1)
            {
                reader.Skip();
                continue;
            }
            if (++count > MaximumDimensions)
            {
                throw input.Malformed($"more than {MaximumDimensions} dimensions");
            }
            reader.Message(() => text.Append(count == 1 ? "" : ", ").Append(Dimension()));
        }
        return text.Append(']').ToString();
    }

    private string Dimension()
    {
        var dimension = "?";
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    dimension = ((long)reader.Varint()).ToString(CultureInfo.InvariantCulture);
                    break;
                case 2:
                    dimension = reader.Text() is { Length: > 0 } name ? name : "?";
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        return dimension;
    }

    private static string TypeName(ulong type) =>
        type switch
        {
            1 => "float32",
            2 => "uint8",
            3 => "int8",
            4 => "uint16",
            5 => "int16",
            6 => "int32",
            7 => "int64",
            8 => "string",
            9 => "bool",
            10 => "float16",
            11 => "float64",
            12 => "uint32",
            13 => "uint64",
            14 => "complex64",
            15 => "complex128",
            16 => "bfloat16",
            17 => "float8e4m3fn",
            18 => "float8e4m3fnuz",
            19 => "float8e5m2",
            20 => "float8e5m2fnuz",
            21 => "uint4",
            22 => "int4",
            23 => "float4e2m1",
            24 => "float8e8m0",
            25 => "uint2",
            26 => "int2",
            _ => string.Create(CultureInfo.InvariantCulture, $"type {type}"),
        };
}
