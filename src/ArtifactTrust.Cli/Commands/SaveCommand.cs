using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>save</c>: a whole release in one file, for where no registry can be reached.</summary>
internal static class SaveCommand
{
    internal static Command Create(Session session)
    {
        var arguments = new Argument<string[]>("REF")
        {
            Description =
                "the images or artifacts, HOST/REPO[:TAG|@DIGEST] or oci-layout:DIR[:TAG|@DIGEST], and last the tar FILE to write",
            Arity = new ArgumentArity(2, 1001),
            HelpName = "REF... FILE",
        };
        var force = new Option<bool>("--force") { Description = "replace the file that is there" };
        var options = new CopyOptions();
        var verb = new Verb(
            "save",
            "Write images or artifacts with all their evidence to one file, an OCI image layout as a tar archive.",
            "artifact-trust save registry.example.com/models/vad:1.0 registry.example.com/serving:2.1 release.tar",
            "artifact-trust save oci-layout:./vad:1.0 vad.tar --output json"
        )
        {
            arguments,
            force,
        };
        options.AddTo(verb);
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var given = parsed.GetValue(arguments)!;
                var file = given[^1];
                var references = given[..^1].Select(r => CopyOptions.Reference(r, "REF")).ToArray();
                if (Path.Exists(file) && !parsed.GetValue(force))
                {
                    throw CliException.Usage($"'{file}' exists", "--force replaces it");
                }
                var atOnce = options.AtOnce(parsed);
                using var connections = options.Connections(parsed, references);
                var settings = options.Registries(session, parsed);
                using var archive = ImageArchiveWriter.Create(file);
                var copies = new List<(string, string, CopyReport)>();
                var tags = new Dictionary<string, OciReference>(StringComparer.Ordinal);
                foreach (var reference in references)
                {
                    using var store = connections.Open(reference, settings);
                    var root = await store.ResolveAsync(reference, cancellation);
                    var name = reference.Tag ?? (reference is RegistryReference && reference.Digest is null ? "latest" : null);
                    // Two images of one tag are told apart by their names and digests.
                    var tag = name is not null && tags.TryAdd(name, reference) ? name : null;
                    var copier = new ImageCopier(store, archive, atOnce);
                    var report = await copier.CopyAsync(root, tag, options.WithEvidence(parsed), cancellation);
                    if (reference is RegistryReference registry)
                    {
                        archive.SetName(
                            root.Descriptor.Digest,
                            tag,
                            $"{registry.Host}/{registry.Repository}{(name is null ? "" : $":{name}")}"
                        );
                    }
                    copies.Add((reference.ToString(), file, report));
                }
                await archive.CompleteAsync(cancellation);
                return CopyOptions.Report(session, "save", copies);
            }
        );
        return verb;
    }
}
