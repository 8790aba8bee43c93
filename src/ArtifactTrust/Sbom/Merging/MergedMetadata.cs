using System.Text.Json.Nodes;

namespace ArtifactTrust.Sbom.Merging;

/// <summary>The metadata of a merged document: who made the documents it is made of, and with what.</summary>
internal sealed class MergedMetadata
{
    private readonly MergedList _tools = new();
    private readonly MergedList _services = new();
    private readonly MergedList _authors = new();
    private readonly MergedList _lifecycles = new();
    private JsonNode? _licenses;
    private bool _licensesDiffer;
    private bool _any;

    /// <summary>Takes over one document's metadata.</summary>
    /// <returns>What the document is about, or null.</returns>
    internal JsonObject? Add(JsonObject document, string file, List<string> notes)
    {
        if (document["metadata"] is not JsonObject metadata)
        {
            return null;
        }
        Tools(metadata["tools"]);
        _authors.AddAll(metadata["authors"]);
        _lifecycles.AddAll(metadata["lifecycles"]);
        _licensesDiffer |= _any && !JsonNode.DeepEquals(_licenses, metadata["licenses"]);
        _licenses = metadata["licenses"]?.DeepClone();
        _any = true;
        if (metadata["component"] is not JsonObject root)
        {
            return null;
        }
        // What a document says of its maker is said of what it is about, where that says nothing itself.
        Move(metadata, "supplier", root, "supplier", file, notes);
        Move(metadata, "manufacturer", root, "manufacturer", file, notes);
        Move(metadata, "manufacture", root, "manufacturer", file, notes);
        if (metadata["properties"] is JsonArray properties)
        {
            var joined = new MergedList();
            joined.AddAll(root["properties"]);
            joined.AddAll(properties);
            root["properties"] = joined.ToArray();
        }
        return root;
    }

    internal JsonObject ToObject(string timestamp, JsonObject root)
    {
        var tools = new JsonObject();
        var own = new MergedList();
        own.Add(
            new JsonObject
            {
                ["type"] = "application",
                ["name"] = SbomDocument.ToolName,
                ["version"] = SbomBuilder.ToolVersion,
            }
        );
        own.AddAll(_tools.ToArray());
        tools["components"] = own.ToArray();
        if (_services.Count > 0)
        {
            tools["services"] = _services.ToArray();
        }
        var metadata = new JsonObject { ["timestamp"] = timestamp };
        if (_lifecycles.Count > 0)
        {
            metadata["lifecycles"] = _lifecycles.ToArray();
        }
        metadata["tools"] = tools;
        if (_authors.Count > 0)
        {
            metadata["authors"] = _authors.ToArray();
        }
        metadata["component"] = root;
        if (_licenses is not null && !_licensesDiffer)
        {
            metadata["licenses"] = _licenses;
        }
        return metadata;
    }

    /// <summary>Tools in both of their forms: components and services, and the older list of names.</summary>
    private void Tools(JsonNode? tools)
    {
        if (tools is JsonObject modern)
        {
            _tools.AddAll(modern["components"]);
            _services.AddAll(modern["services"]);
            return;
        }
        foreach (var tool in (tools as JsonArray)?.OfType<JsonObject>() ?? [])
        {
            var component = new JsonObject { ["type"] = "application", ["name"] = (string?)tool["name"] ?? "unnamed" };
            foreach (
                var (from, to) in (ReadOnlySpan<(string, string)>)
                    [("vendor", "publisher"), ("version", "version"), ("hashes", "hashes"), ("externalReferences", "externalReferences")]
            )
            {
                if (tool[from] is { } value)
                {
                    component[to] = value.DeepClone();
                }
            }
            _tools.Add(component);
        }
    }

    private static void Move(JsonObject metadata, string from, JsonObject root, string to, string file, List<string> notes)
    {
        if (metadata[from] is not { } value || JsonNode.DeepEquals(value, root[to]))
        {
            return;
        }
        if (root.ContainsKey(to))
        {
            notes.Add($"'metadata.{from}' of {file} differs from that of what it is about and is left out");
            return;
        }
        root[to] = value.DeepClone();
    }
}
