using System.Buffers;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Attestations.Predicates;

/// <summary>The files of a model or dataset as its signer hashed them, and how that was done.</summary>
/// <remarks>Spec: OpenSSF Model Signing v1.0 §5 and §6, predicate.schema.json.</remarks>
public sealed class ModelSignature
{
    /// <summary>The type written. Any version 1 is read, as VERSIONING.md of the specification asks.</summary>
    public const string TypeUri = "https://model_signing/signature/v1.0";

    /// <summary>The name of the one resource of a model that is a single file.</summary>
    public const string SingleFileName = ".";

    private const string FormatName = "OMS predicate";
    private const string TypePrefix = "https://model_signing/signature/v1.";

    /// <summary>A new predicate over the files of a manifest.</summary>
    /// <param name="resources">The files, in the order that makes the root digest.</param>
    /// <param name="ignorePaths">Paths that were left out on purpose.</param>
    public ModelSignature(IReadOnlyList<ManifestEntry> resources, IReadOnlyCollection<string> ignorePaths)
    {
        Resources = resources;
        IgnorePaths = ignorePaths;
    }

    /// <summary>The files in the order signed. Sizes are not signed, and are zero after reading.</summary>
    public IReadOnlyList<ManifestEntry> Resources { get; }

    /// <summary>Paths left out on purpose, relative to the model.</summary>
    public IReadOnlyCollection<string> IgnorePaths { get; }

    /// <summary>Whether the signed model is one file and not a directory.</summary>
    public bool IsSingleFile => Resources is [{ Name: SingleFileName }];

    /// <summary>SHA-256 over the resources' raw digests in the order signed.</summary>
    public Digest RootDigest => FileManifest.ComputeRoot(Resources.Select(r => r.Digest));

    /// <summary>Whether the type is of this predicate in a version that is read here.</summary>
    public static bool IsType(string predicateType)
    {
        ArgumentNullException.ThrowIfNull(predicateType);
        return predicateType.StartsWith(TypePrefix, StringComparison.Ordinal)
            && predicateType.Length > TypePrefix.Length
            && predicateType.AsSpan(TypePrefix.Length).IndexOfAnyExceptInRange('0', '9') < 0;
    }

    /// <summary>Reads a predicate.</summary>
    /// <exception cref="MalformedDataException">It breaks the schema, repeats a name, or names a path outside of the model.</exception>
    /// <exception cref="NotSupportedException">It uses a serialization method or hash that is not supported.</exception>
    public static ModelSignature Parse(JsonElement json)
    {
        StrictJson.CheckMembers(json, FormatName, "$", "resources", "serialization");
        var serialization = StrictJson.RequiredObject(json, "serialization", FormatName, "$");
        const string at = "$.serialization";
        StrictJson.CheckMembers(serialization, FormatName, at, "method", "hash_type", "allow_symlinks", "ignore_paths", "shard_size");
        var method = StrictJson.RequiredString(serialization, "method", FormatName, at);
        var hashType = StrictJson.RequiredString(serialization, "hash_type", FormatName, at);
        if (method != "files" || hashType != DigestAlgorithm.Sha256.Name)
        {
            throw new NotSupportedException(
                $"the model was signed by method '{method}' with '{hashType}'; 'files' with 'sha256' is supported"
            );
        }
        var ignored = new List<string>();
        if (serialization.TryGetProperty("ignore_paths", out _))
        {
            foreach (
                var path in StrictJson.RequiredArray(serialization, "ignore_paths", FormatName, at, Limits.ManifestEntries).EnumerateArray()
            )
            {
                ignored.Add(
                    path.ValueKind == JsonValueKind.String
                        ? path.GetString()!
                        : throw new MalformedDataException(FormatName, $"{at}.ignore_paths", "strings are expected")
                );
            }
        }
        return new ModelSignature(ParseResources(json), ignored);
    }

    /// <summary>The predicate as JSON, with the members in the schema's order.</summary>
    public JsonElement ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("resources");
            foreach (var resource in Resources)
            {
                writer.WriteStartObject();
                writer.WriteString("name", resource.Name);
                writer.WriteString("algorithm", resource.Digest.Algorithm.Name);
                writer.WriteString("digest", resource.Digest.Hex);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteStartObject("serialization");
            writer.WriteString("method", "files");
            writer.WriteString("hash_type", DigestAlgorithm.Sha256.Name);
            writer.WriteBoolean("allow_symlinks", false);
            writer.WriteStartArray("ignore_paths");
            foreach (var path in IgnorePaths)
            {
                writer.WriteStringValue(path);
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        return document.RootElement.Clone();
    }

    private static List<ManifestEntry> ParseResources(JsonElement json)
    {
        var resources = new List<ManifestEntry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in StrictJson.RequiredArray(json, "resources", FormatName, "$", Limits.ManifestEntries).EnumerateArray())
        {
            var at = $"$.resources[{resources.Count}]";
            if (item.ValueKind != JsonValueKind.Object)
            {
                throw new MalformedDataException(FormatName, at, "an object is expected");
            }
            var name = StrictJson.RequiredString(item, "name", FormatName, at);
            var algorithm = StrictJson.RequiredString(item, "algorithm", FormatName, at);
            if (algorithm != DigestAlgorithm.Sha256.Name)
            {
                throw new MalformedDataException(FormatName, $"{at}.algorithm", $"'sha256', the hash_type, is expected, not '{algorithm}'");
            }
            if (name != SingleFileName && name.Split('/').Any(p => p is "" or "." or ".."))
            {
                throw new MalformedDataException(FormatName, $"{at}.name", $"'{name}' is not a path below the model");
            }
            if (!names.Add(name))
            {
                throw new MalformedDataException(FormatName, $"{at}.name", $"'{name}' occurs twice");
            }
            var digest = Digest.FromHex(DigestAlgorithm.Sha256, StrictJson.RequiredString(item, "digest", FormatName, at));
            resources.Add(new ManifestEntry(name, digest, 0));
        }
        if (resources.Count == 0)
        {
            throw new MalformedDataException(FormatName, "$.resources", "there is no file; an empty model is not signed");
        }
        return names.Contains(SingleFileName) && resources.Count > 1
            ? throw new MalformedDataException(FormatName, "$.resources", "'.' stands for a single file and cannot be one of several")
            : resources;
    }
}
