using System.Diagnostics.CodeAnalysis;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Verification;

/// <summary>What was checked of one bundle, in order, and the verified value where all of it held.</summary>
public sealed class VerificationReport
{
    internal VerificationReport(IReadOnlyList<Check> checks, VerifiedBundle? verified)
    {
        Checks = checks;
        Verified = verified;
    }

    /// <summary>The checks in the order made.</summary>
    public IReadOnlyList<Check> Checks { get; }

    /// <summary>What was proven; null where a check failed.</summary>
    public VerifiedBundle? Verified { get; }

    /// <summary>Whether every check held.</summary>
    [MemberNotNullWhen(true, nameof(Verified))]
    public bool IsVerified => Verified is not null;

    /// <summary>The first failed check, or null.</summary>
    public Check? Failure => Checks.FirstOrDefault(c => c.Outcome == CheckOutcome.Failed);

    /// <summary>What differs from the signed files, where that is why a check failed; else null.</summary>
    public ManifestDiff? Difference { get; internal init; }

    /// <summary>Which of the signed files were compared, where only some were to be; null else. Such a report proves nothing of the whole.</summary>
    public IReadOnlyList<string>? PartialFiles { get; internal init; }

    /// <summary>Whether every check held, but of a part of the files only, so that there is no <see cref="Verified"/> value.</summary>
    public bool IsPartlyVerified => PartialFiles is not null && Failure is null;

    /// <summary>The same report where the signer says all of this of the subject; else one with a failed check.</summary>
    /// <param name="required">Names and values of annotations; a report that failed already stays as it is.</param>
    public VerificationReport Requiring(IReadOnlyDictionary<string, string> required)
    {
        ArgumentNullException.ThrowIfNull(required);
        if (Verified is not { } verified || required.Count == 0)
        {
            return this;
        }
        var missing = required.Where(r => verified.Annotations.GetValueOrDefault(r.Key) != r.Value).ToList();
        var check = new Check("signature.annotations", missing.Count == 0 ? CheckOutcome.Passed : CheckOutcome.Failed);
        return missing.Count == 0
            ? new VerificationReport([.. Checks, check with { Message = Text(required) }], verified)
            : new VerificationReport(
                [
                    .. Checks,
                    check with
                    {
                        Code = FailureCode.AnnotationMismatch,
                        Message = "the signer does not say of the subject what is asked for",
                        Expected = Text(missing),
                        Actual = verified.Annotations.Count == 0 ? "no annotations" : Text(verified.Annotations),
                    },
                ],
                null
            );
    }

    private static string Text(IEnumerable<KeyValuePair<string, string>> annotations) =>
        string.Join(", ", annotations.OrderBy(a => a.Key, Formats.CodePointOrder.Instance).Select(a => $"{a.Key}={a.Value}"));

    /// <summary>The report of evidence that could not be read at all.</summary>
    /// <param name="reason">Why not.</param>
    public static VerificationReport Unreadable(string reason) =>
        new([new Check("bundle.format", CheckOutcome.Failed, FailureCode.MalformedEvidence) { Message = reason }], null);
}
