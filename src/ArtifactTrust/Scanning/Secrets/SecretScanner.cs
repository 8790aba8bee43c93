using System.Buffers;
using ArtifactTrust.Hashing;
using ArtifactTrust.Scanning.Data;

namespace ArtifactTrust.Scanning.Secrets;

/// <summary>Looks for credentials in text files. What is found is never repeated: a finding has the rule, the file and the line.</summary>
/// <remarks>
/// Files that are not text (a NUL in the first kilobytes, and no Unicode mark) are passed over. A credential that is split over lines is not found, apart from PEM, whose
/// first line is enough.
/// </remarks>
/// <param name="time">The clock for the report's times.</param>
public sealed class SecretScanner(TimeProvider? time = null)
{
    /// <summary>What reports call the scanner.</summary>
    public const string Uri = "pkg:generic/artifact-trust/secret-scan";

    /// <summary>The rule for random values under the name of a secret, which has no form of its own.</summary>
    public const string AssignmentId = "generic-secret";

    private const int FindingsPerFile = 1000;

    // Sought by itself: with the shortest of many at two characters, all of them are sought far more slowly.
    private const string ShortLiteral = "Q~";

    private static readonly SearchValues<string> Literals = SearchValues.Create(
        [.. SecretRules.All.Select(r => r.Literal).Where(l => l != ShortLiteral).Distinct(StringComparer.Ordinal)],
        StringComparison.Ordinal
    );

    // What an assignment to the name of a secret has in it; looked for before the costly form is tried.
    private static readonly SearchValues<string> Names = SearchValues.Create(
        [
            "passw",
            "passphrase",
            "secret",
            "token",
            "api_key",
            "api-key",
            "apikey",
            "access_key",
            "accesskey",
            "access-key",
            "private_key",
            "privatekey",
            "private-key",
            "credential",
            "auth_key",
            "authkey",
            "auth-key",
        ],
        StringComparison.OrdinalIgnoreCase
    );

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>The scanner, as reports name it.</summary>
    public static ScannerIdentity Identity { get; } = new("secret scan", Uri, SecretRules.Version, null, null);

    /// <summary>Scans files of a tree.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="files">Its files, as listed; one that cannot be read (<see cref="FileTree.ListAll"/>) is a gap.</param>
    /// <param name="target">What is scanned, for people.</param>
    /// <param name="cancellation">Stops inside a file too.</param>
    /// <exception cref="IOException">A file that was opened cannot be read to its end.</exception>
    public ScanReport Scan(FileTree tree, IReadOnlyList<TreeFile> files, string target, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(files);
        var started = _time.GetUtcNow();
        var findings = new List<Finding>();
        var gaps = new List<string>();
        foreach (var file in files)
        {
            using var stream = tree.TryOpenRead(file, out var obstacle);
            if (stream is null)
            {
                gaps.Add($"{SecretMask.Of(file.Name)}: {obstacle}");
                continue;
            }
            ScanFile(file.Name, stream, findings, gaps, cancellation);
        }
        return new ScanReport(Identity, target, started, _time.GetUtcNow(), ScanReport.Sort(findings), gaps)
        {
            Notes = OfLinks(files) is { } note ? [note] : [],
        };
    }

    /// <summary>What was read in place of links; null where there are none.</summary>
    private static string? OfLinks(IReadOnlyList<TreeFile> files)
    {
        const int shown = 10;
        var links = files.Where(f => f is { LinkTarget: not null, Obstacle: null }).ToList();
        var named = string.Join(", ", links.Take(shown).Select(f => $"{f.Name} -> {f.LinkTarget}"));
        return links.Count == 0
            ? null
            : SecretMask.Of($"read through symbolic links: {links.Count} files ({named}{(links.Count > shown ? ", …" : "")})");
    }

