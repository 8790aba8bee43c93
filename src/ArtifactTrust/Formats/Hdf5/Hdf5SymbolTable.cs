namespace ArtifactTrust.Formats.Hdf5;

/// <summary>The links of a group of the old form: a tree of names, of version 1.</summary>
/// <remarks>Spec: HDF5 File Format Specification 3.0, §III.A.1, §III.B and §III.C.</remarks>
internal static class Hdf5SymbolTable
{
    /// <summary>The objects that a group links to: their headers' addresses.</summary>
    /// <exception cref="MalformedDataException">The tree is damaged.</exception>
    internal static IEnumerable<long> Read(Hdf5File file, Hdf5Message message)
    {
        if (message.Data.Length < 2 * file.OffsetSize)
        {
            throw file.Malformed(message.Position, "a symbol table without addresses");
        }
        var nodes = new Queue<long>([file.Address(message.Position)]);
        var seen = new HashSet<long>(nodes);
        while (nodes.TryDequeue(out var node))
        {
            if (file.Begins(node, "TREE"u8))
            {
                var entries = (int)file.Number(node + 6, 2);
                for (var i = 0; i < entries; i++)
                {
                    // Each child stands after a key, and both siblings' addresses before the first.
                    var child = file.Address(node + 8 + (2 * file.OffsetSize) + ((i + 1L) * file.LengthSize) + ((long)i * file.OffsetSize));
                    if (!seen.Add(child))
                    {
                        throw file.Malformed(node, "a tree of names that leads back to itself");
                    }
                    if (seen.Count > Limits.Hdf5Objects)
                    {
                        throw file.Malformed(node, $"more than {Limits.Hdf5Objects} nodes");
                    }
                    nodes.Enqueue(child);
                }
                continue;
            }
            if (!file.Begins(node, "SNOD"u8))
            {
                throw file.Malformed(node, "no node of a tree of names");
            }
            var symbols = (int)file.Number(node + 6, 2);
            for (var i = 0; i < symbols; i++)
            {
                // Libraries write the place of the name as a length, not as the address that it is said to be.
                var entry = node + 8 + file.LengthSize + ((long)i * (file.LengthSize + file.OffsetSize + 24));
                var header = file.Number(entry, file.OffsetSize);
                // A symbolic link has no header of its own.
                if (!file.IsUndefined(header) && file.Number(entry + file.OffsetSize, 4) != 2)
                {
                    yield return Hdf5File.Resolve(header);
                }
            }
        }
    }
}
