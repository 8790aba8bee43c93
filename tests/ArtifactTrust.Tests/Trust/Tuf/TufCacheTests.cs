using ArtifactTrust.Trust.Tuf;

namespace ArtifactTrust.Tests.Trust.Tuf;

public sealed class TufCacheTests : IDisposable
{
    private readonly TufFixture _fixture = new();

    private TufRepository Repository => _fixture.Repository;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Offline_the_cache_is_trusted_until_it_expires()
    {
        Repository.AddTarget("targets", "file", "content");
        Repository.Update("targets", "snapshot", "timestamp");
        await _fixture.DownloadAsync("file");
        Repository.Requests.Clear();
        var trust = (await _fixture.Offline.UpdateAsync()).Trust;
        Assert.Equal(2, trust!.Targets.Header.Version);
        Assert.True((await _fixture.Offline.DownloadAsync(trust, "file")).IsTrusted);
        _fixture.Clock.Now = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(TufFailureCode.Expired, (await _fixture.Offline.UpdateAsync()).Failure!.Code);
        Assert.Empty(Repository.Requests);
    }

    [Fact]
    public async Task Offline_what_is_not_in_the_cache_is_not_trusted()
    {
        Assert.Equal(("timestamp", TufFailureCode.NotCached), Outcome(await _fixture.Offline.UpdateAsync()));
        Repository.Delegate("targets", "a", ["*"]);
        Repository.AddTarget("a", "file", "content");
        Repository.Publish("a", "targets");
        Repository.Update("snapshot", "timestamp");
        var trust = await _fixture.AcceptAsync();
        Assert.Equal(TufFailureCode.NotCached, (await _fixture.Offline.DownloadAsync(trust, "file")).Failure!.Code);
        await _fixture.DownloadAsync("file");
        Assert.True((await _fixture.Offline.DownloadAsync(trust, "file")).IsTrusted);
        Directory.Delete(Path.Combine(_fixture.Directory, "targets"), recursive: true);
        Assert.Equal(TufFailureCode.NotCached, (await _fixture.Offline.DownloadAsync(trust, "file")).Failure!.Code);
    }

    [Theory]
    [InlineData("timestamp")]
    [InlineData("snapshot")]
    [InlineData("targets")]
    public async Task Offline_what_was_changed_in_the_cache_is_not_trusted(string role)
    {
        await _fixture.AcceptAsync();
        var path = Path.Combine(_fixture.Directory, $"{role}.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("2030", "2040", StringComparison.Ordinal));
        Assert.Equal((role, TufFailureCode.ThresholdNotMet), Outcome(await _fixture.Offline.UpdateAsync()));
        // With the repository it is read anew.
        Repository.Update("targets", "snapshot", "timestamp");
        await _fixture.AcceptAsync();
    }

    [Fact]
    public async Task Offline_an_absent_cache_is_no_error_but_no_trust_either_and_is_not_made()
    {
        var path = Path.Combine(_fixture.Directory, "absent");
        var update = await TufClient.Offline(new TufCache(path), _fixture.Clock).UpdateAsync();
        Assert.Equal(TufFailureCode.NoTrustedRoot, update.Failure!.Code);
        Assert.False(Directory.Exists(path));
    }

    [Theory]
    [InlineData("timestamp")]
    [InlineData("snapshot")]
    [InlineData("targets")]
    public async Task A_file_of_the_cache_that_a_crash_cut_short_is_read_anew(string role)
    {
        await _fixture.AcceptAsync();
        var path = Path.Combine(_fixture.Directory, $"{role}.json");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..10]);
        await _fixture.AcceptAsync();
        Assert.Equal(Repository.Files[$"{role}.json"], File.ReadAllBytes(path));
    }

    [Fact]
    public async Task A_crash_at_any_request_leaves_a_cache_that_goes_on()
    {
        Repository.Update("root", "targets", "snapshot", "timestamp");
        for (var stop = 0; stop < 6; stop++)
        {
            var count = 0;
            Repository.OnRequest = _ =>
            {
                if (count++ == stop)
                {
                    throw new IOException();
                }
            };
            try
            {
                await _fixture.Client.UpdateAsync();
            }
            catch (IOException) { }
        }
        Repository.OnRequest = null;
        Assert.Equal(2, (await _fixture.AcceptAsync()).Targets.Header.Version);
    }

    [Fact]
    public async Task What_a_crash_left_half_written_is_removed()
    {
        var leftover = Path.Combine(_fixture.Directory, ".artifact-trust-0123.tmp");
        File.WriteAllText(leftover, "half");
        await _fixture.AcceptAsync();
        Assert.False(File.Exists(leftover));
    }

    [Fact]
    public async Task Clients_at_the_same_time_wait_for_each_other()
    {
        Repository.AddTarget("targets", "file", "content");
        Repository.Update("targets", "snapshot", "timestamp");
        var inside = 0;
        Repository.OnRequest = _ =>
        {
            Assert.Equal(1, Interlocked.Increment(ref inside));
            Thread.Sleep(2);
            Interlocked.Decrement(ref inside);
        };
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => _fixture.DownloadAsync("file"))));
    }

    [Fact]
    public async Task A_client_that_waits_too_long_says_so()
    {
        var cache = new TufCache(_fixture.Directory) { LockTimeout = TimeSpan.FromMilliseconds(50) };
        using var held = await _fixture.Cache.LockAsync(default);
        var client = new TufClient(cache, Repository.FetchMetadata, Repository.FetchTarget, _fixture.Clock);
        Assert.Contains(
            "another process",
            (await Assert.ThrowsAsync<IOException>(() => client.UpdateAsync())).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_cache_that_cannot_be_written_is_an_error_and_not_distrust()
    {
        using var directory = new TemporaryDirectory();
        var file = directory.File("file", "no directory");
        var client = new TufClient(
            new TufCache(Path.Combine(file, "cache")),
            Repository.FetchMetadata,
            Repository.FetchTarget,
            _fixture.Clock,
            Repository.InitialRoot
        );
        await Assert.ThrowsAnyAsync<IOException>(() => client.UpdateAsync());
        Assert.Empty(Repository.Requests);
    }

    [Fact]
    public async Task A_new_root_given_by_the_user_replaces_all_trust()
    {
        Repository.Update("root", "timestamp");
        await _fixture.AcceptAsync();
        var other = new TufRepository();
        await _fixture.Cache.InitializeAsync(other.InitialRoot);
        Assert.Equal(
            (1L, null, null, null),
            (_fixture.Cached("root"), _fixture.Cached("timestamp"), _fixture.Cached("snapshot"), _fixture.Cached("targets"))
        );
        Assert.Single(Directory.EnumerateFiles(Path.Combine(_fixture.Directory, "root_history")));
        var client = new TufClient(_fixture.Cache, other.FetchMetadata, other.FetchTarget, _fixture.Clock);
        Assert.True((await client.UpdateAsync()).IsTrusted);
    }

    [Theory]
    [InlineData("a", "a")]
    [InlineData("..", "%2E.")]
    [InlineData(".lock", "%2Elock")]
    [InlineData("a/b\\c:d", "a%2Fb%5Cc%3Ad")]
    public void Names_become_one_file_each(string name, string file) => Assert.Equal(file, TufCache.FileName(name));

    [Fact]
    public void A_long_name_is_hashed() => Assert.Matches("^sha256%3A[0-9a-f]{64}$", TufCache.FileName(new string('x', 1000)));

    private static (string, TufFailureCode) Outcome(TufUpdate update) => (update.Failure!.Role, update.Failure.Code);
}