    /// <summary>Scans one file.</summary>
    /// <param name="name">Its name in the report.</param>
    /// <param name="stream">Its content.</param>
    /// <param name="target">What is scanned, for people.</param>
    /// <param name="cancellation">Stops inside the file too.</param>
    public ScanReport Scan(string name, Stream stream, string target, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var started = _time.GetUtcNow();
        var findings = new List<Finding>();
        var gaps = new List<string>();
        ScanFile(name, stream, findings, gaps, cancellation);
        return new ScanReport(Identity, target, started, _time.GetUtcNow(), ScanReport.Sort(findings), gaps);
    }

    private static void ScanFile(string path, Stream stream, List<Finding> findings, List<string> gaps, CancellationToken cancellation)
    {
        var name = SecretMask.Of(path);
        if (!TextLines.IsText(stream))
        {
            return;
        }
        using var lines = new TextLines(stream);
        var (found, fills) = (0, 0);
        SecretMatch? pem = null;
        while (lines.Read())
        {
            cancellation.ThrowIfCancellationRequested();
            var text = lines.Text;
            if (pem is { } key)
            {
                // What follows the first line tells a key from its pattern.
                if (IsKeyBody(text))
                {
                    Add(key);
                }
                pem = null;
            }
            foreach (var match in Find(text, lines.Line))
            {
                if (match.Rule.Id == "private-key" && !IsKeyBody(text[(match.Start + match.Length)..]))
                {
                    pem = match;
                    continue;
                }
                Add(match);
            }
            if (pem is null && fills != lines.Fills)
            {
                // Once for what was read ahead, and not line by line: nearly always there is nothing in it.
                fills = lines.Fills;
                if (!MayHold(lines.Ahead))
                {
                    lines.PassAhead();
                }
            }
            if (found > FindingsPerFile)
            {
                gaps.Add($"{name}: more than {FindingsPerFile} secrets; the rest is not listed");
                return;
            }
        }

        void Add(SecretMatch match)
        {
            found++;
            findings.Add(
                new Finding(match.Rule.Id, FindingClass.Secret, match.Rule.Severity, name)
                {
                    Title = match.Rule.Title,
                    Location = $"line {match.Line}",
                    StartLine = match.Line,
                    EndLine = match.Line,
                }
            );
        }
    }

    private static bool MayHold(ReadOnlySpan<char> text) =>
        text.ContainsAny(Literals) || text.ContainsAny(Names) || text.Contains(ShortLiteral, StringComparison.Ordinal);

    /// <summary>Whether a name speaks of a secret, so that what stands under it is one if it looks random.</summary>
    internal static bool IsName(ReadOnlySpan<char> name) => name.ContainsAny(Names);

    /// <summary>The secrets of a line, in order.</summary>
    /// <param name="text">The line.</param>
    /// <param name="line">Its number.</param>
    /// <param name="anywhere">
    /// Whether those count too that are hidden by a letter before them or by another that is none: a part of the line may be read alone.
    /// </param>
    internal static List<SecretMatch> Find(ReadOnlySpan<char> text, int line, bool anywhere = false)
    {
        List<SecretMatch> matches = [];
        var shortAt = -1;
        for (var from = 0; from < text.Length; )
        {
            var next = text[from..].IndexOfAny(Literals);
            next = next < 0 ? text.Length : from + next;
            if (shortAt < from)
            {
                shortAt = text[from..].IndexOf(ShortLiteral, StringComparison.Ordinal);
                shortAt = shortAt < 0 ? text.Length : from + shortAt;
            }
            from = Math.Min(next, shortAt);
            if (from == text.Length)
            {
                break;
            }
            var match = At(text, from, line, anywhere);
            if (match is not null)
            {
                matches.Add(match);
            }
            from += Math.Max(1, match?.Length ?? 1);
        }
        if (text.ContainsAny(Names))
        {
            // Those of a form come first, in order, and so do these.
            var (formed, next, last) = (matches.Count, 0, 0);
            for (var from = 0; Assignment(text, from) is { } found; from = anywhere ? found.Start + 1 : found.Start + found.Length)
            {
                while (next < formed && matches[next].Start + matches[next].Length <= found.Start)
                {
                    next++;
                }
                if (
                    found.Start >= last
                    && (next == formed || matches[next].Start >= found.Start + found.Length)
                    && (
                        found.IsBare
                            ? SecretText.LooksRandomBare(text.Slice(found.ValueStart, found.ValueLength))
                            : SecretText.LooksRandom(text.Slice(found.ValueStart, found.ValueLength))
                    )
                )
                {
                    last = found.Start + found.Length;
                    matches.Add(
                        new SecretMatch(SecretRules.Assignment, found.Start, found.Length, line)
                        {
                            ValueStart = found.ValueStart,
                            ValueLength = found.ValueLength,
                        }
                    );
                }
            }
        }
        return matches;
    }

