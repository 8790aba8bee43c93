using System.Buffers.Binary;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Examines a GGUF file: its templates for chats, and whether its structure lies within the file.</summary>
/// <remarks>Spec: ggml's gguf.md. Versions 1 to 3, in either order of bytes.</remarks>
internal sealed class GgufExaminer(ExaminationLog log, Place place)
{
    private const int ShortestTensor = 8 + 4 + 4 + 8;
    private const int ShortestPair = 8 + 4 + 1;
    private const int StringType = 8;
    private const int ArrayType = 9;

    private PickleInput _input = null!;
    private bool _bigEndian;
    private bool _short;

    /// <summary>Examines a file.</summary>
    internal void Examine(Stream stream)
    {
        stream.Position = 0;
        _input = new PickleInput(stream, stream.Length);
        try
        {
            Read(stream.Length);
            log.Examined = true;
        }
        catch (MalformedDataException e)
        {
            log.AddGap(place, $"the GGUF file cannot be read ({e.Location}: {e.Reason})");
        }
    }

    private void Read(long length)
    {
        Take(4);
        var version = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
        if (version > 0xFFFF)
        {
            (version, _bigEndian) = (BinaryPrimitives.ReverseEndianness(version), true);
        }
        if (version is 0 or > 3)
        {
            throw Malformed($"version {version}");
        }
        _short = version == 1;
        var (tensors, pairs) = (Count(), Count());
        if (tensors > (ulong)(length / ShortestTensor) || pairs > (ulong)(length / ShortestPair))
        {
            throw Malformed($"{tensors} tensors and {pairs} values are more than fit the file");
        }
        var (keys, alignment) = (new NameSet<string>(), 32UL);
        for (ulong i = 0; i < pairs; i++)
        {
            var position = _input.Position;
            var key = Text(Limits.PickleNameBytes * 64) ?? throw Malformed("a key that is too long");
            var type = Number(4);
            AddName(keys, key, position);
            if (type == StringType && IsTemplate(key))
            {
                ExamineTemplate();
            }
            else if (type == ArrayType && IsTemplate(key))
            {
                // transformers takes the one text of an array for the template.
                var (element, count) = ArrayHead();
                if (element == StringType)
                {
                    for (ulong t = 0; t < count; t++)
                    {
                        ExamineTemplate();
                    }
                }
                else
                {
                    SkipArray(element, count, 0);
                }
            }
            else if (key == "general.alignment" && type == 4)
            {
                alignment = Number(4);
            }
            else
            {
                SkipValue((int)Math.Min(type, 99), 0);
            }
        }
        if (alignment == 0 || (alignment & (alignment - 1)) != 0)
        {
            throw Malformed($"an alignment of {alignment}");
        }
        ReadTensors(tensors, alignment, length);
    }

    private void ExamineTemplate()
    {
        var at = _input.Position;
        if (Text(Limits.TemplateLength) is { } template)
        {
            new TemplateExaminer(log).Examine(template, place with { Start = place.Start + at });
        }
        else
        {
            log.AddGap(place, "a template that is too long to be examined");
        }
    }

    private void ReadTensors(ulong tensors, ulong alignment, long length)
    {
        var names = new NameSet<string>();
        var (farthest, farthestAt, farthestName) = (0UL, 0L, "");
        for (ulong i = 0; i < tensors; i++)
        {
            var position = _input.Position;
            var name = Text(Limits.PickleNameBytes) ?? throw Malformed("the name of a tensor is too long");
            AddName(names, name, position);
            var dimensions = Number(4);
            if (dimensions > 8)
            {
                throw Malformed($"a tensor of {dimensions} dimensions");
            }
            var count = 1UL;
            for (ulong d = 0; d < dimensions; d++)
            {
                var size = Number(_short ? 4 : 8);
                count = size != 0 && count > ulong.MaxValue / 512 / size ? throw Malformed("a tensor larger than any file") : count * size;
            }
            var type = Number(4);
            var (offset, bytes) = (Number(8), Bytes((int)Math.Min(type, 999), count));
            if (offset > ulong.MaxValue - bytes)
            {
                throw Malformed("a tensor larger than any file");
            }
            if (offset + bytes > farthest)
            {
                (farthest, farthestAt, farthestName) = (offset + bytes, position, name);
            }
        }
        var data = ((ulong)_input.Position + alignment - 1) & ~(alignment - 1);
        if (farthest > 0 && farthest > (ulong)length - Math.Min(data, (ulong)length))
        {
            log.AddOddity("gguf-layout", place, $"{farthestName} ends beyond the file", farthestAt);
        }
    }

