using System.IO.Compression;

namespace ArtifactTrust.Tests.Sbom.Readers;

public sealed class MagicReaderTests
{
    [Theory]
    [InlineData("archive/data.pkl", "model.pt", "pytorch-zip")]
    [InlineData("x/data.pkl", "model.bin", "pytorch-zip")]
    [InlineData("weights.npy", "weights.npz", "npz")]
    [InlineData("anything", "a.zip", "zip")]
    public void A_zip_is_told_by_its_first_member(string member, string name, string format)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            zip.CreateEntry(member);
        }
        Assert.Equal(format, Samples.Read(name, stream.ToArray()).Facts!.Format);
    }

    [Theory]
    [InlineData(new byte[] { 0x80, 2, (byte)'}', (byte)'.' }, "pickle")]
    [InlineData(new byte[] { 0x80, 5, (byte)'}', (byte)'.' }, "pickle")]
    public void A_format_is_told_by_its_magic_number(byte[] bytes, string format) =>
        Assert.Equal(format, Samples.Read("f.bin", bytes).Facts!.Format);

    [Fact]
    public void A_cut_zip_is_still_a_zip() => Assert.Null(Samples.Inspect("f.zip", "PK\u0003\u0004"u8.ToArray()).Unreadable);
}
