using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

public sealed class ManifestTests
{
    private const string D = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    private const string Config = $$"""{"mediaType":"application/vnd.oci.empty.v1+json","size":2,"digest":"{{D}}"}""";
    private const string Image = "application/vnd.oci.image.manifest.v1+json";
    private const string Index = "application/vnd.oci.image.index.v1+json";

    [Fact]
    public void A_manifest_is_read()
    {
        var manifest = ImageManifest.Parse(
            Utf8(
                $$"""{"schemaVersion":2,"mediaType":"{{Image}}","artifactType":"a/b","config":{{Config}},"layers":[{{Config}}],"subject":{{Config}},"annotations":{"k":"v"},"unknown":1}"""
            )
        );
        Assert.Equal("a/b", manifest.EffectiveArtifactType);
        Assert.Equal(D, manifest.Subject!.Digest.ToString());
        Assert.Equal("v", manifest.Annotations["k"]);
        Assert.Equal(2, Assert.Single(manifest.Layers).Size);
    }

    [Fact]
    public void A_manifest_without_artifact_type_has_its_configs_type() =>
        Assert.Equal(
            OciMediaTypes.Empty,
            ImageManifest.Parse(Utf8($$"""{"schemaVersion":2,"config":{{Config}},"layers":[]}""")).EffectiveArtifactType
        );

    [Fact]
    public void An_index_is_read_and_finds_a_platform()
    {
        var index = ImageIndex.Parse(
            Utf8(
                $$"""{"schemaVersion":2,"mediaType":"{{Index}}","manifests":[{"mediaType":"{{Image}}","size":1,"digest":"{{D}}","platform":{"os":"linux","architecture":"arm","variant":"v7"} },{"mediaType":"{{Image}}","size":2,"digest":"{{D}}","platform":{"os":"linux","architecture":"amd64"} }]}"""
            )
        );
        Assert.Equal(2, Assert.Single(index.Find(new Platform("linux", "amd64"))).Size);
        Assert.Equal("linux/arm/v7", index.Manifests[0].Platform!.ToString());
        Assert.Empty(index.Find(new Platform("windows", "amd64")));
        Assert.Empty(index.Find(new Platform("linux", "arm")));
    }

    [Theory]
    [InlineData(null, null, true)]
    [InlineData("v8", null, true)]
    [InlineData(null, "v8", true)]
    [InlineData("v9", null, false)]
    [InlineData("v8", "v9", false)]
    public void Arm64_is_found_with_and_without_its_first_variant(string? listed, string? asked, bool isFound)
    {
        var entry = new Descriptor(Image, Digest.Parse(D), 1) { Platform = new Platform("linux", "arm64", listed) };
        var index = new ImageIndex(Index, null, [entry, entry], null, new Dictionary<string, string>());
        Assert.Equal(isFound ? 1 : 0, index.Find(new Platform("linux", "arm64", asked)).Count);
    }

    [Theory]
    [InlineData("no schema version", """{"config":CONFIG,"layers":[]}""")]
    [InlineData("schema version 1", """{"schemaVersion":1,"config":CONFIG,"layers":[]}""")]
    [InlineData("schema version as text", """{"schemaVersion":"2","config":CONFIG,"layers":[]}""")]
    [InlineData(
        "another type",
        """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","config":CONFIG,"layers":[]}"""
    )]
    [InlineData("no config", """{"schemaVersion":2,"layers":[]}""")]
    [InlineData("no layers", """{"schemaVersion":2,"config":CONFIG}""")]
    [InlineData("layers null", """{"schemaVersion":2,"config":CONFIG,"layers":null}""")]
    [InlineData("layer not an object", """{"schemaVersion":2,"config":CONFIG,"layers":[1]}""")]
    [InlineData("also an index", """{"schemaVersion":2,"config":CONFIG,"layers":[],"manifests":[]}""")]
    [InlineData("repeated member", """{"schemaVersion":2,"config":CONFIG,"layers":[],"layers":[]}""")]
    [InlineData("annotation not a string", """{"schemaVersion":2,"config":CONFIG,"layers":[],"annotations":{"a":1}}""")]
    [InlineData("annotation null", """{"schemaVersion":2,"config":CONFIG,"layers":[],"annotations":{"a":null}}""")]
    [InlineData("annotations a list", """{"schemaVersion":2,"config":CONFIG,"layers":[],"annotations":[]}""")]
    [InlineData("subject a string", """{"schemaVersion":2,"config":CONFIG,"layers":[],"subject":"x"}""")]
    [InlineData("not an object", "[]")]
    [InlineData("name with half a character", """{"schemaVersion":2,"config":CONFIG,"layers":[],"annotations":{"\ud800":"a"}}""")]
    [InlineData("value with half a character", """{"schemaVersion":2,"config":CONFIG,"layers":[],"annotations":{"a":"\uDC00"}}""")]
    [InlineData("truncated", """{"schemaVersion":2,"config":""")]
    [InlineData("two values", """{"schemaVersion":2,"config":CONFIG,"layers":[]}{}""")]
    [InlineData("empty", "")]
    public void What_is_not_a_manifest_is_refused(string why, string json)
    {
        Assert.NotEmpty(why);
        Assert.Throws<MalformedDataException>(() => ImageManifest.Parse(Utf8(json.Replace("CONFIG", Config, StringComparison.Ordinal))));
    }

