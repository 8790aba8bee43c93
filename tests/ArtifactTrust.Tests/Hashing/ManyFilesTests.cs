using System.Diagnostics;
using System.Security.Cryptography;
using ArtifactTrust.Hashing;
using ArtifactTrust.Hashing.Kernels;

namespace ArtifactTrust.Tests.Hashing;

/// <summary>The scheduler: lanes, streams, shards and subtrees over files of many sizes.</summary>
public sealed class ManyFilesTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public ManyFilesTests()
    {
        // Measured lanes are used for any amount of work.
        HashRates.For(DigestAlgorithm.Sha256, long.MaxValue, 1);
        HashRates.For(DigestAlgorithm.Blake2b, long.MaxValue, 1);
        var random = new Random(7);
        for (var i = 0; i < 200; i++)
        {
            _directory.File($"d{i % 5}/f{i}", RandomNumberGenerator.GetBytes(i < 130 ? i : random.Next(150_000)));
        }
        _directory.File("big", RandomNumberGenerator.GetBytes((9 << 20) + 5));
    }

    public void Dispose() => _directory.Dispose();

    public static TheoryData<string, int> Runs =>
        new()
        {
            { "sha256", 1 },
            { "sha256", 2 },
            { "sha256", 7 },
            { "blake2b", 1 },
            { "blake2b", 7 },
            { "blake3", 1 },
            { "blake3", 7 },
        };

    [Theory]
    [MemberData(nameof(Runs))]
    public void Each_file_has_the_digest_of_its_bytes(string name, int workers)
    {
        var algorithm = DigestAlgorithm.FindForModels(name)!;
        using var tree = FileTree.Open(_directory.Path);
        var files = tree.List(IgnoreRules.None);
        var hashed = new FileHasher(algorithm, workers).Hash(tree, files);
        for (var i = 0; i < files.Count; i++)
        {
            Assert.Equal(algorithm.Hash(Content(files[i].Name)), hashed[i].Digest);
            Assert.Equal(files[i].Size, hashed[i].Size);
        }
    }

    [Theory]
    [InlineData("sha256", 64)]
    [InlineData("sha256", 99_991)]
    [InlineData("sha256", 4 << 20)]
    [InlineData("sha256", 1_000_000_000)]
    [InlineData("blake2b", 128)]
    [InlineData("blake2b", 99_991)]
    [InlineData("blake2b", 4 << 20)]
    public void Each_shard_has_the_digest_of_its_bytes(string name, long size)
    {
        var algorithm = DigestAlgorithm.FindForModels(name)!;
        using var tree = FileTree.Open(_directory.Path);
        var files = tree.List(IgnoreRules.None);
        var shards = new FileHasher(algorithm).HashShards(tree, files, size);
        Assert.Equal(files.Sum(f => Math.Max(1, (f.Size + size - 1) / size)), shards.Count);
        foreach (var file in shards.GroupBy(s => s.Name))
        {
            var content = Content(file.Key);
            var end = 0L;
            foreach (var shard in file)
            {
                Assert.Equal(end, shard.Start);
                end = shard.End;
                Assert.Equal(algorithm.Hash(content.AsSpan((int)shard.Start, (int)(end - shard.Start))), shard.Digest);
            }
            Assert.Equal(content.Length, end);
        }
    }

    [Fact]
    public void A_file_that_changed_since_it_was_listed_has_no_shards()
    {
        using var tree = FileTree.Open(_directory.Path);
        var files = tree.List(IgnoreRules.None);
        File.AppendAllText(Path.Combine(_directory.Path, "big"), "x");
        var e = Assert.Throws<IOException>(() => new FileHasher(DigestAlgorithm.Sha256).HashShards(tree, files, 1 << 20));
        Assert.Contains("'big'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_in_lanes_that_change_are_refused()
    {
        using var tree = FileTree.Open(_directory.Path);
        // Somebody who never stops writing: whenever a file was read, all others have changed.
        var hook = new Hook(() =>
        {
            for (var i = 130; i < 200; i++)
            {
                File.AppendAllText(Path.Combine(_directory.Path, $"d{i % 5}", $"f{i}"), "x");
            }
        });
        Assert.Throws<IOException>(() => new FileHasher(DigestAlgorithm.Sha256, 1).Hash(tree, tree.List(IgnoreRules.None), hook));
    }

    [Fact]
    public void Several_digests_of_one_reading_are_those_of_each()
    {
        using var file = File.OpenHandle(Path.Combine(_directory.Path, "big"));
        DigestAlgorithm[] algorithms = [.. DigestAlgorithm.ForModels, DigestAlgorithm.Sha512];
        var (digests, size) = FileHasher.HashOnce(file, algorithms);
        Assert.Equal(algorithms.Select(a => a.Hash(Content("big"))), digests);
        Assert.Equal(Content("big").Length, size);
    }

    [Fact]
    public void A_file_larger_than_all_others_together_is_a_stream_and_equal_files_go_in_lanes()
    {
        if (Sha256Kernel.Best is not { } kernel)
        {
            return;
        }
        var rates = new HashRates(1, 3, kernel);
        long[] one = [1000, 1, 1];
        Assert.Equal(1, HashPlan.Split([0, 1, 2], one, one.Sum(), 2, rates));
        var equal = Enumerable.Repeat(10L, 1000).ToArray();
        Assert.Equal(0, HashPlan.Split([.. Enumerable.Range(0, 1000)], equal, equal.Sum(), 2, rates));
    }

    [Fact]
    public void A_medium_that_seeks_keeps_one_stream_and_one_that_does_not_gets_all()
    {
        Assert.Equal(1, Settle(limit => 100e6 / limit));
        Assert.Equal(32, Settle(limit => 100e6 * limit));
        Assert.InRange(Settle(limit => Math.Min(limit, 4) * 50e6), 4, 8);

        static int Settle(Func<int, double> bytesPerSecond)
        {
            var gate = new StreamGate(2, 32);
            var now = Stopwatch.GetTimestamp();
            for (var i = 0; i < 30; i++)
            {
                // A second each, which the threads spend waiting for the disk.
                now += Stopwatch.Frequency;
                gate.Record((long)bytesPerSecond(gate.Limit), Stopwatch.Frequency, now);
            }
            return gate.Limit;
        }
    }

    [Fact]
    public void Bytes_from_memory_are_not_limited()
    {
        var gate = new StreamGate(2, 32);
        var now = Stopwatch.GetTimestamp();
        for (var i = 0; i < 30; i++)
        {
            now += Stopwatch.Frequency / 10;
            gate.Record(64 << 20, Stopwatch.Frequency / 50, now);
        }
        Assert.Equal(32, gate.Limit);
    }

    [Fact]
    public void Small_files_in_memory_are_not_taken_for_a_slow_medium()
    {
        var gate = new StreamGate(2, 32);
        var now = Stopwatch.GetTimestamp();
        for (var i = 0; i < 10_000; i++)
        {
            // 4 KiB in 15 microseconds are 270 MB/s; the next call as much later.
            now += 2 * (Stopwatch.Frequency * 15 / 1_000_000);
            gate.Record(4096, Stopwatch.Frequency * 15 / 1_000_000, now);
        }
        Assert.Equal((32, false), (gate.Limit, gate.IsSlow));
    }

    [Fact]
    public void One_read_that_a_busy_machine_held_up_does_not_make_the_medium_slow()
    {
        var gate = new StreamGate(2, 32);
        var now = Stopwatch.GetTimestamp();
        Held();
        Assert.False(gate.IsSlow);
        Fast(100);
        Assert.Equal((32, false), (gate.Limit, gate.IsSlow));
        // Twice in a row does, until nobody waits for reads for a while.
        gate = new StreamGate(2, 32);
        now = Stopwatch.GetTimestamp();
        Held();
        Held();
        Assert.Equal((1, true), (gate.Limit, gate.IsSlow));
        Fast(100_000);
        Assert.Equal((32, false), (gate.Limit, gate.IsSlow));

        void Held()
        {
            now += Stopwatch.Frequency / 20;
            gate.Record(128 << 10, Stopwatch.Frequency / 20, now);
        }

        void Fast(int reads)
        {
            for (var i = 0; i < reads; i++)
            {
                now += Stopwatch.Frequency / 100_000;
                gate.Record(4096, Stopwatch.Frequency / 500_000, now);
            }
        }
    }

    [Fact]
    public void Small_files_that_wait_for_a_disk_are_found_slow()
    {
        var gate = new StreamGate(1, 32);
        var now = Stopwatch.GetTimestamp();
        for (var i = 0; i < 1_000; i++)
        {
            now += Stopwatch.Frequency / 1_000;
            gate.Record(4096, Stopwatch.Frequency / 1_000, now);
        }
        Assert.True(gate.IsSlow);
    }

    [Fact]
    public void Before_the_medium_is_known_each_worker_has_one_stream()
    {
        var gate = new StreamGate(2, 32);
        Assert.Equal((1, 1), (gate.Allowed(0), gate.Allowed(1)));
        gate.Record(128 << 10, 1, Stopwatch.GetTimestamp() + 1);
        Assert.Equal((32, 32), (gate.Allowed(0), gate.Allowed(1)));
    }

    [Fact]
    public void Files_too_small_to_tell_are_not_limited()
    {
        var gate = new StreamGate(2, 32);
        for (var i = 0; i < 100; i++)
        {
            gate.Allowed(i % 2);
        }
        Assert.Equal(32, gate.Limit);
    }

    [Fact]
    public void What_a_run_found_out_of_the_medium_the_next_need_not()
    {
        var reserve = new HashReserve();
        var gate = reserve.TakeGate(2, 2, 32);
        FindSlow(gate);
        gate.Leave(0);
        Assert.True(gate.IsSlow);
        reserve.Return(gate);
        var next = reserve.TakeGate(2, 2, 32);
        Assert.Equal((true, 1, 0), (next.IsSlow, next.Allowed(0), next.Allowed(1)));
        // Two runs at a time have a gate each, and so has one with another number of lanes.
        Assert.False(reserve.TakeGate(2, 2, 32).IsSlow);
        reserve.Return(next);
        Assert.Equal(2, reserve.TakeGate(2, 2, 2).Limit);
    }

    [Fact]
    public void Streams_of_a_worker_that_is_done_are_the_others()
    {
        var gate = new StreamGate(2, 32);
        FindSlow(gate);
        Assert.Equal((1, 0), (gate.Allowed(0), gate.Allowed(1)));
        gate.Leave(0);
        Assert.Equal(1, gate.Allowed(1));
    }

    private static void FindSlow(StreamGate gate)
    {
        var now = Stopwatch.GetTimestamp();
        gate.Record(10 << 20, Stopwatch.Frequency, now + Stopwatch.Frequency);
        gate.Record(10 << 20, Stopwatch.Frequency, now + (2 * Stopwatch.Frequency));
    }

    private byte[] Content(string name) => File.ReadAllBytes(Path.Combine(_directory.Path, name));

    private sealed class Hook(Action action) : IProgress<long>
    {
        public void Report(long value) => action();
    }
}
