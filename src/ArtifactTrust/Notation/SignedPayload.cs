using System.Collections.Frozen;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Notation;

/// <summary>What a signature is about: the descriptor of a manifest. Read only once the signature is verified.</summary>
/// <remarks>Spec: Notary Project signature specification, "Payload".</remarks>
internal sealed record SignedPayload(string MediaType, Digest Digest, long Size, IReadOnlyDictionary<string, string> Annotations)
{
    internal const string Type = "application/vnd.cncf.notary.payload.v1+json";
    private const string Format = "Notation payload";
    private const string At = "$.targetArtifact";

    /// <exception cref="MalformedDataException">The bytes are not such a payload.</exception>
    internal static SignedPayload Parse(ReadOnlyMemory<byte> utf8)
    {
        var json = StrictJson.Parse(utf8, Format, Limits.NotationEnvelopeBytes);
        StrictJson.CheckMembers(json, Format, "$", "targetArtifact");
        var target = StrictJson.RequiredObject(json, "targetArtifact", Format, "$");
        StrictJson.CheckMembers(
            target,
            Format,
            At,
            "mediaType",
            "digest",
            "size",
            "urls",
            "annotations",
            "data",
            "platform",
            "artifactType"
        );
        return new SignedPayload(
            StrictJson.RequiredString(target, "mediaType", Format, At),
            Digest.Parse(StrictJson.RequiredString(target, "digest", Format, At)),
            target.TryGetProperty("size", out var size)
            && size.ValueKind == JsonValueKind.Number
            && size.TryGetInt64(out var bytes)
            && bytes >= 0
                ? bytes
                : throw new MalformedDataException(Format, $"{At}.size", "a number of bytes is required"),
            ReadAnnotations(target)
        );
    }

    private static FrozenDictionary<string, string> ReadAnnotations(JsonElement target) =>
        !target.TryGetProperty("annotations", out var json) || json.ValueKind == JsonValueKind.Null ? FrozenDictionary<string, string>.Empty
        : json.ValueKind == JsonValueKind.Object
            ? json.EnumerateObject()
                .ToFrozenDictionary(
                    m => m.Name,
                    m =>
                        m.Value.ValueKind == JsonValueKind.String
                            ? m.Value.GetString()!
                            : throw new MalformedDataException(Format, $"{At}.annotations.{m.Name}", "a string is expected"),
                    StringComparer.Ordinal
                )
        : throw new MalformedDataException(Format, $"{At}.annotations", "an object is expected");
}
