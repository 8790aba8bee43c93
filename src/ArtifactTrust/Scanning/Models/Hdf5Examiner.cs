using System.Buffers.Binary;
using ArtifactTrust.Formats;
using ArtifactTrust.Formats.Hdf5;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Examines an HDF5 file: the configuration of a Keras model in its attributes, pickles in attributes, and reads of other files.</summary>
/// <remarks>Every object is visited. Links that are stored in a heap, and messages kept elsewhere, are not followed; then the file is not clean.</remarks>
internal sealed class Hdf5Examiner(ModelFileExaminer examiner, Place place)
{
    private readonly ExaminationLog _log = examiner.Log;
    private readonly HashSet<long> _seen = [];

    /// <summary>Examines a file.</summary>
    internal void Examine(Stream stream)
    {
        try
        {
            var file = new Hdf5File(stream);
            var objects = new Stack<long>();
            Visit(file.Root, objects);
            while (objects.TryPop(out var address))
            {
                examiner.Cancellation.ThrowIfCancellationRequested();
                foreach (var message in file.ReadHeader(address))
                {
                    ExamineMessage(file, message, objects);
                }
            }
            _log.Examined = true;
        }
        catch (MalformedDataException e)
        {
            _log.AddGap(place, $"the HDF5 file cannot be read ({e.Location}: {e.Reason})");
        }
    }

    /// <summary>Every object once, however many links lead to it.</summary>
    private void Visit(long address, Stack<long> objects)
    {
        if (_seen.Add(address))
        {
            if (_seen.Count > Limits.Hdf5Objects)
            {
                throw new MalformedDataException("HDF5", $"byte {address}", $"more than {Limits.Hdf5Objects} objects");
            }
            objects.Push(address);
        }
    }

    private void ExamineMessage(Hdf5File file, Hdf5Message message, Stack<long> objects)
    {
        const int shared = 2;
        if (
            (message.Flags & shared) != 0
            && message.Type is Hdf5File.Attribute or Hdf5File.Link or Hdf5File.Layout or Hdf5File.ExternalFiles
        )
        {
            _log.AddGap(place, "a message of an object is kept elsewhere in the file, which is not followed");
            return;
        }
        switch (message.Type)
        {
            case Hdf5File.SymbolTable:
                foreach (var linked in file.ReadSymbolTable(message))
                {
                    Visit(linked, objects);
                }
                break;
            case Hdf5File.Link:
                ExamineLink(file, message, objects);
                break;
            case Hdf5File.LinkInfo:
                ExamineHeap(file, message, 1, 8, "links");
                break;
            case Hdf5File.AttributeInfo:
                ExamineHeap(file, message, 1, 2, "attributes");
                break;
            case Hdf5File.Attribute:
                ExamineAttribute(file, Hdf5Attribute.Read(message));
                break;
            case Hdf5File.ExternalFiles:
                _log.AddOddity("hdf5-external", place, "data in another file", message.Position);
                break;
            case Hdf5File.Layout when message.Data is [4 or 5, 3, ..]:
                _log.AddOddity("hdf5-external", place, "a dataset made of those of other files", message.Position);
                break;
            default:
                break;
        }
    }

    /// <summary>§IV.A.2.c, §IV.A.2.v: where there are many, they lie in a heap.</summary>
    private void ExamineHeap(Hdf5File file, Hdf5Message message, int flagsAt, int indexBytes, string what)
    {
        // The index is there only if flag 1 says so.
        var at = flagsAt + 1 + ((message.Data.Length > flagsAt && (message.Data[flagsAt] & 1) != 0) ? indexBytes : 0);
        if (message.Data.Length < at + file.OffsetSize)
        {
            throw new MalformedDataException("HDF5", $"byte {message.Position}", "a message that is cut short");
        }
        var address = new byte[8];
        message.Data.AsSpan(at, file.OffsetSize).CopyTo(address);
        if (!file.IsUndefined(BinaryPrimitives.ReadUInt64LittleEndian(address)))
        {
            _log.AddGap(place, $"the {what} of an object lie in a heap, which is not read by this version");
        }
    }

    /// <summary>§IV.A.2.g.</summary>
    private void ExamineLink(Hdf5File file, Hdf5Message message, Stack<long> objects)
    {
        var data = message.Data;
        var cut = new MalformedDataException("HDF5", $"byte {message.Position}", "a link that is cut short");
        if (data.Length < 4 || data[0] != 1)
        {
            throw cut;
        }
        var (flags, at, type) = (data[1], 2, 0);
        if ((flags & 0x08) != 0)
        {
            type = data[at++];
        }
        at += ((flags & 0x04) != 0 ? 8 : 0) + ((flags & 0x10) != 0 ? 1 : 0);
        var size = 1 << (flags & 3);
        if (data.Length < at + size)
        {
            throw cut;
        }
        var name = new byte[8];
        data.AsSpan(at, size).CopyTo(name);
        var start = at + size + (long)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(name), int.MaxValue);
        switch (type)
        {
            case 0 when data.Length >= start + file.OffsetSize:
                var address = new byte[8];
                data.AsSpan((int)start, file.OffsetSize).CopyTo(address);
                Visit(Hdf5File.Resolve(BinaryPrimitives.ReadUInt64LittleEndian(address)), objects);
                break;
            case 0:
                throw cut;
            case 1:
                break;
            case 64:
                _log.AddOddity("hdf5-external", place, "a link to another file", message.Position);
                break;
            default:
                _log.AddOddity(
                    "hdf5-external",
                    place,
                    $"a link of the kind {type}, which a library outside of the file makes",
                    message.Position
                );
                break;
        }
    }

    private void ExamineAttribute(Hdf5File file, Hdf5Attribute attribute)
    {
        if (!attribute.IsText)
        {
            return;
        }
        foreach (var value in attribute.IsReference ? file.ReadHeapTexts(attribute.Data) : [attribute.Data])
        {
            var text = value.AsSpan().TrimEnd((byte)0);
            if (attribute.Name is "model_config" or "training_config")
            {
                new KerasConfig(_log, place.Part(attribute.Name)).Examine(text.ToArray());
            }
            else if (!text.IsEmpty && (text[0] == 0x80 || NestedPickles.MayBegin(text[..Math.Min(text.Length, NestedPickles.HeadBytes)])))
            {
                // Other libraries, such as PyTables, keep pickles in attributes, and load them unasked.
                examiner.ExaminePickle(new PickleInput(new MemoryStream(value), value.Length), place.Part(attribute.Name), expected: false);
            }
        }
    }
}
