namespace ArtifactTrust.Scanning.Models.Decompression;

/// <summary>A checksum of compressed data is not that of what came out, so that readers that mind it see something else.</summary>
internal sealed class ChecksumException(string message) : FormatException(message)
{
    /// <summary>Compares a checksum.</summary>
    /// <param name="expected">The one in the data.</param>
    /// <param name="computed">That of the data.</param>
    /// <param name="what">What it is of.</param>
    /// <exception cref="ChecksumException">They differ.</exception>
    internal static void Require(ulong expected, ulong computed, string what)
    {
        if (expected != computed)
        {
            throw new ChecksumException($"the checksum of {what} does not match");
        }
    }
}
