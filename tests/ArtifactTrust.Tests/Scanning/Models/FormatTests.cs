using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using ArtifactTrust.Scanning.Models;
using static ArtifactTrust.Tests.Scanning.Models.Pickled;
using Severity = ArtifactTrust.Attestations.Predicates.Severity;

namespace ArtifactTrust.Tests.Scanning.Models;

/// <summary>Formats beside pickles and archives.</summary>
public sealed class FormatTests
{
    [Theory]
    [InlineData("values.joblib", "pickle")]
    [InlineData("values.joblib.z", "zlib, pickle inside")]
    [InlineData("values.joblib.gz", "gzip, pickle inside")]
    [InlineData("values.joblib.bz2", "bzip2, pickle inside")]
    [InlineData("values.joblib.xz", "xz, pickle inside")]
    [InlineData("values.joblib.lzma", "lzma, pickle inside")]
    [InlineData("values.joblib.lz4", "lz4, pickle inside")]
    [InlineData("small.pkl.bz2", "bzip2, pickle inside")]
    [InlineData("small.pkl.xz", "xz, pickle inside")]
    [InlineData("small.pkl.lzma", "lzma, pickle inside")]
    [InlineData("forest.joblib", "pickle")]
    [InlineData("forest.pkl", "pickle")]
    [InlineData("pipeline.joblib", "pickle")]
    [InlineData("pipeline.pkl", "pickle")]
    [InlineData("dense-earliest.h5", "HDF5")]
    public void Harmless_models_are_clean(string file, string format)
    {
        var scan = ScanSample(file);
        Assert.True(scan.Verdict == FileVerdict.Clean, string.Join("; ", scan.Findings.Select(f => f.Title).Concat(scan.Gaps)));
        Assert.Equal(format, scan.Format);
    }

    [Theory]
    [InlineData("lambda-earliest.h5", "keras-lambda")]
    [InlineData("lambda-latest.h5", "keras-lambda")]
    [InlineData("fixed-earliest.h5", "keras-lambda")]
    [InlineData("fixed-latest.h5", "keras-lambda")]
    [InlineData("link-earliest.h5", "hdf5-external")]
    [InlineData("link-latest.h5", "hdf5-external")]
    [InlineData("outside-earliest.h5", "hdf5-external")]
    [InlineData("outside-latest.h5", "hdf5-external")]
    [InlineData("virtual-latest.h5", "hdf5-external")]
    public void What_an_HDF5_file_runs_or_reads_is_found(string file, string rule)
    {
        Assert.Contains(ScanSample(file).Findings, f => f.Id == rule && f.Severity >= Severity.High);
        // Behind a block of anything, and compressed.
        Assert.Contains(Scan(Join(new byte[2048], Sample(file))).Findings, f => f.Id == rule);
        Assert.Contains(Scan(Gzip(Sample(file))).Findings, f => f.Id == rule);
    }

    [Theory]
    [InlineData("values.joblib.bz2")]
    [InlineData("values.joblib.xz")]
    [InlineData("values.joblib.lzma")]
    [InlineData("values.joblib.lz4")]
    public void Compressed_data_that_is_cut_or_changed_is_never_clean(string file)
    {
        var sample = Sample(file);
        for (var length = 20; length < sample.Length - 20; length += 997)
        {
            Assert.NotEqual(FileVerdict.Clean, Scan(sample[..length]).Verdict);
        }
        for (var i = 0; i < sample.Length; i += 131)
        {
            var changed = sample.ToArray();
            changed[i] ^= 0x55;
            Scan(changed);
        }
    }

    [Fact]
    public void The_bytes_of_an_array_are_no_place_to_hide_a_pickle()
    {
        // joblib skips the eight bytes of the array; pickle runs them.
        var payload = Bytes("cos\nsystem\n(S'x'\ntR.");
        var head = Join(
            Bytes("\x80\x02" + "cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}("),
            Bytes("U\x05shape"),
            [(byte)'K', (byte)payload.Length, 0x85],
            Bytes("U\x05" + "dtype"),
            Bytes("cnumpy\ndtype\nU\x02u1\x89\x88\x87R"),
            Bytes("ub")
        );
        Assert.Contains(Scan(Join(head, payload, Bytes("."))).Findings, f => f.Id == "array-opcodes");
        var harmless = Scan(Join(head, new byte[payload.Length], Bytes(".")));
        Assert.True(harmless.Verdict == FileVerdict.Clean, string.Join("; ", harmless.Gaps));
        Assert.Equal(FileVerdict.Inconclusive, Scan(Join(head, new byte[3])).Verdict);
        // Bytes that would store below the memo are no pickle, and leave the memo as it was.
        var below = Join(Bytes("p-1\n"), new byte[payload.Length - 4]);
        Assert.Equal(FileVerdict.Clean, Scan(Join(head, below, Bytes("."))).Verdict);
    }

