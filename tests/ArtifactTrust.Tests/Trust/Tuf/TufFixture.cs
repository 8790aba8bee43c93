using ArtifactTrust.Trust.Tuf;

namespace ArtifactTrust.Tests.Trust.Tuf;

/// <summary>A repository, a clock, and a client with its cache.</summary>
internal sealed class TufFixture : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    internal TufFixture()
    {
        Cache = new TufCache(Directory);
        Cache.InitializeAsync(Repository.InitialRoot).GetAwaiter().GetResult();
    }

    internal TufRepository Repository { get; } = new();

    internal FixedClock Clock { get; } = new(new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero));

    internal string Directory => Path.Combine(_directory.Path, "cache");

    internal TufCache Cache { get; }

    internal TufClient Client => new(Cache, Repository.FetchMetadata, Repository.FetchTarget, Clock);

    internal TufClient Offline => TufClient.Offline(Cache, Clock);

    internal async Task<TufTrust> AcceptAsync()
    {
        var update = await Client.UpdateAsync();
        Assert.True(update.IsTrusted, update.Failure?.ToString());
        return update.Trust!;
    }

    internal async Task<TufFailure> RefuseAsync(TufFailureCode code, string role)
    {
        var update = await Client.UpdateAsync();
        Assert.False(update.IsTrusted);
        Assert.Null(update.Trust);
        Assert.True((code, role) == (update.Failure.Code, update.Failure.Role), update.Failure.ToString());
        return update.Failure;
    }

    internal async Task<TufDownload> DownloadAsync(string path) => await Client.DownloadAsync(await AcceptAsync(), path);

    internal async Task<TufFailure> RefuseDownloadAsync(TufFailureCode code, string path)
    {
        var download = await DownloadAsync(path);
        Assert.False(download.IsTrusted);
        Assert.True(download.Content.IsEmpty);
        Assert.True(code == download.Failure.Code, download.Failure.ToString());
        return download.Failure;
    }

    /// <summary>The version in the cache; null where there is none.</summary>
    internal long? Cached(string role)
    {
        var path = Path.Combine(Directory, TufCache.FileName(role) + ".json");
        return File.Exists(path) ? (long)System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllBytes(path))!["signed"]!["version"]! : null;
    }

    public void Dispose() => _directory.Dispose();

    internal sealed class FixedClock(DateTimeOffset now) : TimeProvider
    {
        internal DateTimeOffset Now { get; set; } = now;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
