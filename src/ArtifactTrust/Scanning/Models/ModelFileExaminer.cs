using System.Buffers.Binary;
using System.IO.Compression;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Examines one file, and what is packed in it, by content.</summary>
internal sealed class ModelFileExaminer(ModelScanRules rules, CancellationToken cancellation)
{
    private readonly InflationBudget _budget = new();
    private readonly List<(ModelImport Import, ModelScanRule? Rule)> _imports = [];
    private readonly List<(ModelScanRule Rule, string Location, string? Detail)> _oddities = [];
    private readonly List<string> _gaps = [];
    private bool _examined;

    /// <summary>Examines a file.</summary>
    /// <param name="name">The path below the subject.</param>
    /// <param name="stream">The content; it can seek.</param>
    internal FileScan Examine(string name, Stream stream)
    {
        var size = stream.Length;
        var format = Examine(stream, "", 0);
        var findings = ScanReport.Sort(
            _imports
                .Where(i => i.Rule is not null)
                .Select(i => Found(name, i.Import, i.Rule!))
                .Concat(_oddities.Select(o => Found(name, o)))
        );
        var verdict =
            findings.Count > 0 ? FileVerdict.Findings
            : _gaps.Count > 0 ? FileVerdict.Inconclusive
            : _examined ? FileVerdict.Clean
            : FileVerdict.NotApplicable;
        return new FileScan(name, size, format, verdict, findings, [.. _gaps.Distinct()], [.. _imports.Select(i => i.Import)]);
    }

    private static Finding Found(string name, ModelImport import, ModelScanRule rule) =>
        new(rule.Id, FindingClass.ModelFile, rule.Severity, name)
        {
            Title = $"imports {Printable.Text($"{import.Module}.{import.Name}")}, {rule.Reason}",
            Location = import.Location,
            PrimaryUrl = rule.Reference,
        };

    private static Finding Found(string name, (ModelScanRule Rule, string Location, string? Detail) oddity) =>
        new(oddity.Rule.Id, FindingClass.ModelFile, oddity.Rule.Severity, name)
        {
            Title = oddity.Detail is null ? oddity.Rule.Reason : $"{oddity.Rule.Reason}: {Printable.Text(oddity.Detail)}",
            Location = oddity.Location,
            PrimaryUrl = oddity.Rule.Reference,
        };

    /// <summary>Examines bytes that can be read at any place.</summary>
    /// <param name="stream">The bytes.</param>
    /// <param name="prefix">The archive members that lead here, with <c>!</c> between; empty for the file itself.</param>
    /// <param name="depth">How many archives lead here.</param>
    /// <returns>The format, in words.</returns>
    private string Examine(Stream stream, string prefix, int depth)
    {
        cancellation.ThrowIfCancellationRequested();
        var head = new byte[(int)Math.Min(FileFormat.HeadBytes, stream.Length)];
        stream.Position = 0;
        var read = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        var format = FileFormat.Recognize(head.AsSpan(0, read));
        if (format.Treatment is FormatTreatment.Zip)
        {
            return ExamineZip(stream, prefix, depth);
        }
        stream.Position = 0;
        var result = ExamineForward(format, stream, stream.Length, prefix, depth);
        // Readers of archives look at the end of a file only: it may be an archive and something else.
        if (ZipDirectory.HasEnd(stream))
        {
            AddOddity("zip-appended", prefix);
            ExamineZip(stream, prefix, depth);
        }
        return result;
    }

