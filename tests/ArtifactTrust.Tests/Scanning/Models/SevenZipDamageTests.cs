using ArtifactTrust.Formats;
using ArtifactTrust.Scanning.Models;
using static ArtifactTrust.Tests.Scanning.Models.Pickled;
using static ArtifactTrust.Tests.Scanning.Models.SevenZipDraft;

namespace ArtifactTrust.Tests.Scanning.Models;

/// <summary>7z archives that are damaged, over a limit, or made to be misread: never clean, and never an exception.</summary>
public sealed class SevenZipDamageTests
{
    // The list of an archive of one stored member, x, in its parts.
    private static readonly byte[] Content = Harmless;
    private static readonly byte N = (byte)Content.Length;
    private static readonly byte[] PackInfo = [6, 0, 1, 9, N, 0];
    private static readonly byte[] Copy = [1, 1, 0];
    private static readonly byte[] UnpackInfo = [7, 0x0b, 1, 0, .. Copy, 0x0c, N, 0];
    private static readonly byte[] Name = [0x11, 5, 0, (byte)'x', 0, 0, 0];
    private static readonly byte[] Files = [5, 1, .. Name, 0];

    private static readonly Dictionary<string, (byte[] Archive, string Gap)> Damage = new(StringComparer.Ordinal)
    {
        ["the signature alone"] = (Archive([], [])[..6], "it is cut short"),
        ["half a start"] = (Archive([], [])[..31], "it is cut short"),
        ["a start with another checksum"] = (Changed(8), "the checksum does not match, or the version is not known"),
        ["another version"] = (Changed(6), "the checksum does not match, or the version is not known"),
        ["a list with another checksum"] = (
            Archive(Content, List())[..^1].Append((byte)1).ToArray(),
            "list of members: the checksum does not match"
        ),
        ["a list in another volume"] = ([.. Start(1000, 10, 0), .. Content], "goes on in another one"),
        ["a list far outside"] = ([.. Start(ulong.MaxValue, ulong.MaxValue, 0), .. Content], "outside the file"),
        ["a list of 17 MiB"] = (Archive([], new byte[17 << 20]), "17825792 bytes, and 16777216 are allowed"),
        ["no list"] = (Archive(Content, [0]), "does not begin as one"),
        ["a list cut in its middle"] = (Archive(Content, List()[..^1]), "ends inside"),
        ["bytes behind the list"] = (Archive(Content, [.. List(), 0]), "bytes behind the end"),
        ["a property that is not known"] = (Archive(Content, [1, 0x1a]), "property 26, which is not known"),
        ["properties of the archive"] = (Archive(Content, [1, 2, 0, .. List()[1..]]), "property 2, which is not known"),
        ["streams of another header"] = (Archive(Content, [1, 3, 0, .. List()[1..]]), "property 3, which is not known"),
        ["a position that cannot be"] = (Of(pack: [6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), "a size that cannot be"),
        ["a position outside"] = (Of(pack: [6, 0x7f, 1, 9, N, 0]), "outside the archive"),
        ["a stored stream outside"] = (Of(pack: [6, 1, 1, 9, N, 0]), "outside the archive"),
        ["sizes that overflow together"] = (Of(pack: [6, 0, 2, 9, N, .. Number(long.MaxValue), 0]), "outside the archive"),
        ["too many stored streams"] = (
            Of(pack: [6, 0, .. Number(Limits.ArchiveMembers + 1)]),
            "200001 stored streams, and 200000 are allowed"
        ),
        ["stored streams without sizes"] = (Of(pack: [6, 0, 1, 0]), "sizes disagree"),
        ["a checksum where none may be"] = (Of(pack: [6, 0, 1, 9, N, 9]), "Size stands where it may not"),
        ["a stored stream of no folder"] = (Of(pack: [6, 0, 2, 9, N, 0, 0]), "stored streams that belong to no folder"),
        ["a folder of which nothing is stored"] = (Of(pack: []), "folders of which nothing is stored"),
        ["too many folders"] = (Of(unpack: [7, 0x0b, .. Number(Limits.SevenZipFolders + 1)]), "20001 folders, and 20000 are allowed"),
        ["folders kept elsewhere"] = (Of(unpack: [7, 0x0b, 1, 1, 0]), "kept elsewhere"),
        ["no folders where they are announced"] = (Of(unpack: [7, 0x0c]), "UnpackSizes stands where Folder is expected"),
        ["a folder without coders"] = (Folder([0]), "coders that do not fit together"),
        ["too many coders"] = (Folder([17]), "17 coders of one folder, and 16 are allowed"),
        ["a coder with another one instead"] = (Folder([1, 0x81, 0]), "a coder of an unknown kind"),
        ["a coder with a reserved bit"] = (Folder([1, 0x41, 0]), "a coder of an unknown kind"),
        ["a coder with a long name"] = (Folder([1, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0]), "a coder of an unknown kind"),
        ["a coder of many streams"] = (Folder([1, 0x11, 0, 17, 1]), "17 streams of one coder, and 16 are allowed"),
        ["a coder that gives nothing"] = (Folder([1, 0x11, 0, 1, 0]), "coders that do not fit together"),
        ["a coder that takes nothing"] = (Folder([1, 0x11, 0, 0, 1]), "coders that do not fit together"),
        ["many streams of many coders"] = (Folder([2, 0x11, 0, 16, 1, 0x11, 0, 16, 1]), "coders that do not fit together"),
        ["properties that reach beyond the end"] = (Folder([1, 0x21, 0, .. Number(1 << 30)]), "ends inside"),
        ["a coder that takes what it gives"] = (Folder([2, 1, 0, 1, 0, 0, 0]), "coders that do not fit together"),
        ["an input with two sources"] = (Folder([3, 1, 0, 1, 0, 1, 0, 0, 1, 0, 2]), "coders that do not fit together"),
        ["an output taken twice"] = (Folder([3, 1, 0, 1, 0, 1, 0, 0, 1, 1, 1]), "coders that do not fit together"),
        ["an input that is not there"] = (Folder([2, 1, 0, 1, 0, 2, 0]), "a reference that leads nowhere"),
        ["an output that is not there"] = (Folder([2, 1, 0, 1, 0, 0, 2]), "a reference that leads nowhere"),
        ["a stored stream for an input that has a source"] = (
            Folder([2, 0x11, 0, 2, 1, 1, 0, 0, 1, 0, 1]),
            "coders that do not fit together"
        ),
        ["no sizes"] = (Of(unpack: [7, 0x0b, 1, 0, .. Copy, 0]), "End stands where UnpackSizes is expected"),
        ["a stored member of another size"] = (Of(unpack: [7, 0x0b, 1, 0, .. Copy, 0x0c, 5, 0]), "x: its sizes disagree"),
        ["too many members of a folder"] = (
            Of(sub: [8, 0x0d, .. Number(Limits.ArchiveMembers + 1)]),
            "200001 members, and 200000 are allowed"
        ),
        ["members larger than their folder"] = (Of(sub: [8, 0x0d, 2, 9, 99, 0]), "members that are larger than their folder"),
        ["members without sizes"] = (Of(sub: [8, 0x0d, 2, 0]), "sizes are missing"),
        ["a folder without members"] = (Of(sub: [8, 0x0d, 0, 0], files: [5, 0, 0]), "content that belongs to no member"),
        ["fewer members than contents"] = (Of(files: [5, 0, 0]), "the members are not as many as their contents"),
        ["more members than contents"] = (Of(files: [5, 2, 0]), "the members are not as many as their contents"),
        ["contents without members"] = (Of(files: []), "the members are not as many as their contents"),
        ["too many members"] = (Of(files: [5, .. Number(Limits.ArchiveMembers + 1)]), "200001 members, and 200000 are allowed"),
        ["names kept elsewhere"] = (Of(files: [5, 1, 0x11, 2, 1, 0, 0]), "kept elsewhere"),
        ["a name that does not end"] = (Of(files: [5, 1, 0x11, 3, 0, (byte)'x', 0, 0]), "a name that does not end"),
        ["half a character"] = (Of(files: [5, 1, 0x11, 6, .. Name[2..], 1, 0]), "more names than members"),
        ["a name too many"] = (Of(files: [5, 1, 0x11, 7, .. Name[2..], 0, 0, 0]), "more names than members"),
        ["names twice"] = (Of(files: [5, 1, .. Name, .. Name, 0]), "Names stands twice"),
        ["a property that is longer than its content"] = (
            Of(files: [5, 1, 0x0e, 2, 0x80, 0, 0]),
            "a property of another size than it says"
        ),
        ["a property that is shorter than its content"] = (Of(files: [5, 1, 0x0e, 0, 0]), "ends inside"),
        ["a property that reaches beyond the list"] = (Of(files: [5, 1, 0x0e, 99, 0x80]), "reaches beyond the end"),
        ["a property of another part"] = (Of(files: [5, 1, 0x0c, 0, 0]), "UnpackSizes stands where it may not"),
        ["a compressed list that is damaged"] = (Encoded(SevenZipTests.Deflate, _ => [7, 7, 7]), "its compressed data is damaged"),
        ["a compressed list that is longer"] = (
            Encoded(SevenZipTests.Deflate, l => SevenZipTests.Deflated([.. l, 0])),
            "its compressed data is damaged"
        ),
        ["a compressed list that is shorter"] = (
            Encoded(SevenZipTests.Deflate, l => SevenZipTests.Deflated(l[..^1])),
            "its compressed data is damaged"
        ),
        ["a compressed list of another checksum"] = (
            Encoded(SevenZipTests.Deflate, l => SevenZipTests.Deflated([.. l[..^1], 1])),
            "the checksum of the list of members does not match"
        ),
        ["a compressed list by a method that is not read"] = (Encoded(Coder(0x03_0401), l => l), "PPMd, which is not read here"),
        ["a compressed list of a compressed list"] = (
            Archive([0x17], [0x17, 6, 0, 1, 9, 1, 0, 7, 0x0b, 1, 0, .. Copy, 0x0c, 1, 0, 0]),
            "does not begin as one"
        ),
        ["a compressed list of nothing"] = (Archive([], [0x17, 0]), "in several parts"),
        ["a compressed list of 1 TiB"] = (
            Archive([0x17], [0x17, 6, 0, 1, 9, 1, 0, 7, 0x0b, 1, 0, 1, .. SevenZipTests.Deflate, 0x0c, .. Number(1L << 40), 0, 0]),
            "1099511627776 bytes, and 16777216 are allowed"
        ),
        ["LZMA without a window"] = (Coded(Coder(0x03_0101, 0x5d)), "x: its LZMA properties cannot be"),
        ["LZMA with properties that cannot be"] = (Coded(Coder(0x03_0101, 225, 0, 0, 1, 0)), "x: its compressed data is damaged"),
        ["LZMA2 with a window that cannot be"] = (Coded(Coder(0x21, 41)), "x: its LZMA2 properties cannot be"),
        ["LZMA with a window of 4 GiB"] = (
            Coded(Coder(0x03_0101, 0x5d, 0xff, 0xff, 0xff, 0xff), 1L << 33),
            "a window of 4294967295 bytes, and 67108864"
        ),
        ["LZMA2 with a window of 128 MiB"] = (Coded(Coder(0x21, 30), 1L << 33), "a window of 134217728 bytes, and 67108864 are allowed"),
        ["delta without a distance"] = (Coded(Coder(3)), "x: its delta cannot be"),
        ["a filter that begins elsewhere"] = (Coded(Coder(4, 0, 0, 0, 1)), "a filter that is told where it begins"),
        ["a method that is not known"] = (Coded(Coder(0xabcdef)), "method ABCDEF, which is not read here"),
        ["Brotli"] = (Coded(Coder(0x04f7_1102)), "Brotli"),
        ["AES alone"] = (Coded(Coder(0x06f1_0701, 1, 2, 3)), "x: it is encrypted"),
    };

    public static TheoryData<string> Names => [.. Damage.Keys];

    public static TheoryData<string> Archives =>
        ["7zz-copy", "7zz-lzma", "7zz-lzma2", "7zz-mark", "7zz-bcj", "7zz-each", "7zz-bzip2", "bsdtar-store", "bsdtar-lzma1", "py7zr-zstd"];

    [Fact]
    public void The_list_that_is_damaged_below_is_well_formed()
    {
        var scan = Scan(Archive(Content, List()));
        Assert.Equal(FileVerdict.Clean, scan.Verdict);
        Assert.Empty(scan.Gaps);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_cannot_be_is_inconclusive_and_named(string name)
    {
        var (archive, gap) = Damage[name];
        var scan = Scan(archive);
        Assert.Equal(FileVerdict.Inconclusive, scan.Verdict);
        Assert.Contains(scan.Gaps, g => g.Contains(gap, StringComparison.Ordinal));
        Assert.StartsWith("7z archive", scan.Format, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Archives))]
    public void No_changed_or_missing_byte_hides_the_pickle(string name)
    {
        var archive = SevenZipTests.Archived(name);
        for (var i = 0; i < archive.Length; i++)
        {
            // The first bytes make it a 7z archive for all that read such.
            for (var bit = 0; i >= 6 && bit < 8; bit++)
            {
                var changed = archive.ToArray();
                changed[i] ^= (byte)(1 << bit);
                Refused(changed, $"bit {bit} of byte {i}");
            }
            if (i >= 6)
            {
                Refused(archive[..i], $"{i} bytes");
                Refused([.. archive[..i], .. archive[(i + 1)..]], $"without byte {i}");
                Refused([.. archive[..i], 0, .. archive[i..]], $"with one more at {i}");
            }
        }

        void Refused(byte[] changed, string change)
        {
            var scan = Scan(changed);
            Assert.True(
                scan.Gaps.Count > 0 || (scan.Imports.Count == 1 && scan.Verdict == FileVerdict.Findings),
                $"{name}, {change}: {scan.Verdict}, {string.Join("; ", scan.Gaps)}"
            );
        }
    }

    [Fact]
    public void No_changed_byte_of_a_list_whose_checksums_were_made_right_hides_the_pickle()
    {
        var archive = new SevenZipDraft()
            .AddEmpty("d")
            .Add(SevenZipTests.Deflate, SevenZipTests.Deflated, ("a", Malicious), ("b", Harmless))
            .Add([2, .. Coder(4), .. Coder(0), 0, 1], [Malicious.Length, Malicious.Length], [Malicious], ("c", Malicious))
            .ToArray();
        Assert.Equal(2, Scan(archive).Findings.Count);
        for (var i = 12; i < archive.Length; i++)
        {
            foreach (var value in (byte[])[0, 1, 2, 3, 4, 9, 0x0a, 0x0e, 0x7f, 0x80, 0xff, (byte)(archive[i] ^ 1), (byte)(archive[i] + 1)])
            {
                var changed = archive.ToArray();
                changed[i] = value;
                var scan = Scan(Sealed(changed));
                Assert.True(scan.Findings.Count >= 2 || scan.Gaps.Count > 0, $"{value} at {i}: {scan.Verdict}");
            }
        }
    }

    private static byte[] List(byte[]? pack = null, byte[]? unpack = null, byte[]? sub = null, byte[]? files = null) =>
        [1, 4, .. pack ?? PackInfo, .. unpack ?? UnpackInfo, .. sub ?? [], 0, .. files ?? Files, 0];

    private static byte[] Of(byte[]? pack = null, byte[]? unpack = null, byte[]? sub = null, byte[]? files = null) =>
        Archive(Content, List(pack, unpack, sub, files));

    private static byte[] Folder(byte[] coders) => Of(unpack: [7, 0x0b, 1, 0, .. coders]);

    /// <summary>A member that a coder made, which is not so.</summary>
    private static byte[] Coded(byte[] coder, long size = 5) => Of(unpack: [7, 0x0b, 1, 0, 1, .. coder, 0x0c, .. Number((ulong)size), 0]);

    private static byte[] Encoded(byte[] coder, Func<byte[], byte[]> encode) =>
        new SevenZipDraft { Encoding = (coder, encode) }
            .Add([1, 1, 0], [N], [Content], ("x", Content))
            .ToArray();

    private static byte[] Changed(int at)
    {
        var archive = Archive(Content, List());
        archive[at] ^= 1;
        return archive;
    }
}
