using System.IO.Compression;
using ArtifactTrust.Scanning.Models;
using ArtifactTrust.Tests.Formats.Zstandard;
using static ArtifactTrust.Tests.Scanning.Models.Pickled;
using Severity = ArtifactTrust.Attestations.Predicates.Severity;

namespace ArtifactTrust.Tests.Scanning.Models;

/// <summary>The tricks that got past other scanners, by advisory. Each vector is made here and calls nothing that exists with such arguments.</summary>
public sealed class AdvisoryTests
{
    /// <summary>Functions that a list of names missed, each with the advisory about it.</summary>
    public static TheoryData<string, string, string> Functions =>
        new()
        {
            { "CVE-2025-1716", "pip", "main" },
            { "CVE-2025-1716", "pip._internal.cli.main", "main" },
            { "CVE-2025-46417", "ssl", "get_server_certificate" },
            { "CVE-2025-10157", "asyncio.unix_events", "_UnixSubprocessTransport._start" },
            { "GHSA-m273-6v24-x4m4", "distutils.file_util", "write_file" },
            { "GHSA-4675-36f9-wf6r", "ctypes", "CDLL" },
            { "GHSA-84r2-jw7c-4r5q", "pydoc", "locate" },
            { "GHSA-vqmv-47xg-9wpr", "pty", "spawn" },
            { "GHSA-hgrh", "numpy.f2py.crackfortran", "getlincoef" },
            { "GHSA-r8g5-cgf2-4m4m", "numpy.f2py", "crackfortran.myeval" },
            { "GHSA-955r-x9j8-7rhh", "_operator", "methodcaller" },
            { "GHSA-46h3-79wf-xr6c", "_operator", "attrgetter" },
            { "GHSA-9726-w42j-3qjr", "_io", "FileIO" },
            { "GHSA-9726-w42j-3qjr", "urllib.request", "urlopen" },
            { "GHSA-9m3x", "types", "CodeType" },
            { "GHSA-9m3x", "cloudpickle.cloudpickle", "_make_function" },
            { "GHSA-m7j5", "logging", "FileHandler" },
            { "GHSA-vvpj-8cmc-gx39", "pkgutil", "resolve_name" },
            { "CVE-2026-56315", "uuid", "_get_command_stdout" },
            { "CVE-2026-56315", "imaplib", "IMAP4_stream" },
            { "CVE-2026-56315", "_osx_support", "_read_output" },
            { "CVE-2026-56315", "_aix_support", "_read_cmd_output" },
            { "CVE-2026-56315", "_pyrepl.pager", "pipe_pager" },
            { "CVE-2026-56315", "test.support.script_helper", "assert_python_ok" },
            { "GHSA-7wx9-6375-f5wh", "profile", "Profile.run" },
            { "GHSA-7wx9-6375-f5wh", "profile", "run" },
            { "CVE-2025-71350", "torch.utils.collect_env", "run" },
            { "GHSA-q5qq-mvfm-j35x CVE-2026-22609", "ctypes", "CDLL" },
            { "GHSA-q5qq-mvfm-j35x CVE-2026-22609", "multiprocessing.popen_fork", "Popen" },
            { "GHSA-5hwf-rc88-82xm", "uuid", "_popen" },
            { "GHSA-5hwf-rc88-82xm", "_osx_support", "_find_build_tool" },
            { "GHSA-5hwf-rc88-82xm", "_aix_support", "_get_bootstrap" },
            { "GHSA-f7qq-56ww-84cr", "asyncio.base_subprocess", "BaseSubprocessTransport" },
            { "CVE-2026-22609", "importlib", "import_module" },
            { "CVE-2026-22609", "multiprocessing.util", "spawnv_passfds" },
            { "GHSA-mhc9-48gj-9gp3", "smtplib", "SMTP" },
            { "GHSA-mhc9-48gj-9gp3", "socketserver", "TCPServer" },
            { "GHSA-mhc9-48gj-9gp3", "signal", "signal" },
            { "GHSA-mhc9-48gj-9gp3", "sqlite3", "connect" },
            { "modelscan #331", "importlib", "import_module" },
            { "not in any list", "marshal", "loads" },
            { "not in any list", "dill", "loads" },
            { "not in any list", "torch", "load" },
            { "not in any list", "builtins", "__import__" },
            { "not in any list", "some.new.module", "function" },
        };

