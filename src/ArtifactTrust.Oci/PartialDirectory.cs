using System.Security.Cryptography;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>A directory beside its later place, in which a pull puts files until all are there: <c>.DIR.MANIFEST.partial</c>.</summary>
/// <remarks>As long as a pull lives, it holds <c>.DIR.partial.lock</c>: no two write to one place, and what no pull goes on with can be removed.</remarks>
internal sealed class PartialDirectory : IDisposable
{
    private const string Suffix = ".partial";
    private const int KeyLength = 16;

    private readonly string _target;
    private readonly string _prefix;
    private readonly FileStream _lock;

    private PartialDirectory(string target, string prefix, string key, FileStream held)
    {
        _target = target;
        _prefix = prefix;
        _lock = held;
        Path = $"{prefix}{key}{Suffix}";
    }

    /// <summary>Its full path.</summary>
    internal string Path { get; }

    /// <summary>Takes the right to pull to a place, and makes nothing there yet.</summary>
    /// <param name="target">The place, a full path.</param>
    /// <param name="manifest">What is pulled.</param>
    /// <exception cref="IOException">Another pull to it is going on, or the directory above cannot be written.</exception>
    internal static PartialDirectory Open(string target, ImageManifest manifest)
    {
        var parent = System.IO.Path.GetDirectoryName(target)!;
        var prefix = System.IO.Path.Join(parent, $".{System.IO.Path.GetFileName(target)}.");
        var path = $"{prefix}partial.lock";
        try
        {
            Directory.CreateDirectory(parent);
            while (true)
            {
                if (new FileInfo(path).LinkTarget is not null)
                {
                    throw new IOException($"'{path}' is a symbolic link; links are not followed");
                }
                var held = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
                if (File.Exists(path))
                {
                    return new PartialDirectory(target, prefix, Key(parent, manifest), held);
                }
                // The pull that held it ended in between, and removed it.
                held.Dispose();
            }
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"'{target}' cannot be written: {e.Message}", e);
        }
        catch (IOException e) when (new FileInfo(path) is { Exists: true, LinkTarget: null })
        {
            throw new IOException($"another pull to '{target}' is going on; wait for it, or name another directory", e);
        }
    }

    /// <summary>The same for pulls of one manifest, so that one goes on where another ended.</summary>
    private static string Key(string parent, ImageManifest manifest) =>
        // Where anybody may write, as in /tmp, anybody could have made the directory that is gone on with, and would own what is published.
        !OperatingSystem.IsWindows() && (File.GetUnixFileMode(parent) & UnixFileMode.OtherWrite) != 0
            ? RandomNumberGenerator.GetHexString(KeyLength, lowercase: true)
            : DigestAlgorithm.Sha256.Hash(manifest.ToUtf8Bytes()).Hex[..KeyLength];

    /// <summary>Makes the directory.</summary>
    /// <returns>The files that an earlier pull of the same manifest left there whole; everything else there is removed.</returns>
    /// <exception cref="IOException">It is a link, or cannot be made.</exception>
    internal HashSet<string> Prepare(IReadOnlyList<ModelFile> files)
    {
        var present = new HashSet<string>(StringComparer.Ordinal);
        if (new DirectoryInfo(Path).LinkTarget is not null)
        {
            throw new IOException($"'{Path}' is a symbolic link; links are not followed");
        }
        if (Directory.Exists(Path))
        {
            try
            {
                var expected = files.ToDictionary(f => f.Path, f => f.Layer, StringComparer.Ordinal);
                using var tree = FileTree.Open(Path);
                foreach (var file in tree.List(new IgnoreRules([])))
                {
                    using var handle = tree.OpenHandle(file.Name);
                    if (
                        expected.TryGetValue(file.Name, out var layer)
                        && file.Size == layer.Size
                        && new FileHasher(layer.Digest.Algorithm).Hash(handle).Digest.Equals(layer.Digest)
                    )
                    {
                        present.Add(file.Name);
                    }
                    else
                    {
                        File.Delete(System.IO.Path.Join(Path, file.Name));
                    }
                }
                return present;
            }
            catch (MalformedDataException)
            {
                // A link, or a name that no pull writes: it is not ours to go on with.
                Directory.Delete(Path, recursive: true);
            }
        }
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(Path);
        }
        else
        {
            Directory.CreateDirectory(
                Path,
                UnixFileMode.UserRead
                    | UnixFileMode.UserWrite
                    | UnixFileMode.UserExecute
                    | UnixFileMode.GroupRead
                    | UnixFileMode.GroupExecute
                    | UnixFileMode.OtherRead
                    | UnixFileMode.OtherExecute
            );
        }
        return [];
    }

    /// <summary>Puts the directory in its place, and removes what pulls of other manifests to the same place left.</summary>
    /// <exception cref="IOException">The place is taken, or cannot be written.</exception>
    internal void Publish()
    {
        Directory.Move(Path, _target);
        foreach (var other in Directory.EnumerateDirectories(System.IO.Path.GetDirectoryName(_target)!, $"*{Suffix}"))
        {
            var isOurs =
                other.Length == Path.Length
                && other.StartsWith(_prefix, StringComparison.Ordinal)
                && other[_prefix.Length..^Suffix.Length].All(char.IsAsciiHexDigitLower);
            if (isOurs)
            {
                TryDelete(other);
            }
        }
    }

    /// <summary>Removes what was fetched.</summary>
    internal void Remove()
    {
        if (Directory.Exists(Path))
        {
            TryDelete(Path);
        }
    }

    public void Dispose() => _lock.Dispose();

    private static void TryDelete(string directory)
    {
        try
        {
            // Of a link, the link.
            Directory.Delete(directory, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What was published or refused stands.
        }
    }
}
