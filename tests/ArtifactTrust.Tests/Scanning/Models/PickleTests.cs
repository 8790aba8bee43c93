using System.Text;
using ArtifactTrust.Scanning.Models;
using static ArtifactTrust.Tests.Scanning.Models.Pickled;
using Severity = ArtifactTrust.Attestations.Predicates.Severity;

namespace ArtifactTrust.Tests.Scanning.Models;

public sealed class PickleTests
{
    public static TheoryData<string, string> Tricks =>
        new()
        {
            { "protocol 0", "cos\nsystem\n(S'true'\ntR." },
            { "protocol 1", "\x80\x01" + "cos\nsystem\n(U\x04truetR." },
            { "instance", "(S'true'\nios\nsystem\n." },
            { "object", "(cos\nsystem\nS'true'\no." },
            { "object whose result is thrown away", "(cos\nsystem\nS'true'\no0N." },
            { "new object", "\x80\x02" + "cos\nsystem\n(S'true'\nt\x81." },
            { "new object with keywords", "\x80\x04" + "cos\nsystem\n(S'true'\nt}\x92." },
            { "names in quotes", "S'os'\nS'system'\n\x93(S'true'\ntR." },
            { "names with escapes", "S'\\x6f\\163'\nS'sys\\164em'\n\x93(S'true'\ntR." },
            { "names with Unicode escapes", "V\\u006fs\nVsys\\U00000074em\n\x93(S'true'\ntR." },
            { "names from the memo", "Vos\np7\n0Vsystem\np8\n0g7\ng8\n\x93(S'true'\ntR." },
            { "names from the memo, its places written oddly", "Vos\np1_0\n0Vsystem\np +8\n0g10\ng8\n\x93(S'true'\ntR." },
            {
                "names from far places of the memo",
                "Vos\nr\xff\xff\xff\x7f" + "0Vsystem\nr\x00\x00\x00\x70" + "0j\xff\xff\xff\x7fj\x00\x00\x00\x70\x93(S'true'\ntR."
            },
            { "a name left on the stack twice", "Vos\nVsystem\n\x93\x32(S'true'\ntR." },
            { "an attribute of an allowed module", "\x80\x04" + "Vnumpy\nVos.system\n\x93(S'true'\ntR." },
            { "an attribute of a denied module", "\x80\x04" + "Vos\nVpath.os.system\n\x93(S'true'\ntR." },
            { "the second of two", "N.cos\nsystem\n(S'true'\ntR." },
            { "the second of two, of protocol 4", "\x80\x04N.\x80\x04" + "cos\nsystem\n(S'true'\ntR." },
            { "after padding", "\x80\x04N." + new string('\0', 300_000) + "\x80\x04" + "cos\nsystem\n(S'true'\ntR." },
            { "after rubbish", "\x80\x04N.rubbish \xff\xfe" + "cos\nsystem\n(S'true'\ntR." },
            { "before rubbish", "cos\nsystem\n(S'true'\ntR\xff\xff\xff" },
            { "before a text that does not end", "cos\nsystem\n(S'true'\ntRX\xff\xff\xff\x7f." },
            { "after an error of the stack", "\x80\x04" + "0cos\nsystem\n(S'true'\ntR." },
            { "after many values that are never used", new string('N', 6_000_000) + "cos\nsystem\n(S'true'\ntR." },
            { "inside a frame that is too long", "\x80\x04\x95\xff\xff\x00\x00\x00\x00\x00\x00Vos\nVsystem\n\x93(S'true'\ntR." },
            { "a byte after the call that is none", "cos\nsystem\n(S'true'\ntR\xff" },
            { "arguments in a list, which unpicklers written in Python take", "cos\nsystem\n(lS'true'\naR\xff" },
            { "a line end that is missing", "(S'true'\nios\nsystemX" },
        };

