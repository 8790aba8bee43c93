using ArtifactTrust.Cli.Console;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Cli.Commands;

/// <summary>Hashing of directories, as all verbs do it.</summary>
internal static class LocalSubjects
{
    /// <summary>The manifest of a directory that has at least one file.</summary>
    /// <exception cref="CliException">It has none.</exception>
    internal static FileManifest Manifest(
        Terminal terminal,
        FileTree tree,
        IgnoreRules rules,
        CancellationToken cancellation,
        ManifestForm? form = null,
        HashCache? cache = null
    )
    {
        var manifest = terminal.WithProgress(
            $"hashing {tree.Name}",
            terminal.IsInteractive ? tree.List(rules).Sum(f => f.Size) : 0,
            progress => new HashedTree(tree, progress, cancellation) { Cache = cache }.Manifest(rules, form: form)
        );
        return manifest.Entries.Count > 0
            ? manifest
            : throw CliException.Rejected(
                "empty-directory",
                $"the directory '{tree.Path}' has no files",
                "an empty model is never signed or trusted"
            );
    }
}
