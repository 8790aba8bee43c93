using System.Security.Cryptography;
using System.Text;

namespace ArtifactTrust.Scanning.Data;

/// <summary>Replaces what is sought in the values of one file, one after the other, and counts it.</summary>
/// <param name="kinds">The kinds to replace.</param>
/// <param name="replacement">What with.</param>
/// <param name="key">The key of <see cref="Replacement.Hash"/>.</param>
/// <param name="secrets">Whether secrets are replaced too.</param>
internal sealed class ValueRedactor(IReadOnlySet<PersonalDataKind> kinds, Replacement replacement, byte[] key, bool secrets)
{
    // Of one value: what a replacement could bring about, such as two parts of a number joined, takes a round or two.
    private const int MostRounds = 4;

    private readonly SortedDictionary<PersonalDataKind, long> _counts = [];
    private readonly List<PersonalDataMatch> _matches = [];
    private readonly List<Part> _parts = [];
    private readonly SecretFinder? _secrets = secrets ? new SecretFinder() : null;
    private readonly ColumnHints _hints = new();

    /// <summary>How many of each kind were replaced.</summary>
    internal IReadOnlyDictionary<PersonalDataKind, long> Counts => _counts;

    /// <summary>How many secrets were replaced.</summary>
    internal long SecretCount { get; private set; }

    /// <summary>A value with what is sought replaced; null where there is nothing of it.</summary>
    /// <param name="value">The value.</param>
    /// <param name="column">The name it stands under; null where there is none.</param>
    /// <param name="isJson">Whether it stands there as in JSON, behind its name and a colon, and between quotes.</param>
    /// <param name="copyColumn">The name it stands under in the copy, where that is another.</param>
    internal string? Replace(ReadOnlySpan<char> value, string? column, bool isJson, string? copyColumn = null)
    {
        string? changed = null;
        if (_secrets?.ContinuesKey(value) == true)
        {
            SecretCount++;
            changed = Replacing(null, value);
        }
        changed = ReplaceUnder(column, value, changed, isJson);
        return copyColumn is null ? changed : ReplaceUnder(copyColumn, value, changed, isJson);
    }

    private string? ReplaceUnder(string? column, ReadOnlySpan<char> value, string? changed, bool isJson)
    {
        var hint = _hints.Of(column);
        for (var round = 0; round <= MostRounds; round++)
        {
            var text = changed is null ? value : changed;
            FindParts(text, hint, isJson, column);
            if (_parts.Count == 0)
            {
                return changed;
            }
            changed = round == MostRounds ? new string('*', text.Length) : ReplaceParts(text);
        }
        return changed;
    }

    private void FindParts(ReadOnlySpan<char> text, ColumnHint hint, bool isJson, string? member)
    {
        _parts.Clear();
        PersonalDataDetector.Find(text, hint, _matches);
        foreach (var match in _matches)
        {
            if (kinds.Contains(match.Kind))
            {
                _parts.Add(new Part(match.Start, match.Length, match.Kind));
            }
        }
        var people = _parts.Count;
        _secrets?.Find(text, isJson, member, _parts);
        if (people > 0 && _parts.Count > people)
        {
            _parts.Sort((a, b) => a.Start.CompareTo(b.Start));
        }
    }

    private string ReplaceParts(ReadOnlySpan<char> text)
    {
        var result = new StringBuilder(text.Length);
        var end = 0;
        foreach (var (start, length, kind) in _parts)
        {
            // What a part before covers is gone; the rest of it is a part of its own.
            var from = Math.Max(start, end);
            var rest = start + length - from;
            if (rest <= 0)
            {
                continue;
            }
            if (kind is { } known)
            {
                _counts[known] = _counts.GetValueOrDefault(known) + 1;
            }
            else
            {
                SecretCount++;
            }
            result.Append(text[end..from]).Append(Replacing(kind, text.Slice(from, rest)));
            end = from + rest;
        }
        return result.Append(text[end..]).ToString();
    }

    private string Replacing(PersonalDataKind? kind, ReadOnlySpan<char> value) =>
        replacement switch
        {
            Replacement.Hash => Hash(kind, value),
            Replacement.Drop => "",
            _ => new string('*', value.Length),
        };

    // Of letters only, so that no part of it is taken for a number; without the form a person chose, so that joins find it.
    private string Hash(PersonalDataKind? kind, ReadOnlySpan<char> value)
    {
        var normal = kind switch
        {
            PersonalDataKind.Email => value.ToString().ToLowerInvariant(),
            null or PersonalDataKind.Credential or PersonalDataKind.IpAddress => value.ToString(),
            _ => string.Concat(value.ToString().Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant(),
        };
        Span<byte> digest = stackalloc byte[32];
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{kind?.ToWord() ?? "secret"}\0{normal}"), digest);
        return PersonalDataDetector.Redacted
            + string.Concat(digest[..16].ToArray().Select(b => $"{(char)('a' + (b >> 4))}{(char)('a' + (b & 15))}"));
    }

    /// <summary>A field of delimited text as it is written, with a secret in it, or in it and those before, crossed out; null where there is none.</summary>
    /// <param name="field">The field.</param>
    /// <param name="end">What ends it.</param>
    internal string? MaskField(string field, string end)
    {
        var masked = _secrets?.MaskField(field, end);
        SecretCount += masked is null ? 0 : 1;
        return masked;
    }

    /// <summary>A value with all of it crossed out, if it has a secret as it is written, and not as it is meant; null where not.</summary>
    internal string? MaskEscaped(string? written, int length)
    {
        if (written is null || _secrets is null || !SecretFinder.Has(written))
        {
            return null;
        }
        SecretCount++;
        return new string('*', length);
    }

    /// <summary>What is replaced of a text.</summary>
    /// <param name="Start">Where it begins.</param>
    /// <param name="Length">How long it is.</param>
    /// <param name="Kind">What it is; null for a secret.</param>
    internal readonly record struct Part(int Start, int Length, PersonalDataKind? Kind);
}
