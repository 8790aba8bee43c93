namespace ArtifactTrust.Scanning.Models;

/// <summary>Names of archive members.</summary>
internal static class ArchivePath
{
    /// <summary>Whether a path leads out of the directory that the archive is unpacked to, on one system or another.</summary>
    internal static bool LeadsOut(string path) =>
        path.StartsWith('/')
        || path.Contains('\\', StringComparison.Ordinal)
        || path.Contains('\0', StringComparison.Ordinal)
        || (path.Length > 1 && path[1] == ':')
        || path.Split('/').Contains("..");
}
