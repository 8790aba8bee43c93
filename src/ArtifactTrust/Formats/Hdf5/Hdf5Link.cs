namespace ArtifactTrust.Formats.Hdf5;

/// <summary>A link of a group.</summary>
/// <param name="Kind">0 to an object of the file, 1 by a path, 64 to another file; others are of libraries outside of the format.</param>
/// <param name="Name">Its name.</param>
/// <param name="Target">The address of the object's header; null where the link is of another kind.</param>
internal sealed record Hdf5Link(int Kind, string Name, long? Target)
{
    /// <summary>Reads the message.</summary>
    /// <exception cref="MalformedDataException">It is damaged, or in a form not known.</exception>
    /// <remarks>Spec: HDF5 File Format Specification 3.0, §IV.A.2.g.</remarks>
    internal static Hdf5Link Read(Hdf5File file, Hdf5Message message)
    {
        var fields = new Hdf5Fields(file, message.Data.Span, message.Position, "a link");
        fields.Version(1);
        var flags = fields.Byte();
        if (flags >= 0x20)
        {
            throw fields.Malformed($"has the flags {flags:x}, which are not known");
        }
        var kind = (flags & 0x08) != 0 ? fields.Byte() : 0;
        // The order in which it was made, and the encoding of its name.
        fields.Bytes(((flags & 0x04) != 0 ? 8u : 0) + ((flags & 0x10) != 0 ? 1u : 0));
        var name = System.Text.Encoding.UTF8.GetString(fields.Bytes(fields.Number(1 << (flags & 3))));
        return new Hdf5Link(kind, name, kind == 0 ? fields.Address() ?? throw fields.Malformed("leads nowhere") : null);
    }
}
