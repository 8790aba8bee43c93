using ArtifactTrust.Formats;

namespace ArtifactTrust.Policies;

/// <summary>Values that policies alone have.</summary>
internal static class PolicyYaml
{
    /// <summary>A whole number and one of the units s, m, h, d and w.</summary>
    internal static PolicyDuration Duration(this YamlScalar value, string what) =>
        PolicyDuration.TryParse(value.String(what), out var duration)
            ? duration
            : throw value.Malformed($"{what} is to be a whole number with one of the units s, m, h, d, w, such as 90d, not {value.Quoted}");
}
