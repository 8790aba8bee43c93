using System.Formats.Tar;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;
using ArtifactTrust.Scanning.Models;
using ArtifactTrust.Tests.Formats.Zstandard;
using ArtifactTrust.Tests.Scanning.Models;

namespace ArtifactTrust.Tests.Oci;

public sealed class ImageModelsTests : IDisposable
{
    private static readonly byte[] Bad = Pickled.Bytes("cos\nsystem\n(S'id'\ntR.");
    private static readonly byte[] Elf = [0x7f, .. "ELF"u8, .. new byte[100]];

    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_finding_has_its_path_and_a_layer()
    {
        var first = TestImage.Tar(TestImage.File("etc/hosts", "127.0.0.1"), TestImage.File("models/good.pkl", Pickled.Harmless));
        var second = TestImage.Tar(TestImage.Directory("models/"), TestImage.File("models/bad", Bad));
        var found = await ScanAsync(first, second);
        Assert.Equal(["models/bad", "models/good.pkl"], found.Report.Files.Select(f => f.Name));
        Assert.Equal([FileVerdict.Findings, FileVerdict.Clean], found.Report.Files.Select(f => f.Verdict));
        Assert.Equal("models/bad", found.Report.Files[0].Findings.Single().Target);
        Assert.Equal(DigestAlgorithm.Sha256.Hash(second), found.Layers["models/bad"]);
        Assert.Equal(DigestAlgorithm.Sha256.Hash(first), found.Layers["models/good.pkl"]);
        Assert.Equal(3, found.FileCount);
        Assert.Equal("linux/amd64", found.Configuration.Platform!.ToString());
    }

    public static TheoryData<string, PaxTarEntry[]> WhatHides() =>
        new()
        {
            { "a whiteout", [TestImage.File("m/.wh.w.pkl", "")] },
            { "a whiteout of the folder", [TestImage.File(".wh.m", "")] },
            { "an opaque folder", [TestImage.Directory("m/"), TestImage.File("m/.wh..wh..opq", "")] },
            { "another file", [TestImage.File("m/w.pkl", Pickled.Harmless)] },
            { "an empty file", [TestImage.File("m/w.pkl", "")] },
            { "a program", [TestImage.File("m/w.pkl", Elf[..4])] },
            { "a folder", [TestImage.Directory("m/w.pkl/")] },
            { "a link", [TestImage.Link("m/w.pkl", "/dev/null")] },
            { "a file for the folder", [TestImage.File("m", "text")] },
        };

    [Theory]
    [MemberData(nameof(WhatHides))]
    public async Task What_a_later_layer_hides_is_not_there(string what, PaxTarEntry[] upper)
    {
        var lower = TestImage.Tar(TestImage.Directory("m/"), TestImage.File("m/w.pkl", Bad));
        Assert.Equal("m/w.pkl", (await ScanAsync(lower)).Report.Files.Single().Name);
        var found = await ScanAsync(lower, TestImage.Tar(upper));
        Assert.True(found.Report.Files.All(f => f.Findings.All(x => x.Id == "native-code") && f.Gaps.Count == 0), what);
    }

    [Fact]
    public async Task What_a_later_layer_brings_back_is_there()
    {
        var found = await ScanAsync(
            TestImage.Tar(TestImage.File("m/w.pkl", Pickled.Harmless)),
            TestImage.Tar(TestImage.File("m/.wh.w.pkl", "")),
            TestImage.Tar(TestImage.File("m/w.pkl", Bad))
        );
        Assert.Equal(FileVerdict.Findings, found.Report.Files.Single().Verdict);
    }

    [Fact]
    public async Task A_whiteout_hides_nothing_of_its_own_layer()
    {
        var found = await ScanAsync(TestImage.Tar(TestImage.File("m/w.pkl", Bad), TestImage.File("m/.wh..wh..opq", "")));
        Assert.Equal(FileVerdict.Findings, found.Report.Files.Single().Verdict);
    }

    [Fact]
    public async Task Every_name_of_a_hard_link_is_told()
    {
        var found = await ScanAsync(
            TestImage.Tar(TestImage.File("a/w", Bad), TestImage.HardLink("b", "a/w")),
            TestImage.Tar(TestImage.HardLink("c", "a/w"), TestImage.File("a/.wh.w", ""))
        );
        Assert.Equal(["b", "c"], found.Report.Files.Select(f => f.Name));
        Assert.Equal(["b", "c"], found.Report.Files.Select(f => f.Findings.Single().Target));
    }

