using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Oci;

/// <summary>What a member of a layer is.</summary>
internal enum LayerMemberKind
{
    /// <summary>A device, a pipe: nothing with content.</summary>
    Other = 0,
    File,
    Directory,
    SymbolicLink,
    HardLink,
}

/// <summary>A member of a layer, without its content.</summary>
internal readonly record struct LayerMember(LayerMemberKind Kind, string Name, string Target, long Size, bool IsExecutable, bool IsSparse);

/// <summary>Reads a layer's tar forward, its members' content as asked, with bounded memory.</summary>
/// <remarks>
/// Spec: POSIX.1-2017 pax (ustar and extended headers), GNU tar (long names, base-256 numbers, sparse files by name only). The class of the BCL
/// takes as much memory as an extended header claims to need; this takes what a bound allows. Global headers are ignored, as by runtimes.
/// </remarks>
internal sealed class LayerTarReader(Stream stream)
{
    private const string Format = "image layer";
    private const int Block = 512;
    private const int ExtendedBytes = 1 << 20;

    private readonly byte[] _buffer = new byte[256 << 10];
    private int _start;
    private int _end;
    private long _content;
    private long _padding;
    private long _position;

    /// <summary>The next member, or null at the end. What was not read of the last one's content is skipped.</summary>
    /// <exception cref="MalformedDataException">It is not a tar archive, or is cut off.</exception>
    internal async ValueTask<LayerMember?> NextAsync(CancellationToken cancellation)
    {
        await SkipAsync(_content + _padding, cancellation).ConfigureAwait(false);
        (_content, _padding) = (0, 0);
        string? name = null;
        string? target = null;
        Dictionary<string, string>? extended = null;
        while (true)
        {
            if (!await FillAsync(Block, cancellation).ConfigureAwait(false))
            {
                return _end == _start ? null : throw Malformed("it is cut off");
            }
            var header = Header.Read(_buffer.AsSpan(_start, Block), Malformed);
            Take(Block);
            if (header is null)
            {
                // Two empty blocks end an archive; some writers leave out the second.
                return null;
            }
            switch (header.Type)
            {
                case 'x':
                    extended = ReadRecords(await ReadAsync(header.Size, "an extended header", cancellation).ConfigureAwait(false));
                    break;
                case 'g':
                    await SkipAsync(Padded(header.Size), cancellation).ConfigureAwait(false);
                    break;
                case 'L':
                    name = Text(await ReadAsync(header.Size, "a long name", cancellation).ConfigureAwait(false));
                    break;
                case 'K':
                    target = Text(await ReadAsync(header.Size, "a long link", cancellation).ConfigureAwait(false));
                    break;
                default:
                    for (var more = header.HasExtension; more; )
                    {
                        if (!await FillAsync(Block, cancellation).ConfigureAwait(false))
                        {
                            throw Malformed("it is cut off");
                        }
                        more = _buffer[_start + 504] != 0;
                        Take(Block);
                    }
                    return Member(header, name, target, extended);
            }
        }
    }

