using ArtifactTrust.Formats;

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
    private readonly Dictionary<string, TemplateValue> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TemplateOrigin> _fields = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> _macros = new(StringComparer.Ordinal);

    /// <summary>Whether something became known since that was last set to false.</summary>
    internal bool HasChanged { get; set; }

    /// <summary>What a name stands for.</summary>
    internal TemplateValue this[string name] =>
        _names.TryGetValue(name, out var value) ? value
        // The special tokens of a tokenizer are texts that the author of the template writes elsewhere.
        : name.EndsWith("_token", StringComparison.Ordinal) ? new TemplateValue(TemplateOrigin.Computed)
        : TemplateValue.Data;

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
        }
    }

    /// <summary>Defines a macro.</summary>
    internal void Define(string macro, List<string> parameters)
    {
        if (_macros.TryAdd(macro, parameters))
        {
            HasChanged = true;
        }
    }

    /// <summary>Puts the argument of a call in the parameter it is for; in all of them where it is not known which.</summary>
    /// <param name="macro">The name that is called.</param>
    /// <param name="parameter">The parameter's name; null where the argument has none.</param>
    /// <param name="index">The argument's place.</param>
    /// <param name="value">The argument.</param>
    internal void BindArgument(string macro, string? parameter, int index, TemplateValue value)
    {
        if (_macros.TryGetValue(macro, out var parameters))
        {
            if (parameter is not null || index < parameters.Count)
            {
                Bind(parameter ?? parameters[index], value);
            }
        }
        else if (_names.ContainsKey(macro) || macro == "caller")
        {
            // A macro by another name, or the block of a call.
            foreach (var name in _macros.Values.SelectMany(m => m).Take(Limits.TemplateParameters))
            {
                Bind(name, value);
            }
        }
    }

    private static TemplateOrigin Kept(TemplateOrigin origin) => origin is TemplateOrigin.Sum ? TemplateOrigin.Data : origin;

    private static double? Larger(double? one, double? other) => one > other ? one : other ?? one;
}
