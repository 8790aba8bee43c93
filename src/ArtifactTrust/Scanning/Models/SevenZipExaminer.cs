using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Scanning.Models.SevenZip;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Examines the members of a 7z archive, folder by folder: what is compressed as one is decompressed once.</summary>
internal sealed class SevenZipExaminer(ModelFileExaminer examiner)
{
    private const int LongestLink = 4096;

    private readonly ExaminationLog _log = examiner.Log;

    /// <summary>Examines an archive.</summary>
    /// <returns>The format, in words.</returns>
    internal string Examine(Stream stream, Place place)
    {
        if (place.IsTooDeep)
        {
            _log.AddGap(place, "archives lie too deep inside each other");
            return SevenZipDirectory.FormatName;
        }
        SevenZipDirectory directory;
        try
        {
            directory = SevenZipDirectory.Read(stream, examiner.Budget);
        }
        catch (MalformedDataException e)
        {
            _log.AddGap(place, $"the archive is damaged ({e.Location}: {e.Reason})");
            return $"{SevenZipDirectory.FormatName} (damaged)";
        }
        if (directory.Problem is { } problem)
        {
            _log.AddGap(place, $"the list of members cannot be read: {problem}");
            return SevenZipDirectory.FormatName;
        }
        if (directory.HasOtherBytes)
        {
            _log.AddGap(place, "bytes that belong to no member, or to two, are not examined");
        }
        CheckNames(directory.Members, place);
        using var members = directory.Members.Where(m => m.HasContent).GetEnumerator();
        foreach (var folder in directory.Folders)
        {
            ExamineFolder(folder, [.. Take(members, folder.Members.Length)], stream, place);
        }
        return SevenZipDirectory.FormatName;
    }

    private static IEnumerable<SevenZipMember> Take(IEnumerator<SevenZipMember> members, int count)
    {
        for (; count > 0 && members.MoveNext(); count--)
        {
            yield return members.Current;
        }
    }

    private void CheckNames(IReadOnlyList<SevenZipMember> members, Place place)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in members)
        {
            if (!names.Add(member.Name))
            {
                _log.AddOddity("7z-duplicate", place, member.Name);
            }
            if (ArchivePath.LeadsOut(member.Name))
            {
                _log.AddOddity("7z-path", place, member.Name);
            }
        }
    }

    private void ExamineFolder(Folder folder, SevenZipMember[] members, Stream stream, Place place)
    {
        if (members.Length == 0)
        {
            _log.AddGap(place, "content that belongs to no member");
        }
        else if (folder.Problem is { } problem)
        {
            foreach (var member in members)
            {
                _log.AddGap(place.Inside(member.Name, null), problem);
            }
        }
        else if (folder.IsCopy)
        {
            ExamineStored(folder, members, stream, place);
        }
        else if (folder.Window is { } window)
        {
            examiner.Compressed.InWindow(window, place, () => ExamineDecoded(folder, members, stream, place));
        }
        else
        {
            ExamineDecoded(folder, members, stream, place);
        }
    }

    private void ExamineStored(Folder folder, SevenZipMember[] members, Stream stream, Place place)
    {
        var start = folder.Start;
        for (var i = 0; i < members.Length; i++)
        {
            examiner.Cancellation.ThrowIfCancellationRequested();
            var (size, checksum) = folder.Members[i];
            var inner = place.Inside(members[i].Name, start);
            var content = new RangeStream(stream, start, size);
            using (var whole = Announced(content, size, checksum))
            {
                CheckLink(members[i], whole, place);
                whole.ReadToEnd();
                if (whole.Problem is not null)
                {
                    _log.AddGap(inner, whole.Problem);
                }
            }
            examiner.Examine(content, members[i].Name, inner);
            start += size;
        }

        static InflatedStream Announced(Stream content, long size, uint? checksum) =>
            new(new AnnouncedStream(content, size, checksum, "a member", true), new InflationBudget { Left = long.MaxValue });
    }

    private string ExamineDecoded(Folder folder, SevenZipMember[] members, Stream stream, Place place)
    {
        // Many folders of which little comes out are much work all the same.
        examiner.Budget.Left -= folder.Setup;
        using var decoder = folder.Open(stream, examiner.Compressed.Zstandard);
        var all = new AnnouncedStream(decoder, folder.Size, members.Length > 1 ? folder.Checksum : null, "a part of the archive", true);
        for (var i = 0; i < members.Length; i++)
        {
            examiner.Cancellation.ThrowIfCancellationRequested();
            var inner = place.Inside(members[i].Name, null);
            var member = new AnnouncedStream(all, folder.Members[i].Size, folder.Members[i].Checksum, "a member", i == members.Length - 1);
            using var content = new InflatedStream(member, examiner.Budget);
            CheckLink(members[i], content, place);
            examiner.ExamineInflated(content, members[i].Name, inner);
            content.ReadToEnd();
            if (content.Problem is null)
            {
                continue;
            }
            _log.AddGap(inner, content.Problem);
            if (member.Left > 0)
            {
                if (i + 1 < members.Length)
                {
                    _log.AddGap(
                        place,
                        $"{members.Length - i - 1} members behind '{members[i].Name}' are compressed with it, and not examined"
                    );
                }
                break;
            }
        }
        return SevenZipDirectory.FormatName;
    }

    /// <summary>A link leads somewhere when the archive is unpacked; its content is examined all the same.</summary>
    private void CheckLink(SevenZipMember member, InflatedStream content, Place place)
    {
        if (!member.IsLink)
        {
            return;
        }
        var target = new byte[LongestLink];
        var read = content.ReadAtLeast(target, LongestLink, throwOnEndOfStream: false);
        content.Unread(target.AsSpan(0, read));
        if (ArchivePath.LeadsOut(Encoding.UTF8.GetString(target, 0, read)))
        {
            _log.AddOddity("7z-path", place, $"{member.Name} -> {Encoding.UTF8.GetString(target, 0, read)}");
        }
    }
}
