namespace ArtifactTrust.Hashing;

/// <summary>A walk that also says what the file system knows of each file: it is asked for many files ahead, by all processors.</summary>
/// <param name="tree">The tree.</param>
/// <param name="walk">The walk, from which this takes every file.</param>
/// <param name="cancellation">Stops between two groups of files.</param>
internal sealed class StatusWalk(FileTree tree, TreeWalk walk, CancellationToken cancellation)
{
    private const int GroupFiles = 8192;

    // So many that a thread spends longer on them than on taking the next.
    private const int SliceFiles = 128;

    private readonly FileStatus[] _statuses = new FileStatus[GroupFiles];
    private readonly int[] _ends = new int[GroupFiles];
    private readonly Exception?[] _failures = new Exception?[GroupFiles / SliceFiles];
    private byte[] _text = new byte[64 << 10];
    private int _held;
    private int _at = -1;

    /// <summary>How many files were met so far.</summary>
    internal int Count { get; private set; }

    /// <summary>The present file's name below the root, UTF-8; valid until the next step.</summary>
    internal ReadOnlySpan<byte> Utf8 => NameAt(_at);

    /// <summary>What the file system says of the present file.</summary>
    internal ref readonly FileStatus Status => ref _statuses[_at];

    /// <summary>Goes to the next file.</summary>
    /// <exception cref="Formats.MalformedDataException">See <see cref="TreeWalk.MoveNext"/>.</exception>
    /// <exception cref="IOException">A directory cannot be read, or a file went away or cannot be asked.</exception>
    internal bool MoveNext()
    {
        if (++_at == _held)
        {
            Fill();
        }
        if (_held == 0)
        {
            return false;
        }
        if (_at % SliceFiles == 0 && _failures[_at / SliceFiles] is { } failure)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
        Count++;
        return true;
    }

    private ReadOnlySpan<byte> NameAt(int index)
    {
        var start = index == 0 ? 0 : _ends[index - 1];
        return _text.AsSpan(start, _ends[index] - start);
    }

    private void Fill()
    {
        cancellation.ThrowIfCancellationRequested();
        (_held, _at) = (0, 0);
        var used = 0;
        while (_held < GroupFiles && walk.MoveNext())
        {
            var name = walk.Utf8;
            if (_text.Length - used < name.Length)
            {
                Array.Resize(ref _text, Math.Max(2 * _text.Length, used + name.Length));
            }
            name.CopyTo(_text.AsSpan(used));
            used += name.Length;
            _ends[_held++] = used;
        }
        var slices = (_held + SliceFiles - 1) / SliceFiles;
        if (slices <= 1)
        {
            Ask(0);
        }
        else
        {
            Parallel.For(0, slices, Ask);
        }
    }

    private void Ask(int slice)
    {
        _failures[slice] = null;
        try
        {
            for (var i = slice * SliceFiles; i < Math.Min(_held, (slice + 1) * SliceFiles); i++)
            {
                _statuses[i] = tree.StatusOf(NameAt(i));
            }
        }
        catch (IOException e)
        {
            _failures[slice] = e;
        }
    }
}
