using System.Diagnostics.CodeAnalysis;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Hashing;

/// <summary>Where the bytes of a snapshot in a hub's cache are: its files are symbolic links to the files of a directory beside it.</summary>
/// <remarks>
/// Spec: huggingface_hub, "Understand caching": <c>REPOSITORY/snapshots/REVISION/FILE</c> is a link to <c>../../blobs/NAME</c>. A link is followed by what it
/// says, not by the kernel, and to a regular file of that directory alone: nothing else outside of the snapshot can be reached.
/// </remarks>
internal sealed class SnapshotBlobs : IDisposable
{
    private const string Up = "../";
    private const string Blobs = "blobs/";

    private readonly string _snapshot;
    private readonly SafeFileHandle _blobs;

    private SnapshotBlobs(string snapshot, SafeFileHandle blobs) => (_snapshot, _blobs) = (snapshot, blobs);

    /// <summary>Opens the directory beside a snapshot; null where a directory is no snapshot. Linux only.</summary>
    internal static SnapshotBlobs? Beside(string path, SafeFileHandle snapshot)
    {
        try
        {
            // Asked of the directory itself: the path to it may have links.
            var isSnapshot =
                LinuxFile.StatusOf(snapshot, "..", follow: false).Inode
                == LinuxFile.StatusOf(snapshot, "../../snapshots", follow: false).Inode;
            return isSnapshot ? new SnapshotBlobs(path, LinuxFile.OpenSibling(snapshot, "../../blobs")) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Opens the file that a link of the snapshot stands for; false where the name is no such link.</summary>
    /// <exception cref="IOException">There is no regular file.</exception>
    internal bool TryOpen(string name, [NotNullWhen(true)] out SafeFileHandle? file, out FileStatus status)
    {
        (file, status) = (null, default);
        if (new FileInfo(Path.Join(_snapshot, name)).LinkTarget is not { } link)
        {
            return false;
        }
        var levels = 2 + name.AsSpan().Count('/');
        var toBlobs = string.Concat(Enumerable.Repeat(Up, levels)) + Blobs;
        if (!link.StartsWith(toBlobs, StringComparison.Ordinal) || link.AsSpan(toBlobs.Length).Contains('/'))
        {
            return false;
        }
        file = LinuxFile.OpenBeneath(_blobs, link[toBlobs.Length..], out status);
        return true;
    }

    public void Dispose() => _blobs.Dispose();
}
