using System.Globalization;
using System.Net;
using System.Security.Cryptography;

namespace ArtifactTrust.Oci;

public sealed partial class RegistryClient
{
    private async Task StartUploadAsync(Upload upload, string operation, CancellationToken token)
    {
        var address = _transport.Address("blobs/uploads/");
        var request = new RegistryRequest(operation, HttpMethod.Post, address, RegistryAccess.Push) { Content = Empty };
        using var response = await _transport.SendAsync(request, token).ConfigureAwait(false);
        if (response.Status != HttpStatusCode.Accepted)
        {
            throw await _transport.FailureAsync(response, operation).ConfigureAwait(false);
        }
        var chunkBytes = _options.ChunkBytes;
        if (Number(response.Header("OCI-Chunk-Min-Length")) is { } bytes && bytes > chunkBytes)
        {
            chunkBytes =
                bytes <= OciLimits.ChunkBytes
                    ? (int)bytes
                    : throw new RegistryException(
                        response.Status,
                        null,
                        $"{operation}: the registry asks for chunks of {bytes} bytes; too many"
                    );
        }
        (upload.Location, upload.ChunkBytes) = (Location(response, address, operation), chunkBytes);
    }

    /// <summary>Sends all of a blob, and has the registry check its digest.</summary>
    private async Task PushChunksAsync(Upload upload, Descriptor blob, Stream content, string operation, CancellationToken token)
    {
        using var hash = IncrementalHash.CreateHash(blob.Digest.Algorithm.BclName);
        var buffer = GC.AllocateUninitializedArray<byte>((int)Math.Min(upload.ChunkBytes, blob.Size));
        var sent = 0L;
        for (var read = buffer.Length; read == buffer.Length; )
        {
            read = await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, token).ConfigureAwait(false);
            if (read > blob.Size - sent || (read < buffer.Length && sent + read < blob.Size))
            {
                var has = read > blob.Size - sent ? "more" : "fewer";
                throw Mismatch("blob", blob.Digest, $"the content to push has {has} than {blob.Size} bytes");
            }
            hash.AppendData(buffer.AsSpan(0, read));
            await PushChunkAsync(upload, buffer.AsMemory(0, read), sent, operation, token).ConfigureAwait(false);
            sent += read;
        }
        CheckDigest("blob", blob, hash, sent);
        try
        {
            await FinishUploadAsync(blob, default, upload.Location, operation, token).ConfigureAwait(false);
        }
        catch (Exception e) when (IsCut(upload, e, token))
        {
            // The registry may have done it before its answer was lost.
            if (!await HeadBlobAsync(blob, operation, token).ConfigureAwait(false))
            {
                if (await ResumeAsync(upload, e, operation, token).ConfigureAwait(false) != blob.Size)
                {
                    throw;
                }
                await FinishUploadAsync(blob, default, upload.Location, operation, token).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Sends one chunk; where the connection breaks or the registry has another length, from where the registry says that it came.</summary>
    private async Task PushChunkAsync(Upload upload, ReadOnlyMemory<byte> chunk, long start, string operation, CancellationToken token)
    {
        while (!chunk.IsEmpty)
        {
            try
            {
                await PatchAsync(upload, chunk, start, operation, token).ConfigureAwait(false);
                upload.Cuts = 0;
                return;
            }
            catch (Exception e) when (IsCut(upload, e, token))
            {
                var offset = await ResumeAsync(upload, e, operation, token).ConfigureAwait(false);
                if (offset < start || offset > start + chunk.Length)
                {
                    throw;
                }
                chunk = chunk[(int)(offset - start)..];
                start = offset;
            }
        }
    }

    /// <remarks>Spec: distribution-spec 1.1, "Pushing a blob in chunks". The range has no unit, unlike HTTP's own.</remarks>
    private async Task PatchAsync(Upload upload, ReadOnlyMemory<byte> chunk, long start, string operation, CancellationToken token)
    {
        var request = new RegistryRequest(operation, HttpMethod.Patch, upload.Location, RegistryAccess.Push)
        {
            Content = () =>
            {
                var body = Body(chunk, OctetStream);
                body.Headers.TryAddWithoutValidation("Content-Range", $"{start}-{start + chunk.Length - 1}");
                return body;
            },
            ContentBytes = chunk.Length,
        };
        using var response = await _transport.SendAsync(request, token).ConfigureAwait(false);
        // 202 is the specification's; 204 comes from registries that took the chunk all the same. The last request has the digest checked.
        if (response.Status is not (HttpStatusCode.Accepted or HttpStatusCode.NoContent))
        {
            throw await SessionFailureAsync(response, operation).ConfigureAwait(false);
        }
        upload.Location = Location(response, upload.Location, operation);
        // A part of the chunk may be all that it took: the session tells.
        if (response.Header("Range") is { } range && LastByte(range) != start + chunk.Length - 1)
        {
            throw new RegistryException(
                response.Status,
                null,
                $"{operation}: the registry took the range '{Text.Clean(range, 40)}', not '0-{start + chunk.Length - 1}'"
            )
            {
                IsTransient = true,
            };
        }
    }

    /// <summary>Whether a failure may have left the session there, so that it is worth asking.</summary>
    private bool IsCut(Upload upload, Exception e, CancellationToken token) =>
        !token.IsCancellationRequested
        && e
            is HttpRequestException
                or OperationCanceledException
                or RegistryException { IsTransient: true, Status: not HttpStatusCode.NotFound }
        && ++upload.Cuts < _options.Attempts;

    /// <summary>How many bytes of a session that was cut the registry has; -1 where it does not say, so that the blob is to be sent anew.</summary>
    /// <remarks>Spec: distribution-spec 1.1, "Pushing a blob in chunks", the GET that gives the status of an upload.</remarks>
    private async Task<long> ResumeAsync(Upload upload, Exception cut, string operation, CancellationToken token)
    {
        await _transport.PauseAsync(upload.Cuts, (cut as RegistryException)?.RetryAfter, token).ConfigureAwait(false);
        var request = new RegistryRequest(operation, HttpMethod.Get, upload.Location, RegistryAccess.Push);
        try
        {
            return await _transport.CallAsync(operation, 0, AskAsync, token).ConfigureAwait(false);
        }
        catch (RegistryException)
        {
            return -1;
        }

        async Task<long> AskAsync(CancellationToken token)
        {
            using var response = await _transport.SendAsync(request, token).ConfigureAwait(false);
            if (response.Status is not (HttpStatusCode.NoContent or HttpStatusCode.Accepted or HttpStatusCode.OK))
            {
                return -1;
            }
            // Some say 0-0 of one byte and of none.
            if (LastByte(response.Header("Range")) is not (> 0 and < long.MaxValue and var last))
            {
                return -1;
            }
            if (response.Header("Location") is not null)
            {
                upload.Location = Location(response, upload.Location, operation);
            }
            return last + 1;
        }
    }

    private async Task FinishUploadAsync(
        Descriptor blob,
        ReadOnlyMemory<byte> content,
        Uri location,
        string operation,
        CancellationToken token
    )
    {
        // The location's own query must stay as it is: it holds the session's state.
        var separator = location.Query.Length > 0 ? "&" : "?";
        var address = new Uri($"{location.AbsoluteUri}{separator}digest={Uri.EscapeDataString(blob.Digest.ToString())}");
        var request = new RegistryRequest(operation, HttpMethod.Put, address, RegistryAccess.Push)
        {
            Content = content.IsEmpty ? Empty : () => Body(content, OctetStream),
            ContentBytes = content.Length,
        };
        using var response = await _transport.SendAsync(request, token).ConfigureAwait(false);
        if (response.Status != HttpStatusCode.Created)
        {
            throw await SessionFailureAsync(response, operation).ConfigureAwait(false);
        }
    }

    /// <summary>The exception for a request to a session. One that is gone (404) or has another length (416) does not keep the blob from being sent in another.</summary>
    /// <remarks>Spec: distribution-spec 1.1, "Pushing a blob in chunks" and the error code BLOB_UPLOAD_UNKNOWN.</remarks>
    private async Task<RegistryException> SessionFailureAsync(RegistryResponse response, string operation)
    {
        var failure = await _transport.FailureAsync(response, operation).ConfigureAwait(false);
        return response.Status is HttpStatusCode.NotFound or HttpStatusCode.RequestedRangeNotSatisfiable ? failure.AsTransient() : failure;
    }

    private Uri Location(RegistryResponse response, Uri request, string operation)
    {
        var location =
            RegistryTransport.TryResolve(request, response.Header("Location"))
            ?? throw new RegistryException(response.Status, null, $"{operation}: the registry does not say where to upload");
        _transport.CheckTarget(location, operation);
        return new UriBuilder(location) { Fragment = "" }.Uri;
    }

    /// <summary>The last byte of a range from the first on, with HTTP's unit or as the specification has it, without; null where it is none.</summary>
    private static long? LastByte(string? range)
    {
        var text = range.AsSpan();
        text = text.StartsWith("bytes=", StringComparison.Ordinal) ? text[6..] : text;
        return text.StartsWith("0-", StringComparison.Ordinal) ? Number(text[2..]) : null;
    }

    private static long? Number(ReadOnlySpan<char> digits) =>
        long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static ByteArrayContent Empty() => new([]);

    /// <summary>A session of the registry's in which one blob is sent.</summary>
    private sealed class Upload
    {
        internal Uri Location { get; set; } = null!;

        internal int ChunkBytes { get; set; }

        /// <summary>How often it was cut since the last chunk that went well.</summary>
        internal int Cuts { get; set; }
    }
}
