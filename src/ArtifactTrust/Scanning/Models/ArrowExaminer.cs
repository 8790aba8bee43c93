using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Examines the schema of Parquet and Arrow files for extension types that pyarrow unpickled (CVE-2023-47248).</summary>
/// <remarks>
/// The name of such a type stands in the schema as it is, in Arrow's own form, and in base64 in the footer of Parquet. It is looked for there byte by
/// byte, so that no order or nesting of fields hides it.
/// </remarks>
internal sealed class ArrowExaminer(ModelFileExaminer examiner, Place place)
{
    private const int ShortestEncodedSchema = 64;

    // Places in a schema that has such a type where its pickle may begin, and how much of each is followed, in bytes.
    private const int MostGuesses = 100;
    private const int GuessBytes = 256 << 10;

    private static readonly SearchValues<byte> Base64Bytes = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="u8
    );

    /// <summary>Examines the footer of a Parquet file.</summary>
    internal void ExamineParquet(Stream stream)
    {
        var bytes = new RandomBytes(stream, "Parquet");
        try
        {
            var end = bytes.Length >= 12 ? bytes.Read(bytes.Length - 8, 8) : [];
            if (end.AsSpan().EndsWith("PARE"u8))
            {
                examiner.Log.AddGap(place, "the footer of the Parquet file is encrypted");
                return;
            }
            var length = end.Length == 0 ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(end);
            if (end.Length == 0 || !end.AsSpan().EndsWith("PAR1"u8) || length > bytes.Length - 12 || length > Limits.ParquetFooterBytes)
            {
                examiner.Log.AddGap(place, "the footer of the Parquet file is missing or too long");
                return;
            }
            var start = bytes.Length - 8 - length;
            ExamineFooter(bytes.Read(start, (int)length), start);
        }
        catch (MalformedDataException e)
        {
            examiner.Log.AddGap(place, $"the Parquet file cannot be read ({e.Location}: {e.Reason})");
        }
    }

    /// <summary>Examines the schema at the beginning, and of the file format the one at the end.</summary>
    internal void ExamineArrow(Stream stream)
    {
        var bytes = new RandomBytes(stream, "Arrow");
        try
        {
            var isFile = bytes.Length >= 8 && bytes.Read(0, 6).AsSpan().SequenceEqual("ARROW1"u8);
            var first = isFile ? 8 : 0;
            var length = bytes.Number(first, 4);
            var at = first + 4;
            if (length == uint.MaxValue)
            {
                (length, at) = (bytes.Number(first + 4, 4), first + 8);
            }
            ExamineSchema(bytes, at, length);
            if (isFile)
            {
                // The schema once more, its length, and the magic.
                var footer = bytes.Number(bytes.Length - 10, 4);
                if (!bytes.Read(bytes.Length - 6, 6).AsSpan().SequenceEqual("ARROW1"u8) || footer > (ulong)(bytes.Length - 10))
                {
                    examiner.Log.AddGap(place, "the footer of the Arrow file is missing or too long");
                    return;
                }
                ExamineSchema(bytes, bytes.Length - 10 - (long)footer, footer);
            }
        }
        catch (MalformedDataException e)
        {
            examiner.Log.AddGap(place, $"the Arrow file cannot be read ({e.Location}: {e.Reason})");
        }
    }

    private void ExamineSchema(RandomBytes bytes, long start, ulong length)
    {
        if (length > Limits.ArrowMetadataBytes)
        {
            examiner.Log.AddGap(place, $"a schema of {length} bytes");
            return;
        }
        Search(bytes.Read(start, (int)length), start, start);
        examiner.Log.Examined = true;
    }

    private void ExamineFooter(byte[] footer, long start)
    {
        Search(footer, start, start);
        for (var at = 0; at < footer.Length; )
        {
            var rest = footer.AsSpan(at);
            var from = rest.IndexOfAny(Base64Bytes);
            if (from < 0)
            {
                break;
            }
            rest = rest[from..];
            var length = rest.IndexOfAnyExcept(Base64Bytes);
            length = length < 0 ? rest.Length : length;
            if (length >= ShortestEncodedSchema)
            {
                // Bytes that only look like base64 may stand before.
                var decoded = new byte[Base64.GetMaxDecodedFromUtf8Length(length)];
                for (var shift = 0; shift < 4; shift++)
                {
                    Base64.DecodeFromUtf8(rest[shift..length], decoded, out _, out var written, isFinalBlock: false);
                    Search(decoded.AsMemory(0, written), null, start + at + from);
                }
            }
            at += from + length;
        }
        examiner.Log.Examined = true;
    }

    private void Search(ReadOnlyMemory<byte> schema, long? start, long position)
    {
        if (schema.Span.IndexOf("ray.data.arrow_pickled_object"u8) >= 0)
        {
            examiner.Log.AddOddity("arrow-pickled-values", place, null, position);
        }
        if (schema.Span.IndexOf("arrow.py_extension_type"u8) >= 0)
        {
            examiner.Log.AddOddity("arrow-pickle", place, null, position);
        }
        // Ray unpickled what its tensors say of their shape (GHSA-mw35-8rx3-xf9r), which is a harmless tuple in most files.
        else if (schema.Span.IndexOf("ray.data.arrow_"u8) < 0)
        {
            return;
        }
        var left = MostGuesses;
        for (var at = 0; at < schema.Length - 2; at++)
        {
            // By a protocol, or an import of protocol 0, with a mark before it or not.
            var next = schema.Span[at..].IndexOfAny((byte)PickleOpcode.Proto, (byte)PickleOpcode.Global);
            // A pickle has more than one byte.
            if (next < 0 || at + next + 1 >= schema.Length)
            {
                return;
            }
            at += next;
            if (schema.Span[at] == (byte)PickleOpcode.Global ? NamesImport(schema.Span[(at + 1)..]) : schema.Span[at + 1] <= 5)
            {
                if (left == 0)
                {
                    examiner.Log.AddGap(place, "too many places of the schema look like a pickle");
                    return;
                }
                left--;
                var inner = new Place(place.At(position), start is null ? null : place.Start + start + at, place.Depth + 1);
                var from = at > 0 && schema.Span[at - 1] == (byte)PickleOpcode.Mark ? at - 1 : at;
                var followed = examiner.ExamineGuess(schema[from..Math.Min(schema.Length, at + GuessBytes)], inner);
                at = Math.Max(at, from + followed - 1);
            }
        }
    }

    /// <summary>Whether two lines that are names follow.</summary>
    private static bool NamesImport(ReadOnlySpan<byte> text)
    {
        text = text[..Math.Min(text.Length, 256)];
        for (var line = 0; line < 2; line++)
        {
            var end = text.IndexOf((byte)'\n');
            if (end < 0 || !PickleText.IsName(PickleText.Utf8(text[..end])))
            {
                return false;
            }
            text = text[(end + 1)..];
        }
        return true;
    }
}
