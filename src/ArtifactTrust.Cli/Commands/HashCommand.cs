using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>hash</c>: the manifest and digests of a subject.</summary>
internal static class HashCommand
{
    internal static Command Create(Session session)
    {
        var subject = Options.Subject();
        subject.Arity = ArgumentArity.ZeroOrOne;
        var part = new Option<string>("--part")
        {
            Description = "hash the I-th of N parts of a directory, and print it for --merge",
            HelpName = "I/N",
        };
        var merge = new Option<string[]>("--merge")
        {
            Description = "in place of a subject: all parts of one directory, made by --part",
            HelpName = "PART...",
            AllowMultipleArgumentsPerToken = true,
        };
        var ignore = Options.IgnorePaths();
        var noGit = Options.NoIgnoreGitPaths();
        var output = Options.Output();
        var images = new ImageOptions();
        var verb = new Verb(
            "hash",
            "Print the digests of a directory's files and of the whole, of a file, or of an image's manifest.",
            "artifact-trust hash ./model",
            "artifact-trust hash ./dataset --part 2/8 > part-2"
        )
        {
            subject,
            ignore,
            noGit,
            part,
            merge,
            output,
        };
        images.AddTo(verb);
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var given = parsed.GetValue(subject);
                var share = parsed.GetValue(part);
                if (parsed.GetValue(merge) is { Length: > 0 } files)
                {
                    var other = parsed
                        .CommandResult.Children.OfType<OptionResult>()
                        .FirstOrDefault(o => !o.Implicit && o.Option != merge && o.Option != output);
                    return given is null && other is null
                        ? Merge(session, files)
                        : throw CliException.Usage(
                            $"--merge takes parts alone, without {other?.Option.Name ?? "a subject"}",
                            "what is left out was said when the parts were made"
                        );
                }
                var target = Subject.Parse(given ?? throw CliException.Usage("SUBJECT is required", "or --merge with the parts of one"));
                parsed.RequireDirectory([ignore, noGit], target);
                images.RequireRegistry(parsed, target.IsInRegistry());
                return target switch
                {
                    Subject.LocalDirectory d when share is not null => HashPart(
                        session,
                        d.Path,
                        IgnoreOptions.Rules(parsed.GetValue(ignore) ?? [], d.Path, parsed.GetValue(noGit)),
                        share,
                        cancellation
                    ),
                    _ when share is not null => throw CliException.Usage("--part is for directories"),
                    Subject.LocalDirectory d => HashDirectory(
                        session,
                        d.Path,
                        IgnoreOptions.Rules(parsed.GetValue(ignore) ?? [], d.Path, parsed.GetValue(noGit)),
                        cancellation
                    ),
                    Subject.LocalFile f => HashFile(session, f.Path, cancellation),
                    Subject.Image i => await HashImage(session, i, images.Opener(session, parsed), cancellation),
                    _ => throw new InvalidOperationException("a subject of no kind"),
                };
            }
        );
        return verb;
    }

    private static int HashDirectory(Session session, string path, IgnoreRules rules, CancellationToken cancellation)
    {
        using var tree = FileTree.Open(path);
        using var manifest = LocalSubjects.Streamed(session.Terminal, tree, rules, keepEntries: true, cancellation);
        return Report(session, "directory", tree.Name, manifest.Subject, manifest.ReadEntries(), rules);
    }

    private static int HashPart(Session session, string path, IgnoreRules rules, string share, CancellationToken cancellation)
    {
        var numbers = share.Split('/');
        if (
            numbers.Length != 2
            || !int.TryParse(numbers[0], NumberStyles.None, CultureInfo.InvariantCulture, out var part)
            || !int.TryParse(numbers[1], NumberStyles.None, CultureInfo.InvariantCulture, out var parts)
            || part < 1
            || part > parts
            || parts > 10_000
        )
        {
            throw CliException.Usage($"--part takes I/N with I from 1 to N and N up to 10000, not '{share}'");
        }
        using var tree = FileTree.Open(path);
        using var result = session.Terminal.WithProgress(
            $"hashing part {share} of {tree.Name}",
            0,
            progress => ManifestPart.Hash(tree, rules, part, parts, progress, cancellation)
        );
        session.Terminal.StreamJson(result.WriteTo);
        return ExitCode.Success;
    }

    private static int Merge(Session session, string[] files)
    {
        (string Name, IgnoreRules Ignored)? directory = null;
        StreamedManifest merged;
        try
        {
            merged = ManifestPart.Merge(Read());
        }
        catch (MalformedDataException e)
        {
            throw CliException.Rejected("manifest-part", e.Message, "every part of one run is needed once, over the same files", e);
        }
        using (merged)
        {
            if (merged.Count == 0)
            {
                throw LocalSubjects.Empty(directory!.Value.Name);
            }
            return Report(session, "directory", directory!.Value.Name, merged.Subject, merged.ReadEntries(), directory.Value.Ignored);
        }

        IEnumerable<ManifestPart> Read()
        {
            foreach (var file in files)
            {
                using var part = ReadPart(file);
                // Of the first, to which the others are compared.
                directory ??= (part.Name, new IgnoreRules(part.IgnoredPaths));
                yield return part;
            }
        }
    }

    private static ManifestPart ReadPart(string file)
    {
        CliException.RequireFile(file, "part");
        try
        {
            using var stream = File.OpenRead(file);
            return ManifestPart.Read(stream);
        }
        catch (MalformedDataException e)
        {
            throw CliException.Rejected("manifest-part", $"'{file}': {e.Message}", "hash this part again", e);
        }
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

    private static async Task<int> HashImage(Session session, Subject.Image image, Func<Images> open, CancellationToken cancellation)
    {
        using var images = open();
        var (_, descriptor) = await images.ResolveAsync(image.Reference, cancellation);
        return Report(session, "image", image.Reference.ToString(), new DigestSet(descriptor.Digest), null, null);
    }

    private static int Report(
        Session session,
        string kind,
        string name,
        DigestSet digests,
        IEnumerable<ManifestEntry>? entries,
        IgnoreRules? rules
    )
    {
        var terminal = session.Terminal;
        if (terminal.Json)
        {
            terminal.StreamJson(writer =>
            {
                writer.WriteStartObject();
                Session.WriteHead(writer, "hash", "ok", ExitCode.Success);
                writer.WriteStartObject("subject");
                writer.WriteString("kind", kind);
                writer.WriteString("name", name);
                writer.WritePropertyName("digests");
                digests.WriteTo(writer);
                writer.WriteEndObject();
                if (entries is not null)
                {
                    writer.WriteStartArray("files");
                    foreach (var entry in entries)
                    {
                        writer.WriteStartObject();
                        writer.WriteString("name", entry.Name);
                        writer.WriteString("digest", entry.Digest.ToString());
                        writer.WriteNumber("size", entry.Size);
                        writer.WriteEndObject();
                        Terminal.FlushSome(writer);
                    }
                    writer.WriteEndArray();
                    writer.WriteStrings("ignoredPaths", rules!.Paths);
                }
                writer.WriteEndObject();
            });
            return ExitCode.Success;
        }
        terminal.Lines((entries ?? []).Select(e => $"{e.Digest.Hex}  {Terminal.Clean(e.Name)}"));
        foreach (var (algorithm, value) in digests.Values.OrderBy(d => d.Key == DigestSet.DirHash))
        {
            terminal.Line($"{algorithm}:{value}{(entries is null ? $"  {Terminal.Clean(name)}" : "")}");
        }
        return ExitCode.Success;
    }
}
