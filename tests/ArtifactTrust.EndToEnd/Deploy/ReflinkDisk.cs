using ArtifactTrust.EndToEnd.Cli;

namespace ArtifactTrust.EndToEnd.Deploy;

/// <summary>A file system that shares blocks between files (XFS), in a file. Only root can mount one.</summary>
internal sealed class ReflinkDisk : IDisposable
{
    private readonly string _path;

    private ReflinkDisk(string path) => _path = path;

    /// <summary>Why there can be none here; null where there can.</summary>
    internal static string? Problem { get; } = Try();

    /// <summary>Mounts one at <c>disk</c> in a folder.</summary>
    internal static ReflinkDisk Mount(string folder)
    {
        var ended = Tool.Execute(
            folder,
            null,
            "",
            ["bash", "-c", "mkdir disk && truncate -s 400M image && mkfs.xfs -q -m reflink=1 image && mount -o loop image disk"]
        );
        return ended.ExitCode == 0 ? new ReflinkDisk(Path.Join(folder, "disk")) : throw new IOException(ended.ToString());
    }

    public void Dispose() => Tool.Execute("/", null, "", ["umount", _path]);

    private static string? Try()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
        {
            return "only root can mount a file system";
        }
        var folder = Directory.CreateTempSubdirectory("reflink-disk-").FullName;
        try
        {
            Mount(folder).Dispose();
            return null;
        }
        catch (IOException)
        {
            return "no XFS can be made and mounted here";
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

/// <summary>A test that needs a file system that shares blocks, and says so where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ReflinkFactAttribute : FactAttribute
{
    public ReflinkFactAttribute()
    {
        Skip = ReflinkDisk.Problem;
    }
}
