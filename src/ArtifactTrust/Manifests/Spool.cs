namespace ArtifactTrust.Manifests;

/// <summary>Bytes written and then read: in memory while they are few, then in a file without a name that only this process has.</summary>
internal sealed class Spool : IDisposable
{
    private const int BytesInMemory = 512 << 10;

    private Stream _stream = new MemoryStream();
    private bool _isFile;

    internal void Write(ReadOnlySpan<byte> bytes)
    {
        _stream.Write(bytes);
        if (!_isFile && _stream.Length > BytesInMemory)
        {
            var file = CreateNameless();
            _stream.Position = 0;
            _stream.CopyTo(file);
            (_stream, _isFile) = (file, true);
        }
    }

    /// <summary>All that was written, from its start.</summary>
    internal Stream Rewind()
    {
        _stream.Position = 0;
        return _stream;
    }

    public void Dispose() => _stream.Dispose();

    private static FileStream CreateNameless()
    {
        var path = Path.Combine(Path.GetTempPath(), $"artifact-trust-{Guid.NewGuid():N}");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = 64 << 10,
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
