namespace ArtifactTrust.Hashing;

/// <summary>What is computed of the same bytes beside the digest of the whole file.</summary>
/// <param name="Algorithm">The hash function.</param>
/// <param name="ShardSize">The bytes of each part but the last; null for the whole file.</param>
internal readonly record struct FurtherDigest(DigestAlgorithm Algorithm, long? ShardSize);

/// <summary>Hashes a file's bytes as they pass by; ready for the next file after <see cref="Finish"/>.</summary>
internal sealed class FurtherState(FurtherDigest kind) : IDisposable
{
    private readonly DigestState _state = kind.Algorithm.CreateState();
    private List<byte[]> _values = [];
    private long _inShard;

    /// <summary>Takes the next bytes.</summary>
    /// <param name="data">The bytes.</param>
    /// <param name="more">Whether more bytes of the file follow.</param>
    internal void Append(ReadOnlySpan<byte> data, bool more)
    {
        if (kind.ShardSize is not { } size)
        {
            _state.Append(data, more);
            return;
        }
        while (!data.IsEmpty)
        {
            var part = data[..(int)Math.Min(data.Length, size - _inShard)];
            data = data[part.Length..];
            _inShard += part.Length;
            var ends = _inShard == size || (data.IsEmpty && !more);
            _state.Append(part, !ends);
            if (ends)
            {
                _values.Add(_state.Finish());
                _inShard = 0;
            }
        }
    }

    /// <summary>The digest of the file, or those of its parts; an empty file has no part.</summary>
    internal IReadOnlyList<byte[]> Finish()
    {
        if (kind.ShardSize is null)
        {
            _values.Add(_state.Finish());
        }
        var values = _values;
        _values = [];
        return values;
    }

    public void Dispose() => _state.Dispose();
}
