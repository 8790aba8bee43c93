using ArtifactTrust.Tests.Transparency;

namespace ArtifactTrust.Tests.Audit;

/// <summary>Appends stopped before each of their operations, and operations that fail.</summary>
public sealed class CrashTests : IDisposable
{
    private readonly LogFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(7, 3)]
    [InlineData(254, 1)]
    [InlineData(255, 1)]
    [InlineData(256, 1)]
    [InlineData(250, 300)]
    [InlineData(511, 2)]
    public void An_append_stopped_anywhere_leaves_the_old_or_the_new_log_whole(int size, int count)
    {
        _fixture.Create(size);
        var kept = 0;
        var stops = 0;
        for (var stop = 0; ; stop++)
        {
            var directory = _fixture.Copy(_fixture.Directory);
            var log = _fixture.Open(directory);
            var trusted = log.ReadCheckpoint();
            var operations = 0;
            // Nothing runs after a crash, and so none of the cleaning up either.
            log.Observe = _ => operations = operations++ >= stop ? throw new CrashException() : operations;
            try
            {
                log.Append(LogFixture.Entries(size, count));
                break;
            }
            catch (CrashException) { }
            stops++;
            var after = _fixture.Open(directory);
            LogFixture.AssertIntact(after.Verify(trusted), withoutLeftovers: false);
            Assert.Contains(after.Count(), (long[])[size, size + count]);
            kept += after.Count() > size ? 1 : 0;
            Assert.Equal(
                Enumerable.Range(0, (int)after.Count()).Select(ReferenceTree.Entry),
                after.ReadFrom(0).Select(r => r.Record.ToArray())
            );

            // Other records, one or many, then take the place of those that were not logged.
            var next = after.Count();
            foreach (var more in (int[])[1, 1, 280])
            {
                Assert.Equal(next, after.Append(LogFixture.Entries(10_000, more)).Index);
                next += more;
                LogFixture.AssertIntact(after.Verify(trusted), withoutLeftovers: false);
            }
            Assert.Equal(ReferenceTree.Entry(10_000), after.Read(next - 280));
            Assert.Empty(Directory.EnumerateFiles(Path.Combine(directory, ".tmp")));
            Directory.Delete(directory, recursive: true);
        }
        Assert.InRange(stops, 10, int.MaxValue);
        Assert.InRange(kept, 1, 6);
    }

    [Fact]
    public void An_append_stopped_among_the_leftovers_of_another_does_no_harm()
    {
        var log = _fixture.Create(250);
        log.Observe = o =>
        {
            if (o == "write checkpoint")
            {
                throw new CrashException();
            }
        };
        Assert.Throws<CrashException>(() => log.Append(LogFixture.Entries(9_000, 300)));
        var stops = 0;
        for (var isStopped = true; isStopped; stops++)
        {
            var directory = _fixture.Copy(_fixture.Directory);
            var second = _fixture.Open(directory);
            var operations = 0;
            second.Observe = _ => operations = operations++ >= stops ? throw new CrashException() : operations;
            isStopped = false;
            try
            {
                second.Append(LogFixture.Entries(8_000, 100));
            }
            catch (CrashException)
            {
                isStopped = true;
            }
            var third = _fixture.Open(directory);
            var next = third.Count();
            LogFixture.AssertIntact(third.Verify(), withoutLeftovers: false);
            Assert.Equal(next, third.Append(LogFixture.Entries(7_000, 3)).Index);
            Assert.Equal(next + 3, third.Append(LogFixture.Entries(7_003, 400)).Index);
            LogFixture.AssertIntact(third.Verify());
            Assert.Equal(ReferenceTree.Entry(7_000), third.Read(next));
            Directory.Delete(directory, recursive: true);
        }
        Assert.InRange(stops, 20, int.MaxValue);
    }

    [Theory]
    [InlineData(7, 1)]
    [InlineData(255, 1)]
    [InlineData(250, 300)]
    public void An_operation_that_fails_leaves_the_old_log_and_the_next_append_succeeds(int size, int count)
    {
        _fixture.Create(size);
        for (var fail = 0; ; fail++)
        {
            var directory = _fixture.Copy(_fixture.Directory);
            var log = _fixture.Open(directory);
            var operations = 0;
            string? failed = null;
            log.Observe = operation =>
            {
                if (operations++ == fail)
                {
                    failed = operation;
                    throw new IOException("the device failed");
                }
            };
            try
            {
                Assert.Equal(size, log.Append(LogFixture.Entries(size, count)).Index);
                Assert.Equal(size + count, log.Count());
            }
            catch (IOException e)
            {
                // Only the directory of the checkpoint is flushed after the rename; then the caller is told that it is not certain.
                Assert.Equal(
                    failed == "flush ./" && log.Count() > size,
                    e.Message.Contains("for certain", StringComparison.Ordinal) && log.Count() > size
                );
                Assert.Contains(log.Count(), failed == "flush ./" ? (long[])[size, size + count] : [size]);
                Assert.Empty(Directory.EnumerateFiles(Path.Combine(directory, ".tmp")));
            }
            log.Observe = null;
            LogFixture.AssertIntact(log.Verify(), withoutLeftovers: false);
            var next = log.Count();
            Assert.Equal(next, log.Append(LogFixture.Entries(10_000, 1)).Index);
            LogFixture.AssertIntact(log.Verify(), withoutLeftovers: false);
            Directory.Delete(directory, recursive: true);
            if (failed is null)
            {
                break;
            }
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(7, 1)]
    [InlineData(255, 1)]
    [InlineData(250, 300)]
    [InlineData(256_000, 1)]
    public void Everything_is_flushed_before_the_checkpoint_is_renamed(int size, int count)
    {
        var log = _fixture.Create(size);
        var operations = new List<string>();
        log.Observe = operations.Add;
        log.Append(LogFixture.Entries(size, count));

        var checkpoint = operations.IndexOf("rename checkpoint");
        Assert.Equal("flush checkpoint", operations[checkpoint - 2]);
        Assert.Equal("flush ./", operations[checkpoint + 1]);
        foreach (var renamed in operations.Where(o => o.StartsWith("rename ", StringComparison.Ordinal)).Select(o => o[7..]))
        {
            var rename = operations.IndexOf($"rename {renamed}");
            Assert.InRange(operations.IndexOf($"flush {renamed}"), 0, rename);
            var directory = Path.GetDirectoryName(renamed) is { Length: > 0 } d ? d : ".";
            var flushed = operations.FindIndex(rename, o => o == $"flush {directory}/");
            Assert.InRange(flushed, rename, renamed == "checkpoint" ? checkpoint + 1 : checkpoint);
            // What is below a directory is flushed before its name is.
            if (Path.GetDirectoryName(directory) is { Length: > 0 } parent && operations.IndexOf($"flush {parent}/") is > 0 and var above)
            {
                Assert.InRange(above, flushed, int.MaxValue);
            }
        }
        Assert.All(operations.Skip(checkpoint + 2), o => Assert.StartsWith("remove tile/", o, StringComparison.Ordinal));
        // O(log n): two files, a few directories and the checkpoint, whatever the size.
        if (count == 1)
        {
            Assert.InRange(operations.Count(o => o.StartsWith("flush ", StringComparison.Ordinal)), 6, 16);
        }
    }

    [Fact]
    public void A_directory_made_by_a_writer_that_was_killed_is_flushed_too()
    {
        var log = _fixture.Create(256);
        Directory.CreateDirectory(Path.Combine(_fixture.Directory, "tile/0/001.p"));
        var operations = new List<string>();
        log.Observe = operations.Add;
        log.Append(ReferenceTree.Entry(256));
        Assert.Contains("flush tile/0/", operations);
        Assert.Contains("flush tile/", operations);
    }

    [Fact]
    public void Leftovers_are_listed_and_the_next_append_replaces_them()
    {
        var log = _fixture.Create(250);
        log.Observe = o =>
        {
            if (o == "write checkpoint")
            {
                throw new CrashException();
            }
        };
        Assert.Throws<CrashException>(() => log.Append(LogFixture.Entries(9_000, 300)));
        log.Observe = null;
        var report = log.Verify();
        LogFixture.AssertIntact(report, withoutLeftovers: false);
        Assert.Equal(
            [
                "tile/0/000",
                "tile/0/001",
                "tile/0/002.p/38",
                "tile/1/000.p/2",
                "tile/entries/000",
                "tile/entries/001",
                "tile/entries/002.p/38",
            ],
            report.Leftovers.Order(StringComparer.Ordinal)
        );
        log.Append(ReferenceTree.Entry(250));
        Assert.DoesNotContain("tile/0/000", log.Verify().Leftovers);
        log.Append(LogFixture.Entries(251, 300));
        LogFixture.AssertIntact(log.Verify());
        Assert.Equal(Enumerable.Range(0, 551).Select(ReferenceTree.Entry), log.ReadFrom(0).Select(r => r.Record.ToArray()));
    }

    private sealed class CrashException : Exception;
}
