using System.IO.Compression;
using ArtifactTrust.Scanning.Models;
using ArtifactTrust.Tests.Formats.Zstandard;
using static ArtifactTrust.Tests.Scanning.Models.Pickled;
using Severity = ArtifactTrust.Attestations.Predicates.Severity;

namespace ArtifactTrust.Tests.Scanning.Models;

public sealed class ArchiveTests
{
    [Theory]
    [InlineData("archive/data.pkl")]
    [InlineData("readme.txt")]
    [InlineData("weights")]
    [InlineData("a/b/c.json")]
    public void A_member_is_examined_whatever_its_name(string name)
    {
        Assert.Equal(FileVerdict.Findings, Scan(Zip((name, Malicious))).Verdict);
        var scan = Scan(Zip(CompressionLevel.Optimal, (name, MaliciousFramed)));
        Assert.Equal(FileVerdict.Findings, scan.Verdict);
        Assert.StartsWith($"{name}: byte", scan.Findings[0].Location, StringComparison.Ordinal);
    }

    [Fact]
    public void A_PyTorch_archive_with_allowed_imports_is_clean()
    {
        var scan = Scan(
            Zip(
                ("m/data.pkl", Bytes("\x80\x02" + "ccollections\nOrderedDict\n)R.")),
                ("m/data/0", new byte[4000]),
                ("m/version", Bytes("3\n"))
            )
        );
        Assert.Equal(FileVerdict.Clean, scan.Verdict);
        Assert.Equal("PyTorch (zip)", scan.Format);
    }

    [Fact]
    public void An_archive_without_pickles_is_not_applicable() =>
        Assert.Equal(FileVerdict.NotApplicable, Scan(Zip(("a.csv", Bytes("a,b\n1,2\n")), ("b.txt", Bytes("cat\ndog\n")))).Verdict);

    [Fact]
    public void An_archive_inside_an_archive_is_examined()
    {
        var inner = Zip(("x", Malicious));
        Assert.Equal(FileVerdict.Findings, Scan(Zip(("inner.zip", inner))).Verdict);
        Assert.Equal(FileVerdict.Findings, Scan(Zip(CompressionLevel.Optimal, ("inner.zip", inner))).Verdict);
        Assert.Equal(FileVerdict.Findings, Scan(Gzip(inner)).Verdict);
        Assert.Equal(FileVerdict.Findings, Scan(Zip(CompressionLevel.Optimal, ("inner.gz", Gzip(Malicious)))).Verdict);
    }

    [Fact]
    public void Archives_inside_each_other_end_somewhere()
    {
        var content = Malicious;
        for (var i = 0; i < 8; i++)
        {
            content = Zip(("x", content));
        }
        var scan = Scan(content);
        Assert.Equal(FileVerdict.Inconclusive, scan.Verdict);
        Assert.Contains(scan.Gaps, g => g.Contains("too deep", StringComparison.Ordinal));
    }

    [Fact]
    public void A_compressed_pickle_is_examined()
    {
        Assert.Equal(FileVerdict.Findings, Scan(Gzip(MaliciousFramed)).Verdict);
        Assert.Equal(FileVerdict.Findings, Scan(Zlib(MaliciousFramed)).Verdict);
        Assert.Equal(FileVerdict.Clean, Scan(Zlib(Harmless)).Verdict);
        Assert.Equal(FileVerdict.NotApplicable, Scan(Gzip(Bytes("a,b\n1,2\n"))).Verdict);
        Assert.Equal(FileVerdict.Inconclusive, Scan(Gzip(Join(Harmless, new byte[100_000]))[..^100]).Verdict);
    }

    [Fact]
    public void What_Zstandard_compressed_is_examined()
    {
        var frame = ZstandardSamples.Stored(MaliciousFramed);
        Assert.Equal(FileVerdict.Findings, Scan(frame).Verdict);
        // As a loader reads it that passes over what it need not know.
        Assert.Equal(FileVerdict.Findings, Scan(Join([0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 0], frame)).Verdict);
        var scan = Scan(ZstandardSamples.Stored(Harmless));
        Assert.Equal((FileVerdict.Clean, "Zstandard, pickle inside"), (scan.Verdict, scan.Format));
        Assert.Equal(FileVerdict.NotApplicable, Scan(ZstandardSamples.Stored(Bytes("a,b\n1,2\n"))).Verdict);
        Assert.Equal(FileVerdict.Findings, Scan(ZstandardSamples.Stored(FormatTests.Tar(("x", Malicious)))).Verdict);
    }

