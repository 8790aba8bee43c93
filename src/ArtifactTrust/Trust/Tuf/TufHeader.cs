using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust.Tuf;

/// <summary>What all TUF roles say: their version and until when they are valid.</summary>
/// <param name="Version">The version, 1 or more.</param>
/// <param name="Expires">The first instant it is not valid at, UTC.</param>
/// <remarks>Spec: TUF 1.0 §4.2.3 and §4.3.</remarks>
public sealed record TufHeader(long Version, DateTimeOffset Expires)
{
    private const string Major = "1";

    internal static TufHeader Parse(JsonElement signed, string format)
    {
        const string location = "$.signed";
        var specification = StrictJson.RequiredString(signed, "spec_version", format, location);
        var numbers = specification.Split('.');
        if (
            numbers[0] != Major
            || numbers.Length > 3
            || numbers.Any(n => n.Length is 0 or > 9 || n.AsSpan().ContainsAnyExceptInRange('0', '9'))
        )
        {
            var excerpt = specification.Length <= 32 ? specification : specification[..32] + "…";
            throw new MalformedDataException(format, $"{location}.spec_version", $"version 1 of TUF is understood here, not '{excerpt}'");
        }
        return new TufHeader(
            TufJson.RequiredNumber(signed, "version", 1, long.MaxValue, format, location),
            Rfc3339.Parse(StrictJson.RequiredString(signed, "expires", format, location), format, $"{location}.expires")
        );
    }
}
