namespace ArtifactTrust.Keys;

/// <summary>A file made here, that is deleted again unless it is kept. An existing file, or a link of that name, is an error.</summary>
internal sealed class NewFile : IDisposable
{
    private readonly FileStream _file;
    private bool _isKept;

    /// <param name="path">Where.</param>
    /// <param name="mode">The permissions it has from its first moment on.</param>
    internal NewFile(string path, UnixFileMode mode)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.None,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = mode;
        }
        _file = new FileStream(path, options);
    }

    /// <summary>Writes the content, and returns when it is on disk.</summary>
    internal void Write(ReadOnlySpan<byte> content)
    {
        _file.Write(content);
        _file.Flush(flushToDisk: true);
    }

    internal void Keep() => _isKept = true;

    public void Dispose()
    {
        _file.Dispose();
        if (!_isKept)
        {
            File.Delete(_file.Name);
        }
    }
}
