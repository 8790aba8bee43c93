using System.Buffers.Binary;

namespace ArtifactTrust.Hashing;

/// <summary>Records given in any order and taken in that of the bytes of their keys, however many they are.</summary>
/// <remarks>
/// Records gather in a block, which is sorted and written to a spool, a key as what it does not share with the one before it. The blocks are merged
/// while the records are taken.
/// </remarks>
/// <param name="valueBytes">The bytes of each record beside its key.</param>
/// <param name="blockBytes">How many bytes gather: the larger, the fewer blocks are merged.</param>
internal sealed class SortedSpool(int valueBytes, int blockBytes) : IDisposable
{
    // Before a key: how many bytes it shares, one, and how many are its own, four.
    private const int HeadBytes = 5;
    private const int ReadBytes = 4 << 10;

    private readonly SpoolFile _spool = new();
    private readonly List<(long Start, long End)> _blocks = [];
    private readonly List<(int Start, int Length)> _gathered = [];
    private byte[] _text = [];
    private int _used;
    private PriorityQueue<Block, Block>? _merge;

    /// <summary>Adds a record.</summary>
    internal void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var length = key.Length + valueBytes;
        if (_used + length > blockBytes)
        {
            Pack();
        }
        if (_text.Length - _used < length)
        {
            Array.Resize(ref _text, Math.Max(Math.Min(blockBytes, 2 * _text.Length), _used + length + 1024));
        }
        key.CopyTo(_text.AsSpan(_used));
        value[..valueBytes].CopyTo(_text.AsSpan(_used + key.Length));
        _gathered.Add((_used, key.Length));
        _used += length;
    }

    /// <summary>Takes the next record; none may be added after the first was taken.</summary>
    /// <param name="key">Its key; valid until the next call.</param>
    /// <param name="value">What is beside it; as long.</param>
    internal bool TryTake(out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        if (_merge is null)
        {
            Pack();
            (_text, _gathered.Capacity) = ([], 0);
            _merge = new PriorityQueue<Block, Block>(_blocks.Count, Block.Order);
            _blocks.ForEach(b => Enqueue(new Block(new SpoolReader(_spool, b.Start, b.End, ReadBytes), valueBytes)));
        }
        else if (_merge.TryDequeue(out var last, out _))
        {
            Enqueue(last);
        }
        if (!_merge.TryPeek(out var next, out _))
        {
            key = default;
            value = default;
            return false;
        }
        key = next.Key;
        value = next.Value;
        return true;
    }

    public void Dispose() => _spool.Dispose();

    private void Enqueue(Block block)
    {
        if (block.MoveNext())
        {
            _merge!.Enqueue(block, block);
        }
    }

    private void Pack()
    {
        if (_gathered.Count == 0)
        {
            return;
        }
        var text = _text;
        _gathered.Sort((a, b) => text.AsSpan(a.Start, a.Length).SequenceCompareTo(text.AsSpan(b.Start, b.Length)));
        var start = _spool.Length;
        Span<byte> head = stackalloc byte[HeadBytes];
        ReadOnlySpan<byte> before = default;
        foreach (var (at, length) in _gathered)
        {
            var key = text.AsSpan(at, length);
            var shared = Math.Min(byte.MaxValue, before.CommonPrefixLength(key));
            head[0] = (byte)shared;
            BinaryPrimitives.WriteInt32LittleEndian(head[1..], length - shared);
            _spool.Write(head);
            _spool.Write(text.AsSpan(at + shared, length - shared + valueBytes));
            before = key;
        }
        _blocks.Add((start, _spool.Length));
        _gathered.Clear();
        _used = 0;
    }

    private sealed class Block(SpoolReader reader, int valueBytes)
    {
        private readonly byte[] _value = new byte[valueBytes];
        private byte[] _key = new byte[64];
        private int _length;

        internal static IComparer<Block> Order { get; } = Comparer<Block>.Create((a, b) => a.Key.SequenceCompareTo(b.Key));

        internal ReadOnlySpan<byte> Key => _key.AsSpan(0, _length);

        internal ReadOnlySpan<byte> Value => _value;

        internal bool MoveNext()
        {
            Span<byte> head = stackalloc byte[HeadBytes];
            if (!reader.TryRead(head))
            {
                return false;
            }
            var own = BinaryPrimitives.ReadInt32LittleEndian(head[1..]);
            _length = head[0] + own;
            if (_key.Length < _length)
            {
                Array.Resize(ref _key, checked(2 * _length));
            }
            reader.TryRead(_key.AsSpan(head[0], own));
            reader.TryRead(_value);
            return true;
        }
    }
}
