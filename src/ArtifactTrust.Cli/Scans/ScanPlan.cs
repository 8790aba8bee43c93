using ArtifactTrust.Cli.Commands;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Sbom;

namespace ArtifactTrust.Cli.Scans;

/// <summary>Which scanners look at a subject, and as what.</summary>
/// <param name="LooksIntoModels">Whether files are looked into for code.</param>
/// <param name="LooksIntoFiles">Whether files are looked into at all: for code, for secrets or for data about people.</param>
/// <param name="RunsTrivy">Whether Trivy runs.</param>
/// <param name="IsSbom">Whether the subject is an SBOM.</param>
/// <param name="IsArchive">Whether the subject is an image in a tar file.</param>
internal sealed record ScanPlan(bool LooksIntoModels, bool LooksIntoFiles, bool RunsTrivy, bool IsSbom, bool IsArchive)
{
    internal const string Everything = "all";
    internal const string ModelFiles = "model";
    internal const string DataFiles = "data";
    internal const string Packages = "trivy";

    internal static ScanPlan For(Subject subject, string scanners, bool archive)
    {
        if (archive && subject is not Subject.LocalFile)
        {
            throw CliException.Usage(
                "--archive goes with a file",
                "an image in a registry or a layout is named as HOST/REPO or oci-layout:DIR"
            );
        }
        var sbom = subject is Subject.LocalFile file && !archive && IsSbomFile(file.Path);
        if (scanners == ModelFiles && sbom)
        {
            throw CliException.Usage("--scanners model looks into model files, images and artifacts only");
        }
        if (scanners == DataFiles && archive)
        {
            throw CliException.Usage("--scanners data looks into files and artifacts of them only");
        }
        return new ScanPlan(
            !sbom && scanners is (Everything or ModelFiles),
            (!sbom || scanners == DataFiles) && scanners != Packages,
            scanners is Everything or Packages,
            sbom,
            archive
        );
    }

    private static bool IsSbomFile(string path)
    {
        using var file = File.OpenRead(path);
        return SbomFile.FormatOf(file) != SbomFileFormat.None;
    }
}
