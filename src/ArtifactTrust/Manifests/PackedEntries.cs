using System.Collections;
using System.Security.Cryptography;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>Very many entries of one hash function; an object for one is made when it is asked for, and not kept.</summary>
/// <param name="algorithm">The hash function.</param>
/// <param name="names">The names, where others use them too; each entry that is added has the next of them.</param>
internal sealed class PackedEntries(DigestAlgorithm algorithm, PackedNames? names = null) : IReadOnlyList<ManifestEntry>
{
    private readonly ChunkedList<byte> _digests = new();
    private readonly ChunkedList<long> _sizes = new();

    /// <summary>The hash function.</summary>
    internal DigestAlgorithm Algorithm => algorithm;

    /// <summary>The names, in the order of the entries.</summary>
    internal PackedNames Names { get; } = names ?? new PackedNames();

    /// <inheritdoc/>
    public int Count => (int)_sizes.Count;

    /// <inheritdoc/>
    public ManifestEntry this[int index] => new(Names[index], Digest.FromBytes(algorithm, DigestOf(index)), SizeOf(index));

    internal ReadOnlySpan<byte> DigestOf(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        return _digests.Row(index, algorithm.SizeInBytes);
    }

    internal long SizeOf(int index) => _sizes[index];

    /// <summary>Packs entries; null where they are not all of the function.</summary>
    internal static PackedEntries? From(IEnumerable<ManifestEntry> entries, DigestAlgorithm algorithm)
    {
        var packed = new PackedEntries(algorithm);
        foreach (var entry in entries)
        {
            if (entry.Digest.Algorithm != algorithm)
            {
                return null;
            }
            packed.Add(entry);
        }
        return packed;
    }

    /// <summary>Adds digest and size of a name that was added already.</summary>
    internal void Add(ReadOnlySpan<byte> digest, long size)
    {
        _digests.AddRow(digest);
        _sizes.Add(size);
    }

    internal void Add(ManifestEntry entry)
    {
        Names.Add(entry.Name);
        Add(entry.Digest.Bytes, entry.Size);
    }

    internal void Add(PackedEntries other, int index)
    {
        Names.Add(other.Names.Utf8(index));
        Add(other.DigestOf(index), other.SizeOf(index));
    }

    /// <summary>The same in code point order of the names.</summary>
    /// <exception cref="MalformedDataException">A name occurs twice.</exception>
    internal PackedEntries Sorted()
    {
        var sorted = this;
        if (Names.Order() is { } order)
        {
            sorted = new PackedEntries(algorithm);
            foreach (var index in order)
            {
                sorted.Add(this, index);
            }
        }
        for (var i = 1; i < sorted.Count; i++)
        {
            if (sorted.Names.Utf8(i).SequenceEqual(sorted.Names.Utf8(i - 1)))
            {
                throw new MalformedDataException("manifest", sorted.Names[i], "the name occurs twice");
            }
        }
        return sorted;
    }

    /// <summary>SHA-256 over the digests.</summary>
    internal Digest ComputeRoot()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var i = 0; i < Count; i++)
        {
            hash.AppendData(DigestOf(i));
        }
        return Digest.FromBytes(DigestAlgorithm.Sha256, hash.GetHashAndReset());
    }

    /// <inheritdoc/>
    public IEnumerator<ManifestEntry> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
