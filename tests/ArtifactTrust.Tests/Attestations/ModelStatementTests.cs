using System.Text;
using ArtifactTrust.Attestations;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Tests.Attestations;

public sealed class ModelStatementTests
{
    private const string Resource =
        """{"name":"a","algorithm":"sha256","digest":"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"}""";
    private const string Serialization = """{"method":"files","hash_type":"sha256","allow_symlinks":false,"ignore_paths":[]}""";

    [Fact]
    public void The_bytes_are_those_of_a_statement_written_member_by_member()
    {
        foreach (var form in (ManifestForm[])[ManifestForm.Default, new(DigestAlgorithm.Blake2b), new(DigestAlgorithm.Sha256, 10)])
        {
            var suffix = form.ShardSize is null ? "" : ":0:10";
            ManifestEntry[] entries =
            [
                .. new[] { "a", "a/b c", "é\"\\<&>", "😀\u0001", "～", new string('n', 70_000) }.Select(n => new ManifestEntry(
                    n + suffix,
                    form.Algorithm.Hash(Encoding.UTF8.GetBytes(n)),
                    10
                )),
            ];
            var model = new ModelSignature(entries, new ModelSerialization { Form = form, IgnorePaths = [".git"] });
            var subject = new ResourceDescriptor("m\"é", null, new DigestSet(model.RootDigest));
            var whole = new Statement([subject], ModelSignature.TypeUri, model.ToJson()).ToUtf8Bytes();
            var written = ModelStatement.Write(subject, model);
            Assert.Equal(whole, written);
            var statement = Statement.Parse(written);
            Assert.NotNull(statement.ModelParts);
            var read = ModelSignature.Read(statement);
            Assert.IsType<PackedEntries>(read.Resources);
            var other = ModelSignature.Parse(statement.Predicate);
            Assert.Equal(other.Resources, read.Resources);
            Assert.Equal(model.RootDigest, read.RootDigest);
            Assert.Equal(form, ModelSignature.FormOf(statement));
            Assert.Equal(other.Files, read.Files);
        }
    }

    [Theory]
    [InlineData("plain", Resource, Serialization, true)]
    [InlineData("a member more", """{"name":"a","algorithm":"sha256","digest":"00","size":1}""", Serialization, false)]
    [InlineData("a number for a name", """{"name":1,"algorithm":"sha256","digest":"00"}""", Serialization, false)]
    [InlineData("no digest", """{"name":"a","algorithm":"sha256"}""", Serialization, false)]
    [InlineData("no object", "1", Serialization, false)]
    [InlineData("serialization is no object", Resource, "[]", false)]
    [InlineData("serialization is there twice", Resource, Serialization + ",\"serialization\":{}", false)]
    public void Only_the_plain_shape_is_read_in_one_pass(string what, string resource, string serialization, bool isPlain)
    {
        Assert.NotEmpty(what);
        Assert.Equal(isPlain, ModelStatement.Find(Text(resource, serialization)) is not null);
    }

    [Theory]
    [InlineData("a name twice in a resource", """{"name":"a","name":"b","algorithm":"sha256","digest":"00"}""", Serialization)]
    [InlineData("a name twice, once escaped", """{"name":"a","n\u0061me":"b","algorithm":"sha256","digest":"00"}""", Serialization)]
    [InlineData("a member twice in the serialization", Resource, """{"method":"files","method":"files","hash_type":"sha256"}""")]
    [InlineData("deep in the serialization", Resource, """{"method":"files","hash_type":"sha256","x":{"y":1,"y":2}}""")]
    [InlineData("half a surrogate pair", """{"name":"\ud800","algorithm":"sha256","digest":"00"}""", Serialization)]
    [InlineData("a comma too many", Resource + ",", Serialization)]
    [InlineData("a comment", Resource + "/**/", Serialization)]
    [InlineData("a control character", "{\"name\":\"\u0001\",\"algorithm\":\"sha256\",\"digest\":\"00\"}", Serialization)]
    [InlineData("an end too early", Resource + "]", Serialization)]
    public void What_no_parser_takes_is_refused(string what, string resource, string serialization)
    {
        Assert.NotEmpty(what);
        Assert.Throws<MalformedDataException>(() => Statement.Parse(Text(resource, serialization)));
    }

    [Theory]
    [InlineData(
        "algorithm",
        """{"name":"a","algorithm":"blake3","digest":"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"}"""
    )]
    [InlineData(
        "digest",
        """{"name":"a","algorithm":"sha256","digest":"CA978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"}"""
    )]
    [InlineData("digest", """{"name":"a","algorithm":"sha256","digest":"ca"}""")]
    [InlineData(
        "'../a' is not a path",
        """{"name":"../a","algorithm":"sha256","digest":"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"}"""
    )]
    [InlineData("'a' occurs twice", Resource + "," + Resource)]
    [InlineData(
        "zero character",
        """{"name":"a\u0000","algorithm":"sha256","digest":"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"}"""
    )]
    public void What_breaks_the_rules_of_a_model_is_refused_as_ever(string said, string resource)
    {
        var statement = Statement.Parse(Text(resource, Serialization));
        var fast = Assert.Throws<MalformedDataException>(() => ModelSignature.Read(statement));
        Assert.Equal(Assert.Throws<MalformedDataException>(() => ModelSignature.Parse(statement.Predicate)).Message, fast.Message);
        Assert.Contains(said, fast.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_byte_changed_is_read_as_the_other_parser_reads_it_or_refused()
    {
        var text = Text(Resource + "," + Resource.Replace("\"a\"", "\"b\\u00e9\"", StringComparison.Ordinal), Serialization);
        for (var i = 0; i < text.Length; i++)
        {
            foreach (var value in (byte[])[(byte)(text[i] ^ 1), (byte)'"', (byte)'\\', (byte)'}', (byte)' ', 0xff])
            {
                var changed = text.ToArray();
                changed[i] = value;
                if (Read(() => ModelSignature.Read(Statement.Parse(changed))) is { } read)
                {
                    var predicate = StrictJson.Parse(changed, "test").GetProperty("predicate");
                    Assert.Equal(ModelSignature.Parse(predicate).Resources, read.Resources);
                }
            }
        }
    }

    private static ModelSignature? Read(Func<ModelSignature> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is MalformedDataException or NotSupportedException)
        {
            return null;
        }
    }

    private static byte[] Text(string resources, string serialization) =>
        Encoding.UTF8.GetBytes(
            $$$"""{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"m","digest":{"sha256":"00"}}],"predicateType":"{{{ModelSignature.TypeUri}}}","predicate":{"resources":[{{{resources}}}],"serialization":{{{serialization}}}}}"""
        );
}
