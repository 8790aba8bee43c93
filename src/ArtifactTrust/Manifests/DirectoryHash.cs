using System.Security.Cryptography;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>The hash over a line <c>hex, two spaces, name</c> for each file of a directory, as <c>sha256sum</c> prints it.</summary>
/// <remarks>Spec: in-toto DigestSet v1.1, <c>dirHash</c>; Go's dirhash.Hash1.</remarks>
internal sealed class DirectoryHash : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Takes the next file, in code point order of the names.</summary>
    /// <exception cref="MalformedDataException">The name has a line feed.</exception>
    internal void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> sha256)
    {
        if (name.Contains((byte)'\n'))
        {
            throw new MalformedDataException(
                "manifest",
                System.Text.Encoding.UTF8.GetString(name).ReplaceLineEndings("\\n"),
                "dirHash has no form for a name with a line feed"
            );
        }
        Span<byte> hex = stackalloc byte[64];
        Convert.TryToHexStringLower(sha256, hex, out _);
        _hash.AppendData(hex);
        _hash.AppendData("  "u8);
        _hash.AppendData(name);
        _hash.AppendData("\n"u8);
    }

    internal Digest Finish() => Digest.FromBytes(DigestAlgorithm.Sha256, _hash.GetHashAndReset());

    public void Dispose() => _hash.Dispose();
}
