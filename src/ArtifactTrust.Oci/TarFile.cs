using System.Formats.Tar;
using ArtifactTrust.Formats;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Oci;

/// <summary>The files of an uncompressed tar archive, each readable by itself.</summary>
/// <remarks>Two members of one name are refused: programs differ in which of them they take.</remarks>
internal sealed class TarFile : IDisposable
{
    private readonly string _format;
    private readonly SafeFileHandle _handle;
    private readonly Dictionary<string, Member> _members = new(StringComparer.Ordinal);

    private TarFile(string path, string format, SafeFileHandle handle)
    {
        Path = path;
        _format = format;
        _handle = handle;
    }

    internal string Path { get; }

    internal IEnumerable<string> Names => _members.Keys;

    /// <summary>Opens an archive and lists what is in it.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="MalformedDataException">It is not an uncompressed tar archive, or is over a limit.</exception>
    internal static TarFile Open(string path, string format)
    {
        SafeFileHandle handle;
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"'{path}' cannot be read: {e.Message}", e);
        }
        var tar = new TarFile(path, format, handle);
        try
        {
            tar.CheckMagic();
            tar.List();
            return tar;
        }
        catch
        {
            tar.Dispose();
            throw;
        }
    }

    /// <summary>A member's content, or null where there is none of that name.</summary>
    internal Stream? TryOpen(string name) => Find(name) is { } member ? new Section(_handle, member.Offset, member.Length) : null;

    /// <summary>The length of a member, in bytes, or null where there is none of that name.</summary>
    internal long? LengthOf(string name) => Find(name)?.Length;

    /// <summary>Reads a member that must be there.</summary>
    internal byte[] Read(string name, int maximumBytes)
    {
        using var stream = TryOpen(name) ?? throw new MalformedDataException(_format, Path, $"there is no '{Text.Clean(name, 200)}' in it");
        return LayoutIndex.ReadAll(stream, maximumBytes, $"{_format} member '{Text.Clean(name, 200)}'");
    }

    public void Dispose() => _handle.Dispose();

    private Member? Find(string name)
    {
        // Old archives of Docker hold a layer once, and links to it.
        for (var links = 0; links < 4 && _members.TryGetValue(name, out var member); links++)
        {
            if (member.Link is null)
            {
                return member;
            }
            name = member.Link;
        }
        return null;
    }

    private void CheckMagic()
    {
        Span<byte> head = stackalloc byte[4];
        var read = RandomAccess.Read(_handle, head, 0);
        var packed =
            read == 4
            && (
                head[..2].SequenceEqual((ReadOnlySpan<byte>)[0x1f, 0x8b])
                || head.SequenceEqual((ReadOnlySpan<byte>)[0x28, 0xb5, 0x2f, 0xfd])
                || head.SequenceEqual((ReadOnlySpan<byte>)[0xfd, (byte)'7', (byte)'z', (byte)'X'])
            );
        if (packed)
        {
            throw new MalformedDataException(_format, Path, "it is compressed; uncompress it first, since its parts are read in any order");
        }
    }

    private void List()
    {
        using var stream = new Section(_handle, 0, RandomAccess.GetLength(_handle));
        try
        {
            using var reader = new TarReader(stream, leaveOpen: true);
            while (reader.GetNextEntry(copyData: false) is { } entry)
            {
                Add(entry, stream.Length);
            }
        }
        catch (Exception e)
            when (e
                    is not MalformedDataException
                        and (InvalidDataException or EndOfStreamException or FormatException or NotSupportedException or OverflowException)
            )
        {
            throw new MalformedDataException(_format, Path, "it is not a tar archive, or is cut off", e);
        }
        if (_members.Count == 0)
        {
            throw new MalformedDataException(_format, Path, "it is not a tar archive, or is empty");
        }
    }

    private void Add(TarEntry entry, long archiveLength)
    {
        var name = Normalize(entry.Name);
        switch (entry.EntryType)
        {
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                // An empty member has no place.
                var offset = entry.Length == 0 ? 0 : entry.DataOffset;
                if (offset < 0 || entry.Length > archiveLength - offset)
                {
                    throw new MalformedDataException(_format, Path, "it is cut off");
                }
                Add(name, new Member(offset, entry.Length, null));
                break;
            case TarEntryType.SymbolicLink:
                Add(name, new Member(0, 0, Resolve(name, entry.LinkName)));
                break;
            case TarEntryType.HardLink:
                Add(name, new Member(0, 0, Normalize(entry.LinkName)));
                break;
            case TarEntryType.Directory or TarEntryType.DirectoryList or TarEntryType.GlobalExtendedAttributes:
                break;
            default:
                throw new MalformedDataException(_format, Path, $"'{Text.Clean(name, 200)}' is neither a file nor a directory nor a link");
        }
    }

    private void Add(string name, Member member)
    {
        if (_members.Count == Limits.ArchiveMembers)
        {
            throw new MalformedDataException(_format, Path, $"it has more than {Limits.ArchiveMembers} files");
        }
        if (!_members.TryAdd(name, member))
        {
            throw new MalformedDataException(_format, Path, $"it has two files '{Text.Clean(name, 200)}'");
        }
    }

    private static string Normalize(string name)
    {
        while (name.StartsWith("./", StringComparison.Ordinal))
        {
            name = name[2..];
        }
        return name.TrimEnd('/');
    }

    /// <summary>Where a link leads inside of the archive; a way out of it leads nowhere.</summary>
    private static string Resolve(string name, string target)
    {
        var parts = new List<string>(name.Split('/')[..^1]);
        foreach (var part in target.Split('/'))
        {
            if (part == "..")
            {
                if (parts.Count == 0)
                {
                    return "";
                }
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part is not ("" or "."))
            {
                parts.Add(part);
            }
        }
        return string.Join('/', parts);
    }

    private sealed record Member(long Offset, long Length, string? Link);

    /// <summary>A part of a file.</summary>
    private sealed class Section(SafeFileHandle handle, long offset, long length) : Stream
    {
        private long _position;

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position
        {
            get => _position;
            set => _position = value;
        }

        public override int Read(Span<byte> buffer)
        {
            var count = (int)Math.Clamp(length - _position, 0, buffer.Length);
            var read = count == 0 ? 0 : RandomAccess.Read(handle, buffer[..count], offset + _position);
            _position += read;
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = (int)Math.Clamp(length - _position, 0, buffer.Length);
            var read =
                count == 0
                    ? 0
                    : await RandomAccess.ReadAsync(handle, buffer[..count], offset + _position, cancellationToken).ConfigureAwait(false);
            _position += read;
            return read;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override long Seek(long offset, SeekOrigin origin) =>
            _position =
                offset
                + origin switch
                {
                    SeekOrigin.Begin => 0,
                    SeekOrigin.Current => _position,
                    _ => length,
                };

        public override void Flush() { }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
