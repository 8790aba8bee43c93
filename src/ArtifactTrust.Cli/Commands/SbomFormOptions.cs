using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Hashing;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.CycloneDx;

namespace ArtifactTrust.Cli.Commands;

/// <summary>The options that say in which form an SBOM is written.</summary>
internal sealed class SbomFormOptions
{
    private readonly Option<string> _format = new("--format")
    {
        Description = "the format of the SBOM",
        DefaultValueFactory = _ => "cyclonedx-json",
        HelpName = "cyclonedx-json|cyclonedx-xml|spdx-json|spdx3-json",
    };

    private readonly Option<string?> _version = new("--spec-version")
    {
        Description = "the version of CycloneDX (1.6, which more tools read)",
        HelpName = "1.6|1.7",
    };

    internal SbomFormOptions()
    {
        _format.AcceptOnlyFromAmong("cyclonedx-json", "cyclonedx-xml", "spdx-json", "spdx3-json");
        _version.AcceptOnlyFromAmong("1.6", "1.7");
    }

    internal void AddTo(Command command)
    {
        command.Options.Add(_format);
        command.Options.Add(_version);
    }

    /// <exception cref="CliException">The options contradict each other.</exception>
    internal SbomForm Read(ParseResult parsed)
    {
        var format = parsed.GetValue(_format) switch
        {
            "cyclonedx-xml" => SbomFormat.CycloneDxXml,
            "spdx-json" => SbomFormat.SpdxJson,
            "spdx3-json" => SbomFormat.Spdx3Json,
            _ => SbomFormat.CycloneDxJson,
        };
        var version = parsed.GetValue(_version);
        return version is not null && format is SbomFormat.SpdxJson or SbomFormat.Spdx3Json
            ? throw CliException.Usage("--spec-version is about CycloneDX", "SPDX is written as 2.3 (spdx-json) or 3.0.1 (spdx3-json)")
            : new SbomForm(format, version == "1.7" ? CycloneDxVersion.V17 : CycloneDxVersion.V16);
    }
}

/// <summary>The form of an SBOM.</summary>
internal sealed record SbomForm(SbomFormat Format, CycloneDxVersion Version)
{
    internal MadeSbom Write(SbomDocument document) =>
        new(
            SbomWriter.ToBytes(document, Format, Version),
            Format,
            Format switch
            {
                SbomFormat.SpdxJson => "2.3",
                SbomFormat.Spdx3Json => "3.0.1",
                _ => Version == CycloneDxVersion.V17 ? "1.7" : "1.6",
            },
            document.Components.Sum(Count)
        )
        {
            SerialNumber = document.SerialNumber,
        };

    private static int Count(SbomComponent component) => 1 + component.Components.Sum(Count);
}

/// <summary>An SBOM that was made.</summary>
/// <param name="Bytes">The document.</param>
/// <param name="Format">Its format.</param>
/// <param name="SpecVersion">The version of the format.</param>
/// <param name="Components">How many components it has, without what it is about.</param>
internal sealed record MadeSbom(byte[] Bytes, SbomFormat Format, string SpecVersion, int Components)
{
    /// <summary>The document's UUID, or null.</summary>
    internal Guid? SerialNumber { get; init; }

    /// <summary>The digests of what it describes, or null.</summary>
    internal DigestSet? Digests { get; init; }

    /// <summary>The format with its version, for people.</summary>
    internal string FormatName =>
        Format switch
        {
            SbomFormat.CycloneDxJson => $"CycloneDX {SpecVersion}",
            SbomFormat.CycloneDxXml => $"CycloneDX {SpecVersion} XML",
            _ => $"SPDX {SpecVersion}",
        };

    /// <summary>The type under which it is attested.</summary>
    internal string PredicateType =>
        Format switch
        {
            SbomFormat.CycloneDxJson => Attestations.Predicates.PredicateType.Parse("cyclonedx").Uri,
            SbomFormat.SpdxJson => Attestations.Predicates.PredicateType.Parse("spdx").Uri,
            SbomFormat.Spdx3Json => "https://spdx.dev/Document/v3",
            _ => throw new InvalidOperationException($"{Format} is never attested"),
        };
}
