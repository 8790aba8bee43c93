using System.Runtime.InteropServices;
using System.Text.Json;

namespace ArtifactTrust.Formats;

/// <summary>JSON as a security format: no duplicate members, comments, trailing commas or deep nesting, and a size limit.</summary>
public static class StrictJson
{
    /// <summary>The options every parser of untrusted JSON starts from.</summary>
    public static JsonDocumentOptions DocumentOptions { get; } =
        new()
        {
            AllowDuplicateProperties = false,
            AllowTrailingCommas = false,
            CommentHandling = JsonCommentHandling.Disallow,
            MaxDepth = Limits.JsonDepth,
        };

    /// <summary>Parses one JSON value.</summary>
    /// <param name="utf8">The whole text, UTF-8.</param>
    /// <param name="format">The format's name, for the error.</param>
    /// <param name="maximumBytes">The longest text accepted, in bytes.</param>
    /// <returns>A value that stays valid without disposal.</returns>
    /// <exception cref="MalformedDataException">The text is too long, is not JSON or Unicode, or repeats a member.</exception>
    public static JsonElement Parse(ReadOnlyMemory<byte> utf8, string format, int maximumBytes = Limits.BundleBytes)
    {
        using var document = Open(utf8, format, maximumBytes);
        return document.RootElement.Clone();
    }

    /// <summary>Parses one JSON value without a copy of its text: the document is valid as long as that does not change.</summary>
    /// <inheritdoc cref="Parse"/>
    internal static JsonDocument Open(ReadOnlyMemory<byte> utf8, string format, int maximumBytes)
    {
        CheckLength(utf8.Length, format, maximumBytes);
        JsonUnicode.Check(utf8.Span, format);
        try
        {
            return JsonDocument.Parse(utf8, DocumentOptions);
        }
        catch (JsonException e)
        {
            throw Malformed(format, e);
        }
    }

    /// <summary>The text of a string between its quotes, where no character of it is escaped; empty and false else, also where it is no string.</summary>
    internal static bool TryGetPlain(JsonElement value, out ReadOnlySpan<byte> utf8)
    {
        utf8 = default;
        if (value.ValueKind != JsonValueKind.String)
        {
            return false;
        }
        var text = JsonMarshal.GetRawUtf8Value(value)[1..^1];
        if (text.Contains((byte)'\\'))
        {
            return false;
        }
        utf8 = text;
        return true;
    }

    /// <summary>Throws where <paramref name="length"/> is over <paramref name="maximumBytes"/>.</summary>
    /// <exception cref="MalformedDataException">The text is too long.</exception>
    public static void CheckLength(long length, string format, long maximumBytes)
    {
        if (length > maximumBytes)
        {
            throw new MalformedDataException(format, "$", $"{length} bytes; at most {maximumBytes} are accepted");
        }
    }

    /// <summary>Turns a parser's exception into ours, with the place in the text.</summary>
    public static MalformedDataException Malformed(string format, JsonException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        var place = exception.LineNumber is { } line
            ? $"{exception.Path ?? "$"} (line {line + 1}, byte {exception.BytePositionInLine + 1})"
            : exception.Path ?? "$";
        var reason = exception.Message;
        var cut = reason.IndexOf(" Path:", StringComparison.Ordinal);
        if (cut < 0)
        {
            cut = reason.IndexOf(" LineNumber:", StringComparison.Ordinal);
        }
        return new MalformedDataException(format, place, cut < 0 ? reason : reason[..cut], exception);
    }

    /// <summary>The member of an object, as a string.</summary>
    /// <exception cref="MalformedDataException">The member is absent or is not a string.</exception>
    public static string RequiredString(JsonElement parent, string name, string format, string location) =>
        OptionalString(parent, name, format, location)
        ?? throw new MalformedDataException(format, $"{location}.{name}", "the member is required");

    /// <summary>The member of an object, as a string, or null where it is absent or null.</summary>
    /// <exception cref="MalformedDataException">The member is not a string.</exception>
    public static string? OptionalString(JsonElement parent, string name, string format, string location)
    {
        if (!parent.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }
        if (value.ValueKind != JsonValueKind.String)
        {
            throw new MalformedDataException(format, $"{location}.{name}", $"a string is expected, not {Kind(value)}");
        }
        return value.GetString();
    }

    /// <summary>The member of an object, as an object.</summary>
    /// <exception cref="MalformedDataException">The member is absent or is not an object.</exception>
    public static JsonElement RequiredObject(JsonElement parent, string name, string format, string location) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object
            ? value
            : throw new MalformedDataException(format, $"{location}.{name}", "an object is required");

    /// <summary>The member of an object, as an array with a bounded number of elements.</summary>
    /// <exception cref="MalformedDataException">The member is absent, is not an array, or is too long.</exception>
    public static JsonElement RequiredArray(JsonElement parent, string name, string format, string location, int maximumCount)
    {
        if (!parent.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.Array)
        {
            throw new MalformedDataException(format, $"{location}.{name}", "an array is required");
        }
        var count = value.GetArrayLength();
        return count <= maximumCount
            ? value
            : throw new MalformedDataException(format, $"{location}.{name}", $"{count} elements; at most {maximumCount} are accepted");
    }

    /// <summary>Throws where the value is not an object, or has a member that the format does not know.</summary>
    /// <exception cref="MalformedDataException">See above.</exception>
    public static void CheckMembers(JsonElement value, string format, string location, params ReadOnlySpan<string> known)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(format, location, $"an object is expected, not {Kind(value)}");
        }
        foreach (var member in value.EnumerateObject())
        {
            if (!known.Contains(member.Name))
            {
                throw new MalformedDataException(format, $"{location}.{member.Name}", "the format has no such member");
            }
        }
    }

    private static string Kind(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "an array",
            JsonValueKind.String => "a string",
            JsonValueKind.Number => "a number",
            JsonValueKind.Null => "null",
            _ => "true or false",
        };
}
