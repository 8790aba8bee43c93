using System.Globalization;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Keys.Hardware;

/// <summary>A URI that names a key in a PKCS#11 token. Every attribute given has to match, byte by byte.</summary>
/// <remarks>
/// Spec: RFC 7512. An attribute that is not known here is refused: to leave it out would make the URI fit more than it says. A PIN in the
/// URI (<c>pin-value</c>) is refused too, because the arguments of a program are seen by every user of the machine.
/// </remarks>
public sealed record Pkcs11Uri
{
    /// <summary>The scheme, with its colon.</summary>
    public const string Scheme = "pkcs11:";

    private const string Format = "PKCS#11 URI";
    private const string Unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    private const string Available = Unreserved + ":[]@!$'()*+,=";

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    private Pkcs11Uri() { }

    /// <summary>The token's label, or null.</summary>
    public string? Token { get; private set; }

    /// <summary>The token's manufacturer, or null.</summary>
    public string? Manufacturer { get; private set; }

    /// <summary>The token's model, or null.</summary>
    public string? Model { get; private set; }

    /// <summary>The token's serial number, or null.</summary>
    public string? Serial { get; private set; }

    /// <summary>The number of the slot that the token is in, or null. Slots may be numbered anew when tokens come and go.</summary>
    public long? SlotId { get; private set; }

    /// <summary>The key's label (CKA_LABEL), or null.</summary>
    public string? Label { get; private set; }

    /// <summary>The key's identifier (CKA_ID), any bytes; or null.</summary>
    public ReadOnlyMemory<byte>? Id { get; private set; }

    /// <summary>What the key is: <c>private</c>, <c>public</c> or <c>cert</c>; or null.</summary>
    public string? Type { get; private set; }

    /// <summary>The absolute path of the module, or null.</summary>
    public string? ModulePath { get; private set; }

    /// <summary>The name of the module, without <c>lib</c> and <c>.so</c>; or null.</summary>
    public string? ModuleName { get; private set; }

    /// <summary>The absolute path of the file that holds the PIN, or null.</summary>
    public string? PinSource { get; private set; }

