using System.Runtime.Intrinsics;

namespace ArtifactTrust.Hashing.Kernels;

/// <summary>SHA-256 in lanes, as the processor has them.</summary>
internal sealed unsafe class Sha256Kernel : LaneKernel
{
    private readonly delegate* <uint*, byte**, nint, void*, void> _compress;

    private Sha256Kernel(int count, delegate* <uint*, byte**, nint, void*, void> compress)
        : base(count) => _compress = compress;

    /// <summary>Sixteen lanes.</summary>
    internal static Sha256Kernel? Avx512 { get; } =
        Lanes512.IsSupported ? new(Lanes512.Count, &Sha256Lanes.Compress<Lanes512, Vector512<uint>>) : null;

    /// <summary>Eight lanes.</summary>
    internal static Sha256Kernel? Avx2 { get; } =
        Lanes256.IsSupported ? new(Lanes256.Count, &Sha256Lanes.Compress<Lanes256, Vector256<uint>>) : null;

    /// <summary>Four lanes, everywhere; slower than the platform where that uses instructions made for SHA-256.</summary>
    internal static Sha256Kernel Portable { get; } = new(Lanes128.Count, &Sha256Lanes.Compress<Lanes128, Vector128<uint>>);

    /// <summary>The widest, where one is worth trying.</summary>
    internal static Sha256Kernel? Best => Avx512 ?? Avx2;

    /// <inheritdoc/>
    internal override LaneState CreateState() => new Sha256LaneState(this);

    /// <summary>Takes blocks of every lane; see <see cref="Sha256Lanes.Compress"/>.</summary>
    internal void Compress(uint* state, byte** rows, nint blocks, void* scratch) => _compress(state, rows, blocks, scratch);
}
