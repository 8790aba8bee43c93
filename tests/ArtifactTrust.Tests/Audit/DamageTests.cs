using System.Diagnostics;
using ArtifactTrust.Audit;
using ArtifactTrust.Keys;
using ArtifactTrust.Tests.Transparency;
using ArtifactTrust.Transparency;

namespace ArtifactTrust.Tests.Audit;

public sealed class DamageTests : IDisposable
{
    private readonly LogFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Every_changed_byte_of_every_file_of_a_small_log_is_noticed()
    {
        var log = _fixture.Create(0);
        for (var i = 0; i < 5; i++)
        {
            log.Append(ReferenceTree.Entry(i));
        }
        var checkedBytes = 0;
        foreach (var file in LogFixture.Files(_fixture.Directory))
        {
            var path = Path.Combine(_fixture.Directory, file);
            var original = File.ReadAllBytes(path);
            for (var i = 0; i < original.Length; i++, checkedBytes++)
            {
                foreach (var change in (byte[])[1, 128])
                {
                    var changed = original.ToArray();
                    changed[i] ^= change;
                    File.WriteAllBytes(path, changed);
                    var report = log.Verify();
                    Assert.False(report.IsIntact, $"{file} byte {i}");
                    Assert.Contains(report.Problems, p => p.Path == file);
                }
            }
            File.WriteAllBytes(path, original);
        }
        LogFixture.AssertIntact(log.Verify());
        Assert.InRange(checkedBytes, 700, int.MaxValue);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(256)]
    [InlineData(300)]
    [InlineData(600)]
    public void Every_file_cut_lengthened_removed_or_replaced_is_noticed(int size)
    {
        var log = _fixture.Create(size);
        foreach (var file in LogFixture.Required(size))
        {
            var path = Path.Combine(_fixture.Directory, file);
            var original = File.ReadAllBytes(path);
            Damage(file, AuditLogProblemKind.Malformed, () => File.WriteAllBytes(path, original[..^1]));
            Damage(file, AuditLogProblemKind.Malformed, () => File.WriteAllBytes(path, []));
            Damage(file, AuditLogProblemKind.Malformed, () => File.WriteAllBytes(path, [.. original, 0]));
            Damage(file, AuditLogProblemKind.Malformed, () => File.WriteAllBytes(path, new byte[17 << 20]));
            Damage(file, AuditLogProblemKind.Missing, () => { });
            Damage(file, AuditLogProblemKind.Unreadable, () => Directory.CreateDirectory(path));
            Damage(file, AuditLogProblemKind.Unreadable, () => File.CreateSymbolicLink(path, "/dev/zero"));
            Damage(file, AuditLogProblemKind.Unreadable, () => Process.Start("mkfifo", path).WaitForExit());
            File.WriteAllBytes(path, original);

            void Damage(string name, AuditLogProblemKind kind, Action replace)
            {
                File.Delete(path);
                replace();
                try
                {
                    var report = log.Verify();
                    Assert.False(report.IsIntact);
                    var expected = name == "checkpoint" ? AuditLogProblemKind.Checkpoint : kind;
                    Assert.Contains(report.Problems, p => p.Path == name && p.Kind == expected);
                }
                catch (IOException) when (name == "checkpoint" && kind == AuditLogProblemKind.Unreadable) { }
                if (Directory.Exists(path))
                {
                    Directory.Delete(path);
                }
                File.Delete(path);
            }
        }
        LogFixture.AssertIntact(log.Verify());
    }

    [Theory]
    [InlineData(300)]
    [InlineData(600)]
    public void The_file_that_was_changed_is_the_one_named(int size)
    {
        var log = _fixture.Create(size);
        foreach (var file in LogFixture.Required(size).Where(f => f != "checkpoint"))
        {
            var path = Path.Combine(_fixture.Directory, file);
            var original = File.ReadAllBytes(path);
            // In the last hash, or in the last entry's content.
            var changed = original.ToArray();
            changed[^2] ^= 1;
            File.WriteAllBytes(path, changed);
            var problem = Assert.Single(log.Verify().Problems);
            Assert.Equal((AuditLogProblemKind.Changed, file), (problem.Kind, problem.Path));
            var tile = Tile.Parse(file);
            var last = (tile.Index * 256) + tile.Width - 1;
            Assert.Equal(tile.Level <= 0 ? last : last * 256, problem.Index);
            File.WriteAllBytes(path, original);
        }
    }

