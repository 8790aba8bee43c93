using System.Globalization;
using ArtifactTrust.Formats;
using ArtifactTrust.Manifests;
using ArtifactTrust.Sbom.Readers;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom;

/// <summary>A file with what it says.</summary>
/// <param name="Entry">Its name, digest and size.</param>
/// <param name="Facts">What it says; null where its format is not known.</param>
/// <param name="Unreadable">Why it could not be read, or null.</param>
internal sealed record InspectedFile(ManifestEntry Entry, FileFacts? Facts, string? Unreadable)
{
    /// <summary>Whether it lies at the top of its directory, where descriptions speak for the whole of it.</summary>
    internal bool IsAtTop => !Entry.Name.Contains('/', StringComparison.Ordinal);

    /// <summary>The properties that every file has, then its own.</summary>
    internal IReadOnlyList<SbomProperty> Properties
    {
        get
        {
            var properties = new List<SbomProperty> { new(SbomPropertyNames.Size, Entry.Size.ToString(CultureInfo.InvariantCulture)) };
            if (Facts is not null)
            {
                properties.Add(new SbomProperty(SbomPropertyNames.Format, Facts.Format));
            }
            if (Unreadable is not null)
            {
                properties.Add(new SbomProperty(SbomPropertyNames.Unreadable, Unreadable));
            }
            properties.AddRange(Facts?.Properties ?? []);
            return properties;
        }
    }
}

/// <summary>Finds a file's format and reads what the file says.</summary>
internal static class FileInspector
{
    /// <summary>Inspects one file.</summary>
    /// <param name="stream">The file, seekable, at its start.</param>
    /// <param name="entry">Its entry in the manifest.</param>
    /// <param name="cancellation">Stops between two reads.</param>
    /// <returns>What it says. A file that is not what it claims to be is no error but is said to be unreadable.</returns>
    /// <exception cref="IOException">The file cannot be read, or is not the one that was hashed.</exception>
    internal static InspectedFile Inspect(Stream stream, ManifestEntry entry, CancellationToken cancellation)
    {
        if (stream.Length != entry.Size)
        {
            throw new IOException($"'{entry.Name}' changed after it was hashed; try again when nothing writes to it");
        }
        var start = new byte[(int)Math.Min(FileHead.StartBytes, stream.Length)];
        stream.ReadExactly(start);
        stream.Position = 0;
        var head = new FileHead(entry.Name, stream.Length, start);
        if (FormatReaders.Find(head) is not { } reader)
        {
            return new InspectedFile(entry, null, null);
        }
        try
        {
            return new InspectedFile(entry, reader.Read(head, new ByteReader(stream, reader.Format, cancellation)), null);
        }
        catch (MalformedDataException e)
        {
            return new InspectedFile(
                entry,
                new FileFacts(reader.Format, reader.Role) { MediaType = reader.MediaType },
                FileText.Clean(e.Message)
            );
        }
    }
}
