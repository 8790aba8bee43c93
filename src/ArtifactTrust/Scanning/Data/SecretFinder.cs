using ArtifactTrust.Scanning.Secrets;

namespace ArtifactTrust.Scanning.Data;

/// <summary>Finds the secrets in the values of one file, one after the other: also those that go on from value to value, or begin in the name.</summary>
internal sealed class SecretFinder
{
    private const string KeyRule = "private-key";

    // What of a field before may belong to the form of a secret: the end of its name.
    private const int LongestTail = 100;
    private const int MostRounds = 4;

    private bool _inKey;
    private string _tail = "";

    /// <summary>Whether a value is the next piece of a private key that began in an earlier one, as in lines of a file.</summary>
    internal bool ContinuesKey(ReadOnlySpan<char> value)
    {
        if (!_inKey || value.IsWhiteSpace())
        {
            return false;
        }
        _inKey = value.IndexOf("-----END") < 0 && SecretScanner.IsKeyBody(value);
        return _inKey || value.IndexOf("-----END") >= 0;
    }

    /// <summary>Finds the secrets of a value.</summary>
    /// <param name="text">The value.</param>
    /// <param name="isJson">Whether it stands between quotes, behind its name and a colon where it has one.</param>
    /// <param name="member">Its name; null where there is none.</param>
    /// <param name="parts">Where they are added, in order.</param>
    internal void Find(ReadOnlySpan<char> text, bool isJson, string? member, List<ValueRedactor.Part> parts)
    {
        if (isJson && (SecretScanner.IsName(text) || SecretScanner.IsName(member)))
        {
            // The quotes of JSON are taken for those of an assignment.
            var before = member is null ? "\"" : $"{member.AsSpan(Math.Max(0, member.Length - LongestTail))}\":\"";
            Find(string.Concat(before, text, "\""), before.Length, text.Length, parts);
            return;
        }
        Find(text, 0, text.Length, parts);
    }

    /// <summary>Whether a text has a secret.</summary>
    internal static bool Has(ReadOnlySpan<char> text) => SecretScanner.Find(text, 0, anywhere: true).Count > 0;

    /// <summary>A field of delimited text as it is written, with letters and digits crossed out where it, with those before, has a secret; null where not.</summary>
    /// <param name="field">The field.</param>
    /// <param name="end">What ends it.</param>
    internal string? MaskField(string field, string end)
    {
        var before = _tail;
        string? changed = null;
        for (var round = 0; round < MostRounds && Mask(before, changed ?? field) is { } masked; round++)
        {
            changed = masked;
        }
        // Between a name and its value only a tab may stand, or a return that ends a record and no line.
        var all = end is "\t" or "\r" ? $"{before}{changed ?? field}{end}" : "";
        _tail = all[Math.Max(0, all.Length - LongestTail)..];
        return changed;
    }

    private static string? Mask(string before, string field)
    {
        var text = before + field;
        char[]? masked = null;
        foreach (var match in SecretScanner.Find(text, 0, anywhere: true))
        {
            for (var i = Math.Max(match.ValueStart, before.Length); i < match.ValueStart + match.ValueLength; i++)
            {
                if (char.IsAsciiLetterOrDigit(text[i]))
                {
                    masked ??= text.ToCharArray();
                    masked[i] = '*';
                }
            }
        }
        return masked is null ? null : new string(masked.AsSpan(before.Length));
    }

    private void Find(ReadOnlySpan<char> text, int offset, int length, List<ValueRedactor.Part> parts)
    {
        foreach (var match in SecretScanner.Find(text, 0, anywhere: true))
        {
            var (start, end) = (match.ValueStart, match.ValueStart + match.ValueLength);
            if (match.Rule.Id == KeyRule)
            {
                end = EndOfKey(text, start, end);
            }
            (start, end) = (Math.Max(0, start - offset), Math.Min(length, end - offset));
            if (end > start)
            {
                parts.Add(new ValueRedactor.Part(start, end - start, null));
            }
        }
        parts.Sort((a, b) => a.Start.CompareTo(b.Start));
    }

    /// <summary>A key ends with its last line, or goes on in the values that follow.</summary>
    private int EndOfKey(ReadOnlySpan<char> text, int start, int end)
    {
        var rest = text[end..];
        var last = rest.IndexOf("-----END");
        if (last >= 0)
        {
            _inKey = false;
            var dashes = rest[(last + 5)..].IndexOf("-----");
            return dashes < 0 ? text.Length : end + last + 5 + dashes + 5;
        }
        _inKey = true;
        return rest.IsWhiteSpace() || SecretScanner.IsKeyBody(rest) ? text.Length : end;
    }
}
