using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Cli.Commands;

/// <summary>A piece of evidence as found, before anything about it is believed.</summary>
/// <param name="Source">Where it was found, for people.</param>
/// <param name="Bundle">The bundle, where it could be read.</param>
/// <param name="Problem">Why it could not be read.</param>
internal sealed record FoundEvidence(string Source, Bundle? Bundle, string? Problem);

/// <summary>Evidence in files beside a local subject.</summary>
internal static class EvidenceFiles
{
    /// <summary>What lies beside a subject: its signature and its attestations.</summary>
    /// <exception cref="IOException">A file is there and cannot be read.</exception>
    internal static IReadOnlyList<FoundEvidence> Beside(string path) =>
        [.. new[] { Subject.SignaturePath(path), Subject.AttestationsPath(path) }.Where(File.Exists).SelectMany(Read)];

    /// <summary>The bundles of one file: a single bundle, or one a line.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="MalformedDataException">The file is too large.</exception>
    internal static IReadOnlyList<FoundEvidence> Read(string path)
    {
        var name = Path.GetFileName(path);
        var utf8 = ReadBounded(path, Limits.BundleLinesBytes);
        // A bundle may be spread over lines, as tools that indent write it, so the whole is tried first.
        try
        {
            return [new FoundEvidence(name, Bundle.Parse(utf8), null)];
        }
        catch (MalformedDataException e)
        {
            var lines = Bundle.ParseLines(utf8);
            return lines.Any(l => l.Bundle is not null)
                    ? [.. lines.Select(l => new FoundEvidence($"{name}:{l.Line}", l.Bundle, l.Problem?.Message))]
                : utf8.Length == 0 ? []
                : [new FoundEvidence(name, null, e.Message)];
        }
    }

    /// <summary>Whether the bytes are a whole bundle.</summary>
    internal static bool IsBundle(byte[] utf8)
    {
        try
        {
            Bundle.Parse(utf8);
            return true;
        }
        catch (MalformedDataException)
        {
            return false;
        }
    }

    /// <summary>Reads a file whole, unless it is longer than accepted.</summary>
    /// <exception cref="MalformedDataException">It is longer.</exception>
    internal static byte[] ReadBounded(string path, long maximumBytes)
    {
        using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        var length = RandomAccess.GetLength(file);
        StrictJson.CheckLength(length, Path.GetFileName(path), maximumBytes);
        var bytes = new byte[length];
        var read = 0;
        for (int n; read < bytes.Length && (n = RandomAccess.Read(file, bytes.AsSpan(read), read)) > 0; read += n) { }
        return read == bytes.Length ? bytes : throw new IOException($"'{path}' became shorter while it was read");
    }
}
