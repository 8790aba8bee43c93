using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Tests.Manifests;

public sealed class StreamedManifestTests : IDisposable
{
    private const int Batch = 100;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void It_is_the_manifest_that_is_held_in_memory()
    {
        foreach (var name in (string[])["a/b", "a-b", "a.b", "e", "~", "～", "😀", "x/y/z"])
        {
            _directory.File(name, name == "e" ? "" : name);
        }
        Compare(new IgnoreRules(["x"]));
        Compare(IgnoreRules.None);
    }

    [Fact]
    public void It_is_the_same_for_more_files_than_one_batch_with_large_ones_among_them()
    {
        Fill(2 * Batch + 70);
        _directory.File("part-3/large", new byte[(4 << 20) + 1]);
        _directory.File("large", new byte[4 << 20]);
        Compare(IgnoreRules.None);
    }

    [Fact]
    public void An_empty_directory_has_no_entries()
    {
        using var tree = FileTree.Open(_directory.Path);
        using var manifest = StreamedManifest.Hash(tree, IgnoreRules.None);
        Assert.Equal(0, manifest.Count);
        Assert.Empty(manifest.ReadEntries());
    }

    [Fact]
    public void Entries_that_were_not_kept_cannot_be_read()
    {
        _directory.File("a", "a");
        using var tree = FileTree.Open(_directory.Path);
        using var manifest = StreamedManifest.Hash(tree, IgnoreRules.None, keepEntries: false);
        Assert.Throws<InvalidOperationException>(manifest.ReadEntries);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(150)]
    [InlineData(350)]
    public void A_file_that_changes_after_the_first_look_is_refused(int files)
    {
        Fill(files);
        _directory.File("z", "before");
        Assert.Contains("changed while it was read", Refused(() => File.AppendAllText(At("z"), "x")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(350)]
    public void A_file_that_was_hashed_and_then_changes_is_refused(int files)
    {
        Fill(files);
        _directory.File("0", "first");
        _directory.File("z", "last");
        Assert.Contains("'0', or", Refused(() => File.WriteAllText(At("0"), "FIRST"), whenRead: 10 * files), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0new")]
    [InlineData("part-0/new")]
    [InlineData("zz")]
    public void A_file_that_comes_is_refused(string name)
    {
        Fill(200);
        Assert.Contains("came or went", Refused(() => File.WriteAllText(At(name), "")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_goes_is_refused()
    {
        Fill(200);
        _directory.File("zz", "");
        Assert.Contains("'zz'", Refused(() => File.Delete(At("zz"))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_replaced_by_an_equal_one_is_refused()
    {
        Fill(3);
        _directory.File("zz", "same");
        var message = Refused(() =>
        {
            File.WriteAllText(At("new"), "same");
            File.Move(At("new"), At("zz"), overwrite: true);
        });
        Assert.Contains("'zz'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_is_refused()
    {
        _directory.File("a", "a");
        File.CreateSymbolicLink(At("b"), At("a"));
        using var tree = FileTree.Open(_directory.Path);
        Assert.Throws<MalformedDataException>(() => StreamedManifest.Hash(tree, IgnoreRules.None));
    }

    [Fact]
    public void Stopping_leaves_no_temporary_file()
    {
        Fill(10);
        using var stop = new CancellationTokenSource();
        using var tree = FileTree.Open(_directory.Path);
        Assert.ThrowsAny<OperationCanceledException>(() =>
            StreamedManifest.Hash(tree, IgnoreRules.None, true, new Once(stop.Cancel, 1), stop.Token)
        );
    }

    private string At(string name) => Path.Combine(_directory.Path, name);

    private void Fill(int files)
    {
        for (var i = 0; i < files; i++)
        {
            _directory.File($"part-{i % 7}/sample-{i * 7919 % 100_003:000000}", $"{i:0000000000}");
        }
    }

    private void Compare(IgnoreRules rules)
    {
        using var tree = FileTree.Open(_directory.Path);
        using var streamed = StreamedManifest.Hash(tree, rules, true, Batch, null, CancellationToken.None);
        var whole = new HashedTree(tree).Manifest(rules);
        Assert.Equal(whole.Entries, streamed.ReadEntries());
        Assert.Equal(whole.Entries, streamed.ReadEntries());
        Assert.Equal(whole.Entries.Count, streamed.Count);
        Assert.Equal(whole.Subject.ToString(), streamed.Subject.ToString());
        var (count, bytes) = tree.Measure(rules);
        Assert.Equal((whole.Entries.Count, whole.Entries.Sum(e => e.Size)), (count, bytes));
    }

    private string Refused(Action change, long whenRead = 1)
    {
        using var tree = FileTree.Open(_directory.Path);
        return Assert
            .ThrowsAny<IOException>(() =>
                StreamedManifest.Hash(tree, IgnoreRules.None, true, Batch, new Once(change, whenRead), CancellationToken.None)
            )
            .Message;
    }

    private sealed class Once(Action change, long when) : IProgress<long>
    {
        private long _read;

        public void Report(long value)
        {
            var before = Interlocked.Add(ref _read, value) - value;
            if (before < when && before + value >= when)
            {
                change();
            }
        }
    }
}
