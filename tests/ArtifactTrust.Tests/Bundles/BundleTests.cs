using System.Text;
using ArtifactTrust.Bundles;
using ArtifactTrust.Envelopes;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Tests.Bundles;

public sealed class BundleTests
{
    private const string Key = """{"publicKey":{"hint":"h"}}""";
    private const string Envelope = """{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AA=="}]}""";
    private const string Media = "application/vnd.dev.sigstore.bundle.v0.3+json";

    [Fact]
    public void The_encoding_that_is_signed_is_that_of_the_specification() =>
        Assert.Equal(
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world",
            Encoding.UTF8.GetString(DsseEnvelope.PreAuthenticationEncoding("http://example.com/HelloWorld", "hello world"u8))
        );

    [Fact]
    public void The_encoding_counts_bytes_and_not_characters() =>
        Assert.StartsWith(
            "DSSEv1 2 é 1 ",
            Encoding.UTF8.GetString(DsseEnvelope.PreAuthenticationEncoding("é", "x"u8)),
            StringComparison.Ordinal
        );

    public static TheoryData<string, string> Malformed =>
        new()
        {
            { "not JSON", "{" },
            { "an array", "[]" },
            { "nothing", "" },
            { "no media type", $$"""{"verificationMaterial":{{Key}},"dsseEnvelope":{{Envelope}}}""" },
            { "another media type", Text(media: "application/json") },
            { "a later version", Text(media: "application/vnd.dev.sigstore.bundle.v0.4+json") },
            { "no material", $$"""{"mediaType":"{{Media}}","dsseEnvelope":{{Envelope}}}""" },
            { "empty material", Text(material: "{}") },
            { "two kinds of material", Text(material: """{"publicKey":{"hint":"h"},"certificate":{"rawBytes":"AA=="}}""") },
            { "an empty chain", Text(material: """{"x509CertificateChain":{"certificates":[]}}""") },
            { "a hint that is a number", Text(material: """{"publicKey":{"hint":1}}""") },
            { "neither envelope nor message", $$"""{"mediaType":"{{Media}}","verificationMaterial":{{Key}}}""" },
            {
                "both envelope and message",
                Text(more: ""","messageSignature":{"messageDigest":{"algorithm":"SHA2_256","digest":"AA=="},"signature":"AA=="}""")
            },
            { "an unknown member", Text(more: ""","extra":1""") },
            { "a member twice", Text(more: $$""","dsseEnvelope":{{Envelope}}""") },
            {
                "an unknown member of the envelope",
                Text(envelope: Envelope.Replace("\"payload\"", "\"x\":1,\"payload\"", StringComparison.Ordinal))
            },
            { "no signature", Text(envelope: Envelope.Replace("""{"sig":"AA=="}""", "", StringComparison.Ordinal)) },
            {
                "two signatures",
                Text(envelope: Envelope.Replace("""{"sig":"AA=="}""", """{"sig":"AA=="},{"sig":"AA=="}""", StringComparison.Ordinal))
            },
            { "base64 with a line feed", Text(envelope: Envelope.Replace("AA==", "AA==\\n", StringComparison.Ordinal)) },
            { "base64 without padding", Text(envelope: Envelope.Replace("AA==", "AA", StringComparison.Ordinal)) },
            { "base64 with bits after its end", Text(envelope: Envelope.Replace("AA==", "AB==", StringComparison.Ordinal)) },
            { "URL-safe base64", Text(envelope: Envelope.Replace("AA==", "_-8=", StringComparison.Ordinal)) },
            { "a comment", Text() + "/* */" },
            { "a trailing comma", Text()[..^1] + ",}" },
            { "something after the end", Text() + "{}" },
            { "half a surrogate pair", Text(material: """{"publicKey":{"hint":"\ud800"}}""") },
            { "nesting without end", new string('[', 100_000) },
        };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void What_is_no_bundle_is_malformed(string what, string text)
    {
        Assert.NotEmpty(what);
        Assert.Throws<MalformedDataException>(() => Bundle.Parse(Encoding.UTF8.GetBytes(text)));
    }

    [Fact]
    public void A_text_over_the_limit_is_refused_by_its_length()
    {
        var text = new byte[Limits.BundleBytes + 1];
        Assert.Contains("at most", Assert.Throws<MalformedDataException>(() => Bundle.Parse(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_signature_of_a_model_in_its_own_file_may_be_larger_than_other_bundles()
    {
        var text = Encoding.UTF8.GetBytes(Text());
        var padded = new byte[Limits.BundleBytes + 1];
        padded.AsSpan().Fill((byte)' ');
        text.CopyTo(padded, 0);
        Assert.Throws<MalformedDataException>(() => Bundle.Parse(padded));
        Assert.Contains("at most", Bundle.ParseLines(padded)[0].Problem!.Message, StringComparison.Ordinal);
        Assert.Equal(Bundle.Parse(text).MediaType, Bundle.ParseModelSignature(padded).MediaType);
    }

    [Fact]
    public void Lines_that_cannot_be_read_do_not_spoil_the_others()
    {
        var lines = Bundle.ParseLines(Encoding.UTF8.GetBytes($"{Text()}\n\nrubbish\n{Text()}"));
        Assert.Equal([1, 3, 4], lines.Select(l => l.Line));
        Assert.Null(lines[0].Problem);
        Assert.NotNull(lines[1].Problem);
        Assert.Null(lines[2].Problem);
    }

    [VectorFact]
    public void Every_bundle_that_cosign_wrote_is_read()
    {
        var files = Directory.GetFiles(Vectors.Require("cosign/keys"), "*.sigstore.json");
        Assert.NotEmpty(files);
        Assert.All(files, f => Assert.NotNull(Bundle.Parse(File.ReadAllBytes(f)).Message));
    }

    private static string Text(string media = Media, string material = Key, string envelope = Envelope, string more = "") =>
        $$"""{"mediaType":"{{media}}","verificationMaterial":{{material}},"dsseEnvelope":{{envelope}}{{more}}}""";
}
