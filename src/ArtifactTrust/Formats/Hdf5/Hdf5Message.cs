namespace ArtifactTrust.Formats.Hdf5;

/// <summary>The kinds of messages that are looked at; there are others.</summary>
/// <remarks>Spec: HDF5 File Format Specification 3.0, §IV.A.2.</remarks>
internal enum Hdf5MessageType
{
    /// <summary>Where a group keeps its links if not in its header.</summary>
    LinkInfo = 0x02,

    /// <summary>The type of values.</summary>
    Datatype = 0x03,

    /// <summary>A link to another object.</summary>
    Link = 0x06,

    /// <summary>Other files that hold the data.</summary>
    ExternalFiles = 0x07,

    /// <summary>Where the data is.</summary>
    Layout = 0x08,

    /// <summary>An attribute.</summary>
    Attribute = 0x0c,

    /// <summary>Where the header goes on.</summary>
    Continuation = 0x10,

    /// <summary>The links of a group of the old form.</summary>
    SymbolTable = 0x11,

    /// <summary>Where an object keeps its attributes if not in its header.</summary>
    AttributeInfo = 0x15,
}

/// <summary>A message of an object: of its header, or of the heap where it keeps many of a kind.</summary>
/// <param name="Type">Its kind.</param>
/// <param name="Flags">Its flags.</param>
/// <param name="Position">Where its data begins.</param>
/// <param name="Data">The data.</param>
internal sealed record Hdf5Message(Hdf5MessageType Type, int Flags, long Position, ReadOnlyMemory<byte> Data)
{
    /// <summary>Whether the data says only where the message is (§IV.A.1).</summary>
    internal bool IsKeptElsewhere => (Flags & 2) != 0;
}
