using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using ArtifactTrust.Audit;
using ArtifactTrust.Keys;

namespace ArtifactTrust.EndToEnd.Audit;

/// <summary>The audit log under real processes, real kills, a full disk, and a reader that is not ours.</summary>
public sealed class AuditLogProcessTests : IDisposable
{
    private const string Origin = "example.com/audit";
    private readonly string _root = Directory.CreateTempSubdirectory("audit-log-").FullName;
    private readonly SigningKey _key = KeyFile.ReadSigningKey(TestFiles.Ed25519Key);

    private string LogPath => Path.Combine(_root, "log");

    public void Dispose()
    {
        _key.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task Processes_that_append_at_once_lose_nothing()
    {
        const int Processes = 4;
        const int Appends = 20;
        AuditLog.Create(LogPath, Origin, _key);
        var outputs = await Task.WhenAll(
            Enumerable
                .Range(0, Processes)
                .Select(async p =>
                {
                    using var worker = AppendWorker.Start(LogPath, $"w{p}", Appends, batch: p + 1);
                    var errors = worker.StandardError.ReadToEndAsync();
                    var output = await worker.StandardOutput.ReadToEndAsync();
                    await worker.WaitForExitAsync();
                    Assert.Equal("", await errors);
                    return output;
                })
        );
        var log = AuditLog.Open(LogPath, _key);
        AssertIntact(log.Verify());
        Assert.Equal(Appends * (1 + 2 + 3 + 4), log.Count());
        AssertPresent(log, outputs.SelectMany(o => o.Split('\n', StringSplitOptions.RemoveEmptyEntries)), Appends * (1 + 2 + 3 + 4));
    }

    [Fact]
    public async Task Nothing_acknowledged_is_lost_when_writers_are_killed_at_any_moment()
    {
        // More rounds are for a long run: AUDIT_LOG_KILLS=200.
        var rounds = int.TryParse(Environment.GetEnvironmentVariable("AUDIT_LOG_KILLS"), CultureInfo.InvariantCulture, out var n) ? n : 15;
        var random = new Random(20_260_102);
        var log = AuditLog.Create(LogPath, Origin, _key);
        var trusted = log.ReadCheckpoint();
        var acknowledged = new ConcurrentQueue<string>();
        for (var round = 0; round < rounds; round++)
        {
            // Two at a time, so that one is often killed with the lock and the other while it waits for it.
            var workers = (Process[])
                [
                    AppendWorker.Start(LogPath, $"r{round}a", 1_000_000, batch: 1),
                    AppendWorker.Start(LogPath, $"r{round}b", 1_000_000, batch: random.Next(2) == 0 ? 1 : 100),
                ];
            var readers = workers.Select(async worker =>
            {
                while (await worker.StandardOutput.ReadLineAsync() is { } line)
                {
                    acknowledged.Enqueue(line);
                }
            });
            var reading = Task.WhenAll(readers.ToList());
            var before = acknowledged.Count;
            for (var wait = 0; acknowledged.Count == before && wait < 3000; wait++)
            {
                await Task.Delay(10);
            }
            await Task.Delay(random.Next(60));
            foreach (var worker in workers)
            {
                worker.Kill();
            }
            await reading;
            foreach (var worker in workers)
            {
                await worker.WaitForExitAsync();
                worker.Dispose();
            }
            Assert.True(acknowledged.Count > before, "no append ended within 30 seconds");

            var report = log.Verify(trusted);
            AssertIntact(report);
            trusted = report.Checkpoint!;
        }
        AssertPresent(log, acknowledged, acknowledged.Count);
        // The lock went with its holder, and what was left behind goes with the next append.
        log.Append(AppendWorker.Record("last"));
        AssertIntact(log.Verify(trusted));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(LogPath, ".tmp")));
    }

    [SmallDiskFact]
    public void A_full_disk_leaves_the_log_at_its_old_state_and_is_no_end()
    {
        using var disk = SmallDisk.Mount(Path.Combine(_root, "disk"), kilobytes: 512);
        var ballast = Path.Combine(disk.Path, "ballast");
        File.WriteAllBytes(ballast, new byte[200 << 10]);
        var log = AuditLog.Create(Path.Combine(disk.Path, "log"), Origin, _key);
        var failures = 0;
        var logged = 0L;
        for (var i = 0; failures < 5; i++)
        {
            try
            {
                Assert.Equal(logged, log.Append(AppendWorker.Record($"{i}")).Index);
                logged++;
            }
            catch (IOException e)
            {
                Assert.IsNotType<DamagedLogException>(e);
                failures++;
            }
            Assert.Equal(logged, log.Count());
        }
        Assert.InRange(logged, 5, 500);
        AssertIntact(log.Verify());
        File.Delete(ballast);
        Assert.Equal(logged, log.Append(AppendWorker.Record("after")).Index);
        var report = log.Verify();
        AssertIntact(report);
        Assert.Empty(report.Leftovers);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(256)]
    [InlineData(300)]
    [InlineData(66_000)]
    public async Task A_reader_that_is_not_ours_checks_the_log_and_a_proof(int size)
    {
        var log = AuditLog.Create(LogPath, Origin, _key);
        log.Append([.. Enumerable.Range(0, size).Select(i => (ReadOnlyMemory<byte>)AppendWorker.Record($"{i}"))]);
        var index = size * 2 / 3;
        var proof = Path.Combine(_root, "proof");
        await File.WriteAllBytesAsync(proof, log.Prove(index).ToBytes());
        var (code, output) = await Check(proof);
        Assert.Equal($"ok {size} {index}", output.Trim());
        Assert.Equal(0, code);

        // It does check: each of these is refused.
        foreach (
            var file in (string[])
                ["checkpoint", size < 256 ? "tile/0/000.p/1" : "tile/0/000", size < 256 ? "tile/entries/000.p/1" : "tile/entries/000"]
        )
        {
            var path = Path.Combine(LogPath, file);
            var original = await File.ReadAllBytesAsync(path);
            var changed = original.ToArray();
            changed[9] ^= 1;
            await File.WriteAllBytesAsync(path, changed);
            Assert.NotEqual(0, (await Check(proof)).Code);
            await File.WriteAllBytesAsync(path, original);
        }
        await File.WriteAllTextAsync(
            proof,
            (await File.ReadAllTextAsync(proof)).Replace($"index {index}", $"index {index + 1}", StringComparison.Ordinal)
        );
        Assert.NotEqual(0, (await Check(proof)).Code);

        async Task<(int Code, string Output)> Check(string proofPath)
        {
            var script = Path.Combine(TestFiles.Repository, "tests", "ArtifactTrust.EndToEnd", "Audit", "check_log.py");
            using var process = Process.Start(
                new ProcessStartInfo("python3", [script, $"file://{LogPath}", log.Key.ToString(), proofPath])
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                }
            )!;
            var errors = process.StandardError.ReadToEndAsync();
            var text = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            return (process.ExitCode, text + await errors);
        }
    }

    private static void AssertPresent(AuditLog log, IEnumerable<string> lines, int atLeast)
    {
        var records = log.ReadFrom(0).ToDictionary(r => r.Index, r => r.Record.ToArray());
        var count = 0;
        foreach (var (index, record) in lines.SelectMany(AppendWorker.Acknowledged))
        {
            Assert.Equal(record, records[index]);
            count++;
        }
        Assert.InRange(count, atLeast, int.MaxValue);
    }

    private static void AssertIntact(AuditLogReport report) => Assert.True(report.IsIntact, string.Join('\n', report.Problems));
}
