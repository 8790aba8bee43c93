using System.Security.Cryptography;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Tests.Hashing;

public sealed class FileHasherTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    public static TheoryData<int> Sizes => [0, 1, 55, 56, 63, 64, 65, 1000, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, 1 << 20];

    [Theory]
    [MemberData(nameof(Sizes))]
    public void The_digest_is_that_of_the_bytes(int size)
    {
        var content = RandomNumberGenerator.GetBytes(size);
        using var file = File.OpenHandle(_directory.File("f", content));
        foreach (var algorithm in DigestAlgorithm.All)
        {
            var (digest, length) = new FileHasher(algorithm).Hash(file);
            Assert.Equal(algorithm.Hash(content), digest);
            Assert.Equal(size, length);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(9)]
    public void Files_of_a_tree_keep_their_order_however_many_workers(int workers)
    {
        for (var i = 0; i < 50; i++)
        {
            _directory.File($"d{i % 7}/f{i}", RandomNumberGenerator.GetBytes(i * 997));
        }
        using var tree = FileTree.Open(_directory.Path);
        var files = tree.List(IgnoreRules.None);
        var progress = new Sum();
        var hashed = new FileHasher(DigestAlgorithm.Sha256, workers).Hash(tree, files, progress);
        for (var i = 0; i < files.Count; i++)
        {
            Assert.Equal(DigestAlgorithm.Sha256.Hash(File.ReadAllBytes(Path.Combine(_directory.Path, files[i].Name))), hashed[i].Digest);
        }
        Assert.Equal(files.Sum(f => f.Size), progress.Total);
    }

    [Fact]
    public void A_file_that_vanished_is_named()
    {
        _directory.File("a", "a");
        using var tree = FileTree.Open(_directory.Path);
        var files = tree.List(IgnoreRules.None);
        File.Delete(Path.Combine(_directory.Path, "a"));
        Assert.Contains("'a'", Assert.Throws<FileNotFoundException>(() => Hash(tree, files)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_grows_while_it_is_read_is_refused()
    {
        var path = _directory.File("a", new byte[1 << 20]);
        using var tree = FileTree.Open(_directory.Path);
        var progress = new Action(() => File.AppendAllText(path, "x"));
        var e = Assert.Throws<IOException>(() =>
            new FileHasher(DigestAlgorithm.Sha256, 1).Hash(tree, tree.List(IgnoreRules.None), new Hook(progress))
        );
        Assert.Contains("changed while it was read", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Hashing_stops_when_asked()
    {
        _directory.File("a", new byte[4 << 20]);
        using var tree = FileTree.Open(_directory.Path);
        using var cancel = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() =>
            new FileHasher(DigestAlgorithm.Sha256, 1).Hash(tree, tree.List(IgnoreRules.None), new Hook(cancel.Cancel), cancel.Token)
        );
    }

    [Fact]
    public void A_file_changed_between_two_digests_is_refused()
    {
        var path = _directory.File("a", "one");
        using var file = ArtifactFile.Open(path);
        file.Digest(DigestAlgorithm.Sha256);
        File.WriteAllText(path, "two");
        Assert.Throws<IOException>(() => file.Digest(DigestAlgorithm.Sha512));
    }

    [Fact]
    public void A_directory_is_no_artifact_file() => Assert.Throws<IOException>(() => ArtifactFile.Open(_directory.Path).Dispose());

    private static void Hash(FileTree tree, IReadOnlyList<TreeFile> files) => new FileHasher(DigestAlgorithm.Sha256).Hash(tree, files);

    private sealed class Sum : IProgress<long>
    {
        private long _total;

        public long Total => _total;

        public void Report(long value) => Interlocked.Add(ref _total, value);
    }

    private sealed class Hook(Action action) : IProgress<long>
    {
        public void Report(long value) => action();
    }
}
