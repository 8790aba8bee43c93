using System.Security.Cryptography;
using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Notation;

namespace ArtifactTrust.Cli.Commands;

/// <summary>A piece of evidence as found, before anything about it is believed.</summary>
/// <param name="Source">Where it was found, for people.</param>
/// <param name="Bundle">The bundle, where it could be read.</param>
/// <param name="Problem">Why it could not be read.</param>
internal sealed record FoundEvidence(string Source, Bundle? Bundle, string? Problem)
{
    /// <summary>What <see cref="Bundle"/> was made from, where cosign's older form was found.</summary>
    internal LegacySignature? Legacy { get; init; }

    /// <summary>Whether it is a signature of the Notary Project, which is in no bundle: readable or not.</summary>
    internal bool IsNotation { get; init; }

    /// <summary>The type of artifact that something beside an image says it is, where that is nothing signed: an SBOM by itself, say.</summary>
    internal string? ArtifactType { get; init; }

    /// <summary>The signature of the Notary Project, where it could be read; then <see cref="Problem"/> says what verifies it.</summary>
    internal NotationSignature? Notation { get; init; }
}

/// <summary>Evidence in files beside a local subject.</summary>
internal static class EvidenceFiles
{
    private const int LargeBytes = 16 << 20;

    /// <summary>What lies beside a subject: its signature and its attestations.</summary>
    /// <exception cref="IOException">A file is there and cannot be read.</exception>
    internal static IReadOnlyList<FoundEvidence> Beside(string path) =>
        [.. new[] { Subject.SignaturePath(path), Subject.AttestationsPath(path) }.Where(File.Exists).SelectMany(Read)];

    /// <summary>The bundles of one file: a single bundle, or one a line.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="MalformedDataException">The file is too large.</exception>
    internal static IReadOnlyList<FoundEvidence> Read(string path)
    {
        var (found, length) = ReadText(path);
        if (length >= LargeBytes)
        {
            // The text of the signature of a very large model, of which the bundle keeps nothing: 200 MB that would lie about while it is verified.
            GC.Collect();
        }
        return found;
    }

    private static (IReadOnlyList<FoundEvidence> Found, int Length) ReadText(string path)
    {
        var name = Path.GetFileName(path);
        var utf8 = ReadRegular(path, Limits.BundleLinesBytes);
        return (Parse(name, utf8), utf8.Length);
    }

    private static IReadOnlyList<FoundEvidence> Parse(string name, ReadOnlyMemory<byte> utf8)
    {
        // A bundle may be spread over lines, as tools that indent write it, so the whole is tried first.
        try
        {
            // Without the line feed after it: a bundle's digest must not change when another line is added.
            return [new FoundEvidence(name, Bundle.ParseModelSignature(utf8.TrimEnd("\r\n"u8)), null)];
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

    /// <summary>Reads a file that the user named, unless it is longer than accepted. A pipe will do: <c>&lt;(…)</c> of a shell is one.</summary>
    /// <exception cref="MalformedDataException">It is longer.</exception>
    internal static byte[] ReadBounded(string path, long maximumBytes)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var (buffer, length) = ReadBounded(stream, Path.GetFileName(path), maximumBytes);
        return Moved(buffer, length, length);
    }

    /// <summary>Reads a regular file, unless it is longer than accepted. What lies beside a subject may have been put there to hang us.</summary>
    /// <exception cref="IOException">It is a pipe or a device.</exception>
    /// <exception cref="MalformedDataException">It is longer.</exception>
    private static ReadOnlyMemory<byte> ReadRegular(string path, long maximumBytes)
    {
        using var file = ArtifactFile.Open(path);
        using var stream = new FileStream(file.Handle, FileAccess.Read, bufferSize: 0);
        var (buffer, length) = ReadBounded(stream, Path.GetFileName(path), maximumBytes);
        return buffer.AsMemory(0, length);
    }

    private static (byte[] Buffer, int Length) ReadBounded(FileStream stream, string name, long maximumBytes)
    {
        // A pipe has no length, and that of a file may change, so the length is a guess that spares memory, and one byte more shows the end.
        var length = stream.CanSeek ? stream.Length : 0;
        StrictJson.CheckLength(length, name, maximumBytes);
        var buffer = new byte[Math.Max(length, 4 << 10) + 1];
        var read = 0;
        for (int n; (n = stream.Read(buffer, read, buffer.Length - read)) > 0; )
        {
            read += n;
            StrictJson.CheckLength(read, name, maximumBytes);
            if (read == buffer.Length)
            {
                buffer = Moved(buffer, read, (int)Math.Min(2L * read, maximumBytes + 1));
            }
        }
        return (buffer, read);
    }

    /// <summary>A copy of another size; the old bytes, which may be a secret, are cleared.</summary>
    private static byte[] Moved(byte[] from, int count, int size)
    {
        var to = new byte[size];
        from.AsSpan(0, count).CopyTo(to);
        CryptographicOperations.ZeroMemory(from);
        return to;
    }
}
