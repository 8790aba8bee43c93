using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Packages;

namespace ArtifactTrust.Oci;

/// <summary>A file of an image that somebody wants, and the layer that brought it.</summary>
internal record ImageFile(int Layer, PackageFileUse Use, byte[] Content, string? Unreadable = null, string? Embedded = null);

/// <summary>
/// The file system that layers make, reduced to links and wanted files: other files are not kept, only what they replace is taken away.
/// </summary>
/// <remarks>
/// Spec: OCI image-spec 1.1, "Image Layer Filesystem Changeset", with the order in which containerd applies it: a member's folder is resolved
/// through the links of the layers below and of its own; a directory over a directory keeps what is in it, everything else replaces; whiteouts
/// take away what lower layers brought, and nothing of their own layer.
/// </remarks>
internal sealed class ImageTree
{
    private const string WhiteoutPrefix = ".wh.";
    private const string Opaque = ".wh..wh..opq";
    private const int MaximumLinks = 40;
    private const int MaximumDepth = 1024;

    private readonly Node _root = new();
    private int _nodes;
    private (string Folder, List<string>? Resolved)? _last;

    /// <summary>The bytes held.</summary>
    internal long HeldBytes { get; private set; }

    /// <summary>Whether a member of a layer takes away what lower layers brought, and is nothing itself.</summary>
    internal static bool IsWhiteout(string path) => NameOf(path).StartsWith(WhiteoutPrefix, StringComparison.Ordinal);

    /// <summary>A member's name as a path below the root: relative, without <c>.</c> and <c>..</c>.</summary>
    /// <exception cref="MalformedDataException">It leads out of the root, is empty or is nested beyond reason.</exception>
    internal static string Normal(string name)
    {
        var parts = new List<string>();
        foreach (var part in name.Split('/'))
        {
            if (part == "..")
            {
                if (parts.Count == 0)
                {
                    throw new MalformedDataException("image layer", Text.Clean(name, 200), "the member's name leads out of the layer");
                }
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part is not ("" or "."))
            {
                parts.Add(part);
            }
        }
        return parts.Count <= MaximumDepth
            ? string.Join('/', parts)
            : throw new MalformedDataException("image layer", Text.Clean(name, 200), $"nested more than {MaximumDepth} deep");
    }

    /// <summary>Where a member of that name comes to lie; null where links on the way lead in a circle.</summary>
    internal string? Place(string path)
    {
        var folder = FolderOf(path);
        if (_last is not { } last || last.Folder != folder)
        {
            _last = last = (folder, Resolve(folder));
        }
        return last.Resolved is { } parts ? Join(parts, NameOf(path)) : null;
    }

    /// <summary>A directory: replaces what is none.</summary>
    internal void PutDirectory(string place)
    {
        if (Find(place) is { IsDirectory: false })
        {
            Remove(place);
        }
    }

    /// <summary>A file or device that nobody wants: replaces what is there.</summary>
    internal void PutOther(string place) => Remove(place);

    /// <summary>A wanted file.</summary>
    internal void PutFile(string place, ImageFile file) => Put(place, new Node { File = file, Layer = file.Layer });

    /// <summary>A symbolic link.</summary>
    internal void PutLink(string place, string target, int layer) => Put(place, new Node { Link = target, Layer = layer });

    /// <summary>A hard link: the same file under another name.</summary>
    /// <param name="place">The link's place.</param>
    /// <param name="target">The other name's place.</param>
    /// <param name="use">What is wanted of a file of the link's name.</param>
    /// <param name="layer">The layer.</param>
    internal void PutHardLink(string place, string target, PackageFileUse use, int layer)
    {
        if (place == target)
        {
            return;
        }
        var other = Find(target);
        if (other?.File is { } file && (file.Use == PackageFileUse.Content || use != PackageFileUse.Content))
        {
            Put(place, new Node { File = file with { Layer = layer }, Layer = layer });
        }
        else if (other?.Link is { } link)
        {
            Put(place, new Node { Link = link, Layer = layer });
        }
        else if (use is PackageFileUse.Content or PackageFileUse.Name)
        {
            Put(place, new Node { HardLink = target, Layer = layer });
        }
        else
        {
            Remove(place);
        }
    }

    /// <summary>A whiteout.</summary>
    /// <param name="place">The place of the whiteout itself, in the folder that it is about.</param>
    /// <param name="layer">The layer it is in.</param>
    internal void Whiteout(string place, int layer)
    {
        var name = NameOf(place);
        var folder = FolderOf(place);
        if (name == Opaque)
        {
            if (Find(folder) is { } node)
            {
                HideBelow(node, layer);
            }
        }
        // Other names of that form are bookkeeping of one file system.
        else if (!name.StartsWith(".wh..wh.", StringComparison.Ordinal) && name.Length > WhiteoutPrefix.Length)
        {
            var hidden = Join(folder, name[WhiteoutPrefix.Length..]);
            if (Find(hidden) is { } node)
            {
                HideBelow(node, layer);
                if (!node.IsDirectory && node.Layer < layer)
                {
                    Remove(hidden);
                }
            }
        }
        _last = null;
    }

    /// <summary>Whether a hard link to a file that was not kept is there.</summary>
    internal bool IsHardLink(string place) => Find(place)?.HardLink is not null;

