using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Tests.Manifests;

public sealed class ManifestFileTests
{
    private static readonly string Zeros = new('0', 64);
    private static readonly string Ones = new('1', 64);

    private static readonly FileManifest Whole = new([
        new ManifestEntry("a", Digest.Parse($"sha256:{Zeros}"), 1),
        new ManifestEntry("sub/b", Digest.Parse($"sha256:{Ones}"), 2),
    ]);

    private static readonly string Text = $$$"""
        {"schemaVersion":1,"command":"hash","result":"ok","exitCode":0,
         "subject":{"kind":"directory","name":"m","digests":{"dirHash":"{{{Whole.DirHash.Hex}}}","sha256":"{{{Whole.RootDigest.Hex}}}"}},
         "files":[{"name":"a","digest":"sha256:{{{Zeros}}}","size":1},{"name":"sub/b","digest":"sha256:{{{Ones}}}","size":2}],
         "ignoredPaths":[".git"]}
        """;

    [Fact]
    public void The_output_of_hash_is_read()
    {
        var read = Parse(Text);
        Assert.Equal("m", read.Name);
        Assert.Equal(Whole.Entries, read.Manifest.Entries);
        Assert.Equal([".git"], read.IgnoredPaths);
    }

    [Theory]
    [InlineData("\"schemaVersion\":1", "\"schemaVersion\":2", "schema version 1")]
    [InlineData("\"schemaVersion\":1", "\"schemaVersion\":\"1\"", "schema version 1")]
    [InlineData("\"command\":\"hash\"", "\"command\":\"sign\"", "output of 'hash --output json'")]
    [InlineData("\"kind\":\"directory\"", "\"kind\":\"file\"", "only a directory")]
    [InlineData("\"size\":1", "\"size\":-1", "a number of bytes")]
    [InlineData("\"size\":2", "\"size\":\"2\"", "a number of bytes")]
    [InlineData("\"name\":\"sub/b\"", "\"name\":\"a\"", "occurs twice")]
    [InlineData("\"name\":\"sub/b\"", "\"name\":\"sub/c\"", "the dirHash is not that of the files")]
    [InlineData("sha256:1", "sha256:2", "the root digest is not that of the files")]
    [InlineData("sha256:11", "sha512:11", "digest")]
    [InlineData("\".git\"", "\"../git\"", "a path below the directory")]
    [InlineData("\".git\"", "1", "strings are expected")]
    [InlineData("\"size\":1", "\"size\":1,\"mode\":1", "mode")]
    public void A_file_whose_parts_do_not_fit_together_is_refused(string from, string to, string message)
    {
        Assert.Contains(from, Text, StringComparison.Ordinal);
        Refused(message, Text.Replace(from, to, StringComparison.Ordinal));
    }

    [Fact]
    public void A_manifest_without_files_is_refused() =>
        Refused(
            "there is no file",
            """{"schemaVersion":1,"command":"hash","subject":{"kind":"directory","name":"m"},"files":[],"ignoredPaths":[]}"""
        );

    [Fact]
    public void A_file_cut_short_is_refused()
    {
        for (var length = 0; length < Text.Length; length++)
        {
            Refused("", Text[..length]);
        }
    }

    [Fact]
    public void No_change_of_a_byte_gives_other_files()
    {
        var utf8 = Encoding.UTF8.GetBytes(Text);
        for (var i = 0; i < utf8.Length; i++)
        {
            foreach (var flip in (byte[])[1, 2, 32, 128])
            {
                utf8[i] ^= flip;
                try
                {
                    // Sizes are under neither digest; those of the directory are compared where it is there.
                    var changed = ManifestFile.Parse(utf8).Manifest;
                    Assert.Equal(Whole.Entries.Select(e => (e.Name, e.Digest)), changed.Entries.Select(e => (e.Name, e.Digest)));
                }
                catch (MalformedDataException) { }
                utf8[i] ^= flip;
            }
        }
    }

    private static ManifestFile Parse(string text) => ManifestFile.Parse(Encoding.UTF8.GetBytes(text));

    private static void Refused(string message, string text) =>
        Assert.Contains(message, Assert.Throws<MalformedDataException>(() => Parse(text)).Message, StringComparison.Ordinal);
}
