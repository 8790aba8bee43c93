using System.Security.Cryptography;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Tests.Formats;

public sealed class PemTests
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 100).Select(i => (byte)(i * 7))];

    private static readonly string Text = "a key\n" + Pem.Encode("PUBLIC KEY", Content) + " \n";

    [Theory]
    [InlineData("a key\n{0} \n")]
    [InlineData("{0}")]
    [InlineData("\t{0}\v\f\r\n")]
    public void A_block_is_found_with_white_space_after_it_and_words_before_it(string form)
    {
        var (label, data) = Pem.DecodeSingle(form.Replace("{0}", Pem.Encode("PUBLIC KEY", Content), StringComparison.Ordinal), "key");
        Assert.Equal("PUBLIC KEY", label);
        Assert.Equal(Content, data);
    }

    [Theory]
    [InlineData("", "no PEM block")]
    [InlineData("----BEGIN A-----\nAAAA\n-----END A-----\n", "no PEM block")]
    [InlineData("x-----BEGIN A-----\nAAAA\n-----END A-----\n", "has no end")]
    [InlineData("-----BEGIN", "has no end")]
    [InlineData("-----BEGIN-----", "has no end")]
    [InlineData("-----BEGINA-----\nAAAA\n-----END A-----\n", "has no end")]
    [InlineData("-----BEGIN A\n-----\nAAAA\n-----END A\n-----\n", "has no end")]
    [InlineData("-----BEGIN A-B-----\nAAAA\n-----END A-B-----\n", "has no end")]
    [InlineData("-----BEGIN A-----\nAAAA\n", "has no end")]
    [InlineData("-----BEGIN A-----\nAAAA\n-----END ", "has no end")]
    [InlineData("-----BEGIN A-----\nAAAA\n-----END A----", "has no end")]
    [InlineData("-----BEGIN A-----\nAAAA\n-----END B-----\n", "has no end")]
    [InlineData("-----BEGIN A-----\nAAAA\n-----END A-----x", "has no end")]
    [InlineData("-----BEGIN A-----\nAAA\n-----END A-----\n", "not base64")]
    [InlineData("-----BEGIN A-----\nAA\u00E9A\n-----END A-----\n", "not base64")]
    [InlineData("-----BEGIN A-----\nAA==AAAA\n-----END A-----\n", "not base64")]
    [InlineData("-----BEGIN A-----\nAAAA\n-----END A-----\nx", "one PEM block and nothing after it")]
    [InlineData(
        "-----BEGIN A-----\nAAAA\n-----END A-----\n-----BEGIN A-----\nAAAA\n-----END A-----\n",
        "one PEM block and nothing after it"
    )]
    [InlineData("-----BEGIN x\n-----BEGIN A-----\nAAAA\n-----END A-----\n", "has no end")]
    public void What_is_not_one_block_is_refused(string text, string reason)
    {
        var e = Assert.Throws<MalformedDataException>(() => Pem.DecodeSingle(text, "key"));
        Assert.Contains(reason, e.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_accepted_that_the_platform_does_not_take_for_the_same_block()
    {
        var utf8 = Encoding.UTF8.GetBytes(Text);
        foreach (var changed in Changes(utf8))
        {
            (string Label, byte[] Data) read;
            try
            {
                read = Pem.DecodeSingle(changed, "key");
            }
            catch (MalformedDataException)
            {
                continue;
            }
            Assert.True(PemEncoding.TryFindUtf8(changed, out var fields), Encoding.UTF8.GetString(changed));
            Assert.Equal(Encoding.ASCII.GetString(changed[fields.Label]), read.Label);
            Assert.Equal(Convert.FromBase64String(Encoding.ASCII.GetString(changed[fields.Base64Data])), read.Data);
        }
    }

    /// <summary>Each byte replaced by those that mean something in such a text, left out, and doubled; and the text cut short.</summary>
    private static IEnumerable<byte[]> Changes(byte[] text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            foreach (var other in "-= \n\v\0A/\u007F"u8.ToArray())
            {
                var changed = text.ToArray();
                changed[i] = other;
                yield return changed;
            }
            yield return [.. text[..i], .. text[(i + 1)..]];
            yield return [.. text[..i], text[i], .. text[i..]];
            yield return text[..i];
        }
    }
}
