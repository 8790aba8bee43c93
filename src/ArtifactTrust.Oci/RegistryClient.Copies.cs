using System.Net;

namespace ArtifactTrust.Oci;

public sealed partial class RegistryClient
{
    private volatile bool _mountsAreRefused;

    /// <inheritdoc/>
    internal override async Task<BlobTransfer> CopyBlobFromAsync(OciStore source, Descriptor blob, CancellationToken cancellation)
    {
        if (await BlobExistsAsync(blob, cancellation).ConfigureAwait(false))
        {
            return BlobTransfer.Present;
        }
        if (source is RegistryClient other && other._transport.Registry == _transport.Registry && !_mountsAreRefused)
        {
            if (await TryMountAsync(blob, other._repository.Repository, cancellation).ConfigureAwait(false))
            {
                return BlobTransfer.Mounted;
            }
        }
        if (blob.Size <= _options.ChunkThreshold)
        {
            var content = await source.GetBlobAsync(blob, _options.ChunkThreshold, cancellation).ConfigureAwait(false);
            await PushWholeAsync(blob, content, isMissing: true, cancellation).ConfigureAwait(false);
        }
        else
        {
            await PushStreamedAsync(source, blob, cancellation).ConfigureAwait(false);
        }
        return BlobTransfer.Copied;
    }

    private async Task PushStreamedAsync(OciStore source, Descriptor blob, CancellationToken cancellation)
    {
        var operation = _transport.Operation($"push blob {blob.Digest}");
        var isMissing = true;
        var upload = new Upload();
        await _transport.CallAsync(operation, blob.Size, AttemptAsync, cancellation).ConfigureAwait(false);

        async Task<bool> AttemptAsync(CancellationToken token)
        {
            if (!isMissing && await HeadBlobAsync(blob, operation, token).ConfigureAwait(false))
            {
                return true;
            }
            isMissing = false;
            await StartUploadAsync(upload, operation, token).ConfigureAwait(false);
            var content = source.OpenBlob(blob, token);
            await using (content.ConfigureAwait(false))
            {
                await PushChunksAsync(upload, blob, content, operation, token).ConfigureAwait(false);
            }
            return true;
        }
    }

    /// <summary>Asks the registry to take a blob from another of its repositories. It may say no for any reason, and then the blob is sent.</summary>
    /// <remarks>Spec: distribution-spec 1.1, "Mounting a blob from another repository".</remarks>
    private async Task<bool> TryMountAsync(Descriptor blob, string from, CancellationToken cancellation)
    {
        var operation = _transport.Operation($"mount blob {blob.Digest} from {from}");
        var query = $"?mount={Uri.EscapeDataString(blob.Digest.ToString())}&from={Uri.EscapeDataString(from)}";
        var address = _transport.Address($"blobs/uploads/{query}");
        _transport.MountFrom = from;
        var request = new RegistryRequest(operation, HttpMethod.Post, address, RegistryAccess.Mount) { Content = Empty };
        try
        {
            using var response = await _transport
                .CallAsync(operation, 0, token => _transport.SendAsync(request, token), cancellation)
                .ConfigureAwait(false);
            if (response.Status == HttpStatusCode.Created)
            {
                return true;
            }
            // The answer of a registry that cannot is a session for an upload, which nobody will use.
            _mountsAreRefused = true;
            if (response.Status == HttpStatusCode.Accepted)
            {
                await AbandonAsync(Location(response, address, operation), operation, cancellation).ConfigureAwait(false);
            }
        }
        catch (RegistryException)
        {
            _mountsAreRefused = true;
        }
        return false;
    }

    private async Task AbandonAsync(Uri session, string operation, CancellationToken cancellation)
    {
        var request = new RegistryRequest(operation, HttpMethod.Delete, session, RegistryAccess.Push);
        using var response = await _transport
            .CallAsync(operation, 0, token => _transport.SendAsync(request, token), cancellation, attempts: 1)
            .ConfigureAwait(false);
    }
}
