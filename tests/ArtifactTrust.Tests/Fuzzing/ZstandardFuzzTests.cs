using ArtifactTrust.Formats.Zstandard;
using ArtifactTrust.Tests.Formats.Zstandard;
using Xunit.Abstractions;

namespace ArtifactTrust.Tests.Fuzzing;

/// <summary>Near misses of compressed data: no crash, no hang, bounded memory, and never other content under a checksum.</summary>
public sealed class ZstandardFuzzTests(ITestOutputHelper output)
{
    [Fact]
    public void Frames_without_their_checksums() =>
        new FuzzTarget("Zstandard", [.. ZstandardSamples.Names.Select(ZstandardSamples.Frame)], input => Read(input, false))
        {
            AllocatedBytes = 24L << 20,
        }.Fuzz(output);

    [Fact]
    public void Frames_with_their_checksums() =>
        new FuzzTarget("Zstandard with checksums", [.. ZstandardSamples.Names.Select(ZstandardSamples.Frame)], input => Read(input, true))
        {
            AllocatedBytes = 24L << 20,
        }.Fuzz(output);

    private static void Read(byte[] input, bool comparesChecksums)
    {
        using var stream = new ZstandardStream(new MemoryStream(input), comparesChecksums: comparesChecksums);
        var buffer = new byte[64 << 10];
        // Blocks of one repeated byte make much of little; what matters is that it ends.
        for (long read, all = 0; (read = stream.Read(buffer)) > 0; all += read)
        {
            Assert.InRange(all, 0, (long)input.Length << 17);
        }
    }
}
