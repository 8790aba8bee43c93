using System.Globalization;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Examines the members of a tar archive, one after the other, so that it can come out of a decompressor.</summary>
/// <remarks>Spec: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Header Block"; GNU tar for long names and large sizes.</remarks>
internal sealed class TarExaminer(ModelFileExaminer examiner, Place place)
{
    private const int BlockBytes = 512;
    private const int LongNameBytes = 64 << 10;

    private readonly ExaminationLog _log = examiner.Log;
    private readonly NameSet<string> _names = new();
    private int _members;
    private string? _longName;
    private string? _longLink;
    private long? _longSize;
    private long _position;

    /// <summary>Whether a block is the header of a member: its checksum is right.</summary>
    internal static bool IsHeader(ReadOnlySpan<byte> block)
    {
        if (block.Length < BlockBytes || block[0] == 0 || Octal(block.Slice(148, 8)) is not { } expected)
        {
            return false;
        }
        var (unsigned, signed) = (8L * ' ', 8L * ' ');
        for (var i = 0; i < BlockBytes; i++)
        {
            if (i is < 148 or >= 156)
            {
                unsigned += block[i];
                signed += (sbyte)block[i];
            }
        }
        return expected == unsigned || expected == signed;
    }

    /// <summary>Examines an archive.</summary>
    /// <param name="stream">Read from where it stands.</param>
    internal void Examine(Stream stream)
    {
        _position = 0;
        var (block, ended) = (new byte[BlockBytes], false);
        while (true)
        {
            examiner.Cancellation.ThrowIfCancellationRequested();
            var read = stream.ReadAtLeast(block, BlockBytes, throwOnEndOfStream: false);
            _position += read;
            if (read == 0)
            {
                break;
            }
            if (!block.AsSpan(0, read).ContainsAnyExcept((byte)0))
            {
                ended = true;
                continue;
            }
            if (read < BlockBytes || !IsHeader(block))
            {
                _log.AddGap(place, $"byte {_position - read}: no header of a member stands where one is expected");
                return;
            }
            if (ended)
            {
                // Readers stop at the first empty block, or do not.
                _log.AddOddity("tar-duplicate", place, "a member after the end", _position - BlockBytes);
            }
            if (++_members > Limits.ArchiveMembers || _names.IsFull)
            {
                _log.AddGap(place, $"more than {Limits.ArchiveMembers} members, or names that are too long");
                return;
            }
            if (!ExamineMember(stream, block))
            {
                _log.AddGap(place, "the archive is cut short, or a size in it cannot be");
                return;
            }
        }
        if (!ended)
        {
            _log.AddGap(place, "the archive has no end");
        }
        _log.Examined = true;
    }

    private bool ExamineMember(Stream stream, byte[] block)
    {
        if ((_longSize ?? Octal(block.AsSpan(124, 12))) is not { } size || size < 0)
        {
            return false;
        }
        var type = (char)block[156];
        if (type is 'L' or 'K' or 'x' or 'g')
        {
            return size <= LongNameBytes && ReadExtension(stream, type, (int)size);
        }
        var name = _longName ?? Name(block);
        var link = _longLink ?? Text(block.AsSpan(157, 100));
        (_longName, _longLink, _longSize) = (null, null, null);
        var header = _position - BlockBytes;
        if (!_names.Add(name, name.Length))
        {
            _log.AddOddity("tar-duplicate", place, name, header);
        }
        if (ArchivePath.LeadsOut(name) || (type is '1' or '2' && ArchivePath.LeadsOut(link)))
        {
            _log.AddOddity("tar-path", place, type is '1' or '2' ? $"{name} -> {link}" : name, header);
        }
        if (type is 'S' or 'M')
        {
            _log.AddGap(place.Inside(name, null), "it is sparse, or goes on from another archive");
        }
        if (type is '1' or '2' or '3' or '4' or '5' or '6' || size == 0)
        {
            return Skip(stream, Padded(type is '0' or '\0' or '7' ? size : Math.Min(size, 0)));
        }
        return ExamineContent(stream, name, size);
    }

