using ArtifactTrust.Bundles;

namespace ArtifactTrust.Tests.Bundles;

public class BundleWritingTests
{
    [VectorTheory]
    [InlineData("blob.rekor1")]
    [InlineData("blob.rekor2")]
    [InlineData("attest.rekor1")]
    [InlineData("attest.rekor2")]
    [InlineData("key")]
    public void What_others_wrote_is_the_same_when_written_and_read_again(string name)
    {
        var read = Bundle.Parse(File.ReadAllBytes(Vectors.Require($"local-sigstore/{name}.sigstore.json")));
        var again = Bundle.Parse(Bundle.Create(read.Material, read.Envelope, read.Message).Utf8);
        Assert.Equal(read.Material.PublicKeyHint, again.Material.PublicKeyHint);
        Assert.Equal(read.Material.Certificates.Select(Hex), again.Material.Certificates.Select(Hex));
        Assert.Equal(read.Material.Timestamps.Select(Hex), again.Material.Timestamps.Select(Hex));
        Assert.Equal(read.Material.LogEntries.Select(Text), again.Material.LogEntries.Select(Text));
        Assert.Equal(read.Message is { } m ? Hex(m.Signature) : null, again.Message is { } n ? Hex(n.Signature) : null);
        Assert.Equal(read.Envelope is { } e ? Hex(e.Payload) : null, again.Envelope is { } f ? Hex(f.Payload) : null);
    }

    private static string Hex(ReadOnlyMemory<byte> bytes) => Convert.ToHexString(bytes.Span);

    private static string Text(TransparencyLogEntry e) =>
        $"{e.LogIndex} {Hex(e.LogId)} {e.Kind} {e.Version} {e.IntegratedTime} {(e.InclusionPromise is { } p ? Hex(p) : "")} {e.RootHash} "
        + $"{e.InclusionProof!.Index}/{e.InclusionProof.TreeSize} {string.Join(' ', e.InclusionProof.Hashes)} {e.Checkpoint} {Hex(e.CanonicalizedBody)}";
}
