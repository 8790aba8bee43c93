using System.Text.Json;
using System.Text.RegularExpressions;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>The names that a document gives its elements (<c>bom-ref</c>), and where it uses them.</summary>
internal sealed partial class CycloneDxNames
{
    private readonly Dictionary<string, (JsonPointer At, string Name)> _found = new(StringComparer.Ordinal);

    /// <summary>Every place where a name stands: its pointer, and the name.</summary>
    internal IEnumerable<KeyValuePair<string, string>> Places => _found.Select(f => KeyValuePair.Create(f.Key, f.Value.Name));

    /// <summary>The names that are given.</summary>
    internal IEnumerable<string> Given => _found.Values.Where(f => f.At.Name == "bom-ref").Select(f => f.Name);

    /// <summary>Takes a name that the schema calls one.</summary>
    internal void Add(JsonPointer at, string name) => _found.TryAdd(at.ToString(), (at, name));

    /// <summary>Takes the names that the schema calls mere strings: what compositions say of dependencies and vulnerabilities.</summary>
    internal void AddPlain(JsonElement json)
    {
        if (!json.TryGetProperty("compositions", out var compositions) || compositions.ValueKind != JsonValueKind.Array)
        {
            return;
        }
        var at = JsonPointer.Root.Member("compositions");
        var index = 0;
        foreach (var composition in compositions.EnumerateArray())
        {
            foreach (var kind in (ReadOnlySpan<string>)["dependencies", "vulnerabilities"])
            {
                if (
                    composition.ValueKind != JsonValueKind.Object
                    || !composition.TryGetProperty(kind, out var names)
                    || names.ValueKind != JsonValueKind.Array
                )
                {
                    continue;
                }
                var i = 0;
                foreach (var name in names.EnumerateArray())
                {
                    if (name.ValueKind == JsonValueKind.String)
                    {
                        Add(at.Element(index).Member(kind).Element(i), name.GetString()!);
                    }
                    i++;
                }
            }
            index++;
        }
    }

    /// <summary>Tells names that are given twice, and those that are used and not given.</summary>
    internal void Check(List<SbomError> errors, List<SbomError> warnings)
    {
        var given = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (pointer, (at, name)) in _found.Where(f => f.Value.At.Name == "bom-ref"))
        {
            if (!given.Add(name))
            {
                (IsLax(pointer) ? warnings : errors).Add(new SbomError(pointer, $"the bom-ref '{Shown(name)}' is given twice"));
            }
        }
        foreach (var (pointer, (_, name)) in _found.Where(f => f.Value.At.Name != "bom-ref"))
        {
            // A BOM-Link names an element of another document.
            if (!given.Contains(name) && !name.StartsWith("urn:cdx:", StringComparison.Ordinal))
            {
                (IsStrict(pointer) ? errors : warnings).Add(new SbomError(pointer, $"nothing has the bom-ref '{Shown(name)}'"));
            }
        }
    }

    /// <summary>A name, fit for a message.</summary>
    internal static string Shown(string name) => Reading.FileText.Clean(name.Length <= 200 ? name : name[..200] + "…")!;

    private static bool IsLax(string pointer) => pointer.StartsWith("/formulation/", StringComparison.Ordinal);

    private static bool IsStrict(string pointer) => StrictPlaces().IsMatch(pointer);

    [GeneratedRegex(
        @"\A/(?:dependencies|compositions|vulnerabilities|annotations)/|/modelCard/modelParameters/datasets/[0-9]+/ref\z",
        RegexOptions.CultureInvariant | RegexOptions.NonBacktracking
    )]
    private static partial Regex StrictPlaces();
}
