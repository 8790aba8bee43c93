using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.CycloneDx;
using ArtifactTrust.Sbom.Validation;

namespace ArtifactTrust.Sbom.Merging;

/// <summary>Puts the SBOMs of an image, a model and datasets into one: the SBOM of a release.</summary>
/// <remarks>
/// Spec: CycloneDX 1.6 and 1.7. The result has the highest version among the documents, 1.6 at least. Every member of every document is
/// kept as it was written, unknown tools' too, but for signatures, which cannot hold for another document. A <c>bom-ref</c> is changed only
/// where two documents use one name for different things. A component is the same where package URL and hashes are and nothing it says
/// contradicts; else both are kept. The same documents in the same order give the same bytes.
/// </remarks>
public sealed class CycloneDxMerger
{
    private const string Named = "SBOM to merge";

    private static readonly string[] Lists =
    [
        "services",
        "externalReferences",
        "properties",
        "vulnerabilities",
        "annotations",
        "formulation",
        "citations",
    ];

    private readonly SbomMergeOptions _options;
    private readonly MergedNames _names = new();
    private readonly MergedComponents _components = new();
    private readonly MergedMetadata _metadata = new();
    private readonly SortedDictionary<string, JsonObject> _dependencies = new(CodePointOrder.Instance);
    private readonly MergedList _compositions = new();
    private readonly JsonObject _sections = [];
    private readonly Dictionary<string, MergedList> _joined = new(StringComparer.Ordinal);
    private readonly List<string> _roots = [];
    private readonly List<string> _notes = [];
    private string _version = "1.6";

    private CycloneDxMerger(SbomMergeOptions options) => _options = options;

    /// <summary>Merges documents.</summary>
    /// <param name="documents">The name of each for messages, and its bytes: CycloneDX JSON 1.4 to 1.7.</param>
    /// <param name="options">What the caller decides.</param>
    /// <exception cref="MalformedDataException">A document is no valid CycloneDX, or the result would not be.</exception>
    public static MergedSbom Merge(IReadOnlyList<KeyValuePair<string, ReadOnlyMemory<byte>>> documents, SbomMergeOptions options)
    {
        ArgumentNullException.ThrowIfNull(documents);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrWhiteSpace(options.Name);
        if (documents.Count is 0 or > Limits.SbomsMerged)
        {
            throw new ArgumentException($"1 to {Limits.SbomsMerged} documents can be merged", nameof(documents));
        }
        var merger = new CycloneDxMerger(options);
        foreach (var (name, utf8) in documents)
        {
            merger.Add(name, utf8);
        }
        return merger.Finish(documents);
    }

    private void Add(string file, ReadOnlyMemory<byte> utf8)
    {
        var json = StrictJson.Parse(utf8, Named, Limits.PredicateBytes);
        var validation = CycloneDxValidator.Validate(json);
        if (!validation.IsValid)
        {
            var first = validation.Errors[0];
            throw new MalformedDataException(Named, $"{file}{first.Location}", $"{first.Reason} ({validation.Errors.Count} errors in all)");
        }
        _version = string.CompareOrdinal(validation.SpecVersion, _version) > 0 ? validation.SpecVersion : _version;
        var names = new CycloneDxNames();
        new JsonSchemaEvaluation(names.Add).Evaluate(CycloneDxSchemas.Of(validation.SpecVersion), json);
        names.AddPlain(json);
        var document = JsonObject.Create(json)!;
        var mark = Convert.ToHexStringLower(SHA256.HashData(utf8.Span));
        var components = Components(document, mark);
        var same = _components.Place(components, _notes);
        _names.Rename(document, names, mark, same, components);
        var root = _metadata.Add(document, file, _notes);
        Remember(document, mark);
        if (root is not null)
        {
            _roots.Add(same.GetValueOrDefault(root) ?? (string)root["bom-ref"]!);
        }
        else
        {
            _notes.Add($"{file} does not say what it is about (metadata.component), so the release has no dependency on it");
        }
        _components.Commit(components, same);
        Dependencies(document);
        foreach (var list in Lists)
        {
            List(list).AddAll(document[list]);
        }
        _compositions.AddAll(document["compositions"]);
        foreach (var section in (ReadOnlySpan<string>)["declarations", "definitions"])
        {
            Section(section, document[section], file);
        }
        if (document.ContainsKey("signature"))
        {
            _notes.Add($"the signature of {file} does not hold for the merged document and is left out");
        }
    }

    /// <summary>The components at the top of a document, what it is about first; each has a name afterwards.</summary>
    private static List<JsonObject> Components(JsonObject document, string mark)
    {
        var components = new List<JsonObject>();
        if (document["metadata"]?["component"] is JsonObject root)
        {
            root["bom-ref"] ??= $"{mark[..16]}:root";
            components.Add(root);
        }
        if (document["components"] is JsonArray list)
        {
            components.AddRange(list.OfType<JsonObject>());
        }
        return components;
    }

    /// <summary>Keeps which document a part came from, as a link to it.</summary>
    private void Remember(JsonObject document, string mark)
    {
        if ((string?)document["serialNumber"] is { } serial && serial.StartsWith("urn:uuid:", StringComparison.Ordinal))
        {
            var revision = document["version"]?.ToJsonString() ?? "1";
            List("externalReferences")
                .Add(
                    new JsonObject
                    {
                        ["url"] = $"urn:cdx:{serial["urn:uuid:".Length..]}/{revision}",
                        ["type"] = "bom",
                        ["hashes"] = new JsonArray(new JsonObject { ["alg"] = "SHA-256", ["content"] = mark }),
                    }
                );
        }
    }

