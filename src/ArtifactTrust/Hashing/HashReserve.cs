using System.Collections.Concurrent;

namespace ArtifactTrust.Hashing;

/// <summary>What the runs of one hasher leave for the next: large arrays, which the collector seldom looks at, and what was found out of the medium.</summary>
internal sealed class HashReserve
{
    private readonly ConcurrentQueue<StreamGate> _gates = new();

    /// <summary>Buffers that nobody uses.</summary>
    internal ConcurrentQueue<byte[]> Buffers { get; } = new();

    /// <summary>A gate that nobody else uses, until it is given back.</summary>
    /// <param name="workers">The number of threads that read, the same for all runs.</param>
    /// <param name="running">How many of them there are this time.</param>
    /// <param name="most">The largest number of streams of all of them.</param>
    internal StreamGate TakeGate(int workers, int running, int most)
    {
        // One for another number of lanes has measured with other steps, and is of no use here.
        var gate = _gates.TryDequeue(out var used) && used.Most == most ? used : new StreamGate(workers, most);
        gate.Begin(running);
        return gate;
    }

    internal void Return(StreamGate gate) => _gates.Enqueue(gate);
}
