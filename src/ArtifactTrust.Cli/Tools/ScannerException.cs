namespace ArtifactTrust.Cli.Tools;

/// <summary>A scanner, or what it needs, failed: nothing is known about the subject. The exit code is that of "could not tell".</summary>
/// <param name="message">What happened.</param>
/// <param name="hint">What the reader can do; null where nothing is known.</param>
/// <param name="excerpt">The end of what the tool wrote to standard error, made fit to be shown; null where it wrote nothing.</param>
/// <param name="innerException">The lower-level failure, where there is one.</param>
internal sealed class ScannerException(string message, string? hint = null, string? excerpt = null, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>What the reader can do.</summary>
    public string? Hint { get; } = hint;

    /// <summary>The end of the tool's standard error.</summary>
    public string? Excerpt { get; } = excerpt;
}
