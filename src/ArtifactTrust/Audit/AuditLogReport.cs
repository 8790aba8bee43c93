using System.Diagnostics.CodeAnalysis;
using ArtifactTrust.Transparency;

namespace ArtifactTrust.Audit;

/// <summary>What can be wrong with a log on disk.</summary>
public enum AuditLogProblemKind
{
    /// <summary>The checkpoint is missing, cannot be read, or is not signed by the key for this log. Nothing else was compared.</summary>
    Checkpoint,

    /// <summary>A file that the checkpoint needs is missing.</summary>
    Missing,

    /// <summary>A file is there and cannot be read: the device failed, the right to read it is missing, or it is no regular file.</summary>
    Unreadable,

    /// <summary>A file has the wrong length or cannot be read as what it is.</summary>
    Malformed,

    /// <summary>A file's content is not what the checkpoint covers.</summary>
    Changed,

    /// <summary>A file that no log has.</summary>
    Extra,

    /// <summary>The entries and tiles agree with each other but not with the checkpoint: they were written anew.</summary>
    Rewritten,

    /// <summary>The log was at a later or another state before.</summary>
    SetBack,
}

/// <summary>One thing wrong with a log.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Path">The file, relative to the log's directory.</param>
/// <param name="Index">The first entry concerned, or null where it is not about one.</param>
/// <param name="Message">What is wrong, for people.</param>
public sealed record AuditLogProblem(AuditLogProblemKind Kind, string Path, long? Index, string Message);

/// <summary>The answer of <see cref="AuditLog.Verify(VerifiedCheckpoint, IProgress{long}, CancellationToken)"/>.</summary>
public sealed class AuditLogReport
{
    /// <summary>How many problems and leftovers are listed at most; all are counted.</summary>
    public const int ListedAtMost = 1000;

    internal AuditLogReport(
        VerifiedCheckpoint? checkpoint,
        IReadOnlyList<AuditLogProblem> problems,
        long problemCount,
        IReadOnlyList<string> leftovers,
        bool isCompletelyChecked
    )
    {
        (Checkpoint, Problems, ProblemCount, Leftovers) = (checkpoint, problems, problemCount, leftovers);
        IsIntact = checkpoint is not null && problemCount == 0 && isCompletelyChecked;
    }

    /// <summary>The checkpoint, signed by the log's key; null where there is none.</summary>
    public VerifiedCheckpoint? Checkpoint { get; }

    /// <summary>What is wrong, at most the first 1000.</summary>
    public IReadOnlyList<AuditLogProblem> Problems { get; }

    /// <summary>How many things are wrong.</summary>
    public long ProblemCount { get; }

    /// <summary>
    /// Files beyond the checkpoint, at most 1000: an append is under way or was stopped before it ended, so no one was told that these
    /// records are logged. They do no harm, and the next append removes them.
    /// </summary>
    public IReadOnlyList<string> Leftovers { get; }

    /// <summary>Whether every entry, tile and the checkpoint are what the log's key signed, and nothing else is there.</summary>
    [MemberNotNullWhen(true, nameof(Checkpoint))]
    public bool IsIntact { get; }
}
