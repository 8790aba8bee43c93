using System.Text;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Hashing;
using ArtifactTrust.Sbom;

namespace ArtifactTrust.Cli.Commands;

/// <summary>How an SBOM that was made is handed over.</summary>
internal static class SbomReport
{
    /// <summary>Writes it to a file, or to standard output, and tells of it.</summary>
    internal static int Written(Session session, MadeSbom made, string? file, WrittenAttestation? attested, string command = "sbom")
    {
        var terminal = session.Terminal;
        if (file is not null)
        {
            DurableFile.Write(file, made.Bytes, replace: true);
        }
        else if (attested is null)
        {
            // The SBOM is the result, in its own format whatever --output says.
            terminal.Output.WriteLine(Encoding.UTF8.GetString(made.Bytes).TrimEnd());
            return ExitCode.Success;
        }
        if (terminal.Json)
        {
            WriteJson(terminal, made, file, attested, command);
            return ExitCode.Success;
        }
        if (file is not null)
        {
            terminal.Line($"written: {Terminal.Clean(file)}");
            terminal.Line($"  {made.FormatName}, {made.Components} components");
        }
        if (attested is not null)
        {
            terminal.Line($"attested: {Terminal.Clean(attested.Name)}");
            terminal.Line($"  {made.FormatName}, {made.Components} components");
            terminal.Line($"  {Terminal.Clean(attested.Where)}");
        }
        return ExitCode.Success;
    }

    private static void WriteJson(Terminal terminal, MadeSbom made, string? file, WrittenAttestation? attested, string command) =>
        terminal.WriteJson(writer =>
        {
            writer.WriteStartObject();
            Session.WriteHead(writer, command, "ok", ExitCode.Success);
            if (file is not null)
            {
                writer.WriteString("written", file);
            }
            writer.WriteString(
                "format",
                made.Format switch
                {
                    SbomFormat.CycloneDxJson => "cyclonedx-json",
                    SbomFormat.CycloneDxXml => "cyclonedx-xml",
                    SbomFormat.SpdxJson => "spdx-json",
                    _ => "spdx3-json",
                }
            );
            writer.WriteString("specVersion", made.SpecVersion);
            writer.WriteString("serialNumber", made.SerialNumber is { } serial ? $"urn:uuid:{serial}" : null);
            writer.WriteNumber("components", made.Components);
            writer.WriteString("digest", DigestAlgorithm.Sha256.Hash(made.Bytes).ToString());
            if (attested is not null)
            {
                writer.WriteStartObject("attestation");
                writer.WriteString("subject", attested.Name);
                writer.WritePropertyName("digests");
                attested.Digests.WriteTo(writer);
                writer.WriteString("predicateType", made.PredicateType);
                writer.WriteString("written", attested.Where);
                writer.WriteString("bundleDigest", attested.Bundle.Digest.ToString());
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        });
}
