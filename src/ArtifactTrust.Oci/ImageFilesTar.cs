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
/// Spec: POSIX.1-2017 pax (ustar and extended headers), GNU tar (long names, sparse files by name only). The class of the BCL
/// takes as much memory as an extended header claims to need; this takes what a bound allows. Global headers are ignored, as by runtimes.
/// </remarks>
internal sealed class LayerTarReader(Stream stream)
{
    private const string Format = "image layer";
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
        await SkipAsync(_content, cancellation).ConfigureAwait(false);
        await SkipAsync(_padding, cancellation).ConfigureAwait(false);
        (_content, _padding) = (0, 0);
        string? name = null;
        string? target = null;
        Dictionary<string, byte[]>? extended = null;
        while (true)
        {
            if (!await FillAsync(TarHeader.BlockBytes, cancellation).ConfigureAwait(false))
            {
                return _end == _start ? null : throw Malformed("it is cut off");
            }
            var header = TarHeader.Read(_buffer.AsSpan(_start, TarHeader.BlockBytes), Malformed);
            Take(TarHeader.BlockBytes);
            if (header is null)
            {
                // Two empty blocks end an archive; some writers leave out the second.
                return null;
            }
            switch (header.Type)
            {
                case 'x':
                    extended = PaxRecords.Read(
                        await ReadAsync(header.Size, "an extended header", cancellation).ConfigureAwait(false),
                        Malformed
                    );
                    break;
                case 'g':
                    await SkipAsync(header.Size, cancellation).ConfigureAwait(false);
                    await SkipAsync(TarHeader.Padding(header.Size), cancellation).ConfigureAwait(false);
                    break;
                case 'L':
                    name = Text(await ReadAsync(header.Size, "a long name", cancellation).ConfigureAwait(false));
                    break;
                case 'K':
                    target = Text(await ReadAsync(header.Size, "a long link", cancellation).ConfigureAwait(false));
                    break;
                default:
                    for (var more = header.GoesOn; more; )
                    {
                        if (!await FillAsync(TarHeader.BlockBytes, cancellation).ConfigureAwait(false))
                        {
                            throw Malformed("it is cut off");
                        }
                        more = _buffer[_start + 504] != 0;
                        Take(TarHeader.BlockBytes);
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

    private LayerMember Member(TarHeader header, string? name, string? target, Dictionary<string, byte[]>? extended)
    {
        var size = header.Size;
        var isSparse = header.Type == 'S';
        name ??= Text(header.Name);
        target ??= Text(header.Target);
        if (extended is not null)
        {
            name = Stated("path") ?? name;
            target = Stated("linkpath") ?? target;
            size = PaxRecords.SizeOf(extended, Malformed) ?? size;
            if (
                extended.ContainsKey("GNU.sparse.major")
                || extended.ContainsKey("GNU.sparse.map")
                || extended.ContainsKey("GNU.sparse.size")
            )
            {
                isSparse = true;
                name = Stated("GNU.sparse.name") ?? name;
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
            _padding = TarHeader.Padding(size);
        }
        return new LayerMember(kind, name, target, _content, (header.Mode & 0b001_001_001) != 0, isSparse);

        string? Stated(string record) => extended.TryGetValue(record, out var value) ? Text(value) : null;
    }

    private async ValueTask<byte[]> ReadAsync(long size, string what, CancellationToken cancellation)
    {
        if (size > ExtendedBytes)
        {
            throw Malformed($"{what} of {size} bytes; at most {ExtendedBytes} are read");
        }
        _content = size;
        var bytes = await ReadContentAsync(ExtendedBytes, cancellation).ConfigureAwait(false);
        await SkipAsync(TarHeader.Padding(size), cancellation).ConfigureAwait(false);
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

    private MalformedDataException Malformed(string reason) =>
        new(Format, string.Create(CultureInfo.InvariantCulture, $"byte {_position}"), reason);

    /// <summary>A name; of bytes that are not UTF-8, one character each, so that two names stay two.</summary>
    private static string Text(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes.IndexOf((byte)0) is >= 0 and var end && bytes[end..].IndexOfAnyExcept((byte)0) < 0 ? bytes[..end] : bytes;
        return System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : Encoding.Latin1.GetString(bytes);
    }
}
