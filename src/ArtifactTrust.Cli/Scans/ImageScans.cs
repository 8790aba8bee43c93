using ArtifactTrust.Cli.Commands;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;
using ArtifactTrust.Scanning.Models;

namespace ArtifactTrust.Cli.Scans;

/// <summary>What our own scanners found in an image or an artifact of files, where it is stored.</summary>
/// <param name="session">Where progress goes.</param>
/// <param name="code">The rules by which code is looked for; null where none is.</param>
/// <param name="forPeople">Whether data about people is looked for.</param>
internal sealed class ImageScans(Session session, ModelScanRules? code, bool forPeople)
{
    /// <summary>Looks into the files of an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="name">What the reports call it.</param>
    /// <param name="rules">Which files of an artifact are left out.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="CliException">What is asked for is not looked for in it.</exception>
    internal async Task<LocalScans> RunAsync(
        PlatformImage image,
        string name,
        Func<string, IgnoreRules> rules,
        CancellationToken cancellation
    )
    {
        var manifest = image.Manifest.ToImageManifest();
        if (code is not null && ImageConfiguration.IsOf(manifest.Config))
        {
            return forPeople
                ? throw CliException.Usage("--pii does not look into the layers of a container", "scan its files as a directory")
                : Scan(image, manifest, code, name, cancellation);
        }
        using var fetched = await FetchedArtifact.FetchAsync(image.Store, image.Manifest.Descriptor, cancellation);
        var files = LocalScans.Run(session, new Subject.LocalDirectory(fetched.Path), rules, name, code, forPeople, cancellation);
        return files.In(fetched.Layers);
    }

    private LocalScans Scan(PlatformImage image, ImageManifest manifest, ModelScanRules rules, string name, CancellationToken cancellation)
    {
        var total = manifest.Layers.Sum(l => Math.Min(l.Size, 1L << 50));
        var found = session.Terminal.WithProgress(
            "looking into the layers",
            total,
            progress => ImageModels.ScanAsync(image.Store, manifest, rules, session.Time, progress, cancellation).GetAwaiter().GetResult()
        );
        var what = found.Configuration.Platform is { } platform ? $"{platform}, manifest" : "manifest";
        var report = found.Report.ToScanReport(name) with
        {
            Notes =
            [
                $"{what} {image.Manifest.Descriptor.Digest}: {found.FileCount} files in {manifest.Layers.Count} layers, {found.Report.Files.Count} of them can hold code of a model",
            ],
        };
        return new LocalScans([report], found.Report, null).In(found.Layers);
    }
}
