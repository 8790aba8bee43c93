using System.Text.Json;

namespace ArtifactTrust.Scanning.Models;

/// <summary>The index of a model in several files: which file holds which tensor.</summary>
internal static class ShardIndex
{
    /// <summary>Examines the files that an index names.</summary>
    /// <param name="root">Settings, which may be such an index.</param>
    /// <param name="directory">That of the index, with <c>/</c> at its end; empty at the top.</param>
    /// <param name="siblings">The names of the other files of the model; empty where they are not known.</param>
    /// <param name="log">Where findings are kept.</param>
    /// <param name="place">Where the index is.</param>
    /// <returns>Whether it is one.</returns>
    internal static bool Examine(JsonElement root, string directory, IReadOnlySet<string> siblings, ExaminationLog log, Place place)
    {
        if (
            root.ValueKind != JsonValueKind.Object
            || !root.TryGetProperty("weight_map", out var map)
            || map.ValueKind != JsonValueKind.Object
        )
        {
            return false;
        }
        var seen = new NameSet<string>();
        foreach (var file in map.EnumerateObject().Where(m => m.Value.ValueKind == JsonValueKind.String).Select(m => m.Value.GetString()!))
        {
            if (!seen.Add(file, file.Length))
            {
                continue;
            }
            if (ExternalPath.LeadsOut(file))
            {
                log.AddOddity("external-data-path", place, file);
            }
            else if (place.Depth == 0 && siblings.Count > 0 && !siblings.Contains(directory + file))
            {
                log.AddOddity("shard-missing", place, file);
            }
        }
        return true;
    }
}
