using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>A directory whose files are hashed when first asked for, each once for a form, so that several signatures can be compared with it.</summary>
/// <param name="tree">The directory; the caller disposes of it.</param>
/// <param name="progress">Told the bytes read since the last report.</param>
/// <param name="cancellation">Stops hashing.</param>
/// <remarks>
/// A manifest is of one state of the directory: a file that changes, comes or goes between the first look at the directory and the last
/// byte read is noticed and refused. Memory is about a hundred bytes and the name for each file.
/// </remarks>
public sealed partial class HashedTree(FileTree tree, IProgress<long>? progress = null, CancellationToken cancellation = default)
{
    private readonly Dictionary<ManifestForm, FormTable> _hashed = [];
    private FileTable? _seen;

    /// <summary>The directory.</summary>
    public FileTree Tree => tree;

    /// <summary>Digests of an earlier run, taken for files that did not change since. Never set where files are verified.</summary>
    public HashCache? Cache { get; init; }

    /// <summary>What reads the files; null where they are hashed where they are.</summary>
    public TreeReader? Reader { get; init; }

    /// <summary>
    /// Forms that will be asked for after the first one: their digests are computed while the files are read for that. What is asked for and not
    /// named here has the files read once more.
    /// </summary>
    public IReadOnlyList<ManifestForm> Expected { get; init; } = [];

    /// <summary>The names of the files of the manifest made last.</summary>
    public IReadOnlyList<string> Listed { get; private set; } = [];

    /// <summary>The manifest of the files that are not ignored.</summary>
    /// <param name="ignore">The paths left out.</param>
    /// <param name="demanded">Names that are listed whether ignored or not, where they exist.</param>
    /// <param name="form">How files become entries; whole, with SHA-256, where null.</param>
    /// <param name="where">Which of the files are hashed; all where null.</param>
    /// <exception cref="MalformedDataException">The directory holds a symbolic link, a special file, or too many files or shards.</exception>
    /// <exception cref="IOException">A file cannot be read, or the directory changed while it was.</exception>
    public FileManifest Manifest(
        IgnoreRules ignore,
        IReadOnlyCollection<string>? demanded = null,
        ManifestForm? form = null,
        Func<TreeFile, bool>? where = null
    )
    {
        ArgumentNullException.ThrowIfNull(ignore);
        form ??= ManifestForm.Default;
        Cache?.Begin();
        var hidden = Hidden(ignore, demanded);
        var files = new FileTable();
        Walk(ignore, hidden, where, files.Add);
        CheckCount(files, form);
        var moved = Remember(files);
        var table = Hash(form, files);
        if (table.Files.SameAs(files.Names))
        {
            files.Share(table.Files);
        }
        for (var reading = 1; ; reading++)
        {
            ReadAgain(moved);
            moved = CheckUnchanged(files, ignore, hidden, where);
            if (moved.Count == 0)
            {
                break;
            }
            if (reading == FileStatus.MostReadings)
            {
                throw Changed($"'{moved[0].Name}' is not what it was");
            }
        }
        Listed = files.Names;
        return new FileManifest(Choose(table, files.Names));
    }

    /// <summary>The files that are not ignored, in code point order of their names.</summary>
    /// <param name="ignore">The paths left out.</param>
    /// <param name="demanded">Names that are listed whether ignored or not, where they exist.</param>
    /// <exception cref="MalformedDataException">The directory holds a symbolic link, a special file or too many files.</exception>
    /// <exception cref="IOException">A directory cannot be read.</exception>
    public IReadOnlyList<TreeFile> List(IgnoreRules ignore, IReadOnlyCollection<string>? demanded = null)
    {
        ArgumentNullException.ThrowIfNull(ignore);
        var files = new List<TreeFile>();
        Walk(
            ignore,
            Hidden(ignore, demanded),
            null,
            (ReadOnlySpan<byte> name, in FileStatus status) => files.Add(new TreeFile(Encoding.UTF8.GetString(name), status.Size))
        );
        return files;
    }

    internal static IOException Changed(FileTree tree, string what, Exception? inner = null) =>
        new($"'{tree.Path}' changed while it was read: {what}; try again when nothing writes to it", inner);

    private IOException Changed(string what, Exception? inner = null) => Changed(tree, what, inner);

    private delegate void FoundFile(ReadOnlySpan<byte> name, in FileStatus status);

    /// <summary>Asked for by name, so a link or a pipe somewhere else in what is ignored is nobody's concern.</summary>
    private List<string> Hidden(IgnoreRules ignore, IReadOnlyCollection<string>? demanded) =>
        demanded is null || ignore.Paths.Count == 0
            ? []
            : [.. demanded.Where(ignore.Matches).Distinct(StringComparer.Ordinal).Where(tree.Has).Order(CodePointOrder.Instance)];

