using System.Globalization;
using System.Text;

namespace ArtifactTrust.Scanning.Reports;

/// <summary>Text from outside, made fit for the programs and people that read reports.</summary>
internal static class ReportText
{
    /// <summary>
    /// The text without what is not seen as it is read: control characters, line breaks, format characters such as U+202E, unassigned
    /// ones and halves of pairs. Each becomes U+FFFD, so that the text still says that something was there.
    /// </summary>
    internal static string Visible(string text)
    {
        var shown = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            shown.Append(IsVisible(rune) ? rune.ToString() : "\uFFFD");
        }
        return shown.ToString();
    }

    // An XML 1.0 document cannot hold U+FFFE and U+FFFF, which are among the unassigned.
    private static bool IsVisible(Rune rune) =>
        Rune.GetUnicodeCategory(rune)
            is not (
                UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.OtherNotAssigned
                or UnicodeCategory.PrivateUse
            );

    /// <summary>What a finding is, in one line.</summary>
    internal static string Describe(Finding finding)
    {
        var text = new StringBuilder(finding.Title is { Length: > 0 } title ? title : finding.Id);
        if (finding.Package is { Length: > 0 } package)
        {
            text.Append(CultureInfo.InvariantCulture, $" ({package}");
            text.Append(finding.InstalledVersion is { Length: > 0 } installed ? $" {installed}" : "");
            text.Append(
                finding.FixedVersion is { Length: > 0 } fix ? $", fixed in {fix})"
                : finding.Class == FindingClass.Vulnerability ? ", no fix known)"
                : ")"
            );
        }
        return Visible(text.ToString());
    }

    /// <summary>Why a finding does not count, in one line.</summary>
    internal static string Describe(Suppression suppression)
    {
        var text = new StringBuilder(suppression.Kind == SuppressionKind.Waiver ? "waived" : "VEX");
        text.Append(suppression.Status is { Length: > 0 } status ? $" {status}" : "");
        text.Append(suppression.Expires is { } day ? $" until {day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}" : "");
        text.Append(suppression.ApprovedBy is { Length: > 0 } by ? $" by {by}" : "");
        text.Append(suppression.Reason is { Length: > 0 } reason ? $": {reason}" : "");
        return Visible(text.ToString());
    }
}
