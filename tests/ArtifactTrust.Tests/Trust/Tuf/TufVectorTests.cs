using ArtifactTrust.Trust.Tuf;

namespace ArtifactTrust.Tests.Trust.Tuf;

public sealed class TufVectorTests
{
    [VectorFact]
    public async Task The_repository_of_a_local_Sigstore_is_trusted_from_its_own_root()
    {
        var folder = Vectors.Require("local-sigstore/tuf");
        using var directory = new TemporaryDirectory();
        var cache = new TufCache(directory.Path);
        await cache.InitializeAsync(await File.ReadAllBytesAsync(Path.Combine(folder, "1.root.json")));
        var clock = new TufFixture.FixedClock(new DateTimeOffset(2026, 11, 22, 0, 0, 0, TimeSpan.Zero));
        var client = new TufClient(cache, (p, n, _) => Read(folder, p, n), (p, n, _) => Read(Path.Combine(folder, "targets"), p, n), clock);
        var update = await client.UpdateAsync();
        Assert.True(update.IsTrusted, update.Failure?.ToString());
        Assert.Equal((3L, 3L), (update.Trust!.Timestamp.Header.Version, update.Trust.Targets.Header.Version));
        foreach (var name in (string[])["trusted_root.json", "signing_config.v0.2.json"])
        {
            var download = await client.DownloadAsync(update.Trust, name);
            Assert.Equal(File.ReadAllBytes(Vectors.Require($"local-sigstore/{name}")), download.Content.ToArray());
        }
        clock.Now = new DateTimeOffset(2036, 11, 19, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(TufFailureCode.Expired, (await client.UpdateAsync()).Failure!.Code);
    }

    private static Task<byte[]?> Read(string folder, string path, long maximumBytes)
    {
        var file = Path.Combine(folder, path);
        return Task.FromResult(File.Exists(file) && new FileInfo(file).Length <= maximumBytes ? File.ReadAllBytes(file) : null);
    }
}
