using System.IO.Enumeration;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Hashing;

/// <summary>
/// Goes through the files of a tree that are not ignored, in code point order of their names. It holds the entries of the directories on the way
/// to the present file, and no list of all files.
/// </summary>
/// <remarks>Spec: OMS 1.0 §5.1: what cannot be covered is refused, not left out.</remarks>
/// <param name="tree">The tree.</param>
/// <param name="ignore">The paths left out.</param>
/// <param name="portably">Whether directories are read as on other systems.</param>
internal sealed class TreeWalk(FileTree tree, IgnoreRules ignore, bool portably = false)
{
    private readonly Stack<(DirectoryNames Names, int Prefix)> _open = new();

    // Whether names come as the bytes that they are; the runtime's have been decoded.
    private readonly bool _bytewise = !portably && OperatingSystem.IsLinux() && LinuxDirectory.CanRead;
    private byte[] _path = new byte[256];
    private int _length;
    private bool _started;

    /// <summary>Takes the names that are refused and the directories that cannot be listed, with the reason; where null, the first of them ends the walk.</summary>
    internal List<TreeFile>? Obstacles { get; init; }

    /// <summary>How many files were met so far.</summary>
    internal int Count { get; private set; }

    /// <summary>The present file's name below the root, UTF-8; valid until the next step.</summary>
    internal ReadOnlySpan<byte> Utf8 => _path.AsSpan(0, _length);

    /// <summary>The same as text.</summary>
    internal string Name => Encoding.UTF8.GetString(Utf8);

    /// <summary>Goes to the next file.</summary>
    /// <exception cref="MalformedDataException">There is a symbolic link, a pipe, socket or device, a name that is not UTF-8, or there are too many files.</exception>
    /// <exception cref="IOException">A directory cannot be read.</exception>
    internal bool MoveNext()
    {
        if (!_started)
        {
            _started = true;
            Enter(0);
        }
        while (_open.TryPeek(out var directory))
        {
            if (!directory.Names.TryTake(out var name, out var kind))
            {
                directory.Names.Dispose();
                _open.Pop();
                continue;
            }
            Put(directory.Prefix, name);
            if (kind == EntryKind.Directory)
            {
                TryEnter(_length);
                continue;
            }
            if (Count + (Obstacles?.Count ?? 0) >= Limits.ManifestEntries)
            {
                throw new MalformedDataException("directory", tree.Path, $"more than {Limits.ManifestEntries} files");
            }
            Count++;
            return true;
        }
        return false;
    }

    private void TryEnter(int prefix)
    {
        try
        {
            Enter(prefix);
        }
        catch (IOException e) when (Obstacles is { Count: < Limits.ManifestEntries })
        {
            Obstacles.Add(new TreeFile(Encoding.UTF8.GetString(_path, 0, prefix).TrimEnd('/'), 0) { Obstacle = e.Message });
        }
    }

    private void Enter(int prefix)
    {
        var names = new DirectoryNames();
        if (_bytewise)
        {
            using var directory = tree.OpenDirectory(Encoding.UTF8.GetString(_path, 0, Math.Max(0, prefix - 1)));
            LinuxDirectory.Read(directory, (name, kind) => Add(names, prefix, name, kind));
        }
        else
        {
            ReadPortably(names, prefix);
        }
        _open.Push((names, prefix));
    }

    private void Add(DirectoryNames names, int prefix, ReadOnlySpan<byte> name, EntryKind? kind)
    {
        Put(prefix, name);
        if (ignore.Covers(Utf8))
        {
            return;
        }
        var known = kind ?? tree.KindOf(Utf8);
        try
        {
            if (known == EntryKind.Directory)
            {
                CheckUtf8(name);
            }
            else
            {
                Check(known);
            }
        }
        catch (MalformedDataException e) when (Obstacles is { Count: < Limits.ManifestEntries })
        {
            Obstacles.Add(new TreeFile(e.Location, 0) { Obstacle = e.Reason });
            return;
        }
        names.Add(name, known);
    }

    private void Check(EntryKind kind)
    {
        if (kind == EntryKind.Link && !tree.AllowsLinks)
        {
            throw new MalformedDataException(
                "directory",
                Name,
                "a symbolic link; links are neither followed nor left out, so replace it by the file or ignore it"
            );
        }
        var special = kind switch
        {
            EntryKind.Pipe => "a named pipe",
            EntryKind.Socket => "a socket",
            EntryKind.Device => "a device",
            _ => null,
        };
        if (special is not null)
        {
            throw new MalformedDataException("directory", Name, $"{special}, which is not opened; remove it or ignore it");
        }
        CheckUtf8(Utf8);
        // In a decoded name this stands for bytes that were not UTF-8, and nothing tells it from itself.
        if (!_bytewise && Utf8.IndexOf("\uFFFD"u8) >= 0)
        {
            throw NotUtf8();
        }
        // One file must not look like two in a listing; dirHash has no form for such a name.
        if (Utf8.Contains((byte)'\n'))
        {
            throw new MalformedDataException(
                "directory",
                Name.Replace("\n", "\\n", StringComparison.Ordinal),
                "the file's name has a line feed"
            );
        }
        if (kind == EntryKind.Link)
        {
            tree.CheckTarget(Name);
        }
    }

    private void CheckUtf8(ReadOnlySpan<byte> name)
    {
        if (!System.Text.Unicode.Utf8.IsValid(name))
        {
            throw NotUtf8();
        }
    }

    private MalformedDataException NotUtf8() => new("directory", Name, "the file's name is not UTF-8");

    private void ReadPortably(DirectoryNames names, int prefix)
    {
        var options = new EnumerationOptions
        {
            AttributesToSkip = 0,
            IgnoreInaccessible = false,
            ReturnSpecialDirectories = false,
        };
        var path = System.IO.Path.Join(tree.Path, Encoding.UTF8.GetString(_path, 0, prefix));
        // Every entry is added while it is looked at; none is handed out.
        var entries = new FileSystemEnumerable<bool>(path, (ref FileSystemEntry _) => true, options)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) =>
            {
                EntryKind? kind =
                    entry.Attributes.HasFlag(FileAttributes.ReparsePoint) ? EntryKind.Link
                    : entry.IsDirectory ? EntryKind.Directory
                    // The runtime tells nothing more.
                    : OperatingSystem.IsLinux() ? null
                    : EntryKind.File;
                Add(names, prefix, Encoding.UTF8.GetBytes(entry.FileName.ToString()), kind);
                return false;
            },
        };
        foreach (var _ in entries) { }
    }

    private void Put(int prefix, ReadOnlySpan<byte> name)
    {
        _length = prefix + name.Length;
        if (_path.Length < _length)
        {
            Array.Resize(ref _path, 2 * _length);
        }
        name.CopyTo(_path.AsSpan(prefix));
    }
}
