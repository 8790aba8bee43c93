using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

public sealed class ModelArtifactTests : IDisposable
{
    private static readonly Descriptor Config = Descriptor.Of(ModelArtifact.ConfigType, "{}"u8);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_directory_comes_back_as_it_was()
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        var pushed = await PushAsync(
            store,
            ("config.json", "{}"),
            ("sub/w.safetensors", "weights"),
            ("sub/copy.json", "{}"),
            ("empty", "")
        );
        var manifest = (await store.FindManifestAsync("v1"))!.ToImageManifest();
        Assert.Equal(ModelArtifact.ArtifactType, manifest.ArtifactType);
        Assert.Equal(ModelArtifact.ConfigType, manifest.Config.MediaType);
        Assert.Equal(
            ["weight.config", "weight.config", "weight.config", "weight"],
            manifest.Layers.Select(l => l.MediaType["application/vnd.cncf.model.".Length..^".v1.raw".Length])
        );
        var files = await new ModelArtifact(store).PullAsync(manifest, At("out"));
        Assert.Equal(["config.json", "empty", "sub/copy.json", "sub/w.safetensors"], files.Select(f => f.Path));
        Assert.Equal("weights", await File.ReadAllTextAsync(At("out/sub/w.safetensors")));
        Assert.Equal("", await File.ReadAllTextAsync(At("out/empty")));
        Assert.Equal(
            pushed,
            await PushAsync(store, ("config.json", "{}"), ("sub/w.safetensors", "weights"), ("sub/copy.json", "{}"), ("empty", ""))
        );
        Assert.Equal(["layout", "model", "out"], _folder.GetFileSystemInfos().Select(f => f.Name).Order());
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/x")]
    [InlineData("a//b")]
    [InlineData("a/./b")]
    [InlineData("a/../b")]
    [InlineData("a\\b")]
    [InlineData("C:x")]
    [InlineData("a\nb")]
    [InlineData("a\0b")]
    [InlineData("")]
    [InlineData("x/")]
    [InlineData("x.")]
    [InlineData("x ")]
    public async Task A_path_that_leads_elsewhere_is_refused(string path) => await RefusedAsync(Layer("a", path));

    [Theory]
    [InlineData("a", "a")]
    [InlineData("a", "A")]
    [InlineData("a", "a/b")]
    [InlineData("A/b", "a")]
    public async Task Two_files_at_one_path_are_refused(string one, string other) => await RefusedAsync(Layer("1", one), Layer("2", other));

    [Fact]
    public async Task A_layer_without_a_path_an_archive_or_two_names_is_refused()
    {
        await RefusedAsync(Descriptor.Of("application/octet-stream", "a"u8));
        await RefusedAsync(Layer("a", "a") with { MediaType = "application/vnd.cncf.model.weight.v1.tar" });
        await RefusedAsync(Layer("a", "a") with { MediaType = "application/vnd.oci.image.layer.v1.tar+gzip" });
        await RefusedAsync(
            Layer("a", "a") with
            {
                Annotations = new Dictionary<string, string>
                {
                    [ModelArtifact.TitleAnnotation] = "a",
                    [ModelArtifact.PathAnnotation] = "b",
                },
            }
        );
        await RefusedAsync();
    }

