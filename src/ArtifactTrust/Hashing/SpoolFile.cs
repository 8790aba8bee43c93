namespace ArtifactTrust.Hashing;

/// <summary>
/// Bytes written one after the other and read at any place: in memory while they are few, then in a file without a name that only this process
/// has, and in memory again for what finds no room there.
/// </summary>
/// <param name="directory">Where the file is; where temporary files are, if null.</param>
internal sealed class SpoolFile(string? directory = null) : IDisposable
{
    private const int BytesInMemory = 256 << 10;
    private const int BufferBytes = 64 << 10;

    private FileStream? _file;
    private bool _isFull;
    private long _inFile;
    private byte[] _rest = [];
    private int _used;

    /// <summary>How many bytes were written.</summary>
    internal long Length => _inFile + _used;

    internal void Write(ReadOnlySpan<byte> bytes)
    {
        if (_used + bytes.Length > (_file is null ? BytesInMemory : BufferBytes))
        {
            Spill();
        }
        if (_rest.Length - _used < bytes.Length)
        {
            Array.Resize(ref _rest, checked(Math.Max(2 * _rest.Length, _used + bytes.Length)));
        }
        bytes.CopyTo(_rest.AsSpan(_used));
        _used += bytes.Length;
    }

    /// <summary>Fills a buffer with bytes from a place that were all written.</summary>
    internal void ReadAt(long offset, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var read = (int)Math.Clamp(_inFile - offset, 0, buffer.Length);
            if (read > 0)
            {
                read = RandomAccess.Read(_file!.SafeFileHandle, buffer[..read], offset);
                if (read == 0)
                {
                    throw new EndOfStreamException("a temporary file was cut short");
                }
            }
            else
            {
                read = buffer.Length;
                _rest.AsSpan((int)(offset - _inFile), read).CopyTo(buffer);
            }
            offset += read;
            buffer = buffer[read..];
        }
    }

    public void Dispose() => _file?.Dispose();

    private void Spill()
    {
        if (_isFull || _used == 0)
        {
            return;
        }
        try
        {
            _file ??= CreateNameless();
            RandomAccess.Write(_file.SafeFileHandle, _rest.AsSpan(0, _used), _inFile);
            _inFile += _used;
            _used = 0;
            _rest = _rest.Length > BufferBytes ? new byte[BufferBytes] : _rest;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // More memory is better than no answer.
            _isFull = true;
        }
    }

    private FileStream CreateNameless()
    {
        var path = Path.Combine(directory ?? Path.GetTempPath(), $"artifact-trust-{Guid.NewGuid():N}");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = 0,
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

/// <summary>Reads a stretch of a spool that is not written to any more.</summary>
/// <param name="spool">The spool.</param>
/// <param name="start">Where the stretch starts.</param>
/// <param name="end">Where it ends.</param>
/// <param name="bufferBytes">How much is read at a time.</param>
internal sealed class SpoolReader(SpoolFile spool, long start, long end, int bufferBytes)
{
    private readonly byte[] _buffer = new byte[(int)Math.Min(bufferBytes, end - start)];
    private int _at;
    private int _length;

    /// <summary>Fills a buffer, or is at the end.</summary>
    internal bool TryRead(Span<byte> buffer)
    {
        if (_at == _length && start == end)
        {
            return false;
        }
        while (!buffer.IsEmpty)
        {
            if (_at == _length)
            {
                _length = (int)Math.Min(_buffer.Length, end - start);
                spool.ReadAt(start, _buffer.AsSpan(0, _length));
                start += _length;
                _at = 0;
            }
            var taken = Math.Min(buffer.Length, _length - _at);
            _buffer.AsSpan(_at, taken).CopyTo(buffer);
            _at += taken;
            buffer = buffer[taken..];
        }
        return true;
    }
}
