using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys;
using ArtifactTrust.Transparency;

namespace ArtifactTrust.Tests.Transparency;

public sealed class TlogProofTests : IDisposable
{
    private const string Origin = "example.com/log";
    private static readonly ReferenceTree Tree = new(25);
    private readonly SigningKey _key = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
    private readonly NoteSigner _signer;
    private readonly SignedNote _checkpoint;

    public TlogProofTests()
    {
        _signer = new NoteSigner(Origin, _key);
        _checkpoint = new Checkpoint(Origin, 25, Tree.Root(25)).Sign(_signer);
    }

    public void Dispose() => _key.Dispose();

    [Fact]
    public void A_proof_of_every_record_verifies_and_is_written_as_read()
    {
        for (var i = 0; i < 25; i++)
        {
            foreach (
                var extra in (byte[][])
                    [
                        [],
                        [1, 2, 3],
                    ]
            )
            {
                var text = new TlogProof(i, Tree.Path(i, 25), _checkpoint, extra).ToString();
                var proof = TlogProof.Parse(Encoding.UTF8.GetBytes(text));
                Assert.Equal(text, proof.ToString());
                Assert.Equal(extra, proof.Extra.ToArray());
                Assert.Equal(25, proof.Verify(Tree.Entries[i], Origin, _signer.Key).Checkpoint?.Checkpoint.Size);
                Assert.False(proof.Verify(Tree.Entries[(i + 1) % 25], Origin, _signer.Key).IsVerified);
            }
        }
    }

    [Fact]
    public void The_form_is_that_of_the_specification()
    {
        var lines = new TlogProof(3, Tree.Path(3, 25), _checkpoint, new byte[] { 1 }).ToString().Split('\n');
        Assert.Equal(["c2sp.org/tlog-proof@v1", "extra AQ==", "index 3", Convert.ToBase64String(Tree.Leaf(2).Bytes)], lines[..4]);
        Assert.Equal(["", Origin, "25"], lines[8..11]);
    }

    [Fact]
    public void Every_changed_byte_of_a_proof_is_refused()
    {
        var bytes = new TlogProof(7, Tree.Path(7, 25), _checkpoint).ToBytes();
        Assert.True(IsAccepted(bytes));
        for (var i = 0; i < bytes.Length; i++)
        {
            foreach (var change in (byte[])[1, 2, 16, 32, 128])
            {
                var changed = bytes.ToArray();
                changed[i] ^= change;
                Assert.False(IsAccepted(changed), $"byte {i} changed by {change}");
            }
            Assert.False(IsAccepted([.. bytes[..i], .. bytes[(i + 1)..]]), $"byte {i} removed");
            Assert.False(IsAccepted(bytes[..i]), $"cut at {i}");
        }
        Assert.False(IsAccepted([.. bytes, (byte)'\n']));
    }

    [Fact]
    public void Each_reason_to_refuse_a_proof_is_told()
    {
        var record = Tree.Entries[7];
        var key = _signer.Key;
        Assert.Contains("signed by", Message(new TlogProof(7, Tree.Path(7, 25), _checkpoint), Origin), StringComparison.Ordinal);
        Assert.Contains("of the log", Message(new TlogProof(7, Tree.Path(7, 25), _checkpoint), "other", key), StringComparison.Ordinal);
        Assert.Contains("has 25 entries", Message(new TlogProof(25, Tree.Path(7, 25), _checkpoint), Origin, key), StringComparison.Ordinal);
        Assert.Contains("not the path", Message(new TlogProof(24, Tree.Path(7, 25), _checkpoint), Origin, key), StringComparison.Ordinal);
        Assert.Contains("leads to", Message(new TlogProof(6, Tree.Path(7, 25), _checkpoint), Origin, key), StringComparison.Ordinal);

        string Message(TlogProof proof, string origin, params NoteKey[] keys) => proof.Verify(record, origin, keys).Message ?? "accepted";
    }

    [Theory]
    [InlineData("Empty", "")]
    [InlineData("NoCheckpoint", "c2sp.org/tlog-proof@v1\nindex 0\n")]
    [InlineData("OtherVersion", "c2sp.org/tlog-proof@v2\nindex 0\n\n{0}")]
    [InlineData("NoIndex", "c2sp.org/tlog-proof@v1\n\n{0}")]
    [InlineData("LeadingZero", "c2sp.org/tlog-proof@v1\nindex 00\n\n{0}")]
    [InlineData("Plus", "c2sp.org/tlog-proof@v1\nindex +1\n\n{0}")]
    [InlineData("TooLarge", "c2sp.org/tlog-proof@v1\nindex 9223372036854775808\n\n{0}")]
    [InlineData("SpaceAfterIndex", "c2sp.org/tlog-proof@v1\nindex 0 \n\n{0}")]
    [InlineData("EmptyExtra", "c2sp.org/tlog-proof@v1\nextra \nindex 0\n\n{0}")]
    [InlineData("ExtraTwice", "c2sp.org/tlog-proof@v1\nextra AQ==\nextra AQ==\nindex 0\n\n{0}")]
    [InlineData("ExtraAfterIndex", "c2sp.org/tlog-proof@v1\nindex 0\nextra AQ==\n\n{0}")]
    [InlineData("ShortHash", "c2sp.org/tlog-proof@v1\nindex 0\nAQ==\n\n{0}")]
    [InlineData("CarriageReturn", "c2sp.org/tlog-proof@v1\r\nindex 0\n\n{0}")]
    [InlineData("NotAscii", "c2sp.org/tlog-proof@v1\nindex 0\né\n\n{0}")]
    [InlineData("EmptyLineTwice", "c2sp.org/tlog-proof@v1\nindex 0\n\n\n{0}x")]
    public void A_malformed_proof_is_refused(string malformation, string text)
    {
        Assert.NotNull(malformation);
        var bytes = Encoding.UTF8.GetBytes(text.Replace("{0}", _checkpoint.ToString(), StringComparison.Ordinal));
        Assert.Throws<MalformedDataException>(() => TlogProof.Parse(bytes));
    }

    [Fact]
    public void A_proof_of_too_many_hashes_is_refused()
    {
        var line = $"{Convert.ToBase64String(new byte[32])}\n";
        var text = $"c2sp.org/tlog-proof@v1\nindex 0\n{string.Concat(Enumerable.Repeat(line, 65))}\n{_checkpoint}";
        Assert.Throws<MalformedDataException>(() => TlogProof.Parse(Encoding.UTF8.GetBytes(text)));
    }

    private bool IsAccepted(byte[] proof)
    {
        try
        {
            return TlogProof.Parse(proof).Verify(Tree.Entries[7], Origin, _signer.Key).IsVerified;
        }
        catch (MalformedDataException)
        {
            return false;
        }
    }
}
