namespace ArtifactTrust.Audit;

/// <summary>A log on disk that is not what its signed checkpoint says. Nothing is appended to such a log and nothing of it is returned.</summary>
/// <param name="path">The file, relative to the log's directory.</param>
/// <param name="reason">What is wrong with it, and what to do.</param>
/// <param name="innerException">The lower-level failure, where there is one.</param>
public sealed class DamagedLogException(string path, string reason, Exception? innerException = null)
    : IOException($"the audit log is damaged at '{path}': {reason}", innerException)
{
    /// <summary>The file, relative to the log's directory.</summary>
    public string Path { get; } = path;

    /// <summary>What is wrong with it, and what to do.</summary>
    public string Reason { get; } = reason;
}
