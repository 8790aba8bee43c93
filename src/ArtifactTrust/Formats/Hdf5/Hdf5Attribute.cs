using System.Buffers.Binary;
using System.Text;

namespace ArtifactTrust.Formats.Hdf5;

/// <summary>An attribute of an HDF5 object.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsText">Whether its value is text, or bytes that may be some.</param>
/// <param name="IsReference">Whether the value lies in the heap.</param>
/// <param name="Data">The value, or references to it.</param>
internal sealed record Hdf5Attribute(string Name, bool IsText, bool IsReference, byte[] Data)
{
    /// <summary>Reads the message.</summary>
    /// <exception cref="MalformedDataException">It is damaged, or in a form not known.</exception>
    /// <remarks>Spec: HDF5 File Format Specification 3.0, §IV.A.2.m and §IV.A.2.d.</remarks>
    internal static Hdf5Attribute Read(Hdf5Message message)
    {
        var data = message.Data;
        if (data.Length < 8 || data[0] is < 1 or > 3)
        {
            throw Malformed(message, "an attribute in a form not known");
        }
        var version = data[0];
        if (version > 1 && (data[1] & 1) != 0)
        {
            throw Malformed(message, "an attribute whose type is kept elsewhere");
        }
        int nameSize = BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(2));
        int typeSize = BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(4));
        int spaceSize = BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(6));
        var start = version == 3 ? 9 : 8;
        var (type, space) = (start + Padded(nameSize), 0);
        space = type + Padded(typeSize);
        var value = space + Padded(spaceSize);
        if (value > data.Length || typeSize < 8)
        {
            throw Malformed(message, "an attribute that is cut short");
        }
        var name = Encoding.UTF8.GetString(data.AsSpan(start, nameSize)).TrimEnd('\0');
        // §IV.A.2.d: class 3 is text of a fixed length, 5 is opaque, 9 is of variable length, and text where its kind is 1.
        var kind = data[type] & 0xf;
        var isReference = kind == 9;
        return new Hdf5Attribute(name, kind is 3 or 5 || (isReference && (data[type + 1] & 0xf) == 1), isReference, data[value..]);

        int Padded(int size) => version == 1 ? (size + 7) & ~7 : size;
    }

    private static MalformedDataException Malformed(Hdf5Message message, string reason) => new("HDF5", $"byte {message.Position}", reason);
}
