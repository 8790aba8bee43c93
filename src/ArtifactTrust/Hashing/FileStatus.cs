using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Hashing;

/// <summary>What the file system says of an open file.</summary>
internal readonly record struct FileStatus(bool IsRegular, long Size, ulong Inode, (long, uint) Modified, (long, uint) Changed)
{
    /// <summary>How often a file is read at most until its status was the same before and after.</summary>
    internal const int MostReadings = 5;

    /// <summary>The status; off Linux, the length alone.</summary>
    internal static FileStatus Of(SafeFileHandle file) =>
        OperatingSystem.IsLinux() ? LinuxFile.Status(file) : new FileStatus(true, RandomAccess.GetLength(file), 0, default, default);

    /// <summary>
    /// Whether all but the time of the last change of status is the same. A name that is given to the file or taken from it moves that time, and so
    /// does a write whose own time was put back: nothing is known of the bytes before they were read again.
    /// </summary>
    internal bool MayBeSame(FileStatus before) => this with { Changed = before.Changed } == before;
}
