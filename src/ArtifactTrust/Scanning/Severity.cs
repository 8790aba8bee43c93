namespace ArtifactTrust.Scanning;

/// <summary>How bad a finding is. The order is the numeric order; a scanner's word that is not known here becomes <see cref="Unknown"/>.</summary>
/// <remarks><see cref="Unknown"/> is the lowest but it is no statement of harmlessness: a policy says itself what it does with it.</remarks>
public enum Severity
{
    /// <summary>The scanner did not say, or said it in a word not known here.</summary>
    Unknown,

    /// <summary>Low.</summary>
    Low,

    /// <summary>Medium.</summary>
    Medium,

    /// <summary>High.</summary>
    High,

    /// <summary>Critical.</summary>
    Critical,
}

/// <summary>The words for severities.</summary>
public static class SeverityWords
{
    /// <summary>Every severity, the worst first.</summary>
    public static IReadOnlyList<Severity> WorstFirst { get; } =
    [Severity.Critical, Severity.High, Severity.Medium, Severity.Low, Severity.Unknown];

    /// <summary>The word in upper case, as Trivy writes it.</summary>
    public static string ToWord(this Severity severity) =>
        severity switch
        {
            Severity.Critical => "CRITICAL",
            Severity.High => "HIGH",
            Severity.Medium => "MEDIUM",
            Severity.Low => "LOW",
            _ => "UNKNOWN",
        };

    /// <summary>The severity of a word in any case; <see cref="Severity.Unknown"/> for every other text.</summary>
    public static Severity Parse(string? word) => TryParse(word, out var severity) ? severity : Severity.Unknown;

    /// <summary>Whether the text is one of the five words, in any case.</summary>
    public static bool TryParse(string? word, out Severity severity)
    {
        foreach (var candidate in WorstFirst)
        {
            if (string.Equals(word, candidate.ToWord(), StringComparison.OrdinalIgnoreCase))
            {
                severity = candidate;
                return true;
            }
        }
        severity = Severity.Unknown;
        return false;
    }
}
