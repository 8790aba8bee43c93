using System.Globalization;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>How files become entries of a manifest: whole, or cut into shards of one size.</summary>
/// <remarks>Spec: OMS 1.0 §5.2, methods <c>files</c> and <c>shards</c>.</remarks>
public sealed record ManifestForm
{
    /// <summary>A form.</summary>
    /// <param name="algorithm">The hash function of every entry.</param>
    /// <param name="shardSize">The bytes of every shard but a file's last; null for whole files.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not positive.</exception>
    public ManifestForm(DigestAlgorithm algorithm, long? shardSize = null)
    {
        ArgumentNullException.ThrowIfNull(algorithm);
        if (shardSize is { } size)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size, nameof(shardSize));
        }
        Algorithm = algorithm;
        ShardSize = shardSize;
    }

    /// <summary>Whole files with SHA-256.</summary>
    public static ManifestForm Default { get; } = new(DigestAlgorithm.Sha256);

    /// <summary>The hash function of every entry. The root over the entries is SHA-256 whatever this is.</summary>
    public DigestAlgorithm Algorithm { get; }

    /// <summary>The bytes of every shard but a file's last; null for whole files.</summary>
    public long? ShardSize { get; }

    /// <summary>How many entries a file of that many bytes has. An empty file has none where files are cut into shards.</summary>
    public long EntriesOf(long size) => ShardSize is { } shard ? (size / shard) + (size % shard == 0 ? 0 : 1) : 1;

    /// <summary>The name of the entry for the bytes of a file from <paramref name="start"/> up to and without <paramref name="end"/>.</summary>
    public static string ShardName(string path, long start, long end) =>
        string.Create(CultureInfo.InvariantCulture, $"{path}:{start}:{end}");

    /// <summary>The parts of a shard's name; null where it is none. The path may have colons of its own.</summary>
    public static (string Path, long Start, long End)? ParseShardName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var last = name.LastIndexOf(':');
        var first = last <= 0 ? -1 : name.LastIndexOf(':', last - 1);
        return first > 0 && Offset(name.AsSpan(first + 1, last - first - 1)) is { } start && Offset(name.AsSpan(last + 1)) is { } end
            ? (name[..first], start, end)
            : null;
    }

    /// <summary><c>files/sha256</c> or <c>shards:SIZE/sha256</c>.</summary>
    public override string ToString() =>
        ShardSize is { } size ? string.Create(CultureInfo.InvariantCulture, $"shards:{size}/{Algorithm}") : $"files/{Algorithm}";

    // One spelling of each number, so that one shard has one name.
    private static long? Offset(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= 19
        && text.IndexOfAnyExceptInRange('0', '9') < 0
        && (text.Length == 1 || text[0] != '0')
        && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : null;
}
