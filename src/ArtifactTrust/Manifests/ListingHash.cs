using System.Globalization;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>The digest of a listing: sizes and names of all files, and what was left out.</summary>
internal sealed class ListingHash : IDisposable
{
    private readonly LineHash _lines = new();

    /// <summary>Takes the next file, in code point order of the names.</summary>
    internal void Add(ReadOnlySpan<byte> name, long size) => _lines.Add(string.Create(CultureInfo.InvariantCulture, $"{size} "), name);

    internal Digest Finish(IEnumerable<string> ignoredPaths)
    {
        // No size: a file's line begins with a digit.
        foreach (var path in ignoredPaths)
        {
            _lines.Add("ignored ", path);
        }
        return _lines.Finish();
    }

    public void Dispose() => _lines.Dispose();
}
