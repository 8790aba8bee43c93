using System.Formats.Asn1;
using System.Globalization;
using System.Text;

namespace ArtifactTrust.Notation;

/// <summary>A distinguished name as trusted identities compare it: each attribute once, values compared letter by letter.</summary>
/// <remarks>Spec: Notary Project, "Trusted Identities Constraints"; RFC 4514 §2, §3; RFC 5280 §4.1.2.4.</remarks>
internal sealed record SubjectName(IReadOnlyDictionary<string, string> Attributes)
{
    private static readonly Dictionary<string, string> Types = new(StringComparer.Ordinal)
    {
        ["2.5.4.3"] = "CN",
        ["2.5.4.5"] = "SERIALNUMBER",
        ["2.5.4.6"] = "C",
        ["2.5.4.7"] = "L",
        ["2.5.4.8"] = "ST",
        ["2.5.4.9"] = "STREET",
        ["2.5.4.10"] = "O",
        ["2.5.4.11"] = "OU",
        ["2.5.4.17"] = "POSTALCODE",
    };

    private static readonly string[] Required = ["C", "ST", "O"];

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Whether the other name has every attribute of this one, with the same value.</summary>
    internal bool IsPartOf(SubjectName other) => Attributes.All(a => other.Attributes.GetValueOrDefault(a.Key) == a.Value);

    /// <summary>Reads a name as a policy writes it.</summary>
    /// <returns>The name, or what is wrong with it.</returns>
    internal static (SubjectName? Name, string? Problem) Parse(string text)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in Split(text))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var type = equals < 0 ? "" : part[..equals].Trim(' ');
            type = type == "S" ? "ST" : type;
            if (!Types.ContainsValue(type))
            {
                return (
                    null,
                    $"'{Excerpt(part)}' is not TYPE=VALUE with one of the types {string.Join(", ", Types.Values.Order(StringComparer.Ordinal))}"
                );
            }
            if (Unescape(part[(equals + 1)..]) is not { Length: > 0 } value)
            {
                return (null, $"the value of {type} is empty or is not escaped as RFC 4514 asks for");
            }
            if (!attributes.TryAdd(type, value))
            {
                return (null, $"{type} is there twice");
            }
        }
        var missing = Required.Where(t => !attributes.ContainsKey(t)).ToList();
        return missing.Count == 0 ? (new(attributes), null) : (null, $"it lacks {string.Join(", ", missing)}; C, ST and O are required");
    }

    /// <summary>Reads the name of a certificate.</summary>
    /// <returns>The name without attributes that no policy can ask for; or why it cannot be compared.</returns>
    internal static (SubjectName? Name, string? Problem) Read(ReadOnlyMemory<byte> der)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            var names = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
            while (names.HasData)
            {
                var set = names.ReadSetOf();
                var attribute = set.ReadSequence();
                var oid = attribute.ReadObjectIdentifier();
                if (set.HasData)
                {
                    return (null, "one of its parts has several attributes");
                }
                if (!Types.TryGetValue(oid, out var type))
                {
                    continue;
                }
                var tag = attribute.PeekTag();
                var value = attribute.ReadCharacterString((UniversalTagNumber)tag.TagValue);
                attribute.ThrowIfNotEmpty();
                if (!attributes.TryAdd(type, value))
                {
                    return (null, $"{type} is there twice");
                }
            }
            return (new(attributes), null);
        }
        catch (Exception e) when (e is AsnContentException or ArgumentException)
        {
            return (null, "it cannot be read");
        }
    }

    /// <summary>The parts between the commas that are not escaped.</summary>
    private static IEnumerable<string> Split(string text)
    {
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == ',')
            {
                yield return text[start..i];
                start = i + 1;
            }
        }
        yield return text[start..];
    }

    /// <summary>The value without escapes and without the white space around it; null where something should have been escaped.</summary>
    private static string? Unescape(string text)
    {
        var bytes = new List<byte>();
        var kept = 0;
        var trimmed = text.AsSpan().TrimStart(' ');
        if (trimmed.StartsWith("#", StringComparison.Ordinal))
        {
            return null;
        }
        for (var i = 0; i < trimmed.Length; i++)
        {
            if (trimmed[i] is ';' or '+' or '"' or '<' or '>' or '\0')
            {
                return null;
            }
            if (trimmed[i] != '\\')
            {
                var length = char.IsHighSurrogate(trimmed[i]) && i + 1 < trimmed.Length ? 2 : 1;
                bytes.AddRange(Encoding.UTF8.GetBytes(trimmed.Slice(i, length).ToString()));
                kept = trimmed[i] == ' ' ? kept : bytes.Count;
                i += length - 1;
                continue;
            }
            if (i + 1 < trimmed.Length && trimmed[i + 1] is ' ' or ',' or ';' or '+' or '"' or '<' or '>' or '\\' or '#' or '=')
            {
                bytes.Add((byte)trimmed[++i]);
            }
            else if (
                i + 2 < trimmed.Length
                && byte.TryParse(trimmed.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var escaped)
            )
            {
                bytes.Add(escaped);
                i += 2;
            }
            else
            {
                return null;
            }
            kept = bytes.Count;
        }
        try
        {
            return Utf8.GetString(bytes.ToArray().AsSpan(0, kept));
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static string Excerpt(string text) => text.Length <= 64 ? text : text[..64] + "…";
}
