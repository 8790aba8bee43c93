namespace ArtifactTrust.Scanning.Models;

/// <summary>What the filters of Jinja and the methods of Python's values make of where a value comes from.</summary>
internal static class TemplateFilters
{
    // Of a list or a mapping they give a part of it, in some order.
    private static readonly HashSet<string> Selections = new(StringComparer.Ordinal)
    {
        "batch",
        "dictsort",
        "fromjson",
        "from_json",
        "groupby",
        "items",
        "list",
        "max",
        "min",
        "reject",
        "rejectattr",
        "reverse",
        "select",
        "selectattr",
        "slice",
        "sort",
        "sum",
        "unique",
    };

    private static readonly HashSet<string> Elements = new(StringComparer.Ordinal) { "first", "last", "random" };

    private static readonly HashSet<string> Counts = new(StringComparer.Ordinal)
    {
        "abs",
        "count",
        "float",
        "int",
        "length",
        "round",
        "wordcount",
    };

    // They leave a text what it is, but for case and blanks.
    private static readonly HashSet<string> Trims = new(StringComparer.Ordinal)
    {
        "capitalize",
        "lower",
        "lstrip",
        "rstrip",
        "safe",
        "strip",
        "title",
        "trim",
        "upper",
    };

    // They take the name of an attribute.
    private static readonly HashSet<string> NamingFilters = new(StringComparer.Ordinal)
    {
        "groupby",
        "map",
        "max",
        "min",
        "rejectattr",
        "selectattr",
        "sort",
        "sum",
        "unique",
    };

    private static readonly HashSet<string> Lookups = new(StringComparer.Ordinal)
    {
        "copy",
        "get",
        "items",
        "keys",
        "pop",
        "split",
        "values",
    };

    /// <summary>Whether a filter takes the name of an attribute.</summary>
    internal static bool TakeNames(string filter) => NamingFilters.Contains(filter);

    /// <summary>Where the result of a filter comes from.</summary>
    /// <param name="name">The filter.</param>
    /// <param name="value">Where what it is applied to comes from.</param>
    /// <param name="given">Where its arguments come from.</param>
    /// <param name="scope">What names stand for.</param>
    internal static TemplateOrigin OfFilter(string name, TemplateOrigin value, TemplateOrigin given, TemplateScope scope) =>
        name is "default" or "d" ? Later(value, given)
        : Counts.Contains(name) ? TemplateOrigin.Number
        : Later(value, given) is TemplateOrigin.Computed ? TemplateOrigin.Computed
        : name is "items" or "dictsort" && value is TemplateOrigin.Written ? scope.Content(value)
        : Selections.Contains(name) && value is not TemplateOrigin.Text ? value
        : value switch
        {
            TemplateOrigin.Data or TemplateOrigin.Number when Elements.Contains(name) || name == "map" => value,
            TemplateOrigin.Data or TemplateOrigin.Number when Trims.Contains(name) => TemplateOrigin.Text,
            TemplateOrigin.Written when Elements.Contains(name) && !scope.HasComputedElement => TemplateOrigin.Text,
            _ => TemplateOrigin.Computed,
        };

    /// <summary>Where the result of a method comes from.</summary>
    /// <param name="name">The method.</param>
    /// <param name="value">Where what it is of comes from.</param>
    /// <param name="given">Where its arguments come from.</param>
    /// <param name="scope">What names stand for.</param>
    internal static TemplateOrigin OfMethod(string name, TemplateOrigin value, TemplateOrigin given, TemplateScope scope) =>
        name is "index" or "find" or "rfind" or "count" or "startswith" or "endswith" ? TemplateOrigin.Number
        : Later(value, given) is TemplateOrigin.Computed ? TemplateOrigin.Computed
        : Lookups.Contains(name) && value is not TemplateOrigin.Text
            ? name switch
            {
                "keys" or "copy" => value,
                "get" => scope.Content(Later(value, given)),
                _ => scope.Content(value),
            }
        : Trims.Contains(name) ? TemplateOrigin.Text
        : TemplateOrigin.Computed;

    private static TemplateOrigin Later(TemplateOrigin one, TemplateOrigin other) => one > other ? one : other;
}
