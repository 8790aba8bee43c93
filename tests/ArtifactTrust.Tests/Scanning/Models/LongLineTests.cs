using System.IO.Compression;
using ArtifactTrust.Scanning.Models;
using static ArtifactTrust.Tests.Scanning.Models.Pickled;

namespace ArtifactTrust.Tests.Scanning.Models;

/// <summary>A pickle of protocol 0 is one however long its lines are: unpicklers read lines of any length.</summary>
public sealed class LongLineTests
{
    private const string Call = "cos\nsystem\n(S'true'\ntR.";

    private static readonly int[] Lengths = [(256 << 10) - 1, 256 << 10, 1 << 20];

    // What stands before the line, what it begins and ends with, and what it is filled with.
    private static readonly (string Before, string Start, char Filling, string End)[] Lines =
    [
        ("", "V", 'x', ""),
        ("", "S'", 'x', "'"),
        ("", "S\"", 'x', "\" "),
        ("", "I", '0', "1"),
        ("", "L", '0', "1L"),
        ("", "F", '0', "1.5"),
        ("", "P", 'x', ""),
        ("N", "p", '0', "7"),
        ("Np7\n0", "g", '0', "7"),
        ("N", "p", ' ', "7"),
        // The unpickler in C reads a number up to a zero byte.
        ("", "I1\0", 'x', ""),
        ("", "L1\0", 'x', ""),
        ("", "F1\0", 'x', ""),
        ("N", "p7\0", 'x', ""),
        ("(", "V", 'x', ""),
        ("(dp0\n", "V", 'x', ""),
        ("(lp0\n", "V", 'x', ""),
        (string.Concat(Enumerable.Repeat("N0", 5000)), "V", 'x', ""),
        ("I1\n.", "V", 'x', ""),
        ("\u0080\u0003", "V", 'x', ""),
    ];

