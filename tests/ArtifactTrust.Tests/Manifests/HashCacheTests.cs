using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Manifests;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Manifests;

public sealed class HashCacheTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public HashCacheTests()
    {
        _directory.File("m/a", "one");
        _directory.File("m/b", "two");
    }

    private string Model => Path.Combine(_directory.Path, "m");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(null)]
    [InlineData(2L)]
    public void Only_what_changed_is_hashed_again(long? shardSize)
    {
        var form = new ManifestForm(DigestAlgorithm.Sha256, shardSize);
        var (first, cache) = Hash(new HashCache(Later), form);
        Assert.Equal((0, 2), (cache.Hits, cache.Count));
        _directory.File("m/b", "TWO");
        _directory.File("m/c", "new");
        var (second, again) = Hash(Read(cache), form);
        Assert.Equal((1, 3), (again.Hits, again.Count));
        Assert.NotEqual(first.RootDigest, second.RootDigest);
        Assert.Equal(Hash(new HashCache(Later), form).Manifest.RootDigest, second.RootDigest);
    }

    [Fact]
    public void Files_changed_shortly_before_are_not_kept()
    {
        var (_, cache) = Hash(new HashCache(TimeProvider.System), ManifestForm.Default);
        Assert.Equal(0, cache.Count);
    }

    [Theory]
    [InlineData("time")]
    [InlineData("replaced")]
    [InlineData("longer")]
    public void A_file_of_another_time_or_inode_or_size_is_hashed_again(string change)
    {
        var (_, cache) = Hash(new HashCache(Later), ManifestForm.Default);
        var path = Path.Combine(Model, "a");
        var time = File.GetLastWriteTimeUtc(path);
        switch (change)
        {
            case "time":
                // The time is set back, as an attacker would: the time of the last change of status tells.
                File.WriteAllText(path, "ONE");
                File.SetLastWriteTimeUtc(path, time);
                break;
            case "replaced":
                File.Move(_directory.File("other", "ONE"), path, overwrite: true);
                File.SetLastWriteTimeUtc(path, time);
                break;
            default:
                File.AppendAllText(path, "!");
                break;
        }
        var (manifest, again) = Hash(Read(cache), ManifestForm.Default);
        Assert.Equal(1, again.Hits);
        Assert.NotEqual(DigestAlgorithm.Sha256.Hash("one"u8), manifest.Entries[0].Digest);
    }

    [Fact]
    public void A_cache_of_another_directory_or_form_gives_nothing()
    {
        var (_, cache) = Hash(new HashCache(Later), ManifestForm.Default);
        Assert.Equal(0, Hash(Read(cache), new ManifestForm(DigestAlgorithm.Sha256, 2)).Cache.Hits);
        Assert.Equal(0, Hash(Read(cache, "/elsewhere"), ManifestForm.Default).Cache.Hits);
    }

    [Fact]
    public void A_file_that_went_away_is_forgotten()
    {
        var (_, cache) = Hash(new HashCache(Later), ManifestForm.Default);
        File.Delete(Path.Combine(Model, "a"));
        Assert.Equal(1, Hash(Read(cache), ManifestForm.Default).Cache.Count);
    }

    [Fact]
    public void Verification_takes_no_cache()
    {
        using var tree = FileTree.Open(Model);
        using var key = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        var files = new HashedTree(tree) { Cache = new HashCache(Later) };
        Assert.Throws<ArgumentException>(() =>
            new ModelVerifier(new BundleVerifier([key.PublicKey])).Verify(null!, files, IgnoreRules.None)
        );
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"hashCacheVersion":1,"directory":"D","files":[],"more":1}""")]
    [InlineData("""{"hashCacheVersion":2,"directory":"D","files":[]}""")]
    [InlineData("""{"hashCacheVersion":1,"directory":"D","files":[{}]}""")]
    [InlineData("""{"hashCacheVersion":1,"directory":"D","files":[{"form":"files/md5","name":"a","status":[1,2,3,4,5,6],"digests":[]}]}""")]
    [InlineData(
        """{"hashCacheVersion":1,"directory":"D","files":[{"form":"shards:0/sha256","name":"a","status":[1,2,3,4,5,6],"digests":[]}]}"""
    )]
    [InlineData(
        """{"hashCacheVersion":1,"directory":"D","files":[{"form":"files/sha256","name":"a","status":[1,2,3,4,5],"digests":[]}]}"""
    )]
    [InlineData(
        """{"hashCacheVersion":1,"directory":"D","files":[{"form":"files/sha256","name":"a","status":[1,2,3,4,5,6],"digests":[]}]}"""
    )]
    [InlineData(
        """{"hashCacheVersion":1,"directory":"D","files":[{"form":"files/sha256","name":"a","status":[-1,2,3,4,5,6],"digests":["00"]}]}"""
    )]
    public void What_is_no_cache_is_refused(string text) =>
        Assert.Throws<MalformedDataException>(() =>
            HashCache.Read(new MemoryStream(Encoding.UTF8.GetBytes(text)), "D", TimeProvider.System)
        );

    private static TimeProvider Later { get; } = new Shifted();

    private HashCache Read(HashCache cache, string? directory = null)
    {
        using var stream = new MemoryStream();
        cache.WriteTo(stream, directory ?? Model);
        stream.Position = 0;
        return HashCache.Read(stream, Model, Later);
    }

    private (FileManifest Manifest, HashCache Cache) Hash(HashCache cache, ManifestForm form)
    {
        using var tree = FileTree.Open(Model);
        return (new HashedTree(tree) { Cache = cache }.Manifest(IgnoreRules.None, form: form), cache);
    }

    /// <summary>A minute later, when the file system's clock has gone on.</summary>
    private sealed class Shifted : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddMinutes(1);
    }
}
