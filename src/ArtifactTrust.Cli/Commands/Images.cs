using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Cli.Commands;

/// <summary>Images of one command: registries are reached through one client, with the user's own credentials.</summary>
/// <param name="plainHttp">Whether registries are spoken to over http.</param>
internal sealed class Images(bool plainHttp) : IDisposable
{
    private readonly HttpClient _http = RegistryClient.CreateHttpClient();
    private readonly List<OciStore> _stores = [];

    /// <summary>Finds the manifest a reference names. A tag is looked up once; what follows goes by the digest.</summary>
    internal async Task<(OciStore Store, Descriptor Descriptor)> ResolveAsync(OciReference reference, CancellationToken cancellation)
    {
        var options = new RegistryOptions
        {
            PlainHttp = plainHttp ? true : null,
            Credentials = DockerCredentials.FromEnvironment().FindAsync,
        };
        var store = OciStore.Open(reference, _http, options);
        _stores.Add(store);
        var manifest = await store.ResolveAsync(reference, cancellation);
        return (store, manifest.Descriptor);
    }

    /// <summary>Puts a bundle beside an image.</summary>
    /// <returns>The digest of the referrer.</returns>
    internal static async Task<Digest> AttachAsync(
        OciStore store,
        Descriptor image,
        Bundle bundle,
        string predicateType,
        TimeProvider time,
        CancellationToken cancellation
    ) => (await new EvidenceStore(store, time).AttachAsync(image, bundle.Utf8, predicateType, cancellation)).Digest;

    /// <summary>Reads the bundles beside an image. What could not be read is part of the answer.</summary>
    internal static async Task<IReadOnlyList<FoundEvidence>> FindAsync(OciStore store, Descriptor image, CancellationToken cancellation)
    {
        var listing = await new EvidenceStore(store, TimeProvider.System).ListBundlesAsync(image.Digest, cancellation);
        return
        [
            .. listing.Bundles.Select(Read),
            .. listing.Skipped.Select(s => new FoundEvidence($"referrer {s.Referrer.Digest}", null, s.Reason)),
        ];
    }

    public void Dispose()
    {
        foreach (var store in _stores)
        {
            store.Dispose();
        }
        _http.Dispose();
    }

    private static FoundEvidence Read(StoredBundle stored)
    {
        var source = $"referrer {stored.Manifest}";
        try
        {
            return new FoundEvidence(source, Bundle.Parse(stored.Bytes), null);
        }
        catch (MalformedDataException e)
        {
            return new FoundEvidence(source, null, e.Message);
        }
    }
}
