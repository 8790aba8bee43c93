using System.Buffers.Binary;

namespace ArtifactTrust.Hashing;

/// <summary>What an entry of a directory is, as far as a listing needs to know.</summary>
internal enum EntryKind
{
    /// <summary>A file, or something else that opening it will show.</summary>
    File,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A symbolic link.</summary>
    Link,
}

/// <summary>
/// The entries of one directory, given in any order and taken in that of their bytes, a directory as if its name ended with <c>/</c>: then the
/// paths of a whole tree come in code point order. A million entries take about ten bytes each and what their names do not share.
/// </summary>
/// <remarks>
/// Names gather in a block of 32 KiB, which is sorted and written down as what each does not share with the one before it. The blocks are merged
/// while the names are taken, and let go one by one.
/// </remarks>
internal sealed class DirectoryNames
{
    private const int BlockBytes = 32 << 10;

    // Of the length in a block: the kind is in the upper bits.
    private const int KindShift = 13;

    private readonly List<Block> _blocks = [];
    private readonly List<(int Start, int Length, EntryKind Kind)> _gathered = [];
    private byte[] _text = [];
    private byte[] _packed = [];
    private int _used;
    private PriorityQueue<Block, Block>? _merge;

    /// <summary>Adds an entry.</summary>
    /// <param name="utf8">Its name.</param>
    /// <param name="kind">What it is.</param>
    internal void Add(ReadOnlySpan<byte> utf8, EntryKind kind)
    {
        var length = utf8.Length + (kind == EntryKind.Directory ? 1 : 0);
        if (length >= 1 << KindShift)
        {
            throw new IOException("a directory has an entry whose name is too long");
        }
        if (_used + length > BlockBytes)
        {
            Pack();
        }
        if (_text.Length - _used < length)
        {
            Array.Resize(ref _text, Math.Min(BlockBytes, Math.Max(2 * _text.Length, _used + length + 1024)));
        }
        utf8.CopyTo(_text.AsSpan(_used));
        if (kind == EntryKind.Directory)
        {
            _text[_used + length - 1] = (byte)'/';
        }
        _gathered.Add((_used, length, kind));
        _used += length;
    }

    /// <summary>Takes the next entry; none may be added after the first was taken.</summary>
    /// <param name="name">Its name, a directory's with <c>/</c> at its end; valid until the next call.</param>
    /// <param name="kind">What it is.</param>
    internal bool TryTake(out ReadOnlySpan<byte> name, out EntryKind kind)
    {
        if (_merge is null)
        {
            Pack();
            (_text, _packed, _gathered.Capacity) = ([], [], 0);
            _merge = new PriorityQueue<Block, Block>(_blocks.Count, Block.Order);
            _blocks.ForEach(b => Enqueue(b));
            _blocks.Clear();
        }
        else if (_merge.TryDequeue(out var last, out _))
        {
            Enqueue(last);
        }
        if (!_merge.TryPeek(out var next, out _))
        {
            name = default;
            kind = default;
            return false;
        }
        name = next.Name;
        kind = next.Kind;
        return true;
    }

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
        var most = _used + (3 * _gathered.Count);
        _packed = _packed.Length < most ? new byte[most] : _packed;
        var packed = _packed;
        var at = 0;
        ReadOnlySpan<byte> before = default;
        foreach (var (start, length, kind) in _gathered)
        {
            var name = text.AsSpan(start, length);
            var shared = Math.Min(byte.MaxValue, before.CommonPrefixLength(name));
            packed[at] = (byte)shared;
            BinaryPrimitives.WriteUInt16LittleEndian(packed.AsSpan(at + 1), (ushort)((length - shared) | ((int)kind << KindShift)));
            name[shared..].CopyTo(packed.AsSpan(at + 3));
            at += 3 + length - shared;
            before = name;
        }
        _blocks.Add(new Block(packed.AsSpan(0, at).ToArray()));
        _gathered.Clear();
        _used = 0;
    }

    private sealed class Block(byte[] packed)
    {
        private byte[] _name = new byte[64];
        private int _length;
        private int _at;

        internal static IComparer<Block> Order { get; } = Comparer<Block>.Create((a, b) => a.Name.SequenceCompareTo(b.Name));

        internal ReadOnlySpan<byte> Name => _name.AsSpan(0, _length);

        internal EntryKind Kind { get; private set; }

        internal bool MoveNext()
        {
            if (_at == packed.Length)
            {
                return false;
            }
            var shared = packed[_at];
            var field = BinaryPrimitives.ReadUInt16LittleEndian(packed.AsSpan(_at + 1));
            var own = field & ((1 << KindShift) - 1);
            Kind = (EntryKind)(field >> KindShift);
            _length = shared + own;
            if (_name.Length < _length)
            {
                Array.Resize(ref _name, 2 * _length);
            }
            packed.AsSpan(_at + 3, own).CopyTo(_name.AsSpan(shared));
            _at += 3 + own;
            return true;
        }
    }
}
