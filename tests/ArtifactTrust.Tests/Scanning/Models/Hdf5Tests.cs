using System.Text;
using ArtifactTrust.Scanning.Models;
using ArtifactTrust.Tests.Formats.Hdf5;

namespace ArtifactTrust.Tests.Scanning.Models;

/// <summary>HDF5 files that keep links and attributes in heaps, good and damaged.</summary>
public sealed class Hdf5Tests
{
    /// <summary>A Lambda layer among many attributes, in one of 4 KiB, behind many links, with a type of its own, and with short addresses.</summary>
    public static TheoryData<string> Planted => ["dense-heap.h5", "huge-heap.h5", "levels-heap.h5", "type-heap.h5", "tiny-heap.h5"];

    [Theory]
    [MemberData(nameof(Planted))]
    public void A_layer_with_code_is_found_wherever_it_is_kept(string sample)
    {
        var scan = Scan(FormatTests.Sample(sample));
        Assert.True(FindsLayer(scan));
        Assert.Empty(scan.Gaps);
    }

    [Fact]
    public void Many_links_are_clean() => Assert.Equal(FileVerdict.Clean, Scan(FormatTests.Sample("many-latest.h5")).Verdict);

    [Theory]
    [InlineData("compressed-heap.h5", "a heap is compressed or filtered otherwise")]
    [InlineData("shared-heap.h5", "a message of an object is kept elsewhere")]
    public void What_is_not_read_is_named(string sample, string gap)
    {
        var scan = Scan(FormatTests.Sample(sample));
        Assert.Equal(FileVerdict.Inconclusive, scan.Verdict);
        Assert.Contains(scan.Gaps, g => g.Contains(gap, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Planted))]
    public void A_file_that_is_cut_short_is_never_clean(string sample)
    {
        var file = FormatTests.Sample(sample);
        // Eight bytes say what it is.
        for (var length = 8; length < file.Length; length++)
        {
            Assert.Equal(FileVerdict.Inconclusive, Scan(file[..length]).Verdict);
        }
    }

    [Theory]
    [MemberData(nameof(Planted))]
    public void A_changed_byte_hides_no_layer(string sample)
    {
        var file = FormatTests.Sample(sample);
        // An attribute of 4 KiB has no checksum. What is changed in it is another attribute, for the library too.
        var text = Encoding.Latin1.GetString(file).IndexOf("model_config", StringComparison.Ordinal);
        var (unprotected, end) = sample is "huge-heap.h5" or "tiny-heap.h5" ? (text - 9, text + 4200) : (0, 8);
        for (var i = 0; i < file.Length; i++)
        {
            if (i >= 8 && (i < unprotected || i >= end))
            {
                file[i] ^= 0xff;
                var scan = Scan(file);
                Assert.True(FindsLayer(scan) || scan.Verdict == FileVerdict.Inconclusive, $"byte {i}: {scan.Verdict}");
                file[i] ^= 0xff;
            }
        }
    }

