using System.Buffers;
using System.Text;
using System.Text.Json;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Attestations;

/// <summary>
/// Statements of models read and written in one pass, for a million files have one of 150 MB. Only the plain shape that clients write is read so:
/// the members known here, each once, every resource of three strings. For every other text the answer is null, and
/// <see cref="StrictJson"/> reads it or says what is wrong, as it does for all other statements.
/// </summary>
internal static class ModelStatement
{
    private const string FormatName = "in-toto statement";

    private static readonly JsonReaderOptions Options = new() { MaxDepth = Limits.JsonDepth };
    private static readonly SearchValues<byte> HexDigits = SearchValues.Create("0123456789abcdef"u8);

    /// <summary>Where the parts of a statement are in its text.</summary>
    /// <param name="Type">The statement's type.</param>
    /// <param name="PredicateType">The predicate's type.</param>
    /// <param name="Subject">The array of subjects.</param>
    /// <param name="Predicate">The predicate.</param>
    /// <param name="Resources">Its resources.</param>
    /// <param name="Serialization">Its serialization.</param>
    internal sealed record Parts(
        string Type,
        string PredicateType,
        ReadOnlyMemory<byte> Subject,
        ReadOnlyMemory<byte> Predicate,
        ReadOnlyMemory<byte> Resources,
        ReadOnlyMemory<byte> Serialization
    );

