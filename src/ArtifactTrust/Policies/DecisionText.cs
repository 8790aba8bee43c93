using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Policies;

/// <summary>A decision as lines for people.</summary>
public static class DecisionText
{
    private const int RejectedShown = 10;

    /// <summary>The decision: the verdict, then each subject with its rules, and for a failed one what was expected, found, and can be done.</summary>
    /// <returns>Lines, each ended by a line feed. Control characters in names are shown, not obeyed.</returns>
    public static string Format(Decision decision)
    {
        ArgumentNullException.ThrowIfNull(decision);
        var text = new StringBuilder();
        Line(
            text,
            $"{(decision.IsAllowed ? "allowed" : "denied")} by policy '{decision.PolicyName}' ({decision.PolicyDigest}) at {Rfc3339.Format(decision.Time)}"
        );
        Rules(text, decision.Rules);
        foreach (var subject in decision.Subjects)
        {
            Line(text, $"{subject.Role}: {(subject.Digests is null ? "not given" : $"{subject.Name} ({subject.Digests})")}");
            Rules(text, subject.Rules);
        }
        return text.ToString();
    }

    private static void Rules(StringBuilder text, IReadOnlyList<RuleResult> rules)
    {
        foreach (var rule in rules)
        {
            var word = rule.Outcome switch
            {
                RuleOutcome.Passed => "passed     ",
                RuleOutcome.Failed => "failed     ",
                _ => "not reached",
            };
            Line(text, $"  {word}  {rule.Id}  {rule.Message}");
            if (rule.Outcome == RuleOutcome.Failed)
            {
                Detail(text, "expected", rule.Expected);
                Detail(text, "found", rule.Actual);
                // Of one the rule's own lines tell all.
                if (rule.Rejected.Count > 1)
                {
                    Rejected(text, rule.Rejected);
                }
                Detail(text, "hint", rule.Hint);
            }
        }
    }

    private static void Rejected(StringBuilder text, IReadOnlyList<RejectedEvidence> rejected)
    {
        foreach (var one in rejected.Take(RejectedShown))
        {
            Detail(text, "rejected", $"{one.Bundle}: {one.Message}{(one.Actual is null ? "" : $" ({one.Actual})")}");
        }
        if (rejected.Count > RejectedShown)
        {
            Detail(text, "rejected", $"and {rejected.Count - RejectedShown} more");
        }
    }

    private static void Detail(StringBuilder text, string label, string? value)
    {
        if (value is not null)
        {
            Line(text, $"               {label, -8}  {value}");
        }
    }

    // What a statement says is shown on terminals, which obey escape sequences and reverse text on request.
    private static void Line(StringBuilder text, string line)
    {
        foreach (var c in line)
        {
            if (char.IsControl(c) || c is (>= '\u2028' and <= '\u202E') or (>= '\u2066' and <= '\u2069'))
            {
                text.Append($"\\u{(int)c:x4}");
            }
            else
            {
                text.Append(c);
            }
        }
        text.Append('\n');
    }
}