    [Theory]
    [InlineData("no type", """{"size":2,"digest":"DIGEST"}""")]
    [InlineData("empty type", """{"mediaType":"","size":2,"digest":"DIGEST"}""")]
    [InlineData("type with a newline", """{"mediaType":"a/b\n","size":2,"digest":"DIGEST"}""")]
    [InlineData("no digest", """{"mediaType":"a/b","size":2}""")]
    [InlineData(
        "digest in capitals",
        """{"mediaType":"a/b","size":2,"digest":"SHA256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}"""
    )]
    [InlineData("digest leaves the directory", """{"mediaType":"a/b","size":2,"digest":"sha256:../../../../etc/passwd"}""")]
    [InlineData("no size", """{"mediaType":"a/b","digest":"DIGEST"}""")]
    [InlineData("negative size", """{"mediaType":"a/b","size":-1,"digest":"DIGEST"}""")]
    [InlineData("size with a fraction", """{"mediaType":"a/b","size":1.5,"digest":"DIGEST"}""")]
    [InlineData("size too large", """{"mediaType":"a/b","size":9223372036854775808,"digest":"DIGEST"}""")]
    [InlineData("size as text", """{"mediaType":"a/b","size":"2","digest":"DIGEST"}""")]
    [InlineData("platform without os", """{"mediaType":"a/b","size":2,"digest":"DIGEST","platform":{"architecture":"amd64"}}""")]
    [InlineData("platform a string", """{"mediaType":"a/b","size":2,"digest":"DIGEST","platform":"linux"}""")]
    public void What_is_not_a_descriptor_is_refused(string why, string json)
    {
        Assert.NotEmpty(why);
        var descriptor = json.Replace("DIGEST", D, StringComparison.Ordinal);
        Assert.Throws<MalformedDataException>(() => ImageIndex.Parse(Utf8($$"""{"schemaVersion":2,"manifests":[{{descriptor}}]}""")));
    }

    [Fact]
    public void An_index_that_is_also_a_manifest_is_refused()
    {
        Assert.Throws<MalformedDataException>(() => ImageIndex.Parse(Utf8($$"""{"schemaVersion":2,"manifests":[],"config":{{Config}}}""")));
        Assert.Throws<MalformedDataException>(() => ImageIndex.Parse(Utf8("""{"schemaVersion":2,"manifests":[],"layers":[]}""")));
    }

    [Fact]
    public void A_manifest_over_a_limit_is_refused()
    {
        var layers = string.Join(',', Enumerable.Repeat(Config, OciLimits.Layers + 1));
        Assert.Throws<MalformedDataException>(() =>
            ImageManifest.Parse(Utf8($$"""{"schemaVersion":2,"config":{{Config}},"layers":[{{layers}}]}"""))
        );
        Assert.Throws<MalformedDataException>(() =>
            ImageManifest.Parse(
                Utf8($$"""{"schemaVersion":2,"config":{{Config}},"layers":[],"x":"{{new string('x', Limits.OciManifestBytes)}}"}""")
            )
        );
    }

    [Fact]
    public void A_manifest_that_came_as_another_type_is_refused()
    {
        var bytes = Utf8($$"""{"schemaVersion":2,"mediaType":"{{Image}}","config":{{Config}},"layers":[]}""");
        Assert.Throws<MalformedDataException>(() =>
            StoredManifest.Create(DigestAlgorithm.Sha256.Hash(bytes), bytes, OciMediaTypes.DockerManifest)
        );
        Assert.Equal(Image, StoredManifest.Create(DigestAlgorithm.Sha256.Hash(bytes), bytes, "application/json").Descriptor.MediaType);
    }

    [Fact]
    public void Docker_schema_1_is_refused()
    {
        var bytes = Utf8("""{"schemaVersion":1,"name":"a","tag":"b","fsLayers":[]}""");
        Assert.Throws<MalformedDataException>(() => StoredManifest.Create(DigestAlgorithm.Sha256.Hash(bytes), bytes, null));
        var unknown = Utf8("""{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v1+prettyjws"}""");
        Assert.Throws<MalformedDataException>(() => StoredManifest.Create(DigestAlgorithm.Sha256.Hash(unknown), unknown, null));
    }

