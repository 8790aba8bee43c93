using System.Net;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>One repository of an OCI registry.</summary>
/// <remarks>Spec: OCI distribution-spec 1.1. Safe to use from several threads.</remarks>
public sealed partial class RegistryClient : OciStore
{
    private const string DigestHeader = "Docker-Content-Digest";

    private static readonly KeyValuePair<string, string>[] AcceptManifests =
    [
        new(
            "Accept",
            $"{OciMediaTypes.ImageManifest}, {OciMediaTypes.ImageIndex}, {OciMediaTypes.DockerManifest}, {OciMediaTypes.DockerManifestList}"
        ),
    ];

    private readonly HttpClient _http;
    private readonly RegistryReference _repository;
    private readonly RegistryOptions _options;
    private readonly RegistryTransport _transport;

    /// <summary>A client for the repository that a reference names.</summary>
    /// <param name="http">Made by <see cref="CreateHttpClient"/>, or with <see cref="CreateHandler"/>'s settings; not disposed of here.</param>
    /// <param name="repository">The repository; tag and digest do not matter here.</param>
    /// <param name="options">How to talk to the registry.</param>
    public RegistryClient(HttpClient http, RegistryReference repository, RegistryOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(repository);
        _http = http;
        _repository = repository;
        _options = options ?? new RegistryOptions();
        _options.Check();
        _transport = new RegistryTransport(http, repository, _options);
    }

    /// <inheritdoc/>
    public override string Name => _repository.Place;

