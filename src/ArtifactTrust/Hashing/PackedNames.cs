using System.Collections;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Hashing;

/// <summary>Very many names: their UTF-8 bytes and four bytes more for each, where a string has two bytes a character and forty more.</summary>
internal sealed class PackedNames : IReadOnlyList<string>
{
    private const int ChunkBits = 11;
    private const int ChunkNames = 1 << ChunkBits;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly List<byte[]> _texts = [];
    private readonly List<int[]> _ends = [];
    private byte[] _text = new byte[4096];
    private int[] _end = [];
    private int _used;

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <inheritdoc/>
    public string this[int index] => Encoding.UTF8.GetString(Utf8(index));

    /// <summary>A name's bytes.</summary>
    internal ReadOnlySpan<byte> Utf8(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        var (chunk, at) = (index >> ChunkBits, index & (ChunkNames - 1));
        var (text, ends) = chunk < _texts.Count ? (_texts[chunk], _ends[chunk]) : (_text, _end);
        var start = at == 0 ? 0 : ends[at - 1];
        return text.AsSpan(start, ends[at] - start);
    }

    internal void Add(ReadOnlySpan<byte> utf8)
    {
        var at = Count & (ChunkNames - 1);
        if (at == 0)
        {
            Seal();
            _end = new int[ChunkNames];
        }
        if (_text.Length - _used < utf8.Length)
        {
            Array.Resize(ref _text, checked(Math.Max(2 * _text.Length, _used + utf8.Length)));
        }
        utf8.CopyTo(_text.AsSpan(_used));
        _used += utf8.Length;
        _end[at] = _used;
        Count++;
    }

    /// <exception cref="MalformedDataException">The name has half a surrogate pair, and so no bytes.</exception>
    internal void Add(string name)
    {
        try
        {
            Add(Strict.GetBytes(name));
        }
        catch (EncoderFallbackException e)
        {
            throw new MalformedDataException("name", "$", "half a surrogate pair is no character", e);
        }
    }

    /// <summary>The place of a name in a list that is in order; the complement of where it would be, if it is not there.</summary>
    internal int Find(ReadOnlySpan<byte> utf8, int[]? order = null)
    {
        var (low, high) = (0, Count - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var compared = Utf8(order?[middle] ?? middle).SequenceCompareTo(utf8);
            if (compared == 0)
            {
                return middle;
            }
            (low, high) = compared < 0 ? (middle + 1, high) : (low, middle - 1);
        }
        return ~low;
    }

    /// <summary>The places of the names in code point order, which is that of their bytes; null where they are in that order.</summary>
    internal int[]? Order()
    {
        var inOrder = true;
        for (var i = 1; inOrder && i < Count; i++)
        {
            inOrder = Utf8(i - 1).SequenceCompareTo(Utf8(i)) <= 0;
        }
        if (inOrder)
        {
            return null;
        }
        var order = new int[Count];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }
        // Equal names keep their places' order.
        Array.Sort(
            order,
            (a, b) =>
            {
                var compared = Utf8(a).SequenceCompareTo(Utf8(b));
                return compared != 0 ? compared : a.CompareTo(b);
            }
        );
        return order;
    }

    /// <summary>Whether both have the same names in the same order.</summary>
    internal bool SameAs(PackedNames other)
    {
        if (other == this)
        {
            return true;
        }
        var same = other.Count == Count;
        for (var i = 0; same && i < Count; i++)
        {
            same = Utf8(i).SequenceEqual(other.Utf8(i));
        }
        return same;
    }

    /// <inheritdoc/>
    public IEnumerator<string> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private void Seal()
    {
        if (Count > 0)
        {
            _texts.Add(_text.AsSpan(0, _used).ToArray());
            _ends.Add(_end);
            _used = 0;
        }
    }
}
