using ArtifactTrust.Formats;
using ArtifactTrust.Sbom;

namespace ArtifactTrust.Tests.Sbom.Readers;

/// <summary>Models in zip files, NumPy arrays and SavedModels.</summary>
public sealed class ZipModelReaderTests
{
    [Fact]
    public void A_pytorch_file_tells_its_storages()
    {
        var file = Samples.Zip(
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
        var file = Samples.Zip(
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
        Assert.Equal(expected, Properties("a.npy", Samples.Npy(header), "numpy:"));

    [Fact]
    public void A_saved_model_tells_its_operators()
    {
        Assert.Equal(
            [
                "tensorflow-version=2.16.1",
                "tag=serve",
                "signature=serving_default",
                "nodes=3",
                "operator=MatMul: 2",
                "operator=ReadFile: 1",
            ],
            Properties("saved_model.pb", Samples.All["saved_model.pb"], "saved-model:")
        );
    }

    [Fact]
    public void A_configuration_that_unpacks_to_more_than_the_limit_is_not_read()
    {
        var bomb = Samples.Zip(("config.json", new string(' ', Limits.ModelConfigBytes + 1)));
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
}
