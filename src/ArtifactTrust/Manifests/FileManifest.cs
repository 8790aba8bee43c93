using System.Security.Cryptography;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>The files of a directory with their digests, in code point order of their names.</summary>
public sealed class FileManifest
{
    private readonly IReadOnlyList<ManifestEntry> _entries;

    /// <summary>A manifest of the entries, which are sorted here.</summary>
    /// <exception cref="MalformedDataException">Two entries have one name, or there are too many.</exception>
    public FileManifest(IEnumerable<ManifestEntry> entries)
    {
        ManifestEntry[] sorted = [.. entries];
        CheckCount(sorted.Length);
        Array.Sort(sorted, (a, b) => CodePointOrder.Instance.Compare(a.Name, b.Name));
        for (var i = 1; i < sorted.Length; i++)
        {
            if (sorted[i].Name == sorted[i - 1].Name)
            {
                throw new MalformedDataException("manifest", sorted[i].Name, "the name occurs twice");
            }
        }
        _entries = sorted;
    }

    /// <summary>A manifest of entries in little memory, which are sorted here.</summary>
    /// <exception cref="MalformedDataException">Two entries have one name, or there are too many.</exception>
    internal FileManifest(PackedEntries entries)
    {
        CheckCount(entries.Count);
        _entries = entries.Sorted();
    }

    /// <summary>The files, in code point order of their names.</summary>
    public IReadOnlyList<ManifestEntry> Entries => _entries;

    /// <summary>SHA-256 over the raw digests of the files, in order. It binds contents, not names.</summary>
    /// <remarks>Spec: OMS 1.0 §6.1.</remarks>
    public Digest RootDigest => (_entries as PackedEntries)?.ComputeRoot() ?? ComputeRoot(_entries.Select(e => e.Digest));

    /// <summary>SHA-256 over a line <c>hex, two spaces, name</c> for each file, as <c>sha256sum</c> prints it. It binds names and contents.</summary>
    /// <remarks>Spec: in-toto DigestSet v1.1, <c>dirHash</c>; Go's dirhash.Hash1.</remarks>
    /// <exception cref="MalformedDataException">A name has a line feed, or a digest is not SHA-256.</exception>
    public Digest DirHash
    {
        get
        {
            using var hash = new DirectoryHash();
            if (_entries is PackedEntries packed && packed.Algorithm == DigestAlgorithm.Sha256)
            {
                for (var i = 0; i < packed.Count; i++)
                {
                    hash.Add(packed.Names.Utf8(i), packed.DigestOf(i));
                }
                return hash.Finish();
            }
            foreach (var entry in _entries)
            {
                if (entry.Digest.Algorithm != DigestAlgorithm.Sha256)
                {
                    throw new MalformedDataException("manifest", entry.Name, $"dirHash takes SHA-256, not {entry.Digest.Algorithm}");
                }
                hash.Add(Encoding.UTF8.GetBytes(entry.Name), entry.Digest.Bytes);
            }
            return hash.Finish();
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

    private static void CheckCount(int count)
    {
        if (count > Limits.ManifestEntries)
        {
            throw new MalformedDataException("manifest", "$", $"{count} files; at most {Limits.ManifestEntries} are accepted");
        }
    }
}
