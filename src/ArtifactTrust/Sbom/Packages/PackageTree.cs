using System.IO.Enumeration;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Sbom.Packages;

/// <summary>The packages of a directory.</summary>
/// <remarks>
/// Symbolic links are not followed: what they lead to is found where it is, or lies outside. Only a link that is <c>os-release</c> itself is
/// followed, within the directory. A directory or file that the user may not read becomes a gap.
/// </remarks>
public static class PackageTree
{
    private const int BlockBytes = 256 << 10;

    private static readonly string[] SystemFiles =
    [
        "etc/os-release",
        "usr/lib/os-release",
        "var/lib/dpkg/status",
        "lib/apk/db/installed",
        "usr/lib/apk/db/installed",
        "conda-meta",
    ];

    /// <summary>Looks for packages.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="search">Which statements about packages count.</param>
    /// <param name="cancellation">Stops between two files.</param>
    /// <exception cref="IOException">The directory is absent or cannot be listed.</exception>
    /// <exception cref="MalformedDataException">There are more files than <see cref="Limits.ManifestEntries"/>.</exception>
    public static PackageInventory Read(string path, PackageSearch search, CancellationToken cancellation = default)
    {
        using var tree = FileTree.Open(path);
        var catalog = new PackageCatalog(search);
        var seen = 0;
        foreach (var (name, isExecutable, failure) in Walk(tree, catalog))
        {
            cancellation.ThrowIfCancellationRequested();
            if (failure is not null)
            {
                catalog.AddGap(name, failure);
                continue;
            }
            if (++seen > Limits.ManifestEntries)
            {
                throw new MalformedDataException("directory", path, $"more than {Limits.ManifestEntries} files");
            }
            Take(tree, catalog, name, isExecutable);
        }
        return catalog.ToInventory();
    }

    /// <summary>Whether a directory is the root of an installed system or a part of one, and not a source tree.</summary>
    /// <param name="path">The directory.</param>
    public static bool IsInstalledSystem(string path) => SystemFiles.Any(f => Path.Exists(Path.Join(path, f)));

    /// <summary>Whether a directory has lock files or manifests of packages at its top.</summary>
    /// <param name="path">The directory.</param>
    /// <exception cref="IOException">The directory cannot be listed.</exception>
    public static bool HasManifest(string path) =>
        Directory
            .EnumerateFiles(path)
            .Select(f => Path.GetFileName(f))
            .Any(f =>
                PackageFormats.Locked(f) is not null || PackageFormats.LocksOf(f) is not null || PackageFormats.ForeignLock(f) is not null
            );

    private static IEnumerable<(string Name, bool IsExecutable, string? Failure)> Walk(FileTree tree, PackageCatalog catalog)
    {
        var pending = new Stack<string>();
        pending.Push("");
        while (pending.TryPop(out var folder))
        {
            var (entries, failure) = List(Path.Join(tree.Path, folder));
            if (failure is not null)
            {
                // Of the top nothing could be said at all.
                yield return folder.Length > 0
                    ? (folder, false, failure)
                    : throw new IOException($"'{tree.Path}' cannot be listed: {failure}");
                continue;
            }
            foreach (var entry in entries)
            {
                var name = folder.Length > 0 ? $"{folder}/{entry.Name}" : entry.Name;
                if (entry.IsLink)
                {
                    if (name is "etc/os-release")
                    {
                        yield return (name, false, null);
                    }
                }
                else if (!entry.IsDirectory)
                {
                    yield return (name, entry.IsExecutable, null);
                }
                // What the kernel shows there is no file of the system.
                else if (catalog.Enters(entry.Name) && !(folder.Length == 0 && tree.Path == "/" && entry.Name is "proc" or "sys" or "dev"))
                {
                    pending.Push(name);
                }
            }
        }
    }

    private static (List<Entry> Entries, string? Failure) List(string directory)
    {
        try
        {
            var entries = new FileSystemEnumerable<Entry>(
                directory,
                static (ref FileSystemEntry e) =>
                    new Entry(
                        e.FileName.ToString(),
                        e.IsDirectory,
                        e.Attributes.HasFlag(FileAttributes.ReparsePoint),
                        !e.IsDirectory && IsExecutable(ref e)
                    ),
                new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false }
            ).ToList();
            entries.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
            return (entries, null);
        }
        catch (UnauthorizedAccessException)
        {
            return ([], "the directory may not be listed");
        }
        catch (IOException e)
        {
            return ([], $"the directory cannot be listed: {e.Message}");
        }
    }

    // What is no program by its name is not asked for its rights: that takes a call each.
    private static bool IsExecutable(ref FileSystemEntry entry)
    {
        if (
            OperatingSystem.IsWindows()
            || entry.Attributes.HasFlag(FileAttributes.ReparsePoint)
            || entry.Attributes.HasFlag(FileAttributes.Device)
        )
        {
            return false;
        }
        try
        {
            const UnixFileMode Execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
            return (File.GetUnixFileMode(entry.ToSpecifiedFullPath()) & Execute) != 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    private static void Take(FileTree tree, PackageCatalog catalog, string name, bool isExecutable)
    {
        var use = catalog.UseOf(name, isExecutable);
        if (use == PackageFileUse.None)
        {
            return;
        }
        if (use == PackageFileUse.Name)
        {
            catalog.Add(new PackageFile(name, default));
            return;
        }
        try
        {
            using var stream = name == "etc/os-release" ? OpenRelease(tree) : tree.OpenRead(name);
            if (use == PackageFileUse.Program)
            {
                if (Embedded(stream) is { } embedded)
                {
                    catalog.Add(new PackageFile(name, default) { Embedded = embedded });
                }
                return;
            }
            if (stream.Length > PackageCatalog.ContentLimit)
            {
                catalog.Add(
                    new PackageFile(name, default) { Unreadable = $"{stream.Length} bytes; at most {PackageCatalog.ContentLimit} are read" }
                );
                return;
            }
            var content = new byte[stream.Length];
            var length = stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            catalog.Add(new PackageFile(name, content.AsMemory(0, length)));
        }
        catch (FileNotFoundException)
        {
            // Removed since it was listed, or a link that leads nowhere.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            catalog.Add(new PackageFile(name, default) { Unreadable = "it cannot be opened" });
            if (use == PackageFileUse.Program)
            {
                catalog.AddGap(name, "a program that cannot be opened");
            }
        }
    }

    private static FileStream OpenRelease(FileTree tree)
    {
        var link = new FileInfo(Path.Join(tree.Path, "etc/os-release")).LinkTarget;
        return tree.OpenRead(link is null ? "etc/os-release" : "usr/lib/os-release");
    }

    private static string? Embedded(FileStream stream)
    {
        var scan = new ProgramScan();
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            for (
                int read;
                !scan.IsDone && (read = stream.ReadAtLeast(buffer, scan.HasStarted ? BlockBytes : 4096, throwOnEndOfStream: false)) > 0;

            )
            {
                scan.Append(buffer.AsSpan(0, read));
            }
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
        return scan.Embedded;
    }

    private readonly record struct Entry(string Name, bool IsDirectory, bool IsLink, bool IsExecutable);
}
