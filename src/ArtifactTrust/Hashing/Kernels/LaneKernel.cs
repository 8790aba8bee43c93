namespace ArtifactTrust.Hashing.Kernels;

/// <summary>A hash function in the lanes of vector registers, as the processor has them.</summary>
/// <param name="count">The number of lanes.</param>
internal abstract class LaneKernel(int count)
{
    /// <summary>The number of lanes.</summary>
    internal int Count => count;

    /// <summary>The states of one worker's lanes.</summary>
    internal abstract LaneState CreateState();
}