    [Theory]
    [MemberData(nameof(Tricks))]
    public void A_call_is_found_however_it_is_written(string trick, string pickle)
    {
        var scan = Scan(Bytes(pickle));
        Assert.Equal(FileVerdict.Findings, scan.Verdict);
        Assert.True(
            scan.Findings.Any(f => f.Severity == Severity.Critical),
            $"{trick}: {string.Join(", ", scan.Findings.Select(f => f.Title))}"
        );
        Assert.Contains(scan.Imports, i => $"{i.Module}.{i.Name}".EndsWith("system", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("an extension code", "\x80\x02\x82\x07)R.")]
    [InlineData("a wide extension code", "\x80\x02\x84\x07\x00\x00\x00)R.")]
    [InlineData("a name that a call returned", "\x80\x04" + "cbuiltins\nstr\n)RVsystem\n\x93)R.")]
    [InlineData("a name that is a number", "\x80\x04J\x2a\x00\x00\x00Vos\n\x93)R.")]
    [InlineData("a name that is bytes", "\x80\x04" + "C\x02os" + "C\x06system\x93)R.")]
    public void A_name_that_only_a_running_program_could_tell_is_critical(string trick, string pickle)
    {
        var scan = Scan(Bytes(pickle));
        Assert.True(scan.Findings.Any(f => f.Id == "import-unresolved" && f.Severity == Severity.Critical), trick);
    }

    [Fact]
    public void A_name_too_long_to_be_one_is_critical()
    {
        var long1 = "\x80\x04X\x00\x10\x00\x00" + new string('a', 0x1000) + "Vx\n\x93)R.";
        Assert.Contains(Scan(Bytes(long1)).Findings, f => f.Id == "import-unresolved");
        Assert.Contains(Scan(Bytes("\x80\x04" + "c" + new string('a', 400_000) + "\nx\n)R.")).Findings, f => f.Id == "import-unresolved");
    }

    [Theory]
    [InlineData("\x80\x04")]
    [InlineData("N0\x80\x04")]
    public void A_name_too_long_to_be_one_is_critical_where_the_pickle_breaks_after_its_call(string start)
    {
        // os.path.os.path.os and so on is os, and what is called has run by the time of the error.
        var name = string.Concat(Enumerable.Repeat("path.os.", 0x200)) + "system";
        var pickle = Join(Bytes(start), Short("os"), Bytes("X\x06\x10\0\0" + name + "\x93"), Short("true"), Bytes("\x85R\xff"));
        Assert.Contains(Scan(pickle).Findings, f => f.Id == "import-unresolved");
        Assert.Contains(Scan(Zip(("archive/data.pkl", pickle))).Findings, f => f.Id == "import-unresolved");
    }

    [Theory]
    [InlineData("ccollections\nOrderedDict\n)R.")]
    [InlineData("\x80\x02" + "ccollections\nOrderedDict\nq\0)Rq\x01.")]
    [InlineData(
        "\x80\x02"
            + "ctorch._utils\n_rebuild_tensor_v2\nq\0((U\x07storagectorch\nFloatStorage\nU\x01\x30U\x03"
            + "cpuK\x04tQK\0(K\x02t(K\x01t\x89"
            + "ccollections\nOrderedDict\n)RtR."
    )]
    public void Imports_on_the_allow_list_are_clean(string pickle)
    {
        var scan = Scan(Bytes(pickle));
        Assert.Equal(FileVerdict.Clean, scan.Verdict);
        Assert.NotEmpty(scan.Imports);
        Assert.All(scan.Imports, i => Assert.Null(i.Severity));
    }

    [Fact]
    public void An_import_on_no_list_is_high()
    {
        var finding = Assert.Single(Scan(Bytes("\x80\x02" + "cmy.model\nNet\n)\x81.")).Findings);
        Assert.Equal("import-unlisted", finding.Id);
        Assert.Equal(Severity.High, finding.Severity);
        Assert.Equal("byte 2", finding.Location);
    }

    [Theory]
    [InlineData("import-changed", "\x80\x02" + "ccollections\nOrderedDict\n}Vx\nNsb.")]
    [InlineData("import-changed", "\x80\x02" + "cnumpy\nndarray\nVx\nNs.")]
    [InlineData("call-of-result", "\x80\x02" + "ccollections\nOrderedDict\n)R)R.")]
    [InlineData("frame-split", "\x80\x04\x95\x03\0\0\0\0\0\0\0g12\n.")]
    [InlineData("frame-split", "\x80\x04\x95\x05\0\0\0\0\0\0\0\x8c\x08xx" + "collections0N.")]
    [InlineData("import-internals", "\x80\x04" + "Vnumpy\nVndarray.__init__.__globals__\n\x93.")]
    [InlineData("import-anywhere", "\x80\x04" + "Vsome.module\nVeval\n\x93.")]
    public void What_allowed_imports_can_be_abused_for_is_found(string rule, string pickle) =>
        Assert.Contains(Scan(Bytes(pickle)).Findings, f => f.Id == rule);

    [Fact]
    public void A_pickle_inside_a_value_is_found()
    {
        foreach (
            var value in new[]
            {
                MaliciousFramed,
                Bytes(Convert.ToBase64String(MaliciousFramed)),
                Bytes(Convert.ToHexStringLower(MaliciousFramed)),
                Malicious,
                Join([0x80, 4, (byte)'C', (byte)MaliciousFramed.Length], MaliciousFramed, Bytes(".")),
            }
        )
        {
            var scan = Scan(
                Join([0x80, 4, (byte)'}'], Short("x"), [(byte)'B', .. BitConverter.GetBytes(value.Length)], value, Bytes("s."))
            );
            Assert.Contains(scan.Findings, f => f.Id == "nested-pickle");
            Assert.Contains(scan.Imports, i => i.Module == "os" && i.Location.Contains("nested", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Pickles_inside_each_other_end_somewhere()
    {
        var pickle = MaliciousFramed;
        for (var i = 0; i < 10; i++)
        {
            pickle = Join([0x80, 4, (byte)'B', .. BitConverter.GetBytes(pickle.Length)], pickle, Bytes("."));
        }
        Assert.Contains(Scan(pickle).Findings, f => f.Id == "nested-too-deep");
    }

    [Theory]
    [InlineData("")]
    [InlineData("\x80\x04")]
    [InlineData("\x80\x04\x95")]
    [InlineData("\x80\x04]\x94(K\x01K\x02")]
    [InlineData("\x80\x04]\x94(K\x01K\x02" + "e\xff.")]
    [InlineData("\x80\x04X\xff\xff\xff\x7f.")]
    [InlineData("\x80\x04h\x05.")]
    [InlineData("\x80\x04" + "0.")]
    [InlineData("\x80\x04N.N.junk")]
    [InlineData("\x80\x04N.cos\n")]
    [InlineData("\x80\x04\x95\x09\0\0\0\0\0\0\0N.\x80\x04X\x03\0\0\0abc.")]
    [InlineData("\x80\x05\x95\xff\xff\xff\xff\xff\xff\xff\xff.")]
    public void What_is_damaged_is_never_clean(string pickle)
    {
        var scan = Scan(Bytes(pickle));
        Assert.NotEqual(FileVerdict.Clean, scan.Verdict);
        if (pickle.Length > 0)
        {
            Assert.Equal(FileVerdict.Inconclusive, scan.Verdict);
            Assert.NotEmpty(scan.Gaps);
        }
    }

    [Theory]
    [InlineData("cat\ndog\nbird\n")]
    [InlineData("cos\nsin\ntan\n")]
    [InlineData("class\nname\n1,2\n")]
    [InlineData("cast\ncrew\nstaff\n")]
    [InlineData("code\neval\ntest\n")]
    [InlineData("image\nlabel\n(1)\n")]
    [InlineData("id,name\n1,a\n")]
    [InlineData("N.B. this is no pickle\n")]
    [InlineData("I am text\n")]
    [InlineData("Kernel\n")]
    [InlineData("]\n[")]
    [InlineData("{\"a\": 1}")]
    [InlineData("(see below)\nios\nandroid\n")]
    [InlineData("# License\n\nPermission is hereby granted")]
    [InlineData("P. Smith\n(C) 2020\n")]
    [InlineData("})\n")]
    [InlineData("cat\ndog\n.\n,\n")]
    [InlineData("cat\ndog\nNone\n")]
    [InlineData("cat\ndog\ncow\nant\nape\n")]
    [InlineData("cat\ndog\ncow\nbee\nbat\n")]
    [InlineData("cat\ndog\ncar\nbus\nRome\n")]
    [InlineData("(c) 2020 Foo\nAll rights reserved\nother\n")]
    [InlineData("const { log } = require('log')\nconst fetch = require('fetch')\nconst a = 1\nconst b = 2\nasync function f() {}\n")]
    [InlineData("io.opentelemetry.A\nio.opentelemetry.B")]
    [InlineData("import os\nimport sys\n")]
    public void Ordinary_text_raises_no_alarm(string text)
    {
        var scan = Scan(Encoding.UTF8.GetBytes(text));
        Assert.Equal(FileVerdict.NotApplicable, scan.Verdict);
        Assert.Empty(scan.Findings);
        Assert.Empty(scan.Gaps);
    }

    [Fact]
    public void Random_bytes_raise_no_alarm_of_code()
    {
        var random = new Random(7);
        for (var i = 0; i < 2000; i++)
        {
            var bytes = new byte[4096];
            random.NextBytes(bytes);
            Assert.DoesNotContain(Scan(bytes).Findings, f => f.Severity >= Severity.High);
        }
    }

    [Fact]
    public void Raw_tensors_of_a_legacy_PyTorch_file_raise_no_alarm()
    {
        var magic = new byte[] { 0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.' };
        var tensors = new byte[4 << 20];
        new Random(11).NextBytes(tensors);
        var pickles = Join(magic, Bytes("\x80\x02M\xe9\x03.\x80\x02}.\x80\x02" + "ccollections\nOrderedDict\n)R.\x80\x02]."));
        var scan = Scan(Join(pickles, tensors));
        Assert.Equal(FileVerdict.Clean, scan.Verdict);
        Assert.Equal("PyTorch (legacy)", scan.Format);
        Assert.Equal(FileVerdict.Findings, Scan(Join(pickles, tensors, MaliciousFramed)).Verdict);
        // Without all five pickles before them, the bytes are unexplained.
        Assert.Equal(FileVerdict.Inconclusive, Scan(Join(magic, Bytes("\x80\x02M\xe9\x03."), new byte[] { 1, 2, 3, 4 })).Verdict);
    }

    [Fact]
    public void Every_prefix_of_a_malicious_pickle_is_followed_without_a_crash_and_is_never_clean()
    {
        foreach (var pickle in new[] { Malicious, MaliciousFramed })
        {
            for (var i = 0; i < pickle.Length; i++)
            {
                Assert.NotEqual(FileVerdict.Clean, Scan(pickle[..i]).Verdict);
            }
            Assert.Equal(FileVerdict.Findings, Scan(pickle).Verdict);
        }
    }

    [Fact]
    public void Every_changed_byte_of_a_malicious_pickle_is_followed_without_a_crash()
    {
        var clean = new List<string>();
        foreach (var pickle in new[] { Malicious, MaliciousFramed })
        {
            for (var i = 0; i < pickle.Length; i++)
            {
                for (var value = 0; value < 256; value++)
                {
                    var changed = pickle.ToArray();
                    changed[i] = (byte)value;
                    if (Scan(changed) is { Verdict: FileVerdict.Clean } scan)
                    {
                        clean.Add($"{i}: {value:x2}");
                        // Clean then means that the import is gone: swallowed by a text, or turned into data.
                        Assert.Empty(scan.Imports);
                    }
                }
            }
        }
        Assert.InRange(clean.Count, 0, 60);
    }

    [Fact]
    public void Random_opcodes_are_followed_without_a_crash()
    {
        var random = new Random(3);
        var opcodes = Enum.GetValues<PickleOpcode>();
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = new List<byte> { 0x80, 4 };
            for (var n = random.Next(1, 60); n > 0; n--)
            {
                bytes.Add(random.Next(3) == 0 ? (byte)random.Next(256) : (byte)opcodes[random.Next(opcodes.Length)]);
            }
            Scan([.. bytes]);
        }
    }

    [Theory]
    [InlineData("(")]
    [InlineData("N")]
    [InlineData("N.")]
    [InlineData("Np4194303\n.")]
    [InlineData("\x80\x02")]
    [InlineData("cos\nsystem\n")]
    [InlineData("ca\nb\n")]
    [InlineData("\n")]
    [InlineData("I")]
    [InlineData("\x80\x04N\x94")]
    public void Repetition_takes_time_in_proportion(string repeated)
    {
        var content = Bytes("\x80\x04" + string.Concat(Enumerable.Repeat(repeated, 4_000_000 / repeated.Length)));
        Scan(content);
    }

    [Fact]
    public void Too_many_different_imports_are_a_gap()
    {
        var pickle = new StringBuilder("\x80\x02");
        for (var i = 0; i < 12_000; i++)
        {
            pickle.Append("cm").Append(i).Append("\nn\n0");
        }
        var scan = Scan(Bytes(pickle.Append("N.").ToString()));
        Assert.Equal(10_000, scan.Imports.Count);
        Assert.NotEmpty(scan.Gaps);
    }

    [Fact]
    public void Giving_up_stops_inside_a_file()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => new ModelScanner().ScanFile("f", new MemoryStream(Malicious), cancelled.Token));
    }

    [Fact]
    public void Names_from_a_file_are_shown_without_control_characters()
    {
        var scan = Scan(Bytes("\x80\x02" + "cevil\x1b[31m\nname\x07\n)R."));
        Assert.DoesNotContain(scan.Findings, f => f.Title!.Any(char.IsControl));
    }
}
