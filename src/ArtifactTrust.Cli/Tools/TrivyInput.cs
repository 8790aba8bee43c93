using ArtifactTrust.Formats;
using ArtifactTrust.Sbom;
using ArtifactTrust.Scanning;

namespace ArtifactTrust.Cli.Tools;

/// <summary>What Trivy is given as its target.</summary>
internal static class TrivyInput
{
    /// <summary>The argument: the target, or a copy or a link where Trivy could not take the original.</summary>
    /// <param name="target">The target.</param>
    /// <param name="directory">Where copies and links are made.</param>
    /// <param name="notes">Where it is noted in what a copy differs.</param>
    /// <param name="stated">The packages that the target states, where it is an SBOM.</param>
    /// <exception cref="ScannerException">It cannot be read.</exception>
    internal static string Prepare(TrivyTarget target, PrivateDirectory directory, List<string> notes, out StatedPackages? stated)
    {
        stated = null;
        if (target.IsLayout)
        {
            var path = target.Value;
            if (path.Contains('@', StringComparison.Ordinal) || path.Contains(':', StringComparison.Ordinal))
            {
                // Trivy splits its argument at the first of them.
                path = directory.File("layout");
                Directory.CreateSymbolicLink(path, target.Value);
            }
            return target.Digest is { } digest ? $"{path}@{digest}" : $"{path}:{target.Tag}";
        }
        if (target.Command != "sbom")
        {
            return target.Value;
        }
        try
        {
            var bytes = BoundedFile.Read(target.Value, "SBOM", Limits.ScanReportBytes);
            if (SbomFile.FormatOf(new MemoryStream(bytes)) is var format and (SbomFileFormat.CycloneDxXml or SbomFileFormat.Spdx3Json))
            {
                throw new ScannerException(
                    $"Trivy does not read {(format == SbomFileFormat.CycloneDxXml ? "CycloneDX XML" : "SPDX 3")}",
                    "scan the same document as CycloneDX JSON or SPDX 2.3 JSON"
                );
            }
            stated = StatedPackages.Of(bytes);
            // Always a copy: what is scanned is then what was read, whatever happens to the file.
            var copy = BomScanCopy.Of(bytes);
            if (copy.ReplacedRootType is { } type)
            {
                notes.Add($"for the scan the SBOM's root component was an application instead of a {type}, which Trivy does not read");
            }
            if (copy.ReplacedSpecVersion is { } version)
            {
                notes.Add($"for the scan the SBOM was read as CycloneDX {BomScanCopy.NewestSpecVersion} instead of {version}");
            }
            var path = directory.File("sbom.json");
            using var written = File.Create(path);
            written.Write(copy.Utf8.Span);
            return path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or MalformedDataException)
        {
            throw new ScannerException($"the SBOM cannot be read: {e.Message}", innerException: e);
        }
    }
}
