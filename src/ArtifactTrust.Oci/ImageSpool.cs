namespace ArtifactTrust.Oci;

/// <summary>A temporary file without a name, which only this process has, for one member of a layer after the other.</summary>
internal sealed class ImageSpool : IDisposable
{
    private FileStream? _file;

    /// <summary>The file, with nothing in it.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    internal FileStream Empty()
    {
        _file ??= Create();
        _file.SetLength(0);
        return _file;
    }

    public void Dispose() => _file?.Dispose();

    private static FileStream Create()
    {
        var path = Path.Combine(Path.GetTempPath(), $"artifact-trust-{Guid.NewGuid():N}");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            // Where a file in use can be removed, it is, below; elsewhere at its end.
            Options = OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        var file = new FileStream(path, options);
        if (!OperatingSystem.IsWindows())
        {
            File.Delete(path);
        }
        return file;
    }
}
