using System.IO.Compression;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Formats.Zstandard;
using ArtifactTrust.Hashing;
using ArtifactTrust.Scanning.Models;

namespace ArtifactTrust.Scanning.Data;

/// <summary>Looks through files for data about people.</summary>
/// <remarks>
/// Read are delimited text, JSON and JSON lines, other text, and gzip or Zstandard around these; Parquet and Arrow; by content, whatever the name. Memory is bounded, whatever
/// the size. What a finding is of is never repeated, only its kind, its column and how many there are.
/// </remarks>
/// <param name="time">The clock for the report's times.</param>
public sealed class DataScanner(TimeProvider? time = null)
{
    /// <summary>What reports call the scanner.</summary>
    public const string Uri = "pkg:generic/artifact-trust/personal-data-scan";

    /// <summary>Changes with the detectors.</summary>
    public const string Version = "2026.11.1";

    internal const string TextPath = "(text)";

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>The scanner, as reports name it.</summary>
    public static ScannerIdentity Identity { get; } = new("personal data scan", Uri, Version, null, null);

    /// <summary>Looks through the files of a tree.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="files">Its files, as listed; one that cannot be read (<see cref="FileTree.ListAll"/>) is a gap.</param>
    /// <param name="progress">Told the size of each file when it is done, in bytes.</param>
    /// <param name="cancellation">Stops inside a file too.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public DataScanReport Scan(
        FileTree tree,
        IReadOnlyList<TreeFile> files,
        IProgress<long>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(files);
        var started = _time.GetUtcNow();
        var scans = new List<DataFileScan>(files.Count);
        foreach (var file in files)
        {
            using var stream = tree.TryOpenRead(file, out var obstacle);
            if (stream is null)
            {
                scans.Add(new DataFileScan(file.Name, "unknown", 0, [], [obstacle!]));
                continue;
            }
            scans.Add(ScanFile(file.Name, stream, cancellation));
            progress?.Report(file.Size);
        }
        return new DataScanReport(started, _time.GetUtcNow(), scans);
    }

    /// <summary>A report of one file.</summary>
    /// <param name="name">Its name in the report.</param>
    /// <param name="stream">Its content, which must be able to seek.</param>
    /// <param name="cancellation">Stops inside the file too.</param>
    public DataScanReport Scan(string name, Stream stream, CancellationToken cancellation = default)
    {
        var started = _time.GetUtcNow();
        var scan = ScanFile(name, stream, cancellation);
        return new DataScanReport(started, _time.GetUtcNow(), [scan]);
    }

    /// <summary>Looks through one file.</summary>
    /// <inheritdoc cref="Scan(string, Stream, CancellationToken)"/>
    public static DataFileScan ScanFile(string name, Stream stream, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanSeek)
        {
            throw new ArgumentException("the stream must be able to seek", nameof(stream));
        }
        var tally = new ColumnTally();
        var gaps = new List<string>();
        stream.Position = 0;
        var (format, delimiter, other) = DataFormats.Tell(name, Head(stream));
        if (other is not null)
        {
            gaps.Add($"{other} is not examined for data about people");
        }
        var word = Word(format);
        try
        {
            if (format is DataFormat.Gzip or DataFormat.Zstandard)
            {
                word = $"{word} of {ScanCompressed(name, stream, format, tally, gaps, cancellation)}";
            }
            else if (format == DataFormat.Arrow)
            {
                gaps.AddRange(new ArrowValues(stream).Walk((path, value) => tally.Add(path, path, value), cancellation));
            }
            else if (format == DataFormat.Parquet)
            {
                gaps.AddRange(new ParquetValues(stream).Walk((path, value) => tally.Add(path, path, value), cancellation));
            }
            else
            {
                ScanStream(() => At(stream, 0), format, delimiter, tally, gaps, cancellation);
            }
        }
        catch (Exception e) when (e is MalformedDataException or InvalidDataException)
        {
            gaps.Add(e is MalformedDataException m ? $"{m.Location}: {m.Reason}" : e.Message);
        }
        return new DataFileScan(name, word, tally.Values, tally.ToColumns(), gaps);
    }

    private static string ScanCompressed(
        string name,
        Stream stream,
        DataFormat compression,
        ColumnTally tally,
        List<string> gaps,
        CancellationToken cancellation
    )
    {
        LimitedStream? last = null;
        LimitedStream Open() =>
            last = new LimitedStream(
                compression == DataFormat.Gzip
                    ? new GZipStream(At(stream, 0), CompressionMode.Decompress, leaveOpen: true)
                    : new ZstandardStream(At(stream, 0), Limits.ZstandardLargestWindowBytes, leaveOpen: true),
                new InflationBudget()
            );
        byte[] head;
        using (var opened = Open())
        {
            head = Head(opened);
        }
        var (format, delimiter, other) = DataFormats.Tell(name, head);
        if (format is DataFormat.Parquet or DataFormat.Arrow or DataFormat.Gzip or DataFormat.Zstandard || other is not null)
        {
            gaps.Add($"{other ?? Word(format)} inside of {Word(compression)} is not examined for data about people");
            return Word(format);
        }
        ScanStream(Open, format, delimiter, tally, gaps, cancellation);
        // The decompressor takes the end of the file for the end of the text, so a file that was cut off looks whole.
        if (compression == DataFormat.Gzip && last is not null && SizeAtEnd(stream) is var size && size != 0 && size != (uint)last.Position)
        {
            gaps.Add("the gzip file is cut off, or has several parts");
        }
        return Word(format);
    }

    /// <summary>The size of the last part as it is written at the end, modulo 2^32 (RFC 1952 §2.3.1); block gzip ends with an empty part.</summary>
    private static uint SizeAtEnd(Stream stream)
    {
        if (stream.Length < 18)
        {
            return uint.MaxValue;
        }
        var tail = new byte[4];
        stream.Position = stream.Length - 4;
        stream.ReadExactly(tail);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(tail);
    }

    private static void ScanStream(
        Func<Stream> open,
        DataFormat format,
        char delimiter,
        ColumnTally tally,
        List<string> gaps,
        CancellationToken cancellation
    )
    {
        try
        {
            switch (format)
            {
                case DataFormat.Delimited:
                    ScanDelimited(open(), delimiter, tally, cancellation);
                    return;
                case DataFormat.Json:
                    new JsonValues(open()).Walk(
                        (part, path, member, value) =>
                        {
                            tally.Add(part == JsonPart.Name ? path.Names : path.Text, part == JsonPart.Name ? null : member, value);
                            return null;
                        },
                        cancellation
                    );
                    return;
                case DataFormat.Text:
                    ScanText(open(), tally, cancellation);
                    return;
                default:
                    return;
            }
        }
        catch (MalformedDataException e)
        {
            // Read as text nothing is decoded, so that there may be more than is found.
            gaps.Add($"{Word(format)} that cannot be read as such ({e.Location}: {e.Reason}); it was looked through as text");
            ScanText(open(), tally, cancellation);
        }
    }

    private static void ScanDelimited(Stream stream, char delimiter, ColumnTally tally, CancellationToken cancellation)
    {
        using var reader = new StreamReader(stream, new UTF8Encoding(false), true, 64 << 10, leaveOpen: true);
        var table = new DelimitedTable(new DelimitedText(reader, delimiter));
        while (table.Read())
        {
            cancellation.ThrowIfCancellationRequested();
            tally.Add(table.ColumnName, table.Hint, table.Text.ValueSpan, null);
        }
    }

    private static void ScanText(Stream stream, ColumnTally tally, CancellationToken cancellation)
    {
        using var lines = new TextLines(stream);
        while (lines.Read())
        {
            cancellation.ThrowIfCancellationRequested();
            tally.Add(TextPath, null, lines.Text, lines.Line, lines.Own);
        }
    }

    private static byte[] Head(Stream stream)
    {
        var head = new byte[DataFormats.HeadBytes];
        return head[..stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
    }

    private static Stream At(Stream stream, long position)
    {
        stream.Position = position;
        return stream;
    }

    private static string Word(DataFormat format) =>
        format switch
        {
            DataFormat.Delimited => "delimited text",
            DataFormat.Json => "JSON",
            DataFormat.Text => "text",
            DataFormat.Parquet => "Parquet",
            DataFormat.Arrow => "Arrow",
            DataFormat.Gzip => "gzip",
            DataFormat.Zstandard => "Zstandard",
            DataFormat.NoRecords => "no records",
            _ => "not known",
        };
}
