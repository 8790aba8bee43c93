using ArtifactTrust.Hashing;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Tests.Hashing;

public sealed class LinuxFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("file")]
    [InlineData("d/e/file")]
    [InlineData("～/😀")]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("/")]
    [InlineData("d/")]
    [InlineData("d//e/file")]
    [InlineData("d/./e/file")]
    [InlineData("d/../file")]
    [InlineData("../outside")]
    [InlineData("/etc/passwd")]
    [InlineData("absent")]
    [InlineData("absent/file")]
    [InlineData("file/below")]
    [InlineData("d")]
    [InlineData("link")]
    [InlineData("linked/file")]
    [InlineData("d/out/outside")]
    [InlineData("d/magic/root")]
    public void One_call_opens_what_opening_part_by_part_opens_and_refuses_what_that_refuses(string name)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        _directory.File("root/file", "1");
        _directory.File("root/d/e/file", "22");
        _directory.File("root/～/😀", "333");
        _directory.File("outside", "secret");
        var root = Path.Combine(_directory.Path, "root");
        File.CreateSymbolicLink(Path.Combine(root, "link"), "file");
        Directory.CreateSymbolicLink(Path.Combine(root, "linked"), "d/e");
        Directory.CreateSymbolicLink(Path.Combine(root, "d/out"), "../..");
        Directory.CreateSymbolicLink(Path.Combine(root, "d/magic"), "/proc/self");
        using var tree = LinuxFile.OpenRoot(root);
        Assert.Equal(Outcome(LinuxFile.OpenBeneathByParts, tree, name), Outcome(LinuxFile.OpenBeneath, tree, name));
    }

    private delegate SafeFileHandle Opening(SafeFileHandle root, string name, out FileStatus status);

    private static string Outcome(Opening open, SafeFileHandle root, string name)
    {
        try
        {
            using var file = open(root, name, out var status);
            return $"{status.Inode} of {status.Size} bytes";
        }
        catch (IOException e)
        {
            return $"{e.GetType().Name}: {e.Message}";
        }
    }
}
