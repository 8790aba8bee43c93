using System.Runtime.Intrinsics;

namespace ArtifactTrust.Hashing.Kernels;

/// <summary>BLAKE2b in lanes, as the processor has them.</summary>
internal sealed unsafe class Blake2bKernel : LaneKernel
{
    private readonly delegate* <ulong*, byte**, nint, void*, void> _compress;

    private Blake2bKernel(int count, delegate* <ulong*, byte**, nint, void*, void> compress)
        : base(count) => _compress = compress;

    /// <summary>Eight lanes.</summary>
    internal static Blake2bKernel? Avx512 { get; } =
        LongLanes512.IsSupported ? new(LongLanes512.Count, &Blake2bLanes.Compress<LongLanes512, Vector512<ulong>>) : null;

    /// <summary>Four lanes.</summary>
    internal static Blake2bKernel? Avx2 { get; } =
        LongLanes256.IsSupported ? new(LongLanes256.Count, &Blake2bLanes.Compress<LongLanes256, Vector256<ulong>>) : null;

    /// <summary>The widest, where there is one.</summary>
    internal static Blake2bKernel? Best => Avx512 ?? Avx2;

    /// <inheritdoc/>
    internal override LaneState CreateState() => new Blake2bLaneState(this);

    /// <summary>Takes blocks of every lane; see <see cref="Blake2bLanes.Compress"/>.</summary>
    internal void Compress(ulong* state, byte** rows, nint blocks, void* scratch) => _compress(state, rows, blocks, scratch);
}
