namespace ArtifactTrust.Scanning.Models;

/// <summary>Paths that a model file names for a loader to read.</summary>
internal static class ExternalPath
{
    /// <summary>Whether a path leads out of the directory it is in.</summary>
    internal static bool LeadsOut(string path) =>
        path.Length == 0
        || path[0] is '/' or '\\'
        || (path.Length > 1 && path[1] == ':')
        || path.Contains('\0', StringComparison.Ordinal)
        || path.Contains("://", StringComparison.Ordinal)
        || path.Split('/', '\\').Contains("..");
}
