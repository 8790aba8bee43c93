using ArtifactTrust.Oci;

namespace ArtifactTrust.EndToEnd.Oci;

/// <summary>What tests against real registries share: one folder, one registry, and clients of it.</summary>
public abstract class PeerTest : IAsyncLifetime
{
    private readonly List<IDisposable> _owned = [];
    private readonly List<DockerRegistry> _registries = [];

    private protected DirectoryInfo Folder { get; } = Directory.CreateTempSubdirectory("artifact-trust-");

    private protected HttpClient Http { get; } = RegistryClient.CreateHttpClient();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _owned.ForEach(o => o.Dispose());
        Http.Dispose();
        foreach (var registry in _registries)
        {
            await registry.DisposeAsync();
        }
        Folder.Delete(recursive: true);
    }

    private protected async Task<DockerRegistry> StartRegistryAsync(bool withPassword = false)
    {
        var registry = await DockerRegistry.StartAsync(withPassword);
        _registries.Add(registry);
        return registry;
    }

    /// <summary>Nobody else writes at the same time.</summary>
    private protected static RegistryOptions Alone { get; } = new() { SettleTime = TimeSpan.Zero };

    private protected RegistryClient Client(DockerRegistry registry, RegistryOptions? options = null)
    {
        var client = new RegistryClient(Http, new RegistryReference(registry.Host, "demo/app"), options ?? Alone);
        _owned.Add(client);
        return client;
    }

    private protected async Task<ImageLayout> CreateLayoutAsync(string name)
    {
        var layout = await ImageLayout.CreateAsync(Path.Combine(Folder.FullName, name));
        _owned.Add(layout);
        return layout;
    }

    private protected Task<string> RunAsync(string program, params string[] arguments) =>
        Peers.RequireAsync(Folder.FullName, program, arguments);

    /// <summary>Pushes an image of one layer with crane, and gives its digest.</summary>
    private protected async Task<string> PushImageAsync(string reference)
    {
        await File.WriteAllTextAsync(Path.Combine(Folder.FullName, "hello.txt"), "hello");
        await System.Formats.Tar.TarFile.CreateFromDirectoryAsync(
            Directory.CreateDirectory(Path.Combine(Folder.FullName, "root")).FullName,
            Path.Combine(Folder.FullName, "layer.tar"),
            includeBaseDirectory: true
        );
        await RunAsync("crane", "append", "-f", "layer.tar", "-t", reference);
        return await RunAsync("crane", "digest", reference);
    }
}
