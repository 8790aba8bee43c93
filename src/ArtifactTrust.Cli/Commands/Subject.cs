using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Cli.Commands;

/// <summary>What a command is about, as the user named it.</summary>
internal abstract record Subject
{
    /// <summary>A directory: a model or a dataset.</summary>
    internal sealed record LocalDirectory(string Path) : Subject;

    /// <summary>A file.</summary>
    internal sealed record LocalFile(string Path) : Subject;

    /// <summary>An image or artifact in a registry or an image layout.</summary>
    internal sealed record Image(OciReference Reference) : Subject;

    /// <summary>Reads a SUBJECT. An existing path wins where both would fit, but over a reference that says it is one (<c>registry:</c>, <c>oci-layout:</c>).</summary>
    /// <exception cref="CliException">There is no such path, and the text is no reference either.</exception>
    internal static Subject Parse(string text)
    {
        // What says that it is a reference is one, whatever lies in the working directory; a path can begin with ./
        if (!IsMarkedReference(text))
        {
            if (Directory.Exists(text))
            {
                return new LocalDirectory(text);
            }
            if (Path.Exists(text))
            {
                return new LocalFile(text);
            }
        }
        if (!LooksLikeReference(text))
        {
            throw CliException.Usage(
                $"'{text}' does not exist",
                "a subject is a path, oci-layout:DIR[:TAG|@DIGEST], oci-archive:FILE, docker-archive:FILE or HOST/REPO[:TAG|@DIGEST]"
            );
        }
        try
        {
            return new Image(OciReference.Parse(text));
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage($"'{text}' is no existing path, and no image reference: {e.Reason}", null, e);
        }
    }

    /// <summary>The path without a separator at its end, for the names of evidence beside it.</summary>
    internal static string Stem(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return Path.GetDirectoryName(full) is null
            ? throw CliException.Usage($"'{path}' has no name to put evidence beside it", "name a directory below it")
            : full;
    }

    /// <summary>Where the signature of a local subject lies.</summary>
    internal static string SignaturePath(string path) => $"{Stem(path)}.sig";

    /// <summary>Where the attestations of a local subject lie, one bundle a line.</summary>
    internal static string AttestationsPath(string path) => $"{Stem(path)}.attestations.jsonl";

    /// <summary>Whether a SUBJECT may be named so: there is such a path, or it may be a reference.</summary>
    internal static bool IsOne(string text) => Path.Exists(text) || LooksLikeReference(text);

    private static bool IsMarkedReference(string text) =>
        text.StartsWith("oci-layout:", StringComparison.Ordinal)
        || text.StartsWith("oci-archive:", StringComparison.Ordinal)
        || text.StartsWith("docker-archive:", StringComparison.Ordinal)
        || text.StartsWith("registry:", StringComparison.Ordinal);

    private static bool LooksLikeReference(string text) =>
        IsMarkedReference(text)
        || (
            text.Contains('/', StringComparison.Ordinal)
            && !text.StartsWith('/')
            && !text.StartsWith('.')
            && text.AsSpan(0, text.IndexOf('/', StringComparison.Ordinal)).IndexOfAny(".:") >= 0
        )
        || text.StartsWith("localhost/", StringComparison.Ordinal);
}

/// <summary>The paths left out of a directory, from the options of a command.</summary>
internal static class IgnoreOptions
{
    /// <summary>The rules: version control's files unless switched off, and the given paths.</summary>
    /// <param name="paths">Relative to the directory, or a path (of the current directory or absolute) that lies in it.</param>
    /// <param name="directory">The directory.</param>
    /// <param name="noGit">Whether version control's files are part of the subject.</param>
    /// <param name="signature">The signature's file, which is left out where it lies in the directory; null where there is none.</param>
    /// <exception cref="CliException">A path does not lie in the directory.</exception>
    internal static IgnoreRules Rules(IEnumerable<string> paths, string directory, bool noGit, string? signature = null)
    {
        var root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        var rules = Read("--ignore-path", paths.Select(p => Relative(p, root)).Concat(noGit ? [] : IgnoreRules.GitPaths));
        var full = signature is null ? null : Path.GetFullPath(signature);
        return full is not null && full.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? rules.With([full[(root.Length + 1)..].Replace(Path.DirectorySeparatorChar, '/')])
            : rules;
    }

    /// <summary>Paths below a directory, as an option gives them.</summary>
    /// <exception cref="CliException">A path is empty, absolute, or leaves the directory.</exception>
    internal static IgnoreRules Read(string option, IEnumerable<string> paths)
    {
        try
        {
            return new IgnoreRules(paths);
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage($"{option} '{e.Location}': {e.Reason}", null, e);
        }
    }

    /// <summary>A path as it is named in the directory.</summary>
    internal static string Relative(string path, string root)
    {
        var full = Path.GetFullPath(path);
        var inside = full.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal);
        return (inside ? full[(root.Length + 1)..] : path).Replace(Path.DirectorySeparatorChar, '/');
    }
}
