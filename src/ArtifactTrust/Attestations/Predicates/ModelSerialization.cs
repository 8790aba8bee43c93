using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Attestations.Predicates;

/// <summary>How the files of a signed model were chosen and hashed.</summary>
/// <remarks>Spec: OMS v1.0 §5.2, predicate.schema.json, <c>serialization</c>.</remarks>
public sealed record ModelSerialization
{
    private const string FormatName = "OMS predicate";
    private const string At = "$.serialization";

    /// <summary>How files became resources.</summary>
    public ManifestForm Form { get; init; } = ManifestForm.Default;

    /// <summary>Whether links to files were hashed under the links' names.</summary>
    public bool AllowSymlinks { get; init; }

    /// <summary>Paths left out on purpose, relative to the model.</summary>
    public IReadOnlyCollection<string> IgnorePaths { get; init; } = [];

    /// <summary>The <c>algorithm</c> of each resource, as every client that can read the form accepts it.</summary>
    /// <remarks>For shards the clients write and compare <c>sha256-sharded-SIZE</c>, the specification <c>sha256</c>. Both are read.</remarks>
    internal string ResourceAlgorithm =>
        Form.ShardSize is { } size ? FormattableString.Invariant($"{Form.Algorithm.Name}-sharded-{size}") : Form.Algorithm.Name;

    internal bool IsResourceAlgorithm(string algorithm) => algorithm == Form.Algorithm.Name || algorithm == ResourceAlgorithm;

    internal static ModelSerialization Parse(JsonElement json)
    {
        StrictJson.CheckMembers(json, FormatName, At, "method", "hash_type", "allow_symlinks", "ignore_paths", "shard_size");
        var method = StrictJson.RequiredString(json, "method", FormatName, At);
        var hashType = StrictJson.RequiredString(json, "hash_type", FormatName, At);
        var algorithm = DigestAlgorithm.FindForModels(hashType);
        if (method is not ("files" or "shards") || algorithm is null)
        {
            throw new NotSupportedException(
                $"the model was signed by method '{method}' with '{hashType}'; 'files' and 'shards' with 'sha256', 'blake2b' or 'blake3' are supported"
            );
        }
        var hasSize = json.TryGetProperty("shard_size", out var size);
        if (hasSize != (method == "shards"))
        {
            throw new MalformedDataException(FormatName, $"{At}.shard_size", "the method 'shards' has this member, and no other has");
        }
        return new ModelSerialization
        {
            Form = new ManifestForm(algorithm, hasSize ? ShardSize(size) : null),
            AllowSymlinks = Flag(json, "allow_symlinks"),
            IgnorePaths = Paths(json),
        };
    }

    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("method", Form.ShardSize is null ? "files" : "shards");
        writer.WriteString("hash_type", Form.Algorithm.Name);
        if (Form.ShardSize is { } size)
        {
            writer.WriteNumber("shard_size", size);
        }
        writer.WriteBoolean("allow_symlinks", AllowSymlinks);
        writer.WriteStartArray("ignore_paths");
        foreach (var path in IgnorePaths)
        {
            writer.WriteStringValue(path);
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    // The Python client writes 250.0, since its JSON goes through a type that has no integers.
    private static long ShardSize(JsonElement size) =>
        size.ValueKind == JsonValueKind.Number
        && size.TryGetDecimal(out var value)
        && value == decimal.Truncate(value)
        && value is >= 1 and <= long.MaxValue
            ? (long)value
            : throw new MalformedDataException(FormatName, $"{At}.shard_size", "a positive whole number of bytes is expected");

    private static bool Flag(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value)
        && value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw new MalformedDataException(FormatName, $"{At}.{name}", "true or false is expected"),
        };

    private static List<string> Paths(JsonElement json)
    {
        var paths = new List<string>();
        if (json.TryGetProperty("ignore_paths", out _))
        {
            foreach (var path in StrictJson.RequiredArray(json, "ignore_paths", FormatName, At, Limits.ManifestEntries).EnumerateArray())
            {
                paths.Add(
                    path.ValueKind == JsonValueKind.String
                        ? path.GetString()!
                        : throw new MalformedDataException(FormatName, $"{At}.ignore_paths", "strings are expected")
                );
            }
        }
        return paths;
    }
}
