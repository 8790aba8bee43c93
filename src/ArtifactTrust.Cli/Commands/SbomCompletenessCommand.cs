using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.Completeness;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>sbom completeness</c>: what an SBOM lacks by published minimum elements.</summary>
internal static class SbomCompletenessCommand
{
    internal static Command Create(Session session)
    {
        var file = new Argument<string>("FILE") { Description = "an SBOM: CycloneDX JSON 1.4 to 1.7" };
        var profile = new Option<string?>("--profile")
        {
            Description = "score by this list alone",
            HelpName = string.Join('|', SbomCompleteness.Profiles),
        };
        profile.AcceptOnlyFromAmong([.. SbomCompleteness.Profiles]);
        var failUnder = FailUnder();
        var verb = new Verb(
            "completeness",
            "Score an SBOM by the minimum elements of NTIA, CISA and G7 and the fields of OWASP's AIBOM, and list what is missing.",
            "artifact-trust sbom completeness model.cdx.json",
            "artifact-trust sbom completeness model.cdx.json --profile g7-ai-2026 --fail-under 60"
        )
        {
            file,
            profile,
            failUnder,
            Options.Output(),
        };
        verb.SetAction(parsed =>
        {
            var path = parsed.GetValue(file)!;
            var least = ReadFailUnder(parsed, failUnder);
            return SbomCompletenessReport.Written(
                session,
                SbomInput.Read(path, SbomFileFormat.CycloneDxJson),
                least,
                parsed.GetValue(profile)
            );
        });
        return verb;
    }

    /// <summary>The option that says which score is too low.</summary>
    internal static Option<int?> FailUnder() =>
        new("--fail-under") { Description = "end with 1 where a score is below this number, from 0 to 100", HelpName = "N" };

    /// <summary>The score asked for, or null.</summary>
    /// <exception cref="CliException">It is no score.</exception>
    internal static int? ReadFailUnder(ParseResult parsed, Option<int?> option) =>
        parsed.GetValue(option) is { } least and (< 0 or > 100)
            ? throw CliException.Usage($"--fail-under is a number from 0 to 100, not {least}")
            : parsed.GetValue(option);
}