    private string ExamineForward(FileFormat format, Stream stream, long? length, string prefix, int depth)
    {
        switch (format.Treatment)
        {
            case FormatTreatment.Unexamined:
                AddGap(prefix, $"{format.Name} is not examined by this version");
                break;
            case FormatTreatment.Native:
                AddOddity("native-code", prefix, format.Name);
                break;
            case FormatTreatment.Numpy:
                ExamineNumpy(new PickleInput(stream, length), prefix, depth);
                return format.Name;
            case FormatTreatment.Gzip:
                return ExamineCompressed(
                    new GZipStream(stream, CompressionMode.Decompress, leaveOpen: true),
                    format.Name,
                    prefix,
                    depth,
                    stream.CanSeek ? SizeAtEnd(stream) : null
                );
            case FormatTreatment.Zlib when stream.CanSeek:
                // Two bytes are little to go by: if it does not inflate, it is something else.
                if (Inflates(stream))
                {
                    return ExamineCompressed(
                        new ZLibStream(stream, CompressionMode.Decompress, leaveOpen: true),
                        format.Name,
                        prefix,
                        depth
                    );
                }
                format = format with { Name = "unknown" };
                break;
            case FormatTreatment.Zlib:
                AddGap(prefix, "it begins like zlib data inside compressed data, which is not examined");
                break;
            case FormatTreatment.Probe:
            case FormatTreatment.Zip:
            default:
                break;
        }
        return ExaminePickle(new PickleInput(stream, length), prefix, depth, expected: false) is { IsPickle: true } pickle
            ? pickle.Format
            : format.Name;
    }

    private PickleVerdict ExaminePickle(PickleInput input, string prefix, int depth, bool expected)
    {
        var events = new PickleEvents(rules, prefix);
        var verdict = new PickleExaminer(rules, depth, cancellation).Examine(input, events, expected, exact: depth == 0);
        foreach (var import in events.Imports)
        {
            if (_imports.Count < Limits.PickleImports)
            {
                _imports.Add(import);
            }
            else
            {
                AddGap("", $"more than {Limits.PickleImports} imports");
                break;
            }
        }
        _oddities.AddRange(events.Oddities.Select(o => (o.Rule, o.Location, (string?)null)));
        if (events.IsFull)
        {
            AddGap(prefix, $"more than {Limits.PickleImports} imports");
        }
        if (verdict.Gap is not null)
        {
            AddGap(prefix, verdict.Gap);
        }
        _examined |= verdict.IsPickle;
        return verdict;
    }

    private void ExamineNumpy(PickleInput input, string prefix, int depth)
    {
        switch (NumpyHeader.Read(input))
        {
            case NumpyContent.Plain:
                // Numbers: examined, as far as that means to see that no loader unpickles them.
                _examined = true;
                break;
            case NumpyContent.Objects:
                ExaminePickle(input, prefix, depth, expected: true);
                break;
            case NumpyContent.Unclear:
                AddGap(prefix, "the header is not in the form NumPy writes");
                ExaminePickle(input, prefix, depth, expected: false);
                break;
            case NumpyContent.Malformed:
            default:
                AddGap(prefix, "the header of the array is damaged or too long");
                break;
        }
    }

    /// <summary>RFC 1952 §2.3.1: the size of the content, modulo 2^32, in the last four bytes.</summary>
    private static uint? SizeAtEnd(Stream stream)
    {
        var size = new byte[4];
        var start = stream.Position;
        stream.Position = Math.Max(0, stream.Length - size.Length);
        var read = stream.ReadAtLeast(size, size.Length, throwOnEndOfStream: false);
        stream.Position = start;
        return read == size.Length ? BinaryPrimitives.ReadUInt32LittleEndian(size) : 0;
    }

    private string ExamineCompressed(Stream decompressor, string name, string prefix, int depth, uint? size = null)
    {
        if (depth >= Limits.ModelFileNesting)
        {
            AddGap(prefix, "archives lie too deep inside each other");
            decompressor.Dispose();
            return name;
        }
        var inner = prefix.Length == 0 ? name : $"{prefix}!{name}";
        using var inflated = new InflatedStream(decompressor, _budget);
        var result = $"{name}, {ExamineInflated(inflated, null, inner, depth + 1)} inside";
        // The decompressor does not mind where the data stops in the middle.
        if (inflated.Ended && size is not null && size != (uint)inflated.Inflated)
        {
            AddGap(prefix, "its size is not the one it ends with: it is cut short, or made of several parts");
        }
        return result;
    }

