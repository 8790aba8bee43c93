using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Formats.Zstandard;
using static ArtifactTrust.Tests.Formats.Zstandard.ZstandardSamples;

namespace ArtifactTrust.Tests.Formats.Zstandard;

public sealed class ZstandardStreamTests
{
    private static readonly byte[] Abc = "abc"u8.ToArray();

    public static TheoryData<string> Samples => [.. Names];

    [Theory]
    [MemberData(nameof(Samples))]
    public void What_the_program_compressed_comes_out(string name) => Assert.Equal(Content(name), Decode(ZstandardSamples.Frame(name)));

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task It_comes_out_in_pieces_of_any_size_and_asynchronously(string name)
    {
        using var stream = new ZstandardStream(new Drip(ZstandardSamples.Frame(name)));
        var bytes = new List<byte>();
        var piece = new byte[7];
        for (int read; (read = await stream.ReadAsync(piece)) > 0; )
        {
            bytes.AddRange(piece[..read]);
        }
        Assert.Equal(Content(name), bytes);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void No_changed_bit_gives_other_content(string name)
    {
        var (frame, content) = (ZstandardSamples.Frame(name), Content(name));
        var same = new List<int>();
        for (var bit = 0; bit < 8 * frame.Length; bit += frame.Length > 1000 ? 7 : 1)
        {
            var changed = (byte[])frame.Clone();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                Assert.Equal(content, Decode(changed));
                same.Add(bit / 8);
            }
            catch (MalformedDataException) { }
        }
        // Bits that nothing depends on: one of the descriptor, those of a larger window, and what fills up the last byte of a table.
        Assert.InRange(same.Count, 0, 8 + (frame.Length / 10));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void What_is_cut_short_is_refused_wherever_it_is_cut(string name)
    {
        var frame = ZstandardSamples.Frame(name);
        for (var length = 0; length < frame.Length; length++)
        {
            Assert.Contains("ends", Refused(frame[..length]).Reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Blocks_as_they_are_and_of_one_byte_come_out()
    {
        var frame = ZstandardSamples.Frame(Raw(Abc), Raw([]), Block(1, 5, [(byte)'x']), Raw([], isLast: true));
        Assert.Equal("abcxxxxx"u8.ToArray(), Decode(frame));
    }

    [Fact]
    public void Frames_one_after_the_other_come_out_and_those_to_be_skipped_do_not()
    {
        byte[] skipped = [0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
        byte[] empty = [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0];
        var frame = ZstandardSamples.Frame(Raw(Abc, isLast: true));
        Assert.Equal("abcabc"u8.ToArray(), Decode([.. skipped, .. frame, .. empty, .. skipped, .. frame, .. empty]));
        Assert.Empty(Decode(skipped));
        Refused(skipped[..^1]);
    }

    [Fact]
    public void A_long_frame_to_be_skipped_takes_no_memory()
    {
        byte[] skipped = [0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff, .. new byte[1000]];
        var before = GC.GetAllocatedBytesForCurrentThread();
        Refused(skipped);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 << 20);
    }

    [Theory]
    [InlineData(0x20, new byte[] { 3 })]
    [InlineData(0x60, new byte[] { 3, 0 })]
    [InlineData(0xa0, new byte[] { 3, 0, 0, 0 })]
    [InlineData(0xe0, new byte[] { 3, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData(0x80, new byte[] { 0, 3, 0, 0, 0 })]
    [InlineData(0x10, new byte[] { 0 })]
    [InlineData(0x01, new byte[] { 0, 0 })]
    [InlineData(0x03, new byte[] { 0, 0, 0, 0, 0 })]
    public void A_size_and_a_window_are_read_in_every_form(byte descriptor, byte[] rest)
    {
        byte[] frame = [.. Magic, descriptor, .. rest, .. Raw(Abc, isLast: true)];
        if (descriptor == 0x60)
        {
            // Two bytes count from 256 on.
            Assert.Contains("3 bytes came out of a frame of 259", Refused(frame).Reason, StringComparison.Ordinal);
            return;
        }
        Assert.Equal(Abc, Decode(frame));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void A_frame_of_another_size_than_it_says_is_refused(byte size) =>
        Assert.Contains(
            $"3 bytes came out of a frame of {size}",
            Refused([.. Magic, 0x20, size, .. Raw("ab"u8.ToArray()), .. Raw("c"u8.ToArray(), isLast: true)]).Reason,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(new byte[] { 0x01, 0, 7 }, "dictionary 7")]
    [InlineData(new byte[] { 0x02, 0, 1, 1 }, "dictionary 257")]
    [InlineData(new byte[] { 0x23, 1, 0, 0, 0, 3 }, "dictionary 1")]
    public void A_dictionary_is_asked_for_by_name(byte[] header, string expected) =>
        Assert.Contains(expected, Refused([.. Magic, .. header, .. Raw(Abc, isLast: true)]).Reason, StringComparison.Ordinal);

    [Fact]
    public void A_window_over_the_limit_is_refused_and_one_at_the_limit_is_not()
    {
        // 8 MiB, an eighth more, and 128 MiB.
        foreach (var (window, isOver) in new[] { (0x68, false), (0x69, true), (0x88, true) })
        {
            byte[] frame = [.. Magic, 0, (byte)window, .. Raw(Abc, isLast: true)];
            if (isOver)
            {
                Assert.Contains("at most 8388608", Refused(frame).Reason, StringComparison.Ordinal);
            }
            Assert.Equal(Abc, Decode(frame, Limits.ZstandardLargestWindowBytes));
        }
        Refused([.. Magic, 0, 0x89, .. Raw(Abc, isLast: true)], Limits.ZstandardLargestWindowBytes);
        Refused([.. Magic, 0xe0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, .. Raw(Abc, isLast: true)]);
        Assert.Throws<ArgumentOutOfRangeException>(() => Decode([], Limits.ZstandardLargestWindowBytes + 1));
    }

    [Fact]
    public void A_large_window_takes_no_memory_before_it_is_filled()
    {
        byte[] frame = [.. Magic, 0, 0x88, .. Raw(Abc, isLast: true)];
        var before = GC.GetAllocatedBytesForCurrentThread();
        Decode(frame, Limits.ZstandardLargestWindowBytes);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 << 20);
    }

    [Fact]
    public void A_large_window_that_is_filled_takes_its_size_once()
    {
        const int Blocks = (128 << 20) / FrameHeader.LargestBlock;
        var block = Block(1, FrameHeader.LargestBlock, [0]);
        byte[] frame = [.. Magic, 0, 0x88, .. Enumerable.Repeat(block, Blocks + 2).SelectMany(b => b), .. Raw([], isLast: true)];
        using var stream = new ZstandardStream(new MemoryStream(frame), Limits.ZstandardLargestWindowBytes);
        var buffer = new byte[1 << 20];
        var before = GC.GetAllocatedBytesForCurrentThread();
        while (stream.Read(buffer) > 0) { }
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 128 << 20, 176 << 20);
    }

    [Fact]
    public void A_checksum_is_compared_unless_that_is_not_wanted()
    {
        var frame = ZstandardSamples.Frame("words");
        frame[^1] ^= 1;
        Assert.Contains("checksum", Refused(frame).Reason, StringComparison.Ordinal);
        Assert.Equal(Content("words"), Decode(frame, comparesChecksums: false));
    }

    [Theory]
    [InlineData("", "ends")]
    [InlineData("28b5", "ends")]
    [InlineData("27b52ffd0000", "no frame begins here")]
    [InlineData("28b52ffd0800", "a reserved bit")]
    [InlineData("28b52ffd0000 070000", "a reserved kind")]
    [InlineData("28b52ffd0000 092000", "a block of 1025 bytes")]
    [InlineData("28b52ffd0000 0b2000 61", "a block of 1025 bytes")]
    [InlineData("28b52ffd0000 010000 61", "ends")]
    [InlineData("28b52ffd0000 010000 61626364", "no frame begins here")]
    public void What_is_no_frame_is_refused(string hex, string expected) =>
        Assert.Contains(
            expected,
            Refused(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal))).Reason,
            StringComparison.Ordinal
        );

    [Theory]
    // Literals.
    [InlineData("", "literals that are cut short")]
    [InlineData("18 61", "literals that are cut short")]
    [InlineData("19", "literals that are cut short")]
    [InlineData("1c", "literals that are cut short")]
    [InlineData("fcff3f", "more literals than the block may have")]
    [InlineData("03 00", "literals that are cut short")]
    [InlineData("13 40 00 01", "to be used again")]
    [InlineData("12 40 00 00", "a table that is cut short")]
    [InlineData("12 00 00 00", "a Huffman table that is cut short")]
    [InlineData("12 80 00 80 00 00", "without weights")]
    [InlineData("12 80 00 80 30 00", "without the mark")]
    [InlineData("12 80 00 80 c0 01", "too long")]
    [InlineData("12 c0 00 81 13 01 00", "come out even")]
    // Sequences.
    [InlineData("00", "sequences that are cut short")]
    [InlineData("00 01", "sequences that are cut short")]
    [InlineData("00 80", "sequences that are cut short")]
    [InlineData("00 ff 00", "sequences that are cut short")]
    [InlineData("00 00 00", "goes on after them")]
    [InlineData("00 01 01", "reserved bits")]
    [InlineData("00 01 40", "a table of one symbol that is none")]
    [InlineData("00 01 40 24", "a table of one symbol that is none")]
    [InlineData("00 01 c0", "to be used again")]
    [InlineData("00 01 80", "a table that is cut short")]
    [InlineData("00 01 80 05 00", "a table of 2^10 states")]
    [InlineData("00 01 00", "without the mark")]
    [InlineData("00 01 00 00", "without the mark")]
    [InlineData("00 01 00 01", "ends early")]
    // One literal length, offset and match length each, without further bits: 16 literals of which there are none, offset 4 and match 3.
    [InlineData("00 01 54 0f 02 00 04", "more literals than there are")]
    [InlineData("00 01 54 00 02 00 04", "a match from before the window")]
    [InlineData("00 01 54 00 1f 00 00 00 00 80", "a match from before the window")]
    [InlineData("00 01 54 00 02 00 00", "without the mark")]
    [InlineData("20 61626364 01 54 04 02 00 1f", "more than was asked for")]
    [InlineData("00 01 54 00 02 00 01", "ends early")]
    public void A_damaged_block_is_refused(string hex, string expected) =>
        Assert.Contains(
            expected,
            Refused(Compressed(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)))).Reason,
            StringComparison.Ordinal
        );

    [Fact]
    public void A_block_by_hand_comes_out()
    {
        // Four literals, all of them before a match of offset 4 (symbol 2, 7 = 4 + 3) and length 3 (symbol 0).
        byte[] block = [0x20, .. "abcd"u8, 1, 0x54, 4, 2, 0, 0b111];
        Assert.Equal("abcdabc"u8.ToArray(), Decode(Compressed(block)));
        // The same of offset 2, twice: 5 = 2 + 3, and then the last offset but, without literals, one: 1.
        block = [0x20, .. "abcd"u8, 1, 0x54, 4, 2, 0, 0b101];
        Assert.Equal("abcdcdc"u8.ToArray(), Decode(Compressed(block)));
    }

    [Fact]
    public void A_match_longer_than_the_block_may_be_is_refused()
    {
        // Match symbol 52: 65539 and 16 further bits.
        byte[] block = [0x08, (byte)'a', 1, 0x54, 1, 0, 52, 0, 0, 1];
        Assert.Contains("more bytes than it may have", Refused(Compressed(block)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Tables_and_offsets_of_one_frame_are_not_those_of_the_next()
    {
        byte[] block = [0x20, .. "abcd"u8, 1, 0x54, 4, 2, 0, 0b111];
        byte[] again = [0x20, .. "abcd"u8, 1, 0xfc, 0b111];
        var both = ZstandardSamples.Frame(Block(2, block.Length, block), Block(2, again.Length, again, isLast: true));
        Assert.Equal("abcdabcabcdabc"u8.ToArray(), Decode(both));
        Assert.Contains("to be used again", Refused([.. Compressed(block), .. Compressed(again)]).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_came_out_of_a_block_can_be_read_before_the_next_is_there()
    {
        var frame = ZstandardSamples.Frame(Raw(Abc), Raw("def"u8.ToArray(), isLast: true));
        // As a server sends that flushes: the rest of the frame comes later.
        using var first = new Broken(frame[..(6 + 3 + 3)]);
        using var stream = new ZstandardStream(first);
        var buffer = new byte[10];
        Assert.Equal(3, stream.Read(buffer));
        Assert.Throws<IOException>(() => stream.Read(buffer));
    }

    [Fact]
    public void Nothing_of_a_damaged_block_comes_out_however_often_it_is_asked_for()
    {
        // Its bits are more than its one sequence takes, which is known when all came out.
        byte[] block = [0x20, .. "abcd"u8, 1, 0x54, 4, 2, 0, 0x1f];
        using var stream = new ZstandardStream(
            new MemoryStream(ZstandardSamples.Frame(Raw(Abc), Block(2, block.Length, block, isLast: true)))
        );
        var buffer = new byte[10];
        Assert.Equal(3, stream.Read(buffer));
        for (var i = 0; i < 3; i++)
        {
            Assert.Throws<MalformedDataException>(() => stream.Read(buffer));
        }
    }

    [Fact]
    public void The_inner_stream_is_closed_unless_it_is_to_stay_open()
    {
        var inner = new MemoryStream();
        new ZstandardStream(inner, leaveOpen: true).Dispose();
        Assert.True(inner.CanRead);
        new ZstandardStream(inner).Dispose();
        Assert.False(inner.CanRead);
    }

    [Theory]
    [InlineData("", 0xef46db3751d8e999)]
    [InlineData("abc", 0x44bc2cf5ad770999)]
    [InlineData("xxhash", 0x32dd38952c4bc720)]
    [InlineData("Call me Ishmael. Some years ago--never mind how long precisely-", 0x02a2e85470d6fd96)]
    public void The_hash_is_the_published_one_however_the_bytes_are_given(string text, ulong expected)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var hash = new XxHash64();
            hash.Append(bytes.AsSpan(0, cut));
            hash.Append(bytes.AsSpan(cut));
            Assert.Equal(expected, hash.Value);
        }
    }

    /// <summary>Gives one byte at a time.</summary>
    private sealed class Drip(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..1], cancellationToken);
    }

    /// <summary>Fails where the bytes end.</summary>
    private sealed class Broken(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer) is > 0 and var read ? read : throw new IOException("later");
    }
}
