using System.Globalization;
using ArtifactTrust.Cli.Console;

namespace ArtifactTrust.Cli.Deploy;

/// <summary>Times and rates as a command line gives them.</summary>
internal static class Amounts
{
    /// <summary>A time: <c>30s</c>, <c>15m</c>, <c>6h</c>, <c>1d</c>; at least a second, at most 30 days.</summary>
    /// <exception cref="CliException">It is none.</exception>
    internal static TimeSpan Time(string option, string text)
    {
        var seconds = Number(text, 's', 'm', 'h', 'd') is var (number, unit)
            ? number
                * (
                    unit switch
                    {
                        's' => 1,
                        'm' => 60,
                        'h' => 3600,
                        _ => 86400,
                    }
                )
            : 0;
        return seconds is >= 1 and <= 30 * 86400
            ? TimeSpan.FromSeconds(seconds)
            : throw CliException.Usage($"{option} takes a time such as 30s, 15m, 6h or 1d, up to 30d, not '{text}'");
    }

    /// <summary>Bytes in a second: <c>64M</c>, <c>2G</c> (powers of 1024); null for <c>none</c>.</summary>
    /// <exception cref="CliException">It is none.</exception>
    internal static long? Rate(string option, string text)
    {
        if (text == "none")
        {
            return null;
        }
        var bytes = Number(text, 'K', 'M', 'G') is var (number, unit)
            ? number
                << (
                    unit switch
                    {
                        'K' => 10,
                        'M' => 20,
                        _ => 30,
                    }
                )
            : 0;
        return bytes >= 1024
            ? bytes
            : throw CliException.Usage($"{option} takes bytes in a second such as 512K, 64M or 2G, or none, not '{text}'");
    }

    private static (long Number, char Unit)? Number(string text, params ReadOnlySpan<char> units) =>
        text.Length > 1
        && units.Contains(text[^1])
        && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? (number, text[^1])
            : null;
}
