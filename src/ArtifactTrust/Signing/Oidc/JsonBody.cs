using System.Buffers;
using System.Net.Http.Headers;
using System.Text.Json;

namespace ArtifactTrust.Signing.Oidc;

/// <summary>A JSON object as the body of a request.</summary>
internal static class JsonBody
{
    internal static ByteArrayContent Create(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }
        var content = new ByteArrayContent(buffer.WrittenSpan.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }
}
