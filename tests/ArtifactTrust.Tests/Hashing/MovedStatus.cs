using System.Runtime.Versioning;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Tests.Hashing;

/// <summary>What moves the time of the last change of a file's status, and not its size, inode and time of modification.</summary>
[SupportedOSPlatform("linux")]
internal static class MovedStatus
{
    /// <summary>Makes a file of random bytes, with a time that can be put back exactly.</summary>
    internal static void Write(string path, int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        File.WriteAllBytes(path, bytes);
        SetTime(path);
    }

    /// <summary>Gives a file a whole second as its time of modification.</summary>
    internal static void SetTime(string path) => File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddYears(50));

    /// <summary>Gives a file another name, and takes it away again.</summary>
    internal static void Link(string path)
    {
        var before = Of(path);
        var other = Path.Join(Path.GetTempPath(), Path.GetRandomFileName());
        // The clock of a file system has ticks of some milliseconds.
        do
        {
            using var file = LinuxFile.OpenFile(path);
            Assert.True(LinuxDirectory.TryLink(file, other));
            File.Delete(other);
        } while (Of(path) == before);
        Assert.True(Of(path).MayBeSame(before));
    }

    /// <summary>Changes the first byte of a file that was made by <see cref="Write"/>.</summary>
    internal static void ChangeAndSetTimeBack(string path)
    {
        var (before, mode) = (Of(path), File.GetUnixFileMode(path));
        File.SetUnixFileMode(path, mode | UnixFileMode.UserWrite);
        using (var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite))
        {
            var first = file.ReadByte();
            file.Position = 0;
            file.WriteByte((byte)(first ^ 1));
        }
        File.SetUnixFileMode(path, mode);
        do
        {
            SetTime(path);
        } while (Of(path) == before);
        Assert.True(Of(path).MayBeSame(before));
    }

    private static FileStatus Of(string path)
    {
        using var file = LinuxFile.OpenFile(path);
        return FileStatus.Of(file);
    }
}
