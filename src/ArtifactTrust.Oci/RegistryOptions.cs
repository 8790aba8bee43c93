namespace ArtifactTrust.Oci;

/// <summary>How to talk to registries.</summary>
public sealed class RegistryOptions
{
    private static readonly TimeSpan LongestTime = TimeSpan.FromDays(30);

    /// <summary>True: http. False: https. Null: http for this machine's own hosts only.</summary>
    public bool? PlainHttp { get; init; }

    /// <summary>Finds the credentials for a repository; null for anonymous access. See <see cref="DockerCredentials.FindAsync"/>.</summary>
    public Func<RegistryReference, CancellationToken, Task<RegistryCredential?>>? Credentials { get; init; }

    /// <summary>How often a request is tried in all, where the failure may pass.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>How long a registry may take to begin its answer, and to send each next piece of it.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long one call may take, with everything it tries again. Blobs get more: see <see cref="MinimumBytesPerSecond"/>.</summary>
    public TimeSpan OverallTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A blob's size divided by this is added to <see cref="OverallTimeout"/>.</summary>
    public int MinimumBytesPerSecond { get; init; } = 256 << 10;

    /// <summary>The longest pause before a request is tried again, in spite of a longer Retry-After.</summary>
    public TimeSpan MaximumDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Blobs above this are uploaded in chunks, in bytes. Smaller ones are held in memory.</summary>
    public int ChunkThreshold { get; init; } = 16 << 20;

    /// <summary>The size of a chunk, in bytes; a registry may ask for more. One is held in memory.</summary>
    public int ChunkBytes { get; init; } = 8 << 20;

    /// <summary>
    /// How long a writer of a tag that others may write to looks after its part, where the registry neither lists referrers itself nor obeys
    /// conditions: longer than any other takes from reading to writing. Zero where nobody else writes at the same time.
    /// </summary>
    public TimeSpan SettleTime { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The clock of timeouts, token lifetimes and pauses.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Is told what a registry cannot do and what was done instead, in one line for people; never holds credentials. May be called from any thread.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>What the client calls itself.</summary>
    public string UserAgent { get; init; } = "artifact-trust";

    /// <summary>Waits. Tests put their own in place.</summary>
    internal Func<TimeSpan, CancellationToken, Task>? DelayOverride { get; init; }

    /// <summary>A time, and more for so many bytes. Sizes come from others, so that the sum is bounded.</summary>
    internal TimeSpan Allow(TimeSpan time, long bytes)
    {
        var seconds = time.TotalSeconds + (bytes / (double)MinimumBytesPerSecond);
        return seconds < LongestTime.TotalSeconds ? TimeSpan.FromSeconds(seconds) : LongestTime;
    }

    /// <summary>Throws where a number makes no sense.</summary>
    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Attempts, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MinimumBytesPerSecond, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(ChunkBytes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ChunkBytes, OciLimits.ChunkBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(ChunkThreshold);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ChunkThreshold, OciLimits.ChunkBytes);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(RequestTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(OverallTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaximumDelay, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(SettleTime, TimeSpan.Zero);
    }

    internal Task DelayAsync(TimeSpan delay, CancellationToken cancellation) =>
        DelayOverride is { } wait ? wait(delay, cancellation) : Task.Delay(delay, Time, cancellation);
}
