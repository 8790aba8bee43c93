using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Oci;

/// <summary>What the two kinds of manifest have in common as JSON.</summary>
internal static class ManifestJson
{
    // Go writes '+' as it is, and so must we to have cosign's bytes. The relaxed encoder still escapes quotes and control characters.
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static JsonElement Parse(ReadOnlyMemory<byte> utf8, string format)
    {
        var json = StrictJson.Parse(utf8, format, Limits.OciManifestBytes);
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(format, "$", "an object is expected");
        }
        return
            json.TryGetProperty("schemaVersion", out var version)
            && version.ValueKind == JsonValueKind.Number
            && version.TryGetInt32(out var number)
            && number == 2
            ? json
            : throw new MalformedDataException(format, "$.schemaVersion", "2 is expected");
    }

    internal static string? MediaType(JsonElement json, string format) => Descriptor.OptionalMediaType(json, "mediaType", format, "$");

    /// <summary>Refuses a document that could be read as the other kind too.</summary>
    /// <remarks>Spec: OCI image-spec 1.1, "Media Types" (GHSA-77vh-xpmg-72qh): such documents should be rejected.</remarks>
    internal static void Forbid(JsonElement json, string format, params ReadOnlySpan<string> members)
    {
        foreach (var member in members)
        {
            if (json.TryGetProperty(member, out var value) && value.ValueKind != JsonValueKind.Null)
            {
                throw new MalformedDataException(format, $"$.{member}", "the member belongs to the other kind of manifest");
            }
        }
    }

    internal static List<Descriptor> Descriptors(JsonElement json, string name, string format, int maximumCount)
    {
        var array = StrictJson.RequiredArray(json, name, format, "$", maximumCount);
        var descriptors = new List<Descriptor>(array.GetArrayLength());
        foreach (var item in array.EnumerateArray())
        {
            descriptors.Add(Descriptor.Parse(item, format, $"$.{name}[{descriptors.Count}]"));
        }
        return descriptors;
    }

    internal static Descriptor? Subject(JsonElement json, string format) =>
        json.TryGetProperty("subject", out var subject) && subject.ValueKind != JsonValueKind.Null
            ? Descriptor.Parse(subject, format, "$.subject")
            : null;

    internal static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
        {
            write(writer);
        }
        return buffer.WrittenSpan.ToArray();
    }
}
