using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.Merging;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>sbom merge</c>: the SBOM of a release, from those of its parts.</summary>
internal static class SbomMergeCommand
{
    internal static Command Create(Session session)
    {
        var files = new Argument<string[]>("FILE")
        {
            Description = "SBOMs of the parts, CycloneDX JSON 1.4 to 1.7: of an image, a model, datasets",
            Arity = ArgumentArity.OneOrMore,
        };
        var name = new Option<string>("--name")
        {
            Description = "the release's name",
            HelpName = "NAME",
            Required = true,
        };
        var version = new Option<string?>("--component-version") { Description = "the release's version", HelpName = "VERSION" };
        var to = new Option<string?>("--to") { Description = "write the SBOM to a file, and print a summary", HelpName = "FILE" };
        var verb = new Verb(
            "merge",
            "Put SBOMs of an image, a model and datasets into one, with the release depending on each. SOURCE_DATE_EPOCH sets its time.",
            "artifact-trust sbom merge image.cdx.json model.cdx.json --name detector --to release.cdx.json",
            "artifact-trust sbom merge model.cdx.json data.cdx.json --name detector --component-version 2.0"
        )
        {
            files,
            name,
            version,
            to,
            Options.Output(),
        };
        verb.SetAction(parsed =>
        {
            var documents = new List<KeyValuePair<string, ReadOnlyMemory<byte>>>();
            foreach (var path in parsed.GetValue(files)!)
            {
                documents.Add(new(path, SbomInput.Read(path, SbomFileFormat.CycloneDxJson)));
            }
            if (documents.Count > Limits.SbomsMerged)
            {
                throw CliException.Usage($"{documents.Count} documents; at most {Limits.SbomsMerged} can be merged");
            }
            if (string.IsNullOrWhiteSpace(parsed.GetValue(name)))
            {
                throw CliException.Usage("--name is empty");
            }
            var merged = CycloneDxMerger.Merge(
                documents,
                new SbomMergeOptions(parsed.GetValue(name)!, parsed.GetValue(version), Time(session))
            );
            foreach (var note in merged.Notes)
            {
                session.Terminal.Warn(note);
            }
            return SbomReport.Written(
                session,
                new MadeSbom(merged.Utf8, SbomFormat.CycloneDxJson, merged.SpecVersion, merged.Components)
                {
                    SerialNumber = merged.SerialNumber,
                },
                parsed.GetValue(to),
                attested: null,
                command: "sbom merge"
            );
        });
        return verb;
    }

    private static DateTimeOffset Time(Session session)
    {
        try
        {
            return SbomTime.Resolve(session.Time, Environment.GetEnvironmentVariable("SOURCE_DATE_EPOCH"));
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage(e.Message, null, e);
        }
    }
}
