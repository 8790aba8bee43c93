using System.Text.Json;

namespace ArtifactTrust.Sbom.Completeness;

/// <summary>
/// Where an element is found: members with dots between, through every element of lists, each with a condition on a text of it where it is
/// in brackets: <c>properties[name=a:*]</c>.
/// </summary>
/// <param name="Steps">The members, outermost first; none for <see cref="IsDependency"/>.</param>
/// <param name="IsDependency">Whether the path is <c>@dependency</c>: something depends on the component, or it on something.</param>
internal sealed record ElementPath(IReadOnlyList<ElementStep> Steps, bool IsDependency)
{
    internal static ElementPath Parse(string text)
    {
        if (text == "@dependency")
        {
            return new ElementPath([], true);
        }
        var steps = new List<ElementStep>();
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            // A dot within brackets belongs to a name.
            var end = rest.IndexOfAny('.', '[');
            if (end < 0)
            {
                steps.Add(new ElementStep(rest.ToString(), null, null));
                break;
            }
            var member = rest[..end].ToString();
            if (rest[end] == '.')
            {
                steps.Add(new ElementStep(member, null, null));
                rest = rest[(end + 1)..];
                continue;
            }
            var close = rest.IndexOf(']');
            var condition = rest[(end + 1)..close];
            var equals = condition.IndexOf('=');
            steps.Add(new ElementStep(member, condition[..equals].ToString(), condition[(equals + 1)..].ToString()));
            rest = rest[(close + 1)..].TrimStart('.');
        }
        return new ElementPath(steps, false);
    }

    /// <summary>Whether something that says anything is there.</summary>
    internal bool IsIn(JsonElement json, int step = 0)
    {
        if (json.ValueKind == JsonValueKind.Array)
        {
            return json.EnumerateArray().Any(e => IsIn(e, step));
        }
        if (step == Steps.Count)
        {
            return Says(json);
        }
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty(Steps[step].Member, out var next))
        {
            return false;
        }
        if (Steps[step].Key is not { } key)
        {
            return IsIn(next, step + 1);
        }
        return next.ValueKind == JsonValueKind.Array
            && next.EnumerateArray().Any(e => Fits(e, key, Steps[step].Value!) && IsIn(e, step + 1));
    }

    private static bool Fits(JsonElement json, string key, string expected)
    {
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty(key, out var value) || value.ValueKind != JsonValueKind.String)
        {
            return false;
        }
        var text = value.GetString()!;
        return (expected.StartsWith('*'), expected.EndsWith('*')) switch
        {
            (true, true) => text.Contains(expected.Trim('*'), StringComparison.Ordinal),
            (true, false) => text.EndsWith(expected[1..], StringComparison.Ordinal),
            (false, true) => text.StartsWith(expected[..^1], StringComparison.Ordinal),
            _ => text == expected,
        };
    }

    private static bool Says(JsonElement json) =>
        json.ValueKind switch
        {
            JsonValueKind.String => !string.IsNullOrWhiteSpace(json.GetString()),
            JsonValueKind.Object => json.EnumerateObject().Any(),
            JsonValueKind.Array => json.EnumerateArray().Any(Says),
            JsonValueKind.Null or JsonValueKind.Undefined => false,
            _ => true,
        };
}

/// <summary>One member of a path, with the text that one of its own members must have, or null.</summary>
internal sealed record ElementStep(string Member, string? Key, string? Value);
