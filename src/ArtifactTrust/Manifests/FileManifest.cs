using System.Security.Cryptography;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>The files of a directory with their digests, in code point order of their names.</summary>
public sealed class FileManifest
{
    private readonly ManifestEntry[] _entries;

    /// <summary>A manifest of the entries, which are sorted here.</summary>
    /// <exception cref="MalformedDataException">Two entries have one name, or there are too many.</exception>
    public FileManifest(IEnumerable<ManifestEntry> entries)
    {
        _entries = [.. entries];
        if (_entries.Length > Limits.ManifestEntries)
        {
            throw new MalformedDataException("manifest", "$", $"{_entries.Length} files; at most {Limits.ManifestEntries} are accepted");
        }
        Array.Sort(_entries, (a, b) => CodePointOrder.Instance.Compare(a.Name, b.Name));
        for (var i = 1; i < _entries.Length; i++)
        {
            if (_entries[i].Name == _entries[i - 1].Name)
            {
                throw new MalformedDataException("manifest", _entries[i].Name, "the name occurs twice");
            }
        }
    }

    /// <summary>The files, in code point order of their names.</summary>
    public IReadOnlyList<ManifestEntry> Entries => _entries;

    /// <summary>SHA-256 over the raw digests of the files, in order. It binds contents, not names.</summary>
    /// <remarks>Spec: OMS 1.0 §6.1.</remarks>
    public Digest RootDigest => ComputeRoot(_entries.Select(e => e.Digest));

    /// <summary>SHA-256 over a line <c>hex, two spaces, name</c> for each file, as <c>sha256sum</c> prints it. It binds names and contents.</summary>
    /// <remarks>Spec: in-toto DigestSet v1.1, <c>dirHash</c>; Go's dirhash.Hash1.</remarks>
    /// <exception cref="MalformedDataException">A name has a line feed, or a digest is not SHA-256.</exception>
    public Digest DirHash
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var entry in _entries)
            {
                if (entry.Name.Contains('\n', StringComparison.Ordinal))
                {
                    throw new MalformedDataException(
                        "manifest",
                        entry.Name.ReplaceLineEndings("\\n"),
                        "dirHash has no form for a name with a line feed"
                    );
                }
                if (entry.Digest.Algorithm != DigestAlgorithm.Sha256)
                {
                    throw new MalformedDataException("manifest", entry.Name, $"dirHash takes SHA-256, not {entry.Digest.Algorithm}");
                }
                hash.AppendData(Encoding.UTF8.GetBytes($"{entry.Digest.Hex}  {entry.Name}\n"));
            }
            return Digest.FromBytes(DigestAlgorithm.Sha256, hash.GetHashAndReset());
        }
    }

    /// <summary>The digests that name the directory in statements: the OMS root and the directory hash.</summary>
    public DigestSet Subject => new([new(DigestAlgorithm.Sha256.Name, RootDigest.Hex), new(DigestSet.DirHash, DirHash.Hex)]);

    /// <summary>The manifest of a single file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="name">The name it gets.</param>
    /// <param name="form">Whole or in shards; an empty file has no shard.</param>
    /// <exception cref="IOException">The file cannot be read, or changed meanwhile.</exception>
    public static FileManifest OfFile(ArtifactFile file, string name, ManifestForm form)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(form);
        return new FileManifest(
            form.ShardSize is { } size
                ? file.Shards(form.Algorithm, name, size)
                    .Where(s => s.End > s.Start)
                    .Select(s => new ManifestEntry(ManifestForm.ShardName(name, s.Start, s.End), s.Digest, s.End - s.Start))
                : [new ManifestEntry(name, file.Digest(form.Algorithm), file.Size)]
        );
    }

    internal static Digest ComputeRoot(IEnumerable<Digest> digests)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var digest in digests)
        {
            hash.AppendData(digest.Bytes);
        }
        return Digest.FromBytes(DigestAlgorithm.Sha256, hash.GetHashAndReset());
    }
}
