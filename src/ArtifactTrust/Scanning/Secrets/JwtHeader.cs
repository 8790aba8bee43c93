using System.Buffers.Text;
using System.Text.Json;

namespace ArtifactTrust.Scanning.Secrets;

/// <summary>Tells a JSON Web Token from text of the same form.</summary>
internal static class JwtHeader
{
    /// <summary>Whether the first part of a token is a header with an algorithm (RFC 7519 §5).</summary>
    internal static bool IsOne(string token)
    {
        var part = token.AsSpan(0, token.IndexOf('.', StringComparison.Ordinal));
        var bytes = new byte[Base64Url.GetMaxDecodedLength(part.Length)];
        if (!Base64Url.TryDecodeFromChars(part, bytes, out var written))
        {
            return false;
        }
        try
        {
            using var json = JsonDocument.Parse(bytes.AsMemory(0, written));
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("alg", out _);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
