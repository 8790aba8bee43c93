using System.Buffers.Binary;
using ArtifactTrust.Formats;
using ArtifactTrust.Scanning.Data;
using ArtifactTrust.Tests.Formats.Zstandard;

namespace ArtifactTrust.Tests.Scanning.Data;

/// <summary>Files that Apache Arrow's JavaScript library wrote; Samples/samples.mjs says how.</summary>
public sealed class ArrowTests
{
    public static TheoryData<string> Samples =>
        ["people.arrow", "people.arrows", "people-zstd.arrow", "people-lz4.arrows", "people-sizes.arrows"];

    [Theory]
    [MemberData(nameof(Samples))]
    public void Texts_and_numbers_of_every_layout_are_found(string name)
    {
        var scan = Scan(DataSamples.Read(name));
        Assert.Equal("Arrow", scan.Format);
        Assert.Empty(scan.Gaps);
        Assert.Equal(
            [
                ("card", PersonalDataKind.PaymentCard, 40),
                ("city", PersonalDataKind.Email, 1),
                ("large", PersonalDataKind.Email, 34),
                ("mail", PersonalDataKind.Email, 34),
                ("raw", PersonalDataKind.Email, 40),
                ("tags.item", PersonalDataKind.Email, 39),
                ("view", PersonalDataKind.Email, 34),
                ("who.ip", PersonalDataKind.IpAddress, 40),
            ],
            scan.Columns.Select(c => (c.Path, c.Kind, c.Count))
        );
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_file_that_is_cut_short_is_never_read_as_whole(string name)
    {
        var bytes = DataSamples.Read(name);
        var whole = Scan(bytes).Values;
        for (var length = 16; length < bytes.Length; length += 7)
        {
            var scan = Scan(bytes[..length]);
            // A stream may end without a mark, between two messages or before the mark that the sample has.
            Assert.True(
                scan.Gaps.Count > 0 || (name.EndsWith('s') && (scan.Values < whole || length >= bytes.Length - 8)),
                $"{length} of {bytes.Length} bytes are read as whole"
            );
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void No_change_of_a_byte_ends_in_an_exception(string name)
    {
        var bytes = DataSamples.Read(name);
        for (var at = 8; at < bytes.Length; at += 7)
        {
            var changed = (byte[])bytes.Clone();
            changed[at] ^= (byte)(1 << (at % 8));
            Assert.NotNull(Scan(changed).Format);
        }
    }

    [Fact]
    public void A_record_batch_that_only_the_footer_knows_is_said()
    {
        var bytes = DataSamples.Read("people.arrow");
        // The mark of the end in place of the last message.
        var last = Enumerable
            .Range(1, (bytes.Length / 8) - 2)
            .Select(i => 8 * i)
            .Last(at => Number(bytes, at) == -1 && Number(bytes, at + 4) is > 0 and < 10_000);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(last + 4), 0);
        Assert.Contains($"the footer lists a record batch at byte {last}", Assert.Single(Scan(bytes).Gaps), StringComparison.Ordinal);
    }

    [Fact]
    public void A_compressed_buffer_that_is_damaged_is_said_and_the_other_columns_are_read()
    {
        var bytes = DataSamples.Read("people-zstd.arrow");
        var frame = bytes.AsSpan().LastIndexOf(ZstandardSamples.Magic);
        bytes[frame + 5] ^= 0xff;
        var scan = Scan(bytes);
        Assert.StartsWith("column picture: Zstandard, byte ", Assert.Single(scan.Gaps), StringComparison.Ordinal);
        Assert.Contains(scan.Columns, c => c is { Path: "mail", Count: 34 });
    }

    [Fact]
    public void It_is_not_rewritten_and_that_is_said() =>
        Assert.Contains(
            "Arrow is not rewritten; export it as CSV or JSON lines first",
            Assert
                .Throws<MalformedDataException>(() =>
                    new DataRedactor([PersonalDataKind.Email], Replacement.Mask, []).Redact(
                        "a",
                        new MemoryStream(DataSamples.Read("people.arrow")),
                        new MemoryStream()
                    )
                )
                .Message,
            StringComparison.Ordinal
        );

    private static int Number(byte[] bytes, int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));

    private static DataFileScan Scan(byte[] bytes) => DataScanner.ScanFile("people", new MemoryStream(bytes));
}
