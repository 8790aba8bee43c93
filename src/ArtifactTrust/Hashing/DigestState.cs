using System.Security.Cryptography;
using ArtifactTrust.Hashing.Kernels;

namespace ArtifactTrust.Hashing;

/// <summary>A hash of bytes that come in pieces; ready for the next message after <see cref="Finish"/>.</summary>
internal abstract class DigestState : IDisposable
{
    /// <summary>Takes the next bytes.</summary>
    /// <param name="data">The bytes.</param>
    /// <param name="more">Whether more bytes are sure to follow; false where that is not known.</param>
    internal abstract void Append(ReadOnlySpan<byte> data, bool more);

    /// <summary>The digest.</summary>
    internal abstract byte[] Finish();

    public abstract void Dispose();
}

/// <summary>SHA-2, as the platform's cryptography has it.</summary>
internal sealed class PlatformDigestState(HashAlgorithmName name) : DigestState
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(name);

    internal override void Append(ReadOnlySpan<byte> data, bool more) => _hash.AppendData(data);

    internal override byte[] Finish() => _hash.GetHashAndReset();

    public override void Dispose() => _hash.Dispose();
}

/// <summary>BLAKE2b.</summary>
internal sealed class Blake2bDigestState : DigestState
{
    private readonly Blake2bState _state = new();

    internal override void Append(ReadOnlySpan<byte> data, bool more) => _state.Append(data);

    internal override byte[] Finish() => _state.Finish();

    public override void Dispose() { }
}

/// <summary>BLAKE3.</summary>
internal sealed class Blake3DigestState : DigestState
{
    private readonly Blake3Tree _tree = new();

    internal override void Append(ReadOnlySpan<byte> data, bool more) => _tree.Append(data, !more);

    internal override byte[] Finish() => Finish(root: true);

    /// <summary>Starts a subtree at a chunk of the message.</summary>
    internal void Start(long firstChunk) => _tree.Start((ulong)firstChunk);

    /// <summary>The digest, or the chaining value of a subtree.</summary>
    internal byte[] Finish(bool root)
    {
        var value = new byte[Blake3Lanes.CvBytes];
        _tree.Finish(value, root);
        _tree.Start();
        return value;
    }

    public override void Dispose() => _tree.Dispose();
}
