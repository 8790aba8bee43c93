using System.Globalization;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Cards;

/// <summary>Values of a card, each checked, and named where it is wrong.</summary>
internal static class CardValue
{
    /// <summary>One line of text, or null.</summary>
    internal static string? Text(YamlMapping mapping, string key) =>
        mapping[key] is { } value ? Bounded(value, Scalar(value, key).String($"'{key}'"), key) : null;

    /// <summary>Text of several lines, or null.</summary>
    internal static string? Lines(YamlMapping mapping, string key) =>
        mapping[key] is { } value ? Bounded(value, Scalar(value, key).Lines($"'{key}'"), key) : null;

    /// <summary>A time, or null.</summary>
    internal static DateTimeOffset? Time(YamlMapping mapping, string key) =>
        mapping[key] is { } value ? Scalar(value, key).Time($"'{key}'") : null;

    /// <summary>A text or a list of texts; none where the key is absent.</summary>
    internal static IReadOnlyList<string> Texts(YamlMapping mapping, string key, bool lines = false)
    {
        if (mapping[key] is not { } value)
        {
            return [];
        }
        var texts = value.OneOrMore(
            $"'{key}'",
            v => Bounded(v, lines ? Scalar(v, key).Lines($"'{key}'") : Scalar(v, key).String($"'{key}'"), key)
        );
        return texts.Count <= Limits.SbomListedNames
            ? texts
            : throw value.Malformed($"'{key}' has more than {Limits.SbomListedNames} elements");
    }

    /// <summary>Addresses: absolute ones.</summary>
    internal static IReadOnlyList<string> Addresses(YamlMapping mapping, string key)
    {
        var addresses = Texts(mapping, key);
        return addresses.All(a =>
            Iri.OrNull(a) is not null
            && Uri.TryCreate(a, UriKind.Absolute, out var uri)
            && a.Contains(':', StringComparison.Ordinal)
            && uri.Scheme.Length > 1
        )
            ? addresses
            : throw mapping[key]!.Malformed($"'{key}' is to be an absolute address, such as https://host/path");
    }

    /// <summary>An e-mail address, or null.</summary>
    internal static string? Email(YamlMapping mapping, string key) =>
        Text(mapping, key) is { } text
            ? text.Count(c => c == '@') == 1 && text[0] != '@' && text[^1] != '@' && !text.Contains(' ', StringComparison.Ordinal)
                ? text
                : throw mapping[key]!.Malformed($"'{key}' is to be an e-mail address")
            : null;

    /// <summary>A number from zero on, or null.</summary>
    internal static decimal? Number(YamlMapping mapping, string key) =>
        mapping[key] is not { } value ? null
        : value is YamlScalar { IsPlain: true } scalar
        && decimal.TryParse(scalar.Text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            ? number
        : throw value.Malformed($"'{key}' is to be a number, such as 12.5");

    /// <summary>A mapping or a list of mappings; none where the key is absent.</summary>
    internal static IReadOnlyList<YamlMapping> Mappings(YamlMapping mapping, string key) =>
        mapping[key] switch
        {
            null => [],
            YamlSequence list when list.Items.Count <= Limits.SbomListedNames =>
            [
                .. list.Items.Select(i => i.Mapping($"an element of '{key}'")),
            ],
            var value => [value.Mapping($"'{key}'")],
        };

    /// <summary>A member that must be there, one line of text.</summary>
    internal static string Required(YamlMapping mapping, string key, string what)
    {
        mapping.Required(key, what);
        return Text(mapping, key)!;
    }

    private static YamlScalar Scalar(YamlValue value, string key) =>
        value as YamlScalar ?? throw value.Malformed($"'{key}' is to be a single value, not {value.Kind}");

    private static string Bounded(YamlValue value, string text, string key) =>
        text.Length <= Limits.SbomTextLength ? text : throw value.Malformed($"'{key}' is longer than {Limits.SbomTextLength} characters");
}
