using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Policies;

/// <summary>The files that a policy names: its keys and its trusted root.</summary>
internal sealed class PolicyFiles(Func<string, ReadOnlyMemory<byte>> readFile)
{
    private const int LongestName = 1024;

    private readonly Dictionary<string, ManifestEntry> _files = new(StringComparer.Ordinal);

    /// <summary>The files read.</summary>
    internal IReadOnlyCollection<ManifestEntry> Entries => _files.Values;

    /// <summary>The bytes of a file; what is wrong with it is the policy's fault, at the line that names it.</summary>
    internal ReadOnlyMemory<byte> Read(string name, YamlValue source, string what, int limit)
    {
        try
        {
            var bytes = readFile(name);
            StrictJson.CheckLength(bytes.Length, what, limit);
            _files[name] = new ManifestEntry(name, DigestAlgorithm.Sha256.Hash(bytes.Span), bytes.Length);
            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw source.Malformed($"the {what} '{name}' cannot be read: {e.Message}", e);
        }
        catch (MalformedDataException e)
        {
            throw source.Malformed($"the {what} '{name}': {e.Reason}", e);
        }
    }

    /// <summary>A file's name. A policy with its files is one tree that can be copied, mounted and hashed as it is; so nothing outside it can be named.</summary>
    internal static string Name(YamlScalar value, string what)
    {
        var name = value.String("file");
        return
            name.Length > LongestName
            || name.Contains('\\', StringComparison.Ordinal)
            || name.Split('/').Any(p => p is "" or "." or "..")
            || name == TrustPolicy.OwnName
            ? throw value.Malformed(
                $"a {what} is named by a path below the policy's own directory, with '/' between its parts and without '.' and '..', not '{(name.Length > 80 ? name[..80] + "…" : name)}'"
            )
            : name;
    }
}
