using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Bundles;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Cli.Commands;

/// <summary>Signs directories and files as models, from their bytes or from digests made earlier.</summary>
/// <param name="session">Where progress goes.</param>
/// <param name="signatory">Who signs.</param>
/// <param name="choices">How.</param>
internal sealed class ModelSubjects(Session session, Signatory signatory, ModelChoices choices)
{
    private const int LinesShown = 10;

    /// <summary>Signs a directory.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="ignore">The paths left out.</param>
    /// <param name="cancellation">Stops the work.</param>
    internal async Task<(Bundle Bundle, DigestSet Digests)> SignDirectoryAsync(
        string path,
        IgnoreRules ignore,
        CancellationToken cancellation
    )
    {
        using var tree = FileTree.Open(path, choices.AllowSymlinks);
        if (choices.Form.ShardSize is not null)
        {
            CheckEmptyFiles(tree.List(ignore).Where(f => f.Size == 0).Select(f => f.Name));
        }
        var cache = choices.CacheFile is { } file ? OpenCache(file, tree, ignore) : null;
        var manifest = LocalSubjects.Manifest(session.Terminal, tree, ignore, cancellation, choices.Form, cache);
        var bundle = await SignAsync(tree.Name, manifest, ignore.Paths, cancellation);
        cache?.Save(choices.CacheFile!, tree);
        return (bundle, Digests(manifest));
    }

    /// <summary>Signs a single file as a model.</summary>
    internal async Task<(Bundle Bundle, DigestSet Digests)> SignFileAsync(string path, CancellationToken cancellation)
    {
        var name = Path.GetFileName(path);
        var manifest = session.Terminal.WithProgress(
            $"hashing {name}",
            new FileInfo(path).Length,
            progress =>
            {
                using var file = ArtifactFile.Open(path, progress, cancellation);
                CheckEmptyFiles(file.Size == 0 ? [name] : []);
                return FileManifest.OfFile(file, ModelSignature.SingleFileName, choices.Form);
            }
        );
        return (await SignAsync(name, manifest, [], cancellation), new DigestSet(manifest.RootDigest));
    }

    /// <summary>Signs the digests of a file that <c>hash --output json</c> made.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">The directory that it is of; names and sizes are compared where it is there.</param>
    /// <param name="cancellation">Stops the work.</param>
    internal async Task<(Bundle Bundle, DigestSet Digests)> SignManifestAsync(string file, string path, CancellationToken cancellation)
    {
        CliException.RequireFile(file, "manifest");
        ManifestFile read;
        try
        {
            read = ManifestFile.Parse(EvidenceFiles.ReadBounded(file, Limits.ManifestFileBytes));
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage($"the manifest '{file}' cannot be used: {e.Message}", "make it with 'hash SUBJECT --output json'", e);
        }
        if (read.Manifest.Entries[0].Digest.Algorithm != choices.Form.Algorithm || choices.Form.ShardSize is not null)
        {
            throw CliException.Usage(
                $"the manifest '{file}' has {read.Manifest.Entries[0].Digest.Algorithm} digests of whole files, and {choices.Form} was asked for"
            );
        }
        if (Directory.Exists(path))
        {
            Compare(file, path, read);
        }
        return (await SignAsync(read.Name, read.Manifest, read.IgnoredPaths, cancellation), Digests(read.Manifest));
    }

    /// <summary>Signs the layers of an artifact by the digests in its manifest.</summary>
    internal async Task<(Bundle Bundle, DigestSet Digests)> SignLayersAsync(
        string name,
        ModelLayers layers,
        CancellationToken cancellation
    ) => (await SignAsync(name, layers.Files, [], cancellation), Digests(layers.Files));

    private void Compare(string file, string path, ManifestFile read)
    {
        using var tree = FileTree.Open(path, choices.AllowSymlinks);
        var listed = tree.List(new IgnoreRules(read.IgnoredPaths)).ToDictionary(f => f.Name, f => f.Size, StringComparer.Ordinal);
        var lines = new List<string>();
        foreach (var entry in read.Manifest.Entries)
        {
            if (!listed.Remove(entry.Name, out var size))
            {
                lines.Add($"{entry.Name} is not there");
            }
            else if (size != entry.Size)
            {
                lines.Add($"{entry.Name} has {size} bytes, not {entry.Size}");
            }
        }
        lines.AddRange(listed.Keys.Order(CodePointOrder.Instance).Select(name => $"{name} is not in the manifest"));
        if (lines.Count > 0)
        {
            throw CliException.Rejected(
                "manifest-mismatch",
                $"the manifest '{file}' is not of the directory '{path}': {string.Join("; ", lines.Take(LinesShown))}{(lines.Count > LinesShown ? $"; and {lines.Count - LinesShown} more" : "")}",
                "hash the directory again"
            );
        }
    }

    private async Task<Bundle> SignAsync(
        string name,
        FileManifest manifest,
        IReadOnlyCollection<string> ignored,
        CancellationToken cancellation
    )
    {
        var signer = await signatory.SignerAsync(cancellation);
        return await signer.SignModelAsync(
            name,
            manifest,
            new ModelSerialization
            {
                Form = choices.Form,
                AllowSymlinks = choices.AllowSymlinks,
                IgnorePaths = ignored,
            },
            choices.Kind,
            cancellation
        );
    }

    private DigestSet Digests(FileManifest manifest) =>
        choices.Form == ManifestForm.Default ? manifest.Subject : new DigestSet(manifest.RootDigest);

    private void CheckEmptyFiles(IEnumerable<string> empty)
    {
        if (choices.Form.ShardSize is not null && !choices.AllowUnsignedEmptyFiles && empty.FirstOrDefault() is { } name)
        {
            throw CliException.Rejected(
                "empty-files",
                $"'{name}' is empty, and an empty file has no shards, so it would not be under the signature",
                "remove it, sign without --shards, or accept that with --allow-unsigned-empty-files"
            );
        }
    }

    private HashCache OpenCache(string file, FileTree tree, IgnoreRules ignore)
    {
        try
        {
            return HashCache.Open(file, tree, ignore, session.Time);
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage($"the hash cache '{file}' cannot be used: {e.Message}", "remove it; it is made anew", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CliException.Usage(
                $"the hash cache '{file}' cannot be used, as who writes it chooses what is signed: {e.Message}",
                "keep it outside of the model, in a directory that only you can write to; where there is none it is made anew",
                e
            );
        }
    }
}
