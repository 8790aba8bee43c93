using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ArtifactTrust.Hashing.Kernels;

namespace ArtifactTrust.Hashing;

/// <summary>What one core does here in SHA-256: alone in the platform's cryptography, and in lanes.</summary>
/// <param name="Stream">Bytes a second of one message through the platform.</param>
/// <param name="Lanes">Bytes a second of all lanes together; zero where there are none.</param>
/// <param name="Kernel">The lanes, or null.</param>
internal sealed unsafe record HashRates(double Stream, double Lanes, Sha256Kernel? Kernel)
{
    // Compiling the kernel takes about 20 ms once a process; below this much work for each worker that is never earned back.
    private const long WorthMeasuring = 64 << 20;
    private const int SampleBytes = 8 << 10;

    private static readonly Lazy<HashRates> Measured = new(Measure);

    /// <summary>The rates, measured once a process, or null where the work is too small to pay for that.</summary>
    internal static HashRates? For(long bytes, int workers) =>
        Sha256Kernel.Best is not null && (Measured.IsValueCreated || bytes >= WorthMeasuring * workers) ? Measured.Value : null;

    private static HashRates Measure()
    {
        var kernel = Sha256Kernel.Best!;
        var data = (byte*)NativeMemory.AlignedAlloc(SampleBytes, 64);
        try
        {
            NativeMemory.Clear(data, SampleBytes);
            using var lanes = new Sha256LaneState(kernel);
            for (var lane = 0; lane < kernel.Count; lane++)
            {
                lanes.Rows[lane] = data;
            }
            lanes.Compress(1);
            var inLanes = Best(() => lanes.Compress(SampleBytes / 64), (long)SampleBytes * kernel.Count);
            var hash = new byte[32];
            var stream = Best(() => SHA256.HashData(new ReadOnlySpan<byte>(data, SampleBytes), hash), SampleBytes);
            return new HashRates(stream, inLanes, inLanes > stream ? kernel : null);
        }
        finally
        {
            NativeMemory.AlignedFree(data);
        }
    }

    // The best of several: what else the machine does only ever makes it slower.
    private static double Best(Action work, long bytes)
    {
        var best = 0d;
        for (var i = 0; i < 12; i++)
        {
            var start = Stopwatch.GetTimestamp();
            work();
            best = Math.Max(best, bytes / Math.Max(1e-9, Stopwatch.GetElapsedTime(start).TotalSeconds));
        }
        return best;
    }
}
