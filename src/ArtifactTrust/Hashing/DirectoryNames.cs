namespace ArtifactTrust.Hashing;

/// <summary>What an entry of a directory is, as far as a listing needs to know.</summary>
internal enum EntryKind
{
    /// <summary>A file; on some systems something else that opening it will show.</summary>
    File,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A symbolic link.</summary>
    Link,

    /// <summary>A named pipe.</summary>
    Pipe,

    /// <summary>A socket.</summary>
    Socket,

    /// <summary>A device.</summary>
    Device,
}

/// <summary>
/// The entries of one directory, given in any order and taken in that of their bytes, a directory as if its name ended with <c>/</c>: then the
/// paths of a whole tree come in code point order. Those of a very large directory are not in memory.
/// </summary>
internal sealed class DirectoryNames : IDisposable
{
    private const int BlockBytes = 128 << 10;
    private const int LongestName = 4096;

    private readonly SortedSpool _names = new(1, BlockBytes);

    /// <summary>Adds an entry.</summary>
    /// <param name="utf8">Its name.</param>
    /// <param name="kind">What it is.</param>
    internal void Add(ReadOnlySpan<byte> utf8, EntryKind kind)
    {
        if (utf8.Length >= LongestName)
        {
            throw new IOException("a directory has an entry whose name is too long");
        }
        ReadOnlySpan<byte> value = [(byte)kind];
        if (kind != EntryKind.Directory)
        {
            _names.Add(utf8, value);
            return;
        }
        Span<byte> name = stackalloc byte[LongestName];
        utf8.CopyTo(name);
        name[utf8.Length] = (byte)'/';
        _names.Add(name[..(utf8.Length + 1)], value);
    }

    /// <summary>Takes the next entry; none may be added after the first was taken.</summary>
    /// <param name="name">Its name, a directory's with <c>/</c> at its end; valid until the next call.</param>
    /// <param name="kind">What it is.</param>
    internal bool TryTake(out ReadOnlySpan<byte> name, out EntryKind kind)
    {
        if (_names.TryTake(out name, out var value))
        {
            kind = (EntryKind)value[0];
            return true;
        }
        kind = default;
        return false;
    }

    public void Dispose() => _names.Dispose();
}
