using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>push</c>: store a model or dataset directory as an artifact.</summary>
internal static class PushCommand
{
    internal static Command Create(Session session)
    {
        var directory = new Argument<string>("DIR") { Description = "the directory" };
        var destination = new Argument<string>("REF") { Description = "HOST/REPO[:TAG] or oci-layout:DIR[:TAG]" };
        var ignore = Options.IgnorePaths();
        var noGit = Options.NoIgnoreGitPaths();
        var atOnce = Parallelism.Create();
        var tar = new Option<bool>("--tar")
        {
            Description = "put files below 1 MiB together into tar layers; done anyway where there are more than 4000 files",
        };
        var images = new ImageOptions();
        var verb = new Verb(
            "push",
            "Store a model or dataset directory in a registry as a ModelPack artifact, one layer a file.",
            "artifact-trust push ./model registry.example.com/models/vad:1.0",
            "artifact-trust push ./model oci-layout:./artifact:1.0"
        )
        {
            directory,
            destination,
            ignore,
            noGit,
            tar,
            atOnce,
            Options.Output(),
        };
        images.AddTo(verb);
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var path = parsed.GetValue(directory)!;
                if (!Directory.Exists(path))
                {
                    throw CliException.Usage($"'{path}' is no directory");
                }
                var to = CopyOptions.Reference(parsed.GetValue(destination)!, "REF");
                if (to is ArchiveReference || to.Digest is not null)
                {
                    throw CliException.Usage("REF is to be HOST/REPO[:TAG] or oci-layout:DIR[:TAG]");
                }
                images.RequireRegistry(parsed, to is RegistryReference);
                using var tree = FileTree.Open(path);
                var files = tree.List(IgnoreOptions.Rules(parsed.GetValue(ignore) ?? [], path, parsed.GetValue(noGit)));
                if (files.Count == 0)
                {
                    throw LocalSubjects.Empty(path);
                }
                using var connections = images.Connections(parsed);
                using var store = await CopyCommand.OpenDestinationAsync(connections, to, images.Registries(session, parsed), cancellation);
                var tag = to.Tag ?? (to is RegistryReference ? "latest" : null);
                var pushed = await new ModelArtifact(store, Parallelism.Read(parsed.GetValue(atOnce))).PushAsync(
                    tree,
                    files,
                    tag,
                    parsed.GetValue(tar),
                    cancellation
                );
                var name = $"{to.Place}{(tag is null ? "" : $":{tag}")}";
                Report(session, "push", name, pushed.Digest, files.Count, files.Sum(f => f.Size));
                return ExitCode.Success;
            }
        );
        return verb;
    }

    internal static void Report(Session session, string command, string name, Digest digest, int files, long bytes)
    {
        var terminal = session.Terminal;
        if (terminal.Json)
        {
            terminal.WriteJson(writer =>
            {
                writer.WriteStartObject();
                Session.WriteHead(writer, command, "ok", ExitCode.Success);
                writer.WriteString("name", name);
                writer.WriteString("digest", digest.ToString());
                writer.WriteNumber("files", files);
                writer.WriteNumber("bytes", bytes);
                writer.WriteEndObject();
            });
            return;
        }
        terminal.Line($"{command}ed: {Terminal.Clean(name)}");
        terminal.Line($"  digest  {digest}");
        terminal.Line($"  files   {files} ({bytes} bytes)");
    }
}

/// <summary><c>--parallel</c> of verbs that move files.</summary>
internal static class Parallelism
{
    internal static Option<int> Create() =>
        new("--parallel")
        {
            Description = "how many blobs are moved at once",
            DefaultValueFactory = _ => 6,
            HelpName = "N",
        };

    /// <exception cref="CliException">The number makes no sense.</exception>
    internal static int Read(int number) =>
        number is >= 1 and <= 64 ? number : throw CliException.Usage("--parallel takes a number from 1 to 64");
}
