namespace ArtifactTrust.Hashing;

/// <summary>
/// A walk that also says what the file system knows of each file: it is asked for many files ahead, by all processors, while those before are taken.
/// </summary>
/// <param name="tree">The tree.</param>
/// <param name="walk">The walk, from which this takes every file.</param>
/// <param name="cancellation">Stops between two groups of files.</param>
internal sealed class StatusWalk(FileTree tree, TreeWalk walk, CancellationToken cancellation) : IDisposable
{
    private Group _present = new();
    private Group _ahead = new();
    private Task? _filling;
    private int _at = -1;

    /// <summary>How many files were met so far.</summary>
    internal int Count { get; private set; }

    /// <summary>The present file's name below the root, UTF-8; valid until the next step.</summary>
    internal ReadOnlySpan<byte> Utf8 => _present.NameAt(_at);

    /// <summary>What the file system says of the present file.</summary>
    internal ref readonly FileStatus Status => ref _present.StatusAt(_at);

    /// <summary>Goes to the next file.</summary>
    /// <exception cref="Formats.MalformedDataException">See <see cref="TreeWalk.MoveNext"/>.</exception>
    /// <exception cref="IOException">A directory cannot be read, or a file went away or cannot be asked.</exception>
    internal bool MoveNext()
    {
        if (++_at == _present.Count)
        {
            Turn();
        }
        if (_present.Count == 0)
        {
            return false;
        }
        _present.Check(_at);
        Count++;
        return true;
    }

    public void Dispose()
    {
        if (_filling is not null)
        {
            // Whatever comes of it: nobody takes it any more.
            Task.WaitAny(_filling);
        }
    }

    private void Turn()
    {
        cancellation.ThrowIfCancellationRequested();
        if (_filling is null)
        {
            _ahead.Fill(tree, walk);
        }
        else
        {
            _filling.GetAwaiter().GetResult();
        }
        (_present, _ahead, _at) = (_ahead, _present, 0);
        // A group that is not full is the last one. Most trees have one group, and need no second thread.
        _ahead.Clear();
        _filling = _present.IsFull ? Task.Run(() => _ahead.Fill(tree, walk), CancellationToken.None) : Task.CompletedTask;
    }

    /// <summary>Some files that follow each other, and what is known of them.</summary>
    private sealed class Group
    {
        private const int MostFiles = 4096;

        // So many that a thread spends longer on them than on taking the next.
        private const int SliceFiles = 128;

        private readonly FileStatus[] _statuses = new FileStatus[MostFiles];
        private readonly int[] _ends = new int[MostFiles];
        private readonly Exception?[] _failures = new Exception?[MostFiles / SliceFiles];
        private byte[] _text = new byte[64 << 10];

        internal int Count { get; private set; }

        internal bool IsFull => Count == MostFiles;

        internal ReadOnlySpan<byte> NameAt(int index)
        {
            var start = index == 0 ? 0 : _ends[index - 1];
            return _text.AsSpan(start, _ends[index] - start);
        }

        internal ref readonly FileStatus StatusAt(int index) => ref _statuses[index];

        /// <summary>Throws at the first of some files of which one could not be asked.</summary>
        internal void Check(int index)
        {
            if (index % SliceFiles == 0 && _failures[index / SliceFiles] is { } failure)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
            }
        }

        internal void Clear() => Count = 0;

        internal void Fill(FileTree tree, TreeWalk walk)
        {
            var used = 0;
            for (Count = 0; !IsFull && walk.MoveNext(); Count++)
            {
                var name = walk.Utf8;
                if (_text.Length - used < name.Length)
                {
                    Array.Resize(ref _text, Math.Max(2 * _text.Length, used + name.Length));
                }
                name.CopyTo(_text.AsSpan(used));
                used += name.Length;
                _ends[Count] = used;
            }
            var slices = (Count + SliceFiles - 1) / SliceFiles;
            if (slices <= 1)
            {
                Ask(tree, 0);
            }
            else
            {
                Parallel.For(0, slices, i => Ask(tree, i));
            }
        }

        private void Ask(FileTree tree, int slice)
        {
            _failures[slice] = null;
            try
            {
                for (var i = slice * SliceFiles; i < Math.Min(Count, (slice + 1) * SliceFiles); i++)
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
}
