using ArtifactTrust.Hashing.Kernels;

namespace ArtifactTrust.Hashing;

/// <summary>In which order items are hashed, and which of them go through lanes.</summary>
/// <param name="Order">The items: the largest first, so that nobody starts on one when the others are done.</param>
/// <param name="Streams">How many of the order are hashed one by one; the rest goes through lanes.</param>
/// <param name="Kernel">The lanes, or null.</param>
internal sealed record HashPlan(int[] Order, int Streams, LaneKernel? Kernel)
{
    // Below this size, files that lie together are read together; their order by size would only scatter them.
    private const int SmallBytes = 64 << 10;

    internal static HashPlan Create(DigestAlgorithm algorithm, IReadOnlyList<long> sizes, int workers)
    {
        var order = new int[sizes.Count];
        var keys = new long[sizes.Count];
        var total = 0L;
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
            keys[i] = sizes[i] <= SmallBytes ? 0 : -sizes[i];
            total += sizes[i];
        }
        // Stable by construction: equal keys are ordered by their place.
        Array.Sort(order, (a, b) => keys[a] != keys[b] ? keys[a].CompareTo(keys[b]) : a.CompareTo(b));
        var rates = HashRates.For(algorithm, total, workers);
        if (rates?.Kernel is null)
        {
            return new HashPlan(order, order.Length, null);
        }
        var streams = Split(order, sizes, total, workers, rates);
        return new HashPlan(order, streams, streams < order.Length ? rates.Kernel : null);
    }

    /// <summary>How many of the largest are better off alone.</summary>
    /// <remarks>
    /// A lane is slower than a stream, all lanes together are faster. The end comes no earlier than all work shared out evenly, the
    /// largest stream, and the largest in a lane; the split with the earliest end is taken.
    /// </remarks>
    internal static int Split(int[] order, IReadOnlyList<long> sizes, long total, int workers, HashRates rates)
    {
        var lane = rates.Lanes / rates.Kernel!.Count;
        var (best, streams) = (double.MaxValue, 0);
        var inStreams = 0L;
        for (var n = 0; n <= order.Length; n++)
        {
            var largestInLane = n < order.Length ? sizes[order[n]] : 0;
            var shared = ((inStreams / rates.Stream) + ((total - inStreams) / rates.Lanes)) / workers;
            // Streams are shared out by the largest first: the last of them ends late by at most the smallest.
            var largestStream = n == 0 ? 0 : Math.Max(sizes[order[0]], inStreams / (double)Math.Min(workers, n)) / rates.Stream;
            var end = Math.Max(Math.Max(shared, largestStream), largestInLane / lane);
            if (end < best)
            {
                (best, streams) = (end, n);
            }
            else if (shared > best)
            {
                break;
            }
            inStreams += n < order.Length ? sizes[order[n]] : 0;
        }
        return streams;
    }
}
