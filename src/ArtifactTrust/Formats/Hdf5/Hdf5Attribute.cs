using System.Text;

namespace ArtifactTrust.Formats.Hdf5;

/// <summary>An attribute of an HDF5 object.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsText">Whether its value is text, or bytes that may be some.</param>
/// <param name="IsReference">Whether the value lies in the heap of values of variable length.</param>
/// <param name="Data">The value, or references to it.</param>
internal sealed record Hdf5Attribute(string Name, bool IsText, bool IsReference, ReadOnlyMemory<byte> Data)
{
    /// <summary>Reads the message.</summary>
    /// <exception cref="MalformedDataException">It is damaged, or in a form not known.</exception>
    /// <remarks>Spec: HDF5 File Format Specification 3.0, §IV.A.2.m and §IV.A.2.d.</remarks>
    internal static Hdf5Attribute Read(Hdf5File file, Hdf5Message message)
    {
        var fields = new Hdf5Fields(file, message.Data.Span, message.Position, "an attribute");
        var (version, flags) = (fields.Byte(), fields.Byte());
        if (version is < 1 or > 3 || (version > 1 && flags > 3))
        {
            throw fields.Malformed("is in a form not known");
        }
        var (nameSize, typeSize, spaceSize) = (fields.Number(2), fields.Number(2), fields.Number(2));
        if (version == 3)
        {
            // The encoding of the name.
            fields.Byte();
        }
        var name = Encoding.UTF8.GetString(fields.Bytes(Padded(nameSize))[..(int)nameSize]).TrimEnd('\0');
        var type = fields.Bytes(Padded(typeSize))[..(int)typeSize];
        if (version > 1 && (flags & 1) != 0)
        {
            type = Committed(file, type, message.Position);
        }
        fields.Bytes(Padded(spaceSize));
        if (type.Length < 8)
        {
            throw fields.Malformed("has no type");
        }
        // §IV.A.2.d: class 3 is text of a fixed length, 5 is opaque, 9 is of variable length, and text where its kind is 1.
        var kind = type[0] & 0xf;
        var isReference = kind == 9;
        return new Hdf5Attribute(name, kind is 3 or 5 || (isReference && (type[1] & 0xf) == 1), isReference, message.Data[fields.At..]);

        ulong Padded(ulong size) => version == 1 ? (size + 7) & ~7UL : size;
    }

    /// <summary>The value, if it is text or bytes that may be some: the text, or each of those of variable length, without zeros at the end.</summary>
    /// <param name="file">The file.</param>
    /// <param name="maximum">The length of the longest text of variable length that is read, in bytes.</param>
    /// <exception cref="MalformedDataException">A text is not there, or too long.</exception>
    internal IEnumerable<ReadOnlyMemory<byte>> ReadTexts(Hdf5File file, int maximum = Limits.ModelJsonBytes)
    {
        if (!IsText)
        {
            yield break;
        }
        if (!IsReference)
        {
            yield return Data[..Data.Span.TrimEnd((byte)0).Length];
            yield break;
        }
        foreach (var text in Hdf5GlobalHeap.ReadTexts(file, Data, maximum))
        {
            yield return text.AsMemory(..text.AsSpan().TrimEnd((byte)0).Length);
        }
    }

    /// <summary>The type, which another object is (§IV.A.2, "Shared Message").</summary>
    private static ReadOnlySpan<byte> Committed(Hdf5File file, ReadOnlySpan<byte> place, long position)
    {
        var fields = new Hdf5Fields(file, place, position, "an attribute whose type is kept elsewhere");
        var (version, kind) = (fields.Byte(), fields.Byte());
        // Up to version 2, a type is always in another object, and libraries write 0 or 2 there.
        if (version is < 1 or > 3 || (version == 3 ? kind != 2 : kind == 1))
        {
            throw fields.Malformed("is not with another object, which is not read by this version");
        }
        fields.Bytes(version == 1 ? 6u : 0);
        var address = fields.Address() ?? throw fields.Malformed("leads nowhere");
        return Hdf5ObjectHeader.Read(file, address).Find(m => m.Type is Hdf5MessageType.Datatype) is { IsKeptElsewhere: false } type
            ? type.Data.Span
            : throw fields.Malformed("leads to an object that is no type");
    }
}
