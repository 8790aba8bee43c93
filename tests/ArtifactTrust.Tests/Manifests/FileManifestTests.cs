using System.Diagnostics;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Tests.Manifests;

public sealed class FileManifestTests
{
    [Fact]
    public void The_directory_hash_is_what_sha256sum_prints()
    {
        using var directory = new TemporaryDirectory();
        foreach (var name in (string[])["b", "a/b", "a-b", "a.txt", "é/ü x"])
        {
            directory.File(name, name);
        }
        using var tree = FileTree.Open(directory.Path);
        var manifest = new HashedTree(tree).Manifest(IgnoreRules.None);
        Assert.Equal(
            Shell(directory.Path, "find . -type f | cut -c3- | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0 sha256sum | sha256sum"),
            manifest.DirHash.Hex
        );
        Assert.Equal(
            Shell(
                directory.Path,
                "find . -type f | cut -c3- | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0 sha256sum | cut -c1-64 | xxd -r -p | sha256sum"
            ),
            manifest.RootDigest.Hex
        );
    }

    [Fact]
    public void The_root_binds_contents_only_and_the_directory_hash_names_too()
    {
        var digest = DigestAlgorithm.Sha256.Hash("x"u8);
        var one = new FileManifest([new ManifestEntry("a", digest, 1)]);
        var two = new FileManifest([new ManifestEntry("b", digest, 1)]);
        Assert.Equal(one.RootDigest, two.RootDigest);
        Assert.NotEqual(one.DirHash, two.DirHash);
        Assert.False(one.Subject.Contains(two.Subject));
    }

    [Fact]
    public void A_name_that_occurs_twice_is_malformed()
    {
        var entry = new ManifestEntry("a", DigestAlgorithm.Sha256.Hash([]), 0);
        Assert.Throws<MalformedDataException>(() => new FileManifest([entry, entry]));
    }

    [Fact]
    public void A_file_is_hashed_once_however_often_its_manifest_is_made()
    {
        using var directory = new TemporaryDirectory();
        directory.File("a", "one");
        directory.File("b", "b");
        using var tree = FileTree.Open(directory.Path);
        var read = new Counter();
        var files = new HashedTree(tree, read);
        var before = files.Manifest(new IgnoreRules(["b"]));
        Assert.Equal(3, read.Bytes);
        var after = files.Manifest(IgnoreRules.None);
        Assert.Equal(4, read.Bytes);
        Assert.Equal(before.Entries[0], after.Entries[0]);
        Assert.Equal(2, after.Entries.Count);
    }

    private sealed class Counter : IProgress<long>
    {
        private long _bytes;

        internal long Bytes => _bytes;

        public void Report(long value) => Interlocked.Add(ref _bytes, value);
    }

    private static string Shell(string directory, string command)
    {
        using var process = Process.Start(
            new ProcessStartInfo("bash", ["-c", command])
            {
                WorkingDirectory = directory,
                RedirectStandardOutput = true,
                StandardOutputEncoding = Encoding.UTF8,
            }
        )!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output[..64];
    }
}