    public static TheoryData<string, string, int, byte[], string> Malformed =>
        new()
        {
            { "type-heap.h5", "OHDR", 4, [3], "an object header of an unknown version" },
            { "type-heap.h5", "OHDR", 5, [0x40], "an object header of an unknown version" },
            { "type-heap.h5", "BTHD", 4, [1], "an index has the version 1" },
            { "type-heap.h5", "BTHD", 5, [10], "an index is of type 10" },
            { "type-heap.h5", "BTHD", 6, [0, 0, 0, 1], "more than is read" },
            { "type-heap.h5", "BTHD", 6, [20, 0, 0, 0], "there is room for 0" },
            { "type-heap.h5", "BTHD", 10, [18], "records of 18 bytes" },
            { "type-heap.h5", "BTHD", 12, [200], "more than is read" },
            { "type-heap.h5", "BTHD", 12, [31], "deeper than any that is written" },
            { "type-heap.h5", "BTHD", 16, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "an index has 0 records and announces 10" },
            { "type-heap.h5", "BTHD", 24, [200], "more than the 10 records" },
            { "type-heap.h5", "BTHD", 26, [255, 255, 255], "more than is read" },
            { "type-heap.h5", "BTHD", 26, [50], "an index has 10 records and announces 50" },
            { "type-heap.h5", "BTLF", 4, [1], "a node of an index has the version 1" },
            { "type-heap.h5", "BTLF", 5, [5], "belongs to an index of another type" },
            { "type-heap.h5", "BTLF", 6, [0x40], "is of an unknown form" },
            { "type-heap.h5", "BTLF", 6, [0x30], "is of an unknown form" },
            { "type-heap.h5", "BTLF", 6, [0x28], "is of an unknown form" },
            { "type-heap.h5", "BTLF", 6, [0x20], "an attribute is cut short" },
            { "type-heap.h5", "BTLF", 6, [0x10], "it has no index of large objects" },
            { "type-heap.h5", "BTLF", 6, [0, 1, 0], "does not lie in a block" },
            { "type-heap.h5", "BTLF", 6, [0, 0, 0, 0, 0, 1], "does not lie in a block" },
            { "type-heap.h5", "BTLF", 12, [0, 0], "does not lie in a block" },
            { "type-heap.h5", "BTLF", 12, [0xff, 0xff], "does not lie in a block" },
            { "type-heap.h5", "FRHP", 4, [1], "a heap has the version 1" },
            { "type-heap.h5", "FRHP", 5, [9], "identifiers of 9 bytes" },
            { "type-heap.h5", "FRHP", 7, [1], "compressed or filtered otherwise" },
            { "type-heap.h5", "FRHP", 110, [3], "blocks of sizes that are not known" },
            { "type-heap.h5", "FRHP", 112, [3], "blocks of sizes that are not known" },
            { "type-heap.h5", "FRHP", 122, [0x40], "blocks of sizes that are not known" },
            { "type-heap.h5", "FRHP", 128, [64], "blocks of sizes that are not known" },
            { "type-heap.h5", "FRHP", 128, [48], "larger than its identifiers can say" },
            { "type-heap.h5", "FRHP", 140, [200], "larger than its identifiers can say" },
            { "type-heap.h5", "FRHP", 132, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "it has no blocks" },
            { "type-heap.h5", "FHDB", 4, [1], "a block of a heap has the version 1" },
            { "type-heap.h5", "FHDB", 5, [1], "belongs to another heap" },
            { "type-heap.h5", "FHDB", 13, [1], "belongs to another heap" },
            { "levels-heap.h5", "FHIB", 4, [1], "has the version 1" },
            { "levels-heap.h5", "FHIB", 5, [1], "belongs to another heap" },
            { "levels-heap.h5", "FHIB", 17, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "leads nowhere" },
            { "levels-heap.h5", "BTLF", 12, [0x40], "beyond the end of its blocks" },
            { "levels-heap.h5", "BTIN", 5, [8], "belongs to an index of another type" },
            { "levels-heap.h5", "BTHD", 12, [0], "does not match" },
            { "huge-heap.h5", "FRHP", 22, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "it has no index of large objects" },
        };

    /// <summary>With checksums that match, so that what they are for is not what is found.</summary>
    [Theory]
    [MemberData(nameof(Malformed))]
    public void A_heap_in_a_form_not_known_is_named(string sample, string signature, int offset, byte[] value, string reason)
    {
        var file = FormatTests.Sample(sample);
        var checksums = new Hdf5Checksums(file);
        var changed = file.ToArray();
        value.CopyTo(changed, checksums.Find(signature) + offset);
        checksums.Mend(changed);
        var scan = Scan(changed);
        Assert.NotEqual(FileVerdict.Clean, scan.Verdict);
        Assert.True(scan.Gaps.Any(g => g.Contains(reason, StringComparison.Ordinal)), string.Join("; ", scan.Gaps));
    }

    [Fact]
    public void Damage_in_one_object_leaves_the_others_examined()
    {
        var lambda = FormatTests.Sample("lambda-latest.h5");
        var headers = new Hdf5Checksums(lambda).Starts.Where(s => Encoding.Latin1.GetString(lambda, s, 4) == "OHDR");
        lambda[headers.ElementAt(1) + 8] ^= 0xff;
        var scan = Scan(lambda);
        Assert.True(FindsLayer(scan));
        Assert.NotEmpty(scan.Gaps);
    }

    [Fact]
    public void A_configuration_that_is_no_text_is_named()
    {
        var file = FormatTests.Sample("fixed-earliest.h5");
        var name = Encoding.Latin1.GetString(file).IndexOf("model_config", StringComparison.Ordinal);
        // The class of its type, from text to an array of times.
        Assert.Equal(0x13, file[name + 16]);
        file[name + 16] = 0x12;
        Assert.Contains(Scan(file).Gaps, g => g.Contains("the model_config is no text", StringComparison.Ordinal));
    }

    private static bool FindsLayer(FileScan scan) => scan.Findings.Any(f => f.Id == "keras-lambda");

    private static FileScan Scan(byte[] file) => new ModelScanner().ScanFile("m.h5", new MemoryStream(file));
}
