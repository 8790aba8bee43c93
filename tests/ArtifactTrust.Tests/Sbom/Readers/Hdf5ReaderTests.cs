using System.Buffers.Binary;
using System.Text;
using ArtifactTrust.Sbom;
using ArtifactTrust.Tests.Scanning.Models;

namespace ArtifactTrust.Tests.Sbom.Readers;

/// <summary>What Keras wrote into HDF5 files, by the HDF5 library's oldest and newest forms, and files of others.</summary>
public sealed class Hdf5ReaderTests
{
    private static readonly byte[] Signature = [0x89, (byte)'H', (byte)'D', (byte)'F', 13, 10, 26, 10];

    [Theory]
    [InlineData("lambda-earliest.h5", "version=2.15.0 class=Sequential layers=1 layer-class=Lambda: 1")]
    [InlineData("lambda-latest.h5", "version=2.15.0 class=Sequential layers=1 layer-class=Lambda: 1")]
    [InlineData("fixed-earliest.h5", "class=Sequential layers=1 layer-class=Lambda: 1")]
    [InlineData("fixed-latest.h5", "class=Sequential layers=1 layer-class=Lambda: 1")]
    [InlineData("link-earliest.h5", "")]
    [InlineData("link-latest.h5", "")]
    [InlineData("many-latest.h5", "")]
    [InlineData("virtual-latest.h5", "")]
    [InlineData("dense-heap.h5", "class=Sequential layers=1 layer-class=Lambda: 1")]
    [InlineData("huge-heap.h5", "class=Sequential layers=1 layer-class=Lambda: 1")]
    [InlineData("tiny-heap.h5", "class=Sequential layers=1 layer-class=Lambda: 1")]
    [InlineData("levels-heap.h5", "")]
    [InlineData("compressed-heap.h5", "")]
    [InlineData("shared-heap.h5", "")]
    public void A_file_tells_what_Keras_wrote_of_the_model(string sample, string expected)
    {
        var facts = Samples.Read("model.h5", FormatTests.Sample(sample)).Facts!;
        Assert.Equal("hdf5", facts.Format);
        Assert.Equal(expected, Text(facts.Properties));
        Assert.Equal(expected.Contains("Sequential", StringComparison.Ordinal) ? "Sequential" : null, facts.Model!.Architecture);
    }

    [Theory]
    [InlineData(
        """{"class_name":"Model","config":{"layers":[{"class_name":"Dense"},{"class_name":"Dense"},{}]}}""",
        "class=Model layers=3 layer-class=Dense: 2"
    )]
    [InlineData("""{"class_name":"Sequential","config":[{"class_name":"Dense"}]}""", "class=Sequential layers=1 layer-class=Dense: 1")]
    [InlineData("""{"class_name":"Own","config":{"units":3}}""", "class=Own")]
    [InlineData("""{"class_name":5,"config":"none"}""", "")]
    [InlineData("[]", "")]
    public void A_configuration_is_read_in_the_forms_of_every_version(string config, string expected)
    {
        var file = WithAttributes(("keras_version", "2.2.4"), ("backend", "tensorflow"), ("model_config", config), ("note", "x"));
        Assert.Equal($"version=2.2.4 backend=tensorflow {expected}".TrimEnd(), Text(Samples.Read("m.h5", file).Facts!.Properties));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("""{"class_name":"A","class_name":"B"}""")]
    public void A_configuration_that_is_no_JSON_makes_the_file_unreadable(string config) =>
        Assert.Contains("HDF5 file", Samples.Unreadable("m.h5", WithAttributes(("model_config", config))), StringComparison.Ordinal);

    [Fact]
    public void A_file_that_ends_after_its_signature_is_unreadable()
    {
        Samples.Unreadable("m.h5", [.. Signature, 0]);
        Assert.Equal("hdf5", Samples.Inspect("m.h5", [.. Signature, 0]).Facts!.Format);
        Assert.Contains(
            "superblock of version 9",
            Samples.Unreadable("m.h5", [.. Signature, 9, .. new byte[90]]),
            StringComparison.Ordinal
        );
    }

    /// <summary>Else a file of some megabytes, whose blocks lie over each other, would take gigabytes.</summary>
    [Fact]
    public void A_header_whose_blocks_overlap_is_unreadable()
    {
        var file = new byte[400_000];
        // Each continuation begins a little later than the one before, and reaches to the end.
        var messages = Enumerable.Range(0, 100).Select(i => Continuation(200_000 + (8 * i), file.Length - 200_000 - (8 * i)));
        Superblock(messages.SelectMany(m => m).ToArray()).CopyTo(file, 0);
        Assert.Contains("too large", Samples.Unreadable("m.h5", file), StringComparison.Ordinal);
    }

    private static string Text(IEnumerable<SbomProperty> properties) =>
        string.Join(' ', properties.Select(p => $"{p.Name[$"{SbomPropertyNames.Prefix}keras:".Length..]}={p.Value}"));

    private static byte[] WithAttributes(params (string Name, string Value)[] attributes) =>
        Superblock([.. attributes.SelectMany(a => Attribute(a.Name, a.Value))]);

    /// <summary>Version 0, and the root group's header of version 1 behind it.</summary>
    private static byte[] Superblock(byte[] messages)
    {
        var file = new byte[112 + messages.Length];
        Signature.CopyTo(file, 0);
        (file[13], file[14]) = (8, 8);
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(64), 96);
        file[96] = 1;
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(104), messages.Length);
        messages.CopyTo(file, 112);
        return file;
    }

    /// <summary>An attribute of version 1, a text of a fixed length.</summary>
    private static byte[] Attribute(string name, string value)
    {
        var data = new List<byte> { 1, 0 };
        Span<byte> sizes = stackalloc byte[6];
        BinaryPrimitives.WriteUInt16LittleEndian(sizes, (ushort)(name.Length + 1));
        BinaryPrimitives.WriteUInt16LittleEndian(sizes[2..], 8);
        BinaryPrimitives.WriteUInt16LittleEndian(sizes[4..], 8);
        data.AddRange(sizes);
        Add(Encoding.UTF8.GetBytes(name + '\0'));
        Add([0x13, 0, 0, 0, (byte)value.Length, (byte)(value.Length >> 8), 0, 0]);
        Add([1, 0, 0, 0, 0, 0, 0, 0]);
        Add(Encoding.UTF8.GetBytes(value));
        return Message(0x0c, [.. data]);

        void Add(byte[] bytes) => data.AddRange([.. bytes, .. new byte[-bytes.Length & 7]]);
    }

    private static byte[] Continuation(long start, long length)
    {
        var data = new byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(data, start);
        BinaryPrimitives.WriteInt64LittleEndian(data.AsSpan(8), length);
        return Message(0x10, data);
    }

    private static byte[] Message(byte type, byte[] data) => [type, 0, (byte)data.Length, (byte)(data.Length >> 8), 0, 0, 0, 0, .. data];
}
