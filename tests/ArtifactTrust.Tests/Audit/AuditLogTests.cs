using System.Text;
using ArtifactTrust.Audit;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys;
using ArtifactTrust.Tests.Transparency;
using ArtifactTrust.Transparency;

namespace ArtifactTrust.Tests.Audit;

public sealed class AuditLogTests : IDisposable
{
    private static readonly ReferenceTree Reference = new(700);
    private readonly LogFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_new_log_is_empty_and_whole()
    {
        var log = _fixture.Create(0);
        Assert.Equal(0, log.Count());
        Assert.Equal(LogFixture.Origin, log.Origin);
        Assert.Equal(MerkleTree.EmptyRoot, log.ReadCheckpoint().Checkpoint.Root);
        Assert.Empty(log.ReadFrom(0));
        Assert.Equal(["checkpoint"], LogFixture.Files(_fixture.Directory));
        LogFixture.AssertIntact(log.Verify());
        Assert.Throws<ArgumentOutOfRangeException>(() => log.Read(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => log.Prove(0));
    }

    [Fact]
    public void Each_append_of_six_hundred_leaves_the_log_that_the_format_defines()
    {
        var log = _fixture.Create(0);
        var first = log.ReadCheckpoint();
        for (var size = 1; size <= 600; size++)
        {
            var appended = log.Append(Reference.Entries[size - 1]);
            Assert.Equal(size - 1, appended.Index);
            Assert.Equal(size, appended.Checkpoint.Checkpoint.Size);
            Assert.Equal(Reference.Root(size), appended.Checkpoint.Checkpoint.Root);
            foreach (var tile in Tile.ForTree(size).Where(t => !t.IsFull))
            {
                Assert.Equal(Reference.Tile(tile, size), File.ReadAllBytes(Path.Combine(_fixture.Directory, tile.Path)));
            }
            if (size % 37 == 0 || size % 256 is 0 or 1 or 255)
            {
                LogFixture.AssertIntact(log.Verify(first));
                first = appended.Checkpoint;
                var middle = size / 2;
                Assert.Equal(Reference.Entries[middle], log.Read(middle));
                Assert.True(log.Prove(middle).Verify(Reference.Entries[middle], LogFixture.Origin, log.Key).IsVerified);
                Assert.True(log.ProveConsistency(middle).Verify(Reference.Root(middle), Reference.Root(size)));
            }
        }
        foreach (var tile in Tile.ForTree(600))
        {
            Assert.Equal(Reference.Tile(tile, 600), File.ReadAllBytes(Path.Combine(_fixture.Directory, tile.Path)));
        }
        // Partial tiles of every size that a checkpoint was signed for stay until the full tile is there.
        Assert.Equal(LogFixture.Required(600).Count + 87 + 87 + 1, LogFixture.Files(_fixture.Directory).Count);
        Assert.Equal(Reference.Entries.Take(600), log.ReadFrom(0).Select(r => r.Record.ToArray()));
        Assert.Equal(Enumerable.Range(250, 350).Select(i => (long)i), log.ReadFrom(250).Select(r => r.Index));
    }

    [Fact]
    public void Records_added_together_make_the_same_log_as_one_by_one()
    {
        var random = new Random(20_260_101);
        for (var round = 0; round < 12; round++)
        {
            var directory = Path.Combine(_fixture.Root, $"{round}");
            var log = _fixture.Create(0, directory);
            var size = 0;
            while (size < 700)
            {
                var count = Math.Min(700 - size, random.Next(1, round < 6 ? 300 : 40));
                Assert.Equal(size, log.Append(LogFixture.Entries(size, count)).Index);
                size += count;
                Assert.Equal(Reference.Root(size), log.ReadCheckpoint().Checkpoint.Root);
                LogFixture.AssertIntact(log.Verify());
            }
            Assert.Empty(LogFixture.Required(700).Except(LogFixture.Files(directory)));
        }
    }

    [Fact]
    public void A_log_of_seventy_thousand_has_the_tiles_of_the_specification()
    {
        var log = _fixture.Create(70_000);
        Assert.Equal(LogFixture.Required(70_000), LogFixture.Files(_fixture.Directory));
        Assert.Equal(112 * 32, new FileInfo(Path.Combine(_fixture.Directory, "tile/0/273.p/112")).Length);
        Assert.Equal(17 * 32, new FileInfo(Path.Combine(_fixture.Directory, "tile/1/001.p/17")).Length);
        Assert.Equal(32, new FileInfo(Path.Combine(_fixture.Directory, "tile/2/000.p/1")).Length);
        log.Append(ReferenceTree.Entry(70_000));
        LogFixture.AssertIntact(log.Verify());
        foreach (var index in (int[])[0, 65_535, 65_536, 69_999, 70_000])
        {
            Assert.True(log.Prove(index).Verify(ReferenceTree.Entry(index), LogFixture.Origin, log.Key).IsVerified);
        }
    }

    [VectorFact]
    public void The_log_of_the_vectors_is_written_to_the_byte()
    {
        var v = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(Vectors.Require("tlog/vectors.json"))).RootElement;
        using var key = Ed25519SigningKey.Import(Convert.FromHexString(v.GetProperty("ed25519_seed_hex").GetString()!));
        var log = AuditLog.Create(_fixture.Directory, v.GetProperty("origin").GetString()!, key);
        log.Append(LogFixture.Entries(0, 300));
        foreach (var tile in v.GetProperty("tiles_sha256").EnumerateObject())
        {
            var bytes = File.ReadAllBytes(Path.Combine(_fixture.Directory, tile.Name));
            Assert.Equal(tile.Value.GetString(), Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes)));
        }
        Assert.StartsWith(
            File.ReadAllText(Path.Combine(_fixture.Directory, "checkpoint")),
            v.GetProperty("checkpoint").GetString(),
            StringComparison.Ordinal
        );
        // Another's checkpoint of the same log, with a witness, takes the place of ours.
        File.WriteAllText(Path.Combine(_fixture.Directory, "checkpoint"), v.GetProperty("checkpoint").GetString());
        LogFixture.AssertIntact(AuditLog.Verify(_fixture.Directory, NoteKey.Parse(v.GetProperty("log_vkey").GetString()!)));
    }

    [Fact]
    public void Records_of_every_length_are_kept()
    {
        var log = _fixture.Create(0);
        byte[][] records =
        [
            [],
            [0],
            new byte[255],
            new byte[256],
            new byte[Limits.LogEntryBytes],
        ];
        foreach (var record in records)
        {
            log.Append(record);
        }
        Assert.Equal(records, log.ReadFrom(0).Select(r => r.Record.ToArray()));
        Assert.Throws<ArgumentException>(() => log.Append(new byte[Limits.LogEntryBytes + 1]));
        Assert.Throws<ArgumentException>(() => log.Append((ReadOnlyMemory<byte>[])[]));
        Assert.Throws<ArgumentException>(() => log.Append((ReadOnlyMemory<byte>[])[default, new byte[Limits.LogEntryBytes + 1]]));
        Assert.Equal(5, log.Count());
    }

    [Fact]
    public void A_reader_needs_only_the_public_key_and_cannot_append()
    {
        _fixture.Create(3);
        var log = AuditLog.OpenRead(_fixture.Directory, _fixture.Key.PublicKey);
        Assert.Equal(LogFixture.Origin, log.Origin);
        Assert.Equal(3, log.Count());
        Assert.Equal(ReferenceTree.Entry(2), AuditLog.OpenRead(_fixture.Directory, NoteKey.Parse(log.Key.ToString())).Read(2));
        Assert.Throws<InvalidOperationException>(() => log.Append(ReferenceTree.Entry(3)));
    }

    [Fact]
    public void A_log_is_not_created_over_another_or_among_other_files()
    {
        _fixture.Create(1);
        var e = Assert.Throws<IOException>(() => _fixture.Create(0));
        Assert.Contains("open it instead", e.Message, StringComparison.Ordinal);
        var other = Path.Combine(_fixture.Root, "other");
        Directory.CreateDirectory(other);
        File.WriteAllText(Path.Combine(other, "notes.txt"), "");
        e = Assert.Throws<IOException>(() => _fixture.Create(0, other));
        Assert.Contains("notes.txt", e.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => AuditLog.Create(Path.Combine(_fixture.Root, "x"), "with space", _fixture.Key));
        Assert.False(Directory.Exists(Path.Combine(_fixture.Root, "x")));
    }

    [Theory]
    [InlineData("notes.txt", "notes.txt")]
    [InlineData(".tmp/draft.txt", ".tmp")]
    [InlineData(".tmp/0/draft.txt", ".tmp")]
    public void Where_no_log_can_be_created_nothing_is_touched(string file, string told)
    {
        var other = Path.Combine(_fixture.Root, "other");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(other, file))!);
        File.WriteAllText(Path.Combine(other, file), "mine");
        var e = Assert.Throws<IOException>(() => _fixture.Create(0, other));
        Assert.Contains($"('{told}')", e.Message, StringComparison.Ordinal);
        Assert.Equal([Path.Combine(other, file)], Directory.EnumerateFiles(other, "*", SearchOption.AllDirectories));
        Assert.Equal("mine", File.ReadAllText(Path.Combine(other, file)));
    }

    [Fact]
    public void A_log_is_not_created_through_a_link_for_its_temporary_files()
    {
        var other = Directory.CreateDirectory(Path.Combine(_fixture.Root, "other")).FullName;
        File.WriteAllText(Path.Combine(other, "0"), "mine");
        Directory.CreateDirectory(_fixture.Directory);
        Directory.CreateSymbolicLink(Path.Combine(_fixture.Directory, ".tmp"), other);
        Assert.Throws<IOException>(() => _fixture.Create(0));
        Assert.Equal("mine", File.ReadAllText(Path.Combine(other, "0")));
    }

    [Fact]
    public void That_there_is_a_log_is_told_without_waiting_for_who_writes_to_it()
    {
        _fixture.Create(1);
        using var held = LogLock.Take(_fixture.Directory, TimeSpan.Zero);
        var e = Assert.Throws<IOException>(() => AuditLog.Create(_fixture.Directory, LogFixture.Origin, _fixture.Key, TimeSpan.Zero));
        Assert.Contains("open it instead", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_creation_stopped_before_the_checkpoint_is_no_obstacle()
    {
        Directory.CreateDirectory(Path.Combine(_fixture.Directory, ".tmp"));
        File.WriteAllText(Path.Combine(_fixture.Directory, ".tmp/0"), "half");
        File.WriteAllText(Path.Combine(_fixture.Directory, ".lock"), "");
        LogFixture.AssertIntact(_fixture.Create(2).Verify());
    }

    [Fact]
    public void A_log_is_opened_with_its_own_key_and_name_only()
    {
        _fixture.Create(1);
        using var other = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        Assert.Throws<DamagedLogException>(() => AuditLog.Open(_fixture.Directory, other));
        Assert.Throws<DamagedLogException>(() => AuditLog.OpenRead(_fixture.Directory, other.PublicKey));
        Assert.Throws<DamagedLogException>(() => AuditLog.Open(_fixture.Directory, _fixture.Key, "example.com/other"));
        Assert.Throws<DamagedLogException>(() => AuditLog.Open(Path.Combine(_fixture.Root, "nothing"), _fixture.Key));
        Assert.Equal(1, AuditLog.Open(_fixture.Directory, _fixture.Key).Count());
    }

    [Fact]
    public async Task Threads_that_append_at_once_lose_nothing()
    {
        _fixture.Create(0);
        const int Writers = 4;
        const int Each = 20;
        var indexes = await Task.WhenAll(
            Enumerable
                .Range(0, Writers)
                .Select(w =>
                    Task.Factory.StartNew(
                        () =>
                        {
                            var log = _fixture.Open(_fixture.Directory);
                            return Enumerable
                                .Range(0, Each)
                                .Select(i => (Text: $"{w}-{i}", log.Append(Encoding.UTF8.GetBytes($"{w}-{i}")).Index))
                                .ToList();
                        },
                        CancellationToken.None,
                        TaskCreationOptions.LongRunning,
                        TaskScheduler.Default
                    )
                )
        );
        var log = _fixture.Open(_fixture.Directory);
        LogFixture.AssertIntact(log.Verify());
        Assert.Equal(Writers * Each, log.Count());
        foreach (var (text, index) in indexes.SelectMany(i => i))
        {
            Assert.Equal(text, Encoding.UTF8.GetString(log.Read(index)));
        }
    }

    [Fact]
    public async Task A_reader_beside_a_writer_always_sees_a_whole_log()
    {
        var log = _fixture.Create(250);
        using var stop = new CancellationTokenSource();
        var writer = Task.Factory.StartNew(
            () =>
            {
                for (var i = 250; i < 530; i++)
                {
                    log.Append(ReferenceTree.Entry(i));
                }
                stop.Cancel();
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );
        var reader = AuditLog.OpenRead(_fixture.Directory, _fixture.Key.PublicKey);
        var rounds = 0;
        for (var last = 0L; !stop.IsCancellationRequested; rounds++)
        {
            var report = reader.Verify();
            LogFixture.AssertIntact(report, withoutLeftovers: false);
            Assert.InRange(report.Checkpoint!.Checkpoint.Size, last, 530);
            last = report.Checkpoint.Checkpoint.Size;
            Assert.Equal(ReferenceTree.Entry((int)last - 1), reader.Read(last - 1));
            Assert.True(reader.Prove(last / 2).Verify(ReferenceTree.Entry((int)last / 2), LogFixture.Origin, reader.Key).IsVerified);
        }
        await writer;
        Assert.InRange(rounds, 2, int.MaxValue);
    }

    [Fact]
    public void An_append_waits_for_the_lock_and_gives_up_in_time()
    {
        _fixture.Create(1);
        var log = AuditLog.Open(_fixture.Directory, _fixture.Key, lockTimeout: TimeSpan.FromMilliseconds(100));
        using (LogLock.Take(_fixture.Directory, TimeSpan.FromSeconds(1)))
        {
            var e = Assert.Throws<IOException>(() => log.Append(ReferenceTree.Entry(1)));
            Assert.Contains("another process", e.Message, StringComparison.Ordinal);
            Assert.Equal(1, log.Count());
        }
        Assert.Equal(1, log.Append(ReferenceTree.Entry(1)).Index);
    }

    [Fact]
    public void A_lock_file_that_was_removed_while_locked_locks_nobody_out_for_ever()
    {
        _fixture.Create(1);
        var path = Path.Combine(_fixture.Directory, LogLock.FileName);
        using var held = LogLock.Take(_fixture.Directory, TimeSpan.FromSeconds(1));
        File.Delete(path);
        using (LogLock.Take(_fixture.Directory, TimeSpan.FromSeconds(1)))
        {
            Assert.Throws<IOException>(() => LogLock.Take(_fixture.Directory, TimeSpan.FromMilliseconds(20)));
        }
    }

    [Fact]
    public void An_append_reads_the_right_edge_only()
    {
        var log = _fixture.Create(600);
        // Damage far from the edge is for Verify to find.
        File.Delete(Path.Combine(_fixture.Directory, "tile/entries/000"));
        File.Delete(Path.Combine(_fixture.Directory, "tile/0/000"));
        log.Append(ReferenceTree.Entry(600));
        Assert.Equal(Reference.Root(601), log.ReadCheckpoint().Checkpoint.Root);
        Assert.False(log.Verify().IsIntact);
    }
}