    [Fact]
    public void An_entry_changed_together_with_its_leaf_is_noticed_and_named()
    {
        var log = _fixture.Create(600);
        var (bundle, tile) = (Path.Combine(_fixture.Directory, "tile/entries/001"), Path.Combine(_fixture.Directory, "tile/0/001"));
        var entries = EntryBundle.Decode(File.ReadAllBytes(bundle), 256).ToArray();
        entries[44] = "forged"u8.ToArray();
        File.WriteAllBytes(bundle, EntryBundle.Encode(entries));
        File.WriteAllBytes(tile, [.. entries.SelectMany(e => MerkleTree.HashLeaf(e.Span).Bytes.ToArray())]);
        var problem = Assert.Single(log.Verify().Problems);
        Assert.Equal((AuditLogProblemKind.Changed, "tile/0/001"), (problem.Kind, problem.Path));
        Assert.Contains("all below it", problem.Message, StringComparison.Ordinal);
        Assert.Throws<DamagedLogException>(() => log.Read(300));
        Assert.Throws<DamagedLogException>(() => log.Prove(300));
        Assert.Throws<DamagedLogException>(() => log.ReadFrom(0).Last());
        Assert.Equal(ReferenceTree.Entry(0), log.Read(0));
    }

    [Fact]
    public void A_log_written_anew_under_the_old_checkpoint_is_noticed()
    {
        var log = _fixture.Create(600);
        var other = Path.Combine(_fixture.Root, "other");
        AuditLog.Create(other, LogFixture.Origin, _fixture.Key).Append(LogFixture.Entries(1, 600));
        File.Copy(Path.Combine(_fixture.Directory, "checkpoint"), Path.Combine(other, "checkpoint"), overwrite: true);
        var problem = Assert.Single(_fixture.Open(other).Verify().Problems);
        Assert.Equal(AuditLogProblemKind.Rewritten, problem.Kind);
        Assert.Throws<DamagedLogException>(() => _fixture.Open(other).Append(ReferenceTree.Entry(0)));
        LogFixture.AssertIntact(log.Verify());
    }

    [Fact]
    public void A_log_replaced_by_another_that_its_key_signed_is_noticed_with_an_older_checkpoint()
    {
        var log = _fixture.Create(280);
        var trusted = log.ReadCheckpoint();
        log.Append(LogFixture.Entries(280, 320));
        LogFixture.AssertIntact(log.Verify(trusted));
        LogFixture.AssertIntact(log.Verify(log.ReadCheckpoint()));
        var other = Path.Combine(_fixture.Root, "other");
        AuditLog.Create(other, LogFixture.Origin, _fixture.Key).Append(LogFixture.Entries(1, 600));
        var replaced = _fixture.Open(other);
        LogFixture.AssertIntact(replaced.Verify());
        Assert.Equal(AuditLogProblemKind.SetBack, Assert.Single(replaced.Verify(trusted).Problems).Kind);
        Assert.Equal(AuditLogProblemKind.SetBack, Assert.Single(replaced.Verify(log.ReadCheckpoint()).Problems).Kind);
    }

    [Fact]
    public void A_log_set_back_to_an_earlier_state_is_noticed_with_a_later_checkpoint()
    {
        var log = _fixture.Create(10);
        var earlier = _fixture.Copy(_fixture.Directory);
        log.Append(LogFixture.Entries(10, 5));
        var trusted = log.ReadCheckpoint();
        var setBack = _fixture.Open(earlier);
        LogFixture.AssertIntact(setBack.Verify());
        var problem = Assert.Single(setBack.Verify(trusted).Problems);
        Assert.Equal((AuditLogProblemKind.SetBack, 10L), (problem.Kind, problem.Index));
        Assert.Contains("at least 5 are gone", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10, 3)]
    [InlineData(254, 3)]
    [InlineData(255, 3)]
    [InlineData(256, 3)]
    [InlineData(100, 300)]
    public void A_checkpoint_set_back_under_later_tiles_is_noticed_and_nothing_is_appended(int size, int more)
    {
        var log = _fixture.Create(size);
        var checkpoint = File.ReadAllBytes(Path.Combine(_fixture.Directory, "checkpoint"));
        for (var i = 0; i < more; i++)
        {
            log.Append(ReferenceTree.Entry(size + i));
        }
        File.WriteAllBytes(Path.Combine(_fixture.Directory, "checkpoint"), checkpoint);
        var before = LogFixture.Files(_fixture.Directory);
        var report = log.Verify();
        Assert.False(report.IsIntact);
        Assert.Contains(report.Problems, p => p.Kind is AuditLogProblemKind.SetBack or AuditLogProblemKind.Missing);
        var e = Assert.Throws<DamagedLogException>(() => log.Append(ReferenceTree.Entry(0)));
        Assert.Equal(before, LogFixture.Files(_fixture.Directory));
        Assert.NotEmpty(e.Reason);
    }