    /// <summary>A handler as this client needs it: no redirects of its own, no cookies, no decompression, bounded waits and headers.</summary>
    public static SocketsHttpHandler CreateHandler() =>
        new()
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(15),
            // Registries sit behind DNS that changes.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            MaxConnectionsPerServer = 16,
            MaxResponseHeadersLength = 64,
        };

    /// <summary>A client with such a handler, and no timeout of its own: <see cref="RegistryOptions"/> has them.</summary>
    public static HttpClient CreateHttpClient() => new(CreateHandler()) { Timeout = Timeout.InfiniteTimeSpan };

    /// <inheritdoc/>
    /// <remarks>Spec: distribution-spec 1.1, "Pulling manifests".</remarks>
    public override Task<StoredManifest?> FindManifestAsync(string? tag, CancellationToken cancellation = default)
    {
        tag = tag is null ? "latest" : OciReference.CheckTag(tag);
        return FetchManifestAsync(tag, null, cancellation);
    }

    /// <inheritdoc/>
    public override Task<StoredManifest?> FindManifestAsync(Digest digest, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(digest);
        return FetchManifestAsync(digest.ToString(), digest, cancellation);
    }

    private protected override async Task PushManifestCoreAsync(StoredManifest manifest, string? tag, CancellationToken cancellation)
    {
        var subject = manifest.Subject;
        // By digest first: a listing must never name what is not there yet.
        var processed = await PutManifestAsync(manifest, manifest.Descriptor.Digest.ToString(), null, _options.Attempts, cancellation)
            .ConfigureAwait(false);
        if (tag is not null)
        {
            await PutManifestAsync(manifest, tag, null, _options.Attempts, cancellation).ConfigureAwait(false);
        }
        if (
            subject is not null
            && (processed != subject.Digest.ToString() || !await ListsReferrersAsync(subject.Digest, cancellation).ConfigureAwait(false))
        )
        {
            await AddToReferrersTagAsync(manifest, subject.Digest, cancellation).ConfigureAwait(false);
        }
    }

    internal override Task StoreUnlistedAsync(StoredManifest manifest, CancellationToken cancellation) =>
        PutManifestAsync(manifest, manifest.Descriptor.Digest.ToString(), null, _options.Attempts, cancellation);

    internal override TimeSpan? Patience => _options.OverallTimeout;

    internal override int WritersAtOnce => 32;

    internal override void Notify(string message) => _options.Notice?.Invoke(message);

    private protected override IOException NotFound(string kind, string? which) =>
        new RegistryException(
            HttpStatusCode.NotFound,
            null,
            $"{_transport.Operation($"fetch {kind} with {which ?? "tag 'latest'"}")}: there is none"
        );

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _transport.Dispose();
        }
        base.Dispose(disposing);
    }

    private async Task<StoredManifest?> FetchManifestAsync(string reference, Digest? expected, CancellationToken cancellation) =>
        (await FetchTaggedAsync(reference, expected, null, cancellation).ConfigureAwait(false))?.Manifest;

    /// <summary>A manifest, and the entity tag that a conditional write may name.</summary>
    private sealed record TaggedManifest(StoredManifest Manifest, string? EntityTag);

    private Task<TaggedManifest?> FetchTaggedAsync(string reference, Digest? expected, int? attempts, CancellationToken cancellation)
    {
        var operation = _transport.Operation($"fetch manifest {reference}");
        var request = new RegistryRequest(operation, HttpMethod.Get, _transport.Address($"manifests/{reference}"), RegistryAccess.Pull)
        {
            Headers = AcceptManifests,
        };
        return _transport.CallAsync(operation, 0, AttemptAsync, cancellation, attempts);

        async Task<TaggedManifest?> AttemptAsync(CancellationToken token)
        {
            using var response = await _transport.SendAsync(request, token).ConfigureAwait(false);
            if (response.Status == HttpStatusCode.NotFound)
            {
                return null;
            }
            if (response.Status != HttpStatusCode.OK)
            {
                throw await _transport.FailureAsync(response, operation).ConfigureAwait(false);
            }
            var body = await response.ReadAsync(Limits.OciManifestBytes, "OCI manifest").ConfigureAwait(false);
            var digest = (expected?.Algorithm ?? DigestAlgorithm.Sha256).Hash(body);
            if (expected is not null && !digest.Equals(expected))
            {
                throw Mismatch("manifest", expected, digest);
            }
            CheckDigestHeader("manifest", response, body, digest);
            return new TaggedManifest(StoredManifest.Create(digest, body, response.MediaType), response.Message.Headers.ETag?.ToString());
        }
    }

    /// <summary>Compares what the registry says the digest is with what it is. It may say so in another algorithm than we asked in.</summary>
    /// <remarks>Spec: distribution-spec 1.1, "Pulling manifests": if the header is used, the client must verify it.</remarks>
    private void CheckDigestHeader(string kind, RegistryResponse response, ReadOnlySpan<byte> body, Digest actual)
    {
        if (response.Header(DigestHeader) is not { } text)
        {
            return;
        }
        Digest claimed;
        try
        {
            claimed = Digest.Parse(text);
        }
        catch (MalformedDataException e)
        {
            throw new MalformedDataException($"{DigestHeader} header", Name, e.Reason, e);
        }
        if (!claimed.Equals(claimed.Algorithm == actual.Algorithm ? actual : claimed.Algorithm.Hash(body)))
        {
            throw Mismatch(kind, claimed, $"the registry sent it with the digest {claimed}, but the content has {actual}");
        }
    }

    /// <summary>Puts a manifest, and gives the subject that the registry says it took note of.</summary>
    private Task<string?> PutManifestAsync(
        StoredManifest manifest,
        string reference,
        KeyValuePair<string, string>? condition,
        int attempts,
        CancellationToken cancellation
    )
    {
        var operation = _transport.Operation($"push manifest {reference}");
        var request = new RegistryRequest(operation, HttpMethod.Put, _transport.Address($"manifests/{reference}"), RegistryAccess.Push)
        {
            Content = () => Body(manifest.Bytes, manifest.Descriptor.MediaType),
            ContentBytes = manifest.Bytes.Length,
            Headers = condition is { } header ? [header] : [],
        };
        return _transport.CallAsync(operation, manifest.Bytes.Length, AttemptAsync, cancellation, attempts);

        async Task<string?> AttemptAsync(CancellationToken token)
        {
            using var response = await _transport.SendAsync(request, token).ConfigureAwait(false);
            if (response.Status != HttpStatusCode.Created)
            {
                var failure = await _transport.FailureAsync(response, operation).ConfigureAwait(false);
                // The digest is right, so it is the registry that looked while another writer of the same blob was at it: docker-registry on disk does.
                throw failure is { Status: HttpStatusCode.BadRequest, Code: "DIGEST_INVALID" } ? failure.AsTransient() : failure;
            }
            CheckDigestHeader("manifest", response, manifest.Bytes.Span, manifest.Descriptor.Digest);
            return response.Header("OCI-Subject");
        }
    }

    private static ReadOnlyMemoryContent Body(ReadOnlyMemory<byte> bytes, string mediaType)
    {
        var content = new ReadOnlyMemoryContent(bytes);
        content.Headers.TryAddWithoutValidation("Content-Type", mediaType);
        return content;
    }
}
