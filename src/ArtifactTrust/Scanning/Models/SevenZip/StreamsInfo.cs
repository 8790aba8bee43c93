using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models.SevenZip;

/// <summary>What is stored in a 7z archive, and how it is compressed.</summary>
/// <remarks>Spec: 7zFormat.txt 18.06, "Streams Info".</remarks>
internal sealed class StreamsInfo
{
    private long[] _packedSizes = [];

    /// <summary>The folders, in the order in which they are stored.</summary>
    internal Folder[] Folders { get; private set; } = [];

    /// <summary>Where what is stored begins in the archive.</summary>
    internal long Start { get; private set; }

    /// <summary>Where it ends.</summary>
    internal long End { get; private set; }

    /// <summary>Reads it.</summary>
    /// <param name="reader">The header.</param>
    /// <param name="first">Where the first byte may be stored.</param>
    /// <param name="end">Where the bytes end that may be stored.</param>
    internal static StreamsInfo Read(HeaderReader reader, long first, long end)
    {
        var streams = new StreamsInfo { Start = first, End = first };
        var property = reader.Property();
        if (property == Property.PackInfo)
        {
            streams.ReadPackInfo(reader, end);
            property = reader.Property();
        }
        if (property == Property.UnpackInfo)
        {
            streams.ReadFolders(reader);
            property = reader.Property();
        }
        if (property == Property.SubStreams)
        {
            property = streams.ReadMembers(reader);
        }
        if (property != Property.End)
        {
            throw reader.Malformed($"{property} stands where it may not");
        }
        streams.Place(reader);
        return streams;
    }

    private void ReadPackInfo(HeaderReader reader, long end)
    {
        var start = reader.Size();
        if (start > end - Start)
        {
            throw reader.Malformed("what is stored lies outside the archive");
        }
        (Start, End) = (Start + start, Start + start);
        _packedSizes = new long[reader.Count(Limits.ArchiveMembers, "stored streams")];
        var property = reader.Property();
        if (property == Property.Size)
        {
            for (var i = 0; i < _packedSizes.Length; i++)
            {
                _packedSizes[i] = reader.Size();
                if (_packedSizes[i] > end - End)
                {
                    throw reader.Malformed("what is stored lies outside the archive");
                }
                End += _packedSizes[i];
            }
            property = reader.Property();
        }
        if (property == Property.Checksum)
        {
            // Of what is stored; no reader compares them.
            reader.Checksums(_packedSizes.Length);
            property = reader.Property();
        }
        if (property != Property.End)
        {
            throw reader.Malformed($"{property} stands where it may not");
        }
    }

    private void ReadFolders(HeaderReader reader)
    {
        reader.Require(Property.Folder);
        Folders = new Folder[reader.Count(Limits.SevenZipFolders, "folders")];
        RefuseExternal(reader);
        for (var i = 0; i < Folders.Length; i++)
        {
            Folders[i] = Folder.Read(reader);
        }
        reader.Require(Property.UnpackSizes);
        foreach (var folder in Folders)
        {
            var sizes = new long[folder.Outputs];
            for (var i = 0; i < sizes.Length; i++)
            {
                sizes[i] = reader.Size();
            }
            folder.SetSizes(sizes);
        }
        var property = reader.Property();
        if (property == Property.Checksum)
        {
            var checksums = reader.Checksums(Folders.Length);
            for (var i = 0; i < Folders.Length; i++)
            {
                Folders[i].Checksum = checksums[i];
            }
            property = reader.Property();
        }
        if (property != Property.End)
        {
            throw reader.Malformed($"{property} stands where it may not");
        }
        foreach (var folder in Folders)
        {
            folder.Members = [(folder.Size, folder.Checksum)];
        }
    }

    /// <returns>What stands behind.</returns>
    private Property ReadMembers(HeaderReader reader)
    {
        var property = reader.Property();
        if (property == Property.UnpackStreams)
        {
            var left = Limits.ArchiveMembers;
            foreach (var folder in Folders)
            {
                var count = reader.Count(left, "members");
                left -= count;
                folder.Members = count == 1 ? folder.Members : new (long, uint?)[count];
            }
            property = reader.Property();
        }
        // Of each folder all sizes but the last, which is what is left.
        var hasSizes = property == Property.Size;
        foreach (var folder in Folders.Where(f => f.Members.Length > 1))
        {
            if (!hasSizes)
            {
                throw reader.Malformed("sizes are missing");
            }
            var left = folder.Size;
            for (var i = 0; i < folder.Members.Length - 1; i++)
            {
                var size = reader.Size();
                if (size > left)
                {
                    throw reader.Malformed("members that are larger than their folder");
                }
                folder.Members[i].Size = size;
                left -= size;
            }
            folder.Members[^1].Size = left;
        }
        property = hasSizes ? reader.Property() : property;
        if (property == Property.Checksum)
        {
            var without = Folders.Where(f => f.Members.Length != 1 || f.Checksum is null).ToList();
            var checksums = reader.Checksums(without.Sum(f => f.Members.Length));
            var next = 0;
            foreach (var folder in without)
            {
                for (var i = 0; i < folder.Members.Length; i++)
                {
                    folder.Members[i].Checksum = checksums[next++];
                }
            }
            property = reader.Property();
        }
        if (property != Property.End)
        {
            throw reader.Malformed($"{property} stands where it may not");
        }
        return reader.Property();
    }

    /// <summary>The stored streams belong to the folders, one after the other.</summary>
    private void Place(HeaderReader reader)
    {
        var (next, position) = (0, Start);
        foreach (var folder in Folders)
        {
            if (folder.PackedStreams > _packedSizes.Length - next)
            {
                throw reader.Malformed("folders of which nothing is stored");
            }
            var size = _packedSizes.AsSpan(next, folder.PackedStreams);
            next += folder.PackedStreams;
            var all = 0L;
            foreach (var one in size)
            {
                all += one;
            }
            folder.SetStored(position, all);
            position += all;
        }
        if (next < _packedSizes.Length)
        {
            throw reader.Malformed("stored streams that belong to no folder");
        }
    }

    internal static void RefuseExternal(HeaderReader reader)
    {
        if (reader.Byte() != 0)
        {
            throw reader.Malformed("a part of it is kept elsewhere");
        }
    }
}
