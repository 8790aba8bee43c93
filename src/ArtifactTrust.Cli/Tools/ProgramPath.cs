namespace ArtifactTrust.Cli.Tools;

/// <summary>Where the program of a name is.</summary>
/// <remarks>
/// The runtime would take one from this program's own directory first, and from the working directory next, which may hold an artifact that nobody
/// trusts yet.
/// </remarks>
internal static class ProgramPath
{
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Looks in the absolute directories of a search path, and nowhere else.</summary>
    /// <param name="program">The name, without a directory.</param>
    /// <param name="search">The value of <c>PATH</c>; null where there is none.</param>
    /// <returns>The full path; null where there is no such program.</returns>
    internal static string? Find(string program, string? search) =>
        (search ?? "")
            .Split(Path.PathSeparator)
            // A relative entry, and an empty one, is a place in the working directory.
            .Where(Path.IsPathFullyQualified)
            .Select(d => Path.Join(d, OperatingSystem.IsWindows() && !Path.HasExtension(program) ? $"{program}.exe" : program))
            .FirstOrDefault(IsProgram);

    /// <summary>Whether there is a file that may be run.</summary>
    internal static bool IsProgram(string path) =>
        File.Exists(path) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & Executable) != 0);
}
