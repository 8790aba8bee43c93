using System.IO.Compression;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom;

namespace ArtifactTrust.Tests.Sbom.Readers;

/// <summary>Models in zip files, NumPy arrays and SavedModels.</summary>
public sealed class ZipModelReaderTests
{
    [Fact]
    public void A_pytorch_file_tells_its_storages()
    {
        var file = Zip(
            ("m/data.pkl", "\u0080\u0002ctorch._utils\n_rebuild_tensor_v2\nctorch\nHalfStorage\n."),
            ("m/byteorder", "little"),
            ("m/data/0", new string('x', 10)),
            ("m/data/1", new string('x', 20)),
            ("m/data/notes", "x"),
            ("m/version", "3\n")
        );
        Assert.Equal(
            ["storages=2", "storage-bytes=30", "storage-type=HalfStorage", "byte-order=little", "version=3"],
            Properties("model.pt", file, "pytorch:")
        );
    }

    [Fact]
    public void A_keras_file_tells_its_layers()
    {
        var file = Zip(
            ("metadata.json", """{"keras_version":"3.4.1","date_saved":"2026-01-01"}"""),
            (
                "config.json",
                """{"class_name":"Functional","config":{"layers":[{"class_name":"Dense"},{"class_name":"Dense"},{"class_name":"Lambda"}]}}"""
            )
        );
        Assert.Equal(
            ["version=3.4.1", "saved=2026-01-01", "class=Functional", "layers=3", "layer-class=Dense: 2", "layer-class=Lambda: 1"],
            Properties("model.keras", file, "keras:")
        );
        Assert.Equal("Functional", Samples.Read("model.keras", file).Facts!.Model!.Architecture);
    }

    [Theory]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", "version=1.0", "type=<f4", "shape=[2, 3]")]
    [InlineData(
        "{'descr': '|O', 'fortran_order': True, 'shape': (), }",
        "version=1.0",
        "type=|O",
        "shape=[]",
        "fortran-order=true",
        "objects=present"
    )]
    [InlineData("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (5,), }", "version=1.0", "type=structured", "shape=[5]")]
    public void An_array_tells_its_type_and_shape(string header, params string[] expected) =>
        Assert.Equal(expected, Properties("a.npy", Npy(header), "numpy:"));

    [Fact]
    public void A_saved_model_tells_its_operators()
    {
        var node = new Proto().Bytes(1, "n").Bytes(2, "MatMul");
        var graph = new Proto()
            .Bytes(1, node)
            .Bytes(1, node)
            .Bytes(2, new Proto().Bytes(1, new Proto().Bytes(3, new Proto().Bytes(2, "ReadFile"))));
        var meta = new Proto()
            .Bytes(1, new Proto().Bytes(4, "serve").Bytes(5, "2.16.1"))
            .Bytes(2, graph)
            .Bytes(5, new Proto().Bytes(1, "serving_default").Bytes(2, new Proto()));
        var file = new Proto().Varint(1, 1).Bytes(2, meta).ToArray();
        Assert.Equal(
            [
                "tensorflow-version=2.16.1",
                "tag=serve",
                "signature=serving_default",
                "nodes=3",
                "operator=MatMul: 2",
                "operator=ReadFile: 1",
            ],
            Properties("saved_model.pb", file, "saved-model:")
        );
    }

    [Fact]
    public void What_is_cut_or_broken_is_unreadable_and_never_an_unexpected_error()
    {
        var node = new Proto().Bytes(2, new Proto().Bytes(2, new Proto().Bytes(1, new Proto().Bytes(2, "MatMul")))).ToArray();
        var files = new (string Name, byte[] Content)[]
        {
            ("m.pt", Zip(("m/data.pkl", "ctorch\nFloatStorage\n"), ("m/data/0", "x"))),
            ("m.keras", Zip(("config.json", """{"class_name":"Sequential"}"""))),
            ("a.npy", Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }")),
            ("saved_model.pb", node),
        };
        foreach (var (name, content) in files)
        {
            for (var i = 0; i < content.Length; i++)
            {
                Samples.Inspect(name, content[..i]);
                foreach (var flip in (ReadOnlySpan<byte>)[1, 0x80, 0xff])
                {
                    var changed = content.ToArray();
                    changed[i] ^= flip;
                    Samples.Inspect(name, changed);
                }
            }
        }
    }

    [Fact]
    public void A_configuration_that_unpacks_to_more_than_the_limit_is_not_read()
    {
        var bomb = Zip(("config.json", new string(' ', Limits.ModelConfigBytes + 1)));
        Assert.NotNull(Samples.Inspect("m.keras", bomb).Unreadable);
    }

    private static IEnumerable<string> Properties(string name, byte[] content, string format)
    {
        var prefix = SbomPropertyNames.Prefix + format;
        return Samples
            .Read(name, content)
            .Facts!.Properties.Select(p =>
            {
                Assert.StartsWith(prefix, p.Name, StringComparison.Ordinal);
                return $"{p.Name[prefix.Length..]}={p.Value}";
            });
    }

    private static byte[] Npy(string header) => [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header)];

    private static byte[] Zip(params (string Name, string Content)[] members)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in members)
            {
                using var member = zip.CreateEntry(name).Open();
                member.Write(Encoding.Latin1.GetBytes(content));
            }
        }
        return stream.ToArray();
    }
}
