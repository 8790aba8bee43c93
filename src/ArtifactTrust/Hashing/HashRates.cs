using System.Diagnostics;
using System.Runtime.InteropServices;
using ArtifactTrust.Hashing.Kernels;

namespace ArtifactTrust.Hashing;

/// <summary>What one core does here in a hash function: one message alone, and in lanes.</summary>
/// <param name="Stream">Bytes a second of one message alone.</param>
/// <param name="Lanes">Bytes a second of all lanes together; zero where there are none.</param>
/// <param name="Kernel">The lanes, or null.</param>
internal sealed unsafe record HashRates(double Stream, double Lanes, LaneKernel? Kernel)
{
    // Compiling the kernel takes about 20 ms once a process; below this much work for each worker that is never earned back.
    private const long WorthMeasuring = 64 << 20;
    private const int SampleBytes = 8 << 10;

    private static readonly Lazy<HashRates> Sha256 = new(() => Measure(DigestAlgorithm.Sha256, Sha256Kernel.Best!));
    private static readonly Lazy<HashRates> Blake2b = new(() => Measure(DigestAlgorithm.Blake2b, Blake2bKernel.Best!));

    /// <summary>The rates, measured once a process, or null where there are no lanes or the work is too small to pay for that.</summary>
    internal static HashRates? For(DigestAlgorithm algorithm, long bytes, int workers)
    {
        var rates =
            algorithm == DigestAlgorithm.Sha256 && Sha256Kernel.Best is not null ? Sha256
            : algorithm == DigestAlgorithm.Blake2b && Blake2bKernel.Best is not null ? Blake2b
            : null;
        return rates is not null && (rates.IsValueCreated || bytes >= WorthMeasuring * workers) ? rates.Value : null;
    }

    private static HashRates Measure(DigestAlgorithm algorithm, LaneKernel kernel)
    {
        var data = (byte*)NativeMemory.AlignedAlloc(SampleBytes, 64);
        try
        {
            NativeMemory.Clear(data, SampleBytes);
            using var lanes = kernel.CreateState();
            for (var lane = 0; lane < kernel.Count; lane++)
            {
                lanes.Start(lane, long.MaxValue);
                lanes.Rows[lane] = data;
            }
            lanes.Compress(1);
            var inLanes = Best(() => lanes.Compress(SampleBytes / lanes.BlockBytes), (long)SampleBytes * kernel.Count);
            var stream = Best(() => algorithm.Hash(new ReadOnlySpan<byte>(data, SampleBytes)), SampleBytes);
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