    private void Dependencies(JsonObject document)
    {
        foreach (var dependency in (document["dependencies"] as JsonArray)?.OfType<JsonObject>() ?? [])
        {
            var reference = (string)dependency["ref"]!;
            if (!_dependencies.TryGetValue(reference, out var known))
            {
                _dependencies.Add(reference, dependency.DeepClone().AsObject());
                continue;
            }
            foreach (var kind in (ReadOnlySpan<string>)["dependsOn", "provides"])
            {
                if (dependency[kind] is JsonArray more)
                {
                    var list = new MergedList();
                    list.AddAll(known[kind]);
                    list.AddAll(more);
                    known[kind] = list.ToArray();
                }
            }
        }
    }

    /// <summary>Lists within one object, such as the assessors of declarations, are joined; all else must agree.</summary>
    private void Section(string name, JsonNode? value, string file)
    {
        if (value is not JsonObject section)
        {
            return;
        }
        if (_sections[name] is not JsonObject known)
        {
            _sections[name] = section.DeepClone();
            return;
        }
        foreach (var (member, content) in section)
        {
            if (known[member] is JsonArray list && content is JsonArray more)
            {
                var joined = new MergedList();
                joined.AddAll(list);
                joined.AddAll(more);
                known[member] = joined.ToArray();
            }
            else if (!known.ContainsKey(member))
            {
                known[member] = content?.DeepClone();
            }
            else if (!JsonNode.DeepEquals(known[member], content))
            {
                _notes.Add($"'{name}.{member}' of {file} contradicts another document's and is left out");
            }
        }
    }

    private MergedSbom Finish(IReadOnlyList<KeyValuePair<string, ReadOnlyMemory<byte>>> documents)
    {
        var serial = SerialNumber(documents);
        var root = _names.Unused($"application:{_options.Name}@{serial}");
        var result = new JsonObject
        {
            ["$schema"] = $"http://cyclonedx.org/schema/bom-{_version}.schema.json",
            ["bomFormat"] = "CycloneDX",
            ["specVersion"] = _version,
            ["serialNumber"] = $"urn:uuid:{serial}",
            ["version"] = 1,
            ["metadata"] = _metadata.ToObject(CycloneDxWords.Of(_options.Timestamp), Root(root)),
            ["components"] = _components.ToArray(),
        };
        AddLists(result, "services", "externalReferences");
        _dependencies[root] = new JsonObject
        {
            ["ref"] = root,
            ["dependsOn"] = new JsonArray([.. _roots.Distinct(StringComparer.Ordinal).Select(r => (JsonNode?)JsonValue.Create(r))]),
        };
        result["dependencies"] = new JsonArray([.. _dependencies.Values]);
        if (_compositions.Count > 0)
        {
            result["compositions"] = _compositions.ToArray();
        }
        AddLists(result, "vulnerabilities", "annotations", "formulation", "properties", "citations");
        foreach (var (name, section) in _sections.ToList())
        {
            _sections.Remove(name);
            result[name] = section;
        }
        var utf8 = Write(result);
        var validation = CycloneDxValidator.Validate(utf8);
        if (!validation.IsValid)
        {
            var first = validation.Errors[0];
            throw new MalformedDataException("merged SBOM", first.Location, $"{first.Reason} ({validation.Errors.Count} errors in all)");
        }
        return new MergedSbom(utf8, _version, serial, CycloneDxReader.Read(utf8).Components.Count, _notes);
    }

    private JsonObject Root(string reference)
    {
        var root = new JsonObject
        {
            ["type"] = "application",
            ["bom-ref"] = reference,
            ["name"] = _options.Name,
        };
        if (_options.Version is { Length: > 0 } version)
        {
            root["version"] = version;
        }
        return root;
    }

    private void AddLists(JsonObject result, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (_joined.GetValueOrDefault(name) is { Count: > 0 } list)
            {
                result[name] = list.ToArray();
            }
        }
    }

    private MergedList List(string name) => _joined.TryGetValue(name, out var list) ? list : _joined[name] = new MergedList();

    /// <summary>A UUID of version 8 over the documents and the options.</summary>
    /// <remarks>Spec: RFC 9562 §5.8.</remarks>
    private Guid SerialNumber(IReadOnlyList<KeyValuePair<string, ReadOnlyMemory<byte>>> documents)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"artifact-trust merged SBOM 1\n{SbomBuilder.ToolVersion}\n{_options.Name.Length}:{_options.Name}\n{_options.Version?.Length}:{_options.Version}\n{_options.Timestamp.ToUnixTimeSeconds()}\n"
        );
        hash.AppendData(Encoding.UTF8.GetBytes(head));
        foreach (var (_, utf8) in documents)
        {
            hash.AppendData(SHA256.HashData(utf8.Span));
        }
        var uuid = hash.GetHashAndReset().AsSpan(0, 16);
        uuid[6] = (byte)((uuid[6] & 0x0f) | 0x80);
        uuid[8] = (byte)((uuid[8] & 0x3f) | 0x80);
        return new Guid(uuid, bigEndian: true);
    }

    private static byte[] Write(JsonObject document)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, SbomJsonEncoder.Layout))
        {
            document.WriteTo(writer);
        }
        stream.Write("\n"u8);
        return stream.ToArray();
    }
}
