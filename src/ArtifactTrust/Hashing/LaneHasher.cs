using System.Runtime.InteropServices;
using ArtifactTrust.Hashing.Kernels;

namespace ArtifactTrust.Hashing;

/// <summary>One worker's lanes: each hashes a file of its own, and takes the next as soon as that ends.</summary>
internal sealed unsafe class LaneHasher : IDisposable
{
    private readonly HashRun _run;
    private readonly int _worker;
    private readonly LaneState _states;
    private readonly Lane[] _lanes;
    private readonly byte* _buffers;
    private readonly int _laneBytes;
    private bool _sourceEmpty;

    internal LaneHasher(HashRun run, int worker, LaneKernel kernel)
    {
        _run = run;
        _worker = worker;
        _states = kernel.CreateState();
        _laneBytes = run.LaneBytes / _states.BlockBytes * _states.BlockBytes;
        _lanes = new Lane[kernel.Count];
        _buffers = (byte*)NativeMemory.AlignedAlloc((nuint)((_laneBytes + LaneState.PaddingBytes) * kernel.Count), 64);
        for (var i = 0; i < _lanes.Length; i++)
        {
            _lanes[i] = new Lane(_buffers + (i * (_laneBytes + LaneState.PaddingBytes)));
        }
    }

    /// <summary>Hashes until there is nothing left to take.</summary>
    internal void Run()
    {
        while (true)
        {
            var allowed = Math.Min(_lanes.Length, _run.Gate.Allowed(_worker));
            var running = Fill(allowed, out var blocks);
            if (running == 0)
            {
                if (_sourceEmpty && Array.TrueForAll(_lanes, l => l.Item is null))
                {
                    return;
                }
                _run.WaitForTurn(_worker);
                continue;
            }
            Step(blocks);
        }
    }

    public void Dispose()
    {
        foreach (var lane in _lanes)
        {
            lane.Item?.Dispose();
        }
        _states.Dispose();
        NativeMemory.AlignedFree(_buffers);
    }

    /// <summary>Gives the allowed number of lanes something to do.</summary>
    /// <param name="allowed">The number of lanes.</param>
    /// <param name="blocks">The number of blocks that all of them have.</param>
    /// <returns>The number of lanes that run.</returns>
    private int Fill(int allowed, out long blocks)
    {
        var running = 0;
        blocks = long.MaxValue;
        for (var pass = 0; pass < 2; pass++)
        {
            // Files that were begun come first.
            for (var i = 0; i < _lanes.Length; i++)
            {
                var lane = _lanes[i];
                if (pass == 0)
                {
                    lane.Running = lane.Item is not null && running < allowed;
                }
                else if (lane.Item is null && running < allowed && !_sourceEmpty)
                {
                    lane.Running = Take(i, lane);
                }
                else
                {
                    continue;
                }
                running += lane.Running ? 1 : 0;
            }
        }
        // All are open before the first is read: what the kernel was asked for comes in meanwhile.
        foreach (var lane in _lanes)
        {
            if (lane.Running)
            {
                if (lane.Blocks == 0)
                {
                    Refill(lane);
                }
                blocks = Math.Min(blocks, lane.Blocks);
            }
        }
        return running;
    }

    private bool Take(int index, Lane lane)
    {
        if (!_run.TryTakeLane(out var item))
        {
            _sourceEmpty = true;
            return false;
        }
        lane.Item = _run.Open(item);
        lane.Offset = lane.Item.Start;
        lane.Blocks = 0;
        lane.Last = false;
        _states.Start(index, lane.Item.End - lane.Item.Start);
        return true;
    }

    private void Refill(Lane lane)
    {
        var item = lane.Item!;
        var want = (int)Math.Min(_laneBytes, item.End - lane.Offset);
        var got = 0;
        while (got < want)
        {
            got += item.Read(new Span<byte>(lane.Buffer + got, want - got), lane.Offset + got);
        }
        lane.Offset += got;
        lane.Next = lane.Buffer;
        if (lane.Offset == item.End)
        {
            got += _states.Pad(lane.Buffer + got, item.End - item.Start);
            lane.Last = true;
        }
        lane.Blocks = got / _states.BlockBytes;
    }

    private void Step(long blocks)
    {
        byte* any = null;
        for (var i = 0; i < _lanes.Length; i++)
        {
            if (_lanes[i].Running)
            {
                any = _states.Rows[i] = _lanes[i].Next;
            }
        }
        for (var i = 0; i < _lanes.Length; i++)
        {
            if (!_lanes[i].Running)
            {
                // A lane cannot be left out: it takes another's blocks, and its state, where it has one, is put back.
                _states.Rows[i] = any;
                if (_lanes[i].Item is not null)
                {
                    _states.Save(i);
                }
            }
        }
        _states.Compress((nint)blocks);
        for (var i = 0; i < _lanes.Length; i++)
        {
            var lane = _lanes[i];
            if (lane.Running)
            {
                lane.Next += _states.BlockBytes * blocks;
                lane.Blocks -= blocks;
                if (lane.Blocks == 0 && lane.Last)
                {
                    End(i, lane);
                }
            }
            else if (lane.Item is not null)
            {
                _states.Restore(i);
            }
        }
    }

    private void End(int index, Lane lane)
    {
        using var item = lane.Item!;
        item.CheckUnchanged();
        _run.Values[item.Item] = _states.Finish(index);
        _run.Sizes[item.Item] = item.End - item.Start;
        lane.Item = null;
    }

    private sealed class Lane(byte* buffer)
    {
        internal byte* Buffer => buffer;

        internal OpenItem? Item { get; set; }

        internal long Offset { get; set; }

        internal byte* Next { get; set; }

        internal long Blocks { get; set; }

        internal bool Last { get; set; }

        internal bool Running { get; set; }
    }
}