    /// <summary>The files, in order of their paths; a link of a wanted name gives the file it leads to where that has another.</summary>
    /// <param name="useOf">What is wanted of a path.</param>
    /// <param name="missing">Told the places of files that links of wanted names lead to, and that were not kept.</param>
    internal IEnumerable<(string Path, ImageFile File)> Files(Func<string, PackageFileUse> useOf, Action<string, string> missing)
    {
        var pending = new Stack<(string Path, Node Node)>();
        pending.Push(("", _root));
        while (pending.TryPop(out var next))
        {
            var (path, node) = next;
            if (node.File is { } file)
            {
                if (useOf(path) != PackageFileUse.None || file.Embedded is not null)
                {
                    yield return (path, file);
                }
            }
            else if (node.HardLink is { } other)
            {
                missing(path, other);
            }
            else if (node.Link is not null && useOf(path) == PackageFileUse.Content)
            {
                if (Resolve(path) is { } target && Join(target) is var place && place != path)
                {
                    if (Find(place)?.File is { Use: PackageFileUse.Content } linked)
                    {
                        if (useOf(place) != PackageFileUse.Content)
                        {
                            yield return (path, linked);
                        }
                    }
                    else
                    {
                        missing(path, place);
                    }
                }
            }
            foreach (
                var (name, child) in node.Children?.OrderByDescending(c => c.Key, StringComparer.Ordinal)
                    ?? Enumerable.Empty<KeyValuePair<string, Node>>()
            )
            {
                pending.Push((Join(path, name), child));
            }
        }
    }

    /// <summary>Follows every link of a path.</summary>
    /// <returns>The parts of where it leads, inside of the root whatever the links say; null where they lead in a circle.</returns>
    private List<string>? Resolve(string path)
    {
        var parts = new List<string>();
        var nodes = new List<Node?> { _root };
        var pending = new Stack<string>();
        Push(path);
        for (var links = 0; pending.TryPop(out var part); )
        {
            if (part == "..")
            {
                if (parts.Count > 0)
                {
                    parts.RemoveAt(parts.Count - 1);
                    nodes.RemoveAt(nodes.Count - 1);
                }
                continue;
            }
            if (part is "" or ".")
            {
                continue;
            }
            var child = nodes[^1]?.Children?.GetValueOrDefault(part);
            if (child?.Link is { } target)
            {
                if (++links > MaximumLinks)
                {
                    return null;
                }
                if (target.StartsWith('/'))
                {
                    parts.Clear();
                    nodes.RemoveRange(1, nodes.Count - 1);
                }
                Push(target);
                continue;
            }
            if (parts.Count >= MaximumDepth)
            {
                return null;
            }
            parts.Add(part);
            nodes.Add(child);
        }
        return parts;

        void Push(string text)
        {
            foreach (var part in text.Split('/').Reverse())
            {
                pending.Push(part);
            }
        }
    }

    private Node? Find(string place)
    {
        Node? node = _root;
        foreach (var part in Parts(place))
        {
            node = node?.Children?.GetValueOrDefault(part);
        }
        return node;
    }

    private void Put(string place, Node node)
    {
        Remove(place);
        if (_nodes > Limits.ImageNodes)
        {
            throw new MalformedDataException("image", Text.Clean(place, 200), $"more than {Limits.ImageNodes} links and wanted files");
        }
        var parent = _root;
        foreach (var part in Parts(FolderOf(place)))
        {
            if (parent.Children?.GetValueOrDefault(part) is not { } child)
            {
                (parent.Children ??= new(StringComparer.Ordinal)).Add(part, child = new Node());
                _nodes++;
            }
            else if (!child.IsDirectory)
            {
                // A file that something is put below can only have been replaced by a directory.
                Forget(child);
                child.Clear();
            }
            parent = child;
        }
        (parent.Children ??= new(StringComparer.Ordinal)).Add(NameOf(place), node);
        _nodes++;
        HeldBytes += node.File?.Content.Length ?? 0;
        _last = node.Link is null ? _last : null;
    }

    private void Remove(string place)
    {
        var parent = Find(FolderOf(place));
        if (parent?.Children is { } children && children.Remove(NameOf(place), out var node))
        {
            Forget(node);
            _last = null;
        }
    }

    private void HideBelow(Node node, int layer)
    {
        // The tree is as deep as its longest path, which is bounded.
        foreach (var (name, child) in node.Children?.ToArray() ?? [])
        {
            HideBelow(child, layer);
            if (child.IsDirectory ? child.Children is not { Count: > 0 } : child.Layer < layer)
            {
                node.Children!.Remove(name);
                Forget(child);
            }
        }
    }

    private void Forget(Node node)
    {
        _nodes--;
        HeldBytes -= node.File?.Content.Length ?? 0;
        foreach (var child in node.Children?.Values ?? Enumerable.Empty<Node>())
        {
            Forget(child);
        }
    }

    private static string[] Parts(string path) => path.Length == 0 ? [] : path.Split('/');

    private static string Join(List<string> folder, string name) => Join(Join(folder), name);

    private static string Join(List<string> parts) => string.Join('/', parts);

    private static string Join(string folder, string name) => folder.Length > 0 ? $"{folder}/{name}" : name;

    private static string FolderOf(string path) => path.LastIndexOf('/') is >= 0 and var slash ? path[..slash] : "";

    private static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    private sealed class Node
    {
        internal Dictionary<string, Node>? Children { get; set; }

        internal ImageFile? File { get; set; }

        internal string? Link { get; set; }

        internal string? HardLink { get; set; }

        internal int Layer { get; init; }

        internal bool IsDirectory => File is null && Link is null && HardLink is null;

        internal void Clear() => (File, Link, HardLink) = (null, null, null);
    }
}
