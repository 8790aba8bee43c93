using ArtifactTrust.Hashing;

namespace ArtifactTrust.Cli.Tools;

/// <summary>Trivy's executable file, found and hashed.</summary>
/// <param name="Path">Its full path, links resolved.</param>
/// <param name="Digest">The SHA-256 of the file.</param>
internal sealed record TrivyExecutable(string Path, Digest Digest)
{
    /// <summary>The environment variable that names the executable.</summary>
    public const string Variable = "ARTIFACT_TRUST_TRIVY";

    private const string Hint = $"install Trivy (https://trivy.dev), give its path with --trivy, or set {Variable}";

    /// <summary>Finds the executable: the path given, the environment variable, then <c>PATH</c>. The working directory is never searched.</summary>
    /// <param name="path">The path given on the command line; null where there is none.</param>
    /// <param name="environment">The value of an environment variable, or null.</param>
    /// <exception cref="ScannerException">There is none, or it cannot be read.</exception>
    public static TrivyExecutable Find(string? path, Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        var named = path ?? (environment(Variable) is { Length: > 0 } variable ? variable : null);
        var found = named is not null ? Given(named) : Search(environment("PATH"));
        try
        {
            // Of several links to it, the report should name the file that was hashed.
            var file = new FileInfo(found);
            var target = file.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? file.FullName;
            return new TrivyExecutable(target, Hash(target));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ScannerException($"'{found}' cannot be read: {e.Message}", Hint, null, e);
        }
    }

    /// <summary>Hashes the file again.</summary>
    /// <exception cref="ScannerException">It is not what it was.</exception>
    public void CheckUnchanged()
    {
        try
        {
            if (!Hash(Path).Equals(Digest))
            {
                throw new ScannerException($"'{Path}' changed while it ran; its report is not used");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ScannerException($"'{Path}' can no longer be read: {e.Message}", null, null, e);
        }
    }

    private static Digest Hash(string path)
    {
        using var handle = File.OpenHandle(path);
        return new FileHasher(DigestAlgorithm.Sha256, 1).Hash(handle).Digest;
    }

    private static string Given(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        return File.Exists(full)
            ? ProgramPath.IsProgram(full)
                ? full
                : throw new ScannerException($"'{path}' is not an executable file", Hint)
            : throw new ScannerException($"'{path}' does not exist", Hint);
    }

    private static string Search(string? search) =>
        ProgramPath.Find("trivy", search) ?? throw new ScannerException("Trivy was not found", Hint);
}
