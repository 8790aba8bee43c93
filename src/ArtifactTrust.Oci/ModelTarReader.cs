using System.Buffers;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Oci;

/// <summary>Reads the files of a tar archive from a stream, one after the other, and nothing but files and directories.</summary>
/// <remarks>
/// Spec: POSIX.1-2017 pax; GNU tar's long names. Of extended headers path and size are read. Links, devices, sparse files and
/// anything else that programs read in different ways are refused. The platform's own reader takes as much memory for a header as that says it has.
/// </remarks>
/// <param name="tar">The archive, uncompressed.</param>
/// <param name="location">What it is, for messages.</param>
/// <param name="maximumBytes">How much is read of it, with its headers and what fills it up.</param>
internal sealed class ModelTarReader(Stream tar, string location, long maximumBytes)
{
    private const string FormatName = "tar layer";

    // A path, and what packers note besides it.
    private const int ExtendedBytes = 64 << 10;

    private readonly byte[] _header = new byte[TarHeader.BlockBytes];
    private long _left;
    private int _padding;
    private long _bytes;

    /// <summary>How much more may be read.</summary>
    internal long BytesLeft => maximumBytes - _bytes;

    /// <summary>Goes to the next file or directory; null at the end of the archive.</summary>
    /// <exception cref="MalformedDataException">It is no archive of files and directories, or is cut off.</exception>
    internal async Task<(string Name, long Size, bool IsDirectory)?> NextAsync(CancellationToken cancellation)
    {
        if (_left > 0)
        {
            throw new InvalidOperationException("the content was not read");
        }
        string? path = null;
        long? size = null;
        var isExtended = false;
        while (true)
        {
            await SkipPaddingAsync(cancellation).ConfigureAwait(false);
            if (!await ReadBlockAsync(cancellation).ConfigureAwait(false))
            {
                // Others take this for the end; but then nobody knows whether there was more.
                throw Malformed("it is cut off, or has no end");
            }
            if (TarHeader.Read(_header, Malformed) is not { } header)
            {
                return path is null && !isExtended ? null : throw Malformed("it ends after an extended header");
            }
            var length = header.Size;
            switch (header.Type)
            {
                case '0' or '\0' or '7' or '5':
                    length = size ?? length;
                    var name = path ?? Utf8(header.Name);
                    if (header.Type != '5' && name.EndsWith('/'))
                    {
                        throw Malformed("a file has the name of a directory");
                    }
                    if (header.Type == '5' && length != 0)
                    {
                        throw Malformed("a directory has content");
                    }
                    Begin(length);
                    return (name.StartsWith("./", StringComparison.Ordinal) ? name[2..] : name, length, header.Type == '5');
                case 'x' or 'g':
                    var records = PaxRecords.Read(await ReadExtendedAsync(length, cancellation).ConfigureAwait(false), Malformed);
                    if (
                        header.Type == 'g'
                            ? records.Count > 0 && records.Keys.Any(k => k is "path" or "size")
                            : isExtended || path is not null
                    )
                    {
                        throw Malformed("extended headers contradict each other");
                    }
                    if (records.Keys.FirstOrDefault(k => k.StartsWith("GNU.sparse", StringComparison.Ordinal)) is not null)
                    {
                        throw Malformed("a sparse file");
                    }
                    if (header.Type == 'x')
                    {
                        isExtended = true;
                        path = records.TryGetValue("path", out var text) ? Utf8(text) : null;
                        size = PaxRecords.SizeOf(records, Malformed);
                    }
                    break;
                case 'L' when path is null:
                    path = Utf8((await ReadExtendedAsync(length, cancellation).ConfigureAwait(false)).AsSpan().TrimEnd((byte)0));
                    break;
                default:
                    throw Malformed(
                        $"'{Text.Clean(path ?? Utf8(header.Name), 200)}' is neither a file nor a directory (type '{Text.Clean($"{header.Type}", 4)}')"
                    );
            }
        }
    }

    /// <summary>Writes the content of the file that was gone to.</summary>
    internal async Task CopyAsync(Stream destination, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(64 << 10);
        try
        {
            while (_left > 0)
            {
                var read = await tar.ReadAsync(buffer.AsMemory(0, (int)Math.Min(_left, buffer.Length)), cancellation).ConfigureAwait(false);
                if (read == 0)
                {
                    throw Malformed("it is cut off");
                }
                Count(read);
                _left -= read;
                await destination.WriteAsync(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads what follows the last file, which must be nothing but filling.</summary>
    internal async Task EndAsync(CancellationToken cancellation)
    {
        while (await ReadBlockAsync(cancellation, mayBeShort: true).ConfigureAwait(false))
        {
            if (_header.AsSpan().ContainsAnyExcept((byte)0))
            {
                throw Malformed("there is something after its end");
            }
        }
    }

    private void Begin(long length)
    {
        _left = length;
        _padding = TarHeader.Padding(length);
    }

    private async Task SkipPaddingAsync(CancellationToken cancellation)
    {
        if (await tar.ReadAtLeastAsync(_header.AsMemory(0, _padding), _padding, false, cancellation).ConfigureAwait(false) < _padding)
        {
            throw Malformed("it is cut off");
        }
        Count(_padding);
        _padding = 0;
    }

    private async Task<bool> ReadBlockAsync(CancellationToken cancellation, bool mayBeShort = false)
    {
        Array.Clear(_header);
        var read = await tar.ReadAtLeastAsync(_header, _header.Length, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
        Count(read);
        return read == 0 || read == _header.Length || mayBeShort ? read > 0 : throw Malformed("it is cut off");
    }

    private async Task<byte[]> ReadExtendedAsync(long length, CancellationToken cancellation)
    {
        if (length is 0 or > ExtendedBytes)
        {
            throw Malformed($"an extended header has {length} bytes; 1 to {ExtendedBytes} are read");
        }
        Begin(length);
        using var memory = new MemoryStream((int)length);
        await CopyAsync(memory, cancellation).ConfigureAwait(false);
        return memory.ToArray();
    }

    private void Count(int read)
    {
        _bytes += read;
        if (BytesLeft < 0)
        {
            throw Malformed($"it unpacks to more than {maximumBytes} bytes");
        }
    }

    private string Utf8(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw Malformed("a name is not UTF-8");
        }
    }

    private MalformedDataException Malformed(string reason) => new(FormatName, location, reason);
}