    /// <summary>Finds the parts of a statement of a model; null where it is no such one, or not of the plain shape.</summary>
    /// <param name="utf8">The whole text, which is UTF-8 with whole surrogate pairs.</param>
    internal static Parts? Find(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            var reader = new Utf8JsonReader(utf8.Span, Options);
            string? type = null;
            string? predicateType = null;
            Range? subject = null;
            Range? predicate = null;
            var (resources, serialization) = (default(Range), default(Range));
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return null;
            }
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (type is null && reader.ValueTextEquals("_type"u8))
                {
                    type = Text(ref reader);
                }
                else if (predicateType is null && reader.ValueTextEquals("predicateType"u8))
                {
                    predicateType = Text(ref reader);
                    if (predicateType is null || !ModelSignature.IsType(predicateType))
                    {
                        return null;
                    }
                }
                else if (subject is null && reader.ValueTextEquals("subject"u8))
                {
                    subject = Skip(ref reader, JsonTokenType.StartArray);
                    if (subject is null)
                    {
                        return null;
                    }
                }
                else if (predicate is null && predicateType is not null && reader.ValueTextEquals("predicate"u8))
                {
                    if (FindPredicate(ref reader) is not { } found)
                    {
                        return null;
                    }
                    (predicate, resources, serialization) = found;
                }
                else
                {
                    return null;
                }
            }
            // Behind the last bracket the reader takes white space alone.
            return !reader.Read() && type is not null && predicateType is not null && subject is { } s && predicate is { } p
                ? new Parts(type, predicateType, utf8[s], utf8[p], utf8[resources], utf8[serialization])
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The resources, as their digests' function has them; null where one of them is not plain.</summary>
    internal static PackedEntries? Resources(ReadOnlySpan<byte> utf8, ModelSerialization serialization)
    {
        var form = serialization.Form;
        var entries = new PackedEntries(form.Algorithm);
        var value = new byte[form.Algorithm.SizeInBytes];
        // The algorithm's name is the same everywhere: it is looked at once, and compared from then on.
        byte[] accepted = [];
        var reader = new Utf8JsonReader(utf8, Options);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            if (!ReadResource(ref reader, out var resource))
            {
                return null;
            }
            var algorithm = utf8[resource.Algorithm];
            if (accepted.Length == 0 || !algorithm.SequenceEqual(accepted))
            {
                if (algorithm.Contains((byte)'\\') || !serialization.IsResourceAlgorithm(Encoding.UTF8.GetString(algorithm)))
                {
                    return null;
                }
                accepted = algorithm.ToArray();
            }
            var hex = utf8[resource.Digest];
            if (
                hex.Length != 2 * value.Length
                || hex.ContainsAnyExcept(HexDigits)
                || Convert.FromHexString(hex, value, out _, out _) != OperationStatus.Done
            )
            {
                return null;
            }
            var name = utf8[resource.Name];
            // Escapes are few, and the text's surrogates are known to be in pairs.
            var unescaped = name.Contains((byte)'\\') ? Unescape(utf8, resource.Name) : null;
            var size =
                form.ShardSize is not null && ManifestForm.ParseShardName(unescaped ?? Encoding.UTF8.GetString(name)) is { } shard
                    ? shard.End - shard.Start
                    : 0;
            if (unescaped is not null)
            {
                entries.Names.Add(unescaped);
            }
            else
            {
                entries.Names.Add(name);
            }
            entries.Add(value, size);
        }
        return entries;
    }

    /// <summary>The statement of a model as the bytes to sign: those of <see cref="Statement.ToUtf8Bytes"/>.</summary>
    internal static byte[] Write(ResourceDescriptor subject, ModelSignature model)
    {
        var counter = new FixedWriter(null);
        Write(counter, subject, model);
        var output = new FixedWriter(GC.AllocateUninitializedArray<byte>(counter.Written));
        Write(output, subject, model);
        return output.Bytes!;
    }

    private static void Write(FixedWriter output, ResourceDescriptor subject, ModelSignature model)
    {
        using var writer = new Utf8JsonWriter(output);
        writer.WriteStartObject();
        writer.WriteString("_type", Statement.TypeV1);
        writer.WriteStartArray("subject");
        subject.WriteTo(writer);
        writer.WriteEndArray();
        writer.WriteString("predicateType", ModelSignature.TypeUri);
        writer.WritePropertyName("predicate");
        model.WriteTo(writer);
        writer.WriteEndObject();
    }

    private static (Range, Range, Range)? FindPredicate(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }
        var start = (int)reader.TokenStartIndex;
        Range? resources = null;
        Range? serialization = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (resources is null && reader.ValueTextEquals("resources"u8))
            {
                resources = FindResources(ref reader);
                if (resources is null)
                {
                    return null;
                }
            }
            else if (serialization is null && reader.ValueTextEquals("serialization"u8))
            {
                serialization = Skip(ref reader, JsonTokenType.StartObject);
                if (serialization is null)
                {
                    return null;
                }
            }
            else
            {
                return null;
            }
        }
        return resources is { } r && serialization is { } s ? (start..(int)reader.BytesConsumed, r, s) : null;
    }

    private static Range? FindResources(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            return null;
        }
        var start = (int)reader.TokenStartIndex;
        for (var count = 0; reader.Read() && reader.TokenType == JsonTokenType.StartObject; count++)
        {
            if (count == Limits.ManifestEntries || !ReadResource(ref reader, out _))
            {
                return null;
            }
        }
        return reader.TokenType == JsonTokenType.EndArray ? start..(int)reader.BytesConsumed : null;
    }

    private readonly record struct Resource(Range Name, Range Algorithm, Range Digest);

    /// <summary>An object of exactly a name, an algorithm and a digest, each a string, from its bracket on.</summary>
    private static bool ReadResource(ref Utf8JsonReader reader, out Resource resource)
    {
        Range? name = null;
        Range? algorithm = null;
        Range? digest = null;
        resource = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (name is null && reader.ValueTextEquals("name"u8))
            {
                name = Plain(ref reader);
            }
            else if (algorithm is null && reader.ValueTextEquals("algorithm"u8))
            {
                algorithm = Plain(ref reader);
            }
            else if (digest is null && reader.ValueTextEquals("digest"u8))
            {
                digest = Plain(ref reader);
            }
            else
            {
                return false;
            }
            if (reader.TokenType != JsonTokenType.String)
            {
                return false;
            }
        }
        if (reader.TokenType != JsonTokenType.EndObject || name is null || algorithm is null || digest is null)
        {
            return false;
        }
        resource = new Resource(name.Value, algorithm.Value, digest.Value);
        return true;
    }

    /// <summary>Where the next string is between its quotes.</summary>
    private static Range? Plain(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.String)
        {
            return null;
        }
        var start = (int)reader.TokenStartIndex + 1;
        return start..(start + reader.ValueSpan.Length);
    }

    private static string? Text(ref Utf8JsonReader reader) =>
        reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;

    private static Range? Skip(ref Utf8JsonReader reader, JsonTokenType expected)
    {
        if (!reader.Read() || reader.TokenType != expected)
        {
            return null;
        }
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return start..(int)reader.BytesConsumed;
    }

    private static string Unescape(ReadOnlySpan<byte> utf8, Range text)
    {
        var (start, length) = text.GetOffsetAndLength(utf8.Length);
        var reader = new Utf8JsonReader(utf8.Slice(start - 1, length + 2));
        reader.Read();
        return reader.GetString()!;
    }

    /// <summary>Writes into an array of the right length, or counts what would be written.</summary>
    private sealed class FixedWriter(byte[]? bytes) : IBufferWriter<byte>
    {
        private readonly byte[] _scratch = new byte[64 << 10];
        private byte[]? _large;

        internal byte[]? Bytes => bytes;

        internal int Written { get; private set; }

        public void Advance(int count)
        {
            if (bytes is not null)
            {
                (_large ?? _scratch).AsSpan(0, count).CopyTo(bytes.AsSpan(Written));
            }
            Written = checked(Written + count);
            _large = null;
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => sizeHint <= _scratch.Length ? _scratch : _large = new byte[sizeHint];

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
