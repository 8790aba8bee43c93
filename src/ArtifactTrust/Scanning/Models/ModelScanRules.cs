using System.Collections.Frozen;
using System.Text.Json;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Scanning.Models;

/// <summary>The rules a scan of model files goes by, as data: which imports are denied, which are allowed, and how bad other oddities are.</summary>
/// <remarks>
/// What is on neither list is a finding of high severity: a scanner that knows only bad names misses the next one. A name is denied wherever it
/// appears in the dotted path, so that <c>numpy</c> with <c>os.system</c> is <c>os.system</c>.
/// </remarks>
public sealed class ModelScanRules
{
    /// <summary>The identifier of the rule for an import that is on no list.</summary>
    internal const string UnlistedImport = "import-unlisted";

    // In the rules: the names are denied whatever module they are imported from.
    internal const string AnyModule = "*";

    private const string FormatName = "model scan rules";
    private const string Resource = "ArtifactTrust.Scanning.Models.model-scan-rules.json";

    // Names that lead from any object to everything its module can reach.
    private static readonly FrozenSet<string> Inner = new[]
    {
        "__builtins__",
        "__class__",
        "__base__",
        "__bases__",
        "__mro__",
        "__code__",
        "__dict__",
        "__func__",
        "__getattr__",
        "__getattribute__",
        "__globals__",
        "__import__",
        "__init__",
        "__loader__",
        "__self__",
        "__spec__",
        "__subclasses__",
    }.ToFrozenSet(StringComparer.Ordinal);

    private readonly FrozenDictionary<string, ModelScanRule[]> _denied;
    private readonly FrozenDictionary<string, ModelScanRule> _rules;
    private readonly FrozenSet<(string Module, string Name)> _allowed;

    private ModelScanRules(ReadOnlyMemory<byte> utf8)
    {
        var json = StrictJson.Parse(utf8, FormatName);
        StrictJson.CheckMembers(json, FormatName, "$", "id", "version", "rules", "deny", "allow");
        Id = StrictJson.RequiredString(json, "id", FormatName, "$");
        Version = StrictJson.RequiredString(json, "version", FormatName, "$");
        Digest = DigestAlgorithm.Sha256.Hash(utf8.Span);
        _rules = ReadRules(json.GetProperty("rules")).ToFrozenDictionary(r => r.Id, StringComparer.Ordinal);
        _denied = ReadDenied(json.GetProperty("deny"))
            .GroupBy(r => r.Module!, StringComparer.Ordinal)
            .ToFrozenDictionary(g => g.Key, g => g.ToArray(), StringComparer.Ordinal);
        _allowed = ReadAllowed(json.GetProperty("allow")).ToFrozenSet();
    }

    /// <summary>The rules this library ships.</summary>
    public static ModelScanRules Default { get; } = new(ReadResource());

    /// <summary>The name of the rule set.</summary>
    public string Id { get; }

    /// <summary>The version, which changes whenever a rule does.</summary>
    public string Version { get; }

    /// <summary>The SHA-256 of the file the rules are in.</summary>
    public Digest Digest { get; }

    /// <summary>The rule of that identifier.</summary>
    internal ModelScanRule this[string id] => _rules[id];

    internal IEnumerable<(string Module, string Name)> Allowed => _allowed;

    internal IEnumerable<ModelScanRule> All => _rules.Values.Concat(_denied.Values.SelectMany(d => d));

    /// <summary>What the rules say of an import.</summary>
    /// <returns>Null where it is allowed, otherwise the rule it breaks.</returns>
    internal ModelScanRule? Judge(string module, string name)
    {
        if (_allowed.Contains((module, name)))
        {
            return null;
        }
        var path = $"{module}.{name}";
        if (FindDenied(path) is { } denied)
        {
            return denied;
        }
        var attributes = name.Split('.');
        for (var i = 0; i < attributes.Length - 1; i++)
        {
            // The attribute path of an allowed module reaches whatever that module imported.
            if (FindDenied(string.Join('.', attributes[i..])) is { } reached)
            {
                return reached;
            }
        }
        if (attributes.Any(Inner.Contains))
        {
            return this["import-internals"];
        }
        var anywhere = _denied.GetValueOrDefault(AnyModule, []).FirstOrDefault(r => attributes.Any(r.Names.Contains));
        return anywhere ?? this[UnlistedImport];
    }

    /// <summary>The rule that denies a dotted path: as a module, or as a name of a module above it.</summary>
    private ModelScanRule? FindDenied(string path)
    {
        // The longest module first, so that the most specific reason is given.
        for (var end = path.Length; end > 0; end = path.LastIndexOf('.', end - 1))
        {
            if (_denied.TryGetValue(path[..end], out var rules))
            {
                var rest = end == path.Length ? "" : path[(end + 1)..];
                foreach (var rule in rules)
                {
                    if (rule.DeniesAll || Starts(rule.Names, rest))
                    {
                        return rule;
                    }
                }
            }
        }
        return null;
    }

    private static bool Starts(FrozenSet<string> names, string rest)
    {
        for (var end = rest.Length; end > 0; end = rest.LastIndexOf('.', end - 1))
        {
            if (names.Contains(rest[..end]))
            {
                return true;
            }
        }
        return false;
    }

    private static IEnumerable<ModelScanRule> ReadRules(JsonElement rules) => rules.EnumerateArray().Select(r => Rule(r, null, [], false));

    private static IEnumerable<ModelScanRule> ReadDenied(JsonElement deny)
    {
        foreach (var group in deny.EnumerateArray())
        {
            foreach (var entry in group.GetProperty("imports").EnumerateObject())
            {
                var names = entry.Value.EnumerateArray().Select(n => n.GetString()!).ToArray();
                yield return Rule(group, entry.Name, names, names is ["*"]);
            }
        }
    }

    private static IEnumerable<(string, string)> ReadAllowed(JsonElement allow) =>
        allow
            .EnumerateArray()
            .SelectMany(group => group.GetProperty("imports").EnumerateObject())
            .SelectMany(entry => entry.Value.EnumerateArray().Select(name => (entry.Name, name.GetString()!)));

    private static ModelScanRule Rule(JsonElement json, string? module, string[] names, bool all) =>
        new(
            StrictJson.RequiredString(json, "id", FormatName, "$"),
            Severities.FromWord(StrictJson.RequiredString(json, "severity", FormatName, "$")) is var severity and not Severity.Unknown
                ? severity
                : throw new MalformedDataException(FormatName, "$", "a severity is expected"),
            StrictJson.RequiredString(json, "reason", FormatName, "$"),
            StrictJson.OptionalString(json, "reference", FormatName, "$")
        )
        {
            Module = module,
            Names = names.ToFrozenSet(StringComparer.Ordinal),
            DeniesAll = all,
        };

    private static byte[] ReadResource()
    {
        using var stream = typeof(ModelScanRules).Assembly.GetManifestResourceStream(Resource)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}

/// <summary>One rule of a scan of model files.</summary>
/// <param name="Id">The identifier, which findings carry; it stays.</param>
/// <param name="Severity">How bad a finding is.</param>
/// <param name="Reason">Why, as the end of a sentence.</param>
/// <param name="Reference">Where to read more.</param>
internal sealed record ModelScanRule(string Id, Severity Severity, string Reason, string? Reference)
{
    /// <summary>The module whose names are denied; null for a rule that is not about imports by name.</summary>
    internal string? Module { get; init; }

    /// <summary>The denied names of the module.</summary>
    internal FrozenSet<string> Names { get; init; } = [];

    /// <summary>Whether every name of the module is denied, the modules below it included.</summary>
    internal bool DeniesAll { get; init; }
}