    private string ExamineInflated(InflatedStream inflated, long? length, string prefix, int depth)
    {
        var format = FileFormat.Recognize(inflated.Peek(FileFormat.HeadBytes));
        string result;
        if (format.Treatment == FormatTreatment.Zip)
        {
            // A directory is read from its end, so that all of the archive has to be there.
            var bytes = new MemoryStream();
            var buffer = new byte[64 << 10];
            for (int read; (read = inflated.Read(buffer)) > 0 && bytes.Length <= Limits.NestedArchiveBytes; )
            {
                bytes.Write(buffer, 0, read);
            }
            if (bytes.Length > Limits.NestedArchiveBytes)
            {
                AddGap(prefix, $"an archive of more than {Limits.NestedArchiveBytes} bytes inside compressed data");
                return format.Name;
            }
            result = ExamineZip(bytes, prefix, depth);
        }
        else
        {
            result = ExamineForward(format, inflated, length, prefix, depth);
        }
        if (inflated.Problem is not null)
        {
            AddGap(prefix, inflated.Problem);
        }
        return result;
    }

    private static bool Inflates(Stream stream)
    {
        using var probe = new InflatedStream(new ZLibStream(stream, CompressionMode.Decompress, leaveOpen: true), new InflationBudget());
        var inflates = !probe.Peek(64).IsEmpty;
        stream.Position = 0;
        return inflates;
    }

