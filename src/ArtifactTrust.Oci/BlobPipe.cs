using System.IO.Pipelines;

namespace ArtifactTrust.Oci;

/// <summary>A blob of a store as a stream to read, with little of it in memory.</summary>
internal sealed class BlobPipe : ForwardStream
{
    private const int BufferedBytes = 1 << 20;

    private readonly CancellationTokenSource _stop;
    private readonly Stream _reader;
    private readonly Task _copy;

    internal BlobPipe(OciStore store, Descriptor blob, CancellationToken cancellation)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: BufferedBytes, resumeWriterThreshold: BufferedBytes / 2));
        _reader = pipe.Reader.AsStream();
        _copy = CopyAsync(store, blob, pipe.Writer, _stop.Token);
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _reader.ReadAsync(buffer, cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync().ConfigureAwait(false);
        // Its failure went to the reader, which is gone.
        await _copy.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            // Not waited for: only DisposeAsync can.
            _stop.Cancel();
            _reader.Dispose();
        }
        base.Dispose(disposing);
    }

    private static async Task CopyAsync(OciStore store, Descriptor blob, PipeWriter writer, CancellationToken cancellation)
    {
        try
        {
            await store.CopyBlobAsync(blob, writer.AsStream(leaveOpen: true), cancellation).ConfigureAwait(false);
            await writer.CompleteAsync().ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Whatever it is, it is handed to whoever reads, and thrown there.
        catch (Exception e)
#pragma warning restore CA1031
        {
            await writer.CompleteAsync(e).ConfigureAwait(false);
        }
    }
}
