using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>A store handed over, or was handed, other content than the digest or size says. The content was not used.</summary>
/// <param name="place">The store, and what was asked of it.</param>
/// <param name="expected">The digest asked for.</param>
/// <param name="reason">How the content differs.</param>
public sealed class ContentMismatchException(string place, Digest expected, string reason) : IOException($"{place}: {reason}")
{
    /// <summary>The digest asked for.</summary>
    public Digest Expected { get; } = expected;
}
