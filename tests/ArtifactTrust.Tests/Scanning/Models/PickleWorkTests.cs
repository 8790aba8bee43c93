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

    [Fact]
    public void A_search_that_finds_too_many_beginnings_is_given_up_and_not_clean() => GivenUp("m.pkl", ManyBeginnings);

    [Fact]
    public void A_search_in_compressed_data_is_given_up_too() => GivenUp("m.pkl.gz", Gzip(ManyBeginnings));

    [Fact]
    public void An_import_that_is_named_by_the_memo_many_times_is_found_once()
    {
        var again = Enumerable.Repeat(Bytes("h\u0000h\u0001\u00930"), 1000).SelectMany(b => b);
        var pickle = Join(Bytes("\u0080\u0004\u008c\u0008builtins\u0094\u008c\u0004eval\u00940"), [.. again], Bytes("N."));
        var scan = new ModelScanner().ScanFile("m.pkl", new MemoryStream(pickle));
        Assert.Equal("builtins.eval", Assert.Single(scan.Imports.Select(i => $"{i.Module}.{i.Name}")));
    }

    private static void GivenUp(string name, byte[] bytes)
    {
        var scan = new ModelScanner().ScanFile(name, new MemoryStream(bytes));
        Assert.NotEqual(FileVerdict.Clean, scan.Verdict);
        Assert.NotEmpty(scan.Findings);
    }
}
