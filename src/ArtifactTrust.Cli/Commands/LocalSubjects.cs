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
            TotalBytes(terminal, tree, rules),
            progress => new HashedTree(tree, progress, cancellation) { Cache = cache }.Manifest(rules, form: form)
        );
        return manifest.Entries.Count > 0 ? manifest : throw Empty(tree.Path);
    }

    /// <summary>The same where the entries are looked through once or not at all, so that memory does not grow with them.</summary>
    /// <exception cref="CliException">It has none.</exception>
    internal static StreamedManifest Streamed(
        Terminal terminal,
        FileTree tree,
        IgnoreRules rules,
        bool keepEntries,
        CancellationToken cancellation
    )
    {
        var manifest = terminal.WithProgress(
            $"hashing {tree.Name}",
            TotalBytes(terminal, tree, rules),
            progress => StreamedManifest.Hash(tree, rules, keepEntries, progress, cancellation)
        );
        if (manifest.Count > 0)
        {
            return manifest;
        }
        manifest.Dispose();
        throw Empty(tree.Path);
    }

    /// <summary>The bytes that a progress bar is of; 0 where nobody sees one.</summary>
    internal static long TotalBytes(Terminal terminal, FileTree tree, IgnoreRules rules) =>
        terminal.IsInteractive ? tree.Measure(rules).Bytes : 0;

    /// <summary>What is said of a directory without files.</summary>
    internal static CliException Empty(string path) =>
        CliException.Rejected("empty-directory", $"the directory '{path}' has no files", "an empty model is never signed or trusted");
}
