using System.Buffers;
using System.Globalization;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Oci;

/// <summary>Reads the files of a tar archive from a stream, one after the other, and nothing but files and directories.</summary>
/// <remarks>
/// Spec: POSIX.1-2017 pax; GNU tar's long names and large sizes. Of extended headers path and size are read. Links, devices, sparse files and
/// anything else that programs read in different ways are refused. The platform's own reader takes as much memory for a header as that says it has.
/// </remarks>
/// <param name="tar">The archive, uncompressed.</param>
/// <param name="location">What it is, for messages.</param>
internal sealed class TarLayerReader(Stream tar, string location)
{
    private const string FormatName = "tar layer";

    // A path, and what packers note besides it.
    private const int ExtendedBytes = 64 << 10;

    private readonly byte[] _header = new byte[TarHeader.BlockBytes];
    private long _left;
    private int _padding;

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
            if (!_header.AsSpan().ContainsAnyExcept((byte)0))
            {
                return path is null && !isExtended ? null : throw Malformed("it ends after an extended header");
            }
            CheckHeader();
            var type = (char)_header[156];
            var length = Number(124, 12);
            switch (type)
            {
                case '0' or '\0' or '7' or '5':
                    length = size ?? length;
                    var name = path ?? Name();
                    if (type != '5' && name.EndsWith('/'))
                    {
                        throw Malformed("a file has the name of a directory");
                    }
                    if (type == '5' && length != 0)
                    {
                        throw Malformed("a directory has content");
                    }
                    Begin(length);
                    return (name.StartsWith("./", StringComparison.Ordinal) ? name[2..] : name, length, type == '5');
                case 'x' or 'g':
                    var records = Records(await ReadExtendedAsync(length, cancellation).ConfigureAwait(false));
                    if (type == 'g' ? records.Count > 0 && records.Keys.Any(k => k is "path" or "size") : isExtended || path is not null)
                    {
                        throw Malformed("extended headers contradict each other");
                    }
                    if (records.Keys.FirstOrDefault(k => k.StartsWith("GNU.sparse", StringComparison.Ordinal)) is not null)
                    {
                        throw Malformed("a sparse file");
                    }
                    if (type == 'x')
                    {
                        isExtended = true;
                        path = records.GetValueOrDefault("path");
                        size = records.TryGetValue("size", out var text) ? Size(text) : null;
                    }
                    break;
                case 'L' when path is null:
                    path = Utf8((await ReadExtendedAsync(length, cancellation).ConfigureAwait(false)).AsSpan().TrimEnd((byte)0));
                    break;
                default:
                    throw Malformed(
                        $"'{Text.Clean(path ?? Name(), 200)}' is neither a file nor a directory (type '{Text.Clean($"{type}", 4)}')"
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
        _padding = (int)((TarHeader.BlockBytes - (length % TarHeader.BlockBytes)) % TarHeader.BlockBytes);
    }

    private async Task SkipPaddingAsync(CancellationToken cancellation)
    {
        if (await tar.ReadAtLeastAsync(_header.AsMemory(0, _padding), _padding, false, cancellation).ConfigureAwait(false) < _padding)
        {
            throw Malformed("it is cut off");
        }
        _padding = 0;
    }

    private async Task<bool> ReadBlockAsync(CancellationToken cancellation, bool mayBeShort = false)
    {
        Array.Clear(_header);
        var read = await tar.ReadAtLeastAsync(_header, _header.Length, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
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

    private void CheckHeader()
    {
        if (Number(148, 8) != TarHeader.Checksum(_header) || !_header.AsSpan(257, 5).SequenceEqual("ustar"u8))
        {
            throw Malformed("it is no tar archive of today's form, or is damaged");
        }
    }

    private string Name()
    {
        var name = Utf8(Field(0, 100));
        // GNU tar has other things where POSIX has the beginning of a long name.
        var isPosix = _header[262] == 0;
        var prefix = isPosix ? Utf8(Field(345, 155)) : "";
        return prefix.Length > 0 ? $"{prefix}/{name}" : name;
    }

    private ReadOnlySpan<byte> Field(int offset, int length)
    {
        var field = _header.AsSpan(offset, length);
        var end = field.IndexOf((byte)0);
        return end < 0 ? field : field[..end];
    }

    private long Number(int offset, int length)
    {
        var field = _header.AsSpan(offset, length);
        if (length == 12 && field[0] == 0x80)
        {
            // GNU's form for what octal digits cannot say: the rest is the number, most significant byte first.
            return field[1..^8].ContainsAnyExcept((byte)0) || (field[^8] & 0x80) != 0
                ? throw Malformed("a number is out of range")
                : System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(field[^8..]);
        }
        var digits = field.Trim(" \0"u8);
        var value = 0L;
        foreach (var digit in digits)
        {
            value = digit is >= (byte)'0' and <= (byte)'7' ? (value * 8) + digit - '0' : throw Malformed("a number is not one");
        }
        return value;
    }

    private long Size(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : throw Malformed("a size is not one");

    /// <summary>The records of an extended header: their length, a space, name, equals sign, value, and a line feed.</summary>
    private Dictionary<string, string> Records(ReadOnlySpan<byte> bytes)
    {
        var records = new Dictionary<string, string>(StringComparer.Ordinal);
        while (!bytes.IsEmpty)
        {
            var space = bytes.IndexOf((byte)' ');
            if (
                space is <= 0 or > 6
                || !int.TryParse(bytes[..space], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
                || length <= space + 1
                || length > bytes.Length
                || bytes[length - 1] != '\n'
            )
            {
                throw Malformed("an extended header cannot be read");
            }
            var record = bytes[(space + 1)..(length - 1)];
            var equals = record.IndexOf((byte)'=');
            if (equals <= 0 || !records.TryAdd(Utf8(record[..equals]), Encoding.UTF8.GetString(record[(equals + 1)..])))
            {
                throw Malformed("an extended header cannot be read");
            }
            bytes = bytes[length..];
        }
        return records;
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