    [Theory]
    [InlineData("application/vnd.dev.sigstore.bundle.v0.3+json", true)]
    [InlineData("application/vnd.dev.sigstore.bundle+json;version=0.1", true)]
    [InlineData("application/vnd.dev.sigstore.bundle+json;version=0.3", true)]
    [InlineData("application/vnd.dev.sigstore.bundle.v0.4+json", true)]
    [InlineData("application/vnd.dev.sigstore.bundle.v1.0+json", false)]
    [InlineData("application/vnd.dev.sigstore.bundle.v0.+json", false)]
    [InlineData("application/vnd.dev.sigstore.bundle.v0.3", false)]
    [InlineData("application/vnd.dev.sigstore.bundle.v0.3+jsonx", false)]
    [InlineData("application/vnd.dev.sigstore.bundle+json;version=0.x", false)]
    [InlineData("application/vnd.dev.sigstore.bundle", false)]
    [InlineData("application/vnd.oci.empty.v1+json", false)]
    [InlineData(null, false)]
    public void Bundle_types_are_told_from_others(string? mediaType, bool expected) =>
        Assert.Equal(expected, OciMediaTypes.IsSigstoreBundle(mediaType));

    [VectorFact]
    public void Every_manifest_that_cosign_oras_and_notation_wrote_is_read()
    {
        var files = Directory.GetFiles(Vectors.Require("cosign/dump"), "sha256-*.json", SearchOption.AllDirectories);
        Assert.True(files.Length > 25);
        foreach (var file in files)
        {
            var bytes = File.ReadAllBytes(file);
            var digest = Digest.Parse(Path.GetFileNameWithoutExtension(file).Replace('-', ':'));
            Assert.Equal(digest, DigestAlgorithm.Sha256.Hash(bytes));
            var manifest = StoredManifest.Create(digest, bytes, null);
            if (manifest.IsIndex)
            {
                Assert.NotEmpty(manifest.ToImageIndex().Manifests);
                continue;
            }
            var folder = Path.Combine(Path.GetDirectoryName(file)!, "..", "blobs");
            var image = manifest.ToImageManifest();
            foreach (var blob in image.Layers.Append(image.Config))
            {
                // Not every dump holds every blob.
                var path = Path.Combine(folder, blob.Digest.ToString().Replace(':', '-'));
                if (File.Exists(path))
                {
                    Assert.Equal(blob, Descriptor.Of(blob.MediaType, File.ReadAllBytes(path)));
                }
            }
        }
        ImageIndex.Parse(File.ReadAllBytes(Vectors.Require("cosign/dump/referrers-api-new-sign/referrers.json")));
    }

    [VectorFact]
    public void What_cosign_wrote_is_written_again_byte_for_byte()
    {
        var written = 0;
        foreach (var folder in (string[])["new-sign", "new-two-keys", "new-attest", "cert-sign", "legacy-sign", "legacy-oci11"])
        {
            foreach (var file in Directory.GetFiles(Vectors.Require($"cosign/dump/{folder}/manifests")))
            {
                var bytes = File.ReadAllBytes(file);
                if (!StoredManifest.Create(DigestAlgorithm.Sha256.Hash(bytes), bytes, null).IsIndex)
                {
                    Assert.Equal(Encoding.UTF8.GetString(bytes), Encoding.UTF8.GetString(ImageManifest.Parse(bytes).ToUtf8Bytes()));
                    written++;
                }
            }
        }
        Assert.True(written >= 12);
    }

    [VectorFact]
    public void A_manifest_with_a_byte_changed_is_read_or_refused_and_nothing_else()
    {
        var valid = File.ReadAllBytes(
            Vectors.Require("cosign/dump/new-sign/manifests/sha256-a4870c1badde7d3926c0b74675d2406f5486317b2e716d16dd3b2457a405c4b7.json")
        );
        for (var i = 0; i < valid.Length; i++)
        {
            foreach (var flip in (byte[])[0x01, 0x20, 0x80])
            {
                var mutated = (byte[])valid.Clone();
                mutated[i] ^= flip;
                try
                {
                    ImageManifest.Parse(mutated);
                }
                catch (MalformedDataException) { }
            }
        }
        for (var length = 0; length < valid.Length; length++)
        {
            Assert.Throws<MalformedDataException>(() => ImageManifest.Parse(valid.AsMemory(0, length)));
        }
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
