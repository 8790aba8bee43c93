using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Oci;

/// <summary>
/// The paths of one artifact's files: below its directory, each once, none of them a directory of another. Letter case, and how an accent is
/// written, do not tell two files apart everywhere. Safe to use from several threads.
/// </summary>
/// <param name="format">What the paths are of, for messages.</param>
internal sealed class ModelPaths(string format)
{
    /// <summary>The longest path, in characters.</summary>
    internal const int MaximumLength = 1024;

    // What file systems take as the name of a file or directory, in their own encodings.
    private const int MaximumComponentBytes = 255;

    // With any suffix, Windows opens the device in place of a file.
    private static readonly FrozenSet<string> WindowsDevices = Enumerable
        .Range(1, 9)
        .Select(n => (char)('0' + n))
        .Concat("\u00B9\u00B2\u00B3")
        .SelectMany(n => new[] { $"COM{n}", $"LPT{n}" })
        .Concat(["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"])
        .ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private readonly Dictionary<string, bool> _isFile = new(StringComparer.OrdinalIgnoreCase);
    private readonly Lock _lock = new();

    /// <summary>Takes a path for a file.</summary>
    /// <exception cref="MalformedDataException">It leads elsewhere, is one that some systems do not have, or is taken.</exception>
    internal void AddFile(string path)
    {
        Check(path);
        lock (_lock)
        {
            AddParents(path);
            var key = CanonicalNames.Decompose(path);
            if (!_isFile.TryAdd(key, true))
            {
                throw new MalformedDataException(
                    format,
                    Text.Clean(path, 200),
                    _isFile[key]
                        ? "two files have this path, or differ in letter case or the way of writing an accent only"
                        : "another file has the path of its directory"
                );
            }
            if (_isFile.Count > Limits.ManifestEntries)
            {
                throw new MalformedDataException(format, "$", $"more than {Limits.ManifestEntries} files and directories");
            }
        }
    }

    /// <summary>Takes a path for a directory, which may be named more than once.</summary>
    /// <inheritdoc cref="AddFile"/>
    internal void AddDirectory(string path)
    {
        Check(path);
        lock (_lock)
        {
            AddParents($"{path}/");
        }
    }

    private void AddParents(string path)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            var parent = CanonicalNames.Decompose(path[..slash]);
            if (!_isFile.TryAdd(parent, false) && _isFile[parent])
            {
                throw new MalformedDataException(format, Text.Clean(path, 200), "another file has the path of its directory");
            }
        }
    }

    private void Check(string path)
    {
        var reason =
            path.Length is 0 or > MaximumLength || path.Split('/').Any(p => p is "" or "." or ".." || p[^1] is ' ' or '.')
                ? "it is no path of a file below a directory that every system has"
                : path.EnumerateRunes().Select(ReasonAgainst).FirstOrDefault(r => r is not null)
                    ?? path.Split('/').Select(ReasonAgainst).FirstOrDefault(r => r is not null);
        if (reason is not null)
        {
            throw new MalformedDataException(format, Text.Clean(path, 200), reason);
        }
    }

    private static string? ReasonAgainst(Rune rune) =>
        Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator =>
                $"it has the invisible character U+{rune.Value:X4}",
            _ when rune == Rune.ReplacementChar => "its name cannot be written in Unicode",
            _ when rune.IsAscii && "\\:*?\"<>|".Contains((char)rune.Value, StringComparison.Ordinal) =>
                $"it has '{rune}', which not every system has in names",
            _ => null,
        };

    private static string? ReasonAgainst(string component)
    {
        var dot = component.IndexOf('.', StringComparison.Ordinal);
        return WindowsDevices.Contains((dot < 0 ? component : component[..dot]).TrimEnd(' ')) ? "it has the name of a device of Windows"
            : component.Equals(".git", StringComparison.OrdinalIgnoreCase) ? "git would take '.git' for its own and run what it configures"
            : Encoding.UTF8.GetByteCount(component) > MaximumComponentBytes
                ? $"a name in it has more than {MaximumComponentBytes} bytes, the most that file systems take"
            : null;
    }
}
