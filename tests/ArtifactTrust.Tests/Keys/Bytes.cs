namespace ArtifactTrust.Tests.Keys;

/// <summary>Ways to spoil bytes.</summary>
internal static class Bytes
{
    /// <summary>Each copy that differs in one byte: in its lowest bit, its highest, or all of them.</summary>
    public static IEnumerable<byte[]> WithOneByteChanged(byte[] original)
    {
        for (var i = 0; i < original.Length; i++)
        {
            foreach (var change in new byte[] { 0x01, 0x80, 0xFF })
            {
                var copy = (byte[])original.Clone();
                copy[i] ^= change;
                yield return copy;
            }
        }
    }

    /// <summary>Each proper prefix, and the bytes with one more.</summary>
    public static IEnumerable<byte[]> WithOtherLength(byte[] original)
    {
        for (var i = 0; i < original.Length; i++)
        {
            yield return original[..i];
        }
        yield return [.. original, 0];
    }

    public static byte[] Hex(string hex) => Convert.FromHexString(hex);
}
