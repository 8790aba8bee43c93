using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Data;

/// <summary>One kind of data about people in one column of a file.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Path">The column, the path of a JSON value, or <c>(text)</c>.</param>
/// <param name="Count">How often it was found. Of a Parquet column with a dictionary, in how many different values.</param>
/// <param name="Confidence">How sure that is, the best of all.</param>
/// <param name="Samples">What some of them look like, never what they are: <c>a letter and 22 more characters</c>.</param>
/// <param name="FirstLine">The line of the first one in a text, from 1, or null.</param>
public sealed record PersonalDataColumn(
    PersonalDataKind Kind,
    string Path,
    long Count,
    Confidence Confidence,
    IReadOnlyList<string> Samples,
    int? FirstLine
);

/// <summary>A file, looked through for data about people.</summary>
/// <param name="Name">The path below the subject.</param>
/// <param name="Format">What the file was read as.</param>
/// <param name="Values">How many values were looked at: cells, strings, lines.</param>
/// <param name="Columns">What was found, by path in code point order.</param>
/// <param name="Gaps">What could not be examined, one sentence each.</param>
public sealed record DataFileScan(
    string Name,
    string Format,
    long Values,
    IReadOnlyList<PersonalDataColumn> Columns,
    IReadOnlyList<string> Gaps
);

/// <summary>A look through files for data about people.</summary>
/// <param name="StartedOn">When it started, UTC.</param>
/// <param name="FinishedOn">When it finished, UTC.</param>
/// <param name="Files">The files, as given.</param>
public sealed record DataScanReport(DateTimeOffset StartedOn, DateTimeOffset FinishedOn, IReadOnlyList<DataFileScan> Files)
{
    /// <summary>How often a kind was found, in all files.</summary>
    public long Count(PersonalDataKind kind) => Files.SelectMany(f => f.Columns).Where(c => c.Kind == kind).Sum(c => c.Count);

    /// <summary>The same as a scanner's report: a finding for each kind in each column.</summary>
    /// <param name="target">What was scanned, for people.</param>
    public ScanReport ToScanReport(string target) =>
        new(
            DataScanner.Identity,
            target,
            StartedOn,
            FinishedOn,
            ScanReport.Sort(Files.SelectMany(f => f.Columns.Select(c => ToFinding(f, c)))),
            [.. Files.SelectMany(f => f.Gaps.Select(g => $"{f.Name}: {g}")).Order(CodePointOrder.Instance)]
        );

    private static Finding ToFinding(DataFileScan file, PersonalDataColumn column) =>
        new(column.Kind.ToWord(), FindingClass.PersonalData, column.Kind.SeverityOf(column.Confidence), file.Name)
        {
            Title =
                $"{column.Count} {column.Kind.Title()}{(column.Confidence == Confidence.Low ? ", as many as chance explains" : "")}: {string.Join("; ", column.Samples)}",
            Location = column.Path,
            StartLine = column.FirstLine,
            EndLine = column.FirstLine,
        };
}
