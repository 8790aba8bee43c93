using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Tests.Hashing;

public sealed class DigestTests
{
    private const string Empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [Fact]
    public void A_digest_reads_back_as_it_is_written()
    {
        foreach (var algorithm in DigestAlgorithm.All)
        {
            var digest = algorithm.Hash("x"u8);
            Assert.Equal(digest, Digest.Parse(digest.ToString()));
            Assert.Equal(digest, Digest.FromBytes(algorithm, digest.Bytes));
        }
        Assert.Equal(Empty, DigestAlgorithm.Sha256.Hash([]).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("sha256")]
    [InlineData("sha256:")]
    [InlineData("md5:d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("SHA256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")]
    [InlineData("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85")]
    [InlineData("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8550")]
    [InlineData("sha256:g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData(" sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("sha512:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    public void Text_that_is_no_digest_is_malformed(string text) => Assert.Throws<MalformedDataException>(() => Digest.Parse(text));

    [Fact]
    public void Digests_of_different_algorithms_differ()
    {
        Assert.NotEqual(DigestAlgorithm.Sha256.Hash([]), DigestAlgorithm.Sha512.Hash([]));
        Assert.False(DigestAlgorithm.Sha256.Hash([]).Equals(null));
    }

    [Fact]
    public void A_set_contains_another_only_with_all_of_its_digests()
    {
        var both = new DigestSet([new("sha256", "aa"), new("dirHash", "bb")]);
        Assert.True(both.Contains(both));
        Assert.True(both.Contains(new DigestSet([new("sha256", "aa")])));
        Assert.False(new DigestSet([new("sha256", "aa")]).Contains(both));
        Assert.False(both.Contains(new DigestSet([new("sha256", "ab")])));
        Assert.Throws<ArgumentException>(() => new DigestSet([]));
    }
}
