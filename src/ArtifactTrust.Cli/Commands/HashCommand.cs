using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>hash</c>: the manifest and digests of a subject.</summary>
internal static class HashCommand
{
    internal static Command Create(Session session)
    {
        var subject = Options.Subject();
        var ignore = Options.IgnorePaths();
        var noGit = Options.NoIgnoreGitPaths();
        var plainHttp = Options.PlainHttp();
        var verb = new Verb(
            "hash",
            "Print the digests of a directory's files and of the whole, of a file, or of an image's manifest.",
            "artifact-trust hash ./model",
            "artifact-trust hash registry.example.com/models/vad:1.0 --output json"
        )
        {
            subject,
            ignore,
            noGit,
            plainHttp,
            Options.Output(),
        };
        verb.SetAction(
            async (parsed, cancellation) =>
                Subject.Parse(parsed.GetValue(subject)!) switch
                {
                    Subject.LocalDirectory d => HashDirectory(
                        session,
                        d.Path,
                        IgnoreOptions.Rules(parsed.GetValue(ignore) ?? [], d.Path, parsed.GetValue(noGit)),
                        cancellation
                    ),
                    Subject.LocalFile f => HashFile(session, f.Path, cancellation),
                    Subject.Image i => await HashImage(session, i, parsed.GetValue(plainHttp), cancellation),
                    _ => throw new InvalidOperationException("a subject of no kind"),
                }
        );
        return verb;
    }

    private static int HashDirectory(Session session, string path, IgnoreRules rules, CancellationToken cancellation)
    {
        using var tree = FileTree.Open(path);
        var manifest = LocalSubjects.Manifest(session.Terminal, tree, rules, cancellation);
        return Report(session, "directory", tree.Name, manifest.Subject, manifest, rules);
    }

    private static int HashFile(Session session, string path, CancellationToken cancellation)
    {
        var length = new FileInfo(path).Length;
        var (name, digest) = session.Terminal.WithProgress(
            $"hashing {Path.GetFileName(path)}",
            length,
            progress =>
            {
                using var file = ArtifactFile.Open(path, progress, cancellation);
                return (file.Name, file.Digest(DigestAlgorithm.Sha256));
            }
        );
        return Report(session, "file", name, new DigestSet(digest), null, null);
    }

    private static async Task<int> HashImage(Session session, Subject.Image image, bool plainHttp, CancellationToken cancellation)
    {
        using var images = new Images(plainHttp);
        var (_, descriptor) = await images.ResolveAsync(image.Reference, cancellation);
        return Report(session, "image", image.Reference.ToString(), new DigestSet(descriptor.Digest), null, null);
    }

    private static int Report(Session session, string kind, string name, DigestSet digests, FileManifest? manifest, IgnoreRules? rules)
    {
        var terminal = session.Terminal;
        if (terminal.Json)
        {
            terminal.WriteJson(writer =>
            {
                writer.WriteStartObject();
                Session.WriteHead(writer, "hash", "ok", ExitCode.Success);
                writer.WriteStartObject("subject");
                writer.WriteString("kind", kind);
                writer.WriteString("name", name);
                writer.WritePropertyName("digests");
                digests.WriteTo(writer);
                writer.WriteEndObject();
                if (manifest is not null)
                {
                    writer.WriteStartArray("files");
                    foreach (var entry in manifest.Entries)
                    {
                        writer.WriteStartObject();
                        writer.WriteString("name", entry.Name);
                        writer.WriteString("digest", entry.Digest.ToString());
                        writer.WriteNumber("size", entry.Size);
                        writer.WriteEndObject();
                    }
                    writer.WriteEndArray();
                    writer.WriteStartArray("ignoredPaths");
                    foreach (var path in rules!.Paths)
                    {
                        writer.WriteStringValue(path);
                    }
                    writer.WriteEndArray();
                }
                writer.WriteEndObject();
            });
            return ExitCode.Success;
        }
        foreach (var entry in manifest?.Entries ?? [])
        {
            terminal.Line($"{entry.Digest.Hex}  {Terminal.Clean(entry.Name)}");
        }
        foreach (var (algorithm, value) in digests.Values.OrderBy(d => d.Key == DigestSet.DirHash))
        {
            terminal.Line($"{algorithm}:{value}{(manifest is null ? $"  {Terminal.Clean(name)}" : "")}");
        }
        return ExitCode.Success;
    }
}