    [Theory]
    [InlineData("template-internals", "{{ ''.__class__ }}")]
    [InlineData("template-internals", "{{ x['__class__'] }}")]
    [InlineData("template-internals", "{{ x['__cla' ~ 'ss__'] }}")]
    [InlineData("template-internals", "{{ x['__cla' + 'ss__'] }}")]
    [InlineData("template-internals", "{{ x['\\x5f\\x5fclass\\x5f\\x5f'] }}")]
    [InlineData("template-internals", "{{ x['\\137\\137class\\137\\137'] }}")]
    [InlineData("template-internals", "{{ x['__ssalc__'[::-1]] }}")]
    [InlineData("template-internals", "{{ x[['__', 'class', '__']|join] }}")]
    [InlineData("template-internals", "{% set x = cycler.__init__.__globals__ %}")]
    [InlineData("template-internals", "{{ self._TemplateReference__context }}")]
    [InlineData("template-internals", "{{ x()._module }}")]
    [InlineData("template-internals", "{{ '{0.__class__}'.format(x) }}")]
    [InlineData("template-obfuscated", "{{ x|attr(y) }}")]
    [InlineData("template-obfuscated", "{{ x['%c%c'|format(95, 95)] }}")]
    [InlineData("template-import", "{% include 'other' %}")]
    [InlineData("template-import", "{%- from 'other' import x %}")]
    [InlineData("template-call", "{{ getattr(x, y) }}")]
    [InlineData("template-loop", "{% for i in range(999999999) %}{% endfor %}")]
    public void A_template_that_leads_out_of_itself_is_found(string rule, string template)
    {
        Assert.Contains(ScanNamed("chat_template.jinja", Encoding.UTF8.GetBytes(template)).Findings, f => f.Id == rule);
        var json = JsonSerializer.SerializeToUtf8Bytes(
            new Dictionary<string, object> { ["chat_template"] = new[] { new { name = "x", template } } }
        );
        Assert.Contains(Scan(json).Findings, f => f.Id == rule);
        Assert.Contains(Scan(Gguf(("tokenizer.chat_template", template))).Findings, f => f.Id == rule && f.ByteOffset > 0);
        Assert.Contains(Scan(Gguf(("tokenizer.chat_template.tool_use", template))).Findings, f => f.Id == rule);
    }

    [Theory]
    [InlineData(
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' }}{% endfor %}"
    )]
    [InlineData("{%- if tools is not none %}{{- tools | tojson(indent=4) }}{%- endif %}{%- set ns = namespace(found=false) %}")]
    [InlineData("{{ raise_exception('Conversation roles must alternate') }}{# __class__ is only named here #}")]
    [InlineData("{%- macro render(x) -%}{{ x.name | trim | upper }}{%- endmacro -%}{{ strftime_now('%d %b %Y') }}{{ '<__media__>' }}")]
    [InlineData("{% if message.class == 'important' %}{{ message.content.split('</think>')[-1].lstrip('\\n') }}{% endif %}")]
    [InlineData("{{ messages[0]['content'] if messages | length % 2 == 0 else message.system }}")]
    public void A_template_of_a_real_model_raises_no_alarm(string template)
    {
        var scan = ScanNamed("chat_template.jinja", Encoding.UTF8.GetBytes(template));
        Assert.True(scan.Verdict == FileVerdict.Clean, string.Join("; ", scan.Findings.Select(f => f.Title)));
        Assert.Equal(FileVerdict.Clean, Scan(Gguf(("tokenizer.chat_template", template))).Verdict);
    }

