using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Scanning.Data;
using ArtifactTrust.Tests.Formats.Zstandard;

namespace ArtifactTrust.Tests.Scanning.Data;

/// <summary>Zstandard around text; the other kinds of compression are in <see cref="DataScannerTests"/>.</summary>
public sealed class CompressedDataTests
{
    private static readonly byte[] Csv = ZstandardSamples.Stored("mail\njane@acme.io\n"u8.ToArray());

    [Fact]
    public void Text_in_Zstandard_is_looked_into()
    {
        var scan = Scan("a.csv.zst", Csv);
        Assert.Equal(("Zstandard of delimited text", "mail"), (scan.Format, Assert.Single(scan.Columns).Path));
        Assert.Empty(scan.Gaps);
        scan = Scan("a.jsonl.zst", ZstandardSamples.Stored("{\"mail\":\"jane@acme.io\"}\n"u8.ToArray()));
        Assert.Equal("Zstandard of JSON", scan.Format);
    }

    [Fact]
    public void Damage_is_said_once_and_what_was_found_is_counted_once()
    {
        const int Rows = 20_000;
        var text = "mail\n" + string.Concat(Enumerable.Repeat("jane@acme.io\n", Rows));
        var scan = Scan("a.csv.zst", ZstandardSamples.Stored(Encoding.UTF8.GetBytes(text))[..^2]);
        Assert.InRange(Assert.Single(scan.Columns).Count, 1, Rows);
        Assert.StartsWith("Zstandard, byte ", Assert.Single(scan.Gaps), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("people.arrow", "Arrow")]
    [InlineData("people-zstd.parquet", "Parquet")]
    public void Columns_inside_of_it_are_not_examined_and_that_is_said(string name, string format) =>
        Assert.Equal(
            $"{format} inside of Zstandard is not examined for data about people",
            Assert.Single(Scan("a.zst", ZstandardSamples.Stored(DataSamples.Read(name))).Gaps)
        );

    [Fact]
    public void It_is_not_rewritten_and_that_is_said() =>
        Assert.Contains(
            "compressed files are not rewritten",
            Assert
                .Throws<MalformedDataException>(() =>
                    new DataRedactor([PersonalDataKind.Email], Replacement.Mask, []).Redact("a", new MemoryStream(Csv), new MemoryStream())
                )
                .Message,
            StringComparison.Ordinal
        );

    private static DataFileScan Scan(string name, byte[] content) => DataScanner.ScanFile(name, new MemoryStream(content));
}
