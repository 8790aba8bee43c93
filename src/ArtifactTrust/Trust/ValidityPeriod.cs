using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust;

/// <summary>When a key or an authority is trusted: from <paramref name="Start"/> to <paramref name="End"/>, both included.</summary>
/// <param name="Start">The first instant; null where the period has no beginning.</param>
/// <param name="End">The last instant; null where it goes on.</param>
/// <remarks>Spec: sigstore_common.proto, TimeRange.</remarks>
public sealed record ValidityPeriod(DateTimeOffset? Start, DateTimeOffset? End)
{
    /// <summary>Whether the instant lies in the period.</summary>
    public bool Contains(DateTimeOffset instant) => (Start is null || instant >= Start) && (End is null || instant <= End);

    /// <summary><c>start to end</c>, in UTC.</summary>
    public override string ToString() =>
        $"{(Start is { } s ? Rfc3339.Format(s) : "the beginning")} to {(End is { } e ? Rfc3339.Format(e) : "now and later")}";

    internal static ValidityPeriod Parse(JsonElement parent, string format, string location)
    {
        if (!parent.TryGetProperty("validFor", out var json) || json.ValueKind == JsonValueKind.Null)
        {
            return new ValidityPeriod(null, null);
        }
        var at = $"{location}.validFor";
        StrictJson.CheckMembers(json, format, at, "start", "end");
        var period = new ValidityPeriod(Time(json, "start", format, at), Time(json, "end", format, at));
        return period.Start is { } start && period.End is { } end && end < start
            ? throw new MalformedDataException(format, at, "the period ends before it starts")
            : period;
    }

    private static DateTimeOffset? Time(JsonElement json, string name, string format, string location) =>
        StrictJson.OptionalString(json, name, format, location) is { } text ? Rfc3339.Parse(text, format, $"{location}.{name}") : null;
}
