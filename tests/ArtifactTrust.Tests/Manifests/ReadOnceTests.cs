using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Tests.Manifests;

public sealed class ReadOnceTests : IDisposable
{
    private static readonly ManifestForm[] Forms =
    [
        new(DigestAlgorithm.Blake2b),
        new(DigestAlgorithm.Blake3),
        new(DigestAlgorithm.Sha256, 1 << 20),
        new(DigestAlgorithm.Blake3, 3_000_001),
    ];

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_form_that_is_expected_is_computed_while_the_files_are_read(int index)
    {
        // As a lane, as a stream, with a second thread that reads ahead, and not read at all.
        foreach (var size in (int[])[0, 1, 1023, 1 << 20, (1 << 20) + 1, 3_000_001, 9_000_000])
        {
            var content = new byte[size];
            new Random(size).NextBytes(content);
            _directory.File($"d/{size}", content);
        }
        using var tree = FileTree.Open(_directory.Path);
        var read = new Counter();
        var files = new HashedTree(tree, read) { Expected = [Forms[index]] };
        var whole = files.Manifest(IgnoreRules.None);
        var bytes = read.Bytes;
        var expected = files.Manifest(IgnoreRules.None, form: Forms[index]);
        Assert.Equal(whole.Entries.Sum(e => e.Size), bytes);
        Assert.Equal(bytes, read.Bytes);
        Assert.Equal(new HashedTree(tree).Manifest(IgnoreRules.None, form: Forms[index]).Entries, expected.Entries);
        Assert.Equal(new HashedTree(tree).Manifest(IgnoreRules.None).Entries, whole.Entries);
    }

    [Fact]
    public void Several_forms_are_computed_at_once_and_files_that_are_asked_for_later_are_read_alone()
    {
        _directory.File("a", "one");
        _directory.File("b", "two more");
        using var tree = FileTree.Open(_directory.Path);
        var read = new Counter();
        var files = new HashedTree(tree, read) { Expected = [.. Forms.Take(3)] };
        files.Manifest(new IgnoreRules(["b"]));
        Assert.Equal(3, read.Bytes);
        foreach (var form in Forms.Take(3))
        {
            var before = read.Bytes;
            Assert.Equal(
                new HashedTree(tree).Manifest(IgnoreRules.None, form: form).Entries,
                files.Manifest(IgnoreRules.None, form: form).Entries
            );
            Assert.Equal(8, read.Bytes - before);
        }
    }

    [Fact]
    public void Tiny_shards_that_nobody_has_vouched_for_are_not_computed_beforehand()
    {
        _directory.File("a", "one");
        using var tree = FileTree.Open(_directory.Path);
        var read = new Counter();
        var form = new ManifestForm(DigestAlgorithm.Sha256, 1);
        var files = new HashedTree(tree, read) { Expected = [form] };
        files.Manifest(IgnoreRules.None);
        Assert.Equal(3, files.Manifest(IgnoreRules.None, form: form).Entries.Count);
        Assert.Equal(6, read.Bytes);
    }

    [Fact]
    public void A_file_that_changes_is_refused_in_every_form()
    {
        _directory.File("a", new byte[100_000]);
        using var tree = FileTree.Open(_directory.Path);
        var files = new HashedTree(tree) { Expected = Forms };
        files.Manifest(IgnoreRules.None);
        _directory.File("a", new byte[100_000]);
        Assert.Throws<IOException>(() => files.Manifest(IgnoreRules.None, form: Forms[0]));
    }

    private sealed class Counter : IProgress<long>
    {
        private long _bytes;

        internal long Bytes => _bytes;

        public void Report(long value) => Interlocked.Add(ref _bytes, value);
    }
}
