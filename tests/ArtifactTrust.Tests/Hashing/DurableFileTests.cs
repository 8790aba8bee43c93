using System.Net.Sockets;
using System.Runtime.Versioning;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Tests.Hashing;

public sealed class DurableFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Place => Path.Combine(_directory.Path, "file");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_file_appears_when_it_is_whole()
    {
        using var file = DurableFile.Create(Place);
        file.Stream.Write("half"u8);
        file.Stream.Write(" whole"u8);
        file.Sync();
        Assert.False(File.Exists(Place));
        // A second time does nothing.
        file.Sync();
        file.Commit();
        Assert.Equal("half whole", File.ReadAllText(Place));
        Assert.Equal([Place], Directory.GetFileSystemEntries(_directory.Path));
    }

    [Fact]
    public void A_file_that_is_not_put_in_place_leaves_nothing_behind()
    {
        using (var file = DurableFile.Create(Place))
        {
            file.Stream.Write("half"u8);
            var temporary = Assert.Single(Directory.GetFiles(_directory.Path, DurableFile.TemporaryPattern));
            Assert.Equal(4, new FileInfo(temporary).Length);
        }
        Assert.Empty(Directory.GetFileSystemEntries(_directory.Path));
    }

    [Theory]
    [InlineData("/dev/null")]
    [InlineData("/proc/self/fd/1")]
    public void A_device_is_not_replaced_nor_what_leads_to_one(string target)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        // Never the device itself: a test that fails would do away with it.
        File.CreateSymbolicLink(Place, target);
        var e = Assert.Throws<IOException>(() => DurableFile.Write(Place, "x"u8));
        Assert.Contains("is not a regular file", e.Message, StringComparison.Ordinal);
        Assert.Equal(target, new FileInfo(Place).LinkTarget);
        Assert.Equal([Place], Directory.GetFileSystemEntries(_directory.Path));
    }

    [Fact]
    public void A_socket_is_not_replaced()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(Place));
        Assert.Throws<IOException>(() => DurableFile.Write(Place, "x"u8));
        Assert.Throws<IOException>(() => DurableFile.Write(Place, "x"u8, replace: false));
        Assert.Equal([Place], Directory.GetFileSystemEntries(_directory.Path));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_link_to_a_file_is_replaced_and_the_file_stays(bool isThere)
    {
        var other = Path.Combine(_directory.Path, "other");
        if (isThere)
        {
            File.WriteAllText(other, "old");
        }
        File.CreateSymbolicLink(Place, other);
        DurableFile.Write(Place, "new"u8);
        Assert.Null(new FileInfo(Place).LinkTarget);
        Assert.Equal("new", File.ReadAllText(Place));
        Assert.Equal(isThere ? "old" : null, File.Exists(other) ? File.ReadAllText(other) : null);
    }

    [Fact]
    public void What_a_killed_process_left_is_removed_and_what_is_being_written_stays()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        var left = Path.Combine(_directory.Path, ".artifact-trust-0123.tmp");
        File.WriteAllText(left, "half");
        File.WriteAllText(Path.Combine(_directory.Path, ".artifact-trust-0123.txt"), "other");
        File.CreateSymbolicLink(Path.Combine(_directory.Path, ".artifact-trust-link.tmp"), Place);
        using var written = DurableFile.Create(Place);
        DurableFile.RemoveLeftovers(_directory.Path);
        written.Stream.Write("whole"u8);
        DurableFile.RemoveLeftovers(_directory.Path);
        written.Sync();
        DurableFile.RemoveLeftovers(_directory.Path);
        written.Commit();
        Assert.False(File.Exists(left));
        Assert.Equal("whole", File.ReadAllText(Place));
        Assert.Equal(3, Directory.GetFileSystemEntries(_directory.Path).Length);
        DurableFile.RemoveLeftovers(Path.Combine(_directory.Path, "nowhere"));
    }

    [Fact]
    public void A_directory_that_is_not_there_is_said_to_be_missing_by_the_name_that_was_given()
    {
        var place = Path.Combine(_directory.Path, "nowhere/file");
        Assert.StartsWith(
            $"'{place}'",
            Assert.Throws<DirectoryNotFoundException>(() => DurableFile.Create(place)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_fails_or_is_stopped_while_it_is_written_leaves_the_old_file(bool isStopped)
    {
        File.WriteAllText(Place, "old");
        using var source = new CancellationTokenSource();
        if (isStopped)
        {
            await Assert.ThrowsAsync<OperationCanceledException>(() =>
                DurableFile.WriteAsync(
                    Place,
                    async stream =>
                    {
                        await stream.WriteAsync("new"u8.ToArray());
                        await source.CancelAsync();
                    },
                    source.Token
                )
            );
        }
        else
        {
            Assert.Throws<InvalidDataException>(() => DurableFile.Write(Place, (Stream _) => throw new InvalidDataException()));
        }
        Assert.Equal("old", File.ReadAllText(Place));
        Assert.Equal([Place], Directory.GetFileSystemEntries(_directory.Path));
    }

    [Fact]
    public void A_file_is_replaced_where_it_may_be()
    {
        DurableFile.Write(Place, "old"u8, replace: false);
        Assert.Contains(
            "exists",
            Assert.Throws<IOException>(() => DurableFile.Write(Place, "new"u8, replace: false)).Message,
            StringComparison.Ordinal
        );
        Assert.Equal("old", File.ReadAllText(Place));
        DurableFile.Write(Place, "new"u8);
        Assert.Equal("new", File.ReadAllText(Place));
        DurableFile.Write(Place, stream => stream.Write("newer"u8));
        Assert.Equal("newer", File.ReadAllText(Place));
        Assert.Equal([Place], Directory.GetFileSystemEntries(_directory.Path));
    }

    [Theory]
    [InlineData("file")]
    [InlineData("link")]
    [InlineData("directory")]
    public void What_came_in_between_is_not_replaced_where_it_may_not_be(string kind)
    {
        using (var file = DurableFile.Create(Place, replace: false))
        {
            file.Stream.Write("new"u8);
            Make(kind);
            Assert.Throws<IOException>(file.Commit);
        }
        Assert.Equal([Place], Directory.GetFileSystemEntries(_directory.Path));
        Assert.Equal(kind == "directory", Directory.Exists(Place));
        Assert.Equal(kind == "link" ? "/nowhere" : null, new FileInfo(Place).LinkTarget);
        Assert.True(kind != "file" || File.ReadAllText(Place) == "mine");
    }

    [Theory]
    [InlineData("file")]
    [InlineData("link")]
    [InlineData("directory")]
    public void What_is_there_is_told_before_anything_is_written(string kind)
    {
        Make(kind);
        Assert.Throws<IOException>(() => DurableFile.Create(Place, replace: false));
        Assert.Equal([Place], Directory.GetFileSystemEntries(_directory.Path));
    }

    [Fact]
    public void A_directory_is_never_replaced()
    {
        Make("directory");
        Assert.Contains("is a directory", Assert.Throws<IOException>(() => DurableFile.Create(Place)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_is_replaced_and_not_written_through()
    {
        var target = Path.Combine(_directory.Path, "target");
        File.WriteAllText(target, "kept");
        File.CreateSymbolicLink(Place, target);
        DurableFile.Write(Place, "new"u8);
        Assert.Equal(("kept", "new"), (File.ReadAllText(target), File.ReadAllText(Place)));
        Assert.Null(new FileInfo(Place).LinkTarget);
    }

    [Fact]
    public void A_missing_directory_is_told() =>
        Assert.Throws<DirectoryNotFoundException>(() => DurableFile.Create(Path.Combine(_directory.Path, "no", "file")));

    [Fact]
    public void A_name_as_long_as_names_can_be_is_written()
    {
        var place = Path.Combine(_directory.Path, new string('x', 255));
        DurableFile.Write(place, "new"u8);
        Assert.Equal("new", File.ReadAllText(place));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void The_permissions_are_those_asked_for_from_the_first_moment_on()
    {
        const UnixFileMode mine = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = DurableFile.Create(Place, mode: mine);
        Assert.Equal(mine, File.GetUnixFileMode(file.Stream.SafeFileHandle));
        file.Commit();
        Assert.Equal(mine, File.GetUnixFileMode(Place));
    }

    [Fact]
    public void Where_no_file_can_be_made_it_is_an_io_error() =>
        Assert.ThrowsAny<IOException>(() => DurableFile.Write("/proc/self/artifact-trust-test", "new"u8));

    private void Make(string kind)
    {
        switch (kind)
        {
            case "file":
                File.WriteAllText(Place, "mine");
                break;
            case "link":
                File.CreateSymbolicLink(Place, "/nowhere");
                break;
            default:
                Directory.CreateDirectory(Place);
                break;
        }
    }
}
