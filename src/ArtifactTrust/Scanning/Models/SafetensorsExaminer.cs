using System.Buffers.Binary;
using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Examines the structure of a safetensors file: its tensors cover the file exactly, each byte once.</summary>
/// <remarks>Spec: safetensors README, "Format". The reference reader refuses what is found here; other readers do not.</remarks>
internal sealed class SafetensorsExaminer(ExaminationLog log, Place place)
{
    // The format has three.
    // Metadata that is made text of: little of the memory that a header takes itself.
    private const int MetadataText = 4 << 20;
    private const int TensorMembers = 100;

    private readonly List<(long Start, long End, string Name)> _tensors = [];
    private int _metadataLeft = MetadataText;

    /// <summary>Examines a file.</summary>
    internal void Examine(Stream stream)
    {
        stream.Position = 0;
        var prefix = new byte[8];
        stream.ReadExactly(prefix);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > Limits.SafetensorsHeaderBytes || (long)length > stream.Length - 8)
        {
            log.AddGap(place, $"a header of {length} bytes is announced");
            return;
        }
        var header = new byte[(int)length];
        stream.ReadExactly(header);
        try
        {
            Read(header);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            log.AddGap(place, "the header of the safetensors file cannot be read");
            return;
        }
        Check((long)length + 8, stream.Length);
        log.Examined = true;
    }

    private void Read(byte[] header)
    {
        var reader = new Utf8JsonReader(header, new JsonReaderOptions { MaxDepth = 8 });
        var (names, tensors) = (new NameSet<string>(), 0);
        Expect(reader.Read() && reader.TokenType == JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (name, position) = (reader.GetString()!, 8 + reader.TokenStartIndex);
            if (!names.Add(name, name.Length))
            {
                log.AddOddity("safetensors-duplicate", place, name, position);
            }
            if (++tensors > Limits.ModelTensors || names.IsFull)
            {
                throw new FormatException();
            }
            Expect(reader.Read() && reader.TokenType == JsonTokenType.StartObject);
            if (name == "__metadata__")
            {
                ReadMetadata(ref reader, position);
            }
            else
            {
                ReadTensor(ref reader, name, position);
            }
        }
        Expect(reader.TokenType == JsonTokenType.EndObject);
        // Only blanks may follow, which the reader checks.
        Expect(!reader.Read());
    }

    private void ReadMetadata(ref Utf8JsonReader reader, long position)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            Expect(reader.Read());
            if (reader.TokenType != JsonTokenType.String)
            {
                log.AddOddity("safetensors-layout", place, "metadata that is no text", position);
                reader.Skip();
                continue;
            }
            // Some loaders keep their settings here. What is more than that is made no text of.
            if (reader.ValueSpan.Length <= _metadataLeft)
            {
                _metadataLeft -= reader.ValueSpan.Length;
                SettingsImports.ExamineText(reader.GetString()!, log, place);
            }
            else if (reader.ValueSpan.IndexOf("_target_"u8) >= 0)
            {
                log.AddGap(place, $"settings of more than {MetadataText} bytes in the metadata");
            }
        }
    }

    private void ReadTensor(ref Utf8JsonReader reader, string name, long position)
    {
        string? type = null;
        var (start, end, count) = (-1L, -1L, 1L);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = reader.GetString()!;
            if (seen.Count == TensorMembers)
            {
                throw new FormatException();
            }
            if (!seen.Add(member))
            {
                log.AddOddity("safetensors-duplicate", place, $"{name}: {member}", position);
            }
            Expect(reader.Read());
            switch (member)
            {
                case "dtype":
                    type = reader.GetString();
                    break;
                case "shape":
                    Expect(reader.TokenType == JsonTokenType.StartArray);
                    while (reader.Read() && reader.TokenType == JsonTokenType.Number)
                    {
                        var size = reader.GetInt64();
                        if (size < 0 || (size > 0 && count > long.MaxValue / 64 / size))
                        {
                            throw new FormatException();
                        }
                        count *= size;
                    }
                    Expect(reader.TokenType == JsonTokenType.EndArray);
                    break;
                case "data_offsets":
                    Expect(reader.TokenType == JsonTokenType.StartArray && reader.Read());
                    start = reader.GetInt64();
                    Expect(reader.Read());
                    end = reader.GetInt64();
                    Expect(reader.Read() && reader.TokenType == JsonTokenType.EndArray);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        Expect(reader.TokenType == JsonTokenType.EndObject && type is not null && start >= 0 && end >= start);
        if (Bits(type!) is not { } bits)
        {
            log.AddGap(place, $"a tensor of the unknown type {Printable.Text(type!)}");
        }
        else if ((bits * count) + 7 >> 3 != end - start)
        {
            log.AddOddity("safetensors-layout", place, $"{name} has {end - start} bytes for {count} values of {type}", position);
        }
        _tensors.Add((start, end, name));
    }

    private void Check(long data, long length)
    {
        var at = 0L;
        foreach (var (start, end, name) in _tensors.OrderBy(t => t.Start).ThenBy(t => t.End))
        {
            if (end > length - data)
            {
                log.AddOddity("safetensors-layout", place, $"{name} ends beyond the file");
                return;
            }
            if (start != at)
            {
                var what = start < at ? "lies over another tensor" : $"has {start - at} bytes before it that no tensor has";
                log.AddOddity("safetensors-layout", place, $"{name} {what}", data + Math.Min(start, at));
            }
            at = Math.Max(at, end);
        }
        if (data + at < length)
        {
            log.AddOddity("safetensors-trailing", place, $"{length - data - at} bytes", data + at);
        }
    }

    /// <summary>The bits of one value; null for a type that is not known here.</summary>
    private static long? Bits(string type) =>
        type switch
        {
            "BOOL" or "U8" or "I8" or "F8_E5M2" or "F8_E4M3" or "F8_E8M0" or "F8_E4M3FNUZ" or "F8_E5M2FNUZ" => 8,
            "I16" or "U16" or "F16" or "BF16" => 16,
            "I32" or "U32" or "F32" => 32,
            "C64" or "F64" or "I64" or "U64" => 64,
            "F4" => 4,
            "F6_E2M3" or "F6_E3M2" => 6,
            _ => null,
        };

    private static void Expect(bool holds)
    {
        if (!holds)
        {
            throw new FormatException();
        }
    }
}
