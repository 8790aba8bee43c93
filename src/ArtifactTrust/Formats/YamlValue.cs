using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ArtifactTrust.Formats;

/// <summary>A place in a text of a format; both numbers count from 1.</summary>
internal readonly record struct YamlPlace(string Format, long Line, long Column)
{
    internal MalformedDataException Malformed(string reason, Exception? inner = null) => new(Format, ToString(), reason, inner);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"line {Line}, column {Column}");
}

/// <summary>A value of a text with its place, so that every complaint about it can say where it is.</summary>
internal abstract record YamlValue(YamlPlace Place)
{
    internal abstract string Kind { get; }

    internal MalformedDataException Malformed(string reason, Exception? inner = null) => Place.Malformed(reason, inner);

    internal YamlMapping Mapping(string what) => this as YamlMapping ?? throw Malformed($"{what} is to be a mapping, not {Kind}");

    internal YamlSequence Sequence(string what)
    {
        var sequence = this as YamlSequence ?? throw Malformed($"{what} is to be a list, not {Kind}");
        return sequence.Items.Count > 0 ? sequence : throw Malformed($"{what} is an empty list");
    }

    internal YamlScalar Scalar(string what) => this as YamlScalar ?? throw Malformed($"{what} is to be a single value, not {Kind}");

    /// <summary>The values of a list, or a single value as a list of one; none twice.</summary>
    internal IReadOnlyList<T> OneOrMore<T>(string what, Func<YamlValue, T> read)
    {
        var values = new List<T>();
        foreach (var item in this is YamlSequence ? Sequence(what).Items : [this])
        {
            var value = read(item);
            values.Add(
                values.Contains(value)
                    ? throw item.Malformed($"{what} has '{(item as YamlScalar)?.Text ?? value!.ToString()}' twice")
                    : value
            );
        }
        return values;
    }
}

/// <summary>A scalar. Only a plain one (without quotes) may be a number, a truth value or nothing.</summary>
internal sealed partial record YamlScalar(YamlPlace Place, string Text, bool IsPlain, bool IsBlock) : YamlValue(Place)
{
    internal override string Kind =>
        IsNothing ? "nothing"
        : IsPlain && IsTruth ? "true or false"
        : IsPlain && Number().IsMatch(Text) ? "a number"
        : "a string";

    private bool IsNothing => IsPlain && Text is "" or "~" or "null" or "Null" or "NULL";

    // An escape such as \uD800 can put half a pair into a string, which no UTF-8 output could carry.
    private bool IsUnicode => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(Text)) == Text;

    private bool IsTruth => Text is "true" or "True" or "TRUE" or "false" or "False" or "FALSE";

    /// <summary>The value as a string on one line.</summary>
    internal string String(string what)
    {
        if (IsNothing)
        {
            throw Malformed($"{what} has no value");
        }
        if (Kind is not "a string")
        {
            throw Malformed($"{what} is to be a string, not {Kind}; quote it if it is meant: \"{Text}\"");
        }
        if (Text.Length == 0)
        {
            throw Malformed($"{what} is empty");
        }
        return Text.Any(char.IsControl) || !IsUnicode
            ? throw Malformed($"{what} has a control character, a line break or half a surrogate pair in it")
            : Text;
    }

    /// <summary>The value as text of several lines.</summary>
    internal string Lines(string what) =>
        Kind is not "a string" || Text.Length == 0 ? throw Malformed($"{what} is to be text, not {Kind}")
        : Text.Any(c => char.IsControl(c) && c != '\n') || !IsUnicode
            ? throw Malformed($"{what} has a control character or half a surrogate pair in it")
        : Text;

    internal int Integer(string what, int minimum, int maximum) =>
        IsPlain
        && int.TryParse(Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number >= minimum
        && number <= maximum
        && (Text[0] != '0' || Text.Length == 1)
            ? number
            : throw Malformed($"{what} is to be an integer from {minimum} to {maximum}, not {Quoted}");

    internal bool Boolean(string what) =>
        IsPlain && Text is "true" ? true
        : IsPlain && Text is "false" ? false
        : throw Malformed($"{what} is to be true or false, not {Quoted}");

    internal DateTimeOffset Time(string what) =>
        Rfc3339.TryParse(String(what), out var time)
            ? time
            : throw Malformed($"{what} is to be an RFC 3339 time such as 2026-01-31T12:00:00Z, not {Quoted}");

    /// <summary>One of a closed set of words.</summary>
    internal T Word<T>(string what, params ReadOnlySpan<(string Word, T Value)> words)
    {
        var text = String(what);
        var known = new List<string>();
        foreach (var (word, value) in words)
        {
            if (word == text)
            {
                return value;
            }
            known.Add(word);
        }
        throw Malformed($"{what} is to be one of {string.Join(", ", known)}, not {Quoted}{Spelling.Hint(text, known)}");
    }

    /// <summary>The value in quotation marks, shortened, for messages.</summary>
    internal string Quoted => IsNothing ? "nothing" : $"'{(Text.Length <= 80 ? Text : Text[..80] + "…").ReplaceLineEndings("\\n")}'";

    // YAML 1.2.2 §10.3.2, the core schema's integers and floats.
    [GeneratedRegex(
        @"\A(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\z",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Number();
}

/// <summary>A list.</summary>
internal sealed record YamlSequence(YamlPlace Place, IReadOnlyList<YamlValue> Items) : YamlValue(Place)
{
    internal override string Kind => "a list";
}

/// <summary>One key of a mapping with its value.</summary>
internal sealed record YamlMember(string Key, YamlPlace Place, YamlValue Value);

/// <summary>A mapping: its members in the order written, no key twice.</summary>
internal sealed record YamlMapping(YamlPlace Place, IReadOnlyList<YamlMember> Members) : YamlValue(Place)
{
    internal override string Kind => "a mapping";

    internal YamlValue? this[string key] => Members.FirstOrDefault(m => m.Key == key)?.Value;

    internal YamlValue Required(string key, string what) => this[key] ?? throw Malformed($"{what} needs '{key}'");

    /// <summary>Throws at the first key that is not one of the known.</summary>
    internal void CheckKeys(string what, IReadOnlyCollection<string> known)
    {
        if (Members.FirstOrDefault(m => !known.Contains(m.Key)) is { } unknown)
        {
            throw unknown.Place.Malformed(
                $"unknown key '{unknown.Key.ReplaceLineEndings("\\n")}' in {what}"
                    + (Spelling.Hint(unknown.Key, known) is { Length: > 0 } hint ? hint : $"; its keys are {string.Join(", ", known)}")
            );
        }
    }
}
