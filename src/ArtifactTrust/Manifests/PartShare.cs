using System.Collections;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>Which files of a tree fall to one part, and the digest of the whole listing, which all parts of one run have.</summary>
/// <param name="part">Which part, from 1.</param>
/// <param name="parts">How many there are.</param>
internal sealed class PartShare(int part, int parts) : IDisposable
{
    private readonly PartDealer _dealer = new();
    private readonly ListingHash _listing = new();
    private BitArray _mine = new(0);
    private int _count;

    /// <summary>Takes the next file of the listing, in code point order of the names.</summary>
    internal void Add(ReadOnlySpan<byte> name, long size)
    {
        _listing.Add(name, size);
        _dealer.Add(size);
        _count++;
    }

    /// <summary>Deals the files, when all were given.</summary>
    internal void Deal()
    {
        _mine = new BitArray(_count);
        foreach (var (file, _, owner) in _dealer.Deal(parts))
        {
            _mine[file] = owner == part;
        }
    }

    /// <summary>Whether a file falls to the part, by its place in the listing.</summary>
    internal bool Has(int file) => _mine[file];

    /// <summary>The digest of the listing.</summary>
    internal Digest Listing(IEnumerable<string> ignoredPaths) => _listing.Finish(ignoredPaths);

    public void Dispose()
    {
        _dealer.Dispose();
        _listing.Dispose();
    }
}
