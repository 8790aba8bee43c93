using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

/// <summary>What tests against a registry share: the registry, and clients whose pauses take no time but are counted.</summary>
public abstract class RegistryTest : IAsyncLifetime
{
    private readonly List<IDisposable> _owned = [];

    private protected TestRegistry Registry { get; } = new();

    private protected List<TimeSpan> Pauses { get; } = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _owned.ForEach(o => o.Dispose());
        await Registry.DisposeAsync();
    }

    private protected RegistryOptions Options(
        RegistryCredential? credential = null,
        TimeSpan? requestTimeout = null,
        TimeSpan? overallTimeout = null,
        int chunkThreshold = 16 << 20,
        int chunkBytes = 8 << 20,
        bool? plainHttp = null,
        int minimumBytesPerSecond = 256 << 10,
        TimeProvider? time = null,
        TimeSpan settleTime = default
    ) =>
        new()
        {
            Credentials = credential is null ? null : (_, _) => Task.FromResult<RegistryCredential?>(credential),
            RequestTimeout = requestTimeout ?? TimeSpan.FromSeconds(20),
            OverallTimeout = overallTimeout ?? TimeSpan.FromSeconds(60),
            ChunkThreshold = chunkThreshold,
            ChunkBytes = chunkBytes,
            PlainHttp = plainHttp,
            MinimumBytesPerSecond = minimumBytesPerSecond,
            Time = time ?? TimeProvider.System,
            SettleTime = settleTime,
            DelayOverride = (pause, cancellation) =>
            {
                lock (Pauses)
                {
                    Pauses.Add(pause);
                }
                cancellation.ThrowIfCancellationRequested();
                return Task.CompletedTask;
            },
        };

    private protected RegistryClient Client(RegistryOptions? options = null) =>
        Client(Registry.Host, Own(RegistryClient.CreateHttpClient()), options);

    private protected RegistryClient Client(string host, HttpClient http, RegistryOptions? options = null) =>
        Own(new RegistryClient(http, new RegistryReference(host, "app"), options ?? Options()));

    /// <summary>A client for which each name is one of our registries, whatever its certificate.</summary>
    private protected HttpClient Named(params (string Name, TestRegistry Registry)[] names)
    {
        var handler = RegistryClient.CreateHandler();
        handler.SslOptions = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == TestRegistry.CertificateSubject,
        };
        handler.ConnectCallback = async (context, cancellation) =>
        {
            var registry = names.Single(n => n.Name == context.DnsEndPoint.Host).Registry;
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync("127.0.0.1", registry.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        };
        return Own(new HttpClient(handler));
    }

    private protected T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    private protected static Digest Sha256(string text) => DigestAlgorithm.Sha256.Hash(Encoding.UTF8.GetBytes(text));

    private protected static Descriptor Blob(string text) => Descriptor.Of("application/octet-stream", Encoding.UTF8.GetBytes(text));

    private protected static Task RawAsync(Stream stream, string text) => stream.WriteAsync(Encoding.UTF8.GetBytes(text)).AsTask();
}