    [Theory]
    [MemberData(nameof(Functions))]
    public void A_call_of_a_function_that_lists_missed_is_found(string advisory, string module, string name)
    {
        foreach (
            var pickle in new[]
            {
                Bytes($"c{module}\n{name}\n(S'x'\ntR."),
                Join([0x80, 4], Short(module), Short(name), [0x93], Short("x"), [0x85, (byte)'R', (byte)'.']),
            }
        )
        {
            var scan = Scan(pickle);
            Assert.True(scan.Verdict == FileVerdict.Findings, $"{advisory}: {module}.{name}");
            Assert.Contains(scan.Imports, i => i.Module == module && i.Name == name && i.Severity is not null);
        }
    }

    /// <summary>Advisories about other forms than a call in a pickle, each with a vector of its own.</summary>
    public static TheoryData<string> Others => [.. Vectors.Keys];

    private static Dictionary<string, (string Name, Func<byte[]> Make)> Vectors { get; } =
        new(StringComparer.Ordinal)
        {
            ["CVE-2025-1550: a class of any module in the configuration of a Keras archive"] = (
                "m.keras",
                () => Keras("""{"class_name":"function","config":"system","module":"os","registered_name":"function"}""")
            ),
            ["CVE-2025-8747: a function of Keras that fetches files"] = (
                "m.keras",
                () =>
                    Keras(
                        """{"class_name":"Lambda","module":"keras.layers","config":{"function":{"class_name":"function","config":"get_file","module":"keras.utils","registered_name":"get_file"}}}"""
                    )
            ),
            ["CVE-2025-9905: a Lambda layer in HDF5, where safe mode is not looked at"] = (
                "m.h5",
                () => FormatTests.Sample("lambda-earliest.h5")
            ),
            ["CVE-2025-9906: a configuration that switches safe mode off"] = (
                "m.keras",
                () =>
                    Keras(
                        """{"class_name":"function","config":"enable_unsafe_deserialization","module":"keras.config","registered_name":"enable_unsafe_deserialization"}"""
                    )
            ),
            ["CVE-2025-49655: a module of PyTorch in a Keras archive"] = (
                "m.keras",
                () =>
                    Keras(
                        """{"class_name":"TorchModuleWrapper","module":"keras.layers","registered_name":null,"config":{"module":"AAAA"}}"""
                    )
            ),
            ["CVE-2024-34359: a template in GGUF that leads out of itself"] = (
                "m.gguf",
                () => FormatTests.Gguf(("tokenizer.chat_template", "{{ ''.__class__.__base__.__subclasses__() }}"))
            ),
            ["CVE-2022-25882: external data above the model"] = (
                "m.onnx",
                () => Protobuf.Onnx(Protobuf.ExternalTensor("../../../etc/passwd"))
            ),
            ["CVE-2024-27318: external data above the model, after a folder"] = (
                "m.onnx",
                () => Protobuf.Onnx(Protobuf.ExternalTensor("data/../../passwd"))
            ),
            ["CVE-2025-51480: external data at a path of its own"] = (
                "m.onnx",
                () => Protobuf.Onnx(Protobuf.ExternalTensor("/tmp/written"))
            ),
            ["CVE-2023-47248: an extension type of Arrow that was unpickled"] = (
                "m.arrow",
                () => Join([0xff, 0xff, 0xff, 0xff, 60, 0, 0, 0, 0x10, 0, 0, 0], Bytes("arrow.py_extension_type"), MaliciousFramed)
            ),
            ["CVE-2024-34997: an array of objects between the opcodes of joblib"] = (
                "m.joblib",
                () =>
                    Join(
                        Bytes(
                            "\u0080\u0002cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\u0081}(U\u0005shapeK\u0001\u0085U\u0005dtypecnumpy\ndtype\nU\u0002O8\u0089\u0088\u0087Rub"
                        ),
                        Malicious,
                        Bytes(".")
                    )
            ),
        };

