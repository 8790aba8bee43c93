namespace ArtifactTrust.Formats;

/// <summary>Input that cannot be read as the format it claims to be.</summary>
/// <param name="format">The format expected, such as <c>Sigstore bundle</c>.</param>
/// <param name="location">Where in the input: a JSON path, a line, a byte offset; <c>$</c> is the whole.</param>
/// <param name="reason">What was found, and what was expected instead.</param>
/// <param name="innerException">The lower-level failure, where there is one.</param>
public sealed class MalformedDataException(string format, string location, string reason, Exception? innerException = null)
    : FormatException($"malformed {format} at {location}: {reason}", innerException)
{
    /// <summary>The format expected.</summary>
    public string Format { get; } = format;

    /// <summary>Where in the input the problem is.</summary>
    public string Location { get; } = location;

    /// <summary>What was found, and what was expected instead.</summary>
    public string Reason { get; } = reason;
}