    [Fact]
    public void Settings_that_no_parser_of_ours_takes_are_inconclusive()
    {
        Assert.Equal(FileVerdict.Inconclusive, Scan(Bytes("{\"x\": NaN, \"chat_template\": \"{{ x }}\"}")).Verdict);
        Assert.Equal(FileVerdict.Inconclusive, Scan(Bytes("{\"x\": NaN, \"\\u0061uto_map\": {}}")).Verdict);
        Assert.Equal(FileVerdict.NotApplicable, Scan(Bytes("{\"x\": 1}\n{\"x\": 2}\n")).Verdict);
    }

    [Fact]
    public void Settings_behind_blanks_or_a_mark_are_read_and_endless_ones_are_inconclusive()
    {
        var settings = Bytes("{\"chat_template\": \"{{ x.__class__ }}\"}");
        Assert.Equal(FileVerdict.Findings, Scan(Join([0xEF, 0xBB, 0xBF], settings)).Verdict);
        Assert.Equal(FileVerdict.Findings, ScanNamed("x/chat_template.jinja", Bytes("GIF8\x01\xff{{ x.__class__ }}")).Verdict);
        Assert.Equal(FileVerdict.Findings, ScanNamed("x/tokenizer_config.json", Join(settings[..^1], Bytes(", \"y\": \"\xff\"}"))).Verdict);
        var blanks = new byte[1 << 20];
        Array.Fill(blanks, (byte)' ');
        Assert.Equal(FileVerdict.Findings, Scan(Join(blanks, settings)).Verdict);
        var endless = new byte[ArtifactTrust.Formats.Limits.ModelJsonBytes + 1];
        Array.Fill(endless, (byte)' ');
        settings.CopyTo(endless, 0);
        Assert.Equal(FileVerdict.Inconclusive, ScanNamed("a/tokenizer_config.json", endless).Verdict);
        Assert.Equal(FileVerdict.NotApplicable, ScanNamed("a/train.json", endless).Verdict);
    }

    [Fact]
    public void Code_that_a_loader_fetches_is_found()
    {
        Assert.Contains(Scan(Bytes("{\"auto_map\": {\"AutoModel\": \"modeling.Model\"}}")).Findings, f => f.Id == "remote-code");
        Assert.Contains(
            Scan(Bytes("{\"auto_map\": {\"AutoTokenizer\": [\"a--b.T\", null]}}")).Findings,
            f => f.Id == "remote-code-elsewhere"
        );
        Assert.Contains(Scan(Bytes("{\"custom_pipelines\": {\"p\": {\"impl\": \"code.P\"}}}")).Findings, f => f.Id == "remote-code");
        Assert.Empty(Scan(Bytes("{\"model_type\": \"bert\", \"architectures\": [\"BertModel\"]}")).Findings);
    }

