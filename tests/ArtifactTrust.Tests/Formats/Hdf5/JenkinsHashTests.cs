using System.Text;
using ArtifactTrust.Formats.Hdf5;

namespace ArtifactTrust.Tests.Formats.Hdf5;

public sealed class JenkinsHashTests
{
    /// <summary>From lookup3.c.</summary>
    [Theory]
    [InlineData("", 0xdeadbeef)]
    [InlineData("Four score and seven years ago", 0x17770551)]
    public void The_published_values_come_out(string text, uint expected) =>
        Assert.Equal(expected, JenkinsHash.Compute(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Every_bit_matters()
    {
        for (var length = 1; length < 40; length++)
        {
            var bytes = new byte[length];
            var seen = new HashSet<uint> { JenkinsHash.Compute(bytes) };
            for (var bit = 0; bit < 8 * length; bit++)
            {
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
                Assert.True(seen.Add(JenkinsHash.Compute(bytes)));
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            }
        }
    }
}
