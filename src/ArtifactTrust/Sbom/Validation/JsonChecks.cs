using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>Collects what is wrong with a document beyond its schema, which tells of members of another type than is asked for.</summary>
internal sealed class JsonChecks
{
    private readonly List<SbomError> _errors = [];

    /// <summary>What is wrong, by the schema first and each thing once; the first <see cref="Limits.SbomErrors"/>.</summary>
    internal IReadOnlyList<SbomError> After(IEnumerable<SbomError> schemaErrors) =>
        [.. schemaErrors.Concat(_errors).Distinct().Take(Limits.SbomErrors)];

    internal void Fail(JsonPointer at, string reason)
    {
        if (_errors.Count < Limits.SbomErrors)
        {
            _errors.Add(new SbomError(at.ToString(), reason));
        }
    }

    /// <summary>A member that must be there and be text that is not empty, or null where that was told as an error.</summary>
    internal string? Text(JsonElement json, JsonPointer at, string name)
    {
        if (Optional(json, name) is not { } text)
        {
            if (!json.TryGetProperty(name, out _))
            {
                Fail(at, $"'{name}' is required");
            }
            return null;
        }
        if (text.Length == 0)
        {
            Fail(at.Member(name), "the text is empty");
        }
        return text;
    }

    /// <summary>A member that may be text.</summary>
    internal static string? Optional(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>The objects of a member that may be a list of such.</summary>
    internal static IEnumerable<(JsonElement Value, JsonPointer At)> Objects(JsonElement json, JsonPointer at, string name) =>
        Elements(json, at, name).Where(e => e.Value.ValueKind == JsonValueKind.Object);

    /// <summary>The strings of a member that may be a list of such.</summary>
    internal static IEnumerable<(string Value, JsonPointer At)> Texts(JsonElement json, JsonPointer at, string name) =>
        Elements(json, at, name).Where(e => e.Value.ValueKind == JsonValueKind.String).Select(e => (e.Value.GetString()!, e.At));

    private static IEnumerable<(JsonElement Value, JsonPointer At)> Elements(JsonElement json, JsonPointer at, string name) =>
        json.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().Select((e, i) => (e, at.Member(name).Element(i)))
            : [];

    /// <summary>Tells of a hash whose length is not its algorithm's, or that is no lower-case hex.</summary>
    internal void Hash(JsonPointer at, string? algorithm, string? value)
    {
        if (algorithm is null || value is null)
        {
            return;
        }
        var length = algorithm
            .ToUpperInvariant()
            .Replace("-", "", StringComparison.Ordinal)
            .Replace("_", "", StringComparison.Ordinal) switch
        {
            "MD5" => 32,
            "SHA1" => 40,
            "SHA224" => 56,
            "SHA256" or "SHA3256" or "BLAKE2B256" => 64,
            "SHA384" or "SHA3384" or "BLAKE2B384" => 96,
            "SHA512" or "SHA3512" or "BLAKE2B512" => 128,
            _ => value.Length,
        };
        if (value.Length != length || !value.All(c => char.IsAsciiHexDigitLower(c)))
        {
            Fail(at, $"a {algorithm} of {length} lower-case hex digits is expected");
        }
    }
}
