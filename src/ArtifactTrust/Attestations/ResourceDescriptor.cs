using System.Collections.Frozen;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Attestations;

/// <summary>A reference to a software artifact: what a statement is about, or what a build used.</summary>
/// <param name="Name">A name for people; never used to match.</param>
/// <param name="Uri">Where or what the artifact is.</param>
/// <param name="Digest">Its digests; null where the descriptor has none.</param>
/// <remarks>Spec: in-toto ResourceDescriptor v1.1.</remarks>
public sealed record ResourceDescriptor(string? Name, string? Uri, DigestSet? Digest)
{
    private static readonly IReadOnlyDictionary<string, string> None = FrozenDictionary<string, string>.Empty;

    /// <summary>What else the author says of the artifact. Of what was read, only the members that are strings.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = None;

    /// <summary>Reads a descriptor; members not used here are ignored, as the specification asks.</summary>
    /// <exception cref="MalformedDataException">It is not an object, or a member has the wrong type.</exception>
    public static ResourceDescriptor Parse(JsonElement json, string format, string location)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(format, location, "an object is expected");
        }
        return new ResourceDescriptor(
            StrictJson.OptionalString(json, "name", format, location),
            StrictJson.OptionalString(json, "uri", format, location),
            json.TryGetProperty("digest", out var digest) ? DigestSet.Parse(digest, format, $"{location}.digest") : null
        )
        {
            Annotations = ReadAnnotations(json),
        };
    }

    /// <summary>Writes the descriptor as a JSON object.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        if (Name is not null)
        {
            writer.WriteString("name", Name);
        }
        if (Uri is not null)
        {
            writer.WriteString("uri", Uri);
        }
        if (Digest is not null)
        {
            writer.WritePropertyName("digest");
            Digest.WriteTo(writer);
        }
        if (Annotations.Count > 0)
        {
            writer.WriteStartObject("annotations");
            foreach (var (name, value) in Annotations.OrderBy(a => a.Key, CodePointOrder.Instance))
            {
                writer.WriteString(name, value);
            }
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    private static IReadOnlyDictionary<string, string> ReadAnnotations(JsonElement json) =>
        json.TryGetProperty("annotations", out var annotations) && annotations.ValueKind == JsonValueKind.Object
            ? annotations
                .EnumerateObject()
                .Where(a => a.Value.ValueKind == JsonValueKind.String)
                .ToFrozenDictionary(a => a.Name, a => a.Value.GetString()!, StringComparer.Ordinal)
            : None;
}
