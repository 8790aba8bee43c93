using System.Buffers;
using System.Net;
using System.Security.Cryptography;

namespace ArtifactTrust.Oci;

public sealed partial class RegistryClient
{
    private const int CopyBytes = 128 << 10;
    private const string OctetStream = "application/octet-stream";

    /// <inheritdoc/>
    /// <remarks>Spec: distribution-spec 1.1, "Checking if content exists in the registry".</remarks>
    public override Task<bool> BlobExistsAsync(Descriptor blob, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(blob);
        var operation = _transport.Operation($"look for blob {blob.Digest}");
        return _transport.CallAsync(operation, 0, token => HeadBlobAsync(blob, operation, token), cancellation);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Spec: distribution-spec 1.1, "Pulling blobs". Where a connection breaks, the rest is asked for by range (RFC 9110 §14), and where the
    /// registry knows no ranges, what was written already is skipped; the digest is of all that was written.
    /// </remarks>
    public override async Task CopyBlobAsync(Descriptor blob, Stream destination, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(blob);
        ArgumentNullException.ThrowIfNull(destination);
        var operation = _transport.Operation($"fetch blob {blob.Digest}");
        using var hash = IncrementalHash.CreateHash(blob.Digest.Algorithm.BclName);
        var written = 0L;
        await _transport.CallAsync(operation, blob.Size, AttemptAsync, cancellation).ConfigureAwait(false);
        CheckDigest("blob", blob, hash, written);

        async Task<bool> AttemptAsync(CancellationToken token)
        {
            if (written == blob.Size && written > 0)
            {
                return true;
            }
            var request = new RegistryRequest(operation, HttpMethod.Get, _transport.Address($"blobs/{blob.Digest}"), RegistryAccess.Pull)
            {
                Headers = written > 0 ? [new("Range", $"bytes={written}-")] : [],
            };
            using var response = await _transport.SendAsync(request, token).ConfigureAwait(false);
            var skip = await CheckBlobResponseAsync(blob, response, written, operation).ConfigureAwait(false);
            var body = await response.Message.Content.ReadAsStreamAsync(response.Token).ConfigureAwait(false);
            var buffer = ArrayPool<byte>.Shared.Rent(CopyBytes);
            try
            {
                for (int read; (read = await response.ReadAsync(body, buffer).ConfigureAwait(false)) > 0; )
                {
                    var start = (int)Math.Min(skip, read);
                    skip -= start;
                    var piece = buffer.AsMemory(start, read - start);
                    if (piece.Length > blob.Size - written)
                    {
                        throw Mismatch("blob", blob.Digest, $"its content has more than {blob.Size} bytes");
                    }
                    // Counted before it is written: what the hash has seen is never asked for again, even if writing fails.
                    written += piece.Length;
                    // A file is written by another thread, so that this one hashes meanwhile.
                    var writing = destination.WriteAsync(piece, token);
                    hash.AppendData(piece.Span);
                    await writing.ConfigureAwait(false);
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
            return true;
        }
    }

    /// <inheritdoc/>
    /// <remarks>Spec: distribution-spec 1.1, "Pushing blobs": POST then PUT for small ones, in chunks for the others.</remarks>
    public override async Task PushBlobAsync(Descriptor blob, Stream content, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(blob);
        ArgumentNullException.ThrowIfNull(content);
        if (blob.Size <= _options.ChunkThreshold)
        {
            var (bytes, more) = await BoundedStream.ReadUpToAsync(content, (int)blob.Size, cancellation).ConfigureAwait(false);
            using var hash = IncrementalHash.CreateHash(blob.Digest.Algorithm.BclName);
            hash.AppendData(bytes);
            CheckDigest("blob", blob, hash, bytes.Length + (more ? 1L : 0));
            await PushBlobCoreAsync(blob, bytes, cancellation).ConfigureAwait(false);
            return;
        }
        var operation = _transport.Operation($"push blob {blob.Digest}");
        var start = content.CanSeek ? content.Position : 0;
        var begun = false;
        var upload = new Upload();
        await _transport.CallAsync(operation, blob.Size, AttemptAsync, cancellation, null, WhyNotAgain).ConfigureAwait(false);

        string? WhyNotAgain() => begun && !content.CanSeek ? "the content came from a stream and cannot be sent again" : null;

        async Task<bool> AttemptAsync(CancellationToken token)
        {
            if (await HeadBlobAsync(blob, operation, token).ConfigureAwait(false))
            {
                return true;
            }
            if (begun)
            {
                content.Position = start;
            }
            await StartUploadAsync(upload, operation, token).ConfigureAwait(false);
            begun = true;
            await PushChunksAsync(upload, blob, content, operation, token).ConfigureAwait(false);
            return true;
        }
    }

    private protected override async Task PushBlobCoreAsync(Descriptor blob, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        if (content.Length > _options.ChunkThreshold)
        {
            using var stream = new ReadOnlyMemoryStream(content);
            await PushBlobAsync(blob, stream, cancellation).ConfigureAwait(false);
            return;
        }
        await PushWholeAsync(blob, content, isMissing: false, cancellation).ConfigureAwait(false);
    }

    private async Task PushWholeAsync(Descriptor blob, ReadOnlyMemory<byte> content, bool isMissing, CancellationToken cancellation)
    {
        var operation = _transport.Operation($"push blob {blob.Digest}");
        await _transport.CallAsync(operation, blob.Size, AttemptAsync, cancellation).ConfigureAwait(false);

        // All of it again after a failure: a session that broke is left to the registry's own cleaning, and a blob that did arrive is found by HEAD.
        async Task<bool> AttemptAsync(CancellationToken token)
        {
            if (isMissing || !await HeadBlobAsync(blob, operation, token).ConfigureAwait(false))
            {
                isMissing = false;
                var upload = new Upload();
                await StartUploadAsync(upload, operation, token).ConfigureAwait(false);
                await FinishUploadAsync(blob, content, upload.Location, operation, token).ConfigureAwait(false);
            }
            return true;
        }
    }

    private async Task<bool> HeadBlobAsync(Descriptor blob, string operation, CancellationToken token)
    {
        var request = new RegistryRequest(operation, HttpMethod.Head, _transport.Address($"blobs/{blob.Digest}"), RegistryAccess.Pull);
        using var response = await _transport.SendAsync(request, token).ConfigureAwait(false);
        if (response.Status == HttpStatusCode.NotFound)
        {
            return false;
        }
        if (response.Status != HttpStatusCode.OK)
        {
            throw await _transport.FailureAsync(response, operation).ConfigureAwait(false);
        }
        return response.Message.Content.Headers.ContentLength is not { } length || length == blob.Size
            ? true
            : throw Mismatch("blob", blob.Digest, $"the registry has {length} bytes under the digest, not {blob.Size}");
    }

    /// <summary>Checks an answer that brings a blob, and gives how many of its first bytes were written already.</summary>
    private async Task<long> CheckBlobResponseAsync(Descriptor blob, RegistryResponse response, long written, string operation)
    {
        var skip = response.Status == HttpStatusCode.OK ? written : 0;
        if (response.Status == HttpStatusCode.PartialContent && written > 0)
        {
            var range = response.Message.Content.Headers.ContentRange;
            if (range is not { Unit: "bytes", From: { } from } || from != written)
            {
                throw new RegistryException(response.Status, null, $"{operation}: the answer is not the range that was asked for");
            }
        }
        else if (response.Status != HttpStatusCode.OK)
        {
            throw await _transport.FailureAsync(response, operation).ConfigureAwait(false);
        }
        if (response.Message.Content.Headers.ContentLength is { } length && length != blob.Size - written + skip)
        {
            throw Mismatch("blob", blob.Digest, $"the answer has {length} bytes, not {blob.Size - written + skip}");
        }
        return skip;
    }
}
