using System.Text;
using System.Text.Json;
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
        using var merged = ManifestPart.Merge(Parts(parts).Reverse());
        Assert.Equal(whole.Entries, merged.ReadEntries());
        Assert.Equal(whole.Entries.Count, merged.Count);
        Assert.Equal(whole.Subject.Values, merged.Subject.Values);
    }

    [Fact]
    public void Files_are_dealt_by_size()
    {
        var bytes = Parts(4).Select(p => p.ReadEntries().Sum(e => e.Size)).ToList();
        Assert.InRange(bytes.Max() - bytes.Min(), 0, 29 * 29);
    }

    [Fact]
    public void A_missing_part_is_named() => Refused("missing: 2", [.. Parts(3).Where(p => p.Part != 2)]);

    [Fact]
    public void A_part_given_twice_is_refused() => Refused("twice", [.. Parts(3), Parts(3)[0]]);

    [Fact]
    public void A_part_of_another_division_is_refused() => Refused("one of 3 parts, and part 1/2 one of 2", [Parts(2)[0], Parts(3)[1]]);

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
        var bytes = Write(Parts(5)[4]);
        for (var i = 0; i < bytes.Length; i++)
        {
            var altered = (byte[])bytes.Clone();
            altered[i] ^= 1;
            try
            {
                // White space between the members is no part of what they say.
                Assert.Equal(bytes, Write(Read(altered)));
            }
            catch (MalformedDataException) { }
        }
    }

    [Fact]
    public void A_part_cut_short_is_refused()
    {
        var bytes = Write(Parts(2)[0]);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<MalformedDataException>(() => Read(bytes[..length]));
        }
    }

    [Theory]
    [InlineData("}", "}x")]
    [InlineData("}", "}{}")]
    [InlineData("  \"part\": 1,", "  \"part\": 1,\n  \"part\": 1,")]
    [InlineData("  \"part\": 1,", "  \"other\": 1,\n  \"part\": 1,")]
    [InlineData("  \"part\": 1,", "  \"part\": 0,")]
    [InlineData("  \"part\": 1,", "  \"part\": 3,")]
    [InlineData("  \"part\": 1,", "  \"part\": \"1\",")]
    [InlineData("  \"parts\": 2,", "  \"parts\": 10001,")]
    [InlineData("\"ignoredPaths\": []", "\"ignoredPaths\": {}")]
    [InlineData("\"ignoredPaths\": []", "\"ignoredPaths\": [[]]")]
    [InlineData("\"ignoredPaths\": []", "\"ignoredPaths\": [\"\\ud800\"]")]
    [InlineData("      \"size\"", "      \"sha256\"")]
    [InlineData("      \"size\": ", "      \"size\": -")]
    [InlineData("v1", "v2")]
    public void A_part_with_other_members_is_refused(string from, string to)
    {
        var text = Encoding.UTF8.GetString(Write(Parts(2)[0]));
        var at = from == "}" ? text.LastIndexOf(from, StringComparison.Ordinal) : text.IndexOf(from, StringComparison.Ordinal);
        Assert.True(at >= 0);
        Assert.Throws<MalformedDataException>(() => Read(Encoding.UTF8.GetBytes(text[..at] + to + text[(at + from.Length)..])));
    }

    [Fact]
    public void A_part_is_read_whichever_pieces_it_comes_in()
    {
        _directory.File(new string('a', 200) + "/" + new string('b', 200), "x");
        var bytes = Write(Parts(1)[0]);
        using var stream = new Dripping(bytes);
        using var part = ManifestPart.Read(stream);
        Assert.Equal(bytes, Write(part));
    }

    [Fact]
    public void Parts_of_more_files_than_are_hashed_at_once_are_those_of_small_trees()
    {
        using var tree = FileTree.Open(_directory.Path);
        foreach (var part in Parts(3))
        {
            using var share = new PartShare(part.Part, 3);
            using var entries = StreamedManifest.HashShare(tree, IgnoreRules.None, share, null, default, batchFiles: 4);
            Assert.Equal(part.ReadEntries(), entries.Read());
            Assert.Equal(part.Tree, share.Listing([]));
        }
    }

    private static void Refused(string reason, IReadOnlyList<ManifestPart> parts) =>
        Assert.Contains(reason, Assert.Throws<MalformedDataException>(() => ManifestPart.Merge(parts)).Message, StringComparison.Ordinal);

    private static byte[] Write(ManifestPart part)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            part.WriteTo(writer);
        }
        return stream.ToArray();
    }

    private static ManifestPart Read(byte[] bytes) => ManifestPart.Read(new MemoryStream(bytes));

    private ManifestPart[] Parts(int count)
    {
        using var tree = FileTree.Open(_directory.Path);
        return [.. Enumerable.Range(1, count).Select(i => Read(Write(ManifestPart.Hash(tree, IgnoreRules.None, i, count))))];
    }

    /// <summary>Gives seven bytes at a time.</summary>
    private sealed class Dripping(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(7, count));
    }
}