    [Fact]
    public void Zstandard_that_is_damaged_or_over_a_limit_is_inconclusive()
    {
        var frame = ZstandardSamples.Stored(Harmless);
        Assert.Contains("Zstandard", Gap(frame[..^1]), StringComparison.Ordinal);
        Assert.Contains("byte ", Gap(Join(frame, Bytes("more"))), StringComparison.Ordinal);
        // A window of 2 GiB, and a dictionary.
        Assert.Contains("a window of 2147483648 bytes", Gap(Join(ZstandardSamples.Magic, [0, 0xa8, 1, 0, 0])), StringComparison.Ordinal);
        Assert.Contains("dictionary 5", Gap(Join(ZstandardSamples.Magic, [1, 0, 5, 1, 0, 0])), StringComparison.Ordinal);
        Assert.Contains("checksum", Gap([.. ZstandardSamples.Frame("words")[..^1], 0]), StringComparison.Ordinal);

        static string Gap(byte[] content)
        {
            var scan = Scan(content);
            Assert.Equal(FileVerdict.Inconclusive, scan.Verdict);
            return string.Join('\n', scan.Gaps);
        }
    }

    [Fact]
    public void A_member_that_Zstandard_compressed_is_examined()
    {
        // Stored, and then said to be compressed by method 93, in both headers, with the size of what comes out.
        var zip = Zip(("data.pkl", ZstandardSamples.Stored(Malicious)));
        var directory = zip.AsSpan().LastIndexOf("PK\x01\x02"u8);
        (zip[8], zip[directory + 10]) = (93, 93);
        BitConverter.TryWriteBytes(zip.AsSpan(22), Malicious.Length);
        BitConverter.TryWriteBytes(zip.AsSpan(directory + 24), Malicious.Length);
        var scan = Scan(zip);
        Assert.Equal(FileVerdict.Findings, scan.Verdict);
        Assert.Contains(scan.Imports, i => i.Module == "os");
    }

    [Fact]
    public void Few_large_windows_are_open_inside_each_other()
    {
        var twice = ZstandardSamples.Stored(ZstandardSamples.Stored(Malicious));
        Assert.Equal(FileVerdict.Findings, Scan(twice).Verdict);
        Assert.Contains("too deep inside other data of a large window", Assert.Single(Scan(ZstandardSamples.Stored(twice)).Gaps));
        // In members of archives too.
        var zip = Zip(("a", ZstandardSamples.Stored(twice)));
        (zip[8], zip[zip.AsSpan().LastIndexOf("PK\x01\x02"u8) + 10]) = (93, 93);
        Assert.Contains(Scan(zip).Gaps, g => g.Contains("too deep inside other data of a large window", StringComparison.Ordinal));
        // 128 MiB: for the outermost only.
        byte[] large = [.. ZstandardSamples.Magic, 0, 0x88, .. ZstandardSamples.Raw(Harmless, isLast: true)];
        Assert.Equal(FileVerdict.Clean, Scan(large).Verdict);
        Assert.Contains("at most 8388608", Assert.Single(Scan(ZstandardSamples.Stored(large)).Gaps));
    }

    [Fact]
    public void An_archive_after_other_content_is_examined_and_said()
    {
        var scan = Scan(Join(Bytes("some text that comes first\n"), Zip(("x", Malicious))));
        Assert.Contains(scan.Findings, f => f.Id == "zip-appended");
        Assert.Contains(scan.Imports, i => i.Module == "os");
        // And the other way round: a pickle with an archive behind it.
        scan = Scan(Join(Malicious, Zip(("x", Bytes("text")))));
        Assert.Contains(scan.Imports, i => i.Module == "os");
    }

    [Fact]
    public void A_name_that_stands_twice_is_found_and_both_are_examined()
    {
        var scan = Scan(Zip(("data.pkl", Malicious), ("data.pkl", Harmless)));
        Assert.Contains(scan.Findings, f => f.Id == "zip-duplicate");
        Assert.Contains(scan.Imports, i => i.Module == "os");
    }

