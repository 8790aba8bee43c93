using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Policies;

/// <summary>A decision as lines for people.</summary>
public static class DecisionText
{
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
                // The first one is what the rule's own lines say.
                foreach (var rejected in rule.Rejected.Skip(1))
                {
                    Detail(
                        text,
                        "rejected",
                        $"{rejected.Bundle}: {rejected.Message}{(rejected.Actual is null ? "" : $" ({rejected.Actual})")}"
                    );
                }
                Detail(text, "hint", rule.Hint);
            }
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
