using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Transparency;

namespace ArtifactTrust.Tests.Transparency;

public sealed class MerkleTreeTests
{
    private static readonly ReferenceTree Reference = new(600);

    [Fact]
    public void The_root_of_an_empty_tree_is_the_hash_of_nothing()
    {
        Assert.Equal("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", Convert.ToBase64String(MerkleTree.EmptyRoot.Bytes));
        Assert.Equal(MerkleTree.EmptyRoot, MerkleTree.Root([]));
        Assert.Equal(MerkleTree.EmptyRoot, new MerkleFrontier().Root());
    }

    [Fact]
    public void Roots_of_all_sizes_are_those_of_the_definition()
    {
        var frontier = new MerkleFrontier();
        var hashes = new List<byte>();
        for (var size = 1; size <= 600; size++)
        {
            frontier.Append(MerkleTree.HashLeaf(Reference.Entries[size - 1]));
            hashes.AddRange(Reference.Leaf(size - 1).Bytes);
            Assert.Equal(size, frontier.Size);
            Assert.Equal(Reference.Root(size), frontier.Root());
            Assert.Equal(Reference.Root(size), MerkleTree.Root(hashes.ToArray()));
        }
    }

    [Fact]
    public void A_long_entry_is_hashed_as_a_short_one_is()
    {
        var entry = new byte[70_000];
        entry.AsSpan().Fill(7);
        Assert.Equal(DigestAlgorithm.Sha256.Hash([0, .. entry]), MerkleTree.HashLeaf(entry));
    }

    [Fact]
    public void A_node_is_not_hashed_like_a_leaf()
    {
        var (a, b) = (Reference.Leaf(0), Reference.Leaf(1));
        Assert.NotEqual(MerkleTree.HashNode(a, b), MerkleTree.HashLeaf([.. a.Bytes, .. b.Bytes]));
        Assert.NotEqual(MerkleTree.HashNode(a, b), MerkleTree.HashNode(b, a));
    }

    [Fact]
    public void Hashes_of_another_function_are_refused()
    {
        var other = DigestAlgorithm.Sha512.Hash([]);
        Assert.Throws<ArgumentException>(() => MerkleTree.HashNode(other, MerkleTree.EmptyRoot));
        Assert.Throws<ArgumentException>(() => new MerkleFrontier().Append(other));
        Assert.Throws<ArgumentException>(() => MerkleTree.Root(new byte[33]));
        Assert.Throws<MalformedDataException>(() => new InclusionProof(0, 2, [other]));
        Assert.Throws<MalformedDataException>(() => new ConsistencyProof(1, 2, [other]));
    }

    [Fact]
    public void Inclusion_is_proven_as_defined_for_every_leaf_of_every_size()
    {
        foreach (var size in Enumerable.Range(1, 70).Concat([127, 128, 129, 255, 256, 257, 300, 511, 512, 513, 600]))
        {
            var tree = Reference.Tiled(size);
            for (var index = 0; index < size; index += size > 70 ? 13 : 1)
            {
                var proof = tree.Prove(index);
                Assert.Equal(Reference.Path(index, size), proof.Hashes);
                Assert.Equal(Reference.Leaf(index), tree.LeafHash(index));
                Assert.True(proof.Verify(Reference.Leaf(index), Reference.Root(size)));
                Assert.False(proof.Verify(Reference.Leaf((index + 1) % 600), Reference.Root(size)));
            }
        }
    }

    [Fact]
    public void Consistency_is_proven_as_defined_for_every_pair_of_sizes()
    {
        foreach (var size in Enumerable.Range(1, 70).Concat([128, 255, 256, 257, 300, 512, 513, 600]))
        {
            var tree = Reference.Tiled(size);
            for (var old = 1; old <= size; old += size > 70 ? 7 : 1)
            {
                var proof = tree.ProveConsistency(old);
                Assert.Equal(Reference.Proof(old, size), proof.Hashes);
                Assert.Equal(Reference.Root(old), tree.RootAt(old));
                Assert.True(proof.Verify(Reference.Root(old), Reference.Root(size)));
                Assert.False(proof.Verify(Reference.Root(old == 1 ? 2 : old - 1), Reference.Root(size)));
                Assert.Equal(old == size && size == 0, proof.Verify(Reference.Root(old), MerkleTree.EmptyRoot));
            }
        }
    }

    [Fact]
    public void A_path_with_a_hash_too_few_or_too_many_is_refused()
    {
        foreach (var size in Enumerable.Range(1, 40))
        {
            for (var index = 0; index < size; index++)
            {
                var path = Reference.Path(index, size);
                var (leaf, root) = (Reference.Leaf(index), Reference.Root(size));
                Assert.Null(new InclusionProof(index, size, [.. path, root]).ComputeRoot(leaf));
                Assert.False(new InclusionProof(index, size, [root, .. path]).Verify(leaf, root));
                if (path.Count > 0)
                {
                    Assert.Null(new InclusionProof(index, size, [.. path.SkipLast(1)]).ComputeRoot(leaf));
                }
            }
        }
    }