    [Theory]
    [MemberData(nameof(Others))]
    public void A_trick_of_another_form_is_not_clean(string advisory)
    {
        var (name, make) = Vectors[advisory];
        var scan = new ModelScanner().ScanFile(name, new MemoryStream(make()));
        Assert.True(
            scan.Verdict is FileVerdict.Findings or FileVerdict.Inconclusive,
            $"{scan.Format}, {scan.Verdict}: {string.Join("; ", scan.Gaps)}"
        );
        // An archive whose weights are none has a gap in any case.
        Assert.True(scan.Findings.Count > 0, advisory);
    }

    private static byte[] Keras(string configuration) =>
        Zip(
            ("config.json", Bytes(configuration)),
            ("metadata.json", Bytes("""{"keras_version":"3.9.0"}""")),
            ("model.weights.h5", Bytes("x"))
        );

    [Fact]
    public void CVE_2025_1889_a_pickle_under_another_name_in_a_PyTorch_archive() =>
        FoundOs(Zip(("m/data.pkl", Harmless), ("m/config.p", Malicious)));

    [Fact]
    public void CVE_2025_1944_a_name_that_differs_before_the_data()
    {
        var zip = Zip(("data.pkl", Malicious));
        zip[30] = (byte)'x';
        FoundOs(zip);
    }

    [Theory]
    [InlineData(0x1)]
    [InlineData(0x20)]
    [InlineData(0x40)]
    public void CVE_2025_1945_flags_that_make_readers_give_up(byte flag)
    {
        var zip = Zip(("data.pkl", Malicious));
        zip[6] |= flag;
        FoundOs(zip);
        zip[zip.AsSpan().IndexOf("PK\x01\x02"u8) + 8] |= flag;
        FoundOs(zip);
    }

    [Fact]
    public void GHSA_9gvj_names_at_the_very_beginning() => FoundOs(Bytes("S'os'\nS'system'\n\x93(S'x'\ntR."));

    [Fact]
    public void CVE_2025_10155_a_plain_pickle_whatever_it_is_called()
    {
        foreach (var name in new[] { "model.bin", "model.pt", "model.pth", "model.ckpt", "README.md", "config.json" })
        {
            Assert.Equal(FileVerdict.Findings, new ModelScanner().ScanFile(name, new MemoryStream(Malicious)).Verdict);
        }
    }

    [Fact]
    public void CVE_2025_10156_a_checksum_that_is_wrong()
    {
        var zip = Zip(("data.pkl", Malicious));
        zip[14] ^= 0xff;
        zip[zip.AsSpan().IndexOf("PK\x01\x02"u8) + 16] ^= 0xff;
        FoundOs(zip);
    }

    [Theory]
    [InlineData("h\x63")]
    [InlineData("g99\n")]
    [InlineData("K\x01\x94h\0h\0\x93")]
    [InlineData("0")]
    [InlineData("\x80\x04]\x94(")]
    public void Errors_of_the_memo_and_the_stack_do_not_end_the_search(string broken)
    {
        FoundOs(Join(Bytes("\x80\x04"), Malicious[..^1], Bytes(broken), Bytes(".")));
        FoundOs(Join(Bytes("\x80\x04" + broken), Malicious));
    }

    [Fact]
    public void GHSA_97f8_the_magic_number_of_PyTorch_made_by_a_call() =>
        Assert.Contains(
            Scan(Join(Bytes("\x80\x02" + "c__builtin__\neval\nU\x02" + "42\x85R."), Harmless)).Findings,
            f => f.Id == "import-code"
        );

    [Fact]
    public void CVE_2026_22608_and_GHSA_mxhj_a_call_whose_result_is_thrown_away()
    {
        FoundOs(Bytes("\x80\x02(cos\nsystem\nU\x01xo0N."));
        FoundOs(Bytes("\x80\x02" + "cos\nsystem\nU\x01x\x85R0}."));
    }

    [Fact]
    public void NullifAI_a_pickle_that_breaks_after_its_call()
    {
        FoundOs(Join(Bytes("\x80\x02"), Malicious[..^1], [0xff, 0xff, 0xff]));
        // And in the container that loaders of that time did not look into.
        FoundOs(SevenZipDraft.Stored(("data.pkl", Join(Bytes("\x80\x02"), Malicious[..^1], [0xff, 0xff, 0xff]))));
    }

