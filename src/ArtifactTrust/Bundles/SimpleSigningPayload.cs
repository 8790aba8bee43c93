using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Bundles;

/// <summary>What a legacy signature says: that an image was signed.</summary>
/// <param name="DockerReference">The repository that the signer named; not verified by anyone, often another than where the image is now.</param>
/// <param name="ManifestDigest">The digest of the image's manifest.</param>
/// <param name="Type">What kind of statement it is; see <see cref="CosignType"/>.</param>
/// <param name="Optional">What else the signer says, member by member; those that are no strings are left out.</param>
/// <remarks>Spec: containers/image, "container signature format". Law: <c>Parse(p.ToUtf8Bytes())</c> says what <c>p</c> says.</remarks>
public sealed record SimpleSigningPayload(
    string DockerReference,
    Digest ManifestDigest,
    string Type,
    IReadOnlyDictionary<string, string> Optional
)
{
    /// <summary>The type that cosign writes, and the only one that is a signature of cosign's.</summary>
    public const string CosignType = "cosign container image signature";

    private const string FormatName = "simple signing payload";
    private const int PayloadBytes = 1 << 20;

    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads a payload.</summary>
    /// <exception cref="MalformedDataException">It is not one, or has members of which a reader that is less strict could think otherwise.</exception>
    public static SimpleSigningPayload Parse(ReadOnlyMemory<byte> utf8)
    {
        var json = StrictJson.Parse(utf8, FormatName, PayloadBytes);
        StrictJson.CheckMembers(json, FormatName, "$", "critical", "optional");
        var critical = StrictJson.RequiredObject(json, "critical", FormatName, "$");
        // A critical member that is not understood makes the signature one that is not understood.
        StrictJson.CheckMembers(critical, FormatName, "$.critical", "identity", "image", "type");
        var identity = StrictJson.RequiredObject(critical, "identity", FormatName, "$.critical");
        StrictJson.CheckMembers(identity, FormatName, "$.critical.identity", "docker-reference");
        var image = StrictJson.RequiredObject(critical, "image", FormatName, "$.critical");
        StrictJson.CheckMembers(image, FormatName, "$.critical.image", "docker-manifest-digest");
        return new SimpleSigningPayload(
            StrictJson.RequiredString(identity, "docker-reference", FormatName, "$.critical.identity"),
            Digest.Parse(StrictJson.RequiredString(image, "docker-manifest-digest", FormatName, "$.critical.image")),
            StrictJson.RequiredString(critical, "type", FormatName, "$.critical"),
            ReadOptional(json)
        );
    }

    /// <summary>The payload as UTF-8 JSON on one line, byte for byte as cosign writes one.</summary>
    public byte[] ToUtf8Bytes()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("critical");
            writer.WriteStartObject("identity");
            writer.WriteString("docker-reference", DockerReference);
            writer.WriteEndObject();
            writer.WriteStartObject("image");
            writer.WriteString("docker-manifest-digest", ManifestDigest.ToString());
            writer.WriteEndObject();
            writer.WriteString("type", Type);
            writer.WriteEndObject();
            if (Optional.Count == 0)
            {
                writer.WriteNull("optional");
            }
            else
            {
                writer.WriteStartObject("optional");
                foreach (var (name, value) in Optional.OrderBy(o => o.Key, CodePointOrder.Instance))
                {
                    writer.WriteString(name, value);
                }
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static Dictionary<string, string> ReadOptional(JsonElement json)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!json.TryGetProperty("optional", out var optional) || optional.ValueKind == JsonValueKind.Null)
        {
            return values;
        }
        if (optional.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(FormatName, "$.optional", "an object is expected");
        }
        foreach (var member in optional.EnumerateObject().Where(m => m.Value.ValueKind == JsonValueKind.String))
        {
            values.Add(member.Name, member.Value.GetString()!);
        }
        return values;
    }
}
