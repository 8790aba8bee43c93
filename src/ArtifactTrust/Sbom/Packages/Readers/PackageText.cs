using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Licenses;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Packages.Readers;

/// <summary>What the readers of package files share.</summary>
internal static class PackageText
{
    /// <summary>The longest name or version that is taken for one, in UTF-16 units.</summary>
    private const int NameLength = 512;

    /// <summary>Lines without their ends.</summary>
    internal static IEnumerable<string> Lines(ReadOnlyMemory<byte> utf8)
    {
        var start = 0;
        while (start < utf8.Length)
        {
            var rest = utf8.Span[start..];
            var end = rest.IndexOf((byte)'\n');
            var line = end < 0 ? rest : rest[..end];
            start += end < 0 ? rest.Length : end + 1;
            yield return FileText.Decode(line.EndsWith("\r"u8) ? line[..^1] : line);
        }
    }

    /// <summary>Fields of a paragraph of the form that mail and Debian use; of one that occurs twice, the first. Ends at an empty line.</summary>
    /// <param name="lines">The lines, at the paragraph's start; left after the empty line.</param>
    /// <param name="more">Whether something may come after the paragraph.</param>
    /// <param name="repeated">Fields that may occur several times are joined by line feeds.</param>
    internal static Dictionary<string, string> Paragraph(IEnumerator<string> lines, out bool more, params ReadOnlySpan<string> repeated)
    {
        var fields = new Dictionary<string, StringBuilder>(StringComparer.OrdinalIgnoreCase);
        StringBuilder? last = null;
        while (more = lines.MoveNext())
        {
            var line = lines.Current;
            if (string.IsNullOrWhiteSpace(line))
            {
                break;
            }
            if (line[0] is ' ' or '\t')
            {
                if (last?.Length < Limits.SbomTextLength)
                {
                    last.Append('\n').Append(line.AsSpan().Trim());
                }
                continue;
            }
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            last = null;
            if (colon <= 0)
            {
                continue;
            }
            var field = line[..colon];
            var value = line.AsSpan(colon + 1).Trim();
            if (!fields.TryGetValue(field, out var known))
            {
                fields.Add(field, last = new StringBuilder().Append(value));
            }
            // Bounded: of many classifiers or requirements, what a paragraph of this length holds.
            else if (repeated.Contains(field, StringComparer.OrdinalIgnoreCase) && known.Length < 1 << 20)
            {
                known.Append('\n').Append(value);
            }
        }
        return fields.ToDictionary(f => f.Key, f => f.Value.ToString(), StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>The text where it can be a name or version: not empty, not overlong, without control characters and blanks.</summary>
    internal static string? Word(string? text) =>
        text is { Length: > 0 and <= NameLength } && !text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || char.IsSurrogate(c))
            ? text
            : null;

    /// <summary>A text for people, or null where there is none.</summary>
    internal static string? Note(string? text) => FileText.Clean(text)?.Trim() is { Length: > 0 } note ? note : null;

    /// <summary>A JSON object, where a byte order mark may come first.</summary>
    /// <exception cref="MalformedDataException">It is none.</exception>
    internal static JsonElement JsonObject(ReadOnlyMemory<byte> utf8, string format)
    {
        var json = StrictJson.Parse(utf8.Span.StartsWith("\uFEFF"u8) ? utf8[3..] : utf8, format, PackageCatalog.ContentLimit);
        return json.ValueKind == JsonValueKind.Object ? json : throw new MalformedDataException(format, "$", "an object is expected");
    }

    /// <summary>A member that is a string, or null.</summary>
    internal static string? Text(this JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    /// <summary>The members of a member that is an object; none where it is no object.</summary>
    internal static IEnumerable<JsonProperty> MembersOf(this JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object
            ? value.EnumerateObject()
            : Enumerable.Empty<JsonProperty>();

    /// <summary>The elements of a member that is an array; none where it is no array.</summary>
    internal static IEnumerable<JsonElement> ItemsOf(this JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray()
            : Enumerable.Empty<JsonElement>();

    internal static bool IsTrue(this JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    /// <summary>A licence as stated, as a list of none or one.</summary>
    internal static IReadOnlyList<SbomLicense> License(string? stated) => LicenseParser.Parse(stated) is { } license ? [license] : [];

    /// <summary>The digests of a subresource integrity text, such as <c>sha512-…</c> in base64; those of no known algorithm or length are left out.</summary>
    /// <remarks>Spec: W3C Subresource Integrity §3.5.</remarks>
    internal static IReadOnlyList<SbomHash> Integrity(string? text)
    {
        var hashes = new List<SbomHash>();
        foreach (var part in (text ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Take(Limits.SbomListedNames))
        {
            var dash = part.IndexOf('-', StringComparison.Ordinal);
            if (dash > 0 && Hash(part[..dash], Base64(part[(dash + 1)..])) is { } hash)
            {
                hashes.Add(hash);
            }
        }
        return hashes;
    }

    /// <summary>Digests of the form <c>sha256:hex</c>.</summary>
    internal static IReadOnlyList<SbomHash> Hashes(IEnumerable<string?> texts) =>
        [
            .. texts
                .Select(t =>
                    t?.Split(':', 2) is [var algorithm, var hex] && hex.Length % 2 == 0 && hex.All(char.IsAsciiHexDigit)
                        ? Hash(algorithm, Convert.FromHexString(hex))
                        : null
                )
                .OfType<SbomHash>()
                .Distinct()
                .Take(Limits.SbomListedNames),
        ];

    /// <summary>A digest by its algorithm, or null where the length is not the algorithm's.</summary>
    internal static SbomHash? Hash(string algorithm, byte[]? digest) =>
        (algorithm, digest?.Length) switch
        {
            ("md5", 16) => new SbomHash("MD5", Convert.ToHexStringLower(digest!)),
            ("sha1", 20) => new SbomHash("SHA-1", Convert.ToHexStringLower(digest!)),
            ("sha256", 32) => new SbomHash("SHA-256", Convert.ToHexStringLower(digest!)),
            ("sha384", 48) => new SbomHash("SHA-384", Convert.ToHexStringLower(digest!)),
            ("sha512", 64) => new SbomHash("SHA-512", Convert.ToHexStringLower(digest!)),
            _ => null,
        };

    /// <summary>A property of a package that is needed for development only.</summary>
    internal static IReadOnlyList<SbomProperty> Development(bool isDevelopment) =>
        isDevelopment ? [new SbomProperty(PackagePropertyNames.Scope, "development")] : [];

    /// <summary>The folder of a path, without a separator at its end; empty at the top.</summary>
    internal static string Folder(string path) => path.LastIndexOf('/') is >= 0 and var slash ? path[..slash] : "";

    internal static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    internal static byte[]? Base64(string text)
    {
        try
        {
            return StrictBase64.Decode(text, "digest", "$");
        }
        catch (MalformedDataException)
        {
            return null;
        }
    }
}
