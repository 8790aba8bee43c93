using System.Diagnostics;
using System.Net.Sockets;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Tests.Hashing;

public sealed class FileTreeTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Files_are_listed_in_code_point_order_with_dotfiles_and_empty_files()
    {
        foreach (var name in (string[])["a/b", "a-b", "a.txt", ".hidden", "～", "😀", "sub/.git/x", "e:1:2"])
        {
            _directory.File(name, name == "a-b" ? "" : name);
        }
        Assert.Equal([".hidden", "a-b", "a.txt", "a/b", "e:1:2", "sub/.git/x", "～", "😀"], List());
    }

    [Fact]
    public void A_link_to_a_file_is_refused()
    {
        _directory.File("a", "a");
        File.CreateSymbolicLink(Path.Combine(_directory.Path, "link"), Path.Combine(_directory.Path, "a"));
        Assert.Equal("link", Assert.Throws<MalformedDataException>(() => List()).Location);
    }

    [Fact]
    public void A_link_to_a_directory_is_refused_and_not_left_out()
    {
        _directory.File("d/a", "a");
        Directory.CreateSymbolicLink(Path.Combine(_directory.Path, "link"), Path.Combine(_directory.Path, "d"));
        Assert.Equal("link", Assert.Throws<MalformedDataException>(() => List()).Location);
    }

    [Fact]
    public void A_list_of_all_names_what_cannot_be_read_and_why()
    {
        using var outside = new TemporaryDirectory();
        _directory.File("blobs/1", "bytes");
        _directory.File("z", "z");
        Directory.CreateDirectory(Path.Combine(_directory.Path, "snapshots"));
        Link("snapshots/model.bin", "../blobs/1");
        Link("absent", "nothing");
        Link("circle", "circle");
        Link("folder", "blobs");
        Link("out", outside.File("secret", "secret"));
        Link("device", "/dev/zero");
        Link("y\nx", "z");
        using var socket = new System.Net.Sockets.Socket(
            System.Net.Sockets.AddressFamily.Unix,
            System.Net.Sockets.SocketType.Stream,
            System.Net.Sockets.ProtocolType.Unspecified
        );
        socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(Path.Combine(_directory.Path, "socket")));
        using var tree = FileTree.Open(_directory.Path, allowLinks: true);
        var files = tree.ListAll(IgnoreRules.None);
        Assert.Equal(
            ["absent", "blobs/1", "circle", "device", "folder", "out", "snapshots/model.bin", "socket", "y\\nx", "z"],
            files.Select(f => f.Name)
        );
        Assert.Equal(
            [("blobs/1", 5), ("snapshots/model.bin", 5), ("z", 1)],
            files.Where(f => f.Obstacle is null).Select(f => (f.Name, f.Size))
        );
        Assert.Contains("leads out of the directory", files.Single(f => f.Name == "out").Obstacle, StringComparison.Ordinal);
        Assert.Contains("not opened", files.Single(f => f.Name == "socket").Obstacle, StringComparison.Ordinal);
        Assert.Contains("line feed", files.Single(f => f.Name == "y\\nx").Obstacle, StringComparison.Ordinal);
        Assert.Throws<MalformedDataException>(() => tree.List(IgnoreRules.None));
        // Where links are not followed, each is named.
        using var strict = FileTree.Open(_directory.Path);
        Assert.NotNull(strict.ListAll(IgnoreRules.None).Single(f => f.Name == "snapshots/model.bin").Obstacle);

        void Link(string name, string target) => File.CreateSymbolicLink(Path.Combine(_directory.Path, name), target);
    }

    [Fact]
    public void A_snapshot_of_a_hubs_cache_is_read_with_the_files_beside_it_and_nothing_else_there()
    {
        _directory.File("m/blobs/1", "bytes");
        _directory.File("m/blobs/2", "{}");
        _directory.File("m/blobs/below/3", "x");
        _directory.File("m/refs/main", "abc");
        _directory.File("secret", "secret");
        _directory.File("m/snapshots/abc/own", "own");
        Directory.CreateDirectory(Path.Combine(_directory.Path, "m/snapshots/abc/unet"));
        Link("blobs/out", "../../secret");
        Link("snapshots/abc/model.bin", "../../blobs/1");
        Link("snapshots/abc/unet/config.json", "../../../blobs/2");
        Link("snapshots/abc/within", "own");
        (string Name, string Target)[] refused =
        [
            ("absent", "../../blobs/9"),
            ("absolute", Path.Combine(_directory.Path, "m/blobs/1")),
            ("all", "../../blobs"),
            ("below", "../../blobs/below/3"),
            ("circle", "circle"),
            ("dots", "../../blobs/.."),
            ("ref", "../../refs/main"),
            ("roundabout", "../../blobs/../../secret"),
            ("secret", "../../../secret"),
            ("through", "../../blobs/out"),
            ("unet/high", "../../blobs/1"),
        ];
        Array.ForEach(refused, r => Link($"snapshots/abc/{r.Name}", r.Target));
        // Links on the way to the snapshot are the caller's own.
        Directory.CreateSymbolicLink(Path.Combine(_directory.Path, "shortcut"), "m/snapshots/abc");
        foreach (var path in (string[])["m/snapshots/abc", "shortcut"])
        {
            using var tree = FileTree.OpenToLook(Path.Combine(_directory.Path, path));
            var files = tree.ListAll(IgnoreRules.None);
            Assert.Equal(
                [
                    ("model.bin", 5, "../../blobs/1"),
                    ("own", 3, null),
                    ("unet/config.json", 2, "../../../blobs/2"),
                    ("within", 3, (string?)"own"),
                ],
                files.Where(f => f.Obstacle is null).Select(f => (f.Name, f.Size, f.LinkTarget))
            );
            Assert.Equal(refused.Select(r => r.Name), files.Where(f => f.Obstacle is not null).Select(f => f.Name));
            using var model = new StreamReader(tree.OpenRead("model.bin"));
            Assert.Equal("bytes", model.ReadToEnd());
            Assert.All(refused, r => Assert.Throws<IOException>(() => Open(tree, r.Name)));
        }
        // Who vouches for a tree does not read beside it.
        using var strict = FileTree.Open(Path.Combine(_directory.Path, "m/snapshots/abc"), allowLinks: true);
        Assert.Throws<IOException>(() => strict.OpenHandle("model.bin"));
        // A directory of another name is no snapshot.
        Directory.Move(Path.Combine(_directory.Path, "m/snapshots"), Path.Combine(_directory.Path, "m/others"));
        using var other = FileTree.OpenToLook(Path.Combine(_directory.Path, "m/others/abc"));
        Assert.Throws<IOException>(() => other.OpenHandle("model.bin"));

        void Link(string name, string target) => File.CreateSymbolicLink(Path.Combine(_directory.Path, "m", name), target);

        static void Open(FileTree tree, string name)
        {
            try
            {
                tree.OpenHandle(name).Dispose();
            }
            catch (FileNotFoundException e)
            {
                throw new IOException(e.Message, e);
            }
        }
    }

    [Fact]
    public void A_link_that_is_ignored_is_not_looked_at()
    {
        _directory.File("a", "a");
        File.CreateSymbolicLink(Path.Combine(_directory.Path, "link"), "/etc/passwd");
        Assert.Equal(["a"], List("link"));
    }

    [Fact]
    public void A_file_behind_a_link_cannot_be_opened_even_where_it_was_swapped_in_after_listing()
    {
        using var outside = new TemporaryDirectory();
        outside.File("secret", "secret");
        _directory.File("d/secret", "mine");
        using var tree = FileTree.Open(_directory.Path);
        tree.OpenHandle("d/secret").Dispose();
        Directory.Delete(Path.Combine(_directory.Path, "d"), recursive: true);
        Directory.CreateSymbolicLink(Path.Combine(_directory.Path, "d"), outside.Path);
        Assert.Contains("not followed", Assert.Throws<IOException>(() => tree.OpenHandle("d/secret")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../b")]
    [InlineData("")]
    [InlineData("a//b")]
    [InlineData("./a")]
    public void A_name_that_is_no_path_below_the_root_cannot_be_opened(string name)
    {
        _directory.File("a/b", "x");
        _directory.File("b", "x");
        using var tree = FileTree.Open(_directory.Path);
        Assert.Throws<IOException>(() => tree.OpenHandle(name));
    }

    [Theory]
    [InlineData("mkfifo", "a named pipe")]
    [InlineData("socket", "a socket")]
    [InlineData("mknod", "a device")]
    public void What_is_no_file_is_named_and_refused(string kind, string message)
    {
        var path = Path.Combine(_directory.Path, "special");
        switch (kind)
        {
            case "socket":
                using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
                {
                    socket.Bind(new UnixDomainSocketEndPoint(path));
                    Assert.Contains(message, Assert.Throws<MalformedDataException>(() => List()).Message, StringComparison.Ordinal);
                    var opened = Assert.Throws<IOException>(() => ArtifactFile.Open(path).Dispose());
                    Assert.Contains("is not a regular file", opened.Message, StringComparison.Ordinal);
                }
                return;
            case "mknod":
                // Only root can make one, and not in every container.
                if (Run("mknod", path, "c", "1", "5") != 0)
                {
                    return;
                }
                break;
            default:
                Assert.Equal(0, Run(kind, path));
                break;
        }
        foreach (var portably in new[] { false, true })
        {
            using var tree = FileTree.Open(_directory.Path);
            var walk = new TreeWalk(tree, IgnoreRules.None, portably);
            var refused = Assert.Throws<MalformedDataException>(() => walk.MoveNext());
            Assert.Equal("special", refused.Location);
            Assert.Contains(message, refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_pipe_is_refused_without_waiting_for_a_writer()
    {
        Assert.Equal(0, Run("mkfifo", Path.Combine(_directory.Path, "pipe")));
        using var tree = FileTree.Open(_directory.Path);
        Assert.Contains("regular file", Assert.Throws<IOException>(() => tree.OpenHandle("pipe")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_with_a_line_feed_is_refused()
    {
        _directory.File("a\nb", "x");
        Assert.Contains("line feed", Assert.Throws<MalformedDataException>(() => List()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_is_not_utf8_is_refused()
    {
        Assert.Equal(0, Run("bash", "-c", $"touch '{_directory.Path}'/$'bad\\xff'"));
        Assert.Contains("UTF-8", Assert.Throws<MalformedDataException>(() => List()).Message, StringComparison.Ordinal);
        // The runtime cannot remove what it cannot name.
        Assert.Equal(0, Run("bash", "-c", $"rm '{_directory.Path}'/$'bad\\xff'"));
    }

    [Fact]
    public void A_name_with_the_character_that_stands_for_unreadable_ones_is_a_name_like_others()
    {
        _directory.File("dir\uFFFD/file\uFFFD", "x");
        using var tree = FileTree.Open(_directory.Path);
        using var file = tree.OpenHandle(Assert.Single(List()));
        Assert.Equal(1, RandomAccess.GetLength(file));
    }

    [Fact]
    public void A_missing_directory_says_so() =>
        Assert.Throws<DirectoryNotFoundException>(() => FileTree.Open(Path.Combine(_directory.Path, "none")));

    [Theory]
    [InlineData("..")]
    [InlineData("a/../b")]
    [InlineData("/a")]
    [InlineData("")]
    [InlineData("./a")]
    public void An_ignored_path_outside_of_the_directory_is_refused(string path) =>
        Assert.Throws<MalformedDataException>(() => new IgnoreRules([path]));

    [Theory]
    [InlineData("a", true)]
    [InlineData("a/b", true)]
    [InlineData("ab", false)]
    [InlineData("b/a", false)]
    [InlineData("c/d", true)]
    [InlineData("c/d/e", true)]
    [InlineData("c", false)]
    [InlineData("c/de", false)]
    public void An_ignored_path_covers_itself_and_what_is_below_part_by_part(string name, bool expected) =>
        Assert.Equal(expected, new IgnoreRules(["a/", "c/d"]).Matches(name));

    private List<string> List(params string[] ignored)
    {
        using var tree = FileTree.Open(_directory.Path);
        return [.. tree.List(new IgnoreRules(ignored)).Select(f => f.Name)];
    }

    private static int Run(string file, params string[] arguments)
    {
        using var process = Process.Start(file, arguments);
        process.WaitForExit();
        return process.ExitCode;
    }
}
