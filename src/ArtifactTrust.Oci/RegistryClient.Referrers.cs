using System.Net;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

public sealed partial class RegistryClient
{
    private static readonly KeyValuePair<string, string>[] AcceptIndex = [new("Accept", OciMediaTypes.ImageIndex)];

    private volatile bool _listsReferrers;

    /// <inheritdoc/>
    /// <remarks>
    /// Spec: distribution-spec 1.1, "Listing Referrers" and "Unavailable Referrers API". A 404 means that the registry does not list referrers
    /// itself, and so does what two registries answer in its place: 406 (Artifactory), and a redirect to something that is not about the subject
    /// (the one of GitHub, which leads to pages for people). Any other failure is one. An index under the referrers tag that cannot be read is a failure
    /// too, and not "none" as the specification allows: what cannot be read may be evidence.
    /// </remarks>
    public override async Task<IReadOnlyList<Descriptor>> ListReferrersAsync(Digest subject, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(subject);
        var operation = _transport.Operation($"list referrers of {subject}");
        Uri? address = _transport.Address($"referrers/{subject}");
        var referrers = new Dictionary<string, Descriptor>(StringComparer.Ordinal);
        var visited = new HashSet<Uri>();
        var bytes = 0L;
        for (var page = 0; address is not null; page++)
        {
            if (page == OciLimits.ReferrerPages)
            {
                throw new MalformedDataException("list of referrers", Name, $"more than {OciLimits.ReferrerPages} pages");
            }
            if (!visited.Add(address))
            {
                throw new MalformedDataException("list of referrers", Name, $"page {page + 1} is one that was read before");
            }
            var (index, length, next) = await ReferrersPageAsync(operation, subject, address, page > 0, cancellation).ConfigureAwait(false);
            bytes += length;
            if (bytes > OciLimits.ReferrerListBytes)
            {
                throw new MalformedDataException("list of referrers", Name, $"more than {OciLimits.ReferrerListBytes} bytes");
            }
            if (index is null)
            {
                index = await ReferrersTagIndexAsync(subject, cancellation).ConfigureAwait(false);
            }
            foreach (var referrer in index.Manifests)
            {
                referrers.TryAdd(referrer.Digest.ToString(), referrer);
            }
            if (referrers.Count > OciLimits.IndexManifests)
            {
                throw new MalformedDataException("list of referrers", Name, $"more than {OciLimits.IndexManifests} referrers");
            }
            address = next;
        }
        return [.. referrers.Values];
    }

    /// <summary>One page; no index where the registry has no such API.</summary>
    private sealed record ReferrersPage(ImageIndex? Index, int Length, Uri? Next);

    private Task<ReferrersPage> ReferrersPageAsync(
        string operation,
        Digest subject,
        Uri address,
        bool apiIsKnown,
        CancellationToken cancellation
    )
    {
        var request = new RegistryRequest(operation, HttpMethod.Get, address, RegistryAccess.Pull)
        {
            Headers = AcceptIndex,
            FollowsOnlyTo = subject.Hex,
        };
        return _transport.CallAsync(operation, 0, token => ReferrersPageAsync(request, apiIsKnown, token), cancellation);
    }

    private async Task<ReferrersPage> ReferrersPageAsync(RegistryRequest request, bool apiIsKnown, CancellationToken token)
    {
        using var response = await _transport.SendAsync(request, token).ConfigureAwait(false);
        var leadsElsewhere = RegistryTransport.IsRedirect(response.Status) && response.Header("Location") is not null;
        if (!apiIsKnown && (leadsElsewhere || response.Status is HttpStatusCode.NotFound or HttpStatusCode.NotAcceptable))
        {
            return new ReferrersPage(null, 0, null);
        }
        if (response.Status != HttpStatusCode.OK)
        {
            throw await _transport.FailureAsync(response, request.Operation).ConfigureAwait(false);
        }
        var body = await response.ReadAsync(Limits.OciManifestBytes, ImageIndex.FormatName).ConfigureAwait(false);
        var index = ImageIndex.Parse(body);
        _listsReferrers = true;
        if (LinkHeader.Next(response.Header("Link")) is not { } link)
        {
            return new ReferrersPage(index, body.Length, null);
        }
        var next = RegistryTransport.TryResolve(request.Uri, link);
        return
            next is not null
            && _transport.IsRegistry(next)
            && Uri.UnescapeDataString(next.AbsolutePath) == Uri.UnescapeDataString(request.Uri.AbsolutePath)
            ? new ReferrersPage(index, body.Length, next)
            : throw new RegistryException(
                response.Status,
                null,
                $"{request.Operation}: the next page is not one of the same list; refused"
            );
    }

    private async Task<ImageIndex> ReferrersTagIndexAsync(Digest subject, CancellationToken cancellation)
    {
        var tagged = await FetchManifestAsync(ReferrersTag(subject), null, cancellation).ConfigureAwait(false);
        // GitLab takes the tag for the digest that it is made of, where there is no such tag.
        return tagged is null || tagged.Descriptor.Digest.Equals(subject)
            ? new ImageIndex(OciMediaTypes.ImageIndex, null, [], null, Descriptor.NoAnnotations)
            : tagged.ToImageIndex();
    }

    /// <summary>Whether the registry lists referrers, asked once: one that says it took note of a subject may not (as Amazon's did).</summary>
    private async Task<bool> ListsReferrersAsync(Digest subject, CancellationToken cancellation)
    {
        if (!_listsReferrers)
        {
            var operation = _transport.Operation($"list referrers of {subject}");
            var address = _transport.Address($"referrers/{subject}");
            await ReferrersPageAsync(operation, subject, address, apiIsKnown: false, cancellation).ConfigureAwait(false);
        }
        return _listsReferrers;
    }

    /// <summary>Adds a manifest to the index under its subject's referrers tag.</summary>
    /// <remarks>Spec: distribution-spec 1.1, "Pushing Manifests with Subject".</remarks>
    private Task AddToReferrersTagAsync(StoredManifest manifest, Digest subject, CancellationToken cancellation) =>
        UpdateTagAsync(ReferrersTag(subject), new ReferrersList(manifest, subject), cancellation);
}
