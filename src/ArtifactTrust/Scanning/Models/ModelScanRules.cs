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

    // In strict mode, what is on no list.
    private static readonly FrozenSet<string> Unlisted = new[]
    {
        UnlistedImport,
        "keras-import",
        "keras-custom-object",
        "skops-type",
        "custom-operator",
        "tensorflow-custom-operator",
        "remote-code",
        "library-import",
        "settings-import",
        "yaml-python",
    }.ToFrozenSet(StringComparer.Ordinal);

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
    private readonly FrozenDictionary<(string Format, string Name), ModelScanRule> _operators;
    private readonly FrozenSet<(string Format, string Name)> _standard;
    private readonly ModelScanRulesFile? _own;
    private readonly bool _strict;

    private ModelScanRules(ReadOnlyMemory<byte> utf8)
    {
        var json = StrictJson.Parse(utf8, FormatName);
        StrictJson.CheckMembers(json, FormatName, "$", "id", "version", "rules", "deny", "allow", "keras", "operators", "standard");
        Id = StrictJson.RequiredString(json, "id", FormatName, "$");
        Version = StrictJson.RequiredString(json, "version", FormatName, "$");
        Digest = DigestAlgorithm.Sha256.Hash(utf8.Span);
        Sources = [new ModelScanRulesSource(Id, Version, Digest)];
        _rules = ReadRules(json.GetProperty("rules")).ToFrozenDictionary(r => r.Id, StringComparer.Ordinal);
        _denied = Group(ModelScanRulesFile.ReadDenied(json.GetProperty("deny"), "$.deny"));
        _allowed = ModelScanRulesFile.ReadAllowed(json.GetProperty("allow"), "$.allow").ToFrozenSet();
        Keras = new KerasRules(json.GetProperty("keras"));
        _operators = NamesOf(json.GetProperty("operators"))
            .ToFrozenDictionary(o => (o.Format, o.Name), o => ModelScanRulesFile.ReadRule(o.Group, "$.operators"));
        _standard = NamesOf(json.GetProperty("standard")).Select(o => (o.Format, o.Name)).ToFrozenSet();
    }

    private ModelScanRules(ModelScanRules from, ModelScanRulesFile? own, bool strict, ModelScanRulesSource? source)
    {
        (Id, Version, _rules, _denied, _allowed, _operators, _standard, Keras) = (
            from.Id,
            from.Version,
            from._rules,
            from._denied,
            from._allowed,
            from._operators,
            from._standard,
            from.Keras
        );
        (_own, _strict) = (own ?? from._own, strict || from._strict);
        Sources = source is null ? from.Sources : [.. from.Sources, source];
        var lines = string.Concat(Sources.Select(s => $"{s.Digest}\n")) + (_strict ? "strict\n" : "");
        Digest = DigestAlgorithm.Sha256.Hash(System.Text.Encoding.UTF8.GetBytes(lines));
        if (_strict)
        {
            _rules = _rules.ToFrozenDictionary(
                r => r.Key,
                r => Unlisted.Contains(r.Key) ? r.Value with { Severity = Severity.Critical } : r.Value,
                StringComparer.Ordinal
            );
        }
    }

    /// <summary>The rules this library ships.</summary>
    public static ModelScanRules Default { get; } = new(ReadResource());

    /// <summary>The name of the rule set.</summary>
    public string Id { get; }

    /// <summary>The version, which changes whenever a rule does.</summary>
    public string Version { get; }

    /// <summary>
    /// The SHA-256 of the file the rules are in. With rules of one's own, or in strict mode: of the lines of text that are the digests of the
    /// <see cref="Sources"/>, as they print, and <c>strict</c>, each with a line feed.
    /// </summary>
    public Digest Digest { get; }

    /// <summary>The files the rules come from, the library's own first.</summary>
    public IReadOnlyList<ModelScanRulesSource> Sources { get; }

    /// <summary>Whether what is on no list is of critical severity.</summary>
    public bool IsStrict => _strict;

    /// <summary>The rule of that identifier.</summary>
    internal ModelScanRule this[string id] => _rules.TryGetValue(id, out var rule) ? rule : _operators.Values.First(r => r.Id == id);

    /// <summary>What models of Keras are made of.</summary>
    internal KerasRules Keras { get; }

    internal IEnumerable<(string Module, string Name)> Allowed => _allowed;

    internal IEnumerable<ModelScanRule> All => _rules.Values.Concat(_denied.Values.SelectMany(d => d)).Concat(_operators.Values);

    /// <summary>The same rules with one's own, which go first.</summary>
    /// <param name="utf8">A JSON file: <c>id</c>, <c>version</c>, and <c>deny</c> and <c>allow</c> in the form of the library's own.</param>
    /// <exception cref="MalformedDataException">The file is not of that form.</exception>
    public ModelScanRules With(ReadOnlyMemory<byte> utf8)
    {
        var own = ModelScanRulesFile.Parse(utf8);
        return new ModelScanRules(
            this,
            _own is null ? own : _own.With(own),
            false,
            new ModelScanRulesSource(own.Id, own.Version, DigestAlgorithm.Sha256.Hash(utf8.Span))
        );
    }

    /// <summary>The same rules, with some more imports allowed.</summary>
    /// <param name="imports">Dotted names such as <c>sklearn.svm.SVC</c>; the last part is the name, what is before it the module.</param>
    /// <exception cref="ArgumentException">One has no dot, or is on the deny list, whose names only a file of rules can allow.</exception>
    public ModelScanRules Allowing(IEnumerable<string> imports)
    {
        ArgumentNullException.ThrowIfNull(imports);
        var allowed = new List<(string, string)>();
        foreach (var import in imports)
        {
            var dot = import.LastIndexOf('.');
            if (dot <= 0 || dot == import.Length - 1)
            {
                throw new ArgumentException($"'{import}': a module and a name are expected, such as sklearn.svm.SVC", nameof(imports));
            }
            var (module, name) = (import[..dot], import[(dot + 1)..]);
            if (Judge(module, name) is { } rule && rule.Id != UnlistedImport)
            {
                throw new ArgumentException($"'{import}' is denied ({rule.Id}): {rule.Reason}", nameof(imports));
            }
            allowed.Add((module, name));
        }
        if (allowed.Count == 0)
        {
            return this;
        }
        var text = string.Join('\n', allowed.Select(a => $"{a.Item1}.{a.Item2}").Order(StringComparer.Ordinal));
        var digest = DigestAlgorithm.Sha256.Hash(System.Text.Encoding.UTF8.GetBytes(text));
        var own = new ModelScanRulesFile("allowed", "", [], allowed);
        return new ModelScanRules(
            this,
            _own is null ? own : _own.With(own),
            false,
            new ModelScanRulesSource("allowed imports", "", digest)
        );
    }

    /// <summary>The same rules, where everything that is on no list is of critical severity.</summary>
    public ModelScanRules Strict() => new(this, null, true, null);

    /// <summary>The rule that an operator of a graph, or a layer, breaks; null where it breaks none.</summary>
    internal ModelScanRule? FindOperator(string format, string name) => _operators.GetValueOrDefault((format, name));

    /// <summary>Whether the framework itself has that operator, or for ONNX that domain of operators.</summary>
    internal bool IsStandardOperator(string format, string name) => _standard.Contains((format, name));

    /// <summary>What the rules say of an import.</summary>
    /// <returns>Null where it is allowed, otherwise the rule it breaks.</returns>
    internal ModelScanRule? Judge(string module, string name)
    {
        if (_own?.FindDenied(module, name) is { } own)
        {
            return own;
        }
        if (_own?.Allows(module, name) == true)
        {
            return null;
        }
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
    private ModelScanRule? FindDenied(string path) => FindDenied(_denied, path);

    /// <summary>The rule of a list that denies a dotted path.</summary>
    internal static ModelScanRule? FindDenied(FrozenDictionary<string, ModelScanRule[]> list, string path)
    {
        // The longest module first, so that the most specific reason is given.
        for (var end = path.Length; end > 0; end = path.LastIndexOf('.', end - 1))
        {
            if (list.TryGetValue(path[..end], out var rules))
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

    private static FrozenDictionary<string, ModelScanRule[]> Group(IEnumerable<ModelScanRule> rules) =>
        rules.GroupBy(r => r.Module!, StringComparer.Ordinal).ToFrozenDictionary(g => g.Key, g => g.ToArray(), StringComparer.Ordinal);

    private static IEnumerable<ModelScanRule> ReadRules(JsonElement rules) =>
        rules.EnumerateArray().Select(r => ModelScanRulesFile.ReadRule(r, "$.rules"));

    /// <summary>The names of groups that are each of one format.</summary>
    private static IEnumerable<(string Format, string Name, JsonElement Group)> NamesOf(JsonElement groups) =>
        groups
            .EnumerateArray()
            .SelectMany(g =>
                g.GetProperty("names").EnumerateArray().Select(n => (g.GetProperty("format").GetString()!, n.GetString()!, g))
            );

    private static byte[] ReadResource()
    {
        using var stream = typeof(ModelScanRules).Assembly.GetManifestResourceStream(Resource)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
