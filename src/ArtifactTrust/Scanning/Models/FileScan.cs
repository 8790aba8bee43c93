using ArtifactTrust.Scanning.Secrets;

namespace ArtifactTrust.Scanning.Models;

/// <summary>How the examination of one file ended. The zero value is no success.</summary>
public enum FileVerdict
{
    /// <summary>The file, or a part of it, could not be examined: damaged, encrypted, compressed in a way not read here, over a limit.</summary>
    Inconclusive,

    /// <summary>Something was found. Parts may be unexamined besides; the gaps say so.</summary>
    Findings,

    /// <summary>The format has no place for code that runs on loading, as far as this scanner knows; nothing was examined.</summary>
    NotApplicable,

    /// <summary>The format can hold code, all of it was examined, and nothing was found.</summary>
    Clean,
}

/// <summary>One file, examined.</summary>
/// <param name="Name">The path below the subject, with <c>/</c> between its parts.</param>
/// <param name="Size">The size, in bytes.</param>
/// <param name="Format">What the content is, in words; never concluded from the name.</param>
/// <param name="Verdict">How the examination ended.</param>
/// <param name="Findings">What was found, the worst first.</param>
/// <param name="Gaps">What could not be examined, one sentence each.</param>
/// <param name="Imports">Everything the file imports when it is loaded, allowed or not.</param>
public sealed record FileScan(
    string Name,
    long Size,
    string Format,
    FileVerdict Verdict,
    IReadOnlyList<Finding> Findings,
    IReadOnlyList<string> Gaps,
    IReadOnlyList<ModelImport> Imports
)
{
    /// <summary>The same of the file under another name that it has, as a link gives it one.</summary>
    public FileScan Named(string name) =>
        this with
        {
            Name = SecretMask.Of(name),
            Findings = [.. Findings.Select(f => f with { Target = SecretMask.Of(name) })],
        };
}

/// <summary>The examination of all files of a model or dataset.</summary>
/// <param name="Rules">The rules that were applied.</param>
/// <param name="StartedOn">When it started, UTC.</param>
/// <param name="FinishedOn">When it finished, UTC.</param>
/// <param name="Files">Every file, in code point order of the names.</param>
public sealed record ModelScanReport(
    ModelScanRules Rules,
    DateTimeOffset StartedOn,
    DateTimeOffset FinishedOn,
    IReadOnlyList<FileScan> Files
)
{
    /// <summary>How many files ended so.</summary>
    public int Count(FileVerdict verdict) => Files.Count(f => f.Verdict == verdict);

    /// <summary>The same as a scanner's report: all findings, the worst first, and all gaps with the file they are in.</summary>
    /// <param name="target">What was scanned, for people.</param>
    public ScanReport ToScanReport(string target) =>
        new(
            new ScannerIdentity("artifact-trust model scan", ModelScanner.Uri, Rules.Version, Rules.Digest, null),
            target,
            StartedOn,
            FinishedOn,
            ScanReport.Sort(Files.SelectMany(f => f.Findings)),
            [.. Files.SelectMany(f => f.Gaps.Select(g => $"{f.Name}: {g}"))]
        );
}
