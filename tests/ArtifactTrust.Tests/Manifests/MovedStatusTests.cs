using System.Runtime.Versioning;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;
using ArtifactTrust.Tests.Hashing;

namespace ArtifactTrust.Tests.Manifests;

/// <summary>Files that get or lose names while they are hashed, as those of a store do; and files that are changed so that it looks the same.</summary>
[SupportedOSPlatform("linux")]
public sealed class MovedStatusTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public MovedStatusTests()
    {
        Directory.CreateDirectory(At("m"));
        // More than a subtree of BLAKE3, and shards that end within a read.
        MovedStatus.Write(At("m/large"), (4 << 20) + 3);
        MovedStatus.Write(At("m/other"), 700_000);
    }

    public static TheoryData<string, long?, bool> Ways
    {
        get
        {
            var ways = new TheoryData<string, long?, bool>();
            foreach (var algorithm in new[] { "sha256", "blake2b", "blake3" })
            {
                foreach (var paced in new[] { false, true })
                {
                    ways.Add(algorithm, null, paced);
                    ways.Add(algorithm, 1_000_000, paced);
                }
            }
            return ways;
        }
    }

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_name_that_a_file_gets_while_it_is_read_changes_nothing(string algorithm, long? shardSize, bool paced)
    {
        var expected = Hash(algorithm, shardSize, paced, _ => { });
        var told = 0;

        var manifest = Hash(algorithm, shardSize, paced, _ => Link(Interlocked.Increment(ref told) == 2));

        Assert.Equal(expected.Entries, manifest.Entries);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_name_that_a_file_gets_before_the_last_look_changes_nothing(string algorithm, long? shardSize, bool paced)
    {
        var expected = Hash(algorithm, shardSize, paced, _ => { });
        var (read, linked) = (0L, 0);

        var manifest = Hash(
            algorithm,
            shardSize,
            paced,
            n => Link(Interlocked.Add(ref read, n) == Total && Interlocked.Exchange(ref linked, 1) == 0)
        );

        Assert.Equal(expected.Entries, manifest.Entries);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData(null, true)]
    [InlineData(1_000_000L, false)]
    [InlineData(1_000_000L, true)]
    public void A_file_that_never_keeps_still_is_refused(long? shardSize, bool paced)
    {
        // Every reading of the large file is told of four times and more.
        var told = 0;
        AssertChanged(() => Hash("sha256", shardSize, paced, _ => Link(Interlocked.Increment(ref told) % 4 == 0)));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_change_is_noticed_although_the_time_was_put_back(string algorithm, long? shardSize, bool paced)
    {
        // By then its first byte was read: this reader takes one file after the other.
        var end = paced ? new FileInfo(At("m/large")).Length : Total;
        var (read, done) = (0L, 0);
        AssertChanged(() =>
            Hash(
                algorithm,
                shardSize,
                paced,
                n =>
                {
                    if (Interlocked.Add(ref read, n) == end && Interlocked.Exchange(ref done, 1) == 0)
                    {
                        MovedStatus.ChangeAndSetTimeBack(At("m/large"));
                    }
                }
            )
        );
    }

    [Fact]
    public void A_change_between_two_forms_is_noticed_although_the_time_was_put_back()
    {
        using var tree = FileTree.Open(At("m"));
        var files = new HashedTree(tree);
        var expected = files.Manifest(IgnoreRules.None);
        MovedStatus.Link(At("m/large"));
        Assert.Equal(expected.Entries, files.Manifest(IgnoreRules.None).Entries);
        MovedStatus.Link(At("m/large"));
        files.Manifest(new IgnoreRules(["other"]));

        MovedStatus.ChangeAndSetTimeBack(At("m/large"));

        AssertChanged(() => files.Manifest(IgnoreRules.None, form: new ManifestForm(DigestAlgorithm.Blake3)));
    }

    private static void AssertChanged(Func<object> hash) =>
        Assert.Matches("changed while it was read|is not what it was", Assert.Throws<IOException>(hash).Message);

    private long Total => new DirectoryInfo(At("m")).GetFiles().Sum(f => f.Length);

    private string At(string name) => Path.Combine(_directory.Path, name);

    private void Link(bool now)
    {
        if (now)
        {
            MovedStatus.Link(At("m/large"));
        }
    }

    private FileManifest Hash(string algorithm, long? shardSize, bool paced, Action<long> told)
    {
        using var tree = FileTree.Open(At("m"));
        var files = new HashedTree(tree, new Progress(told)) { Reader = paced ? new PacedReader(null, TimeProvider.System) : null };
        return files.Manifest(IgnoreRules.None, form: new ManifestForm(DigestAlgorithm.FindForModels(algorithm)!, shardSize));
    }

    private sealed class Progress(Action<long> told) : IProgress<long>
    {
        public void Report(long value) => told(value);
    }
}
