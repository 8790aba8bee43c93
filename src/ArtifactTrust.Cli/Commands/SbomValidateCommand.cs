using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Validation;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>sbom validate</c>: whether a document is what its format says.</summary>
internal static class SbomValidateCommand
{
    internal static Command Create(Session session)
    {
        var file = new Argument<string>("FILE") { Description = "an SBOM: CycloneDX JSON or XML 1.4 to 1.7, SPDX 2.2, 2.3 or 3.0.1 JSON" };
        var verb = new Verb(
            "validate",
            "Check an SBOM, CycloneDX or SPDX: against its published schema, and for references that lead nowhere.",
            "artifact-trust sbom validate model.cdx.json",
            "artifact-trust sbom validate model.spdx.json --output json"
        )
        {
            file,
            Options.Output(),
        };
        verb.SetAction(parsed =>
        {
            var path = parsed.GetValue(file)!;
            CliException.RequireFile(path, "SBOM");
            return Report(session, path, SbomValidator.Validate(EvidenceFiles.ReadBounded(path, Limits.PredicateBytes)));
        });
        return verb;
    }

    private static int Report(Session session, string path, SbomValidation validation)
    {
        var terminal = session.Terminal;
        var code = validation.IsValid ? ExitCode.Success : ExitCode.Rejected;
        if (terminal.Json)
        {
            terminal.WriteJson(writer =>
            {
                writer.WriteStartObject();
                Session.WriteHead(writer, "sbom validate", validation.IsValid ? "valid" : "invalid", code);
                writer.WriteString("format", validation.Format);
                writer.WriteString("specVersion", validation.SpecVersion);
                foreach (
                    var (name, list) in (ReadOnlySpan<(string, IReadOnlyList<SbomError>)>)
                        [("errors", validation.Errors), ("warnings", validation.Warnings)]
                )
                {
                    writer.WriteStartArray(name);
                    foreach (var error in list)
                    {
                        writer.WriteStartObject();
                        writer.WriteString("pointer", error.Location);
                        writer.WriteString("reason", error.Reason);
                        writer.WriteEndObject();
                    }
                    writer.WriteEndArray();
                }
                writer.WriteEndObject();
            });
            return code;
        }
        terminal.Line($"{(validation.IsValid ? "valid" : "invalid")}: {Terminal.Clean(path)}");
        terminal.Line($"  {validation.Format} {validation.SpecVersion}");
        foreach (var error in validation.Errors)
        {
            terminal.Line($"  error    {Terminal.Clean(Place(error))}  {Terminal.Clean(error.Reason)}");
        }
        foreach (var warning in validation.Warnings)
        {
            terminal.Line($"  warning  {Terminal.Clean(Place(warning))}  {Terminal.Clean(warning.Reason)}");
        }
        if (validation.Errors.Count == Limits.SbomErrors)
        {
            terminal.Line($"  (the first {Limits.SbomErrors} errors)");
        }
        return code;
    }

    private static string Place(SbomError error) => error.Location.Length == 0 ? "/" : error.Location;
}
