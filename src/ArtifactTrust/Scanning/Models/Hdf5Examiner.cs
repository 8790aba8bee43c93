using ArtifactTrust.Formats;
using ArtifactTrust.Formats.Hdf5;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Examines an HDF5 file: the configuration of a Keras model in its attributes, pickles in attributes, and reads of other files.</summary>
/// <remarks>Every object is visited. Messages kept elsewhere, and heaps that are compressed, are not followed; then the file is not clean.</remarks>
internal sealed class Hdf5Examiner(ModelFileExaminer examiner, Place place)
{
    // What is named; more says no more.
    private const int MostDamaged = 100;

    private readonly ExaminationLog _log = examiner.Log;
    private readonly HashSet<long> _seen = [];
    private readonly Stack<long> _objects = [];

    /// <summary>Examines a file.</summary>
    internal void Examine(Stream stream)
    {
        try
        {
            var file = new Hdf5File(stream);
            Visit(file.Root);
            // What is behind damage may be worse than damage.
            for (var damaged = 0; damaged < MostDamaged && _objects.TryPop(out var address); )
            {
                examiner.Cancellation.ThrowIfCancellationRequested();
                damaged += ExamineObject(file, address) ? 0 : 1;
            }
            _log.Examined = true;
        }
        catch (MalformedDataException e)
        {
            AddGap(e);
        }
    }

    private void AddGap(MalformedDataException e) => _log.AddGap(place, $"the HDF5 file cannot be read ({e.Location}: {e.Reason})");

    /// <summary>Every object once, however many links lead to it.</summary>
    private void Visit(long address)
    {
        if (_seen.Add(address))
        {
            if (_seen.Count > Limits.Hdf5Objects)
            {
                throw new MalformedDataException("HDF5", $"byte {address}", $"more than {Limits.Hdf5Objects} objects");
            }
            _objects.Push(address);
        }
    }

    /// <summary>Examines an object.</summary>
    /// <returns>Whether all of it could be read.</returns>
    private bool ExamineObject(Hdf5File file, long address)
    {
        var whole = true;
        try
        {
            foreach (var message in Hdf5ObjectHeader.Read(file, address))
            {
                whole &= ExamineWhole(file, message);
            }
        }
        catch (MalformedDataException e)
        {
            AddGap(e);
            return false;
        }
        return whole;
    }

    private bool ExamineWhole(Hdf5File file, Hdf5Message message)
    {
        try
        {
            ExamineMessage(file, message);
            return true;
        }
        catch (MalformedDataException e)
        {
            AddGap(e);
            return false;
        }
    }

    private void ExamineMessage(Hdf5File file, Hdf5Message message)
    {
        switch (message.Type)
        {
            case Hdf5MessageType.SymbolTable
            or Hdf5MessageType.LinkInfo
            or Hdf5MessageType.Link
            or Hdf5MessageType.AttributeInfo
            or Hdf5MessageType.Attribute
            or Hdf5MessageType.ExternalFiles
            or Hdf5MessageType.Layout when message.IsKeptElsewhere:
                _log.AddGap(place, "a message of an object is kept elsewhere in the file, which is not followed");
                break;
            case Hdf5MessageType.SymbolTable:
                foreach (var linked in Hdf5SymbolTable.Read(file, message))
                {
                    Visit(linked);
                }
                break;
            case Hdf5MessageType.LinkInfo or Hdf5MessageType.AttributeInfo:
                foreach (var dense in Hdf5DenseStorage.Read(file, message))
                {
                    ExamineMessage(file, dense);
                }
                break;
            case Hdf5MessageType.Link:
                ExamineLink(Hdf5Link.Read(file, message), message.Position);
                break;
            case Hdf5MessageType.Attribute:
                ExamineAttribute(file, Hdf5Attribute.Read(file, message));
                break;
            case Hdf5MessageType.ExternalFiles:
                _log.AddOddity("hdf5-external", place, "data in another file", message.Position);
                break;
            case Hdf5MessageType.Layout when message.Data.Span is [4 or 5, 3, ..]:
                _log.AddOddity("hdf5-external", place, "a dataset made of those of other files", message.Position);
                break;
            default:
                break;
        }
    }

    private void ExamineLink(Hdf5Link link, long position)
    {
        switch (link.Kind)
        {
            case 0:
                Visit(link.Target!.Value);
                break;
            case 1:
                break;
            case 64:
                _log.AddOddity("hdf5-external", place, "a link to another file", position);
                break;
            default:
                _log.AddOddity(
                    "hdf5-external",
                    place,
                    $"a link of the kind {link.Kind}, which a library outside of the file makes",
                    position
                );
                break;
        }
    }

    private void ExamineAttribute(Hdf5File file, Hdf5Attribute attribute)
    {
        var isConfig = attribute.Name is "model_config" or "training_config";
        if (isConfig && !attribute.IsText)
        {
            _log.AddGap(place, $"the {attribute.Name} is no text");
        }
        foreach (var text in attribute.ReadTexts(file))
        {
            if (isConfig)
            {
                new KerasConfig(_log, place.Part(attribute.Name)).Examine(text);
            }
            else if (attribute.Name == "PSEUDOATOM" && text.Span.StartsWith("object"u8))
            {
                _log.AddOddity("hdf5-pickled-values", place);
            }
            else if (
                !text.IsEmpty
                && (text.Span[0] == 0x80 || NestedPickles.MayBegin(text.Span[..Math.Min(text.Length, NestedPickles.HeadBytes)]))
            )
            {
                // Other libraries, such as PyTables, keep pickles in attributes, and load them unasked.
                examiner.ExaminePickle(
                    new PickleInput(new MemoryStream(text.ToArray()), text.Length),
                    place.Part(attribute.Name),
                    expected: false
                );
            }
        }
    }
}
