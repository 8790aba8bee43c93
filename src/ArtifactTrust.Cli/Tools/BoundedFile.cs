using ArtifactTrust.Formats;

namespace ArtifactTrust.Cli.Tools;

/// <summary>Files that are read whole.</summary>
internal static class BoundedFile
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="MalformedDataException">It is longer than it may be.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal static byte[] Read(string path, string format, int maximumBytes)
    {
        using var file = File.OpenRead(path);
        StrictJson.CheckLength(file.Length, format, maximumBytes);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }
}
