using System.Globalization;

namespace ArtifactTrust.Policies;

/// <summary>A length of time as a policy writes it: <c>90d</c>.</summary>
internal readonly record struct PolicyDuration(TimeSpan Value, string Text)
{
    // A hundred years; what is longer is a slip of the keyboard, and no longer fits where ages are subtracted from now.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(36_525);

    internal static bool TryParse(string text, out PolicyDuration duration)
    {
        duration = default;
        TimeSpan? unit =
            text.Length < 2
                ? null
                : text[^1] switch
                {
                    's' => TimeSpan.FromSeconds(1),
                    'm' => TimeSpan.FromMinutes(1),
                    'h' => TimeSpan.FromHours(1),
                    'd' => TimeSpan.FromDays(1),
                    'w' => TimeSpan.FromDays(7),
                    _ => null,
                };
        if (
            unit is null
            || !uint.TryParse(text.AsSpan(..^1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || number == 0
            || text[0] == '0'
            || number > Longest / unit.Value
        )
        {
            return false;
        }
        duration = new PolicyDuration(number * unit.Value, text);
        return true;
    }

    /// <summary>An age for people, in the largest unit that it fills: <c>3 days</c>.</summary>
    internal static string Describe(TimeSpan age)
    {
        var (count, unit) =
            age.TotalDays >= 2 ? (age.TotalDays, "days")
            : age.TotalHours >= 2 ? (age.TotalHours, "hours")
            : age.TotalMinutes >= 2 ? (age.TotalMinutes, "minutes")
            : (age.TotalSeconds, "seconds");
        return string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(count * 10) / 10:0.#} {unit}");
    }

    public override string ToString() => Text;
}
