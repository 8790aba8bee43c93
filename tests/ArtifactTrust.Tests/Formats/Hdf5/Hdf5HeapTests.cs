using ArtifactTrust.Formats.Hdf5;
using ArtifactTrust.Tests.Scanning.Models;

namespace ArtifactTrust.Tests.Formats.Hdf5;

/// <summary>What files that the HDF5 library wrote keep in heaps, against the names that were given to it.</summary>
public sealed class Hdf5HeapTests
{
    /// <summary>Objects in one block and in several, in the identifiers themselves, and beside the heap; indexes of one level and of two.</summary>
    [Theory]
    [InlineData("dense-heap.h5", "l0 l1 l2 l3 l4 l5 l6 l7 l8", "a0 a1 a2 a3 a4 a5 a6 a7 a8 model_config")]
    [InlineData("huge-heap.h5", "", "a0 a1 a2 a3 a4 a5 a6 a7 a8 model_config")]
    [InlineData("tiny-heap.h5", "a b c d e f g h i", "a b c d e f g h i model_config")]
    [InlineData("type-heap.h5", "type", "a0 a1 a2 a3 a4 a5 a6 a7 a8 model_config")]
    public void The_links_and_attributes_of_a_group_are_read(string sample, string links, string attributes)
    {
        var (file, messages) = Read(sample);
        Assert.Equal(links, Names(messages.Where(m => m.Type is Hdf5MessageType.Link).Select(m => Hdf5Link.Read(file, m).Name)));
        Assert.Equal(
            attributes,
            Names(messages.Where(m => m.Type is Hdf5MessageType.Attribute).Select(m => Hdf5Attribute.Read(file, m).Name))
        );
    }

    [Fact]
    public void The_links_of_a_heap_of_several_blocks_are_read()
    {
        var (file, messages) = Read("levels-heap.h5");
        var links = messages.Where(m => m.Type is Hdf5MessageType.Link).Select(m => Hdf5Link.Read(file, m)).ToList();
        Assert.Equal(Names([.. Enumerable.Range(0, 90).Select(i => $"l{i}"), "behind"]), Names(links.Select(l => l.Name)));
        Assert.All(links, l => Assert.Equal(l.Name == "behind", l is { Kind: 0, Target: > 0 }));
    }

    [Fact]
    public void The_text_of_an_attribute_that_is_too_large_for_a_heap_is_read()
    {
        foreach (var sample in new[] { "huge-heap.h5", "tiny-heap.h5" })
        {
            var (file, messages) = Read(sample);
            var attribute = messages
                .Where(m => m.Type is Hdf5MessageType.Attribute)
                .Select(m => Hdf5Attribute.Read(file, m))
                .Single(a => a.Name == "model_config");
            var text = System.Text.Encoding.ASCII.GetString(Assert.Single(attribute.ReadTexts(file)).Span);
            Assert.StartsWith("{\"class_name\": \"Sequential\"", text, StringComparison.Ordinal);
            Assert.EndsWith("}" + new string(' ', 4000), text, StringComparison.Ordinal);
        }
    }

    private static string Names(IEnumerable<string> names) => string.Join(' ', names.Order(StringComparer.Ordinal));

    private static (Hdf5File File, List<Hdf5Message> Messages) Read(string sample)
    {
        var file = new Hdf5File(new MemoryStream(FormatTests.Sample(sample)));
        var messages = Hdf5ObjectHeader
            .Read(file, file.Root)
            .SelectMany(m => m.Type is Hdf5MessageType.LinkInfo or Hdf5MessageType.AttributeInfo ? Hdf5DenseStorage.Read(file, m) : [m]);
        return (file, [.. messages]);
    }
}
