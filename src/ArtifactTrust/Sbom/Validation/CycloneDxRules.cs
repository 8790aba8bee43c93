using System.Text.Json;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>What a CycloneDX document must keep to beyond its schema, apart from names.</summary>
internal static class CycloneDxRules
{
    /// <summary>Tells hashes of the wrong length and licence expressions that are none.</summary>
    internal static void Check(JsonElement json, List<SbomError> errors, List<SbomError> warnings) =>
        Walk(json, JsonPointer.Root, errors, warnings);

    internal static SbomError WrongLength(string place, string content, string algorithm, int length) =>
        new(place, $"{content.Length} hex digits; {algorithm} has {length}");

    internal static SbomError NoExpression(string place, string expression) =>
        new(place, $"no SPDX licence expression of known licences: '{Reading.FileText.Clean(expression)}'");

    /// <summary>How many hex digits a hash has; null where the algorithm's are not known.</summary>
    internal static int? HexLength(string algorithm) =>
        algorithm switch
        {
            "MD5" => 32,
            "SHA-1" => 40,
            "SHA-256" or "SHA3-256" or "BLAKE2b-256" or "Streebog-256" => 64,
            "SHA-384" or "SHA3-384" or "BLAKE2b-384" => 96,
            "SHA-512" or "SHA3-512" or "BLAKE2b-512" or "Streebog-512" => 128,
            _ => null,
        };

    // The nesting of the JSON, which is bounded, bounds this recursion.
    private static void Walk(JsonElement json, JsonPointer at, List<SbomError> errors, List<SbomError> warnings)
    {
        if (json.ValueKind == JsonValueKind.Array)
        {
            var index = 0;
            foreach (var element in json.EnumerateArray())
            {
                if (element.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
                {
                    Walk(element, at.Element(index), errors, warnings);
                }
                index++;
            }
            return;
        }
        if (json.ValueKind != JsonValueKind.Object)
        {
            return;
        }
        if (
            Text(json, "alg") is { } algorithm
            && Text(json, "content") is { } content
            && HexLength(algorithm) is { } length
            && content.Length != length
        )
        {
            // The specification's own examples shorten fingerprints of certificates.
            (at.Parent?.Name == "hashes" ? errors : warnings).Add(WrongLength(at.Member("content").ToString(), content, algorithm, length));
        }
        if (at.Parent?.Name == "licenses" && Text(json, "expression") is { } expression && !SpdxExpression.IsValid(expression))
        {
            warnings.Add(NoExpression(at.Member("expression").ToString(), expression));
        }
        foreach (var member in json.EnumerateObject())
        {
            if (member.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
            {
                Walk(member.Value, at.Member(member.Name), errors, warnings);
            }
        }
    }

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
