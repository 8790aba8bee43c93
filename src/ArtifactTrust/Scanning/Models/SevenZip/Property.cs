namespace ArtifactTrust.Scanning.Models.SevenZip;

/// <summary>What stands next in a header of a 7z archive.</summary>
/// <remarks>Spec: 7zFormat.txt 18.06, "Property IDs". 2 and 3, streams with what belongs to other headers, are written by nobody and refused.</remarks>
internal enum Property : byte
{
    End = 0x00,
    Header = 0x01,
    MainStreams = 0x04,
    Files = 0x05,
    PackInfo = 0x06,
    UnpackInfo = 0x07,
    SubStreams = 0x08,
    Size = 0x09,
    Checksum = 0x0a,
    Folder = 0x0b,
    UnpackSizes = 0x0c,
    UnpackStreams = 0x0d,
    EmptyStream = 0x0e,
    EmptyFile = 0x0f,
    Anti = 0x10,
    Names = 0x11,
    CreationTime = 0x12,
    AccessTime = 0x13,
    ModificationTime = 0x14,
    Attributes = 0x15,
    EncodedHeader = 0x17,
    StartPosition = 0x18,
    Dummy = 0x19,
}
