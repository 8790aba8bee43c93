using System.Globalization;

namespace ArtifactTrust.Attestations.Predicates;

/// <summary>How bad a finding is. The zero value is not known, which a policy takes for worse than anything it allows.</summary>
public enum Severity
{
    /// <summary>The scanner gave none, or one not understood here.</summary>
    Unknown,

    /// <summary>No impact: a CVSS base score of 0.</summary>
    None,

    /// <summary>A CVSS v3 base score of 0.1 to 3.9.</summary>
    Low,

    /// <summary>A CVSS v3 base score of 4.0 to 6.9.</summary>
    Medium,

    /// <summary>A CVSS v3 base score of 7.0 to 8.9.</summary>
    High,

    /// <summary>A CVSS v3 base score of 9.0 to 10.</summary>
    Critical,
}

/// <summary>The words for severities.</summary>
public static class Severities
{
    /// <summary>Every severity, the worst first; what is not known comes last, though it is no statement of harmlessness.</summary>
    public static IReadOnlyList<Severity> WorstFirst { get; } =
    [Severity.Critical, Severity.High, Severity.Medium, Severity.Low, Severity.None, Severity.Unknown];

    /// <summary>The word in upper case, as Trivy and SARIF's readers write it.</summary>
    public static string ToWord(this Severity severity) => severity.ToString().ToUpperInvariant();

    /// <summary>The severity a scanner's word stands for, whatever its case.</summary>
    /// <remarks>
    /// Beside the words of CVSS: Debian and Ubuntu say negligible, GitHub and Red Hat moderate, Red Hat important.
    /// </remarks>
    public static Severity FromWord(string? word) =>
        word?.ToUpperInvariant() switch
        {
            "CRITICAL" => Severity.Critical,
            "HIGH" or "IMPORTANT" => Severity.High,
            "MEDIUM" or "MODERATE" => Severity.Medium,
            "LOW" or "NEGLIGIBLE" => Severity.Low,
            "NONE" => Severity.None,
            _ => Severity.Unknown,
        };

    /// <summary>The severity of a score by a scoring method.</summary>
    /// <remarks>
    /// Spec: CVSS v3.1 §5. A number counts only where the method says that it is a CVSS one: 0.9 by EPSS is not a low severity.
    /// </remarks>
    internal static Severity FromScore(string method, string score)
    {
        if (FromWord(score) is var word and not Severity.Unknown)
        {
            return word;
        }
        var isCvss =
            method.Contains("cvss", StringComparison.OrdinalIgnoreCase) || method.Contains("nvd", StringComparison.OrdinalIgnoreCase);
        return !isCvss || !decimal.TryParse(score, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            ? Severity.Unknown
            : number switch
            {
                > 10 => Severity.Unknown,
                >= 9 => Severity.Critical,
                >= 7 => Severity.High,
                >= 4 => Severity.Medium,
                > 0 => Severity.Low,
                _ => Severity.None,
            };
    }
}
