using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>What a format is recognized by.</summary>
/// <param name="name">The file's path below the subject.</param>
/// <param name="length">The file's length, in bytes.</param>
/// <param name="start">Its first bytes, at most <see cref="StartBytes"/>.</param>
internal sealed class FileHead(string name, long length, ReadOnlyMemory<byte> start)
{
    /// <summary>How much of the start is looked at.</summary>
    internal const int StartBytes = 4096;

    /// <summary>The path below the subject.</summary>
    internal string Path { get; } = name;

    /// <summary>The last part of the path, in lower case.</summary>
    internal string Name { get; } = name[(name.LastIndexOf('/') + 1)..].ToLowerInvariant();

    /// <summary>The file's length, in bytes.</summary>
    internal long Length { get; } = length;

    /// <summary>The file's first bytes.</summary>
    internal ReadOnlySpan<byte> Start => start.Span;

    /// <summary>Whether the name ends in one of the given extensions, which have a leading dot and are in lower case.</summary>
    internal bool HasExtension(params ReadOnlySpan<string> extensions)
    {
        foreach (var extension in extensions)
        {
            if (Name.EndsWith(extension, StringComparison.Ordinal))
            {
                return true;
            }
        }
        return false;
    }
}

/// <summary>Knows one format. A new format is a new file with one of these, and its line in <see cref="FormatReaders"/>.</summary>
internal abstract class FormatReader
{
    /// <summary>The format's short name, lower case.</summary>
    internal abstract string Format { get; }

    /// <summary>What files of the format are, even those that cannot be read.</summary>
    internal abstract FileRole Role { get; }

    /// <summary>The registered media type, or null.</summary>
    internal virtual string? MediaType => null;

    /// <summary>Whether the file is of the format: by its first bytes where the format has such, and only otherwise by its name.</summary>
    internal abstract bool Recognizes(FileHead head);

    /// <summary>Reads what the file says, with bounded memory.</summary>
    /// <exception cref="MalformedDataException">The file is not what it claims to be.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal abstract FileFacts Read(FileHead head, ByteReader input);
}
