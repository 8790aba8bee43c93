using System.Buffers;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Packages;

/// <summary>A package URL: what a package is called wherever packages are spoken of.</summary>
/// <remarks>Spec: package-url 1.0 (ECMA-427). Law: <c>Parse(u.ToString())</c> equals <c>u</c>. The rules of a type on upper and lower case are the maker's.</remarks>
public sealed record PackageUrl
{
    private const string Format = "package URL";

    // Everything else is percent-encoded; a colon is not (package-url, "Character encoding").
    private static readonly SearchValues<byte> Plain = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:"u8
    );

    /// <summary>A package URL of its parts, not encoded.</summary>
    /// <param name="type">The type in lower case, such as <c>deb</c>.</param>
    /// <param name="namespace">The namespace, its segments parted by <c>/</c>; null where there is none.</param>
    /// <param name="name">The name.</param>
    /// <param name="version">The version, or null.</param>
    /// <exception cref="ArgumentException">The type or the name is empty.</exception>
    public PackageUrl(string type, string? @namespace, string name, string? version)
    {
        ArgumentException.ThrowIfNullOrEmpty(type);
        ArgumentException.ThrowIfNullOrEmpty(name);
        Type = type;
        Namespace = @namespace;
        Name = name;
        Version = string.IsNullOrEmpty(version) ? null : version;
    }

    /// <summary>The type, in lower case.</summary>
    public string Type { get; }

    /// <summary>The namespace, without segments that say nothing (<c>.</c>, <c>..</c> and empty ones); null where none is left.</summary>
    public string? Namespace
    {
        get;
        init => field = Join((value ?? "").Split('/')) is { Length: > 0 } path ? path : null;
    }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>The version, or null.</summary>
    public string? Version { get; }

    /// <summary>What else belongs to the identity, by its key; an empty value is not written.</summary>
    public IReadOnlyDictionary<string, string> Qualifiers { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The path inside of the package, or null.</summary>
    public string? Subpath { get; init; }

    /// <summary>Type, namespace, name and version: what is equal where two programs mean the same package.</summary>
    /// <remarks>Some write a distribution's epoch as a qualifier, others into the version; here it is in the version.</remarks>
    public string Identity
    {
        get
        {
            var version =
                Type == "deb" && Version is { } plain && !plain.Contains(':', StringComparison.Ordinal) && Epoch is { } epoch
                    ? $"{epoch}:{plain}"
                    : Version;
            return new PackageUrl(Type, Namespace, Name, version).ToString();
        }
    }

    private string? Epoch => Qualifiers.GetValueOrDefault("epoch") is { Length: > 0 } epoch && epoch != "0" ? epoch : null;

    /// <summary>Reads a package URL.</summary>
    /// <exception cref="MalformedDataException">It is none.</exception>
    public static PackageUrl Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > Limits.SbomTextLength || !text.StartsWith("pkg:", StringComparison.OrdinalIgnoreCase))
        {
            throw new MalformedDataException(Format, "$", $"'pkg:' and at most {Limits.SbomTextLength} characters are expected");
        }
        var rest = text["pkg:".Length..].TrimStart('/');
        string? subpath = null;
        if (rest.IndexOf('#', StringComparison.Ordinal) is >= 0 and var hash)
        {
            subpath = Segments(rest[(hash + 1)..]);
            rest = rest[..hash];
        }
        var qualifiers = new Dictionary<string, string>(StringComparer.Ordinal);
        if (rest.IndexOf('?', StringComparison.Ordinal) is >= 0 and var question)
        {
            ReadQualifiers(rest[(question + 1)..], qualifiers);
            rest = rest[..question];
        }
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0)
        {
            throw new MalformedDataException(Format, "$", "a type and a name are expected");
        }
        var type = rest[..slash].ToLowerInvariant();
        rest = rest[(slash + 1)..].Trim('/');
        string? version = null;
        // An '@' before the last slash is a scope's that somebody did not encode.
        if (rest.LastIndexOf('@') is >= 0 and var at && at > rest.LastIndexOf('/'))
        {
            version = Decode(rest[(at + 1)..]);
            rest = rest[..at];
        }
        var last = rest.LastIndexOf('/');
        var name = Decode(rest[(last + 1)..]);
        return name.Length > 0
            ? new PackageUrl(type, last < 0 ? null : Segments(rest[..last]), name, version) { Qualifiers = qualifiers, Subpath = subpath }
            : throw new MalformedDataException(Format, "$", "the name is empty");
    }

    /// <summary>Reads a package URL that another program wrote, or gives null where it is none.</summary>
    public static PackageUrl? ParseOrNull(string text)
    {
        try
        {
            return Parse(text);
        }
        catch (MalformedDataException)
        {
            return null;
        }
    }

    /// <summary>The same package with one more qualifier.</summary>
    public PackageUrl With(string key, string? value) =>
        string.IsNullOrEmpty(value)
            ? this
            : this with
            {
                Qualifiers = new Dictionary<string, string>(Qualifiers, StringComparer.Ordinal) { [key] = value },
            };

    /// <summary>Whether all parts are equal.</summary>
    public bool Equals(PackageUrl? other) => other is not null && ToString() == other.ToString();

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(ToString());

    /// <summary>The canonical form: qualifiers in order of their keys.</summary>
    public override string ToString()
    {
        var text = new StringBuilder("pkg:").Append(Type).Append('/');
        if (Namespace is not null)
        {
            Append(text, Namespace);
            text.Append('/');
        }
        Encode(text, Name);
        if (Version is not null)
        {
            text.Append('@');
            Encode(text, Version);
        }
        var separator = '?';
        foreach (var (key, value) in Qualifiers.Where(q => q.Value.Length > 0).OrderBy(q => q.Key, StringComparer.Ordinal))
        {
            text.Append(separator).Append(key).Append('=');
            Encode(text, value);
            separator = '&';
        }
        if (Subpath is not null)
        {
            text.Append('#');
            Append(text, Subpath);
        }
        return text.ToString();
    }

    private static void Append(StringBuilder text, string path)
    {
        var first = true;
        foreach (var segment in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!first)
            {
                text.Append('/');
            }
            first = false;
            Encode(text, segment);
        }
    }

    private static void Encode(StringBuilder text, string value)
    {
        foreach (var b in Encoding.UTF8.GetBytes(value))
        {
            if (Plain.Contains(b))
            {
                text.Append((char)b);
            }
            else
            {
                text.Append('%').Append("0123456789ABCDEF"[b >> 4]).Append("0123456789ABCDEF"[b & 15]);
            }
        }
    }

    private static string Segments(string path) => Join(path.Split('/').Select(Decode));

    private static string Join(IEnumerable<string> segments) => string.Join('/', segments.Where(s => s is not ("" or "." or "..")));

    private static string Decode(string text) => Uri.UnescapeDataString(text);

    private static void ReadQualifiers(string text, Dictionary<string, string> qualifiers)
    {
        foreach (var pair in text.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new MalformedDataException(Format, "$", "a qualifier without a value");
            }
            if (equals + 1 < pair.Length && !qualifiers.TryAdd(pair[..equals].ToLowerInvariant(), Decode(pair[(equals + 1)..])))
            {
                throw new MalformedDataException(Format, "$", "a qualifier occurs twice");
            }
        }
    }
}