    private string ExamineZip(Stream stream, string prefix, int depth)
    {
        if (depth >= Limits.ModelFileNesting)
        {
            AddGap(prefix, "archives lie too deep inside each other");
            return "zip archive";
        }
        ZipDirectory directory;
        try
        {
            directory = ZipDirectory.Read(stream);
        }
        catch (MalformedDataException e)
        {
            AddGap(prefix, $"the archive is damaged ({e.Location}: {e.Reason})");
            return "zip archive (damaged)";
        }
        if (directory.IsAmbiguous)
        {
            AddOddity("zip-ambiguous", prefix);
        }
        CheckLayout(directory, stream, prefix, depth);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in directory.Members)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!names.Add(member.Name))
            {
                AddOddity("zip-duplicate", prefix, member.Name);
            }
            if (member.Disagreement is not null)
            {
                AddOddity("zip-header-mismatch", prefix, $"{member.Name}: {member.Disagreement}");
            }
            if (EscapesDirectory(member.Name))
            {
                AddOddity("zip-path", prefix, member.Name);
            }
            if (member.Size > 0 || member.CompressedSize > 0)
            {
                ExamineMember(member, stream, prefix, depth);
            }
        }
        return Describe(directory, names, prefix);
    }

    private void ExamineMember(ZipMember member, Stream stream, string prefix, int depth)
    {
        var inner = prefix.Length == 0 ? member.Name : $"{prefix}!{member.Name}";
        if (member.SaysEncrypted)
        {
            // Some loaders ignore the flag, so that the data is looked at as if it were plain.
            AddGap(inner, "it is encrypted, or says so");
        }
        var data = new RangeStream(stream, member.DataStart, member.CompressedSize);
        switch (member.Method)
        {
            case 0:
                if (member.Size != member.CompressedSize && !member.SaysEncrypted)
                {
                    AddGap(inner, "it is stored in another size than its own");
                }
                Examine(data, inner, depth + 1);
                break;
            case 8:
                using (var inflated = new InflatedStream(new DeflateStream(data, CompressionMode.Decompress, leaveOpen: true), _budget))
                {
                    ExamineInflated(inflated, null, inner, depth + 1);
                    if (inflated.Inflated > member.Size || (inflated.Ended && inflated.Inflated < member.Size))
                    {
                        AddGap(inner, "its size is not the one the archive says");
                    }
                }
                break;
            default:
                AddGap(inner, $"it is compressed by method {member.Method}, which is not read here");
                break;
        }
    }

    /// <summary>Looks for members that lie over each other, and for members between those that the directory lists.</summary>
    private void CheckLayout(ZipDirectory directory, Stream stream, string prefix, int depth)
    {
        var (end, hiddenMembers) = (0L, 0);
        foreach (var member in directory.Members.OrderBy(m => m.Start).ThenBy(m => m.DataEnd))
        {
            if (member.Start < end)
            {
                AddOddity("zip-overlap", prefix, member.Name);
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
            while (to - from >= 30 && hiddenMembers < 100)
            {
                var at = directory.Bytes(from, (int)Math.Min(to - from, 64 << 10)).AsSpan().IndexOf("PK\x03\x04"u8);
                if (at < 0 || directory.ReadHidden(from + at) is not { } hidden)
                {
                    return;
                }
                hiddenMembers++;
                AddOddity("zip-hidden-member", prefix, hidden.Name);
                ExamineMember(hidden, stream, prefix, depth);
                from = hidden.DataEnd;
            }
        }
    }

    private string Describe(ZipDirectory directory, HashSet<string> names, string prefix)
    {
        if (
            names.Contains("config.json")
            && names.Contains("metadata.json")
            && names.Any(n => n.EndsWith(".weights.h5", StringComparison.Ordinal))
        )
        {
            AddGap(prefix, "the layers of a Keras archive are not examined by this version");
            return "Keras archive";
        }
        if (names.Contains("schema.json"))
        {
            AddGap(prefix, "the types named in a skops archive are not examined by this version");
            return "skops archive";
        }
        if (
            directory.Members.Exists(m =>
                m.Name.Contains("/code/", StringComparison.Ordinal) && m.Name.EndsWith(".py", StringComparison.Ordinal)
            )
        )
        {
            AddGap(prefix, "the source code of a TorchScript archive is not examined by this version");
            return "TorchScript archive";
        }
        return directory.Members.Exists(m => m.Name == "data.pkl" || m.Name.EndsWith("/data.pkl", StringComparison.Ordinal))
            ? "PyTorch (zip)"
            : "zip archive";
    }

    private static bool EscapesDirectory(string name) =>
        name.StartsWith('/')
        || name.Contains('\\', StringComparison.Ordinal)
        || name.Contains('\0', StringComparison.Ordinal)
        || (name.Length > 1 && name[1] == ':')
        || name.Split('/').Contains("..");

    private void AddOddity(string rule, string prefix, string? detail = null)
    {
        // One of a kind is enough to say so; an archive of 200,000 duplicates is not 200,000 findings.
        if (!_oddities.Exists(o => o.Rule.Id == rule && o.Location == prefix))
        {
            _oddities.Add((rules[rule], prefix, detail));
        }
    }

    private void AddGap(string prefix, string reason)
    {
        const int enough = 100;
        if (_gaps.Count < enough)
        {
            _gaps.Add(prefix.Length == 0 ? reason : $"{Printable.Text(prefix)}: {reason}");
        }
        else if (_gaps.Count == enough)
        {
            _gaps.Add("and more");
        }
    }
}

/// <summary>Text from a file, made fit to be shown.</summary>
internal static class Printable
{
    /// <summary>The text with control characters and other invisible ones replaced, and cut where it is long.</summary>
    internal static string Text(string text)
    {
        const int longest = 200;
        var shown = text.Length <= longest ? text : $"{text.AsSpan(0, longest)}…";
        return string.Create(
            shown.Length,
            shown,
            static (span, from) =>
            {
                for (var i = 0; i < from.Length; i++)
                {
                    span[i] =
                        char.IsControl(from[i]) || char.GetUnicodeCategory(from[i]) is System.Globalization.UnicodeCategory.Format
                            ? '\uFFFD'
                            : from[i];
                }
            }
        );
    }
}
