using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

public sealed partial class RegistryClient
{
    private static readonly TimeSpan MinimumSettling = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaximumSettling = TimeSpan.FromSeconds(5);

    private static readonly KeyValuePair<string, string>[] AcceptIndex = [new("Accept", OciMediaTypes.ImageIndex)];

    /// <inheritdoc/>
    /// <remarks>
    /// Spec: distribution-spec 1.1, "Listing Referrers" and "Unavailable Referrers API". Only a 404 means that the registry does not list referrers
    /// itself; any other failure is one. An index under the referrers tag that cannot be read is a failure too, and not "none" as the
    /// specification allows: what cannot be read may be evidence.
    /// </remarks>
    public override async Task<IReadOnlyList<Descriptor>> ListReferrersAsync(Digest subject, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(subject);
        var operation = _transport.Operation($"list referrers of {subject}");
        Uri? address = _transport.Address($"referrers/{subject}");
        var referrers = new Dictionary<string, Descriptor>(StringComparer.Ordinal);
        for (var page = 0; address is not null; page++)
        {
            if (page == OciLimits.ReferrerPages)
            {
                throw new MalformedDataException("list of referrers", Name, $"more than {OciLimits.ReferrerPages} pages");
            }
            var request = new RegistryRequest(operation, HttpMethod.Get, address, RegistryAccess.Pull) { Headers = AcceptIndex };
            var (index, next) = await _transport
                .CallAsync(operation, 0, token => ReferrersPageAsync(request, page > 0, token), cancellation)
                .ConfigureAwait(false);
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
    private async Task<(ImageIndex? Index, Uri? Next)> ReferrersPageAsync(RegistryRequest request, bool apiIsKnown, CancellationToken token)
    {
        using var response = await _transport.SendAsync(request, token).ConfigureAwait(false);
        if (response.Status == HttpStatusCode.NotFound && !apiIsKnown)
        {
            return (null, null);
        }
        if (response.Status != HttpStatusCode.OK)
        {
            throw await _transport.FailureAsync(response, request.Operation).ConfigureAwait(false);
        }
        var body = await response.ReadAsync(Limits.OciManifestBytes, ImageIndex.FormatName).ConfigureAwait(false);
        var index = ImageIndex.Parse(body);
        if (LinkHeader.Next(response.Header("Link")) is not { } link)
        {
            return (index, null);
        }
        var next = RegistryTransport.TryResolve(request.Uri, link);
        return
            next is not null
            && _transport.IsRegistry(next)
            && Uri.UnescapeDataString(next.AbsolutePath) == Uri.UnescapeDataString(request.Uri.AbsolutePath)
            ? (index, next)
            : throw new RegistryException(
                response.Status,
                null,
                $"{request.Operation}: the next page is not one of the same list; refused"
            );
    }

    private async Task<ImageIndex> ReferrersTagIndexAsync(Digest subject, CancellationToken cancellation)
    {
        var tagged = await FetchManifestAsync(ReferrersTag(subject), null, cancellation).ConfigureAwait(false);
        return tagged?.ToImageIndex() ?? new ImageIndex(OciMediaTypes.ImageIndex, null, [], null, Descriptor.NoAnnotations);
    }

    /// <summary>Adds a manifest to the index under its subject's referrers tag.</summary>
    /// <remarks>
    /// Spec: distribution-spec 1.1, "Pushing Manifests with Subject". Nothing there keeps two writers from undoing each other's work, so each
    /// looks again, after longer than a writer takes from reading to writing, whether its entry is still there, and puts back every entry that it has seen.
    /// </remarks>
    private async Task AddToReferrersTagAsync(StoredManifest manifest, Digest subject, CancellationToken cancellation)
    {
        var tag = ReferrersTag(subject);
        var list = new ReferrersList(manifest);
        var conditional = true;
        for (var round = 0; round < OciLimits.ReferrersTagRounds; round++)
        {
            var started = _options.Time.GetTimestamp();
            var (current, entityTag) = await FetchTaggedAsync(tag, null, cancellation).ConfigureAwait(false);
            if (list.MergeInto(current) is not { } merged)
            {
                return;
            }
            KeyValuePair<string, string>? condition =
                !conditional ? null
                : current is null ? new("If-None-Match", "*")
                : entityTag is not null ? new("If-Match", entityTag)
                : null;
            try
            {
                await PutManifestAsync(merged, tag, condition, cancellation).ConfigureAwait(false);
            }
            catch (RegistryException e) when (e.Status == HttpStatusCode.PreconditionFailed)
            {
                // Another writer was first; or the registry takes conditions and cannot tell, and then it is written to without.
                conditional = round < OciLimits.ReferrersTagRounds / 2;
            }
            var took = _options.Time.GetElapsedTime(started);
            await _options.DelayAsync(Settling(took), cancellation).ConfigureAwait(false);
        }
        throw new RegistryException(
            null,
            null,
            $"{_transport.Operation($"add to tag {tag}")}: others kept writing to it; tried {OciLimits.ReferrersTagRounds} times",
            "the registry has no referrers API, so that writers have to take turns; try again when fewer write"
        );
    }

    private static TimeSpan Settling(TimeSpan took)
    {
        var pause = took * 2 * (1 + (RandomNumberGenerator.GetInt32(1000) / 1000.0));
        var least = MinimumSettling * (1 + (RandomNumberGenerator.GetInt32(1000) / 1000.0));
        return pause < least ? least
            : pause > MaximumSettling ? MaximumSettling
            : pause;
    }

    /// <summary>The entries of a referrers tag's index: ours, and all that were ever seen there.</summary>
    private sealed class ReferrersList(StoredManifest manifest)
    {
        private readonly Dictionary<string, JsonElement> _seen = new(StringComparer.Ordinal);

        /// <summary>The index with every entry, or null where the current one has them all.</summary>
        /// <exception cref="MalformedDataException">What is under the tag is not an index, so nothing may be written over it.</exception>
        internal StoredManifest? MergeInto(StoredManifest? current)
        {
            var root = default(JsonElement);
            var present = new HashSet<string>(StringComparer.Ordinal);
            if (current is not null)
            {
                current.ToImageIndex();
                root = StrictJson.Parse(current.Bytes, ImageIndex.FormatName, Limits.OciManifestBytes);
                foreach (var entry in root.GetProperty("manifests").EnumerateArray())
                {
                    var digest = entry.GetProperty("digest").GetString()!;
                    present.Add(digest);
                    _seen[digest] = entry;
                }
            }
            var own = manifest.Descriptor.Digest.ToString();
            if (present.Contains(own) && _seen.Keys.All(present.Contains))
            {
                return null;
            }
            var bytes = ManifestJson.Write(writer => Write(writer, root, own));
            StrictJson.CheckLength(bytes.Length, ImageIndex.FormatName, Limits.OciManifestBytes);
            return StoredManifest.Create(DigestAlgorithm.Sha256.Hash(bytes), bytes, OciMediaTypes.ImageIndex);
        }

        private void Write(Utf8JsonWriter writer, JsonElement root, string own)
        {
            writer.WriteStartObject();
            writer.WriteNumber("schemaVersion", 2);
            writer.WriteString("mediaType", OciMediaTypes.ImageIndex);
            writer.WriteStartArray("manifests");
            foreach (var (digest, entry) in _seen)
            {
                if (digest != own)
                {
                    // As it is, members unknown here included.
                    entry.WriteTo(writer);
                }
            }
            ReferrerEntry.Of(manifest).WriteTo(writer);
            writer.WriteEndArray();
            if (root.ValueKind == JsonValueKind.Object)
            {
                foreach (var member in root.EnumerateObject())
                {
                    if (member.Name is not ("schemaVersion" or "mediaType" or "manifests"))
                    {
                        member.WriteTo(writer);
                    }
                }
            }
            writer.WriteEndObject();
        }
    }
}
