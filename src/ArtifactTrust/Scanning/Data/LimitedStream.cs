using ArtifactTrust.Formats;
using ArtifactTrust.Scanning.Models;
using ArtifactTrust.Scanning.Models.Decompression;

namespace ArtifactTrust.Scanning.Data;

/// <summary>What a decompressor makes, ended by an error where it is more than is examined of one file.</summary>
/// <remarks>Damage is an <see cref="InvalidDataException"/> always, so that it is not taken for that of the format inside.</remarks>
internal sealed class LimitedStream(Stream inner, InflationBudget budget) : ReadOnlyStream
{
    private long _read;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _read;
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        int read;
        try
        {
            read = inner.Read(buffer);
        }
        catch (MalformedDataException e)
        {
            throw new InvalidDataException($"{e.Format}, {e.Location}: {e.Reason}", e);
        }
        catch (ChecksumException e)
        {
            throw new InvalidDataException(e.Message, e);
        }
        _read += read;
        budget.Left -= read;
        return budget.Left >= 0 ? read : throw new InvalidDataException($"it decompresses to more than {Limits.InflatedBytes} bytes");
    }

    protected override void Dispose(bool disposing)
    {
        inner.Dispose();
        base.Dispose(disposing);
    }
}
