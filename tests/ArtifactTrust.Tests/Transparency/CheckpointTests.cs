using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Transparency;

namespace ArtifactTrust.Tests.Transparency;

public sealed class CheckpointTests
{
    private const string Root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

    [Theory]
    [InlineData("example.com/behind-the-sofa\n20852163\n" + Root + "\n", 0)]
    [InlineData("rekor.sigstore.dev - 1193050959916656506\n1\n" + Root + "\n", 0)]
    [InlineData("o\n9223372036854775807\n" + Root + "\nTimestamp: 1\n\u00A0\n", 2)]
    [InlineData("o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", 0)]
    public void A_checkpoint_is_written_as_read(string text, int extensions)
    {
        var checkpoint = Checkpoint.Parse(text);
        Assert.Equal(extensions, checkpoint.Extensions.Count);
        Assert.Equal(text, checkpoint.ToText());
    }

    [Theory]
    [InlineData("Empty", "")]
    [InlineData("OneLine", "o\n")]
    [InlineData("TwoLines", "o\n1\n")]
    [InlineData("NoFinalLineFeed", "o\n1\n" + Root)]
    [InlineData("EmptyOrigin", "\n1\n" + Root + "\n")]
    [InlineData("EmptyExtension", "o\n1\n" + Root + "\n\n")]
    [InlineData("EmptyLineBetweenExtensions", "o\n1\n" + Root + "\na\n\nb\n")]
    [InlineData("CarriageReturn", "o\r\n1\n" + Root + "\n")]
    [InlineData("LeadingZero", "o\n01\n" + Root + "\n")]
    [InlineData("TwoZeros", "o\n00\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")]
    [InlineData("Plus", "o\n+1\n" + Root + "\n")]
    [InlineData("Minus", "o\n-1\n" + Root + "\n")]
    [InlineData("MinusZero", "o\n-0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")]
    [InlineData("SpaceBefore", "o\n 1\n" + Root + "\n")]
    [InlineData("SpaceAfter", "o\n1 \n" + Root + "\n")]
    [InlineData("Hex", "o\n0x1\n" + Root + "\n")]
    [InlineData("Exponent", "o\n1e1\n" + Root + "\n")]
    [InlineData("OtherDigits", "o\n١\n" + Root + "\n")]
    [InlineData("TooLarge", "o\n9223372036854775808\n" + Root + "\n")]
    [InlineData("RootTooShort", "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n")]
    [InlineData("RootTooLong", "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2IA\n")]
    [InlineData("RootTrailingBits", "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n")]
    [InlineData("RootNoPadding", "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n")]
    [InlineData("RootHex", "o\n1\n0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62\n")]
    [InlineData("RootSpace", "o\n1\n " + Root + "\n")]
    [InlineData("EmptyTreeWithAnotherRoot", "o\n0\n" + Root + "\n")]
    public void A_malformed_checkpoint_is_refused(string malformation, string text)
    {
        Assert.NotNull(malformation);
        Assert.Throws<MalformedDataException>(() => Checkpoint.Parse(text));
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_is_a_mistake()
    {
        var root = DigestAlgorithm.Sha256.Hash([1]);
        Assert.Throws<ArgumentException>(() => new Checkpoint("", 1, root));
        Assert.Throws<ArgumentException>(() => new Checkpoint("a\nb", 1, root));
        Assert.Throws<ArgumentException>(() => new Checkpoint("a", 0, root));
        Assert.Throws<ArgumentException>(() => new Checkpoint("a", 1, DigestAlgorithm.Sha384.Hash([1])));
        Assert.Throws<ArgumentException>(() => new Checkpoint("a", 1, root, [""]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Checkpoint("a", -1, root));
    }

    [Fact]
    public void A_checkpoint_of_another_log_is_refused_whatever_key_signed_it()
    {
        using var key = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        var signer = new NoteSigner("example.com/a", key);
        var note = new Checkpoint("example.com/b", 1, DigestAlgorithm.Sha256.Hash([1])).Sign(signer);
        Assert.True(Checkpoint.Verify(note, "example.com/b", signer.Key).IsVerified);
        Assert.Equal(NoteFailure.WrongOrigin, Checkpoint.Verify(note, "example.com/a", signer.Key).Failure);
    }

    [Fact]
    public void A_signed_text_that_is_no_checkpoint_is_refused()
    {
        using var key = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        var signer = new NoteSigner("o", key);
        Assert.Equal(NoteFailure.NotACheckpoint, Checkpoint.Verify(SignedNote.Sign("o\n01\n", signer), "o", signer.Key).Failure);
    }
}