    [Fact]
    public async Task A_directory_that_exists_is_left_alone()
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        await PushAsync(store, ("a", "1"));
        var manifest = (await store.FindManifestAsync("v1"))!.ToImageManifest();
        Directory.CreateDirectory(At("out"));
        await Assert.ThrowsAsync<IOException>(() => new ModelArtifact(store).PullAsync(manifest, At("out")));
        Assert.Empty(Directory.GetFileSystemEntries(At("out")));
    }

    [Fact]
    public async Task A_pull_that_broke_goes_on_with_what_it_has_and_believes_none_of_it()
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        await PushAsync(store, ("a", "one"), ("b", "two"), ("c", "three"));
        var manifest = (await store.FindManifestAsync("v1"))!.ToImageManifest();
        var blob = Path.Join(At("layout"), "blobs", "sha256", manifest.Layers[2].Digest.Hex);
        File.Move(blob, At("blob"));
        await Assert.ThrowsAnyAsync<IOException>(() => new ModelArtifact(store, 1).PullAsync(manifest, At("out")));
        Assert.False(Directory.Exists(At("out")));
        var staging = Assert.Single(Directory.GetDirectories(_folder.FullName, ".out.*.partial"));
        await File.WriteAllTextAsync(Path.Join(staging, "b"), "bad");
        await File.WriteAllTextAsync(Path.Join(staging, "stranger"), "x");
        File.Move(At("blob"), blob);
        // The first is not fetched again: the store does not have it any more.
        File.Delete(Path.Join(At("layout"), "blobs", "sha256", manifest.Layers[0].Digest.Hex));
        await new ModelArtifact(store).PullAsync(manifest, At("out"));
        Assert.Equal(["a", "b", "c"], Directory.GetFileSystemEntries(At("out")).Select(f => Path.GetFileName(f)!).Order());
        Assert.Equal("two", await File.ReadAllTextAsync(At("out/b")));
    }

    [Fact]
    public async Task A_link_in_what_an_earlier_pull_left_is_not_followed()
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        await PushAsync(store, ("a", "one"), ("b", "two"));
        var manifest = (await store.FindManifestAsync("v1"))!.ToImageManifest();
        var blob = Path.Join(At("layout"), "blobs", "sha256", manifest.Layers[1].Digest.Hex);
        File.Move(blob, At("blob"));
        await Assert.ThrowsAnyAsync<IOException>(() => new ModelArtifact(store, 1).PullAsync(manifest, At("out")));
        var staging = Assert.Single(Directory.GetDirectories(_folder.FullName, ".out.*.partial"));
        await File.WriteAllTextAsync(At("victim"), "victim");
        File.CreateSymbolicLink(Path.Join(staging, "b"), At("victim"));
        File.Move(At("blob"), blob);
        await new ModelArtifact(store).PullAsync(manifest, At("out"));
        Assert.Equal("victim", await File.ReadAllTextAsync(At("victim")));
        Assert.Null(new FileInfo(At("out/b")).LinkTarget);
        Assert.Equal("two", await File.ReadAllTextAsync(At("out/b")));
    }

    [Fact]
    public async Task Content_that_is_not_what_the_manifest_says_never_appears()
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        await PushAsync(store, ("a", "one"));
        var manifest = (await store.FindManifestAsync("v1"))!.ToImageManifest();
        await File.WriteAllTextAsync(Path.Join(At("layout"), "blobs", "sha256", manifest.Layers[0].Digest.Hex), "eno");
        await Assert.ThrowsAsync<ContentMismatchException>(() => new ModelArtifact(store).PullAsync(manifest, At("out")));
        Assert.False(Directory.Exists(At("out")));
        Assert.Empty(Directory.GetFiles(Assert.Single(Directory.GetDirectories(_folder.FullName, ".out.*.partial"))));
    }

    private static Descriptor Layer(string content, string path) =>
        Descriptor.Of("application/octet-stream", Encoding.UTF8.GetBytes(content)) with
        {
            Annotations = new Dictionary<string, string> { [ModelArtifact.TitleAnnotation] = path },
        };

    private async Task RefusedAsync(params Descriptor[] layers)
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        var manifest = new ImageManifest(
            OciMediaTypes.ImageManifest,
            ModelArtifact.ArtifactType,
            Config,
            layers,
            null,
            new Dictionary<string, string>()
        );
        await Assert.ThrowsAsync<MalformedDataException>(() => new ModelArtifact(store).PullAsync(manifest, At("out")));
        Assert.Equal(["layout"], _folder.GetFileSystemInfos().Select(f => f.Name));
    }

    private async Task<Descriptor> PushAsync(OciStore store, params (string Name, string Content)[] files)
    {
        foreach (var (name, content) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(At($"model/{name}"))!);
            await File.WriteAllTextAsync(At($"model/{name}"), content);
        }
        using var tree = FileTree.Open(At("model"));
        return await new ModelArtifact(store).PushAsync(tree, tree.List(new IgnoreRules([])), "v1");
    }

    private string At(string name) => Path.Join(_folder.FullName, name);
}
