namespace ArtifactTrust.Formats.Hdf5;

/// <summary>The links or attributes that an object keeps in a heap.</summary>
/// <remarks>Spec: HDF5 File Format Specification 3.0, §IV.A.2.c and §IV.A.2.v. Every index is read: one could have what another has not.</remarks>
internal static class Hdf5DenseStorage
{
    private const int LinkIdBytes = 7;
    private const int AttributeIdBytes = 8;

    /// <summary>Reads them, in no order; none where the object keeps them in its header.</summary>
    /// <param name="file">The file.</param>
    /// <param name="info">The message that says where they are: of links, or of attributes.</param>
    /// <exception cref="MalformedDataException">An index or the heap is damaged, too large, or in a form not known.</exception>
    internal static IEnumerable<Hdf5Message> Read(Hdf5File file, Hdf5Message info)
    {
        var isLinks = info.Type is Hdf5MessageType.LinkInfo;
        if (Places(file, info, isLinks) is not { } places)
        {
            yield break;
        }
        var heap = new Hdf5FractalHeap(file, places.Heap, isLinks ? LinkIdBytes : AttributeIdBytes);
        var ids = new List<(ulong Order, ulong Id, int Flags)>();
        AddIds(file, places.Names, isLinks ? Hdf5TreeType.LinkNames : Hdf5TreeType.AttributeNames, heap, ids);
        if (places.Order is { } order)
        {
            AddIds(file, order, isLinks ? Hdf5TreeType.LinkOrder : Hdf5TreeType.AttributeOrder, heap, ids);
        }
        // One block after the other, and nothing twice.
        ids.Sort();
        for (var i = 0; i < ids.Count; i++)
        {
            if (i > 0 && ids[i] == ids[i - 1])
            {
                continue;
            }
            var message = new Hdf5Message(isLinks ? Hdf5MessageType.Link : Hdf5MessageType.Attribute, ids[i].Flags, info.Position, default);
            if (message.IsKeptElsewhere)
            {
                // The identifier is then one of another heap.
                yield return message;
                continue;
            }
            var (position, data) = heap.Read(ids[i].Id);
            yield return message with
            {
                Position = position,
                Data = data,
            };
        }
    }

    private static (long Heap, long Names, long? Order)? Places(Hdf5File file, Hdf5Message info, bool isLinks)
    {
        var fields = new Hdf5Fields(file, info.Data.Span, info.Position, isLinks ? "the place of links" : "the place of attributes");
        fields.Version(0);
        var flags = fields.Byte();
        if (flags > 3)
        {
            throw fields.Malformed($"has the flags {flags:x}, which are not known");
        }
        if ((flags & 1) != 0)
        {
            // The number of the newest.
            fields.Number(isLinks ? 8 : 2);
        }
        var (heap, names, order) = (fields.Address(), fields.Address(), (flags & 2) != 0 ? fields.Address() : null);
        return heap is null ? null : (heap.Value, names ?? throw fields.Malformed("has no index of names"), order);
    }

    private static void AddIds(
        Hdf5File file,
        long tree,
        Hdf5TreeType type,
        Hdf5FractalHeap heap,
        List<(ulong Order, ulong Id, int Flags)> ids
    )
    {
        // Of links: the hash of the name, or a number, and then the identifier. Of attributes: the identifier, flags, a number, and maybe the hash.
        var (recordSize, before, idBytes, hasFlags) = type switch
        {
            Hdf5TreeType.LinkNames => (4 + LinkIdBytes, 4, LinkIdBytes, false),
            Hdf5TreeType.LinkOrder => (8 + LinkIdBytes, 8, LinkIdBytes, false),
            Hdf5TreeType.AttributeNames => (AttributeIdBytes + 9, 0, AttributeIdBytes, true),
            _ => (AttributeIdBytes + 5, 0, AttributeIdBytes, true),
        };
        foreach (var record in Hdf5Tree.Read(file, tree, type, recordSize))
        {
            var fields = new Hdf5Fields(file, record.Span, tree, "a record of an index");
            fields.Bytes((ulong)before);
            var id = fields.Number(idBytes);
            ids.Add((heap.OrderOf(id), id, hasFlags ? fields.Byte() : 0));
        }
    }
}
