using ArtifactTrust.Hashing;
using ArtifactTrust.Scanning.Secrets;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Looks into the files of a model or dataset for code that runs when they are loaded.</summary>
/// <remarks>
/// What a file is, is decided by its content; its name matters only where loaders go by it, as for templates. docs/scan.md lists what is
/// examined. Nothing is loaded or run. Memory grows by at most some 250 MiB, whatever the size of a file: that of two windows of LZMA, of an archive or a
/// graph inside compressed data, of the header of safetensors, or of settings in JSON. Work is bounded by what is counted: bytes read and made, opcodes
/// followed, objects visited.
/// </remarks>
/// <param name="rules">The rules; the library's own where null.</param>
/// <param name="time">The clock for the report's times.</param>
public sealed class ModelScanner(ModelScanRules? rules = null, TimeProvider? time = null)
{
    /// <summary>What reports call the scanner.</summary>
    public const string Uri = "pkg:generic/artifact-trust/model-scan";

    private readonly ModelScanRules _rules = rules ?? ModelScanRules.Default;
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Scans files of a tree.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="files">Its files, as listed; one that cannot be read (<see cref="FileTree.ListAll"/>) is inconclusive.</param>
    /// <param name="progress">Told the size of each file when it is done, in bytes.</param>
    /// <param name="cancellation">Stops inside a file too.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public ModelScanReport Scan(
        FileTree tree,
        IReadOnlyList<TreeFile> files,
        IProgress<long>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(files);
        var started = _time.GetUtcNow();
        var scans = new List<FileScan>(files.Count);
        var names = files.Select(f => f.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var file in files)
        {
            using var stream = tree.TryOpenRead(file, out var obstacle);
            if (stream is null)
            {
                scans.Add(new FileScan(SecretMask.Of(file.Name), file.Size, "unknown", FileVerdict.Inconclusive, [], [obstacle!], []));
                continue;
            }
            scans.Add(ScanFile(file.Name, stream, names, cancellation));
            progress?.Report(file.Size);
        }
        return new ModelScanReport(_rules, started, _time.GetUtcNow(), scans);
    }

    /// <summary>Scans one file.</summary>
    /// <param name="name">Its name in the report.</param>
    /// <param name="stream">Its content, which must be able to seek; read from its start.</param>
    /// <param name="cancellation">Stops inside the file too.</param>
    /// <exception cref="IOException">The content cannot be read.</exception>
    public FileScan ScanFile(string name, Stream stream, CancellationToken cancellation = default) =>
        ScanFile(name, stream, new HashSet<string>(), cancellation);

    private FileScan ScanFile(string name, Stream stream, IReadOnlySet<string> siblings, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanSeek)
        {
            throw new ArgumentException("the stream must be able to seek", nameof(stream));
        }
        return new ModelFileExaminer(_rules, siblings, cancellation).Examine(name, stream);
    }

    /// <summary>A report of one file.</summary>
    public ModelScanReport Scan(string name, Stream stream, CancellationToken cancellation = default)
    {
        var started = _time.GetUtcNow();
        var scan = ScanFile(name, stream, cancellation);
        return new ModelScanReport(_rules, started, _time.GetUtcNow(), [scan]);
    }
}