    [Fact]
    public void Modelscan_330_builtins_of_an_allowed_module_by_its_state() =>
        Assert.Contains(Scan(Bytes("\x80\x04" + "Vnumpy\nV__builtins__\n\x93}(Vx\nNub.")).Findings, f => f.Severity == Severity.Critical);

    [Fact]
    public void Shadowing_an_allowed_name_is_found() =>
        Assert.Contains(Scan(Bytes("\x80\x02" + "ccollections\nOrderedDict\n}V__reduce__\nNsb.")).Findings, f => f.Id == "import-changed");

    [Fact]
    public void Values_said_over_and_over_are_found()
    {
        Assert.Contains(
            Scan(Bytes("\x80\x04K\x01" + new string('2', 200) + new string('0', 200) + ".")).Findings,
            f => f.Id == "pickle-duplicates"
        );
        Assert.Contains(
            Scan(Bytes("\x80\x04](]\x94" + string.Concat(Enumerable.Repeat("h\0", 20_000)) + "e.")).Findings,
            f => f.Id == "pickle-expansion"
        );
    }

    [Fact]
    public void Compressed_and_packed_forms_that_others_do_not_open()
    {
        FoundOs(Zlib(Malicious));
        FoundOs(Gzip(Malicious));
        FoundOs(FormatTests.Tar(("pickle", Malicious)));
        FoundOs(Gzip(FormatTests.Tar(("pickle", Malicious))));
        FoundOs(Zip(("inner.zip", Zip(("x", Malicious)))));
        FoundOs(Zip(("data.pkl", Malicious), ("data.pkl", Harmless)));
        FoundOs(Zip(("odd", Malicious)));
        FoundOs(Join(Harmless, new byte[4096], MaliciousFramed));
        FoundOs(Join(Bytes("text before"), Zip(CompressionLevel.Optimal, ("x", MaliciousFramed))));
        var old = Join(Bytes("ZF0x20               "), Zlib(Malicious));
        FoundOs(old);
    }

    [Fact]
    public void A_pickle_that_is_an_archive_or_compressed_data_too_is_followed_as_both()
    {
        // The name of the first member of a tar archive is what it begins with.
        FoundOs(FormatTests.Tar((Text(Malicious), Harmless)));
        FoundOs(Gzip(FormatTests.Tar((Text(Malicious), Harmless))));
        var far = FormatTests.Tar(("V", Join(new byte[9000], Bytes("\n0"), Malicious)));
        FoundOs(far);
        Assert.Contains("may be a pickle too", Assert.Single(Scan(Gzip(far)).Gaps), StringComparison.Ordinal);
        // A value that goes on behind the end is read by no unpickler.
        Assert.Equal(FileVerdict.Clean, Scan(Gzip(FormatTests.Tar(("BERT/model", Harmless)))).Verdict);
        // Decoders of Zstandard pass over frames that begin so.
        var line = Join(Bytes("\n0"), Malicious);
        FoundOs(Join(Bytes("V*M\u0018"), BitConverter.GetBytes(line.Length), line, ZstandardSamples.Stored(Harmless)));
        // A length of 825 million bytes, and so no pickle here.
        Assert.Equal(FileVerdict.Clean, Scan(FormatTests.Sample("small.pkl.bz2")).Verdict);
    }

    [Fact]
    public void What_a_few_bytes_of_zlib_data_that_is_cut_give_is_followed()
    {
        FoundOs(Zlib(Malicious)[..^4]);
        FoundOs(Zlib(Malicious)[..^5]);
    }

    private static string Text(byte[] bytes) => System.Text.Encoding.Latin1.GetString(bytes);

    private static void FoundOs(byte[] content)
    {
        var scan = Scan(content);
        Assert.True(
            scan.Verdict == FileVerdict.Findings && scan.Imports.Any(i => i.Module == "os" && i.Name == "system"),
            $"{scan.Verdict}: {string.Join("; ", scan.Gaps)}"
        );
    }
}
