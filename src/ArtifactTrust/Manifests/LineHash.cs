using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>SHA-256 over lines, each with its length before it: no text can pass for another.</summary>
internal sealed class LineHash : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Adds a line.</summary>
    /// <param name="start">How it starts, in ASCII.</param>
    /// <param name="rest">How it goes on, UTF-8.</param>
    internal void Add(string start, ReadOnlySpan<byte> rest)
    {
        _hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{start.Length + rest.Length}:{start}")));
        _hash.AppendData(rest);
    }

    internal void Add(string start, string rest) => Add(start, Encoding.UTF8.GetBytes(rest));

    internal Digest Finish() => Digest.FromBytes(DigestAlgorithm.Sha256, _hash.GetHashAndReset());

    public void Dispose() => _hash.Dispose();
}