    [Fact]
    public void A_safetensors_file_is_covered_by_its_tensors_exactly()
    {
        Assert.Equal(FileVerdict.Clean, Scan(Safetensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8)).Verdict);
        Assert.Equal(FileVerdict.Clean, Scan(Safetensors("{\"__metadata__\":{\"format\":\"pt\"}}   ", 0)).Verdict);
        Found("safetensors-trailing", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 9);
        Found("safetensors-layout", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12);
        Found("safetensors-layout", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7);
        Found("safetensors-layout", "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8);
        Found(
            "safetensors-layout",
            "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[4,12]}}",
            12
        );
        Found(
            "safetensors-duplicate",
            "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[8,16]}}",
            16
        );
        foreach (
            var broken in new[]
            {
                "{\"a\":1}",
                "{\"a\":{}}",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,8]}}",
                "{} x",
                "{\"a\"",
            }
        )
        {
            Assert.Equal(FileVerdict.Inconclusive, Scan(Safetensors(broken.PadRight(12), 8)).Verdict);
        }

        static void Found(string rule, string header, int data) =>
            Assert.Contains(Scan(Safetensors(header, data)).Findings, f => f.Id == rule && f.Severity == Severity.High);
    }

    [Fact]
    public void A_GGUF_file_that_points_out_of_itself_is_not_clean()
    {
        var file = Gguf(("general.name", "x"));
        Assert.Equal(FileVerdict.Clean, Scan(file).Verdict);
        Assert.Contains(Scan(Gguf(("a", "x"), ("a", "y"))).Findings, f => f.Id == "gguf-duplicate");
        for (var length = 5; length < file.Length - 64; length++)
        {
            Assert.NotEqual(FileVerdict.Clean, Scan(file[..length]).Verdict);
        }
        var counts = file.ToArray();
        counts.AsSpan(8, 8).Fill(0x7f);
        Assert.Equal(FileVerdict.Inconclusive, Scan(counts).Verdict);
    }

    [Theory]
    [InlineData("tokenizer.chat_template", true)]
    [InlineData("tokenizer.ggml.tokens", false)]
    public void A_template_in_an_array_of_a_GGUF_file_is_looked_into(string key, bool isTemplate)
    {
        byte[][] head = [Bytes("GGUF"), BitConverter.GetBytes(3), BitConverter.GetBytes(0L), BitConverter.GetBytes(2L)];
        byte[][] texts = [GgufText(key), .. Array(8, 2), GgufText("a"), GgufText("{{ ''.__class__ }}")];
        byte[][] numbers = [GgufText("template.numbers"), .. Array(0, 3), [1, 2, 3]];
        var scan = Scan(Join([.. head, .. texts, .. numbers]));
        Assert.Empty(scan.Gaps);
        Assert.Equal(isTemplate, scan.Findings.Any(f => f.Id == "template-internals"));

        static byte[][] Array(int type, long count) =>
            [BitConverter.GetBytes(9), BitConverter.GetBytes(type), BitConverter.GetBytes(count)];
    }

    [Fact]
    public void An_extension_type_that_pyarrow_unpickled_is_found()
    {
        var schema = Join(new byte[40], Bytes("ARROW:extension:name\0arrow.py_extension_type\0"), Malicious, MaliciousFramed, new byte[40]);
        var footer = Join(Bytes("ARROW:schema\x18"), Bytes(Convert.ToBase64String(schema)), [0]);
        var parquet = Join(Bytes("PAR1"), new byte[20], footer, BitConverter.GetBytes(footer.Length), Bytes("PAR1"));
        var scan = Scan(parquet);
        Assert.Contains(scan.Findings, f => f.Id == "arrow-pickle");
        Assert.Contains(scan.Imports, i => i.Module == "os");
        Assert.Contains(Scan(Streamed(schema)).Findings, f => f.Id == "arrow-pickle");
        // The first byte of a pickle, and no second.
        Assert.Contains(Scan(Streamed(Join(schema, [0x80]))).Findings, f => f.Id == "arrow-pickle");
        Assert.Equal(FileVerdict.Inconclusive, Scan(parquet[..^4]).Verdict);
        Assert.Equal(FileVerdict.Inconclusive, Scan(Join(parquet[..^4], Bytes("PARE"))).Verdict);

        static byte[] Streamed(byte[] schema) =>
            Join([0xff, 0xff, 0xff, 0xff], BitConverter.GetBytes(schema.Length + 4), [0x10, 0, 0, 0], schema);
    }

    [Theory]
    [InlineData("ray.data.arrow_tensor_v2", "\u0080\u0004cos\nsystem\n(S'x'\ntR.", "import-program")]
    [InlineData("ray.data.arrow_tensor", "cevil\nrun\n(S'x'\ntR.", "import-unlisted")]
    [InlineData("ray.data.arrow_variable_shaped_tensor", "(cevil\nrun\no.", "import-unlisted")]
    [InlineData("ray.data.arrow_pickled_object", "", "arrow-pickled-values")]
    [InlineData("ray.data.arrow_tensor_v2", "\u0080\u0004K\u0003K\u0004\u0086.", null)]
    [InlineData("ray.data.arrow_tensor", "[3, 4] {\"columns\": [\"c\", \"(c)\"]}", null)]
    public void What_Ray_unpickled_of_a_tensor_is_followed(string type, string metadata, string? rule)
    {
        var schema = Bytes($"ARROW:extension:name\0{type}\0ARROW:extension:metadata\0{metadata}\0 end of it");
        var footer = Join(Bytes("ARROW:schema\x18"), Bytes(Convert.ToBase64String(schema)), [0]);
        var scan = Scan(Join(Bytes("PAR1"), new byte[20], footer, BitConverter.GetBytes(footer.Length), Bytes("PAR1")));
        Assert.Equal(rule is null ? [] : [rule], scan.Findings.Select(f => f.Id));
        Assert.Empty(scan.Gaps);
    }

    [Theory]
    [InlineData("def forward(self, x):\n  return torch.add(x, 1)\n", null)]
    [InlineData("def forward(self, x):\n  return ops.aten.relu(x)\n", null)]
    [InlineData("x = ops.mylib.run(y)\n", "custom-operator")]
    [InlineData("x = ops.aten.from_file(y)\n", "torchscript-operator")]
    [InlineData("import os\n", "torchscript-python")]
    [InlineData("x = eval(y)\n", "torchscript-python")]
    public void Source_code_in_a_TorchScript_archive_is_looked_into(string code, string? rule)
    {
        var scan = Scan(Zip(("m/data.pkl", Harmless), ("m/code/__torch__.py", Bytes(code))));
        Assert.Equal("TorchScript archive", scan.Format);
        Assert.Equal(rule is null ? [] : [rule], scan.Findings.Select(f => f.Id));
    }

    [Fact]
    public void The_types_of_a_skops_archive_are_judged()
    {
        const string schema =
            """{"__class__":"Pipeline","__module__":"sklearn.pipeline","__loader__":"ObjectNode","content":{"f":{"__class__":"system","__module__":"os","__loader__":"TypeNode"}}}""";
        var scan = Scan(Zip(("schema.json", Bytes(schema))));
        Assert.Equal("skops archive", scan.Format);
        Assert.Contains(scan.Findings, f => f.Id == "import-program");
        Assert.Contains(
            Scan(
                Zip(
                    (
                        "schema.json",
                        Bytes(schema.Replace("system\",\"__module__\":\"os", "Thing\",\"__module__\":\"mine", StringComparison.Ordinal))
                    )
                )
            ).Findings,
            f => f.Id == "skops-type"
        );
    }

    [Fact]
    public void Members_of_a_tar_archive_are_examined()
    {
        var tar = Tar(("a/data.pkl", Malicious), ("b.txt", Bytes("text")));
        Assert.Contains(Scan(tar).Findings, f => f.Id == "import-program" && f.ByteOffset == 512);
        Assert.Contains(Scan(Gzip(tar)).Findings, f => f.Id == "import-program");
        Assert.Equal(FileVerdict.Clean, Scan(Tar(("a", Harmless))).Verdict);
        Assert.Contains(Scan(Tar(("../a", Harmless))).Findings, f => f.Id == "tar-path");
        Assert.Contains(Scan(Tar(("a", Harmless), ("a", Malicious))).Findings, f => f.Id == "tar-duplicate");
        Assert.Equal(FileVerdict.Inconclusive, Scan(Tar(("a", Harmless))[..600]).Verdict);
        Assert.Equal(FileVerdict.Findings, Scan(Join(Tar(("a", Harmless)), Tar(("b", Malicious)))).Verdict);
    }

    [Theory]
    [InlineData("comment=a\n20 size=1536\n")]
    [InlineData("a=\n20 size=1536\n\n")]
    public void A_line_in_a_value_of_a_pax_header_is_no_record(string value)
    {
        // As a record of its own it would take what follows into the member before.
        var record = $"{value.Length + 3} {value}";
        var tar = Tar(("header", Bytes(record)), ("README", Bytes("text")), ("a.pkl", Malicious));
        tar[156] = (byte)'x';
        var sum = tar.Take(512).Sum(b => b) - tar.Skip(148).Take(8).Sum(b => b) + (8 * ' ');
        Bytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(tar, 148);
        foreach (var scan in new[] { Scan(tar), Scan(Gzip(tar)) })
        {
            Assert.Contains(scan.Findings, f => f.Id == "import-program");
            Assert.Empty(scan.Gaps);
        }
        tar[512] = (byte)'9';
        tar[513] = (byte)'9';
        Assert.Contains(Scan(tar).Gaps, g => g.Contains("pax", StringComparison.Ordinal));
    }

    [Fact]
    public void A_size_of_all_members_of_a_tar_archive_hides_none()
    {
        var tar = Tar(("header", Bytes("13 size=2048\n")), ("README", Bytes("text")), ("a.pkl", Malicious));
        tar[156] = (byte)'g';
        var sum = tar.Take(512).Sum(b => b) - tar.Skip(148).Take(8).Sum(b => b) + (8 * ' ');
        Bytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(tar, 148);
        var scan = Scan(tar);
        Assert.Contains(scan.Findings, f => f.Id == "import-program");
        Assert.Contains(scan.Gaps, g => g.Contains("one size of all members", StringComparison.Ordinal));
    }

    [Fact]
    public void Values_that_a_table_of_PyTables_unpickles_are_found()
    {
        var file = Sample("lambda-earliest.h5");
        var text = System.Text.Encoding.Latin1.GetString(file);
        Bytes("PSEUDOATOM\0\0").CopyTo(file, text.IndexOf("model_config", StringComparison.Ordinal));
        Bytes("object\0\0").CopyTo(file, text.IndexOf("{\"class_name", StringComparison.Ordinal));
        Assert.Contains(Scan(file).Findings, f => f.Id == "hdf5-pickled-values");
    }

    [Theory]
    [InlineData("RDX3\nX\n", "workspace of R")]
    [InlineData("X\n\0\0\0\u0003\0\u0004", "value of R")]
    [InlineData("\u00ac\u00ed\0\u0005sr\0", "serialized objects of Java")]
    [InlineData("\0\u0001\0\0\0\u00ff\u00ff\u00ff\u00ff\u0001\0\0\0\0\0\0\0\u000c", "serialized objects of .NET")]
    public void Objects_of_another_language_are_named(string content, string format)
    {
        var scan = Scan(Bytes(content));
        Assert.Equal("serialized-objects", Assert.Single(scan.Findings).Id);
        Assert.Equal(format, scan.Format);
        Assert.Contains(Scan(Gzip(Bytes(content))).Findings, f => f.Id == "serialized-objects");
    }

    [Theory]
    [InlineData("MAR-INF/MANIFEST.json", "handler.py")]
    [InlineData("p/.data/extern_modules", "p/mine/model.py")]
    public void Source_code_that_an_archive_is_run_by_is_named(string mark, string code)
    {
        Assert.Equal("python-source", Assert.Single(Scan(Zip((mark, Bytes("{}")), (code, Bytes("import os\n")))).Findings).Id);
        Assert.Empty(Scan(Zip(("other", Bytes("{}")), (code, Bytes("import os\n")))).Findings);
    }

    internal static byte[] Sample(string name) => File.ReadAllBytes(Path.Combine(Here(), "Samples", name));

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    private static FileScan ScanSample(string name) => ScanNamed(name, Sample(name));

    private static FileScan ScanNamed(string name, byte[] content) => new ModelScanner().ScanFile(name, new MemoryStream(content));

    internal static byte[] Safetensors(string header, int data)
    {
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        return Join(length, Bytes(header), new byte[data]);
    }

    internal static byte[] Gguf(params (string Key, string Value)[] pairs) =>
        Join([
            Bytes("GGUF"),
            BitConverter.GetBytes(3),
            BitConverter.GetBytes(1L),
            BitConverter.GetBytes((long)pairs.Length),
            .. pairs.SelectMany(p => (byte[][])[GgufText(p.Key), BitConverter.GetBytes(8), GgufText(p.Value)]),
            GgufText("t"),
            BitConverter.GetBytes(1),
            BitConverter.GetBytes(4L),
            BitConverter.GetBytes(0),
            BitConverter.GetBytes(0L),
            new byte[64],
        ]);

    private static byte[] GgufText(string text) =>
        Join(BitConverter.GetBytes((long)Encoding.UTF8.GetByteCount(text)), Encoding.UTF8.GetBytes(text));

    internal static byte[] Tar(params (string Name, byte[] Content)[] members)
    {
        var stream = new MemoryStream();
        using (var writer = new System.Formats.Tar.TarWriter(stream, System.Formats.Tar.TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var (name, content) in members)
            {
                writer.WriteEntry(
                    new System.Formats.Tar.UstarTarEntry(System.Formats.Tar.TarEntryType.RegularFile, name)
                    {
                        DataStream = new MemoryStream(content),
                    }
                );
            }
        }
        return stream.ToArray();
    }
}
