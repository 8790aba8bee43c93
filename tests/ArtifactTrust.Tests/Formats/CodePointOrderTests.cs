using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Tests.Formats;

public sealed class CodePointOrderTests
{
    [Theory]
    [InlineData("a", "b")]
    [InlineData("a", "a/b")]
    [InlineData("", "a")]
    [InlineData("a-b", "a/b")]
    [InlineData("～", "😀")]
    [InlineData("\uE000", "\U00010000")]
    [InlineData("😀a", "😀b")]
    public void Order_is_that_of_the_utf8_bytes(string smaller, string larger)
    {
        Assert.True(Encoding.UTF8.GetBytes(smaller).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(larger)) < 0);
        Assert.True(CodePointOrder.Instance.Compare(smaller, larger) < 0);
        Assert.True(CodePointOrder.Instance.Compare(larger, smaller) > 0);
        Assert.Equal(0, CodePointOrder.Instance.Compare(larger, larger));
    }
}
