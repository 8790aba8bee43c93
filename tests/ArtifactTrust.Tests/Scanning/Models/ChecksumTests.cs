using ArtifactTrust.Scanning.Models;
using ArtifactTrust.Scanning.Models.Decompression;
using static ArtifactTrust.Tests.Scanning.Models.Pickled;

namespace ArtifactTrust.Tests.Scanning.Models;

/// <summary>What comes out of compressed data is compared with its checksums.</summary>
public sealed class ChecksumTests
{
    /// <summary>One harmless pickle of 177 bytes, as the usual tools compress it.</summary>
    public static TheoryData<string, string> Samples =>
        new()
        {
            {
                "gz",
                "H4sIAAAAAAACAyXNOQ6CQABAURQEN9z3FXcrL/LPYDHKREwGTRRjZeIBphyv4DlN5Bev/W/n87XSXmarvac8n6LkbvZmi0WGLDYOOVw88hQoUqKMT4UqNeo0aNKiTYcuPfoMGDJizIQpATPmLFiyYs1GauciYmm0L4J7LJQK4msoldGuEgep/k9tH0VitB1eT0Y7h/MtNJEX5aNCqnzsfieRFqCxAAAA"
            },
            {
                "zlib",
                "eJwlzTkOgkAAQFEUBDfc9xV3Ky/yz2AxykRMBk0UY2XiAaYcr+A5TeQXr/1v5/O10l5mq72nPJ+i5G72ZotFhiw2DjlcPPIUKFKijE+FKjXqNGjSok2HLj36DBgyYsyEKQEz5ixYsmLNRmrnImJptC+CeyyUCuJrKJXRrhIHqf5PbR9FYrQdXk9GO4fzLTSRF+WjQqp87H4SNC/x"
            },
            {
                "bz2",
                "QlpoMTFBWSZTWY6ehjEAAE338H//////wQAIAAI+556CQAQGAAEAIACVRzACZMJhMEwEbQAJowADUypoMDRMgDQAAaNAAeJH4kbQGAzMMMGXUGZgiBAGSEAd5zQihC523Xn4EnoI+Ek1FfKy7DLXptx15+CH38iBHJLNPRSDovLhj+oiBkFnthjH5eU21DMJgpTsc9doLOWRMULTHPlZxNlfqMUyMmCiIJfkgKR45F3JFOFCQjp6GMQ="
            },
            {
                "xz-crc32",
                "/Td6WFoAAAFpIt42AgAhAQAAAAA3J5fW4ACwAJldAEABDnhAohWbOjrzTGavXIMP0WEdglCXBwsNwVdO95c51Z5zpOxYjlabuSEAYJgZ3z+ST0EGo3/K+3zg6GXFdsOT0e3XxQ89InSqPonPo18yMk1dEXpK+p87KJjU9suHYH6nHRY/fmd0JoM9vzI76NNaPzhA2Zs1vF3yRaeMKsxgLPYwkxlxIlQhHGLZPbkenK1fy9fOIt6P7QAAAAAnkRagAAGxAbEBAAB1fq+LPjANiwIAAAAAAVla"
            },
            {
                "xz-crc64",
                "/Td6WFoAAATm1rRGAgAhAQAAAAA3J5fW4ACwAJldAEABDnhAohWbOjrzTGavXIMP0WEdglCXBwsNwVdO95c51Z5zpOxYjlabuSEAYJgZ3z+ST0EGo3/K+3zg6GXFdsOT0e3XxQ89InSqPonPo18yMk1dEXpK+p87KJjU9suHYH6nHRY/fmd0JoM9vzI76NNaPzhA2Zs1vF3yRaeMKsxgLPYwkxlxIlQhHGLZPbkenK1fy9fOIt6P7QAAAABbkEYAh1fYRQABtQGxAQAAYzw+ELHEZ/sCAAAAAARZWg=="
            },
            {
                "xz-sha256",
                "/Td6WFoAAArh+wyhAgAhAQAAAAA3J5fW4ACwAJldAEABDnhAohWbOjrzTGavXIMP0WEdglCXBwsNwVdO95c51Z5zpOxYjlabuSEAYJgZ3z+ST0EGo3/K+3zg6GXFdsOT0e3XxQ89InSqPonPo18yMk1dEXpK+p87KJjU9suHYH6nHRY/fmd0JoM9vzI76NNaPzhA2Zs1vF3yRaeMKsxgLPYwkxlxIlQhHGLZPbkenK1fy9fOIt6P7QAAAACIoc6QKFOpoPFI04oaZLnJD9Rzoa9wih3LuNh/oKqIwgABzQGxAQAAz7NP97bp3xwCAAAAAApZWg=="
            },
            {
                "xz-blocks",
                "/Td6WFoAAATm1rRGAsBfZCEBAABcjjxj4ABjAFddAEABDnhAohWbOjrzTGavXIMP0WEdglCXBwsNwVdO95c51Z5zpOxYjlabuSEAYJgZ3z+ST0EGo3/K+3zg6GXFdsOT0e3XxQ89InSqPonPo18yMk1dDvAoOgAA7tPQYwBypokCwFFNIQEAAFmi55UBAEwkSyVLJksnZYwEbmFtZZSMDWEgc21hbGwgbW9kZWyUjAZsYWJlbHOUXZQojANjYXSUjANkb2eUjARiaXJklGgHaAhoCWgHaAhoCWV1LgAAAADxQMrDGCFXcQACc2RlTQAAAHkDZ7HEZ/sCAAAAAARZWg=="
            },
            {
                "lz4",
                "BCJNGHxAsQAAAAAAAAD/rwAAAFKABJWmAAEA8XB9lCiMB3dlaWdodHOUXZQoSwBLAUsCSwNLBEsFSwZLB0sISwlLCksLSwxLDUsOSw9LEEsRSxJLE0sUSxVLFksXSxhLGUsaSxtLHEsdSx5LH0sgSyFLIksjSyRLJUsmSydljARuYW1llIwNYSBzbWFsbCBtb2RlbJSMBmxhYmVsdADwE4wDY2F0lIwDZG9nlIwEYmlyZJRoB2gIaAloB2gIaAlldS4coDPPAAAAALKgBkE="
            },
        };

