using System.Buffers;
using System.Collections.Frozen;
using System.Text;
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

    /// <summary>The annotation of the subject that says what it is, where it is no model. Other clients read over it.</summary>
    public const string KindAnnotation = "artifactKind";

    private const string DatasetKind = "dataset";
    internal const string FormatName = "OMS predicate";
    private const string TypePrefix = "https://model_signing/signature/v1.";

    // Of a model in shards, the places of each file's; of whole files a name's place is found among the names.
    private readonly Dictionary<string, int[]>? _shards;
    private readonly int[]? _order;

    /// <summary>A new predicate over entries of a manifest.</summary>
    /// <param name="resources">The files or shards, in the order that makes the root digest.</param>
    /// <param name="serialization">How they were made.</param>
    /// <exception cref="MalformedDataException">
    /// There is none, a name repeats or leaves the model, a digest is of another function, or shards leave a gap or are of another size.
    /// </exception>
    public ModelSignature(IReadOnlyList<ManifestEntry> resources, ModelSerialization serialization)
    {
        ArgumentNullException.ThrowIfNull(resources);
        ArgumentNullException.ThrowIfNull(serialization);
        Resources = resources;
        Serialization = serialization;
        CheckNames();
        Packed = resources as PackedEntries ?? PackedEntries.From(resources, serialization.Form.Algorithm)!;
        if (serialization.Form.ShardSize is { } size)
        {
            _shards = ReadShards(size);
        }
        else
        {
            _order = Packed.Names.Order();
            CheckFiles();
        }
        if (Files.Count > 1 && Covers(SingleFileName))
        {
            throw new MalformedDataException(FormatName, "$.resources", "'.' stands for a single file and cannot be one of several");
        }
    }

    /// <summary>The files or shards in the order signed. Sizes are signed for shards only, and are zero after reading else.</summary>
    public IReadOnlyList<ManifestEntry> Resources { get; }

    /// <summary>How the files were chosen and hashed.</summary>
    public ModelSerialization Serialization { get; }

    /// <summary>The signed files' paths. An empty file of a model signed in shards is none of them.</summary>
    public IReadOnlyCollection<string> Files => _shards is null ? Packed.Names : _shards.Keys;

    /// <summary>Whether the signed model is one file and not a directory.</summary>
    public bool IsSingleFile => Files.Count == 1 && Covers(SingleFileName);

    /// <summary>SHA-256 over the resources' raw digests in the order signed.</summary>
    public Digest RootDigest => Packed.ComputeRoot();

    /// <summary>The resources in little memory.</summary>
    internal PackedEntries Packed { get; }

    /// <summary>Whether the type is of this predicate in a version that is read here.</summary>
    public static bool IsType(string predicateType)
    {
        ArgumentNullException.ThrowIfNull(predicateType);
        return predicateType.StartsWith(TypePrefix, StringComparison.Ordinal)
            && predicateType.Length > TypePrefix.Length
            && predicateType.AsSpan(TypePrefix.Length).IndexOfAnyExceptInRange('0', '9') < 0;
    }

    /// <summary>What a signed statement says its subject is: a model, unless it is marked as something else.</summary>
    /// <param name="statement">A statement of this type.</param>
    public static ModelKind KindOf(Statement statement)
    {
        ArgumentNullException.ThrowIfNull(statement);
        return statement.Subjects[0].Annotations.GetValueOrDefault(KindAnnotation) switch
        {
            null => ModelKind.Model,
            DatasetKind => ModelKind.Dataset,
            _ => ModelKind.Unknown,
        };
    }

    /// <summary>How a statement of this type says that the files were hashed; null where it is not one, or cannot be read.</summary>
    /// <param name="statement">A statement, which need not be verified: the answer is good for sparing work, and for nothing else.</param>
    public static ManifestForm? FormOf(Statement statement)
    {
        ArgumentNullException.ThrowIfNull(statement);
        try
        {
            return !IsType(statement.PredicateType) ? null
                : statement.ModelParts is { } parts ? ModelSerialization.Parse(StrictJson.Parse(parts.Serialization, FormatName)).Form
                : ModelSerialization.Parse(StrictJson.RequiredObject(statement.Predicate, "serialization", FormatName, "$")).Form;
        }
        catch (Exception e) when (e is MalformedDataException or NotSupportedException or InvalidOperationException)
        {
            return null;
        }
    }

    internal static IReadOnlyDictionary<string, string> AnnotationsOf(ModelKind kind) =>
        kind switch
        {
            ModelKind.Model => FrozenDictionary<string, string>.Empty,
            ModelKind.Dataset => new Dictionary<string, string> { [KindAnnotation] = DatasetKind },
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };

    /// <summary>Whether the file was signed.</summary>
    /// <param name="path">The path below the model.</param>
    public bool Covers(string path) => _shards?.ContainsKey(path) ?? IndexOf(path) >= 0;

    /// <summary>The resources of one signed file, in the order of their bytes; none where it was not signed.</summary>
    /// <param name="path">The path below the model.</param>
    public IReadOnlyList<ManifestEntry> ResourcesOf(string path) =>
        _shards is not null
            ? _shards.TryGetValue(path, out var shards)
                ? [.. shards.Select(i => Packed[i])]
                : []
            : IndexOf(path) is >= 0 and var index
                ? [Packed[index]]
                : [];

    /// <summary>Reads the predicate of a statement, which is of this type.</summary>
    /// <exception cref="MalformedDataException">It breaks the schema or the rules of the constructor.</exception>
    /// <exception cref="NotSupportedException">It uses a serialization method or hash that is not supported.</exception>
    public static ModelSignature Read(Statement statement)
    {
        ArgumentNullException.ThrowIfNull(statement);
        if (statement.ModelParts is not { } parts)
        {
            return Parse(statement.Predicate);
        }
        var serialization = ModelSerialization.Parse(StrictJson.Parse(parts.Serialization, FormatName));
        return ModelStatement.Resources(parts.Resources.Span, serialization) is { } resources
            ? new ModelSignature(resources, serialization)
            : Parse(statement.Predicate);
    }

    /// <summary>Reads a predicate.</summary>
    /// <exception cref="MalformedDataException">It breaks the schema or the rules of the constructor.</exception>
    /// <exception cref="NotSupportedException">It uses a serialization method or hash that is not supported.</exception>
    public static ModelSignature Parse(JsonElement json)
    {
        StrictJson.CheckMembers(json, FormatName, "$", "resources", "serialization");
        var serialization = ModelSerialization.Parse(StrictJson.RequiredObject(json, "serialization", FormatName, "$"));
        return new ModelSignature(ParseResources(json, serialization), serialization);
    }

    /// <summary>The predicate as JSON, with the members in the schema's order.</summary>
    public JsonElement ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            WriteTo(writer);
        }
        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        return document.RootElement.Clone();
    }

    internal void WriteTo(Utf8JsonWriter writer)
    {
        var algorithm = Serialization.ResourceAlgorithm;
        writer.WriteStartObject();
        writer.WriteStartArray("resources");
        var hex = new byte[2 * Serialization.Form.Algorithm.SizeInBytes];
        for (var i = 0; i < Packed.Count; i++)
        {
            Convert.TryToHexStringLower(Packed.DigestOf(i), hex, out _);
            writer.WriteStartObject();
            writer.WriteString("name"u8, Packed.Names.Utf8(i));
            writer.WriteString("algorithm"u8, algorithm);
            writer.WriteString("digest"u8, hex);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WritePropertyName("serialization");
        Serialization.WriteTo(writer);
        writer.WriteEndObject();
    }

    private static List<ManifestEntry> ParseResources(JsonElement json, ModelSerialization serialization)
    {
        var items = StrictJson.RequiredArray(json, "resources", FormatName, "$", Limits.ManifestEntries);
        var resources = new List<ManifestEntry>(items.GetArrayLength());
        foreach (var item in items.EnumerateArray())
        {
            var at = $"$.resources[{resources.Count}]";
            if (item.ValueKind != JsonValueKind.Object)
            {
                throw new MalformedDataException(FormatName, at, "an object is expected");
            }
            var name = StrictJson.RequiredString(item, "name", FormatName, at);
            var algorithm = StrictJson.RequiredString(item, "algorithm", FormatName, at);
            if (!serialization.IsResourceAlgorithm(algorithm))
            {
                throw new MalformedDataException(
                    FormatName,
                    $"{at}.algorithm",
                    $"'{serialization.Form.Algorithm}', the hash_type, is expected, not '{algorithm}'"
                );
            }
            var digest = Digest.FromHex(serialization.Form.Algorithm, StrictJson.RequiredString(item, "digest", FormatName, at));
            var size =
                serialization.Form.ShardSize is not null && ManifestForm.ParseShardName(name) is { } shard ? shard.End - shard.Start : 0;
            resources.Add(new ManifestEntry(name, digest, size));
        }
        return resources;
    }

    private void CheckNames()
    {
        if (Resources.Count == 0)
        {
            throw new MalformedDataException(FormatName, "$.resources", "there is no file; an empty model is not signed");
        }
        var algorithm = Serialization.Form.Algorithm;
        if (
            !(Resources is PackedEntries packed && packed.Algorithm == algorithm)
            && Resources.FirstOrDefault(r => r.Digest.Algorithm != algorithm) is { } other
        )
        {
            throw new MalformedDataException(FormatName, other.Name, $"a {algorithm} digest is expected, not {other.Digest.Algorithm}");
        }
    }

    private int IndexOf(string path)
    {
        var found = Packed.Names.Find(Encoding.UTF8.GetBytes(path), _order);
        // A name that has no bytes would be found by those of another.
        return found >= 0 && Packed.Names[_order?[found] ?? found] == path ? _order?[found] ?? found : -1;
    }

    private void CheckFiles()
    {
        for (var i = 0; i < Packed.Count; i++)
        {
            CheckPath(Packed.Names.Utf8(i), i);
        }
        for (var i = 1; i < Packed.Count; i++)
        {
            var (one, other) = (_order?[i - 1] ?? i - 1, _order?[i] ?? i);
            if (Packed.Names.Utf8(one).SequenceEqual(Packed.Names.Utf8(other)))
            {
                throw new MalformedDataException(FormatName, $"$.resources[{other}].name", $"'{Packed.Names[other]}' occurs twice");
            }
        }
    }

    /// <summary>Puts the shards of each file together, which come in any order, and checks that they are the whole file, each byte once.</summary>
    private Dictionary<string, int[]> ReadShards(long size)
    {
        var shards = new Dictionary<string, List<(long Start, long End, int Index)>>(StringComparer.Ordinal);
        for (var i = 0; i < Packed.Count; i++)
        {
            var (path, start, end) =
                ManifestForm.ParseShardName(Packed.Names[i])
                ?? throw new MalformedDataException(
                    FormatName,
                    $"$.resources[{i}].name",
                    $"'path:start:end' is expected of a shard, not '{Packed.Names[i]}'"
                );
            CheckPath(Encoding.UTF8.GetBytes(path), i);
            if (!shards.TryGetValue(path, out var list))
            {
                shards.Add(path, list = []);
            }
            list.Add((start, end, i));
        }
        var files = new Dictionary<string, int[]>(shards.Count, StringComparer.Ordinal);
        foreach (var (path, list) in shards)
        {
            list.Sort();
            var next = 0L;
            for (var i = 0; i < list.Count; i++)
            {
                var (start, end, index) = list[i];
                if (start != next || end <= start || (i < list.Count - 1 ? end - start != size : end - start > size))
                {
                    throw new MalformedDataException(
                        FormatName,
                        $"$.resources[{index}].name",
                        $"the shards of '{path}' are not one after the other from 0, each of {size} bytes but the last: '{Packed.Names[index]}'"
                    );
                }
                next = end;
            }
            files.Add(path, [.. list.Select(s => s.Index)]);
        }
        return files;
    }

    private static void CheckPath(ReadOnlySpan<byte> path, int index)
    {
        if (path.SequenceEqual("."u8))
        {
            return;
        }
        foreach (var range in path.Split((byte)'/'))
        {
            var part = path[range];
            if (part.IsEmpty || part.SequenceEqual("."u8) || part.SequenceEqual(".."u8))
            {
                throw new MalformedDataException(
                    FormatName,
                    $"$.resources[{index}].name",
                    $"'{Encoding.UTF8.GetString(path)}' is not a path below the model"
                );
            }
        }
        if (path.Contains((byte)0))
        {
            throw new MalformedDataException(FormatName, $"$.resources[{index}].name", "a path has no zero character");
        }
    }
}
