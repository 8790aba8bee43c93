using System.Text;
using ArtifactTrust.Bundles;
using ArtifactTrust.Envelopes;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Tests.Bundles;

public sealed class LargeBundleTests
{
    [Theory]
    [InlineData(BundleText.LargeBytes - 1)]
    [InlineData(BundleText.LargeBytes)]
    [InlineData(BundleText.LargeBytes + 1)]
    [InlineData(BundleText.LargeBytes + 2)]
    public void A_large_payload_is_written_and_read_as_a_small_one(int size)
    {
        var bundle = Make(size);
        var text = bundle.Utf8.ToArray();
        Assert.Contains(
            $"\"payload\":\"{Convert.ToBase64String(bundle.Envelope!.Payload.Span)}\",",
            Encoding.UTF8.GetString(text),
            StringComparison.Ordinal
        );
        Assert.Equal(text.Length, bundle.Length);
        Assert.Equal(DigestAlgorithm.Sha256.Hash(text), bundle.Digest);
        foreach (var read in (Bundle[])[Bundle.Parse(text), Bundle.ParseModelSignature(text), bundle.ReadAgain(isModelSignature: true)])
        {
            Assert.Equal(text, read.Utf8.ToArray());
            Assert.Equal(bundle.Digest, read.Digest);
            Assert.Equal(bundle.Envelope!.Payload.ToArray(), read.Envelope!.Payload.ToArray());
            Assert.Equal([1, 2, 3], read.Envelope.Signatures[0].Value.ToArray());
            using var written = new MemoryStream();
            read.WriteTo(written);
            Assert.Equal(text, written.ToArray());
        }
    }

    [Fact]
    public void A_large_payload_with_an_escape_keeps_its_spelling()
    {
        var text = Encoding.UTF8.GetString(Make(BundleText.LargeBytes + 3).Utf8.Span);
        var at = text.IndexOf("\"payload\":\"", StringComparison.Ordinal) + 11;
        var escaped = Encoding.UTF8.GetBytes($"{text[..at]}\\u{(int)text[at]:x4}{text[(at + 1)..]}");
        var read = Bundle.Parse(escaped);
        Assert.Equal(escaped, read.Utf8.ToArray());
        Assert.Equal(Bundle.Parse(Encoding.UTF8.GetBytes(text)).Envelope!.Payload.ToArray(), read.Envelope!.Payload.ToArray());
    }

    [Theory]
    [InlineData("AAAB", true)]
    [InlineData("AA==", true)]
    [InlineData("AB==", false)]
    [InlineData("AAB=", false)]
    [InlineData("AAA=", true)]
    [InlineData("", true)]
    [InlineData("A", false)]
    [InlineData("AAA", false)]
    [InlineData("AA=A", false)]
    [InlineData("====", false)]
    [InlineData("AAAA====", false)]
    [InlineData("AA A", false)]
    [InlineData("AAAA    ", false)]
    [InlineData("AA==\n\n\n\n", false)]
    [InlineData("AA-_", false)]
    public void Base64_has_one_spelling(string text, bool isCanonical)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        if (isCanonical)
        {
            Assert.Equal(Convert.FromBase64String(text), StrictBase64.Decode(utf8, "test", "$"));
        }
        else
        {
            Assert.Throws<MalformedDataException>(() => StrictBase64.Decode(utf8, "test", "$"));
        }
    }

    private static Bundle Make(int size)
    {
        var payload = new byte[size];
        new Random(size).NextBytes(payload);
        return Bundle.ForEnvelope(new DsseEnvelope("application/x", payload, [new DsseSignature(new byte[] { 1, 2, 3 })]), "hint");
    }
}
