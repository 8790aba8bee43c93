using System.CommandLine;
using ArtifactTrust.Cli.Commands;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Cli.Deploy;

/// <summary>The options that turn a verification into a copy of exactly what was verified.</summary>
internal sealed class CopyToOptions
{
    private readonly Option<string?> _target = new("--copy-to")
    {
        Description = "write what is verified to this new directory while it is read, and put it in place only if all of it verified",
        HelpName = "DIR",
    };

    private readonly Option<bool> _force = new("--force")
    {
        Description = "replace the directory of --copy-to, at once, where there is one",
    };

    private readonly Option<string?> _store = new("--link")
    {
        Description = "take bytes that this store of files by digest has from it, hashed again, and add those it has not",
        HelpName = "STORE",
    };

    private readonly Option<bool> _hardLinks = new("--hard-links")
    {
        Description = "let the copy and the store share files that nobody has the right to write to; read the documents first",
    };

    internal void AddTo(Command command)
    {
        foreach (var option in (Option[])[_target, _force, _store, _hardLinks])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The copy to be; null where none is asked for.</summary>
    /// <exception cref="CliException">The options do not fit each other or the subjects.</exception>
    /// <exception cref="IOException">The directory cannot be made, or is there already.</exception>
    internal TreeCopy? Prepare(ParseResult parsed, IReadOnlyList<Subject> subjects)
    {
        var (target, force, store, hardLinks) = (
            parsed.GetValue(_target),
            parsed.GetValue(_force),
            parsed.GetValue(_store),
            parsed.GetValue(_hardLinks)
        );
        if (target is null)
        {
            return force || store is not null || hardLinks
                ? throw CliException.Usage("--force, --link and --hard-links are about a copy, and there is none", "give --copy-to DIR")
                : null;
        }
        if (hardLinks && store is null)
        {
            throw CliException.Usage("--hard-links is about a store, and there is none", "give --link STORE");
        }
        var source = subjects switch
        {
            [Subject.LocalDirectory d] => d.Path,
            [Subject.LocalFile f] => f.Path,
            [_, _, ..] => throw CliException.Usage("--copy-to is for one subject", "verify each with a directory of its own"),
            _ => throw CliException.Usage(
                "--copy-to is for directories and files",
                "an image is fetched by its digest: artifact-trust copy, or a pull by @sha256:…"
            ),
        };
        if (!force && Path.Exists(target))
        {
            throw CliException.Usage($"'{target}' exists and is not overwritten", "name another directory, or give --force");
        }
        if (store is not null && (Lies(store, target) || Lies(store, source)))
        {
            throw CliException.Usage($"the store '{store}' lies in the subject or in the copy", "it needs a place of its own");
        }
        return TreeCopy.Create(source, target, force, store is null ? null : new ContentStore(store, hardLinks));
    }

    /// <summary>Puts the copy in place if there is evidence that verified.</summary>
    internal static PublishedCopy? Publish(
        TreeCopy? copy,
        Examiner examiner,
        ExaminedEvidence? verified,
        Session session,
        CancellationToken cancellation
    )
    {
        foreach (var digest in copy?.Store?.Damaged ?? [])
        {
            session.Terminal.Warn($"{digest} in the store '{copy!.Store!.Path}' has other bytes; it was not used");
        }
        return copy is null || verified is null
            ? null
            : new PublishedCopy(copy.Target, copy.Publish(examiner.Covered[verified.Report!], cancellation));
    }

    private static bool Lies(string path, string directory) =>
        $"{Path.GetFullPath(path)}/".StartsWith(
            $"{Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory))}/",
            StringComparison.Ordinal
        );
}