    [Fact]
    public void A_name_that_differs_between_the_headers_is_found()
    {
        var zip = Zip(("data.pkl", Harmless));
        zip[30] = (byte)'x';
        Assert.Contains(Scan(zip).Findings, f => f.Id == "zip-header-mismatch" && f.Title!.Contains("xata.pkl", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0x01)]
    [InlineData(0x20)]
    [InlineData(0x40)]
    public void A_member_that_says_it_is_encrypted_is_looked_at_and_never_clean(byte flag)
    {
        foreach (var (content, expected) in new[] { (Harmless, FileVerdict.Inconclusive), (Malicious, FileVerdict.Findings) })
        {
            var zip = Zip(("data.pkl", content));
            zip[6] |= flag;
            Assert.Equal(expected, Scan(zip).Verdict);
        }
    }

    [Fact]
    public void A_member_that_the_directory_does_not_list_is_found()
    {
        var hidden = Zip(("hidden.pkl", Malicious));
        var end = hidden.AsSpan().IndexOf("PK\x01\x02"u8);
        var listed = Zip(("data.pkl", Harmless));
        var scan = Scan(Join(hidden[..end], listed));
        Assert.Contains(scan.Imports, i => i.Module == "os");
        Assert.Equal(FileVerdict.Findings, scan.Verdict);
    }

    [Fact]
    public void A_header_between_members_that_reaches_into_the_directory_is_no_member()
    {
        // A name so long that the data would begin behind the directory.
        var header = new byte[30];
        Bytes("PK\x03\x04").CopyTo(header, 0);
        header[27] = 0x40;
        var scan = Scan(Join(header, Zip(("data.pkl", Malicious))));
        Assert.DoesNotContain(scan.Findings, f => f.Id == "zip-hidden-member");
        Assert.Equal(FileVerdict.Findings, scan.Verdict);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../../x")]
    [InlineData("a\\..\\x")]
    [InlineData("C:x")]
    public void A_path_that_leaves_the_directory_is_found(string name) =>
        Assert.Contains(Scan(Zip((name, Bytes("x")))).Findings, f => f.Id == "zip-path");

    [Fact]
    public void A_damaged_archive_is_inconclusive()
    {
        var zip = Zip(("data.pkl", Harmless), ("b", Bytes("text")));
        Assert.Equal(FileVerdict.Inconclusive, Scan(zip[..^30]).Verdict);
        Assert.Equal(FileVerdict.Inconclusive, Scan(zip[..40]).Verdict);
        Assert.Equal(FileVerdict.Inconclusive, Scan("PK\x03\x04"u8.ToArray()).Verdict);
    }

    [Fact]
    public void Every_changed_byte_of_an_archive_is_examined_without_a_crash_and_no_change_hides_the_pickle()
    {
        var zip = Zip(("data.pkl", MaliciousFramed), ("version", Bytes("3")));
        for (var i = 0; i < zip.Length; i++)
        {
            foreach (var value in new byte[] { 0, 1, 8, 0x7f, 0x80, 0xff, (byte)(zip[i] ^ 1), (byte)(zip[i] ^ 0x10) })
            {
                var changed = zip.ToArray();
                changed[i] = value;
                Scan(changed);
            }
            Scan(zip[..i]);
        }
    }

    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.Optimal)]
    public void A_member_whose_checksum_does_not_match_is_not_clean(CompressionLevel level)
    {
        foreach (var content in new[] { Harmless, Bytes("a,b\n1,2\n"), Bytes("{}"), Join(Harmless, new byte[900_000]) })
        {
            var zip = Zip(level, ("m/data.pkl", content), ("m/version", Bytes("3\n")));
            Assert.DoesNotContain(Scan(zip).Gaps, g => g.Contains("checksum", StringComparison.Ordinal));
            // In both headers alike.
            zip[14] ^= 0x10;
            zip[zip.AsSpan().IndexOf("PK\x01\x02"u8) + 16] ^= 0x10;
            var scan = Scan(zip);
            Assert.Equal(FileVerdict.Inconclusive, scan.Verdict);
            Assert.Equal("m/data.pkl: the checksum of the member does not match", Assert.Single(scan.Gaps));
        }
    }

    [Fact]
    public void Large_tensors_are_not_read_for_their_checksum()
    {
        var zip = Zip(("m/data.pkl", Harmless), ("m/data/0", new byte[8 << 20]));
        var directory = zip.AsSpan().LastIndexOf("PK\x01\x02"u8);
        var start = BitConverter.ToInt32(zip, directory + 42);
        zip[start + 14] ^= 1;
        zip[directory + 16] ^= 1;
        Assert.Equal(FileVerdict.Clean, Scan(zip).Verdict);
    }

    [Fact]
    public void A_bomb_is_stopped_by_what_it_says_of_itself()
    {
        // 64 MiB of zeros become a pickle of nothing; they are skipped without being kept.
        var scan = Scan(
            Zip(
                CompressionLevel.Optimal,
                ("x", Join([0x80, 4, (byte)'B', .. BitConverter.GetBytes(64 << 20)], new byte[64 << 20], Bytes(".")))
            )
        );
        Assert.Equal(FileVerdict.Clean, scan.Verdict);
    }