    private bool ExamineContent(Stream stream, string name, long size)
    {
        var inner = place.Inside(name, _position);
        if (place.IsTooDeep)
        {
            _log.AddGap(inner, "archives lie too deep inside each other");
            return Skip(stream, Padded(size));
        }
        if (stream.CanSeek)
        {
            var start = stream.Position;
            if (size > stream.Length - start)
            {
                return false;
            }
            examiner.Examine(new RangeStream(stream, start, size), name, inner);
            stream.Position = start;
            return Skip(stream, Padded(size));
        }
        using var part = new InflatedStream(new PartStream(stream, size), new InflationBudget());
        examiner.ExamineInflated(part, name, inner with { Start = null });
        part.ReadToEnd();
        _position += size;
        return part.Inflated == size && Skip(stream, Padded(size) - size);
    }

    private bool ReadExtension(Stream stream, char type, int size)
    {
        var data = new byte[Padded(size)];
        var read = stream.ReadAtLeast(data, data.Length, throwOnEndOfStream: false);
        _position += read;
        if (read < data.Length)
        {
            return false;
        }
        var text = Encoding.UTF8.GetString(data, 0, size);
        switch (type)
        {
            case 'L':
                _longName = text.TrimEnd('\0');
                break;
            case 'K':
                _longLink = text.TrimEnd('\0');
                break;
            default:
                return ReadRecords(data.AsSpan(0, size), isGlobal: type == 'g');
        }
        return true;
    }

    /// <summary>Records of a length, a name and a value. A value may have lines of its own that look like records.</summary>
    private bool ReadRecords(ReadOnlySpan<byte> records, bool isGlobal)
    {
        while (records is [not 0, ..])
        {
            var space = records.IndexOf((byte)' ');
            if (
                space <= 0
                || !int.TryParse(records[..space], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
                || length <= space + 1
                || length > records.Length
                || records[length - 1] != (byte)'\n'
            )
            {
                _log.AddGap(place, "a pax header whose records cannot be told apart");
                return true;
            }
            var text = Encoding.UTF8.GetString(records[(space + 1)..(length - 1)]);
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (isGlobal && equals >= 0 && text[..equals] == "size")
            {
                // Readers take this for the size of all members, and for the place of the next ones or not.
                _log.AddGap(place, "a pax header says one size of all members");
            }
            else if (equals >= 0)
            {
                NoteRecord(text[..equals], text[(equals + 1)..]);
            }
            records = records[length..];
        }
        return true;
    }

    private void NoteRecord(string name, string value)
    {
        switch (name)
        {
            case "path":
                _longName = value;
                break;
            case "linkpath":
                _longLink = value;
                break;
            case "size":
                _longSize = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var large) ? large : -1;
                break;
            case ['G', 'N', 'U', '.', 's', 'p', ..]:
                _log.AddGap(place, "a member is sparse");
                break;
            default:
                break;
        }
    }

    private bool Skip(Stream stream, long count)
    {
        _position += count;
        if (stream.CanSeek)
        {
            if (count > stream.Length - stream.Position)
            {
                return false;
            }
            stream.Position += count;
            return true;
        }
        var buffer = new byte[BlockBytes];
        for (int read; count > 0; count -= read)
        {
            read = stream.Read(buffer.AsSpan(0, (int)Math.Min(count, buffer.Length)));
            if (read == 0)
            {
                return false;
            }
        }
        return true;
    }

    private static long Padded(long size) =>
        size > long.MaxValue - BlockBytes ? long.MaxValue : (size + BlockBytes - 1) / BlockBytes * BlockBytes;

    private static string Name(byte[] block)
    {
        var name = Text(block.AsSpan(0, 100));
        var prefix = block.AsSpan(257).StartsWith("ustar\0"u8) ? Text(block.AsSpan(345, 155)) : "";
        return prefix.Length == 0 ? name : $"{prefix}/{name}";
    }

    private static string Text(ReadOnlySpan<byte> field) =>
        Encoding.UTF8.GetString(field.IndexOf((byte)0) is var end and >= 0 ? field[..end] : field);

    /// <summary>A number in octal, or, after a byte of 0x80, in binary.</summary>
    private static long? Octal(ReadOnlySpan<byte> field)
    {
        var value = 0L;
        if (field[0] == 0x80)
        {
            foreach (var b in field[1..])
            {
                if (value > long.MaxValue >> 9)
                {
                    return null;
                }
                value = (value << 8) | b;
            }
            return value;
        }
        var digits = field.Trim(" \0"u8);
        foreach (var b in digits)
        {
            if (b is < (byte)'0' or > (byte)'7')
            {
                return null;
            }
            value = (value << 3) | (uint)(b - '0');
        }
        return value;
    }
}
