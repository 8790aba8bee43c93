namespace ArtifactTrust.Scanning.Models;

/// <summary>Where a value of a template may come from, as far as it matters for the name of an attribute. Of several, the last one counts.</summary>
internal enum TemplateOrigin
{
    /// <summary>A number, or a condition.</summary>
    Number,

    /// <summary>What the template is given, or a part of it.</summary>
    Data,

    /// <summary>A list or a mapping that the template writes out.</summary>
    Written,

    /// <summary>Data put together, which may be numbers or texts.</summary>
    Sum,

    /// <summary>A text that the template writes out, or data as a text: whole, but parts of it are anybody's guess.</summary>
    Text,

    /// <summary>A text that is put together, cut or changed while the template runs.</summary>
    Computed,
}

/// <summary>A value of a template.</summary>
/// <param name="Origin">Where it comes from.</param>
/// <param name="Text">The text, where the template writes out one.</param>
/// <param name="Number">The number, where it is known; of a range, its largest.</param>
internal readonly record struct TemplateValue(TemplateOrigin Origin, string? Text = null, double? Number = null)
{
    internal static TemplateValue Data => new(TemplateOrigin.Data);

    /// <summary>One of two values, it is not known which.</summary>
    internal TemplateValue Or(TemplateValue other) => new(Origin > other.Origin ? Origin : other.Origin);
}

/// <summary>What the names of a template may stand for: everything that is ever put in them, in any part of it.</summary>
internal sealed class TemplateScope
{
    /// <summary>In the place of a parameter's name: a list or mapping of arguments.</summary>
    internal const string Unpacked = "*";

    private readonly Dictionary<string, TemplateValue> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TemplateOrigin> _fields = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> _macros = new(StringComparer.Ordinal);
    private readonly HashSet<string> _parameters = new(StringComparer.Ordinal);
    private readonly HashSet<string> _several = new(StringComparer.Ordinal);
    private TemplateOrigin _anyArgument;

    /// <summary>Whether something became known since that was last set to false.</summary>
    internal bool HasChanged { get; set; }

    /// <summary>Whether a mapping, or the like, may have a text that is put together as a value.</summary>
    internal bool HasComputedField { get; private set; }

    /// <summary>Whether a list may have been given a text that is put together.</summary>
    internal bool HasComputedElement { get; private set; }

    /// <summary>What a name stands for.</summary>
    internal TemplateValue this[string name]
    {
        get
        {
            // The special tokens of a tokenizer are texts that the author of the template writes elsewhere.
            var value =
                _names.TryGetValue(name, out var known) ? known
                : name.EndsWith("_token", StringComparison.Ordinal) ? new TemplateValue(TemplateOrigin.Computed)
                : TemplateValue.Data;
            return _anyArgument > value.Origin && _parameters.Contains(name) ? value with { Origin = _anyArgument } : value;
        }
    }

    /// <summary>Puts a value in a name.</summary>
    internal void Bind(string name, TemplateValue value)
    {
        var origin = Kept(value.Origin);
        if (!_names.TryGetValue(name, out var known) || known.Origin < origin)
        {
            (_names[name], HasChanged) = (new TemplateValue(origin, null, Larger(known.Number, value.Number)), true);
        }
        else if (value.Number > (known.Number ?? 0))
        {
            _names[name] = known with { Number = value.Number };
        }
    }

    /// <summary>What an attribute or item of that name may be, in whatever it is; null where nothing is put in one.</summary>
    internal TemplateOrigin? Field(string name) => _fields.TryGetValue(name, out var origin) ? origin : null;

    /// <summary>Puts a value in an attribute or item of something.</summary>
    internal void BindField(string name, TemplateValue value)
    {
        var origin = Kept(value.Origin);
        if (origin > TemplateOrigin.Data && (!_fields.TryGetValue(name, out var known) || known < origin))
        {
            (_fields[name], HasChanged) = (origin, true);
            HasComputedField |= origin is TemplateOrigin.Computed;
        }
    }

    /// <summary>What may be in something: in what the template writes out, whatever it puts in any of that.</summary>
    internal TemplateOrigin Content(TemplateOrigin origin) =>
        origin is TemplateOrigin.Written && (HasComputedField || HasComputedElement) ? TemplateOrigin.Computed : origin;

    /// <summary>Puts a value in some list.</summary>
    internal void BindElement(TemplateValue value)
    {
        HasChanged |= value.Origin is TemplateOrigin.Computed && !HasComputedElement;
        HasComputedElement |= value.Origin is TemplateOrigin.Computed;
    }

    /// <summary>Defines a macro.</summary>
    internal void Define(string macro, List<string> parameters)
    {
        if (_macros.TryAdd(macro, parameters))
        {
            HasChanged = true;
        }
        else if (!_macros[macro].SequenceEqual(parameters))
        {
            HasChanged |= _several.Add(macro);
        }
        _parameters.UnionWith(parameters);
    }

    /// <summary>Puts the argument of a call in the parameter it is for; in all of them where it is not known which.</summary>
    /// <param name="macro">The name that is called.</param>
    /// <param name="parameter">The parameter's name; null where the argument has none, and <see cref="Unpacked"/> for a list or mapping of arguments.</param>
    /// <param name="index">The argument's place.</param>
    /// <param name="value">The argument.</param>
    internal void BindArgument(string macro, string? parameter, int index, TemplateValue value)
    {
        var isKnown = _macros.TryGetValue(macro, out var parameters);
        if (isKnown && !_several.Contains(macro) && parameter != Unpacked)
        {
            Bind(
                parameter is null ? parameters!.ElementAtOrDefault(index) ?? "varargs"
                    : parameters!.Contains(parameter) ? parameter
                    : "kwargs",
                value
            );
        }
        else if (isKnown || _names.ContainsKey(macro) || _parameters.Contains(macro) || macro == "caller")
        {
            // A macro by another name, the block of a call, or a list in the place of its elements.
            Bind("varargs", value);
            Bind("kwargs", value);
            var origin = parameter == Unpacked && value.Origin < TemplateOrigin.Text ? TemplateOrigin.Text : value.Origin;
            HasChanged |= origin > _anyArgument;
            _anyArgument = origin > _anyArgument ? origin : _anyArgument;
        }
    }

    private static TemplateOrigin Kept(TemplateOrigin origin) => origin is TemplateOrigin.Sum ? TemplateOrigin.Data : origin;

    private static double? Larger(double? one, double? other) => one > other ? one : other ?? one;
}