    private void AddName(NameSet<string> names, string name, long position)
    {
        if (!names.Add(name, name.Length))
        {
            log.AddOddity("gguf-duplicate", place, name, position);
        }
        else if (names.IsFull)
        {
            throw Malformed($"names of more than {Limits.KeptNames} characters");
        }
    }

    private static bool IsTemplate(string key) =>
        key.StartsWith("tokenizer.chat_template", StringComparison.Ordinal) || key.Contains("template", StringComparison.OrdinalIgnoreCase);

    /// <summary>The bytes of so many values; none for a type that is not known here.</summary>
    private static ulong Bytes(int type, ulong count)
    {
        var (block, size) = type switch
        {
            0 or 26 => (1UL, 4UL),
            1 or 25 or 30 => (1UL, 2UL),
            24 => (1UL, 1UL),
            27 or 28 => (1UL, 8UL),
            2 => (32UL, 18UL),
            3 => (32UL, 20UL),
            6 => (32UL, 22UL),
            7 => (32UL, 24UL),
            8 => (32UL, 34UL),
            10 => (256UL, 84UL),
            11 => (256UL, 110UL),
            12 => (256UL, 144UL),
            13 => (256UL, 176UL),
            14 => (256UL, 210UL),
            15 => (256UL, 292UL),
            _ => (1UL, 0UL),
        };
        return count / block * size;
    }

    private void SkipValue(int type, int depth)
    {
        switch (type)
        {
            case StringType:
                Skip(Count());
                break;
            case ArrayType:
                if (depth == Limits.ModelFileNesting)
                {
                    throw Malformed("arrays lie too deep inside each other");
                }
                var (element, count) = ArrayHead();
                SkipArray(element, count, depth);
                break;
            default:
                Skip((ulong)(SizeOf(type) ?? throw Malformed($"a value of type {type}")));
                break;
        }
    }

    /// <summary>The type of an array's values, and their number.</summary>
    private (int Element, ulong Count) ArrayHead()
    {
        var (element, count) = ((int)Math.Min(Number(4), 99), Count());
        return count > (ulong)_input.Remaining ? throw Malformed($"an array of {count} values") : (element, count);
    }

    private void SkipArray(int element, ulong count, int depth)
    {
        if (SizeOf(element) is { } each)
        {
            Skip(count > ulong.MaxValue / 8 ? ulong.MaxValue : count * (ulong)each);
            return;
        }
        for (ulong i = 0; i < count; i++)
        {
            SkipValue(element, depth + 1);
        }
    }

    private static int? SizeOf(int type) =>
        type switch
        {
            0 or 1 or 7 => 1,
            2 or 3 => 2,
            4 or 5 or 6 => 4,
            10 or 11 or 12 => 8,
            _ => null,
        };

    private ulong Count() => Number(_short ? 4 : 8);

    private ulong Number(int size)
    {
        var bytes = Take(size);
        return (size, _bigEndian) switch
        {
            (4, false) => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            (4, true) => BinaryPrimitives.ReadUInt32BigEndian(bytes),
            (_, false) => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
            _ => BinaryPrimitives.ReadUInt64BigEndian(bytes),
        };
    }

    /// <summary>Reads a text; null where it is longer, and then it is skipped.</summary>
    private string? Text(int maximumBytes)
    {
        var length = Count();
        if (length > (ulong)maximumBytes)
        {
            Skip(length);
            return null;
        }
        var text = new byte[length];
        for (var read = 0; read < text.Length; )
        {
            var step = Math.Min(text.Length - read, PickleInput.BufferBytes);
            Take(step).CopyTo(text.AsSpan(read));
            read += step;
        }
        return Encoding.UTF8.GetString(text);
    }

    private byte[] Take(int count)
    {
        if (!_input.Ensure(count))
        {
            throw Malformed("the file ends inside");
        }
        var bytes = _input.Available[..count].ToArray();
        _input.Advance(count);
        return bytes;
    }

    private void Skip(ulong count)
    {
        if (count > (ulong)_input.Remaining || !_input.Skip((long)count))
        {
            throw Malformed($"{count} bytes are announced where {_input.Remaining} are left");
        }
    }

    private MalformedDataException Malformed(string reason) => new("GGUF", $"byte {_input.Position}", reason);
}
