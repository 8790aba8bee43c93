namespace ArtifactTrust.Cli.Tools;

/// <summary>
/// A new directory that only this user can enter, with an empty working directory, a home and a place for temporary files for a tool; removed
/// with everything in it.
/// </summary>
internal sealed class PrivateDirectory : IDisposable
{
    private PrivateDirectory(string path)
    {
        Path = path;
        Work = System.IO.Path.Join(path, "work");
        Home = System.IO.Path.Join(path, "home");
        Temporary = System.IO.Path.Join(path, "tmp");
        foreach (var directory in new[] { Work, Home, Temporary })
        {
            Directory.CreateDirectory(directory);
        }
    }

    /// <summary>The directory.</summary>
    public string Path { get; }

    /// <summary>An empty directory to start the tool in: nothing in it can be taken for a configuration.</summary>
    public string Work { get; }

    /// <summary>The tool's home.</summary>
    public string Home { get; }

    /// <summary>Where the tool puts temporary files.</summary>
    public string Temporary { get; }

    /// <summary>Makes one below the system's temporary directory.</summary>
    public static PrivateDirectory Create() => new(Directory.CreateTempSubdirectory("artifact-trust-").FullName);

    /// <summary>The path of a file in it.</summary>
    public string File(string name) => System.IO.Path.Join(Path, name);

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A process that was killed may still hold a file open, or have taken its own rights away; the system removes it in time.
        }
    }
}