    [Fact]
    public async Task A_hard_link_to_nothing_is_inconclusive()
    {
        var file = (await ScanAsync(TestImage.Tar(TestImage.HardLink("m.pt", "absent")))).Report.Files.Single();
        Assert.Equal(("m.pt", FileVerdict.Inconclusive), (file.Name, file.Verdict));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(3 << 20)]
    public async Task Models_of_PyTorch_are_looked_into_at_any_size(int weights)
    {
        var torch = Pickled.Zip(("m/data.pkl", Bad), ("m/data/0", new byte[weights]), ("m/version", "3\n"u8.ToArray()));
        var found = await ScanAsync(
            TestImage.Tar(TestImage.File("opt/first.pt", torch), TestImage.File("opt/last.bin", torch), TestImage.File("x.pkl", Bad))
        );
        Assert.Equal(["opt/first.pt", "opt/last.bin", "x.pkl"], found.Report.Files.Select(f => f.Name));
        Assert.All(found.Report.Files, f => Assert.Equal("import-program", f.Findings.Single().Id));
    }

    [Fact]
    public async Task Layers_in_gzip_and_Zstandard_are_read()
    {
        var tar = TestImage.Tar(TestImage.File("w.pkl", Bad));
        foreach (var blob in (byte[][])[TestImage.Gzip(tar), ZstandardSamples.Stored(tar)])
        {
            var found = await ScanAsync([(blob, DigestAlgorithm.Sha256.Hash(tar))]);
            Assert.Equal(FileVerdict.Findings, found.Report.Files.Single().Verdict);
            Assert.Equal(DigestAlgorithm.Sha256.Hash(blob), found.Layers["w.pkl"]);
        }
    }

    [Fact]
    public async Task What_cannot_be_read_is_inconclusive_and_named()
    {
        var tar = TestImage.Tar(
            new PaxTarEntry(TarEntryType.RegularFile, "sparse.pt", new Dictionary<string, string> { ["GNU.sparse.major"] = "1" })
            {
                DataStream = new MemoryStream([1, 2, 3]),
            },
            TestImage.File("long.pt", new byte[101]),
            TestImage.File("short.pt", Pickled.Harmless)
        );
        byte[] xz = [0xfd, .. "7zXZ\0"u8, 0, 0];
        var id = DigestAlgorithm.Sha256.Hash("x"u8);
        var found = await ScanAsync([(tar, DigestAlgorithm.Sha256.Hash(tar)), (xz, id)], 100);
        Assert.Equal(
            ["long.pt", $"{id}", "sparse.pt"],
            found.Report.Files.Where(f => f.Verdict is FileVerdict.Inconclusive).Select(f => f.Name)
        );
        Assert.Equal(FileVerdict.Clean, found.Report.Files.Single(f => f.Name == "short.pt").Verdict);
        Assert.False(found.Report.ToScanReport("x").IsComplete);
    }

    [Fact]
    public async Task Programs_are_nothing_to_report_and_are_where_a_model_should_be()
    {
        byte[] bytecode = [0xa7, 0x0d, 0x0d, 0x0a, .. new byte[60]];
        byte[] zipapp = [.. "#!/usr/bin/env python3\n"u8, .. Pickled.Zip(("__main__.pyc", bytecode))];
        byte[] windows = [.. "MZ"u8, .. new byte[60], .. "PE\0\0"u8, .. new byte[60]];
        var programs = new Dictionary<string, byte[]>
        {
            ["usr/bin/a"] = Elf,
            ["usr/lib/b.so"] = [.. Elf, .. new byte[2 << 20]],
            ["usr/lib/python3/__pycache__/c.pyc"] = bytecode,
            ["usr/bin/d"] = zipapp,
            ["usr/lib/e.exe"] = windows,
            ["usr/lib/f.whl"] = Pickled.Zip(("f.so", Elf), ("f.pyc", bytecode)),
            ["usr/lib/python3/g.py"] = "import os\nos.system('id')\n"u8.ToArray(),
            ["usr/lib/python3/config.json"] = "{}"u8.ToArray(),
        };
        Assert.Empty((await ScanAsync(TestImage.Tar(programs.Select(p => TestImage.File(p.Key, p.Value))))).Report.Files);
        var models = await ScanAsync(TestImage.Tar(programs.Take(6).Select(p => TestImage.File($"{p.Key}.pt", p.Value))));
        Assert.Equal(6, models.Report.Files.Count);
        Assert.All(models.Report.Files, f => Assert.Equal(FileVerdict.Findings, f.Verdict));
    }