    /// <summary>Reads a URI.</summary>
    /// <exception cref="MalformedDataException">The text is not such a URI, or has an attribute that is not accepted.</exception>
    public static Pkcs11Uri Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > Limits.KeyUriCharacters)
        {
            throw Refused("$", $"{text.Length} characters; at most {Limits.KeyUriCharacters} are accepted");
        }
        if (!text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            throw Refused("$", $"'{Scheme}' is expected at the start");
        }
        var uri = new Pkcs11Uri();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var question = text.IndexOf('?', StringComparison.Ordinal);
        var path = question < 0 ? text[Scheme.Length..] : text[Scheme.Length..question];
        foreach (var (name, value) in Split(path, ';', Available + "&"))
        {
            uri.SetPath(Once(seen, name), value);
        }
        foreach (var (name, value) in question < 0 ? [] : Split(text[(question + 1)..], '&', Available + "/?|"))
        {
            uri.SetQuery(Once(seen, name), value);
        }
        return uri.ModulePath is null || uri.ModuleName is null
            ? uri
            : throw Refused("module-name", "either module-path or module-name is expected");
    }

    /// <summary>The key that is named, for messages: nothing of the query.</summary>
    public override string ToString()
    {
        var parts = new List<string>();
        void Add(string name, string? value)
        {
            if (value is not null)
            {
                parts.Add($"{name}={Encode(Utf8.GetBytes(value))}");
            }
        }
        Add("token", Token);
        Add("manufacturer", Manufacturer);
        Add("model", Model);
        Add("serial", Serial);
        Add("slot-id", SlotId?.ToString(CultureInfo.InvariantCulture));
        Add("object", Label);
        if (Id is { } id)
        {
            parts.Add($"id={Percent(id.Span)}");
        }
        Add("type", Type);
        return Scheme + string.Join(';', parts);
    }

    /// <summary>Bytes with all but unreserved characters percent-encoded.</summary>
    internal static string Encode(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        foreach (var b in bytes)
        {
            _ = Unreserved.Contains((char)b, StringComparison.Ordinal) ? text.Append((char)b) : text.Append($"%{b:X2}");
        }
        return text.ToString();
    }

    /// <summary>Bytes as an <c>id</c> is written: each of them percent-encoded.</summary>
    internal static string Percent(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        foreach (var b in bytes)
        {
            text.Append($"%{b:X2}");
        }
        return text.ToString();
    }

    private void SetPath(string name, byte[] value)
    {
        switch (name)
        {
            case "token":
                Token = Text(name, value);
                break;
            case "manufacturer":
                Manufacturer = Text(name, value);
                break;
            case "model":
                Model = Text(name, value);
                break;
            case "serial":
                Serial = Text(name, value);
                break;
            case "object":
                Label = Text(name, value);
                break;
            case "id":
                Id = value.Length > 0 ? value : throw Refused(name, "it is empty");
                break;
            case "slot-id":
                var digits = Text(name, value);
                SlotId =
                    digits.All(char.IsAsciiDigit) && uint.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var slot)
                        ? slot
                        : throw Refused(name, "a decimal number below 2^32 is expected");
                break;
            case "type":
                Type = Text(name, value) is var type and ("private" or "public" or "cert")
                    ? type
                    : throw Refused(name, "private, public or cert is expected");
                break;
            case "pin-value" or "pin-source" or "module-path" or "module-name":
                throw name == "pin-value" ? PinValue() : Refused(name, "it belongs after the '?'");
            default:
                throw Unknown(name);
        }
    }

    private void SetQuery(string name, byte[] value)
    {
        switch (name)
        {
            case "module-path":
                ModulePath = Text(name, value) is ['/', ..] path ? path : throw Refused(name, "an absolute path is expected");
                break;
            case "module-name":
                var module = Text(name, value);
                ModuleName =
                    module[0] != '.' && module.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '+')
                        ? module
                        : throw Refused(
                            name,
                            "a name of letters, digits and '-_.+' is expected, such as softhsm2; a path goes into module-path"
                        );
                break;
            case "pin-source":
                var source = Text(name, value);
                var file = source.StartsWith("file:", StringComparison.Ordinal) ? source["file:".Length..] : source;
                file = file.StartsWith("///", StringComparison.Ordinal) ? file[2..] : file;
                PinSource = file is ['/', not '/', ..]
                    ? file
                    : throw Refused(name, "file: and an absolute path are expected; commands are not run");
                break;
            case "pin-value":
                throw PinValue();
            default:
                throw Unknown(name);
        }
    }

    private static IEnumerable<(string Name, byte[] Value)> Split(string text, char separator, string allowed)
    {
        if (text.Length == 0)
        {
            yield break;
        }
        foreach (var part in text.Split(separator))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || !part.AsSpan(0, equals).ContainsOnlyNameCharacters())
            {
                // A part without a name may be a stray PIN: it is not repeated.
                throw Refused("$", $"attributes of the form name=value, with '{separator}' between them, are expected");
            }
            yield return (part[..equals], Decode(part[..equals], part.AsSpan(equals + 1), allowed));
        }
    }

    private static byte[] Decode(string name, ReadOnlySpan<char> value, string allowed)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] == '%')
            {
                if (i + 2 >= value.Length || !char.IsAsciiHexDigit(value[i + 1]) || !char.IsAsciiHexDigit(value[i + 2]))
                {
                    throw Refused(name, "two hexadecimal digits are expected after '%'");
                }
                bytes.Add(byte.Parse(value.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                i += 2;
            }
            else if (allowed.Contains(value[i], StringComparison.Ordinal))
            {
                bytes.Add((byte)value[i]);
            }
            else
            {
                throw Refused(name, $"the character U+{(int)value[i]:X4} has to be percent-encoded");
            }
        }
        return [.. bytes];
    }

    private static string Text(string name, byte[] value)
    {
        if (value.Length == 0)
        {
            throw Refused(name, "it is empty");
        }
        try
        {
            var text = Utf8.GetString(value);
            return text.Any(char.IsControl) ? throw Refused(name, "it has a control character") : text;
        }
        catch (DecoderFallbackException e)
        {
            throw new MalformedDataException(Format, name, "it is not UTF-8", e);
        }
    }

    private static string Once(HashSet<string> seen, string name) => seen.Add(name) ? name : throw Refused(name, "it is given twice");

    private static MalformedDataException PinValue() =>
        Refused(
            "pin-value",
            "a PIN in an argument is seen by every user of the machine; give it in a file (pin-source=file:/PATH) instead"
        );

    private static MalformedDataException Unknown(string name) =>
        Refused(
            name,
            name.StartsWith("library-", StringComparison.Ordinal) || name.StartsWith("slot-", StringComparison.Ordinal)
                ? "this attribute of RFC 7512 is not supported"
                : "there is no such attribute in RFC 7512 (path: token, manufacturer, model, serial, slot-id, object, id, type; after '?': "
                    + "module-path, module-name, pin-source)"
        );

    private static MalformedDataException Refused(string location, string reason) => new(Format, location, reason);
}

file static class NameCharacters
{
    internal static bool ContainsOnlyNameCharacters(this ReadOnlySpan<char> name)
    {
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_'))
            {
                return false;
            }
        }
        return true;
    }
}
