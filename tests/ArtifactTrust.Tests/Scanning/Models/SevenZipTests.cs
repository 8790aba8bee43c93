using System.IO.Compression;
using ArtifactTrust.Scanning.Models;
using ArtifactTrust.Tests.Formats.Zstandard;
using static ArtifactTrust.Tests.Scanning.Models.Pickled;
using static ArtifactTrust.Tests.Scanning.Models.SevenZipDraft;

namespace ArtifactTrust.Tests.Scanning.Models;

/// <summary>7z archives: those of real programs (Samples/7z), and those that no program writes.</summary>
public sealed class SevenZipTests
{
    private static readonly byte[] Copy = Coder(0);
    internal static readonly byte[] Deflate = Coder(0x04_0108);

    /// <summary>Archives of a malicious pickle, a harmless one, and code of which each filter changes bytes.</summary>
    public static TheoryData<string> Readable =>
        [
            .. ((string[])["copy", "lzma", "lzma2", "deflate", "bzip2", "mark", "each"]).Select(n => $"7zz-{n}"),
            .. ((string[])["bcj", "arm", "armt", "arm64", "ppc", "sparc", "ia64", "delta4"]).Select(n => $"7zz-{n}"),
            .. ((string[])["store", "deflate", "bzip2", "lzma1", "lzma2"]).Select(n => $"bsdtar-{n}"),
            "py7zr-default",
            "py7zr-zstd",
        ];

    [Theory]
    [MemberData(nameof(Readable))]
    public void What_a_program_archived_is_examined_under_its_name(string name)
    {
        var scan = Scan(Archived(name));
        Assert.Equal((FileVerdict.Findings, "7z archive"), (scan.Verdict, scan.Format));
        Assert.Empty(scan.Gaps);
        var import = Assert.Single(scan.Imports);
        Assert.Equal(("os", "system", "evil.pkl: byte 0"), (import.Module, import.Name, import.Location));
    }

    [Theory]
    [InlineData("7zz-deflate64", "evil.pkl: it is compressed by Deflate64, which is not read here")]
    [InlineData("7zz-ppmd", "evil.pkl: it is compressed by PPMd, which is not read here")]
    [InlineData("7zz-bcj2", "evil.pkl: it is compressed by BCJ2, which is not read here")]
    [InlineData("7zz-riscv", "evil.pkl: it is compressed by the filter for RISC-V, which is not read here")]
    [InlineData("7zz-swap2", "evil.pkl: it is compressed by Swap, which is not read here")]
    [InlineData("7zz-twice", "evil.pkl: it is compressed several times over, which is not read here")]
    [InlineData("7zz-encrypted", "evil.pkl: it is encrypted")]
    [InlineData("7zz-encrypted-list", "the list of members cannot be read: it is encrypted")]
    public void What_cannot_be_read_is_inconclusive_and_named(string name, string gap)
    {
        var scan = Scan(Archived(name));
        Assert.Equal(FileVerdict.Inconclusive, scan.Verdict);
        Assert.Contains(gap, scan.Gaps);
    }

    [VectorFact]
    public void The_archive_that_other_scanners_are_tested_with_is_examined()
    {
        var scan = Scan(File.ReadAllBytes(Path.Combine(Vectors.Require("scan/picklescan"), "tests/data/malicious1.7z")));
        Assert.Equal("data.pkl: byte 29", Assert.Single(scan.Findings, f => f.Id == "import-code").Location);
        Assert.Empty(scan.Gaps);
    }

    [Fact]
    public void A_stored_pickle_is_found_at_its_place_in_the_file()
    {
        var archive = Stored(("readme.txt", Bytes("text")), ("a/weights.txt", Malicious));
        var scan = Scan(archive);
        var finding = Assert.Single(scan.Findings);
        Assert.Equal(("a/weights.txt: byte 0", (long?)archive.AsSpan().IndexOf(Malicious)), (finding.Location, finding.ByteOffset));
        Assert.Empty(scan.Gaps);
    }

    [Fact]
    public void An_archive_without_a_place_for_code_is_not_applicable()
    {
        Assert.Equal(FileVerdict.NotApplicable, Scan(Stored(("a.csv", Bytes("a,b\n1,2\n")))).Verdict);
        Assert.Equal(FileVerdict.NotApplicable, Scan(new SevenZipDraft().AddEmpty("a").AddEmpty("b").ToArray()).Verdict);
        Assert.Equal(FileVerdict.NotApplicable, Scan(Archive([], [])).Verdict);
        Assert.Equal(FileVerdict.Clean, Scan(Stored(("m.pkl", Harmless))).Verdict);
    }