    [Theory]
    [InlineData("notes.txt")]
    [InlineData("checkpoint.bak")]
    [InlineData("tile/0/001x")]
    [InlineData("tile/0/01")]
    [InlineData("tile/0/x000/000")]
    [InlineData("tile/entries/000.p/256")]
    [InlineData("tile/64/000")]
    [InlineData("other/000")]
    public void A_file_that_no_log_has_is_noticed(string name)
    {
        var log = _fixture.Create(300);
        var path = Path.Combine(_fixture.Directory, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "");
        var problem = Assert.Single(log.Verify().Problems);
        Assert.Equal(AuditLogProblemKind.Extra, problem.Kind);
        Assert.StartsWith(problem.Path, name, StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_tile_of_an_earlier_size_is_noticed()
    {
        var log = _fixture.Create(3);
        log.Append(LogFixture.Entries(3, 3));
        foreach (var file in (string[])["tile/0/000.p/3", "tile/entries/000.p/3"])
        {
            var path = Path.Combine(_fixture.Directory, file);
            var original = File.ReadAllBytes(path);
            foreach (
                var changed in (byte[][])
                    [
                        [],
                        original[..^1],
                        [.. original, 1],
                        [.. original[..^1], 1],
                    ]
            )
            {
                File.WriteAllBytes(path, changed);
                Assert.Equal(file, Assert.Single(log.Verify().Problems).Path);
            }
            File.WriteAllBytes(path, original);
        }
        // A width that no checkpoint was signed for is still the beginning of the log.
        File.WriteAllBytes(Path.Combine(_fixture.Directory, "tile/0/000.p/2"), new byte[64]);
        Assert.Equal("tile/0/000.p/2", Assert.Single(log.Verify().Problems).Path);
    }

    [Fact]
    public void Nothing_is_appended_to_a_damaged_edge()
    {
        var log = _fixture.Create(300);
        foreach (var file in (string[])["tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44", "checkpoint"])
        {
            var path = Path.Combine(_fixture.Directory, file);
            var original = File.ReadAllBytes(path);
            var changed = original.ToArray();
            changed[^3] ^= 1;
            foreach (var content in (byte[]?[])[changed, original[..^1], null])
            {
                File.Delete(path);
                if (content is not null)
                {
                    File.WriteAllBytes(path, content);
                }
                var before = LogFixture.Files(_fixture.Directory);
                var e = Assert.Throws<DamagedLogException>(() => log.Append(ReferenceTree.Entry(300)));
                Assert.Equal(before, LogFixture.Files(_fixture.Directory));
                Assert.NotEmpty(e.Path);
            }
            File.WriteAllBytes(path, original);
        }
        Assert.Equal(300, log.Append(ReferenceTree.Entry(300)).Index);
    }

    [Fact]
    public void A_report_on_a_checkpoint_that_is_not_the_logs_says_so()
    {
        var log = _fixture.Create(2);
        using var other = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        var report = AuditLog.Verify(_fixture.Directory, NoteKey.Create(LogFixture.Origin, other.PublicKey));
        Assert.False(report.IsIntact);
        Assert.Null(report.Checkpoint);
        Assert.Equal(AuditLogProblemKind.Checkpoint, Assert.Single(report.Problems).Kind);
        var foreign = AuditLog.Create(Path.Combine(_fixture.Root, "b"), "example.com/b", _fixture.Key).ReadCheckpoint();
        Assert.Throws<ArgumentException>(() => log.Verify(foreign));
        report = AuditLog.Verify(Path.Combine(_fixture.Root, "nothing"), log.Key);
        Assert.Equal(AuditLogProblemKind.Checkpoint, Assert.Single(report.Problems).Kind);
    }

    [Fact]
    public void Very_many_problems_are_counted_and_some_listed()
    {
        var log = _fixture.Create(3);
        for (var i = 0; i < 1500; i++)
        {
            File.WriteAllText(Path.Combine(_fixture.Directory, $"extra-{i}"), "");
        }
        var report = log.Verify();
        Assert.Equal(1500, report.ProblemCount);
        Assert.Equal(AuditLogReport.ListedAtMost, report.Problems.Count);
    }

    [Fact]
    public void Several_damages_are_all_noticed()
    {
        var log = _fixture.Create(700);
        File.Delete(Path.Combine(_fixture.Directory, "tile/entries/000"));
        File.Delete(Path.Combine(_fixture.Directory, "tile/0/000"));
        File.Delete(Path.Combine(_fixture.Directory, "tile/1/000.p/2"));
        var path = Path.Combine(_fixture.Directory, "tile/entries/001");
        var changed = File.ReadAllBytes(path);
        changed[2] ^= 1;
        File.WriteAllBytes(path, changed);
        var report = log.Verify();
        Assert.False(report.IsIntact);
        Assert.Superset(
            new HashSet<string> { "tile/entries/000", "tile/0/000", "tile/1/000.p/2", "tile/entries/001" },
            report.Problems.Select(p => p.Path).ToHashSet()
        );
    }
}
