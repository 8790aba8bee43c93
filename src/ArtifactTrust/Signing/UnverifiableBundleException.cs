using ArtifactTrust.Verification;

namespace ArtifactTrust.Signing;

/// <summary>A bundle was made and does not verify, so it is not handed out.</summary>
public sealed class UnverifiableBundleException : Exception
{
    internal UnverifiableBundleException(VerificationReport report)
        : base(
            $"the new signature does not verify here, so it is not handed out: {report.Failure!.Name}: {report.Failure.Message}"
                + (report.Failure.Expected is { } expected ? $"; expected {expected}" : "")
                + (report.Failure.Actual is { } actual ? $", found {actual}" : "")
        ) => Report = report;

    /// <summary>The checks, of which one failed.</summary>
    public VerificationReport Report { get; }

    /// <summary>The check that failed.</summary>
    public Check Failure => Report.Failure!;
}
