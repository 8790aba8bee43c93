using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>One file of a directory.</summary>
/// <param name="Name">The path below the directory, with <c>/</c> between its parts.</param>
/// <param name="Digest">The digest of the file's bytes.</param>
/// <param name="Size">The number of bytes hashed.</param>
public sealed record ManifestEntry(string Name, Digest Digest, long Size);
