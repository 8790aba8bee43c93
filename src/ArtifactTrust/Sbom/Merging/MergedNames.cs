using System.Globalization;
using System.Text.Json.Nodes;
using ArtifactTrust.Sbom.Validation;

namespace ArtifactTrust.Sbom.Merging;

/// <summary>The names of elements in a merged document, each there once.</summary>
internal sealed class MergedNames
{
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    /// <summary>A name that nothing has yet; it is taken from now on.</summary>
    internal string Unused(string wanted)
    {
        var name = wanted;
        for (var i = 2; !_used.Add(name); i++)
        {
            name = string.Create(CultureInfo.InvariantCulture, $"{wanted}#{i}");
        }
        return name;
    }

    /// <summary>Changes the names in a document that others use already.</summary>
    /// <param name="document">The document.</param>
    /// <param name="names">Where it names elements.</param>
    /// <param name="mark">The SHA-256 of the document, which tells its names from those of others.</param>
    /// <param name="same">Components that are there already, and the names they have there.</param>
    /// <param name="components">The components at the top of the document.</param>
    internal void Rename(
        JsonObject document,
        CycloneDxNames names,
        string mark,
        IReadOnlyDictionary<JsonObject, string> same,
        IReadOnlyList<JsonObject> components
    )
    {
        var renamed = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (component, merged) in same)
        {
            if ((string?)component["bom-ref"] is { } own)
            {
                renamed[own] = merged;
            }
        }
        // What has been named here just now is not among the names of the text.
        foreach (
            var name in names.Given.Concat(components.Select(c => (string?)c["bom-ref"]).OfType<string>()).Distinct(StringComparer.Ordinal)
        )
        {
            if (renamed.ContainsKey(name))
            {
                continue;
            }
            var unused = _used.Contains(name) ? Unused($"{mark[..16]}:{name}") : Unused(name);
            if (unused != name)
            {
                renamed[name] = unused;
            }
        }
        if (renamed.Count == 0)
        {
            return;
        }
        // A name that was given to a component here is not among those places.
        foreach (var component in components)
        {
            if ((string?)component["bom-ref"] is { } own && renamed.TryGetValue(own, out var other))
            {
                component["bom-ref"] = other;
            }
        }
        foreach (var (pointer, name) in names.Places)
        {
            if (renamed.TryGetValue(name, out var other))
            {
                Set(document, pointer, other);
            }
        }
    }

    private static void Set(JsonObject document, string pointer, string value)
    {
        JsonNode at = document;
        var tokens = pointer.Split('/');
        for (var i = 1; i < tokens.Length; i++)
        {
            var token = tokens[i].Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            var isLast = i == tokens.Length - 1;
            if (at is JsonArray array)
            {
                var index = int.Parse(token, CultureInfo.InvariantCulture);
                if (isLast)
                {
                    array[index] = value;
                    return;
                }
                at = array[index]!;
            }
            else
            {
                if (isLast)
                {
                    at[token] = value;
                    return;
                }
                at = at[token]!;
            }
        }
    }
}
