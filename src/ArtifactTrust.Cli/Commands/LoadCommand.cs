using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>load</c>: what <c>save</c> wrote, into a registry or a layout.</summary>
internal static class LoadCommand
{
    internal static Command Create(Session session)
    {
        var file = new Argument<string>("FILE") { Description = "the tar file that save wrote, or any OCI image layout as a tar archive" };
        var destination = new Argument<string>("DST")
        {
            Description =
                "HOST/REPO[:TAG] for one image; for several HOST/PREFIX, below which each keeps its repository's name; or oci-layout:DIR[:TAG]",
        };
        var options = new CopyOptions();
        var verb = new Verb(
            "load",
            "Copy what a file of save holds, with all evidence, into a registry or an image layout.",
            "artifact-trust load release.tar registry.internal/releases",
            "artifact-trust load vad.tar oci-layout:./vad"
        )
        {
            file,
            destination,
        };
        options.AddTo(verb);
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var path = parsed.GetValue(file)!;
                CliException.RequireFile(path, "archive");
                var to = CopyOptions.Reference(parsed.GetValue(destination)!, "DST");
                if (to is ArchiveReference || to.Digest is not null)
                {
                    throw CliException.Usage("DST is a repository or a layout, without a digest");
                }
                var atOnce = options.AtOnce(parsed);
                using var connections = options.Connections(parsed, to);
                var settings = options.Registries(session, parsed);
                using var archive = ImageArchive.Open(path);
                var images = archive.ListImages();
                if (images.Count == 0)
                {
                    throw CliException.Rejected("malformed", $"there is no image in '{path}'");
                }
                if (images.Count > 1 && to.Tag is not null)
                {
                    throw CliException.Usage(
                        $"'{path}' holds {images.Count} images, which cannot all have the tag '{to.Tag}'",
                        "leave the tag out"
                    );
                }
                var targets = images.Select(i => (Image: i, Target: Target(i, to, images.Count > 1))).ToArray();
                var twice = targets
                    .GroupBy(t => t.Target.ToString())
                    .FirstOrDefault(g => g.DistinctBy(t => t.Image.Descriptor).Count() > 1);
                if (twice is not null)
                {
                    throw CliException.Usage(
                        $"{twice.Count()} images of '{path}' would become {twice.Key}",
                        "load into a registry, or save them one by one"
                    );
                }
                var copies = new List<(string, string, CopyReport)>();
                foreach (var (image, target) in targets)
                {
                    using var store = await CopyCommand.OpenDestinationAsync(connections, target, settings, cancellation);
                    var root = await archive.GetManifestAsync(image.Descriptor.Digest, cancellation);
                    var copier = new ImageCopier(archive, store, atOnce);
                    var report = await copier.CopyAsync(root, target.Tag, options.WithEvidence(parsed), cancellation);
                    copies.Add(($"{image.Name ?? image.Tag ?? image.Descriptor.Digest.ToString()} in {path}", target.ToString(), report));
                }
                return CopyOptions.Report(session, "load", copies);
            }
        );
        return verb;
    }

    /// <summary>Where an image goes. Names in an archive are anyone's, so they are read as the references they must be.</summary>
    private static OciReference Target(ArchivedImage image, OciReference to, bool below)
    {
        RegistryReference? name = null;
        if (image.Name is not null)
        {
            try
            {
                name = OciReference.Parse(image.Name) as RegistryReference;
            }
            catch (MalformedDataException)
            {
                // Then the tag is all that is known.
            }
        }
        try
        {
            var tag = to.Tag ?? image.Tag ?? name?.Tag;
            return to switch
            {
                LayoutReference layout => new LayoutReference(layout.Directory, tag),
                RegistryReference registry when below && name is not null => new RegistryReference(
                    registry.Host,
                    $"{registry.Repository}/{name.Repository}",
                    tag
                ),
                RegistryReference registry => new RegistryReference(registry.Host, registry.Repository, tag),
                _ => throw new InvalidOperationException("a destination of no kind"),
            };
        }
        catch (MalformedDataException e)
        {
            throw CliException.Rejected(
                "malformed",
                $"the archive's '{image.Name ?? image.Tag}' cannot be stored in {to.Place}: {e.Reason}",
                null,
                e
            );
        }
    }
}
