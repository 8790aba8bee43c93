using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>copy</c>: move an image or artifact with all its evidence between registries and layouts.</summary>
internal static class CopyCommand
{
    internal static Command Create(Session session)
    {
        var source = new Argument<string>("SRC")
        {
            Description = "HOST/REPO[:TAG|@DIGEST], oci-layout:DIR[:TAG|@DIGEST], oci-archive:FILE[:TAG] or docker-archive:FILE",
        };
        var destination = new Argument<string>("DST")
        {
            Description = "HOST/REPO[:TAG] or oci-layout:DIR[:TAG]; SRC's tag where none is given",
        };
        var options = new CopyOptions();
        var verb = new Verb(
            "copy",
            "Copy an image or artifact with all its platforms, signatures and attestations, every byte checked on the way.",
            "artifact-trust copy registry.example.com/models/vad:1.0 mirror.example.com/models/vad:1.0",
            "artifact-trust copy registry.example.com/models/vad:1.0 oci-layout:./vad"
        )
        {
            source,
            destination,
        };
        options.AddTo(verb);
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var from = CopyOptions.Reference(parsed.GetValue(source)!, "SRC");
                var to = CopyOptions.Reference(parsed.GetValue(destination)!, "DST");
                if (to is ArchiveReference)
                {
                    throw CliException.Usage("an archive is not copied into", "artifact-trust save REF... FILE writes one");
                }
                var atOnce = options.AtOnce(parsed);
                using var connections = options.Connections(parsed, from, to);
                var settings = options.Registries(session, parsed);
                using var there = connections.Open(from, settings);
                var root = await there.ResolveAsync(from, cancellation);
                if (to.Digest is { } digest && !digest.Equals(root.Descriptor.Digest))
                {
                    throw CliException.Rejected("digest", $"SRC is {root.Descriptor.Digest}, and DST names {digest}");
                }
                using var here = await OpenDestinationAsync(connections, to, settings, cancellation);
                var tag =
                    to.Tag ?? (to.Digest is null ? from.Tag ?? (from is RegistryReference && from.Digest is null ? "latest" : null) : null);
                var copier = new ImageCopier(there, here, atOnce);
                var report = await copier.CopyAsync(root, tag, options.WithEvidence(parsed), cancellation);
                return CopyOptions.Report(session, "copy", [(from.ToString(), $"{to.Place}{(tag is null ? "" : $":{tag}")}", report)]);
            }
        );
        return verb;
    }

    /// <summary>Opens what is copied to; a layout that is not there is made.</summary>
    internal static async Task<OciStore> OpenDestinationAsync(
        RegistryConnections connections,
        OciReference to,
        RegistryOptions settings,
        CancellationToken cancellation
    ) => to is LayoutReference layout ? await ImageLayout.CreateAsync(layout.Directory, cancellation) : connections.Open(to, settings);
}
