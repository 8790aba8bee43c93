using System.Collections.Frozen;
using System.Text.Json;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Scanning.Models;

/// <summary>A file that rules of a scan of model files come from.</summary>
/// <param name="Id">The name of the rules.</param>
/// <param name="Version">Their version.</param>
/// <param name="Digest">The SHA-256 of the file, or of the list of allowed names.</param>
public sealed record ModelScanRulesSource(string Id, string Version, Digest Digest);

/// <summary>Imports that a user denies or allows beside the library's own rules.</summary>
internal sealed class ModelScanRulesFile
{
    private const string FormatName = "model scan rules";
    private const string Everything = "*";

    private readonly List<ModelScanRule> _rules;
    private readonly List<(string Module, string Name)> _names;
    private readonly FrozenDictionary<string, ModelScanRule[]> _denied;
    private readonly FrozenSet<(string, string)> _allowed;

    internal ModelScanRulesFile(string id, string version, IEnumerable<ModelScanRule> denied, IEnumerable<(string, string)> allowed)
    {
        (Id, Version, _rules, _names) = (id, version, [.. denied], [.. allowed]);
        _denied = _rules
            .GroupBy(r => r.Module!, StringComparer.Ordinal)
            .ToFrozenDictionary(g => g.Key, g => g.ToArray(), StringComparer.Ordinal);
        _allowed = _names.ToFrozenSet();
    }

    internal string Id { get; }

    internal string Version { get; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="MalformedDataException">It is not of the form.</exception>
    internal static ModelScanRulesFile Parse(ReadOnlyMemory<byte> utf8)
    {
        var json = StrictJson.Parse(utf8, FormatName, Limits.PolicyBytes);
        StrictJson.CheckMembers(json, FormatName, "$", "id", "version", "deny", "allow");
        return new ModelScanRulesFile(
            StrictJson.RequiredString(json, "id", FormatName, "$"),
            StrictJson.RequiredString(json, "version", FormatName, "$"),
            json.TryGetProperty("deny", out var deny) ? ReadDenied(deny, "$.deny") : [],
            json.TryGetProperty("allow", out var allow) ? ReadAllowed(allow, "$.allow") : []
        );
    }

    /// <summary>Both files' rules.</summary>
    internal ModelScanRulesFile With(ModelScanRulesFile other) =>
        new(Id, Version, _rules.Concat(other._rules), _names.Concat(other._names));

    internal ModelScanRule? FindDenied(string module, string name) => ModelScanRules.FindDenied(_denied, $"{module}.{name}");

    internal bool Allows(string module, string name) => _allowed.Contains((module, name)) || _allowed.Contains((module, Everything));

    internal static List<ModelScanRule> ReadDenied(JsonElement deny, string location)
    {
        var rules = new List<ModelScanRule>();
        foreach (var group in Elements(deny, location))
        {
            StrictJson.CheckMembers(group, FormatName, location, "id", "severity", "reason", "reference", "imports");
            foreach (var (module, names) in ReadImports(group, location))
            {
                rules.Add(
                    ReadRule(group, location) with
                    {
                        Module = module,
                        Names = names.ToFrozenSet(StringComparer.Ordinal),
                        DeniesAll = names is [Everything],
                    }
                );
            }
        }
        return rules;
    }

    internal static List<(string Module, string Name)> ReadAllowed(JsonElement allow, string location)
    {
        var allowed = new List<(string, string)>();
        foreach (var group in Elements(allow, location))
        {
            StrictJson.CheckMembers(group, FormatName, location, "reason", "imports");
            if (StrictJson.RequiredString(group, "reason", FormatName, location).Length == 0)
            {
                throw new MalformedDataException(FormatName, location, "a reason is required");
            }
            allowed.AddRange(ReadImports(group, location).SelectMany(i => i.Names.Select(n => (i.Module, n))));
        }
        return allowed;
    }

    internal static ModelScanRule ReadRule(JsonElement json, string location) =>
        new(
            StrictJson.RequiredString(json, "id", FormatName, location),
            Severities.FromWord(StrictJson.RequiredString(json, "severity", FormatName, location)) is var severity and not Severity.Unknown
                ? severity
                : throw new MalformedDataException(FormatName, location, "a severity is expected: CRITICAL, HIGH, MEDIUM or LOW"),
            StrictJson.RequiredString(json, "reason", FormatName, location),
            StrictJson.OptionalString(json, "reference", FormatName, location)
        );

    private static IEnumerable<(string Module, string[] Names)> ReadImports(JsonElement group, string location)
    {
        foreach (var entry in StrictJson.RequiredObject(group, "imports", FormatName, location).EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.Array || entry.Value.EnumerateArray().Any(n => n.ValueKind != JsonValueKind.String))
            {
                throw new MalformedDataException(FormatName, $"{location}.imports.{entry.Name}", "an array of names is expected");
            }
            yield return (entry.Name, [.. entry.Value.EnumerateArray().Select(n => n.GetString()!)]);
        }
    }

    private static JsonElement.ArrayEnumerator Elements(JsonElement value, string location) =>
        value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray()
            : throw new MalformedDataException(FormatName, location, "an array is expected");
}