    [Fact]
    public async Task A_program_that_a_link_calls_a_model_is_inconclusive()
    {
        byte[] archive = [.. Elf, .. Pickled.Zip(("config.json", "{}"u8.ToArray()))];
        var found = await ScanAsync(
            TestImage.Tar(TestImage.File("hub/blobs/0a", archive), TestImage.File("hub/blobs/0b", [.. Elf, .. new byte[2 << 20]])),
            TestImage.Tar(
                TestImage.Link("hub/snapshots/1/m.keras", "../../blobs/0a"),
                TestImage.HardLink("n.keras", "hub/blobs/0a"),
                TestImage.Link("o.npz", "hub/blobs/0b"),
                TestImage.Link("usr/bin/p", "/hub/blobs/0b")
            )
        );
        Assert.Equal(["hub/snapshots/1/m.keras", "n.keras", "o.npz"], found.Report.Files.Select(f => f.Name));
        Assert.All(found.Report.Files, f => Assert.Equal(FileVerdict.Inconclusive, f.Verdict));
    }

    [Fact]
    public async Task A_pickle_that_begins_like_a_program_is_found()
    {
        byte[] pickle = [.. "MZ\x01"u8, (byte)'U', 4, .. "PE\0\0"u8, .. Bad];
        Assert.Equal("usr/lib/e.exe", (await ScanAsync(TestImage.Tar(TestImage.File("usr/lib/e.exe", pickle)))).Report.Files.Single().Name);
    }

    [Theory]
    [InlineData("chat_template.jinja", null, true)]
    [InlineData("page.html.j2", null, false)]
    [InlineData("playbook.yaml", null, false)]
    [InlineData("prompt.j2", "tokenizer_config.json", true)]
    [InlineData("templates/tool.jinja", "model.safetensors", true)]
    [InlineData("other.j2", "config.json", false)]
    public async Task Templates_count_beside_a_model(string name, string? beside, bool counts)
    {
        var entries = new List<TarEntry> { TestImage.File($"opt/x/{name}", "{{ ''.__class__.__mro__ }}") };
        if (beside is not null)
        {
            entries.Add(TestImage.File($"opt/x/{beside}", "{}"));
        }
        var found = await ScanAsync(TestImage.Tar(entries));
        Assert.Equal(counts, found.Report.Files.Any(f => f.Name == $"opt/x/{name}" && f.Verdict is FileVerdict.Findings));
    }

    [Fact]
    public async Task Settings_count_wherever_they_lie()
    {
        var found = await ScanAsync(
            TestImage.Tar(
                TestImage.File("a/config.json", """{"auto_map":{"AutoModel":"modeling.Net"}}"""),
                TestImage.File("b/config.json", "// settings of a web server\n{ x: 1 }"),
                TestImage.File("c/settings.json", """{"chat_template":"{{ ''.__class__ }}","tokenizer_class":"X"}""")
            )
        );
        Assert.Equal(["a/config.json", "c/settings.json"], found.Report.Files.Select(f => f.Name));
        Assert.All(found.Report.Files, f => Assert.Equal(FileVerdict.Findings, f.Verdict));
    }

    [Fact]
    public async Task In_a_cache_of_a_hub_the_names_of_links_tell_what_a_file_is()
    {
        var template = TestImage.File("hub/blobs/0a", "{{ ''.__class__ }}");
        var settings = TestImage.File("hub/blobs/0b", """{"_class_name":["pipeline","Net"]}""");
        var found = await ScanAsync(
            TestImage.Tar(template, settings),
            TestImage.Tar(
                TestImage.Link("hub/snapshots/1/chat_template.jinja", "../../blobs/0a"),
                TestImage.Link("hub/snapshots/1/model_index.json", "/hub/blobs/0b"),
                TestImage.Link("hub/snapshots/1/tokenizer.json", "../../blobs/absent"),
                TestImage.Link("hub/snapshots/1/config.json", "config.json")
            )
        );
        Assert.Equal(
            ["hub/snapshots/1/chat_template.jinja", "hub/snapshots/1/model_index.json"],
            found.Report.Files.Where(f => f.Verdict is FileVerdict.Findings).Select(f => f.Name)
        );
        Assert.Equal(found.Layers["hub/snapshots/1/chat_template.jinja"], found.Layers.Values.Distinct().Single());
    }

