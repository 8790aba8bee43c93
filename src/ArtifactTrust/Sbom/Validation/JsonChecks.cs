using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>Collects what is wrong with a document while its members are taken one by one.</summary>
internal sealed class JsonChecks
{
    private readonly List<SbomError> _errors = [];

    /// <summary>What is wrong, the first <see cref="Limits.SbomErrors"/>.</summary>
    internal IReadOnlyList<SbomError> Errors => _errors;

    internal void Fail(JsonPointer at, string reason)
    {
        if (_errors.Count < Limits.SbomErrors)
        {
            _errors.Add(new SbomError(at.ToString(), reason));
        }
    }

    /// <summary>A member that must be text, or null where that was told as an error.</summary>
    internal string? Text(JsonElement json, JsonPointer at, string name)
    {
        if (Optional(json, at, name) is not { } text)
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
    internal string? Optional(JsonElement json, JsonPointer at, string name)
    {
        if (!json.TryGetProperty(name, out var value))
        {
            return null;
        }
        if (value.ValueKind == JsonValueKind.String)
        {
            return value.GetString();
        }
        Fail(at.Member(name), "a string is expected");
        return null;
    }

    /// <summary>The objects of a member that may be a list of such.</summary>
    internal IEnumerable<(JsonElement Value, JsonPointer At)> Objects(JsonElement json, JsonPointer at, string name)
    {
        foreach (var (value, place) in Elements(json, at, name))
        {
            if (value.ValueKind == JsonValueKind.Object)
            {
                yield return (value, place);
            }
            else
            {
                Fail(place, "an object is expected");
            }
        }
    }

    /// <summary>The strings of a member that may be a list of such.</summary>
    internal IEnumerable<(string Value, JsonPointer At)> Texts(JsonElement json, JsonPointer at, string name)
    {
        foreach (var (value, place) in Elements(json, at, name))
        {
            if (value.ValueKind == JsonValueKind.String)
            {
                yield return (value.GetString()!, place);
            }
            else
            {
                Fail(place, "a string is expected");
            }
        }
    }

    private IEnumerable<(JsonElement Value, JsonPointer At)> Elements(JsonElement json, JsonPointer at, string name)
    {
        if (!json.TryGetProperty(name, out var list))
        {
            yield break;
        }
        if (list.ValueKind != JsonValueKind.Array)
        {
            Fail(at.Member(name), "an array is expected");
            yield break;
        }
        var index = 0;
        foreach (var element in list.EnumerateArray())
        {
            yield return (element, at.Member(name).Element(index++));
        }
    }

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
