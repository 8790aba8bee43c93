using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom;

namespace ArtifactTrust.Cli.Commands;

/// <summary>The SBOMs that verbs about SBOMs read.</summary>
internal static class SbomInput
{
    /// <summary>Reads a file. What is no SBOM at all is left to its reader, who tells what is wrong with it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="wanted">What its reader takes.</param>
    /// <exception cref="CliException">There is no such file, or it is an SBOM in another format.</exception>
    internal static byte[] Read(string path, params IReadOnlyList<SbomFileFormat> wanted)
    {
        CliException.RequireFile(path, "SBOM");
        var bytes = EvidenceFiles.ReadBounded(path, Limits.PredicateBytes);
        using var stream = new MemoryStream(bytes, writable: false);
        var format = SbomFile.FormatOf(stream);
        return format == SbomFileFormat.None || wanted.Contains(format)
            ? bytes
            : throw CliException.Rejected(
                "malformed",
                $"'{path}' is {NameOf(format)}, and {string.Join(" or ", wanted.Select(NameOf))} is asked for",
                "write the SBOM again with another --format"
            );
    }

    private static string NameOf(SbomFileFormat format) =>
        format switch
        {
            SbomFileFormat.CycloneDxJson => "CycloneDX JSON",
            SbomFileFormat.CycloneDxXml => "CycloneDX XML",
            SbomFileFormat.SpdxJson => "SPDX 2 JSON",
            SbomFileFormat.SpdxTagValue => "SPDX tag-value",
            SbomFileFormat.Spdx3Json => "SPDX 3 JSON",
            _ => "no SBOM",
        };
}
