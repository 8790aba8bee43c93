using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Tests.Sbom.Readers;

/// <summary>What must hold of every format: a bad file is said to be unreadable, and nothing is thrown.</summary>
public sealed class HostileFileTests
{
    public static TheoryData<string> Names => [.. Samples.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_sample_is_readable(string name) => Samples.Read(name, Samples.All[name]);

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_prefix_is_read_or_said_to_be_unreadable(string name)
    {
        var whole = Samples.All[name];
        for (var length = 0; length < whole.Length; length++)
        {
            Samples.Inspect(name, whole[..length]);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_changed_byte_is_read_or_said_to_be_unreadable(string name)
    {
        var bytes = Samples.All[name].ToArray();
        for (var i = 0; i < bytes.Length; i++)
        {
            var original = bytes[i];
            foreach (var changed in new[] { original ^ 0x01, original ^ 0x80, 0x00, 0x7f, 0xff, '"', '{', '[', '&', '*' })
            {
                bytes[i] = (byte)changed;
                Samples.Inspect(name, bytes);
            }
            bytes[i] = original;
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Random_changes_are_read_or_said_to_be_unreadable(string name)
    {
        var random = new Random(name.Length);
        for (var round = 0; round < 3000; round++)
        {
            var bytes = Samples.All[name].ToList();
            for (var change = random.Next(1, 8); change > 0 && bytes.Count > 0; change--)
            {
                var at = random.Next(bytes.Count);
                switch (random.Next(4))
                {
                    case 0:
                        bytes[at] = (byte)random.Next(256);
                        break;
                    case 1:
                        bytes.RemoveRange(at, Math.Min(bytes.Count - at, random.Next(1, 16)));
                        break;
                    case 2:
                        bytes.InsertRange(at, bytes.Skip(random.Next(bytes.Count)).Take(random.Next(1, 16)).ToArray());
                        break;
                    default:
                        bytes.InsertRange(at, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
                        break;
                }
            }
            Samples.Inspect(name, [.. bytes]);
        }
    }

    [Theory]
    [InlineData("model.onnx")]
    [InlineData("model.safetensors")]
    [InlineData("data.csv")]
    [InlineData("data.tsv")]
    [InlineData("data.json")]
    [InlineData("data.jsonl")]
    [InlineData("config.json")]
    public void An_empty_file_is_unreadable(string name) => Samples.Unreadable(name, []);

    [Theory]
    [InlineData("notes.txt", "text")]
    [InlineData("README.md", "# no front matter")]
    [InlineData("weights.bin", "\u0001\u0002\u0003")]
    [InlineData("GGUF", "GGU")]
    public void A_file_of_no_known_format_says_nothing(string name, string content)
    {
        var file = Samples.Inspect(name, System.Text.Encoding.UTF8.GetBytes(content));
        Assert.Null(file.Facts);
        Assert.Null(file.Unreadable);
    }

    [Theory]
    [InlineData("model.gguf", "x.bin", "gguf")]
    [InlineData("data.parquet", "x.bin", "parquet")]
    [InlineData("data.arrow", "x.bin", "arrow")]
    [InlineData("stream.arrows", "x.bin", "arrow")]
    [InlineData("model.safetensors", "x.bin", "safetensors")]
    [InlineData("model.onnx", "x.bin", "onnx")]
    [InlineData("data.parquet", "model.onnx", "parquet")]
    [InlineData("model.gguf", "data.csv", "gguf")]
    [InlineData("data.arrow", "config.json", "arrow")]
    public void The_content_decides_where_it_has_a_magic_number(string sample, string name, string format) =>
        Assert.Equal(format, Samples.Read(name, Samples.All[sample]).Facts!.Format);

    [Fact]
    public void A_file_that_shrinks_while_it_is_read_is_the_worlds_failure()
    {
        using var stream = new ShrinkingStream(100_000);
        var reader = new ByteReader(stream, "test");
        Assert.Throws<IOException>(() => reader.ReadBytes(100_000, 100_000));
    }

    [Fact]
    public void A_file_of_another_size_than_was_hashed_is_the_worlds_failure()
    {
        var entry = new ArtifactTrust.Manifests.ManifestEntry("f", ArtifactTrust.Hashing.DigestAlgorithm.Sha256.Hash("a"u8), 1);
        Assert.Throws<IOException>(() => ArtifactTrust.Sbom.FileInspector.Inspect(new MemoryStream(new byte[2]), entry, default));
    }

    [Fact]
    public void Reading_stops_when_it_is_cancelled()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        var content = Samples.All["data.csv"];
        var entry = new ArtifactTrust.Manifests.ManifestEntry(
            "data.csv",
            ArtifactTrust.Hashing.DigestAlgorithm.Sha256.Hash(content),
            content.Length
        );
        Assert.Throws<OperationCanceledException>(() =>
            ArtifactTrust.Sbom.FileInspector.Inspect(new MemoryStream(content), entry, stop.Token)
        );
    }

    private sealed class ShrinkingStream(long length) : MemoryStream(new byte[10])
    {
        public override long Length => length;
    }
}