    public static TheoryData<int, int> Cases
    {
        get
        {
            var cases = new TheoryData<int, int>();
            for (var line = 0; line < Lines.Length; line++)
            {
                foreach (var length in Lengths)
                {
                    cases.Add(line, length);
                }
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_call_behind_a_long_line_is_found(int line, int length)
    {
        var pickle = Pickle(line, length);
        AssertFound(pickle);
        AssertFound(Zip(("data.pkl", pickle)));
        AssertFound(Zip(CompressionLevel.Fastest, ("data.pkl", pickle)));
        AssertFound(Gzip(pickle));
    }

    [Theory]
    [InlineData("I1\0abc\n0")]
    [InlineData("I\0abc\n0")]
    [InlineData("L5\0abc\n0")]
    [InlineData("F1.0\0abc\n0")]
    [InlineData("Np0\0abc\n0")]
    [InlineData("Np0\n0g0\0abc\n0")]
    public void A_number_that_a_zero_byte_ends_is_one(string start)
    {
        AssertFound(Bytes(start + Call));
        // Without a call it is what some unpicklers take, and others do not.
        Assert.Equal(FileVerdict.Inconclusive, Scan(Bytes(start + "N.")).Verdict);
    }

    [Theory]
    // No unpickler takes the line, or the opcode after it.
    [InlineData("I am a line of text ", "\nand another\n")]
    [InlineData("Suddenly ", "\nN.\n")]
    [InlineData("S'quoted, and not ended ", "\nN.\n")]
    [InlineData("F", "\nfloat\n")]
    [InlineData("Long ", "\nN.\n")]
    [InlineData("Very ", "\nlong\n")]
    [InlineData("V", "\n\nand an empty line\n")]
    [InlineData("(P", "\n1,2\n")]
    [InlineData("V", "")]
    [InlineData("class ", "\nname\n1,2\n")]
    [InlineData("Name,Address,", "\n1,2\n")]
    [InlineData("{\"a\": \"", "\"}\n")]
    public void Text_of_a_long_line_raises_no_alarm(string start, string end)
    {
        foreach (var length in Lengths)
        {
            var text = Bytes(start + new string('x', length) + end);
            foreach (var content in new[] { text, Zip(("a.txt", text)), Gzip(text) })
            {
                var scan = Scan(content);
                Assert.True(scan.Verdict == FileVerdict.NotApplicable, $"{scan.Verdict}: {string.Join("; ", scan.Gaps)}");
                Assert.Empty(scan.Findings);
            }
        }
    }

    [Fact]
    public void A_harmless_pickle_with_a_long_line_is_clean()
    {
        Assert.Equal(FileVerdict.Clean, Scan(Bytes("(dp0\nVdoc\np1\nV" + new string('x', 300_000) + "\np2\ns.")).Verdict);
        Assert.Equal(FileVerdict.Clean, Scan(Gzip(Bytes("(lp0\nV" + new string('x', 300_000) + "\np2\na."))).Verdict);
    }

    [Fact]
    public void A_line_of_80_MB_takes_the_memory_of_the_buffer_and_is_read_once()
    {
        var line = new LineStream("V", 80_000_000, "\n0" + Call);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var scan = new ModelScanner().ScanFile("m.pkl", line);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
        Assert.Contains(scan.Imports, i => i.Module == "os");
        Assert.InRange(line.BytesRead, line.Length, 2 * line.Length);
    }

    [Fact]
    public void A_long_line_among_the_bytes_of_an_array_hides_no_call()
    {
        // An unpickler that knows nothing of joblib takes the array for opcodes.
        var pickle = Array(Bytes("V" + new string('x', 400_000) + "\n0" + Call));
        AssertFound(pickle);
        AssertFound(Zip(("data.pkl", pickle)));
        Assert.Equal(FileVerdict.Inconclusive, Scan(Gzip(pickle)).Verdict);
        // So long a value too, where it is not known how much is left.
        pickle = Array(Join([(byte)'B', .. BitConverter.GetBytes(400_000)], new byte[400_000], Bytes("0" + Call)));
        AssertFound(pickle);
        Assert.Contains("too far ahead", Assert.Single(Scan(Gzip(pickle)).Gaps), StringComparison.Ordinal);
        // What leads behind the end is read by no unpickler.
        pickle = Array(Join([(byte)'B', 0xff, 0xff, 0xff, 0x7f], new byte[400_000]));
        Assert.Equal(FileVerdict.Clean, Scan(pickle).Verdict);
        Assert.Equal(FileVerdict.Clean, Scan(Gzip(pickle)).Verdict);
    }

    [Fact]
    public void Bytes_of_an_array_that_read_as_too_many_values_are_not_clean() =>
        Assert.Equal(FileVerdict.Inconclusive, Scan(Array(Bytes(new string('N', 5_000_000) + Call))).Verdict);

    private static byte[] Array(byte[] data) =>
        Join(
            Bytes("\u0080\u0002cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\u0081}(U\u0005shapeJ"),
            BitConverter.GetBytes(data.Length),
            Bytes("\u0085U\u0005dtypecnumpy\ndtype\nU\u0002u1\u0089\u0088\u0087Rub"),
            data,
            Bytes(".")
        );

    private static byte[] Pickle(int line, int length)
    {
        var (before, start, filling, end) = Lines[line];
        // The line's own length, without its opcode and its end.
        var fill = new string(filling, length - start.Length + 1 - end.Length);
        return Bytes($"{before}{start}{fill}{end}\n0{Call}");
    }

    private static void AssertFound(byte[] content)
    {
        var scan = Scan(content);
        Assert.True(scan.Verdict == FileVerdict.Findings, $"{scan.Format}, {scan.Verdict}: {string.Join("; ", scan.Gaps)}");
        Assert.Contains(scan.Imports, i => i.Module == "os" && i.Name == "system");
    }

    /// <summary>A line that is in no memory.</summary>
    private sealed class LineStream(string start, long filling, string end) : ReadOnlyStream
    {
        private readonly byte[] _start = Bytes(start);
        private readonly byte[] _end = Bytes(end);

        internal long BytesRead { get; private set; }

        public override bool CanSeek => true;

        public override long Position { get; set; }

        public override long Length => _start.Length + filling + _end.Length;

        public override int Read(Span<byte> buffer)
        {
            var count = (int)Math.Clamp(Length - Position, 0, buffer.Length);
            for (var i = 0; i < count; i++)
            {
                var at = Position + i;
                buffer[i] =
                    at < _start.Length ? _start[at]
                    : at < _start.Length + filling ? (byte)'x'
                    : _end[at - _start.Length - filling];
            }
            Position += count;
            BytesRead += count;
            return count;
        }
    }
}