    /// <summary>Tells of the files, those that are ignored and yet demanded among them, in code point order.</summary>
    private void Walk(IgnoreRules ignore, List<string> hidden, Func<TreeFile, bool>? where, FoundFile found)
    {
        using var walk = tree.Walk(ignore, cancellation);
        var next = 0;
        try
        {
            for (var more = true; more; )
            {
                more = walk.MoveNext();
                for (; next < hidden.Count; next++)
                {
                    var name = Encoding.UTF8.GetBytes(hidden[next]);
                    if (more && name.AsSpan().SequenceCompareTo(walk.Utf8) >= 0)
                    {
                        break;
                    }
                    Tell(name, tree.StatusOf(name));
                }
                if (more)
                {
                    Tell(walk.Utf8, walk.Status);
                }
            }
        }
        catch (FileNotFoundException e)
        {
            throw Changed($"'{e.FileName}' went away", e);
        }

        void Tell(ReadOnlySpan<byte> name, in FileStatus status)
        {
            if (where is null || where(new TreeFile(Encoding.UTF8.GetString(name), status.Size)))
            {
                found(name, status);
            }
        }
    }

    private void CheckCount(FileTable files, ManifestForm form)
    {
        decimal count = files.Count;
        if (form.ShardSize is not null)
        {
            count = 0;
            for (var i = 0; i < files.Count; i++)
            {
                count += form.EntriesOf(files[i].Size);
            }
        }
        if (count > Limits.ManifestEntries)
        {
            throw new MalformedDataException(
                "directory",
                tree.Path,
                $"{count} files or shards; at most {Limits.ManifestEntries} are accepted, so larger shards are needed"
            );
        }
    }

    /// <summary>Compares files with what they were when they were first seen, and keeps what is new.</summary>
    /// <returns>Those that have to be read again.</returns>
    private List<TreeFile> Remember(FileTable files)
    {
        var moved = new List<TreeFile>();
        if (_seen is null || _seen.Names.SameAs(files.Names))
        {
            for (var i = 0; _seen is not null && i < files.Count; i++)
            {
                Compare(_seen, i, files[i], moved);
            }
            _seen = files;
            return moved;
        }
        var all = new FileTable();
        for (int i = 0, j = 0; i < _seen.Count || j < files.Count; )
        {
            var compared = Compare(_seen.Names, i, files.Names, j);
            if (compared == 0)
            {
                Compare(_seen, i, files[j], moved);
            }
            all.Add(compared < 0 ? _seen.Names.Utf8(i) : files.Names.Utf8(j), compared < 0 ? _seen[i] : files[j]);
            i += compared <= 0 ? 1 : 0;
            j += compared >= 0 ? 1 : 0;
        }
        _seen = all;
        return moved;
    }

    /// <summary>Throws where a file of a table is not what it was, but for names that came or went, or a time that was put back: then it is to be read again.</summary>
    private void Compare(FileTable before, int index, in FileStatus status, List<TreeFile> moved)
    {
        if (before.IsSame(index, status))
        {
            return;
        }
        if (!before.MayBeSame(index, status))
        {
            throw Changed($"'{before.Names[index]}' is not what it was");
        }
        moved.Add(new TreeFile(before.Names[index], status.Size));
    }

    /// <summary>Walks the directory once more, and keeps what is new.</summary>
    /// <returns>The files that have to be read again.</returns>
    private List<TreeFile> CheckUnchanged(FileTable files, IgnoreRules ignore, List<string> hidden, Func<TreeFile, bool>? where)
    {
        var moved = new List<TreeFile>();
        var at = 0;
        Walk(ignore, hidden, where, Next);
        if (at != files.Count)
        {
            throw Changed("files came or went");
        }
        return moved;

        void Next(ReadOnlySpan<byte> name, in FileStatus status)
        {
            if (at == files.Count || !files.Names.Utf8(at).SequenceEqual(name))
            {
                throw Changed("files came or went");
            }
            var count = moved.Count;
            Compare(files, at, status, moved);
            if (moved.Count > count)
            {
                files.Renew(at, status);
                _seen!.Renew(_seen.Names.Find(name), status);
            }
            at++;
        }
    }

    /// <summary>The entries of some of a table's files.</summary>
    private static PackedEntries Choose(FormTable table, PackedNames files)
    {
        if (table.Files.SameAs(files))
        {
            return table.Entries;
        }
        var chosen = new FormTable(table.Form);
        for (int i = 0, j = 0; j < files.Count; i++)
        {
            if (table.Files.Utf8(i).SequenceEqual(files.Utf8(j)))
            {
                chosen.Add(table, i);
                j++;
            }
        }
        return chosen.Entries;
    }

    private static int Compare(PackedNames one, int i, PackedNames other, int j) =>
        i == one.Count ? 1
        : j == other.Count ? -1
        : one.Utf8(i).SequenceCompareTo(other.Utf8(j));
}
