using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.CycloneDx;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>sbom</c>: what a subject is made of.</summary>
internal static class SbomCommand
{
    internal static Command Create(Session session)
    {
        var subject = Options.Subject();
        var dataset = new Option<bool>("--dataset") { Description = "the subject is a dataset, not a model" };
        var name = new Option<string?>("--name") { Description = "the component's name (the subject's own name)", HelpName = "NAME" };
        var version = new Option<string?>("--component-version") { Description = "the component's version", HelpName = "VERSION" };
        var to = new Option<string?>("--to") { Description = "write the SBOM to a file, and print a summary", HelpName = "FILE" };
        var ignore = Options.IgnorePaths();
        var noGit = Options.NoIgnoreGitPaths();
        var trivy = new TrivySettings();
        var verb = new Verb(
            "sbom",
            "Write the SBOM of a model or dataset (CycloneDX 1.6), from what its files say; of an image, from Trivy. SOURCE_DATE_EPOCH sets its time.",
            "artifact-trust sbom ./model --to model.cdx.json",
            "artifact-trust sbom ./data --dataset --name hash-timings --component-version 1.0"
        )
        {
            subject,
            dataset,
            name,
            version,
            to,
            ignore,
            noGit,
            Options.Output(),
        };
        trivy.AddTo(verb);
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var target = Subject.Parse(parsed.GetValue(subject)!);
                var bom = target switch
                {
                    Subject.Image image => await OfImageAsync(image, trivy, parsed, session, cancellation),
                    Subject.LocalDirectory d => OfDirectory(
                        session,
                        d.Path,
                        IgnoreOptions.Rules(parsed.GetValue(ignore) ?? [], d.Path, parsed.GetValue(noGit)),
                        Describe(
                            session,
                            parsed.GetValue(dataset),
                            parsed.GetValue(name) ?? Path.GetFileName(Subject.Stem(d.Path)),
                            parsed.GetValue(version)
                        ),
                        cancellation
                    ),
                    Subject.LocalFile f => OfFile(
                        f.Path,
                        Describe(
                            session,
                            parsed.GetValue(dataset),
                            parsed.GetValue(name) ?? Path.GetFileName(f.Path),
                            parsed.GetValue(version)
                        ),
                        cancellation
                    ),
                    _ => throw new InvalidOperationException("a subject of no kind"),
                };
                return Report(session, bom, parsed.GetValue(to));
            }
        );
        return verb;
    }

    private static SbomOptions Describe(Session session, bool dataset, string name, string? version)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            throw CliException.Usage("--name is empty");
        }
        try
        {
            var time = SbomTime.Resolve(session.Time, Environment.GetEnvironmentVariable("SOURCE_DATE_EPOCH"));
            return new SbomOptions(dataset ? SbomSubjectKind.Dataset : SbomSubjectKind.Model, name, version, time);
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage(e.Message, null, e);
        }
    }

    private static byte[] OfDirectory(Session session, string path, IgnoreRules rules, SbomOptions options, CancellationToken cancellation)
    {
        using var tree = FileTree.Open(path);
        var manifest = LocalSubjects.Manifest(session.Terminal, tree, rules, cancellation);
        var document = session.Terminal.WithProgress(
            $"reading {tree.Name}",
            manifest.Entries.Sum(e => e.Size),
            progress => new SbomBuilder(options).Build(tree, manifest, progress, cancellation)
        );
        return CycloneDxJsonWriter.ToBytes(document);
    }

    private static byte[] OfFile(string path, SbomOptions options, CancellationToken cancellation)
    {
        using var file = ArtifactFile.Open(path, null, cancellation);
        var entry = new ManifestEntry(file.Name, file.Digest(DigestAlgorithm.Sha256), file.Size);
        using var stream = new FileStream(file.Handle, FileAccess.Read, bufferSize: 0);
        stream.Position = 0;
        var document = new SbomBuilder(options).Build(stream, entry, cancellation);
        file.CheckUnchanged();
        return CycloneDxJsonWriter.ToBytes(document);
    }

    private static async Task<byte[]> OfImageAsync(
        Subject.Image image,
        TrivySettings trivy,
        ParseResult parsed,
        Session session,
        CancellationToken cancellation
    )
    {
        var scanner = trivy.Scanner(parsed, session.Time);
        var (target, registry) = await trivy.ImageAsync(image.Reference, session, parsed, cancellation);
        return await scanner.ListPackagesAsync(target, trivy.Options(parsed, registry), cancellation);
    }

    private static int Report(Session session, byte[] bom, string? file)
    {
        var summary = CycloneDxReader.Read(bom);
        var terminal = session.Terminal;
        if (file is null)
        {
            // The SBOM is the result, in its own format whatever --output says.
            terminal.Output.WriteLine(System.Text.Encoding.UTF8.GetString(bom).TrimEnd());
            return ExitCode.Success;
        }
        AtomicFile.Write(file, bom, replace: true);
        if (terminal.Json)
        {
            terminal.WriteJson(writer =>
            {
                writer.WriteStartObject();
                Session.WriteHead(writer, "sbom", "ok", ExitCode.Success);
                writer.WriteString("written", file);
                writer.WriteString("specVersion", summary.SpecVersion);
                writer.WriteString("serialNumber", summary.SerialNumber is { } serial ? $"urn:uuid:{serial}" : null);
                writer.WriteNumber("components", summary.Components.Count);
                writer.WriteString("digest", DigestAlgorithm.Sha256.Hash(bom).ToString());
                writer.WriteEndObject();
            });
            return ExitCode.Success;
        }
        terminal.Line($"written: {file}");
        terminal.Line($"  CycloneDX {summary.SpecVersion}, {summary.Components.Count} components");
        return ExitCode.Success;
    }
}