    [Theory]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", FileVerdict.Clean)]
    [InlineData("{'descr': [('x', '<f4'), ('Offset', '<i8', (3,))], 'fortran_order': False, 'shape': (2L,), }", FileVerdict.Clean)]
    [InlineData("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", FileVerdict.Findings)]
    [InlineData("{'descr': 'object', 'fortran_order': False, 'shape': (2,), }", FileVerdict.Findings)]
    [InlineData("{'descr': [('x', '<f4'), ('y', '|O')], 'fortran_order': False, 'shape': (2,), }", FileVerdict.Findings)]
    [InlineData("{'descr': [('x', ('|O', (2,)))], 'fortran_order': False, 'shape': (2,), }", FileVerdict.Findings)]
    [InlineData("{'descr': '|\\x4f', 'fortran_order': False, 'shape': (2,), }", FileVerdict.Findings)]
    [InlineData("{'descr': '|' 'O', 'fortran_order': False, 'shape': (2,), }", FileVerdict.Findings)]
    [InlineData("{'shape': (2,), 'descr': '|O', 'fortran_order': False}", FileVerdict.Findings)]
    public void The_pickle_of_an_array_of_objects_is_examined(string header, FileVerdict expected) =>
        Assert.Equal(expected, Scan(Npy(header, Malicious)).Verdict);

    [Theory]
    [InlineData("'<f4', 'fortran_order': False, 'shape': (2,), }", 8)]
    [InlineData("'<U3', 'fortran_order': False, 'shape': (2, 2), }", 48)]
    [InlineData("'<M8[ns]', 'fortran_order': False, 'shape': (), }", 8)]
    [InlineData("'|b1', 'fortran_order': False, 'shape': (0, 5), }", 0)]
    [InlineData("[('a', '<i4'), ('b', '<f8', (2, 2)), ('', '|V4')], 'fortran_order': False, 'shape': (2,), }", 80)]
    public void What_follows_an_array_in_a_file_of_several_is_examined(string header, int size)
    {
        var plain = Npy("{'descr': " + header, new byte[size]);
        var objects = Npy("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", Malicious);
        foreach (var content in new[] { Join(plain, objects), Join(plain, plain, objects), Join(plain, Malicious) })
        {
            Assert.Equal(FileVerdict.Findings, Scan(content).Verdict);
            Assert.Equal(FileVerdict.Findings, Scan(Gzip(content)).Verdict);
        }
        Assert.Equal(FileVerdict.Clean, Scan(Join(plain, plain)).Verdict);
        Assert.Equal(FileVerdict.Clean, Scan(Join(plain, new byte[100])).Verdict);
    }

    [Fact]
    public void An_array_of_objects_that_is_no_pickle_is_inconclusive()
    {
        const string objects = "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }";
        Assert.Equal(FileVerdict.Inconclusive, Scan(Npy(objects, Bytes("rubbish"))).Verdict);
        Assert.Equal(FileVerdict.Inconclusive, Scan(Npy(objects, [])).Verdict);
        Assert.Equal(FileVerdict.Inconclusive, Scan(Npy("rubbish", new byte[8])).Verdict);
        Assert.Equal(FileVerdict.Inconclusive, Scan(Bytes("\x93NUMPY")).Verdict);
        Assert.Equal(
            FileVerdict.Clean,
            Scan(Zip(("a.npy", Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", new byte[8])))).Verdict
        );
    }

    [Theory]
    [InlineData("\x89HDF\r\n\x1a\n", "HDF5")]
    [InlineData("BZh91AY", "bzip2")]
    [InlineData("\xfd" + "7zXZ\0", "xz")]
    [InlineData("\x04\x22\x4d\x18", "lz4")]
    [InlineData("\x28\xb5\x2f\xfd", "Zstandard")]
    [InlineData("7z\xbc\xaf\x27\x1c", "7z archive")]
    public void A_format_that_cannot_be_read_is_inconclusive(string head, string format)
    {
        var scan = Scan(Bytes(head + new string('\0', 100)));
        Assert.Equal(FileVerdict.Inconclusive, scan.Verdict);
        Assert.StartsWith(format, scan.Format, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"a\": 1}", "JSON or similar text")]
    public void A_format_without_a_place_for_code_is_not_applicable(string head, string format)
    {
        var scan = Scan(Bytes(head));
        Assert.Equal(FileVerdict.NotApplicable, scan.Verdict);
        Assert.Equal(format, scan.Format);
    }

    [Fact]
    public void Machine_code_is_a_finding() =>
        Assert.Contains(Scan(Bytes("\x7f" + "ELF\x02\x01\x01")).Findings, f => f.Severity == Severity.Medium);

    [Fact]
    public void Keras_and_skops_archives_that_say_nothing_are_inconclusive()
    {
        Assert.Equal(
            FileVerdict.Inconclusive,
            Scan(Zip(("config.json", Bytes("{}")), ("metadata.json", Bytes("{}")), ("model.weights.h5", Bytes("x")))).Verdict
        );
        Assert.Equal(FileVerdict.Inconclusive, Scan(Zip(("schema.json", Bytes("[]")))).Verdict);
    }
}
