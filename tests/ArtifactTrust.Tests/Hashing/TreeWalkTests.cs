using System.Diagnostics;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Tests.Hashing;

public sealed class TreeWalkTests
{
    // What sorts around '/', what is long in UTF-8 and short in UTF-16, and prefixes of each other.
    private static readonly string[] Parts =
    [
        "a",
        "a-b",
        "a.b",
        "a b",
        "a!",
        "a0",
        "ab",
        "A",
        "b",
        "-",
        ".x",
        "é",
        "～",
        "😀",
        "\uE000",
        "\U0010FFFF",
        "\x01",
        "a\x01",
        "\"",
        new('n', 255),
    ];

    [Fact]
    public void Random_trees_come_in_the_order_of_a_full_sort()
    {
        var random = new Random(4);
        for (var round = 0; round < 60; round++)
        {
            using var directory = new TemporaryDirectory();
            var expected = new SortedSet<string>(CodePointOrder.Instance);
            for (var i = random.Next(1, 60); i > 0; i--)
            {
                var name = string.Join('/', Enumerable.Range(0, random.Next(1, 5)).Select(_ => Parts[random.Next(Parts.Length)]));
                var path = Path.Combine(directory.Path, name);
                // A file is in the way of a directory, or the other way around, now and then.
                if (!expected.Any(e => name.StartsWith(e + "/", StringComparison.Ordinal)) && !Directory.Exists(path))
                {
                    directory.File(name, "");
                    expected.Add(name);
                }
            }
            Assert.Equal(expected, Walk(directory.Path, IgnoreRules.None));
            var ignored = expected.ElementAt(random.Next(expected.Count)).Split('/');
            var rules = new IgnoreRules([string.Join('/', ignored.Take(random.Next(1, ignored.Length + 1)))]);
            Assert.Equal(expected.Where(e => !rules.Matches(e)), Walk(directory.Path, rules));
        }
    }

    [Fact]
    public void A_directory_of_many_blocks_is_merged_in_order()
    {
        using var names = new DirectoryNames();
        var expected = new List<(string, EntryKind)>();
        var random = new Random(7);
        for (var i = 0; i < 20_000; i++)
        {
            var kind = (EntryKind)random.Next(3);
            var name = $"{(i % 3 == 0 ? "sample" : Parts[random.Next(Parts.Length)])}-{random.Next(100_000)}-{i}";
            names.Add(Encoding.UTF8.GetBytes(name), kind);
            expected.Add((kind == EntryKind.Directory ? name + "/" : name, kind));
        }
        var taken = new List<(string, EntryKind)>();
        while (names.TryTake(out var utf8, out var kind))
        {
            taken.Add((Encoding.UTF8.GetString(utf8), kind));
        }
        Assert.Equal(expected.OrderBy(e => e.Item1, CodePointOrder.Instance), taken);
        Assert.False(names.TryTake(out _, out _));
    }

    [Fact]
    public void A_directory_without_entries_has_none()
    {
        using var names = new DirectoryNames();
        Assert.False(names.TryTake(out _, out _));
    }

    [Fact]
    public void Packed_names_are_found_where_they_are()
    {
        var names = new PackedNames();
        string[] all = [.. Enumerable.Range(0, 5000).Select(i => $"d/{i:0000}-é😀")];
        Array.ForEach(all, names.Add);
        Assert.Equal(all, names);
        Assert.Null(names.Order());
        for (var i = 0; i < all.Length; i++)
        {
            Assert.Equal(i, names.Find(Encoding.UTF8.GetBytes(all[i])));
        }
        Assert.Equal(~1, names.Find("d/0000-é😀!"u8));
        var shuffled = new PackedNames();
        new Random(1).Shuffle(all);
        Array.ForEach(all, shuffled.Add);
        Assert.Equal(names, shuffled.Order()!.Select(i => shuffled[i]));
        Assert.Throws<MalformedDataException>(() => names.Add("\uD800"));
    }

    [Fact]
    public void The_portable_way_of_reading_a_directory_gives_the_same()
    {
        using var directory = new TemporaryDirectory();
        foreach (var part in Parts)
        {
            directory.File($"{(part == "a" ? "c" : part)}/{part}", part);
            directory.File($"x/{part}", part);
        }
        Assert.Equal(Walk(directory.Path, IgnoreRules.None), Walk(directory.Path, IgnoreRules.None, portably: true));
    }

    [Fact]
    public void A_directory_whose_name_is_not_UTF8_is_refused()
    {
        using var directory = new TemporaryDirectory();
        directory.File("a", "a");
        Shell(directory.Path, "mkdir $'d\\xff' && touch $'d\\xff/x'");
        Assert.Contains(
            "not UTF-8",
            Assert.Throws<MalformedDataException>(() => Walk(directory.Path, IgnoreRules.None)).Message,
            StringComparison.Ordinal
        );
        // The runtime cannot remove what it cannot name.
        Shell(directory.Path, "rm -r d*");
    }

    [Fact]
    public void States_of_many_files_are_those_of_each_and_a_file_that_goes_meanwhile_is_named()
    {
        const int files = 9_000;
        using var directory = new TemporaryDirectory();
        for (var i = 0; i < files; i++)
        {
            directory.File($"{i:0000}", new string('x', i % 11));
        }
        using var tree = FileTree.Open(directory.Path);
        using var walk = tree.Walk(IgnoreRules.None);
        for (var i = 0; i < files - 1; i++)
        {
            Assert.True(walk.MoveNext());
            var name = $"{i:0000}";
            Assert.Equal((name, i % 11, tree.StatusOf(name)), (Encoding.UTF8.GetString(walk.Utf8), walk.Status.Size, walk.Status));
        }
        Assert.True(walk.MoveNext());
        Assert.False(walk.MoveNext());
        Assert.False(walk.MoveNext());
        Assert.Equal(files, walk.Count);

        using var again = tree.Walk(IgnoreRules.None);
        Assert.True(again.MoveNext());
        // The directory is read by now, and the state of the last files was not asked for yet.
        File.Delete(Path.Combine(directory.Path, "8999"));
        var e = Assert.Throws<FileNotFoundException>(() =>
        {
            while (again.MoveNext()) { }
        });
        Assert.Equal("8999", e.FileName);
    }

    [Fact]
    public void What_is_refused_far_ahead_is_refused_when_it_is_its_turn()
    {
        const int files = 5_000;
        using var directory = new TemporaryDirectory();
        for (var i = 0; i < files; i++)
        {
            directory.File($"{i:0000}", "x");
        }
        directory.File("z/a", "x");
        File.CreateSymbolicLink(Path.Combine(directory.Path, "z", "b"), "a");
        using var tree = FileTree.Open(directory.Path);
        using (var given = tree.Walk(IgnoreRules.None))
        {
            // Given up while more is asked for, or was refused.
            Assert.True(given.MoveNext());
        }
        using var walk = tree.Walk(IgnoreRules.None);
        var e = Assert.Throws<MalformedDataException>(() =>
        {
            while (walk.MoveNext()) { }
        });
        Assert.Equal("z/b", e.Location);
        Assert.InRange(walk.Count, 4_000, files);
    }

    private static void Shell(string directory, string command)
    {
        using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", command]) { WorkingDirectory = directory })!;
        shell.WaitForExit();
    }

    private static List<string> Walk(string path, IgnoreRules rules, bool portably = false)
    {
        using var tree = FileTree.Open(path);
        var names = new List<string>();
        for (var walk = new TreeWalk(tree, rules, portably); walk.MoveNext(); )
        {
            names.Add(walk.Name);
        }
        return names;
    }
}
