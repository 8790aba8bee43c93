using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>Validates an SBOM of any format that can be: CycloneDX JSON and XML 1.4 to 1.7, SPDX 2.2 and 2.3 JSON, SPDX 3.0.1 JSON-LD.</summary>
/// <remarks>Each by the published schema of its format, and by rules of our own for what a schema cannot say.</remarks>
public static class SbomValidator
{
    private const string Named = "SBOM";

    /// <summary>Validates a document.</summary>
    /// <param name="utf8">The whole document.</param>
    /// <exception cref="MalformedDataException">It is neither JSON nor XML, of no format that can be checked, or too large.</exception>
    public static SbomValidation Validate(ReadOnlyMemory<byte> utf8)
    {
        var start = utf8.Span.StartsWith("\uFEFF"u8) ? utf8.Span[3..] : utf8.Span;
        if (start.TrimStart(" \t\r\n"u8) is [(byte)'<', ..])
        {
            return CycloneDxXmlValidator.Validate(utf8);
        }
        var json = StrictJson.Parse(utf8, Named, Limits.PredicateBytes);
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(Named, "$", "an object is expected");
        }
        return json.TryGetProperty("spdxVersion", out _) ? Spdx2Validator.Validate(json)
            : json.TryGetProperty("@graph", out _) ? Spdx3Validator.Validate(json)
            : json.TryGetProperty("specVersion", out _) ? CycloneDxValidator.Validate(json)
            : throw new MalformedDataException(Named, "$", "there is none of specVersion (CycloneDX), spdxVersion and @graph (SPDX)");
    }
}