    /// <summary>The next assignment to the name of a secret; null where there is none.</summary>
    private static Assigned? Assignment(ReadOnlySpan<char> text, int from)
    {
        foreach (var found in SecretRules.Assignment.Form.EnumerateMatches(text, from))
        {
            // Copied only where there is something to take out of it.
            var groups = SecretRules.Assignment.Form.Match(text.Slice(found.Index, found.Length).ToString()).Groups;
            var bare = groups["bare"];
            var value = bare.Success ? bare : groups["value"];
            return new Assigned(found.Index, found.Length, found.Index + value.Index, value.Length, bare.Success);
        }
        return null;
    }

    private static SecretMatch? At(ReadOnlySpan<char> text, int start, int line, bool anywhere)
    {
        foreach (var rule in SecretRules.All)
        {
            if (!text[start..].StartsWith(rule.Literal, StringComparison.Ordinal))
            {
                continue;
            }
            if (!anywhere && !rule.MayFollowWord && start > 0 && (char.IsAsciiLetterOrDigit(text[start - 1]) || text[start - 1] == '_'))
            {
                continue;
            }
            // No form is longer than this. It is copied only where there is something to take out of it.
            var slice = text[start..Math.Min(text.Length, start + 16_384)];
            if (!rule.Form.IsMatch(slice))
            {
                continue;
            }
            var match = rule.Form.Match(slice.ToString());
            var group = match.Groups["value"];
            var value = group.Success ? group.Value : match.Value;
            if (rule.Id != "private-key" && SecretText.LooksLikeExample(value) || rule.Accepts?.Invoke(value) == false)
            {
                continue;
            }
            return new SecretMatch(rule, start, match.Length, line)
            {
                ValueStart = start + (group.Success ? group.Index : 0),
                ValueLength = value.Length,
            };
        }
        return null;
    }

    // Base64 of some length, a PEM header (RFC 1421, "Proc-Type:"), or either after a line break written as \n.
    internal static bool IsKeyBody(ReadOnlySpan<char> text)
    {
        var body = text.TrimStart(" \t\\nr\"'+>|");
        var length = 0;
        while (length < body.Length && (char.IsAsciiLetterOrDigit(body[length]) || body[length] is '+' or '/' or '='))
        {
            length++;
        }
        return length >= 16
            || body.StartsWith("Proc-Type:", StringComparison.Ordinal)
            || body.StartsWith("Version:", StringComparison.Ordinal);
    }
}

/// <summary>A secret in a line; never the value.</summary>
internal sealed record SecretMatch(SecretRule Rule, int Start, int Length, int Line)
{
    /// <summary>Where the secret itself begins, without the name before it.</summary>
    internal int ValueStart { get; init; }

    /// <summary>How long the secret itself is.</summary>
    internal int ValueLength { get; init; }
}

/// <summary>A value that is given to the name of a secret.</summary>
/// <param name="Start">Where the whole begins.</param>
/// <param name="Length">How long the whole is.</param>
/// <param name="ValueStart">Where the value begins.</param>
/// <param name="ValueLength">How long the value is.</param>
/// <param name="IsBare">Whether the value stands in no quotes.</param>
internal readonly record struct Assigned(int Start, int Length, int ValueStart, int ValueLength, bool IsBare);