    [Fact]
    public void A_path_for_another_index_or_size_is_refused()
    {
        const int Size = 25;
        for (var index = 0; index < Size; index++)
        {
            for (var other = 0; other < 64; other++)
            {
                for (var size = other + 1; size < 64; size += 3)
                {
                    var proof = new InclusionProof(other, size, Reference.Path(index, Size));
                    // The same path is right for other sizes of the same shape, but then only towards the same root and at the same side.
                    if (proof.Verify(Reference.Leaf(index), Reference.Root(Size)))
                    {
                        Assert.Equal(Path(index, Size), Path(other, size));
                    }
                }
            }
        }

        // Which side each hash of a path is on.
        static string Path(int m, int n)
        {
            if (n == 1)
            {
                return "";
            }
            var k = 1;
            while (2 * k < n)
            {
                k *= 2;
            }
            return m < k ? Path(m, k) + "r" : Path(m - k, n - k) + "l";
        }
    }

    [Fact]
    public void A_consistency_proof_with_a_hash_too_few_or_too_many_is_refused()
    {
        foreach (var size in Enumerable.Range(1, 40))
        {
            for (var old = 0; old <= size; old++)
            {
                var hashes = old == 0 ? [] : Reference.Proof(old, size);
                var (oldRoot, root) = (Reference.Root(old), Reference.Root(size));
                Assert.True(new ConsistencyProof(old, size, hashes).Verify(oldRoot, root));
                Assert.False(new ConsistencyProof(old, size, [.. hashes, root]).Verify(oldRoot, root));
                Assert.False(new ConsistencyProof(old, size, [root, .. hashes]).Verify(oldRoot, root));
                if (hashes.Count > 0)
                {
                    Assert.False(new ConsistencyProof(old, size, [.. hashes.SkipLast(1)]).Verify(oldRoot, root));
                    Assert.False(new ConsistencyProof(old, size, [.. hashes.Skip(1)]).Verify(oldRoot, root));
                    Assert.False(new ConsistencyProof(old, size, []).Verify(oldRoot, root));
                }
            }
        }
    }

    [Fact]
    public void Every_changed_hash_of_a_proof_is_noticed()
    {
        var (path, proof) = (Reference.Path(137, 300), Reference.Proof(100, 300));
        for (var i = 0; i < path.Count; i++)
        {
            var changed = new InclusionProof(137, 300, [.. path.Select((h, j) => i == j ? Flip(h) : h)]);
            Assert.False(changed.Verify(Reference.Leaf(137), Reference.Root(300)));
        }
        for (var i = 0; i < proof.Count; i++)
        {
            var changed = new ConsistencyProof(100, 300, [.. proof.Select((h, j) => i == j ? Flip(h) : h)]);
            Assert.False(changed.Verify(Reference.Root(100), Reference.Root(300)));
        }
    }

    [Fact]
    public void An_empty_tree_is_consistent_with_every_tree_and_nothing_else_is_with_it()
    {
        Assert.True(new ConsistencyProof(0, 5, []).Verify(MerkleTree.EmptyRoot, Reference.Root(5)));
        Assert.True(new ConsistencyProof(0, 0, []).Verify(MerkleTree.EmptyRoot, MerkleTree.EmptyRoot));
        Assert.False(new ConsistencyProof(0, 5, []).Verify(Reference.Root(1), Reference.Root(5)));
        Assert.False(new ConsistencyProof(0, 0, []).Verify(MerkleTree.EmptyRoot, Reference.Root(5)));
        Assert.False(new ConsistencyProof(5, 5, []).Verify(Reference.Root(4), Reference.Root(5)));
        Assert.Empty(Reference.Tiled(5).ProveConsistency(0).Hashes);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(1, 1)]
    [InlineData(0, 0)]
    [InlineData(0, -1)]
    [InlineData(long.MaxValue, long.MaxValue)]
    public void A_proof_of_no_leaf_is_malformed(long index, long size) =>
        Assert.Throws<MalformedDataException>(() => new InclusionProof(index, size, []));

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(2, 1)]
    public void A_proof_from_a_later_to_an_earlier_size_is_malformed(long oldSize, long newSize) =>
        Assert.Throws<MalformedDataException>(() => new ConsistencyProof(oldSize, newSize, []));

    [Fact]
    public void More_hashes_than_a_tree_can_have_levels_are_malformed()
    {
        var hashes = Enumerable.Repeat(MerkleTree.EmptyRoot, Limits.ProofHashes + 1).ToList();
        Assert.Throws<MalformedDataException>(() => new InclusionProof(0, long.MaxValue, hashes));
        Assert.Throws<MalformedDataException>(() => new ConsistencyProof(1, long.MaxValue, hashes));
    }

    [Fact]
    public void The_largest_trees_are_walked_without_overflow()
    {
        var hashes = Enumerable.Repeat(MerkleTree.EmptyRoot, 63).ToList();
        Assert.NotNull(new InclusionProof(0, long.MaxValue, hashes).ComputeRoot(MerkleTree.EmptyRoot));
        Assert.False(new ConsistencyProof(long.MaxValue - 1, long.MaxValue, hashes).Verify(MerkleTree.EmptyRoot, MerkleTree.EmptyRoot));
    }

    private static Digest Flip(Digest digest)
    {
        var bytes = digest.Bytes.ToArray();
        bytes[^1] ^= 1;
        return Digest.FromBytes(DigestAlgorithm.Sha256, bytes);
    }
}
