using System.Runtime.InteropServices;
using ArtifactTrust.Bundles;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Notation;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Cli.Commands;

/// <summary>An image, found.</summary>
/// <param name="Store">Where it is.</param>
/// <param name="Descriptor">Its manifest.</param>
internal sealed record ResolvedImage(OciStore Store, Descriptor Descriptor);

/// <summary>The manifest of one image, found.</summary>
/// <param name="Store">Where it is.</param>
/// <param name="Manifest">The manifest.</param>
/// <param name="Index">The index that it was found in; null where it was named itself.</param>
internal sealed record PlatformImage(OciStore Store, StoredManifest Manifest, Digest? Index);

/// <summary>Images of one command: each registry is reached through one client, with the user's own credentials and certificates.</summary>
/// <param name="connections">The connections, owned from now on.</param>
/// <param name="registries">How registries are spoken to.</param>
internal sealed class Images(RegistryConnections connections, RegistryOptions registries) : IDisposable
{
    private readonly Dictionary<string, OciStore> _stores = new(StringComparer.Ordinal);
    private readonly Dictionary<OciStore, EvidenceStore> _evidence = [];

    /// <summary>Finds the manifest a reference names. A tag is looked up once; what follows goes by the digest.</summary>
    internal async Task<ResolvedImage> ResolveAsync(OciReference reference, CancellationToken cancellation)
    {
        var store = Open(reference);
        var manifest = await store.ResolveAsync(reference, cancellation);
        return new ResolvedImage(store, manifest.Descriptor);
    }

    /// <summary>Finds the manifest a reference names, and where it is an index, the manifest of one platform in it.</summary>
    /// <exception cref="CliException">The image is not for the platform.</exception>
    internal async Task<ResolvedImage> ResolveAsync(OciReference reference, Platform? platform, CancellationToken cancellation)
    {
        var store = Open(reference);
        var manifest = await store.ResolveAsync(reference, cancellation);
        if (platform is null)
        {
            return new ResolvedImage(store, manifest.Descriptor);
        }
        if (!manifest.IsIndex)
        {
            throw CliException.Rejected(
                "platform",
                $"'{reference}' is a single manifest, which does not say its platform",
                "leave out --platform, or name the index"
            );
        }
        var index = manifest.ToImageIndex();
        var found = index.Find(platform);
        return found switch
        {
            [var one] => new ResolvedImage(store, (await store.GetManifestAsync(one.Digest, cancellation)).Descriptor),
            [] => throw CliException.Rejected(
                "platform",
                $"'{reference}' has no manifest for {platform}",
                $"it is for {string.Join(", ", index.Manifests.Select(m => m.Platform).OfType<Platform>())}"
            ),
            // Which of them a runtime takes is not known here, so none is vouched for.
            _ => throw CliException.Rejected(
                "platform",
                $"'{reference}' has {found.Count} manifests for {platform}",
                "name one of them by its digest"
            ),
        };
    }

    /// <summary>Finds the manifest of one image: in an index, that of a platform, or else that of this machine's.</summary>
    /// <exception cref="CliException">The image is not for the platform.</exception>
    internal async Task<PlatformImage> ManifestAsync(OciReference reference, Platform? platform, CancellationToken cancellation)
    {
        var (store, named) = await ResolveAsync(reference, platform, cancellation);
        var manifest = await store.GetManifestAsync(named.Digest, cancellation);
        return manifest.IsIndex
            ? new PlatformImage(
                store,
                await store.GetManifestAsync(OfThisMachine(manifest.ToImageIndex(), reference).Digest, cancellation),
                named.Digest
            )
            : new PlatformImage(store, manifest, null);
    }

