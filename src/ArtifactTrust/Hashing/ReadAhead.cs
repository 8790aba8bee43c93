namespace ArtifactTrust.Hashing;

/// <summary>Reads a file on a second thread while the first hashes it: for a single stream when a core is free.</summary>
internal sealed class ReadAhead : IDisposable
{
    /// <summary>The size from which a second thread is worth its start.</summary>
    internal const long WorthBytes = 8 << 20;

    private const int Pieces = 4;

    private readonly OpenItem _item;
    private readonly byte[][] _buffers;
    private readonly int[] _lengths = new int[Pieces];
    private readonly SemaphoreSlim _free = new(Pieces);
    private readonly SemaphoreSlim _full = new(0);
    private readonly Thread _thread;
    private volatile bool _stopped;
    private Exception? _failure;

    internal ReadAhead(OpenItem item, int bufferBytes)
    {
        _item = item;
        _buffers = new byte[Pieces][];
        for (var i = 0; i < Pieces; i++)
        {
            _buffers[i] = GC.AllocateUninitializedArray<byte>(bufferBytes, pinned: true);
        }
        _thread = new Thread(Read, maxStackSize: 256 << 10) { IsBackground = true, Name = "hash-read" };
        _thread.Start();
    }

    /// <summary>Hashes the whole item.</summary>
    /// <param name="state">Takes the bytes.</param>
    /// <param name="subtree">Whether what follows the item is of the same message.</param>
    internal void HashInto(DigestState state, bool subtree)
    {
        var left = _item.End - _item.Start;
        for (var piece = 0; left > 0; piece = (piece + 1) % Pieces)
        {
            _full.Wait();
            if (_failure is not null)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_failure);
            }
            left -= _lengths[piece];
            state.Append(_buffers[piece].AsSpan(0, _lengths[piece]), subtree || left > 0);
            _free.Release();
        }
    }

    public void Dispose()
    {
        _stopped = true;
        _free.Release();
        _thread.Join();
        _free.Dispose();
        _full.Dispose();
    }

    private void Read()
    {
        try
        {
            var offset = _item.Start;
            for (var piece = 0; offset < _item.End; piece = (piece + 1) % Pieces)
            {
                _free.Wait();
                if (_stopped)
                {
                    return;
                }
                var buffer = _buffers[piece];
                _lengths[piece] = _item.Read(buffer.AsSpan(0, (int)Math.Min(buffer.Length, _item.End - offset)), offset);
                offset += _lengths[piece];
                _full.Release();
            }
        }
#pragma warning disable CA1031 // The exception is thrown again on the hashing thread.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _failure = e;
            _full.Release();
        }
    }
}
