using System.IO.Compression;
using ArtifactTrust.Formats;
using ArtifactTrust.Scanning.Models.Decompression;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Examines the members of a zip archive, and what in it different readers see differently.</summary>
internal sealed class ZipExaminer(ModelFileExaminer examiner)
{
    private const int HiddenMembers = 100;

    private const string KerasConfiguration = "config.json";
    private const string SkopsSchema = "schema.json";

    private readonly ExaminationLog _log = examiner.Log;
    private string? _configuration;
    private string? _schema;
    private long _left;

    /// <summary>Examines an archive.</summary>
    /// <returns>The format, in words.</returns>
    internal string Examine(Stream stream, Place place)
    {
        if (place.IsTooDeep)
        {
            _log.AddGap(place, "archives lie too deep inside each other");
            return "zip archive";
        }
        ZipDirectory directory;
        try
        {
            directory = ZipDirectory.Read(stream);
        }
        catch (MalformedDataException e)
        {
            _log.AddGap(place, $"the archive is damaged ({e.Location}: {e.Reason})");
            return "zip archive (damaged)";
        }
        if (directory.IsAmbiguous)
        {
            _log.AddOddity("zip-ambiguous", place);
        }
        _left = stream.Length;
        CheckLayout(directory, stream, place);
        _left = stream.Length;
        foreach (var member in directory.Members)
        {
            examiner.Cancellation.ThrowIfCancellationRequested();
            if (member.IsDuplicate)
            {
                _log.AddOddity("zip-duplicate", place, member.Name, member.Start);
            }
            if (member.Disagreement is not null)
            {
                _log.AddOddity("zip-header-mismatch", place, $"{member.Name}: {member.Disagreement}", member.Start);
            }
            if (ArchivePath.LeadsOut(member.Name))
            {
                _log.AddOddity("zip-path", place, member.Name, member.Start);
            }
            if (member.Size > 0 || member.CompressedSize > 0)
            {
                Note(member.Name, ExamineMember(member, stream, place));
            }
        }
        ExaminePrograms(directory, place);
        return Describe(directory, place);
    }

    /// <summary>TorchServe's archives, and packages of PyTorch, are run by what loads them.</summary>
    private void ExaminePrograms(ZipDirectory directory, Place place)
    {
        if (
            directory.Lists("MAR-INF/MANIFEST.json")
            || directory.Members.Exists(m => m.Name.EndsWith("/.data/extern_modules", StringComparison.Ordinal))
        )
        {
            foreach (var member in directory.Members.Where(m => m.Name.EndsWith(".py", StringComparison.Ordinal)))
            {
                _log.AddOddity("python-source", place, member.Name, member.Start);
            }
        }
    }

    /// <summary>Keeps the formats of the members that tell what the archive is.</summary>
    private void Note(string name, string format)
    {
        _configuration = name == KerasConfiguration ? format : _configuration;
        _schema = name == SkopsSchema ? format : _schema;
    }

    private string ExamineMember(ZipMember member, Stream stream, Place place)
    {
        var inner = place.Inside(member.Name, member.DataStart);
        if (member.SaysEncrypted)
        {
            // Some loaders ignore the flag, so that the data is looked at as if it were plain.
            _log.AddGap(inner, "it is encrypted, or says so");
        }
        // Members that lie over each other would make any number of bytes of a small archive.
        _left -= member.CompressedSize;
        if (_left < 0)
        {
            _log.AddGap(inner, "the members take more bytes than the archive has, and the rest of them is not examined");
            return "unknown";
        }
        var data = new RangeStream(stream, member.DataStart, member.CompressedSize);
        switch (member.Method)
        {
            case 0:
                if (member.Size != member.CompressedSize && !member.SaysEncrypted)
                {
                    _log.AddGap(inner, "it is stored in another size than its own");
                }
                return ExamineStored(data, member, inner);
            case 8:
                return ExamineInflated(new DeflateStream(data, CompressionMode.Decompress, leaveOpen: true), member, inner);
            case 12:
                return ExamineInflated(new Bzip2Stream(data), member, inner);
            case 14:
                return examiner.Compressed.InWindow("LZMA", inner, () => ExamineInflated(new LzmaStream(data, member.Size), member, inner));
            case 93:
                return examiner.Compressed.InWindow(
                    "Zstandard",
                    inner,
                    () => ExamineInflated(examiner.Compressed.Zstandard(data), member, inner)
                );
            case 95:
                return examiner.Compressed.InWindow("xz", inner, () => ExamineInflated(new XzStream(data), member, inner));
            default:
                _log.AddGap(inner, $"it is compressed by method {member.Method}, which is not read here");
                return "unknown";
        }
    }

