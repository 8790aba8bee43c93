using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Transparency;

namespace ArtifactTrust.Tests.Transparency;

public sealed class TileTests
{
    [Theory]
    [InlineData(0, 0, 256, "tile/0/000")]
    [InlineData(0, 273, 112, "tile/0/273.p/112")]
    [InlineData(1, 1000, 256, "tile/1/x001/000")]
    [InlineData(63, 1_234_067, 255, "tile/63/x001/x234/067.p/255")]
    [InlineData(0, 999_999, 1, "tile/0/x999/999.p/1")]
    [InlineData(7, long.MaxValue, 256, "tile/7/x009/x223/x372/x036/x854/x775/807")]
    public void A_tile_has_one_path(int level, long index, int width, string path)
    {
        var tile = Tile.Hashes(level, index, width);
        Assert.Equal(path, tile.Path);
        Assert.Equal(tile, Tile.Parse(path));
    }

    [Theory]
    [InlineData(0, 256, "tile/entries/000")]
    [InlineData(1_234_067, 3, "tile/entries/x001/x234/067.p/3")]
    public void A_bundle_of_entries_has_one_path(long index, int width, string path)
    {
        var bundle = Tile.Entries(index, width);
        Assert.True(bundle.IsEntryBundle);
        Assert.Equal(path, bundle.Path);
        Assert.Equal(bundle, Tile.Parse(path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("tile")]
    [InlineData("tile/0")]
    [InlineData("/tile/0/000")]
    [InlineData("tile/0/000/")]
    [InlineData("tile/0//000")]
    [InlineData("tile/00/000")]
    [InlineData("tile/01/000")]
    [InlineData("tile/64/000")]
    [InlineData("tile/-1/000")]
    [InlineData("tile/+1/000")]
    [InlineData("tile/Entries/000")]
    [InlineData("tile/0/0")]
    [InlineData("tile/0/0000")]
    [InlineData("tile/0/00a")]
    [InlineData("tile/0/x000/000")]
    [InlineData("tile/0/x000/x001/000")]
    [InlineData("tile/0/001/000")]
    [InlineData("tile/0/x001")]
    [InlineData("tile/0/xx01/000")]
    [InlineData("tile/0/X001/000")]
    [InlineData("tile/0/000.p")]
    [InlineData("tile/0/000.p/")]
    [InlineData("tile/0/000.p/0")]
    [InlineData("tile/0/000.p/01")]
    [InlineData("tile/0/000.p/256")]
    [InlineData("tile/0/000.p/1000")]
    [InlineData("tile/0/000.p/1/1")]
    [InlineData("tile/0/000.p/+1")]
    [InlineData("tile/0/000.p/ 1")]
    [InlineData("tile/0/.p/1")]
    [InlineData("tile/0/../000")]
    [InlineData("tile/0/x009/x223/x372/x036/x854/x775/808")]
    [InlineData("tile/0/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/999")]
    [InlineData("tile/0/٠٠٠")]
    public void A_text_that_is_no_path_of_a_tile_is_refused(string path)
    {
        Assert.False(Tile.TryParse(path, out _));
        Assert.Throws<MalformedDataException>(() => Tile.Parse(path));
    }

    [Fact]
    public void Every_text_that_parses_is_the_path_of_its_tile()
    {
        const string Path = "tile/12/x001/x234/067.p/255";
        for (var i = 0; i < Path.Length; i++)
        {
            foreach (var c in "/.px0123456789e ")
            {
                var changed = $"{Path[..i]}{c}{Path[(i + 1)..]}";
                Assert.Equal(Tile.TryParse(changed, out var tile), tile?.Path == changed);
            }
        }
    }

    [Theory]
    [InlineData(-1, 0, 1)]
    [InlineData(64, 0, 1)]
    [InlineData(0, -1, 1)]
    [InlineData(0, 0, 0)]
    [InlineData(0, 0, 257)]
    public void A_tile_outside_the_format_is_a_mistake(int level, long index, int width) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Tile.Hashes(level, index, width));

    [Fact]
    public void A_tree_of_seventy_thousand_has_the_tiles_of_the_specification()
    {
        var tiles = Tile.ForTree(70_000).ToList();
        Assert.Equal(273 + 1 + 1 + 1 + 1, tiles.Count);
        Assert.Equal(273, tiles.Count(t => t.Level == 0 && t.IsFull));
        Assert.Equal(
            ["tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"],
            tiles.Where(t => t.Level > 0 || !t.IsFull).Select(t => t.Path)
        );
        Assert.Equal(["tile/0/000", "tile/1/000.p/1"], Tile.ForTree(256).Select(t => t.Path));
        Assert.Empty(Tile.ForTree(0));
    }

    [Fact]
    public void Entries_are_read_as_written()
    {
        ReadOnlyMemory<byte>[] entries = [new byte[] { 1, 2 }, default, new byte[Limits.LogEntryBytes]];
        var bundle = EntryBundle.Encode(entries);
        Assert.Equal([0, 2, 1, 2, 0, 0, 255, 255], bundle[..8]);
        var read = EntryBundle.Decode(bundle, 3);
        Assert.Equal(entries.Select(e => e.ToArray()), read.Select(e => e.ToArray()));
        Assert.Equal([1, 2], EntryBundle.DecodePrefix(bundle, 1)[0].ToArray());
        Assert.Empty(EntryBundle.Decode(default, 0));
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("00", 1)]
    [InlineData("0001", 1)]
    [InlineData("000101", 2)]
    [InlineData("00010100", 1)]
    [InlineData("0001010001", 2)]
    public void A_bundle_of_another_length_is_malformed(string hex, int count) =>
        Assert.Throws<MalformedDataException>(() => EntryBundle.Decode(Convert.FromHexString(hex), count));

    [Fact]
    public void An_entry_too_long_or_one_too_many_cannot_be_bundled()
    {
        Assert.Throws<ArgumentException>(() => EntryBundle.Encode([new byte[Limits.LogEntryBytes + 1]]));
        Assert.Throws<ArgumentOutOfRangeException>(() => EntryBundle.Encode(new ReadOnlyMemory<byte>[257]));
        Assert.Throws<ArgumentOutOfRangeException>(() => EntryBundle.Decode(default, 257));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(256)]
    [InlineData(300)]
    [InlineData(600)]
    public void A_tree_notices_every_changed_tile_it_uses(int size)
    {
        var reference = new ReferenceTree(size);
        foreach (var damaged in Tile.ForTree(size))
        {
            ReadOnlyMemory<byte> Read(Tile tile)
            {
                var bytes = reference.Tile(tile, size);
                if (tile == damaged)
                {
                    bytes[0] ^= 1;
                }
                return bytes;
            }
            var e = Assert.Throws<MalformedDataException>(() =>
            {
                var tree = new TiledTree(size, reference.Root(size), Read);
                for (var i = 0; i < size; i++)
                {
                    Assert.Equal(reference.Leaf(i), tree.LeafHash(i));
                }
            });
            Assert.True(e.Location == "right edge" || e.Location == damaged.Path, e.Message);
        }
    }

    [Fact]
    public void A_tile_of_another_length_is_refused()
    {
        var reference = new ReferenceTree(300);
        foreach (var difference in (int[])[-32, -1, 1, 32])
        {
            var e = Assert.Throws<MalformedDataException>(() =>
                new TiledTree(300, reference.Root(300), t => new byte[t.HashBytes + (t.Level == 0 ? difference : 0)])
            );
            Assert.Equal("tile/0/001.p/44", e.Location);
        }
    }

    [Fact]
    public void What_a_tree_does_not_have_is_a_mistake_to_ask_for()
    {
        var tree = new ReferenceTree(5).Tiled(5);
        Assert.Throws<ArgumentOutOfRangeException>(() => tree.Prove(5));
        Assert.Throws<ArgumentOutOfRangeException>(() => tree.LeafHash(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => tree.ProveConsistency(6));
        Assert.Throws<ArgumentOutOfRangeException>(() => tree.RootAt(-1));
        Assert.Equal(MerkleTree.EmptyRoot, tree.RootAt(0));
        Assert.Equal(0, new TiledTree(0, MerkleTree.EmptyRoot, _ => throw new InvalidOperationException()).Size);
        Assert.Throws<MalformedDataException>(() =>
            new TiledTree(0, DigestAlgorithm.Sha256.Hash([1]), _ => throw new InvalidOperationException())
        );
    }
}
