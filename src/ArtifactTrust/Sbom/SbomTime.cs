using System.Globalization;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom;

/// <summary>The time an SBOM claims to be made at.</summary>
public static class SbomTime
{
    // 9999-12-31T23:59:59Z, the last second DateTimeOffset has.
    private const long LastSecond = 253_402_300_799;

    /// <summary>The time of <c>SOURCE_DATE_EPOCH</c> where it is set, so that a build can be repeated to the byte; the clock's otherwise.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="sourceDateEpoch">The variable's value: seconds since 1970 in UTC; null or empty where it is not set.</param>
    /// <returns>The time in UTC, to the second.</returns>
    /// <exception cref="MalformedDataException">The value is not a number of seconds up to the year 9999.</exception>
    /// <remarks>Spec: reproducible-builds.org, SOURCE_DATE_EPOCH 1.0.</remarks>
    public static DateTimeOffset Resolve(TimeProvider time, string? sourceDateEpoch)
    {
        ArgumentNullException.ThrowIfNull(time);
        if (string.IsNullOrEmpty(sourceDateEpoch))
        {
            return DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        }
        return long.TryParse(sourceDateEpoch, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= LastSecond
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : throw new MalformedDataException("SOURCE_DATE_EPOCH", "$", "seconds since 1970 in decimal digits are expected");
    }
}