    [Fact]
    public async Task A_text_that_a_link_calls_a_template_and_that_was_not_held_is_inconclusive()
    {
        var found = await ScanAsync(
            TestImage.Tar(TestImage.File("m/readme.txt", "{{ x }}"), TestImage.Link("m/chat_template.jinja", "readme.txt"))
        );
        Assert.Equal(("m/chat_template.jinja", FileVerdict.Inconclusive), found.Report.Files.Select(f => (f.Name, f.Verdict)).Single());
    }

    [Fact]
    public async Task Other_content_than_a_digest_says_is_refused()
    {
        var tar = TestImage.Tar(TestImage.File("w.pkl", Pickled.Harmless));
        await Assert.ThrowsAsync<ContentMismatchException>(() => ScanAsync([(tar, DigestAlgorithm.Sha256.Hash("other"u8))]));
        await Assert.ThrowsAsync<MalformedDataException>(() => ScanAsync(tar.AsSpan(0, 700).ToArray()));
    }

    [Fact]
    public async Task No_flipped_byte_of_a_layer_ends_in_another_error()
    {
        var tar = TestImage.Tar(
            TestImage.File("m/a.pkl", Bad),
            TestImage.HardLink("m/b", "m/a.pkl"),
            TestImage.Link("m/chat_template.jinja", "a.pkl"),
            TestImage.File("m/.wh.c", "")
        );
        using var store = await ImageLayout.CreateAsync(Path.Combine(_folder.Path, "flipped"));
        for (var i = 0; i < tar.Length; i += 31)
        {
            var other = tar.ToArray();
            other[i] ^= (byte)(1 << (i % 8));
            var image = await TestImage.StoreAsync(store, other);
            if (await Record.ExceptionAsync(() => ImageModels.ScanAsync(store, image)) is { } thrown)
            {
                Assert.IsType<MalformedDataException>(thrown);
            }
        }
    }

    [Fact]
    public async Task Progress_tells_every_byte_that_is_stored()
    {
        var tar = TestImage.Tar(TestImage.File("w.pkl", new byte[3 << 20]));
        using var store = await ImageLayout.CreateAsync(Path.Combine(_folder.Path, "progress"));
        var image = await TestImage.StoreAsync(store, tar, tar);
        var told = new Told();
        await ImageModels.ScanAsync(store, image, progress: told);
        Assert.Equal(image.Layers.Sum(l => l.Size), told.Bytes);
    }

    [Fact]
    public async Task A_scan_can_be_stopped()
    {
        using var store = await ImageLayout.CreateAsync(Path.Combine(_folder.Path, "stopped"));
        var image = await TestImage.StoreAsync(store, TestImage.Tar(TestImage.File("w.pkl", Bad)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            ImageModels.ScanAsync(store, image, cancellation: new CancellationToken(canceled: true))
        );
    }

    private Task<ImageModelScan> ScanAsync(params byte[][] layers) =>
        ScanAsync([.. layers.Select(l => (l, DigestAlgorithm.Sha256.Hash(l)))]);

    private async Task<ImageModelScan> ScanAsync(
        IReadOnlyList<(byte[] Blob, Digest DiffId)> layers,
        long longestFile = Limits.ImageModelFileBytes
    )
    {
        using var store = await ImageLayout.CreateAsync(Path.Combine(_folder.Path, Guid.NewGuid().ToString("N")));
        var image = await TestImage.StoreAsync(store, layers);
        return await ImageModels.ScanAsync(store, image, null, null, null, longestFile, CancellationToken.None);
    }

    private sealed class Told : IProgress<long>
    {
        internal long Bytes { get; private set; }

        public void Report(long value) => Bytes += value;
    }
}
