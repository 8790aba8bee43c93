namespace ArtifactTrust.Formats.Hdf5;

/// <summary>The header of an object: a list of messages, in one block or several.</summary>
/// <remarks>Spec: HDF5 File Format Specification 3.0, §IV.A.1.</remarks>
internal sealed class Hdf5ObjectHeader
{
    private const int MostMessages = 100_000;
    private const int ChecksumBytes = 4;

    private readonly Hdf5File _file;
    private readonly List<Hdf5Message> _messages = [];
    private readonly Queue<(long Start, long Length)> _continuations = [];
    private readonly HashSet<long> _seen = [];

    // Blocks that overlap would make much of a small file.
    private long _left;

    private Hdf5ObjectHeader(Hdf5File file) => (_file, _left) = (file, Math.Min(file.Length, Limits.Hdf5HeaderBytes));

    /// <summary>Reads the messages of a header, those of its continuations included, and those in heaps not.</summary>
    /// <exception cref="MalformedDataException">The header is damaged.</exception>
    internal static List<Hdf5Message> Read(Hdf5File file, long address)
    {
        var header = new Hdf5ObjectHeader(file);
        if (file.Begins(address, "OHDR"u8))
        {
            header.ReadNew(address);
        }
        else if (file.Number(address, 1) == 1)
        {
            header.ReadOld(address);
        }
        else
        {
            throw file.Malformed(address, "no object header");
        }
        return header._messages;
    }

    /// <summary>Reads a header of version 1.</summary>
    private void ReadOld(long address)
    {
        _continuations.Enqueue((address + 16, (long)_file.Number(address + 8, 4)));
        while (_continuations.TryDequeue(out var block))
        {
            Count(block.Start, block.Length);
            AddMessages(_file.Read(block.Start, block.Length), block.Start, isNew: false, hasOrder: false);
        }
    }

    /// <summary>Reads a header of version 2, each of whose blocks has a signature and a checksum.</summary>
    private void ReadNew(long address)
    {
        var flags = (int)_file.Number(address + 5, 1);
        if (_file.Number(address + 4, 1) != 2 || flags >= 0x40)
        {
            throw _file.Malformed(address, "an object header of an unknown version");
        }
        var (hasTimes, hasLimits, hasOrder) = ((flags & 0x20) != 0, (flags & 0x10) != 0, (flags & 4) != 0);
        var (prefix, sizeBytes) = (6 + (hasTimes ? 16 : 0) + (hasLimits ? 4 : 0), 1 << (flags & 3));
        var size = Hdf5File.Resolve(_file.Number(address + prefix, sizeBytes));
        prefix += sizeBytes;
        AddChecked(address, prefix + size + ChecksumBytes, prefix, hasOrder);
        while (_continuations.TryDequeue(out var block))
        {
            if (!_file.Begins(block.Start, "OCHK"u8))
            {
                throw _file.Malformed(block.Start, "an object header that continues where no continuation is");
            }
            AddChecked(block.Start, block.Length, 4, hasOrder);
        }
    }

    private void AddChecked(long start, long length, int prefix, bool hasOrder)
    {
        Count(start, length);
        if (length < prefix + ChecksumBytes)
        {
            throw _file.Malformed(start, "a part of an object header that is too small");
        }
        var block = _file.ReadChecked(start, length, "an object header");
        AddMessages(block.AsMemory(prefix, block.Length - prefix - ChecksumBytes), start + prefix, isNew: true, hasOrder);
    }

    private void Count(long start, long length)
    {
        if (!_seen.Add(start))
        {
            throw _file.Malformed(start, "an object header that continues in itself");
        }
        _left -= length;
        if (length < 0 || _left < 0)
        {
            throw _file.Malformed(start, "an object header that is too large, or continues in itself");
        }
    }

    private void AddMessages(ReadOnlyMemory<byte> block, long start, bool isNew, bool hasOrder)
    {
        var headerSize = (isNew ? 4 : 8) + (hasOrder ? 2 : 0);
        // In the new form, less than a message's header at the end is a gap.
        for (var at = 0; at + headerSize <= block.Length; )
        {
            var fields = new Hdf5Fields(_file, block.Span[at..], start + at, "a message of an object header");
            var (type, size, flags) = ((Hdf5MessageType)fields.Number(isNew ? 1 : 2), fields.Number(2), fields.Byte());
            fields.Bytes((ulong)(headerSize - fields.At));
            fields.Bytes(size);
            var message = new Hdf5Message(type, flags, start + at + headerSize, block.Slice(at + headerSize, (int)size));
            at += fields.At;
            if (type == Hdf5MessageType.Continuation)
            {
                Continue(message);
                continue;
            }
            if (_messages.Count == MostMessages)
            {
                throw _file.Malformed(message.Position, $"more than {MostMessages} messages");
            }
            _messages.Add(message);
        }
    }

    private void Continue(Hdf5Message message)
    {
        var fields = new Hdf5Fields(_file, message.Data.Span, message.Position, "a continuation");
        var start = fields.Address() ?? throw fields.Malformed("leads nowhere");
        _continuations.Enqueue((start, Hdf5File.Resolve(fields.Length())));
    }
}
