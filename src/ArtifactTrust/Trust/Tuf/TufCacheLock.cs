using System.Diagnostics;

namespace ArtifactTrust.Trust.Tuf;

/// <summary>The right to change a cache: one holder at a time, over threads and processes.</summary>
/// <remarks>It is the system's lock on an open file, which ends with the process that holds it. The file itself stays.</remarks>
internal sealed class TufCacheLock : IDisposable
{
    private const int FirstPauseMilliseconds = 5;
    private const int LongestPauseMilliseconds = 200;

    private readonly FileStream _file;

    private TufCacheLock(FileStream file) => _file = file;

    /// <exception cref="IOException">Another process held the lock for the whole time, or the file cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be made.</exception>
    internal static async Task<TufCacheLock> TakeAsync(string path, TimeSpan timeout, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        for (var pause = FirstPauseMilliseconds; ; pause = Math.Min(2 * pause, LongestPauseMilliseconds))
        {
            try
            {
                return new TufCacheLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0));
            }
            catch (IOException e) when (IsHeld(e) && Stopwatch.GetElapsedTime(start) < timeout)
            {
                await Task.Delay(pause, cancellation).ConfigureAwait(false);
            }
            catch (IOException e) when (IsHeld(e))
            {
                throw new IOException($"another process has held '{path}' for {timeout.TotalSeconds:0.#} seconds", e);
            }
        }
    }

    public void Dispose() => _file.Dispose();

    /// <summary>Whether another process has the file open for itself: EWOULDBLOCK, or a sharing violation.</summary>
    private static bool IsHeld(IOException e) =>
        e.HResult
        == (
            OperatingSystem.IsWindows() ? unchecked((int)0x80070020)
            : OperatingSystem.IsMacOS() ? 35
            : 11
        );
}
