using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models.SevenZip;

/// <summary>A member of a 7z archive.</summary>
/// <param name="Name">The path; a number where the archive has none.</param>
/// <param name="HasContent">Whether it has content, which is the next of those in the folders; directories and empty files have none.</param>
/// <param name="IsLink">Whether its content is the path of something else.</param>
internal readonly record struct SevenZipMember(string Name, bool HasContent, bool IsLink);

/// <summary>Reads the members of a 7z archive.</summary>
/// <remarks>Spec: 7zFormat.txt 18.06, "FilesInfo".</remarks>
internal sealed class FilesInfo
{
    // Windows calls it a reparse point; other systems put the type of a file into the upper half, and say so by a bit.
    private const uint ReparsePoint = 0x400;
    private const uint HasUnixMode = 0x8000;
    private const uint UnixType = 0xf000_0000;
    private const uint UnixLink = 0xa000_0000;

    private readonly HeaderReader _reader;
    private readonly bool[] _isEmpty;
    private readonly bool[] _isLink;
    private readonly string?[] _names;

    private FilesInfo(HeaderReader reader)
    {
        _reader = reader;
        var count = reader.Count(Limits.ArchiveMembers, "members");
        (_isEmpty, _isLink, _names) = (new bool[count], new bool[count], new string?[count]);
    }

    /// <summary>Reads them.</summary>
    /// <param name="reader">The header, behind the property's number.</param>
    internal static SevenZipMember[] Read(HeaderReader reader)
    {
        var files = new FilesInfo(reader);
        var seen = new HashSet<Property>();
        for (Property property; (property = reader.Property()) != Property.End; )
        {
            if (property != Property.Dummy && !seen.Add(property))
            {
                throw reader.Malformed($"{property} stands twice");
            }
            var size = reader.Size();
            reader.Part(size, () => files.ReadProperty(property, size));
        }
        return [.. files._names.Select((name, i) => new SevenZipMember(name ?? $"member {i + 1}", !files._isEmpty[i], files._isLink[i]))];
    }

    private void ReadProperty(Property property, long size)
    {
        switch (property)
        {
            case Property.Names:
                StreamsInfo.RefuseExternal(_reader);
                ReadNames(size - 1);
                break;
            case Property.EmptyStream:
                _reader.Bits(_isEmpty.Length).CopyTo(_isEmpty, 0);
                break;
            case Property.Attributes:
                var bits = _reader.BitsOrAll(_isLink.Length);
                StreamsInfo.RefuseExternal(_reader);
                for (var i = 0; i < bits.Length; i++)
                {
                    var attributes = bits[i] ? _reader.UInt32() : 0;
                    _isLink[i] =
                        (attributes & ReparsePoint) != 0 || ((attributes & HasUnixMode) != 0 && (attributes & UnixType) == UnixLink);
                }
                break;
            case Property.EmptyFile or Property.Anti:
                // Which of those without content are files, and which are to be deleted.
                _reader.Bits(_isEmpty.Count(e => e));
                break;
            case Property.CreationTime or Property.AccessTime or Property.ModificationTime or Property.StartPosition or Property.Dummy:
                _reader.Bytes(size);
                break;
            default:
                throw _reader.Malformed($"{property} stands where it may not");
        }
    }

    /// <summary>UTF-16, each with a zero behind.</summary>
    private void ReadNames(long size)
    {
        var all = _reader.Bytes(size);
        for (var i = 0; i < _names.Length; i++)
        {
            var length = 0;
            while (length + 1 < all.Length && (all[length] | all[length + 1]) != 0)
            {
                length += 2;
            }
            if (length + 1 >= all.Length)
            {
                throw _reader.Malformed("a name that does not end");
            }
            _names[i] = Encoding.Unicode.GetString(all[..length]);
            all = all[(length + 2)..];
        }
        if (!all.IsEmpty)
        {
            throw _reader.Malformed("more names than members");
        }
    }
}
