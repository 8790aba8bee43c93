using System.Collections.ObjectModel;
using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Hashing;

/// <summary>The digests of one subject: algorithm name to lower-case hex, in code point order of the names.</summary>
/// <remarks>
/// Spec: in-toto DigestSet v1.1. A directory has two: <c>sha256</c>, the OMS root, which binds the files' contents in order but not
/// their names, and <c>dirHash</c>, which binds both.
/// </remarks>
public sealed class DigestSet
{
    /// <summary>The name of the directory hash, which binds names and contents (in-toto DigestSet v1.1, <c>dirHash</c>).</summary>
    public const string DirHash = "dirHash";

    private readonly SortedList<string, string> _values = new(CodePointOrder.Instance);

    /// <summary>A set of the given digests.</summary>
    /// <exception cref="ArgumentException">There are none.</exception>
    public DigestSet(IEnumerable<KeyValuePair<string, string>> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        foreach (var (algorithm, value) in values)
        {
            _values[algorithm] = value;
        }
        if (_values.Count == 0)
        {
            throw new ArgumentException("a digest set holds at least one digest", nameof(values));
        }
    }

    /// <summary>A set of one digest.</summary>
    public DigestSet(Digest digest)
    {
        ArgumentNullException.ThrowIfNull(digest);
        _values.Add(digest.Algorithm.Name, digest.Hex);
    }

    /// <summary>The digests, by algorithm name in code point order.</summary>
    public IEnumerable<KeyValuePair<string, string>> Values => new ReadOnlyDictionary<string, string>(_values);

    /// <summary>The value of one algorithm, or null.</summary>
    public string? this[string algorithm] => _values.GetValueOrDefault(algorithm);

    /// <summary>Whether every digest of <paramref name="required"/> is in this set with the same value.</summary>
    /// <remarks>
    /// In-toto lets one equal digest do. All are asked for here, since two digests of a directory do not bind the same things.
    /// </remarks>
    public bool Contains(DigestSet required)
    {
        ArgumentNullException.ThrowIfNull(required);
        return required._values.Keys.All(a => _values.TryGetValue(a, out var value) && value == required._values[a]);
    }

    /// <summary>Reads a JSON object of algorithm names and values.</summary>
    /// <exception cref="MalformedDataException">It is not such an object, is empty or too large.</exception>
    public static DigestSet Parse(JsonElement json, string format, string location)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(format, location, "an object of digests is expected");
        }
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var member in json.EnumerateObject())
        {
            if (member.Value.ValueKind != JsonValueKind.String || values.Count == Limits.DigestsPerSubject)
            {
                throw new MalformedDataException(
                    format,
                    $"{location}.{member.Name}",
                    $"at most {Limits.DigestsPerSubject} digests, each a string, are accepted"
                );
            }
            values.Add(member.Name, member.Value.GetString()!);
        }
        return values.Count > 0 ? new DigestSet(values) : throw new MalformedDataException(format, location, "there is no digest");
    }

    /// <summary>Writes the set as a JSON object.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        foreach (var (algorithm, value) in Values)
        {
            writer.WriteString(algorithm, value);
        }
        writer.WriteEndObject();
    }

    /// <summary><c>algorithm:hex</c> of each, with commas between.</summary>
    public override string ToString() => string.Join(", ", _values.Keys.Select(a => $"{a}:{_values[a]}"));
}