    [Theory]
    [MemberData(nameof(Samples))]
    public void Whole_data_is_clean(string form, string base64)
    {
        var scan = Scan(Convert.FromBase64String(base64));
        Assert.True(scan.Verdict == FileVerdict.Clean, $"{form}: {string.Join("; ", scan.Gaps)}");
        Assert.EndsWith("pickle inside", scan.Format, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_changed_bit_is_clean_only_where_the_same_comes_out(string form, string base64)
    {
        var sample = Convert.FromBase64String(base64);
        var whole = Decompress(form, sample);
        var same = 0;
        for (var bit = 0; bit < 8 * sample.Length; bit++)
        {
            var changed = sample.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            if (Scan(changed).Verdict == FileVerdict.Clean)
            {
                Assert.Equal(whole, Decompress(form, changed));
                same++;
            }
        }
        // The time and the system in a header of gzip, the size of blocks of bzip2: nothing comes of them. All of xz and lz4 is under checksums.
        Assert.InRange(same, 0, form is "gz" or "bz2" ? 80 : 0);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Data_that_is_cut_is_never_clean(string form, string base64)
    {
        var sample = Convert.FromBase64String(base64);
        for (var length = 0; length < sample.Length; length++)
        {
            Assert.True(Scan(sample[..length]).Verdict != FileVerdict.Clean, $"{form}: {length} bytes");
        }
    }

    [Theory]
    // The place of a checksum; below zero from the end.
    [InlineData("gz", -8, "cut short, or the checksum or the size of what comes out")]
    [InlineData("gz", -1, "cut short, or the checksum or the size of what comes out")]
    [InlineData("zlib", -1, "cut short, or the checksum or the size of what comes out")]
    [InlineData("bz2", -3, "the checksum of a stream")]
    [InlineData("bz2", 10, "the checksum of a block")]
    [InlineData("xz-crc32", 9, "the checksum of a header")]
    [InlineData("xz-crc32", 20, "the checksum of a header")]
    [InlineData("xz-crc32", -12, "the checksum of the footer")]
    [InlineData("xz-crc32", -14, "the checksum of the index")]
    [InlineData("xz-crc32", -26, "the checksum of a block")]
    [InlineData("xz-crc64", -26, "the checksum of a block")]
    [InlineData("xz-sha256", -40, "the checksum of a block")]
    [InlineData("lz4", -1, "the checksum of a frame")]
    [InlineData("lz4", -9, "the checksum of a block")]
    [InlineData("lz4", 14, "the checksum of a header")]
    public void A_checksum_that_does_not_match_is_named(string form, int at, string message)
    {
        var sample = Convert.FromBase64String((string)((IEnumerable<object[]>)Samples).Single(s => (string)s[0] == form)[1]);
        sample[at < 0 ? sample.Length + at : at] ^= 0x10;
        var scan = Scan(sample);
        Assert.Equal(FileVerdict.Inconclusive, scan.Verdict);
        Assert.Contains(scan.Gaps, g => g.Contains(message, StringComparison.Ordinal) && g.EndsWith("not match", StringComparison.Ordinal));
    }

    [Fact]
    public void What_comes_out_before_a_checksum_fails_is_examined()
    {
        var sample = Gzip(Malicious);
        sample[^8] ^= 1;
        var scan = Scan(sample);
        Assert.Contains(scan.Findings, f => f.Id == "import-program");
        Assert.NotEmpty(scan.Gaps);
    }

    [Fact]
    public void Members_of_gzip_in_a_row_are_one_file()
    {
        Assert.Equal(FileVerdict.Clean, Scan(Join(Gzip(Harmless[..5]), Gzip(Harmless[5..]), new byte[100])).Verdict);
        Assert.Contains(Scan(Join(Gzip(Harmless), Gzip(Malicious))).Findings, f => f.Id == "import-program");
        Assert.Equal(FileVerdict.Inconclusive, Scan(Join(Gzip(Harmless), Bytes("and more"))).Verdict);
    }

    [Fact]
    public void Gzip_of_many_pieces_is_whole_wherever_its_members_end()
    {
        var random = new Random(1);
        for (var size = 8100; size < 8300; size += 3)
        {
            var noise = new byte[size];
            random.NextBytes(noise);
            using var stream = DeflatedStream.Gzip(new MemoryStream(Join(Gzip(noise), Gzip(Harmless))));
            using var all = new MemoryStream();
            stream.CopyTo(all);
            Assert.Equal(Join(noise, Harmless), all.ToArray());
        }
    }

    [Fact]
    public void Checksums_are_those_of_their_specifications()
    {
        var digits = "123456789"u8;
        Assert.Equal(0xCBF43926u, ReflectedCrc.Crc32(digits));
        var crc64 = ReflectedCrc.Crc64();
        crc64.Append(digits[..2]);
        crc64.Append(digits[2..]);
        Assert.Equal(0x995DC9BBDF1939FAu, crc64.Value);
        Assert.Equal(0x02CC5D05u, XxHash32.Of([]));
        Assert.Equal(0x32D153FFu, XxHash32.Of("abc"u8));
    }

    private static byte[] Decompress(string form, byte[] data)
    {
        var input = new MemoryStream(data);
        using Stream stream = form[..2] switch
        {
            "gz" => DeflatedStream.Gzip(input),
            "zl" => DeflatedStream.Zlib(input),
            "bz" => new Bzip2Stream(input),
            "xz" => new XzStream(input),
            _ => new Lz4Stream(input),
        };
        using var all = new MemoryStream();
        stream.CopyTo(all);
        return all.ToArray();
    }

    private static FileScan Scan(byte[] content) => new ModelScanner().ScanFile("model", new MemoryStream(content));
}
