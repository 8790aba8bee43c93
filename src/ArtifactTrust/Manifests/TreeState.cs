using System.Buffers.Binary;
using System.Security.Cryptography;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>
/// What the names and states of all files of a tree were at one time, as digests over a few files each: enough to notice on a later walk that
/// anything changed, came or went, and about where.
/// </summary>
/// <param name="single">So many files have a digest each, by which a message names the one; the rest share one among some.</param>
internal sealed class TreeState(int single) : IDisposable
{
    private const int Shared = 64;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<UInt128> _digests = [];
    private int _pending;
    private int _compared;
    private bool _isAgain;

    /// <summary>Takes the next file of the first walk.</summary>
    internal void Add(ReadOnlySpan<byte> name, in FileStatus status)
    {
        if (Take(name, status))
        {
            _digests.Add(Finish());
        }
    }

    /// <summary>Ends the first walk.</summary>
    internal void End()
    {
        if (_pending > 0)
        {
            _digests.Add(Finish());
        }
    }

    /// <summary>Starts another walk.</summary>
    internal void Again()
    {
        (_isAgain, _compared) = (true, 0);
        if (_pending > 0)
        {
            _ = Finish();
        }
    }

    /// <summary>Whether the next file of another walk is, as far as can be told by now, what it was.</summary>
    internal bool IsSame(ReadOnlySpan<byte> name, in FileStatus status) => !Take(name, status) || IsNext();

    /// <summary>Whether there were no more files in the first walk.</summary>
    internal bool IsSameEnd() => (_pending == 0 || IsNext()) && _compared == _digests.Count;

    public void Dispose() => _hash.Dispose();

    private bool IsNext() => _compared < _digests.Count && _digests[_compared++] == Finish();

    private bool Take(ReadOnlySpan<byte> name, in FileStatus status)
    {
        Span<byte> head = stackalloc byte[45];
        BinaryPrimitives.WriteInt32LittleEndian(head, name.Length);
        BinaryPrimitives.WriteInt64LittleEndian(head[4..], status.Size);
        BinaryPrimitives.WriteUInt64LittleEndian(head[12..], status.Inode);
        BinaryPrimitives.WriteInt64LittleEndian(head[20..], status.Modified.Item1);
        BinaryPrimitives.WriteUInt32LittleEndian(head[28..], status.Modified.Item2);
        BinaryPrimitives.WriteInt64LittleEndian(head[32..], status.Changed.Item1);
        BinaryPrimitives.WriteUInt32LittleEndian(head[40..], status.Changed.Item2);
        head[44] = status.IsRegular ? (byte)1 : (byte)0;
        _hash.AppendData(head);
        _hash.AppendData(name);
        return ++_pending == ((_isAgain ? _compared : _digests.Count) < single ? 1 : Shared);
    }

    private UInt128 Finish()
    {
        Span<byte> digest = stackalloc byte[32];
        _hash.GetHashAndReset(digest);
        _pending = 0;
        return BinaryPrimitives.ReadUInt128LittleEndian(digest);
    }
}