    [Fact]
    public void Members_of_all_folders_are_matched_with_their_names()
    {
        var scan = Scan(
            new SevenZipDraft()
                .AddEmpty("d")
                .Add(Deflate, Deflated, ("a", Harmless), ("b", []), ("c", Malicious))
                .AddEmpty("e")
                .Add(Copy, c => c, ("f", Harmless))
                .Add(Coder(0x04f7_1101, 1, 5, 3, 0, 0), ZstandardSamples.Stored, ("g", Malicious), ("h", Harmless))
                .ToArray()
        );
        Assert.Empty(scan.Gaps);
        Assert.Equal(["c: byte 0", "g: byte 0"], scan.Findings.Select(f => f.Location!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_list_may_be_compressed_or_leave_out_names_and_checksums()
    {
        var encoded = new SevenZipDraft { Encoding = (Deflate, Deflated) }.Add(Copy, c => c, ("m.pkl", Malicious));
        Assert.Equal("m.pkl: byte 0", Assert.Single(Scan(encoded.ToArray()).Findings).Location);
        Assert.Empty(Scan(encoded.ToArray()).Gaps);
        var bare = new SevenZipDraft { HasNames = false, HasChecksums = false }.Add(Copy, c => c, ("", Harmless), ("", Malicious));
        Assert.Equal("member 2: byte 0", Assert.Single(Scan(bare.ToArray()).Findings).Location);
        Assert.Empty(Scan(bare.ToArray()).Gaps);
    }

    [Fact]
    public void LZ4_is_read()
    {
        // A frame of one block that is no smaller than its content.
        byte[] frame =
        [
            4,
            0x22,
            0x4d,
            0x18,
            0x60,
            0x40,
            0x82,
            .. BitConverter.GetBytes(0x8000_0000 | (uint)Malicious.Length),
            .. Malicious,
            0,
            0,
            0,
            0,
        ];
        var scan = Scan(new SevenZipDraft().Add(Coder(0x04f7_1104, 1, 9, 1, 0, 0), _ => frame, ("m", Malicious)).ToArray());
        Assert.Equal("m: byte 0", Assert.Single(scan.Findings).Location);
        Assert.Empty(scan.Gaps);
    }

    [Fact]
    public void Archives_in_each_other_are_examined()
    {
        var archive = Stored(("x", Malicious));
        foreach (
            var outer in (byte[][])
                [
                    Stored(("inner", archive)),
                    Stored(("inner", Zip(CompressionLevel.Optimal, ("x", Malicious)))),
                    Stored(("inner", FormatTests.Tar(("x", Malicious)))),
                    new SevenZipDraft().Add(Deflate, Deflated, ("inner", archive)).ToArray(),
                    new SevenZipDraft().Add(Deflate, Deflated, ("inner", FormatTests.Tar(("x", Malicious)))).ToArray(),
                    Zip(CompressionLevel.Optimal, ("inner", archive)),
                    FormatTests.Tar(("inner", archive)),
                    Gzip(archive),
                ]
        )
        {
            var scan = Scan(outer);
            Assert.Contains(scan.Imports, i => i.Module == "os");
            Assert.Empty(scan.Gaps);
        }
    }

    [Fact]
    public void Archives_inside_each_other_end_somewhere()
    {
        var content = Malicious;
        for (var i = 0; i < 8; i++)
        {
            content = Stored(("x", content));
        }
        Assert.Contains(Scan(content).Gaps, g => g.Contains("too deep", StringComparison.Ordinal));
        Assert.Equal(FileVerdict.Inconclusive, Scan(content).Verdict);
    }

    [Fact]
    public void Few_large_windows_are_open_inside_each_other()
    {
        var content = Malicious;
        for (var i = 0; i < 3; i++)
        {
            content = new SevenZipDraft().Add(Coder(0x04f7_1101), ZstandardSamples.Stored, ("x", content)).ToArray();
        }
        Assert.Contains("Zstandard data lies too deep inside other data of a large window", Assert.Single(Scan(content).Gaps));
    }

    [Fact]
    public void A_checksum_that_does_not_match_is_named_and_the_content_is_examined()
    {
        foreach (var (coder, encode) in ((byte[], Func<byte[], byte[]>)[])[(Copy, c => c), (Deflate, Deflated)])
        {
            var archive = new SevenZipDraft().Add(
                [1, .. coder],
                [Malicious.Length + 1],
                [encode([.. Malicious, 1])],
                ("a", Malicious),
                ("b", [0])
            );
            var scan = Scan(archive.ToArray());
            Assert.Equal("b: the checksum of a member does not match", Assert.Single(scan.Gaps));
            Assert.Equal("a: byte 0", Assert.Single(scan.Findings).Location);
        }
    }

    [Fact]
    public void The_checksum_of_several_members_together_is_compared()
    {
        // 7-Zip writes none; the property with one, behind the sizes of what comes out.
        var list = new SevenZipDraft { HasChecksums = false }
            .Add(Deflate, Deflated, ("a", Harmless), ("b", Malicious))
            .List();
        var at = list.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x0c, (byte)(Harmless.Length + Malicious.Length), 0]) + 2;
        var archive = Archive(Deflated([.. Harmless, .. Malicious]), [.. list[..at], 0x0a, 1, 1, 2, 3, 4, .. list[at..]]);
        var scan = Scan(archive);
        Assert.Equal("b: the checksum of a part of the archive does not match", Assert.Single(scan.Gaps));
        Assert.Equal("b: byte 0", Assert.Single(scan.Findings).Location);
    }

    [Fact]
    public void What_is_behind_damage_in_the_same_folder_is_said_and_other_folders_are_examined()
    {
        var scan = Scan(
            new SevenZipDraft()
                .Add(Deflate, _ => [1, 2, 0, 0xfd, 0xff, 0, 0], ("a", Harmless), ("b", Harmless), ("c", Harmless))
                .Add(Copy, c => c, ("d", Malicious))
                .ToArray()
        );
        Assert.Equal("d: byte 0", Assert.Single(scan.Findings).Location);
        Assert.Contains(scan.Gaps, g => g.StartsWith("a: ", StringComparison.Ordinal));
        Assert.Contains("2 members behind 'a' are compressed with it, and not examined", scan.Gaps);
    }

    [Fact]
    public void Many_damaged_folders_are_inconclusive()
    {
        var draft = new SevenZipDraft();
        for (var i = 0; i < 150; i++)
        {
            draft.Add(Deflate, _ => [7], ($"{i}", Harmless));
        }
        var scan = Scan(draft.ToArray());
        Assert.Equal(FileVerdict.Inconclusive, scan.Verdict);
        Assert.Contains("and more", scan.Gaps);
    }

    [Fact]
    public void Tables_that_are_made_for_every_folder_are_counted()
    {
        // LZMA of one zero, with the largest tables: 6 MiB.
        var draft = new SevenZipDraft();
        for (var i = 0; i < 2; i++)
        {
            draft.Add([1, .. Coder(0x03_0101, 44, 0, 0, 1, 0)], [1], [new byte[6]], ($"{i}", [0]));
        }
        Assert.Empty(Scan(draft.ToArray()).Gaps);
        var examiner = new ModelFileExaminer(ModelScanRules.Default, new HashSet<string>(), CancellationToken.None);
        examiner.Budget.Left = 10 << 20;
        var scan = examiner.Examine("file", new MemoryStream(draft.ToArray()));
        Assert.StartsWith("1: it decompresses to more than", Assert.Single(scan.Gaps), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../../x")]
    [InlineData("a\\..\\x")]
    [InlineData("C:x")]
    public void A_path_that_leaves_the_directory_is_found(string name)
    {
        Assert.Contains(Scan(Stored((name, Bytes("x")))).Findings, f => f.Id == "7z-path");
        Assert.Contains(Scan(new SevenZipDraft().AddEmpty(name).ToArray()).Findings, f => f.Id == "7z-path");
    }

    [Theory]
    [InlineData(0xa1ff_8020)] // a link as Linux has it
    [InlineData(0x0000_0400)] // a reparse point of Windows
    public void A_link_that_leaves_the_directory_is_found_and_its_content_examined(uint attributes)
    {
        foreach (var (coder, encode) in ((byte[], Func<byte[], byte[]>)[])[(Copy, c => c), (Deflate, Deflated)])
        {
            Assert.Contains(
                Link("../../etc").Findings,
                f => f is { Id: "7z-path", Title: var t } && t!.EndsWith("l -> ../../etc", StringComparison.Ordinal)
            );
            Assert.Empty(Link("file").Findings);
            Assert.Contains(Scan(Draft(Malicious)).Findings, f => f.Location == "l: byte 0");

            FileScan Link(string target) => Scan(Draft(Bytes(target)));
            byte[] Draft(byte[] content) => new SevenZipDraft().Add(coder, encode, ("l", content)).WithAttributes(attributes).ToArray();
        }
    }

    [Fact]
    public void A_name_that_stands_twice_is_found_and_both_are_examined()
    {
        var scan = Scan(Stored(("data.pkl", Malicious), ("data.pkl", Harmless)));
        Assert.Contains(scan.Findings, f => f.Id == "7z-duplicate");
        Assert.Contains(scan.Imports, i => i.Module == "os");
    }

    [Theory]
    [InlineData("\x7f" + "ELF\x02\x01\x01")]
    [InlineData("MZ and a program that unpacks\0PE\0\0")]
    [InlineData("some text")]
    [InlineData("\x89PNG\r\n\x1a\n")]
    public void An_archive_behind_other_content_is_found_and_examined(string before)
    {
        foreach (var distance in (int[])[0, 1, 65_500, 65_536, 200_000])
        {
            var prefix = Join(Bytes(before), new byte[distance], [(byte)'7', (byte)'z', 0xbc, 0xaf, 0x27, 0x1c]);
            var archive = Join(prefix, Stored(("x", Malicious)));
            var scan = Scan(archive);
            Assert.Equal(prefix.Length, Assert.Single(scan.Findings, f => f.Id == "7z-appended").ByteOffset);
            Assert.Equal(prefix.Length + 32, Assert.Single(scan.Findings, f => f.Id == "import-program").ByteOffset);
        }
    }

    [Fact]
    public void An_archive_behind_other_content_that_was_not_finished_is_found()
    {
        var scan = Scan(Join(Bytes("text"), Start(0, 0, 0)[..8], new byte[24], Malicious));
        Assert.Contains(scan.Findings, f => f.Id == "7z-appended");
        Assert.NotEmpty(scan.Gaps);
    }

    [Fact]
    public void An_archive_that_lies_in_another_one_is_not_behind_it()
    {
        var archive = Stored(("x", Harmless));
        Assert.Equal(FileVerdict.Clean, Scan(Stored(("inner", archive))).Verdict);
        Assert.Equal(FileVerdict.Clean, Scan(FormatTests.Tar(("inner", archive))).Verdict);
    }

    [Fact]
    public void Bytes_that_belong_to_no_member_are_said()
    {
        const string gap = "bytes that belong to no member, or to two, are not examined";
        var archive = Stored(("x", Harmless));
        Assert.Contains(gap, Scan([.. archive, 0]).Gaps);
        Assert.Contains(
            gap,
            Scan(
                new SevenZipDraft { Gap = [1] }
                    .Add(Copy, c => c, ("x", Harmless))
                    .ToArray()
            ).Gaps
        );
        var encoded = new SevenZipDraft { Encoding = (Copy, c => c) };
        Assert.Empty(Scan(encoded.Add(Copy, c => c, ("x", Harmless)).ToArray()).Gaps);
        // The compressed list is the content of a member too.
        var list = new SevenZipDraft().Add(Copy, c => c, ("x", new byte[200])).List();
        byte[] end =
        [
            0x17,
            6,
            0,
            1,
            9,
            .. Number((ulong)list.Length),
            0,
            7,
            0x0b,
            1,
            0,
            1,
            1,
            0,
            0x0c,
            .. Number((ulong)list.Length),
            0,
            0,
        ];
        Assert.Contains(gap, Scan(Archive([.. list, .. new byte[200 - list.Length]], end)).Gaps);
    }

    [Fact]
    public void A_rar_archive_is_named_with_what_to_do()
    {
        var scan = Scan(Bytes("Rar!\x1a\x07\x01\0"));
        Assert.Equal("a rar archive cannot be read here: unpack it, and scan what is in it", Assert.Single(scan.Gaps));
        Assert.Equal(FileVerdict.Inconclusive, scan.Verdict);
    }

    internal static byte[] Deflated(byte[] content)
    {
        var stream = new MemoryStream();
        using (var deflate = new DeflateStream(stream, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflate.Write(content);
        }
        return stream.ToArray();
    }

    internal static byte[] Archived(string name) => FormatTests.Sample(Path.Combine("7z", $"{name}.7z"));
}
