using System.Runtime.Versioning;
using System.Security.Cryptography;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Tests.Hashing;

[SupportedOSPlatform("linux")]
public sealed class TreeCopyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("artifact-trust-copy-").FullName;

    public TreeCopyTests()
    {
        Directory.CreateDirectory(At("model/deep/er"));
        Write("model/weights.bin", 3_000_001);
        Write("model/edge", 1 << 20);
        Write("model/deep/er/empty", 0);
        Write("model/deep/small", 5);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_is_sealed_where_the_file_system_can_and_is_as_before_where_it_cannot()
    {
        File.WriteAllText(At("sealed"), "content");
        using (var file = LinuxFile.OpenFile(At("sealed")))
        {
            var isSealed = LinuxFile.TrySeal(file);
            Assert.Equal(isSealed, LinuxFile.IsSealed(file));
            if (isSealed)
            {
                Assert.ThrowsAny<SystemException>(() => File.AppendAllText(At("sealed"), "x"));
            }
            else
            {
                File.AppendAllText(At("sealed"), "");
            }
        }
        Assert.Equal("content", File.ReadAllText(At("sealed")));
    }

    [Fact]
    public void A_copy_has_the_files_and_the_digests_are_those_of_hashing()
    {
        using (var copy = TreeCopy.Create(At("model"), At("out")))
        {
            var manifest = Read(copy, out var names);
            Assert.False(Path.Exists(At("out")));

            var counts = copy.Publish(names);

            using var tree = FileTree.Open(At("out"));
            Assert.Equal(new HashedTree(tree).Manifest(IgnoreRules.None).Entries, manifest.Entries);
            Assert.Equal((4, (1 << 20) + 3_000_006L), (counts.Files, counts.Bytes));
        }
        Assert.Equal(["model", "out"], Names());
    }

    [Fact]
    public void Without_publication_nothing_is_left()
    {
        using (var copy = TreeCopy.Create(At("model"), At("out")))
        {
            Read(copy, out _);
        }
        Assert.Equal(["model"], Names());
    }

    [Fact]
    public void Only_the_named_files_are_published_and_no_empty_directory()
    {
        using (var copy = TreeCopy.Create(At("model"), At("out")))
        {
            Read(copy, out _);
            copy.Publish(["weights.bin"]);
        }
        Assert.Equal([At("out/weights.bin")], Directory.GetFileSystemEntries(At("out"), "*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("absent")]
    [InlineData("../model/edge")]
    public void A_file_that_was_not_copied_is_not_published(string name)
    {
        using var copy = TreeCopy.Create(At("model"), At("out"));
        Read(copy, out _);

        Assert.Throws<InvalidOperationException>(() => copy.Publish([name]));
        Assert.Throws<InvalidOperationException>(() => copy.Publish([]));
        Assert.False(Path.Exists(At("out")));
    }

    [Fact]
    public void Modes_are_plain_and_only_the_bit_of_programs_is_kept()
    {
        File.SetUnixFileMode(At("model/edge"), (UnixFileMode)Convert.ToInt32("4700", 8));
        File.SetUnixFileMode(At("model/deep/small"), (UnixFileMode)Convert.ToInt32("666", 8));
        File.SetUnixFileMode(At("model/deep"), (UnixFileMode)Convert.ToInt32("1777", 8));
        Deploy("out", false);

        Assert.Equal("755", Mode("out"));
        Assert.Equal("755", Mode("out/deep"));
        Assert.Equal("755", Mode("out/edge"));
        Assert.Equal("644", Mode("out/deep/small"));
    }

    [Fact]
    public void A_directory_is_replaced_only_when_asked()
    {
        Deploy("out", false);
        Assert.Throws<IOException>(() => TreeCopy.Create(At("model"), At("out")));
        File.WriteAllText(At("out/old"), "old");

        Deploy("out", true);

        Assert.False(File.Exists(At("out/old")));
        Assert.Equal(["model", "out"], Names());
    }

    [Fact]
    public void A_target_that_appears_meanwhile_is_kept()
    {
        using var copy = TreeCopy.Create(At("model"), At("out"));
        Read(copy, out var names);
        Directory.CreateDirectory(At("out"));
        File.WriteAllText(At("out/theirs"), "x");

        Assert.Throws<IOException>(() => copy.Publish(names));

        Assert.Equal([At("out/theirs")], Directory.GetFileSystemEntries(At("out")));
    }

    [Fact]
    public void Old_directories_without_rights_are_removed_and_links_in_them_not_followed()
    {
        Deploy("out", false);
        Directory.CreateDirectory(At("kept"));
        File.WriteAllText(At("kept/file"), "x");
        File.CreateSymbolicLink(At("out/deep/link"), At("kept"));
        File.SetUnixFileMode(At("out/deep/er"), UnixFileMode.None);

        Deploy("out", true);

        Assert.Equal("x", File.ReadAllText(At("kept/file")));
        Assert.Equal(["kept", "model", "out"], Names());
    }

    [Theory]
    [InlineData("model/inside")]
    [InlineData("model")]
    [InlineData(".")]
    [InlineData("link/inside")]
    public void Source_and_target_do_not_lie_in_each_other(string target)
    {
        File.CreateSymbolicLink(At("link"), At("model/deep"));

        Assert.Throws<IOException>(() => TreeCopy.Create(At("model"), At(target), replace: true));
    }

    [Fact]
    public void A_target_that_is_a_link_or_a_file_or_has_no_parent_is_refused()
    {
        File.CreateSymbolicLink(At("link"), At("nowhere"));
        File.WriteAllText(At("file"), "");

        Assert.Throws<IOException>(() => TreeCopy.Create(At("model"), At("link"), replace: true));
        Assert.Throws<IOException>(() => TreeCopy.Create(At("model"), At("file"), replace: true));
        Assert.Throws<DirectoryNotFoundException>(() => TreeCopy.Create(At("model"), At("a/b")));
        Assert.Throws<IOException>(() => TreeCopy.Create(At("model"), "/"));
    }

    [Fact]
    public void Leftovers_are_removed_and_directories_in_use_and_of_other_modes_are_not()
    {
        using var other = TreeCopy.Create(At("model"), At("other"));
        Directory.CreateDirectory(
            At(".artifact-trust-copy-0123456789abcdef/tree"),
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        );
        File.SetUnixFileMode(At(".artifact-trust-copy-0123456789abcdef"), (UnixFileMode)Convert.ToInt32("700", 8));
        Directory.CreateDirectory(At(".artifact-trust-copy-theirs"));
        File.SetUnixFileMode(At(".artifact-trust-copy-theirs"), (UnixFileMode)Convert.ToInt32("755", 8));
        File.CreateSymbolicLink(At(".artifact-trust-copy-link"), At("model"));

        Deploy("out", false);

        Assert.False(Path.Exists(At(".artifact-trust-copy-0123456789abcdef")));
        Assert.True(Path.Exists(At(".artifact-trust-copy-theirs")));
        Assert.True(File.Exists(At("model/edge")));
        Read(other, out var names);
        other.Publish(names);
        Assert.True(File.Exists(At("other/edge")));
    }

    [Fact]
    public void A_file_that_changes_while_it_is_read_is_refused()
    {
        Directory.CreateDirectory(At("one"));
        Write("one/weights.bin", 3_000_001);
        using var copy = TreeCopy.Create(At("one"), At("out"));
        using var tree = FileTree.Open(At("one"));
        var files = new HashedTree(tree, new Then(() => File.AppendAllText(At("one/weights.bin"), "x"))) { Reader = copy };

        Assert.Throws<IOException>(() => files.Manifest(IgnoreRules.None));
    }

    [Fact]
    public void A_cancelled_copy_leaves_nothing()
    {
        using var source = new CancellationTokenSource();
        using (var copy = TreeCopy.Create(At("model"), At("out")))
        {
            using var tree = FileTree.Open(At("model"));
            var files = new HashedTree(tree, new Then(source.Cancel), source.Token) { Reader = copy };

            Assert.ThrowsAny<OperationCanceledException>(() => files.Manifest(IgnoreRules.None));
        }
        Assert.Equal(["model"], Names());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Bytes_come_from_the_store_the_second_time(bool hardLinks)
    {
        Assert.Equal(0, Deploy("one", false, new ContentStore(At("store"), hardLinks)).FromStore);

        var counts = Deploy("two", false, new ContentStore(At("store"), hardLinks));

        Assert.Equal(4, counts.FromStore);
        Assert.Equal(File.ReadAllBytes(At("model/weights.bin")), File.ReadAllBytes(At("two/weights.bin")));
        if (!hardLinks)
        {
            File.AppendAllText(At("one/weights.bin"), "x");
            Assert.Equal(File.ReadAllBytes(At("model/weights.bin")), File.ReadAllBytes(At("two/weights.bin")));
            Assert.Equal(0, counts.Linked);
        }
        else
        {
            Assert.Equal("444", Mode("two/weights.bin"));
        }
        Assert.Equal([At("store/sha256")], Directory.GetFileSystemEntries(At("store")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_store_that_was_changed_is_noticed_not_used_and_mended(bool hardLinks)
    {
        Deploy("one", false, new ContentStore(At("store"), hardLinks));
        Directory.Delete(At("one"), recursive: true);
        var digest = Digest.FromBytes(DigestAlgorithm.Sha256, SHA256.HashData(File.ReadAllBytes(At("model/weights.bin"))));
        var stored = At($"store/sha256/{digest.Hex[..2]}/{digest.Hex[2..]}");
        var bytes = File.ReadAllBytes(stored);
        bytes[^1] ^= 1;
        File.SetUnixFileMode(stored, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllBytes(stored, bytes);
        File.SetUnixFileMode(stored, UnixFileMode.UserRead);
        var store = new ContentStore(At("store"), hardLinks);

        var counts = Deploy("two", false, store, () => Assert.Equal([digest], store.Damaged));

        Assert.Equal(3, counts.FromStore);
        Assert.Empty(store.Damaged);
        Assert.Equal(File.ReadAllBytes(At("model/weights.bin")), File.ReadAllBytes(At("two/weights.bin")));
        Assert.Equal(File.ReadAllBytes(At("model/weights.bin")), File.ReadAllBytes(stored));
    }

    [Fact]
    public void A_stored_file_that_can_be_written_to_is_not_linked()
    {
        Deploy("one", false, new ContentStore(At("store"), true));
        foreach (var file in Directory.GetFiles(At("store"), "*", SearchOption.AllDirectories))
        {
            File.SetUnixFileMode(file, (UnixFileMode)Convert.ToInt32("644", 8));
        }

        var counts = Deploy("two", false, new ContentStore(At("store"), true));

        Assert.Equal((4, 0), (counts.FromStore, counts.Linked));
    }

    [Fact]
    public void A_name_that_another_run_gives_a_stored_file_meanwhile_is_no_damage()
    {
        var (stored, store) = StoreOne();

        var counts = DeployOne(store, new Then(() => MovedStatus.Link(stored)));

        Assert.Equal((1, 1), (counts.FromStore, counts.Linked));
        Assert.Equal("444", Mode("out/weights.bin"));
    }

    [Fact]
    public void A_stored_file_that_never_keeps_still_is_copied()
    {
        var (stored, store) = StoreOne();

        var counts = DeployOne(store, new Sum(_ => MovedStatus.Link(stored)));

        Assert.Equal((1, 0), (counts.FromStore, counts.Linked));
        Assert.Equal("644", Mode("out/weights.bin"));
    }

    [Fact]
    public void A_stored_file_that_is_changed_meanwhile_is_noticed_although_its_time_was_put_back()
    {
        var (stored, store) = StoreOne();
        var changed = new Then(() => MovedStatus.ChangeAndSetTimeBack(stored));

        var counts = DeployOne(store, changed, () => Assert.Single(store.Damaged));

        Assert.Equal((0, 0), (counts.FromStore, counts.Linked));
        Assert.Empty(store.Damaged);
    }

    [Fact]
    public void Equal_files_are_all_linked_to_the_stored_one()
    {
        for (var i = 0; i < 20; i++)
        {
            Directory.CreateDirectory(At($"model/{i}"));
            File.Copy(At("model/edge"), At($"model/{i}/edge"));
        }
        Deploy("one", false, new ContentStore(At("store"), true));
        var store = new ContentStore(At("store"), true);

        var counts = Deploy("two", false, store, () => Assert.Empty(store.Damaged));

        Assert.Equal((24, 24), (counts.FromStore, counts.Linked));
    }

    [Fact]
    public void A_link_in_the_store_is_not_followed()
    {
        Deploy("one", false, new ContentStore(At("store")));
        var stored = Directory.GetFiles(At("store"), "*", SearchOption.AllDirectories)[0];
        File.Move(stored, At("elsewhere"));
        File.CreateSymbolicLink(stored, At("elsewhere"));

        Assert.Throws<IOException>(() => Deploy("two", false, new ContentStore(At("store"))));
    }

    [Fact]
    public void A_single_file_is_copied_into_a_directory()
    {
        using var copy = TreeCopy.Create(At("model/weights.bin"), At("out"));
        using (var file = copy.CopyFile(At("model/weights.bin")))
        {
            Assert.Equal(SHA256.HashData(File.ReadAllBytes(At("model/weights.bin"))), file.Digest(DigestAlgorithm.Sha256).Bytes);
            Assert.Equal(SHA512.HashData(File.ReadAllBytes(At("model/weights.bin"))), file.Digest(DigestAlgorithm.Sha512).Bytes);
            copy.Publish([file.Name]);
        }
        Assert.Equal(File.ReadAllBytes(At("model/weights.bin")), File.ReadAllBytes(At("out/weights.bin")));
    }

    [Fact]
    public void A_paced_reader_gives_the_same_digests()
    {
        using var tree = FileTree.Open(At("model"));
        var expected = new HashedTree(tree).Manifest(IgnoreRules.None);

        foreach (var rate in new long?[] { null, 1L << 40 })
        {
            var files = new HashedTree(tree) { Reader = new PacedReader(rate, TimeProvider.System) };
            Assert.Equal(expected.Entries, files.Manifest(IgnoreRules.None).Entries);
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => new PacedReader(0, TimeProvider.System));
    }

    [Fact]
    public void A_paced_reader_notices_a_change()
    {
        Directory.CreateDirectory(At("one"));
        Write("one/weights.bin", 3_000_001);
        using var tree = FileTree.Open(At("one"));
        var files = new HashedTree(tree, new Then(() => File.AppendAllText(At("one/weights.bin"), "x")))
        {
            Reader = new PacedReader(null, TimeProvider.System),
        };

        Assert.Throws<IOException>(() => files.Manifest(IgnoreRules.None));
    }

    [Fact]
    public async Task A_paced_reader_waits_for_its_rate_and_heeds_cancellation()
    {
        using var tree = FileTree.Open(At("model"));
        using var source = new CancellationTokenSource();
        var read = 0L;
        var files = new HashedTree(tree, new Sum(n => Interlocked.Add(ref read, n)), source.Token)
        {
            Reader = new PacedReader(1024, new Stopped()),
        };
        var work = Task.Run(() => files.Manifest(IgnoreRules.None));
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => work);
        Assert.InRange(Interlocked.Read(ref read), 0, 1024);
    }

    private string At(string name) => Path.Join(_folder, name);

    private void Write(string name, int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        File.WriteAllBytes(At(name), bytes);
    }

    private string[] Names() => [.. Directory.GetFileSystemEntries(_folder).Select(n => Path.GetFileName(n)).Order(StringComparer.Ordinal)];

    private string Mode(string name) => Convert.ToString((int)File.GetUnixFileMode(At(name)), 8);

    private FileManifest Read(TreeCopy copy, out IReadOnlyList<string> names)
    {
        using var tree = FileTree.Open(At("model"));
        var files = new HashedTree(tree) { Reader = copy };
        var manifest = files.Manifest(IgnoreRules.None);
        names = files.Listed;
        return manifest;
    }

    private CopyCounts Deploy(string target, bool replace, ContentStore? store = null, Action? before = null)
    {
        using var copy = TreeCopy.Create(At("model"), At(target), replace, store);
        using (var tree = FileTree.Open(At("model")))
        {
            copy.Expected = new HashedTree(tree).Manifest(IgnoreRules.None).Entries.ToDictionary(e => e.Name, e => e.Digest);
        }
        Read(copy, out var names);
        before?.Invoke();
        return copy.Publish(names);
    }

    private (string Stored, ContentStore Store) StoreOne()
    {
        Directory.CreateDirectory(At("one"));
        Write("one/weights.bin", 3_000_001);
        var store = new ContentStore(At("store"), hardLinks: true);
        DeployOne(store, null);
        Directory.Delete(At("out"), recursive: true);
        var stored = Directory.GetFiles(At("store"), "*", SearchOption.AllDirectories).Single();
        MovedStatus.SetTime(stored);
        return (stored, store);
    }

    private CopyCounts DeployOne(ContentStore store, IProgress<long>? progress, Action? before = null)
    {
        using var copy = TreeCopy.Create(At("one"), At("out"), store: store);
        using var tree = FileTree.Open(At("one"));
        copy.Expected = new HashedTree(tree).Manifest(IgnoreRules.None).Entries.ToDictionary(e => e.Name, e => e.Digest);
        var files = new HashedTree(tree, progress) { Reader = copy };
        files.Manifest(IgnoreRules.None);
        if (before is null)
        {
            Assert.Empty(store.Damaged);
        }
        before?.Invoke();
        var counts = copy.Publish(files.Listed);
        Assert.Equal(File.ReadAllBytes(At("one/weights.bin")), File.ReadAllBytes(At("out/weights.bin")));
        return counts;
    }

    private sealed class Then(Action action) : IProgress<long>
    {
        private int _done;

        public void Report(long value)
        {
            if (Interlocked.Exchange(ref _done, 1) == 0)
            {
                action();
            }
        }
    }

    private sealed class Sum(Action<long> add) : IProgress<long>
    {
        public void Report(long value) => add(value);
    }

    /// <summary>A clock that stands, and never rings.</summary>
    private sealed class Stopped : TimeProvider
    {
        public override long GetTimestamp() => 0;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Never();

        private sealed class Never : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose() { }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
