using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Tests.Manifests;

public sealed class ManifestPartTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public ManifestPartTests()
    {
        for (var i = 0; i < 30; i++)
        {
            _directory.File($"d{i % 3}/f{i}", new byte[i * i]);
        }
    }

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(40)]
    public void Merged_parts_are_the_manifest_of_one_run(int parts)
    {
        using var tree = FileTree.Open(_directory.Path);
        var whole = new HashedTree(tree).Manifest(IgnoreRules.None);
        var merged = ManifestPart.Merge([.. Parts(parts).Reverse()]);
        Assert.Equal(whole.Entries, merged.Entries);
        Assert.Equal(whole.DirHash, merged.DirHash);
    }

    [Fact]
    public void Files_are_dealt_by_size()
    {
        var bytes = Parts(4).Select(p => p.Entries.Sum(e => e.Size)).ToList();
        Assert.InRange(bytes.Max() - bytes.Min(), 0, 29 * 29);
    }

    [Fact]
    public void A_missing_part_is_named() => Refused("missing: 2", [.. Parts(3).Where(p => p.Part != 2)]);

    [Fact]
    public void A_part_given_twice_is_refused() => Refused("twice", [.. Parts(3), Parts(3)[0]]);

    [Fact]
    public void A_part_of_another_division_is_refused() => Refused("options differ", [Parts(2)[0], Parts(3)[1]]);

    [Fact]
    public void Parts_of_a_tree_that_changed_between_them_are_refused()
    {
        var before = Parts(2)[0];
        _directory.File("new", "x");
        Refused("the files changed", [before, Parts(2)[1]]);
    }

    [Fact]
    public void Every_change_of_a_byte_is_refused()
    {
        var bytes = Parts(5)[4].ToBytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            var altered = (byte[])bytes.Clone();
            altered[i] ^= 1;
            try
            {
                // White space between the members is no part of what they say.
                Assert.Equal(bytes, ManifestPart.Parse(altered).ToBytes());
            }
            catch (MalformedDataException) { }
        }
    }

    [Fact]
    public void A_part_cut_short_is_refused()
    {
        var bytes = Parts(2)[0].ToBytes();
        Assert.Throws<MalformedDataException>(() => ManifestPart.Parse(bytes.AsMemory(0, bytes.Length - 1)));
    }

    private static void Refused(string reason, IReadOnlyList<ManifestPart> parts) =>
        Assert.Contains(reason, Assert.Throws<MalformedDataException>(() => ManifestPart.Merge(parts)).Message, StringComparison.Ordinal);

    private ManifestPart[] Parts(int count)
    {
        using var tree = FileTree.Open(_directory.Path);
        return
        [
            .. Enumerable.Range(1, count).Select(i => ManifestPart.Parse(ManifestPart.Hash(tree, IgnoreRules.None, i, count).ToBytes())),
        ];
    }
}
