namespace ArtifactTrust.Scanning;

/// <summary>Who says that a finding does not count. The zero value is nobody.</summary>
public enum SuppressionKind
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary>A waiver: someone accepts the finding for a while.</summary>
    Waiver,

    /// <summary>A VEX document: its publisher says that the subject is not affected, or that it is fixed there.</summary>
    Vex,
}

/// <summary>Why a finding is reported and does not count.</summary>
/// <param name="Kind">Who says so.</param>
/// <param name="Reason">The reason given, on one line.</param>
public sealed record Suppression(SuppressionKind Kind, string Reason)
{
    /// <summary>The last day of a waiver, UTC; null for other kinds.</summary>
    public DateOnly? Expires { get; init; }

    /// <summary>Who approved a waiver, where it says so.</summary>
    public string? ApprovedBy { get; init; }

    /// <summary>The VEX status, such as <c>not_affected</c>; null for other kinds.</summary>
    public string? Status { get; init; }

    /// <summary>The file that says so.</summary>
    public string? Source { get; init; }
}