    /// <summary>Reads the member's content to its end.</summary>
    internal async ValueTask<byte[]> ReadContentAsync(long maximumBytes, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumBytes, _content);
        // Grows with what arrives, not with what the header claims.
        var content = new byte[Math.Min(_content, 1 << 20)];
        var length = 0;
        while (length < _content)
        {
            if (length == content.Length)
            {
                Array.Resize(ref content, (int)Math.Min(_content, 2L * content.Length));
            }
            var piece = await PieceAsync(content.Length - length, cancellation).ConfigureAwait(false);
            piece.CopyTo(content.AsMemory(length));
            length += piece.Length;
            Take(piece.Length);
        }
        _content = 0;
        return content;
    }

    /// <summary>The next piece of the member's content, empty at its end; good until the next call.</summary>
    internal async ValueTask<ReadOnlyMemory<byte>> ReadPieceAsync(CancellationToken cancellation)
    {
        if (_content == 0)
        {
            return default;
        }
        var piece = await PieceAsync(_content, cancellation).ConfigureAwait(false);
        _content -= piece.Length;
        Take(piece.Length);
        return piece;
    }

    private LayerMember Member(Header header, string? name, string? target, Dictionary<string, string>? extended)
    {
        var size = header.Size;
        var isSparse = header.Type == 'S';
        name ??= header.Name;
        target ??= header.Target;
        if (extended is not null)
        {
            name = extended.GetValueOrDefault("path", name);
            target = extended.GetValueOrDefault("linkpath", target);
            if (extended.TryGetValue("size", out var stated))
            {
                size = long.TryParse(stated, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
                    ? bytes
                    : throw Malformed("an extended header has a size that is no number");
            }
            if (
                extended.ContainsKey("GNU.sparse.major")
                || extended.ContainsKey("GNU.sparse.map")
                || extended.ContainsKey("GNU.sparse.size")
            )
            {
                isSparse = true;
                name = extended.GetValueOrDefault("GNU.sparse.name", name);
            }
        }
        if (name.Contains('\0', StringComparison.Ordinal) || target.Contains('\0', StringComparison.Ordinal))
        {
            throw Malformed("a name has a null character");
        }
        var kind = header.Type switch
        {
            '1' => LayerMemberKind.HardLink,
            '2' => LayerMemberKind.SymbolicLink,
            '3' or '4' or '6' => LayerMemberKind.Other,
            '5' => LayerMemberKind.Directory,
            // Before ustar a directory was a file with a slash at the end of its name.
            '\0' when name.EndsWith('/') => LayerMemberKind.Directory,
            _ => LayerMemberKind.File,
        };
        // Links, directories and devices have no content, whatever their size says.
        if (kind == LayerMemberKind.File)
        {
            _content = size;
            _padding = Padded(size) - size;
        }
        return new LayerMember(kind, name, target, _content, (header.Mode & 0b001_001_001) != 0, isSparse);
    }

    private async ValueTask<byte[]> ReadAsync(long size, string what, CancellationToken cancellation)
    {
        if (size > ExtendedBytes)
        {
            throw Malformed($"{what} of {size} bytes; at most {ExtendedBytes} are read");
        }
        _content = size;
        var bytes = await ReadContentAsync(ExtendedBytes, cancellation).ConfigureAwait(false);
        await SkipAsync(Padded(size) - size, cancellation).ConfigureAwait(false);
        return bytes;
    }

    private async ValueTask SkipAsync(long count, CancellationToken cancellation)
    {
        while (count > 0)
        {
            var piece = await PieceAsync(count, cancellation).ConfigureAwait(false);
            Take(piece.Length);
            count -= piece.Length;
        }
    }

    /// <summary>At least one byte and at most so many, still in the buffer.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> PieceAsync(long maximum, CancellationToken cancellation)
    {
        if (_start == _end && !await FillAsync(1, cancellation).ConfigureAwait(false))
        {
            throw Malformed("it is cut off");
        }
        return _buffer.AsMemory(_start, (int)Math.Min(maximum, _end - _start));
    }

    private async ValueTask<bool> FillAsync(int count, CancellationToken cancellation)
    {
        if (_end - _start >= count)
        {
            return true;
        }
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        while (_end < count)
        {
            var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellation).ConfigureAwait(false);
            if (read == 0)
            {
                return false;
            }
            _end += read;
        }
        return true;
    }

    private void Take(int count)
    {
        _start += count;
        _position += count;
    }

    /// <remarks>Spec: POSIX.1-2017 pax, "pax Extended Header": the record's length in decimal, a blank, the name, <c>=</c>, the value, a line feed.</remarks>
    private Dictionary<string, string> ReadRecords(byte[] bytes)
    {
        var records = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var at = 0; at < bytes.Length; )
        {
            var rest = bytes.AsSpan(at);
            var blank = rest.IndexOf((byte)' ');
            if (
                blank is <= 0 or > 10
                || !int.TryParse(rest[..blank], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
                || length <= blank + 1
                || length > rest.Length
                || rest[length - 1] != '\n'
                || rest[(blank + 1)..length].IndexOf((byte)'=') is var equals && equals <= 0
            )
            {
                throw Malformed("an extended header is not of the form that POSIX gives it");
            }
            equals = rest[(blank + 1)..length].IndexOf((byte)'=');
            records[Text(rest[(blank + 1)..(blank + 1 + equals)])] = Text(rest[(blank + 2 + equals)..(length - 1)]);
            at += length;
        }
        return records;
    }

    private MalformedDataException Malformed(string reason) =>
        new(Format, string.Create(CultureInfo.InvariantCulture, $"byte {_position}"), reason);

    private static long Padded(long size) => checked(size + Block - 1) / Block * Block;

    /// <summary>A name; of bytes that are not UTF-8, one character each, so that two names stay two.</summary>
    private static string Text(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes.IndexOf((byte)0) is >= 0 and var end && bytes[end..].IndexOfAnyExcept((byte)0) < 0 ? bytes[..end] : bytes;
        return System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : Encoding.Latin1.GetString(bytes);
    }

    private sealed record Header(char Type, string Name, string Target, long Size, long Mode, bool HasExtension)
    {
        /// <summary>Reads a block; null where it is empty.</summary>
        internal static Header? Read(ReadOnlySpan<byte> block, Func<string, MalformedDataException> malformed)
        {
            if (block.IndexOfAnyExcept((byte)0) < 0)
            {
                return null;
            }
            var (unsigned, signed) = (0L, 0L);
            for (var i = 0; i < Block; i++)
            {
                var b = i is >= 148 and < 156 ? (byte)' ' : block[i];
                unsigned += b;
                signed += (sbyte)b;
            }
            if (Number(block[148..156]) is var sum && sum != unsigned && sum != signed)
            {
                throw malformed("a header's checksum is wrong; this is no tar archive, or it is damaged");
            }
            var type = (char)block[156];
            var size = Number(block[124..136]) ?? throw malformed("a header's size is no number");
            if (size < 0)
            {
                throw malformed("a header's size is negative");
            }
            // GNU's own magic has a blank where POSIX has a null, and other fields where POSIX has the prefix.
            var isPosix = block[257..263].SequenceEqual("ustar\0"u8);
            var name = Field(block[..100]);
            var prefix = isPosix ? Field(block[345..500]) : "";
            return new Header(
                type,
                prefix.Length > 0 ? $"{prefix}/{name}" : name,
                Field(block[157..257]),
                size,
                Number(block[100..108]) ?? 0,
                type == 'S' && block[482] != 0
            );
        }

        private static string Field(ReadOnlySpan<byte> field)
        {
            var end = field.IndexOf((byte)0);
            return Text(end < 0 ? field : field[..end]);
        }

        private static long? Number(ReadOnlySpan<byte> field)
        {
            // GNU: the first bit set, then a number in base 256; more than 63 bits is no size.
            if ((field[0] & 0x80) != 0)
            {
                return field.Length == 12 && field[0] == 0x80 && field[1..4].IndexOfAnyExcept((byte)0) < 0
                    ? BinaryPrimitives.ReadInt64BigEndian(field[4..])
                    : null;
            }
            var digits = field.Trim([(byte)' ', (byte)0]);
            var value = 0L;
            foreach (var digit in digits)
            {
                if (digit is < (byte)'0' or > (byte)'7')
                {
                    return null;
                }
                value = (value << 3) | (uint)(digit - '0');
            }
            return value;
        }
    }
}
