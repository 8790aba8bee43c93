using ArtifactTrust.Scanning.Models;
using static ArtifactTrust.Tests.Scanning.Models.Pickled;

namespace ArtifactTrust.Tests.Scanning.Models;

/// <summary>The work a file can cause is bounded, in whatever it is packed.</summary>
public sealed class PickleWorkTests
{
    // Behind an error every place may begin a pickle, and each goes on to the next error.
    private static readonly byte[] ManyBeginnings = Join(
        Bytes("\u0080\u0002cbuiltins\nlen\n(NtR\u00ff"),
        [.. Enumerable.Repeat((byte[])[0x80, 0x02], 100_000).SelectMany(b => b), 0xff]
    );

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_search_that_finds_too_many_beginnings_is_given_up(bool canSeek)
    {
        Stream stream = canSeek
            ? new MemoryStream(ManyBeginnings)
            : new PartStream(new MemoryStream(ManyBeginnings), ManyBeginnings.Length);
        var input = new PickleInput(stream, canSeek ? ManyBeginnings.Length : null);
        var examiner = new PickleExaminer(ModelScanRules.Default, 0, CancellationToken.None);
        var verdict = examiner.Examine(input, new PickleEvents(ModelScanRules.Default, Place.File), expected: false, exact: true);
        Assert.True(verdict.IsPickle);
        Assert.NotNull(verdict.Gap);
        // Followed to their ends, the beginnings come to 5,000 million opcodes.
        Assert.InRange(examiner.Opcodes, 1_000_000, PickleExaminer.SearchFloor + ManyBeginnings.Length);
        Assert.InRange(input.BytesRead, 1, PickleExaminer.SearchFloor + ManyBeginnings.Length);
    }

    [Fact]
    public void A_file_whose_search_is_given_up_is_not_clean()
    {
        var scan = new ModelScanner().ScanFile("m.pkl.gz", new MemoryStream(Gzip(ManyBeginnings)));
        Assert.Equal(FileVerdict.Findings, scan.Verdict);
        Assert.NotEmpty(scan.Gaps);
    }

    [Fact]
    public void What_is_followed_for_arrays_is_bounded_for_all_of_them_together()
    {
        // Each array's bytes read as opcodes, and so does all that follows it.
        var array = Join(
            Bytes(
                "cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\u0081}(U\u0005shapeK\u0040\u0085U\u0005dtypecnumpy\ndtype\nU\u0002u1\u0089\u0088\u0087Rub"
            ),
            [.. Enumerable.Repeat((byte)'N', 64)],
            Bytes("0")
        );
        var file = Join(Bytes("\u0080\u0002"), [.. Enumerable.Repeat(array, 2000).SelectMany(a => a)], Bytes("N."));
        var input = new PickleInput(new MemoryStream(file), file.Length);
        new PickleExaminer(ModelScanRules.Default, 0, CancellationToken.None).Examine(
            input,
            new PickleEvents(ModelScanRules.Default, Place.File),
            expected: false,
            exact: true
        );
        Assert.InRange(input.Speculated, 2000 * 64, (1 << 24) + 1);
    }

    [Fact]
    public void Changes_that_would_have_to_be_taken_back_are_bounded()
    {
        // The bytes of the array set a place of the memo two million times.
        var state = Bytes(
            "cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\u0081}(U\u0005shapeJ\u0000\u0009\u003d\u0000\u0085U\u0005dtypecnumpy\ndtype\nU\u0002u1\u0089\u0088\u0087Rub"
        );
        var file = Join(
            Bytes("\u0080\u0002"),
            state,
            [.. Enumerable.Repeat((byte[])[(byte)'q', 0], 2_000_000).SelectMany(b => b)],
            Bytes(".")
        );
        var scan = new ModelScanner().ScanFile("m.joblib", new MemoryStream(file));
        Assert.Equal(FileVerdict.Inconclusive, scan.Verdict);
        Assert.Contains(scan.Gaps, g => g.Contains("too much of the data of arrays", StringComparison.Ordinal));
    }

    [Fact]
    public void An_import_that_is_named_by_the_memo_many_times_is_found_once()
    {
        var again = Enumerable.Repeat(Bytes("h\u0000h\u0001\u00930"), 1000).SelectMany(b => b);
        var pickle = Join(Bytes("\u0080\u0004\u008c\u0008builtins\u0094\u008c\u0004eval\u00940"), [.. again], Bytes("N."));
        var scan = new ModelScanner().ScanFile("m.pkl", new MemoryStream(pickle));
        Assert.Equal("builtins.eval", Assert.Single(scan.Imports.Select(i => $"{i.Module}.{i.Name}")));
    }
}
