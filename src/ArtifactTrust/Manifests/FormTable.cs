using System.Text;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>Files that were hashed in one form, in code point order of their names, and the entries of each.</summary>
internal sealed class FormTable
{
    // For whole files an entry's place is its file's; for shards, where each file's begin.
    private readonly ChunkedList<int>? _starts;

    internal FormTable(ManifestForm form)
    {
        Form = form;
        _starts = form.ShardSize is null ? null : new ChunkedList<int>();
        Entries = new PackedEntries(form.Algorithm, form.ShardSize is null ? Files : null);
    }

    /// <summary>The form.</summary>
    internal ManifestForm Form { get; }

    /// <summary>The files' names.</summary>
    internal PackedNames Files { get; } = new();

    /// <summary>Their entries, file by file.</summary>
    internal PackedEntries Entries { get; }

    /// <summary>Adds the next file.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="digests">Its digest, or those of its shards.</param>
    /// <param name="size">Its size.</param>
    internal void Add(ReadOnlySpan<byte> name, IEnumerable<byte[]> digests, long size)
    {
        Files.Add(name);
        _starts?.Add(Entries.Count);
        var start = 0L;
        foreach (var digest in digests)
        {
            var end = Form.ShardSize is { } shard ? Math.Min(size, start + shard) : size;
            if (_starts is not null)
            {
                Entries.Names.Add(ManifestForm.ShardName(Encoding.UTF8.GetString(name), start, end));
            }
            Entries.Add(digest, end - start);
            start = end;
        }
    }

    /// <summary>Adds a file of another table.</summary>
    internal void Add(FormTable other, int file)
    {
        Files.Add(other.Files.Utf8(file));
        _starts?.Add(Entries.Count);
        var (start, end) = other.Range(file);
        for (var i = start; i < end; i++)
        {
            if (_starts is not null)
            {
                Entries.Names.Add(other.Entries.Names.Utf8(i));
            }
            Entries.Add(other.Entries.DigestOf(i), other.Entries.SizeOf(i));
        }
    }

    /// <summary>The entries of one file, as objects.</summary>
    internal IReadOnlyList<ManifestEntry> EntriesOf(int file)
    {
        var (start, end) = Range(file);
        return [.. Enumerable.Range(start, end - start).Select(i => Entries[i])];
    }

    private (int Start, int End) Range(int file) =>
        _starts is null ? (file, file + 1) : (_starts[file], file + 1 < Files.Count ? _starts[file + 1] : Entries.Count);
}
