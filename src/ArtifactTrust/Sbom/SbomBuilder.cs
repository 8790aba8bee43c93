using System.Reflection;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Sbom;

/// <summary>Makes an SBOM of a model or dataset from its files: their digests, and what they say of themselves.</summary>
/// <param name="options">What the caller decides.</param>
/// <remarks>
/// The same files, options and version of this library give the same document. Memory is bounded however large or hostile a file is; a
/// file that cannot be read is listed with its digest and the reason.
/// </remarks>
public sealed class SbomBuilder(SbomOptions options)
{
    internal static readonly string ToolVersion = Version();

    private readonly SbomOptions _options = Check(options);

    /// <summary>Describes a directory.</summary>
    /// <param name="tree">The directory.</param>
    /// <param name="manifest">Its files with their digests; each is opened again to be read.</param>
    /// <param name="progress">Told the size of each file that was read, in bytes.</param>
    /// <param name="cancellation">Stops between two reads.</param>
    /// <exception cref="MalformedDataException">There is no file, or more than <see cref="Limits.SbomComponents"/>.</exception>
    /// <exception cref="IOException">A file cannot be read, or has another size than when it was hashed.</exception>
    public SbomDocument Build(
        FileTree tree,
        FileManifest manifest,
        IProgress<long>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(manifest);
        if (manifest.Entries.Count is 0 or > Limits.SbomComponents)
        {
            throw new MalformedDataException(
                "SBOM subject",
                "$",
                $"{manifest.Entries.Count} files; 1 to {Limits.SbomComponents} can be listed"
            );
        }
        var files = new List<InspectedFile>(manifest.Entries.Count);
        foreach (var entry in manifest.Entries)
        {
            using var stream = tree.OpenRead(entry.Name);
            files.Add(FileInspector.Inspect(stream, entry, cancellation));
            progress?.Report(entry.Size);
        }
        return new SubjectDescription(_options, ToolVersion).OfDirectory(manifest, files);
    }

    /// <summary>Describes a single file.</summary>
    /// <param name="file">The file, seekable, at its start; stays open.</param>
    /// <param name="entry">Its name, digest and size.</param>
    /// <param name="cancellation">Stops between two reads.</param>
    /// <exception cref="IOException">The file cannot be read, or has another size than when it was hashed.</exception>
    public SbomDocument Build(Stream file, ManifestEntry entry, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(entry);
        return new SubjectDescription(_options, ToolVersion).OfFile(FileInspector.Inspect(file, entry, cancellation));
    }

    private static SbomOptions Check(SbomOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrWhiteSpace(options.Name);
        return options.Kind is SbomSubjectKind.Model or SbomSubjectKind.Dataset
            ? options
            : throw new ArgumentException("the subject is to be a model or a dataset", nameof(options));
    }

    /// <summary>The library's version, without the commit that a build adds to it.</summary>
    private static string Version()
    {
        var version = typeof(SbomBuilder).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        var plus = version.IndexOf('+', StringComparison.Ordinal);
        return plus < 0 ? version : version[..plus];
    }
}