    private string ExamineStored(RangeStream data, ZipMember member, Place inner)
    {
        var content = new CheckedStream(data);
        var format = examiner.Examine(content, member.Name, inner);
        if (data.Length <= Limits.ZipCheckedBytes)
        {
            content.ReadToEnd();
        }
        Compare(content.Crc, member, inner);
        return format;
    }

    /// <summary>Compares the checksum of what was read whole: readers that compare it refuse what others load.</summary>
    private void Compare(uint? crc, ZipMember member, Place inner)
    {
        if (crc is not null && member.Crc is not null && crc != member.Crc && !member.SaysEncrypted)
        {
            _log.AddGap(inner, "the checksum of the member does not match");
        }
    }

    private string ExamineInflated(Stream decompressor, ZipMember member, Place inner)
    {
        var crc = ReflectedCrc.Crc32();
        using var inflated = new InflatedStream(decompressor, examiner.Budget, crc);
        var format = examiner.ExamineInflated(inflated, member.Name, inner with { Start = null });
        if (member.Size <= Limits.ZipCheckedBytes)
        {
            inflated.ReadToEnd();
            if (inflated.Problem is not null)
            {
                _log.AddGap(inner, inflated.Problem);
            }
        }
        if (inflated.Ended)
        {
            Compare((uint)crc.Value, member, inner);
        }
        if (inflated.Inflated > member.Size || (inflated.Ended && inflated.Inflated < member.Size))
        {
            _log.AddGap(inner, "its size is not the one the archive says");
        }
        return format;
    }

    /// <summary>Looks for members that lie over each other, and for members between those that the directory lists.</summary>
    private void CheckLayout(ZipDirectory directory, Stream stream, Place place)
    {
        var (end, hiddenMembers) = (0L, 0);
        foreach (var member in directory.Members.OrderBy(m => m.Start).ThenBy(m => m.DataEnd))
        {
            if (member.Start < end)
            {
                _log.AddOddity("zip-overlap", place, member.Name, member.Start);
            }
            else
            {
                ExamineBetween(end, member.Start);
            }
            end = Math.Max(end, member.DataEnd);
        }
        ExamineBetween(end, directory.DirectoryStart);

        void ExamineBetween(long from, long to)
        {
            // A descriptor of sizes is at most 24 bytes; a header is at least 30. Alignment padding lies inside headers.
            const int window = 64 << 10;
            while (to - from >= 30)
            {
                var bytes = directory.Bytes(from, (int)Math.Min(to - from, window)).AsSpan();
                var next = from + Math.Max(1, bytes.Length - 3);
                for (var at = 0; bytes[at..].IndexOf("PK\x03\x04"u8) is var found and >= 0; at += 4)
                {
                    at += found;
                    if (directory.ReadHidden(from + at) is not { } hidden)
                    {
                        continue;
                    }
                    if (++hiddenMembers > HiddenMembers)
                    {
                        _log.AddGap(place, $"more than {HiddenMembers} members that the directory does not list");
                        return;
                    }
                    _log.AddOddity("zip-hidden-member", place, hidden.Name, hidden.Start);
                    ExamineMember(hidden, stream, place);
                    next = Math.Max(hidden.DataEnd, from + at + 4);
                    break;
                }
                from = next;
            }
        }
    }

    private string Describe(ZipDirectory directory, Place place)
    {
        if (
            directory.Lists("metadata.json")
            && directory.Lists(KerasConfiguration)
            && directory.Members.Exists(m => m.Name.EndsWith(".weights.h5", StringComparison.Ordinal))
        )
        {
            if (_configuration != JsonSettings.KerasFormat)
            {
                _log.AddGap(place, "the configuration of a Keras archive cannot be read");
            }
            return "Keras archive";
        }
        if (directory.Lists(SkopsSchema))
        {
            if (_schema != JsonSettings.SkopsFormat)
            {
                _log.AddGap(place, "the schema of a skops archive cannot be read");
            }
            return "skops archive";
        }
        return directory.Members.Exists(m => TorchScriptCode.IsCode(m.Name)) ? "TorchScript archive"
            : directory.Members.Exists(m => m.Name == "data.pkl" || m.Name.EndsWith("/data.pkl", StringComparison.Ordinal))
                ? "PyTorch (zip)"
            : "zip archive";
    }
}
