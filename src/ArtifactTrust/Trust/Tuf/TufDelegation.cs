using System.Buffers;
using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Trust.Tuf;

/// <summary>A role that another one trusts for some paths.</summary>
/// <remarks>Spec: TUF 1.0 §4.5, DELEGATIONS.</remarks>
public sealed class TufDelegation
{
    private static readonly string[] TopLevel = [TufFile.Root, TufFile.Timestamp, TufFile.Snapshot, TufFile.Targets];

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    private readonly List<string>? _paths;
    private readonly List<string>? _hashPrefixes;

    private TufDelegation(TufRole role, bool isTerminating, List<string>? paths, List<string>? hashPrefixes) =>
        (Role, IsTerminating, _paths, _hashPrefixes) = (role, isTerminating, paths, hashPrefixes);

    /// <summary>The role with its keys.</summary>
    public TufRole Role { get; }

    /// <summary>Whether a search that came here asks no role after this one and those it delegates to.</summary>
    public bool IsTerminating { get; }

    /// <summary>Whether the role is trusted for a path.</summary>
    public bool Covers(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (_hashPrefixes is null)
        {
            return _paths is not null && _paths.Exists(p => TufPathPattern.Matches(p, path));
        }
        var hex = DigestAlgorithm.Sha256.Hash(Encoding.UTF8.GetBytes(path)).Hex;
        return _hashPrefixes.Exists(p => hex.StartsWith(p, StringComparison.Ordinal));
    }

    internal static TufDelegation Parse(JsonElement json, IReadOnlyDictionary<string, TufKey> keys, string format, string location)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(format, location, "an object is expected");
        }
        var name = TufJson.CheckName(StrictJson.RequiredString(json, "name", format, location), format, $"{location}.name");
        // Its file would take the place of the top-level role's, on some file systems also with other upper and lower case.
        if (TopLevel.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            throw new MalformedDataException(format, $"{location}.name", $"a delegated role cannot be named '{name}'");
        }
        var paths = Strings("paths");
        var prefixes = Strings("path_hash_prefixes");
        if (paths is not null && prefixes is not null)
        {
            throw new MalformedDataException(format, location, "only one of 'paths' and 'path_hash_prefixes' is expected");
        }
        if (prefixes?.Find(p => p.Length > 64 || p.AsSpan().ContainsAnyExcept(HexDigits)) is { } wrong)
        {
            throw new MalformedDataException(
                format,
                $"{location}.path_hash_prefixes",
                $"'{wrong}' does not begin a SHA-256 in lower-case hex"
            );
        }
        return new TufDelegation(
            TufRole.Parse(name, json, keys, format, location),
            TufJson.OptionalBoolean(json, "terminating", format, location) ?? false,
            paths,
            prefixes
        );

        List<string>? Strings(string member) =>
            json.TryGetProperty(member, out var value) && value.ValueKind != JsonValueKind.Null
                ? TufJson.RequiredStrings(json, member, Limits.TufPaths, format, location)
                : null;
    }
}
