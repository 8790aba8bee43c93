using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust.Tuf;

/// <summary>Files that a role describes, and roles it trusts for others.</summary>
/// <param name="Header">Version and expiry.</param>
/// <param name="Files">The files, by path.</param>
/// <param name="Delegations">The roles, in the order they are asked.</param>
/// <remarks>Spec: TUF 1.0 §4.5.</remarks>
public sealed record TufTargets(TufHeader Header, IReadOnlyDictionary<string, TufTarget> Files, IReadOnlyList<TufDelegation> Delegations)
{
    internal static TufTargets Parse(TufFile file, string role)
    {
        var format = TufFile.Format(role);
        var files = new Dictionary<string, TufTarget>(StringComparer.Ordinal);
        foreach (var member in TufJson.RequiredMembers(file.Signed, "targets", Limits.TufTargets, format, "$.signed"))
        {
            files.Add(member.Name, TufTarget.Parse(member.Name, member.Value, format, $"$.signed.targets.'{member.Name}'"));
        }
        return new TufTargets(TufHeader.Parse(file.Signed, format), files, ReadDelegations(file.Signed, format));
    }

    private static List<TufDelegation> ReadDelegations(JsonElement signed, string format)
    {
        const string location = "$.signed.delegations";
        var delegations = new List<TufDelegation>();
        if (!signed.TryGetProperty("delegations", out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return delegations;
        }
        value = StrictJson.RequiredObject(signed, "delegations", format, "$.signed");
        var keys = TufJson.RequiredKeys(value, format, location);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var element in StrictJson.RequiredArray(value, "roles", format, location, Limits.TufRoles).EnumerateArray())
        {
            var delegation = TufDelegation.Parse(element, keys, format, $"{location}.roles[{delegations.Count}]");
            if (!names.Add(delegation.Role.Name))
            {
                throw new MalformedDataException(format, location, $"the role '{delegation.Role.Name}' is repeated");
            }
            delegations.Add(delegation);
        }
        return delegations;
    }
}
