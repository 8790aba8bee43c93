using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Trust.Tuf;

/// <summary>The keys of a role, and how many of them must sign.</summary>
/// <remarks>Spec: TUF 1.0 §4.3 and §4.5.</remarks>
public sealed class TufRole
{
    private readonly Dictionary<string, TufKey> _keys;

    private TufRole(string name, int threshold, Dictionary<string, TufKey> keys) => (Name, Threshold, _keys) = (name, threshold, keys);

    /// <summary>The role's name.</summary>
    public string Name { get; }

    /// <summary>How many different keys must sign; 1 or more, and perhaps more than there are.</summary>
    public int Threshold { get; }

    /// <summary>The role's keys that are in the same file; ids without a key are left out, since nothing verifies with them.</summary>
    public IReadOnlyCollection<TufKey> Keys => _keys.Values;

    internal static TufRole Parse(string name, JsonElement json, IReadOnlyDictionary<string, TufKey> known, string format, string location)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(format, location, "an object is expected");
        }
        var threshold = TufJson.RequiredNumber(json, "threshold", 1, int.MaxValue, format, location);
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var keys = new Dictionary<string, TufKey>(StringComparer.Ordinal);
        foreach (var id in TufJson.RequiredStrings(json, "keyids", Limits.TufKeys, format, location))
        {
            if (!ids.Add(id))
            {
                throw new MalformedDataException(format, $"{location}.keyids", $"the key id '{id}' is repeated");
            }
            if (known.TryGetValue(id, out var key))
            {
                keys.Add(id, key);
            }
        }
        return new TufRole(name, (int)threshold, keys);
    }

    /// <summary>How many different keys of the role signed. A key counts once, under however many ids it is listed.</summary>
    internal int CountSignatures(TufFile file)
    {
        var signers = new HashSet<Digest>();
        foreach (var (id, signature) in file.Signatures)
        {
            if (
                _keys.TryGetValue(id, out var key)
                && key.Fingerprint is { } fingerprint
                && !signers.Contains(fingerprint)
                && key.Verify(file.Canonical, signature)
            )
            {
                signers.Add(fingerprint);
            }
        }
        return signers.Count;
    }

    /// <summary>Whether a key of this role is no longer one of the other's.</summary>
    internal bool LosesKeyIn(TufRole next)
    {
        var kept = next.Keys.Select(k => k.Fingerprint).ToHashSet();
        return Keys.Any(k => !kept.Contains(k.Fingerprint));
    }
}