    /// <summary>Every manifest that a manifest leads to, those inside first and itself last.</summary>
    internal static async Task<IReadOnlyList<Descriptor>> AllAsync(OciStore store, Descriptor root, CancellationToken cancellation)
    {
        var found = new List<Descriptor>();
        var open = new HashSet<Digest>();
        await VisitAsync(root, 0);
        return found;

        async Task VisitAsync(Descriptor descriptor, int depth)
        {
            if (!open.Add(descriptor.Digest))
            {
                return;
            }
            if (depth > 4)
            {
                throw new MalformedDataException("OCI image index", descriptor.Digest.ToString(), "indexes are nested more than 4 deep");
            }
            var manifest = await store.GetManifestAsync(descriptor.Digest, cancellation);
            foreach (var child in manifest.IsIndex ? manifest.ToImageIndex().Manifests : [])
            {
                await VisitAsync(child, depth + 1);
            }
            found.Add(manifest.Descriptor);
        }
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

    /// <summary>Reads the evidence beside an image, in all forms. What could not be read is part of the answer.</summary>
    /// <param name="store">Where the image is.</param>
    /// <param name="image">The image.</param>
    /// <param name="places">Where to look.</param>
    /// <param name="cancellation">Stops the work.</param>
    internal async Task<IReadOnlyList<FoundEvidence>> FindAsync(
        OciStore store,
        Descriptor image,
        EvidencePlaces places,
        CancellationToken cancellation
    )
    {
        if (!_evidence.TryGetValue(store, out var evidence))
        {
            evidence = new EvidenceStore(store, TimeProvider.System);
            _evidence.Add(store, evidence);
        }
        var listing = await evidence.ListAsync(image.Digest, places, cancellation);
        return
        [
            .. listing.Bundles.Select(Read),
            .. listing.Legacy.Select(Read),
            .. listing.Notation.Select(Read),
            .. listing.Skipped.Select(s => new FoundEvidence($"referrer {s.Referrer.Digest}", null, s.Reason)
            {
                IsNotation = s.IsNotation,
                ArtifactType = s.OtherType,
            }),
        ];
    }

    public void Dispose()
    {
        foreach (var store in _stores.Values)
        {
            store.Dispose();
        }
        connections.Dispose();
    }

    private static Descriptor OfThisMachine(ImageIndex index, OciReference reference)
    {
        // What tools attach to an index is for no platform that exists.
        var manifests = index
            .Manifests.Where(m => OciMediaTypes.IsImageManifest(m.MediaType) && m.Platform is not { Os: "unknown" })
            .ToList();
        var architecture = RuntimeInformation.OSArchitecture switch
        {
            Architecture.X64 => "amd64",
            Architecture.X86 => "386",
            var other => other.ToString().ToLowerInvariant(),
        };
        return manifests.Count == 1
            ? manifests[0]
            : manifests.FirstOrDefault(m => m.Platform is { Os: "linux" } p && p.Architecture == architecture)
                ?? throw CliException.Usage(
                    $"'{reference}' is for {string.Join(", ", manifests.Select(m => m.Platform).OfType<Platform>())}",
                    "name one of them with --platform"
                );
    }

    private OciStore Open(OciReference reference)
    {
        if (!_stores.TryGetValue(reference.Place, out var store))
        {
            store = connections.Open(reference, registries);
            _stores.Add(reference.Place, store);
        }
        return store;
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

    // Whoever trusts keys or Sigstore identities does not trust these; verify takes them by a policy of their own.
    private static FoundEvidence Read(StoredNotationSignature stored)
    {
        var source = $"referrer {stored.Manifest}";
        try
        {
            var signature = NotationSignature.Parse(stored.MediaType, stored.Bytes);
            return new FoundEvidence(source, null, "it is a Notation signature, which verify reads with --notation-policy only")
            {
                IsNotation = true,
                Notation = signature,
            };
        }
        catch (MalformedDataException e)
        {
            return new FoundEvidence(source, null, e.Message) { IsNotation = true };
        }
    }

    private static FoundEvidence Read(StoredLegacySignature stored)
    {
        var source = $"{(stored.Tag is { } tag ? $"tag {tag}" : $"referrer {stored.Manifest}")}, layer {stored.Layer}";
        try
        {
            return new FoundEvidence(source, stored.Signature.ToBundle(), null) { Legacy = stored.Signature };
        }
        catch (MalformedDataException e)
        {
            return new FoundEvidence(source, null, e.Message);
        }
    }
}
