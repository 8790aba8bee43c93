using System.Buffers;
using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Attestations;

/// <summary>A claim of one type about subjects with digests.</summary>
/// <remarks>Spec: in-toto Statement v1 (and v0.1, read only). Nothing here is trustworthy until an envelope around it is verified.</remarks>
public sealed class Statement
{
    /// <summary>The type written, and the first of the two that are read.</summary>
    public const string TypeV1 = "https://in-toto.io/Statement/v1";

    /// <summary>The DSSE payload type of a statement.</summary>
    public const string PayloadType = "application/vnd.in-toto+json";

    private const string TypeV01 = "https://in-toto.io/Statement/v0.1";
    private const string FormatName = "in-toto statement";

    private readonly Lazy<JsonElement> _predicate;

    /// <summary>A new statement.</summary>
    /// <exception cref="ArgumentException">There is no subject, a subject has no digest, or the predicate is not an object.</exception>
    public Statement(IReadOnlyList<ResourceDescriptor> subjects, string predicateType, JsonElement predicate)
    {
        ArgumentNullException.ThrowIfNull(subjects);
        ArgumentException.ThrowIfNullOrEmpty(predicateType);
        if (subjects.Count == 0 || subjects.Any(s => s.Digest is null))
        {
            throw new ArgumentException("a statement has at least one subject, each with a digest", nameof(subjects));
        }
        if (predicate.ValueKind is not (JsonValueKind.Object or JsonValueKind.Undefined))
        {
            throw new ArgumentException("a predicate is a JSON object", nameof(predicate));
        }
        Subjects = subjects;
        PredicateType = predicateType;
        _predicate = new Lazy<JsonElement>(predicate);
    }

    private Statement(IReadOnlyList<ResourceDescriptor> subjects, string predicateType, ModelStatement.Parts parts)
    {
        Subjects = subjects;
        PredicateType = predicateType;
        ModelParts = parts;
        _predicate = new Lazy<JsonElement>(() => StrictJson.Parse(parts.Predicate, FormatName, Limits.ModelSignatureBytes));
    }

    /// <summary>Where the parts of a model's statement are in its text; null for other statements.</summary>
    internal ModelStatement.Parts? ModelParts { get; }

    /// <summary>What the claim is about; each has digests.</summary>
    public IReadOnlyList<ResourceDescriptor> Subjects { get; }

    /// <summary>The URI of the predicate's type.</summary>
    public string PredicateType { get; }

    /// <summary>The claim, an object; undefined where the statement has none.</summary>
    public JsonElement Predicate => _predicate.Value;

    /// <summary>Reads a statement.</summary>
    /// <param name="utf8">The text, which must not change as long as the statement is in use.</param>
    /// <exception cref="MalformedDataException">It is not a statement, or over a limit.</exception>
    public static Statement Parse(ReadOnlyMemory<byte> utf8)
    {
        StrictJson.CheckLength(utf8.Length, FormatName, Limits.ModelSignatureBytes);
        JsonUnicode.Check(utf8.Span, FormatName);
        return ParseModel(utf8) ?? ParseAny(utf8);
    }

    /// <summary>A statement of a model of the plain shape; null for any other text.</summary>
    private static Statement? ParseModel(ReadOnlyMemory<byte> utf8)
    {
        if (ModelStatement.Find(utf8) is not { } parts || parts.Type is not (TypeV1 or TypeV01))
        {
            return null;
        }
        try
        {
            var subjects = ParseSubjects(StrictJson.Parse(parts.Subject, FormatName, Limits.ModelSignatureBytes));
            // What is left out above is checked for members that repeat.
            _ = StrictJson.Parse(parts.Serialization, FormatName, Limits.ModelSignatureBytes);
            return new Statement(subjects, parts.PredicateType, parts);
        }
        catch (MalformedDataException)
        {
            return null;
        }
    }

    private static Statement ParseAny(ReadOnlyMemory<byte> utf8)
    {
        var json = StrictJson.Parse(utf8, FormatName, Limits.ModelSignatureBytes);
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(FormatName, "$", "an object is expected");
        }
        var type = StrictJson.RequiredString(json, "_type", FormatName, "$");
        if (type is not (TypeV1 or TypeV01))
        {
            throw new MalformedDataException(FormatName, "$._type", $"'{TypeV1}' is expected, not '{type}'");
        }
        var subjects = ParseSubjects(StrictJson.RequiredArray(json, "subject", FormatName, "$", Limits.StatementSubjects));
        var predicateType = StrictJson.RequiredString(json, "predicateType", FormatName, "$");
        if (predicateType.Length == 0)
        {
            throw new MalformedDataException(FormatName, "$.predicateType", "it is empty");
        }
        if (json.TryGetProperty("predicate", out var predicate) && predicate.ValueKind == JsonValueKind.Null)
        {
            predicate = default;
        }
        if (predicate.ValueKind is not (JsonValueKind.Object or JsonValueKind.Undefined))
        {
            throw new MalformedDataException(FormatName, "$.predicate", "an object is expected");
        }
        return new Statement(subjects, predicateType, predicate);
    }

    private static List<ResourceDescriptor> ParseSubjects(JsonElement array)
    {
        if (array.GetArrayLength() > Limits.StatementSubjects)
        {
            throw new MalformedDataException(FormatName, "$.subject", $"more than {Limits.StatementSubjects} elements");
        }
        var subjects = new List<ResourceDescriptor>();
        foreach (var item in array.EnumerateArray())
        {
            var location = $"$.subject[{subjects.Count}]";
            var subject = ResourceDescriptor.Parse(item, FormatName, location);
            subjects.Add(
                subject.Digest is not null ? subject : throw new MalformedDataException(FormatName, location, "a subject needs a digest")
            );
        }
        if (subjects.Count == 0)
        {
            throw new MalformedDataException(FormatName, "$.subject", "there is no subject");
        }
        return subjects;
    }

    /// <summary>The statement as the bytes to sign: UTF-8 JSON on one line.</summary>
    public byte[] ToUtf8Bytes()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("_type", TypeV1);
            writer.WriteStartArray("subject");
            foreach (var subject in Subjects)
            {
                subject.WriteTo(writer);
            }
            writer.WriteEndArray();
            writer.WriteString("predicateType", PredicateType);
            if (Predicate.ValueKind == JsonValueKind.Object)
            {
                writer.WritePropertyName("predicate");
                Predicate.WriteTo(writer);
            }
            writer.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }
}
