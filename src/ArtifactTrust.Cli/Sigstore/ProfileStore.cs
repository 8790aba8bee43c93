using System.Text;
using ArtifactTrust.Cli.Commands;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Trust.Instances;

namespace ArtifactTrust.Cli.Sigstore;

/// <summary>The profiles that are built in, those of the configuration file, and those that <c>trust init</c> made, a file each.</summary>
internal sealed class ProfileStore
{
    private readonly string? _default;

    private ProfileStore(IReadOnlyList<SigstoreProfile> profiles, string? defaultName) => (Profiles, _default) = (profiles, defaultName);

    /// <summary>All profiles, the built-in ones first.</summary>
    internal IReadOnlyList<SigstoreProfile> Profiles { get; }

    /// <summary>Reads what is configured.</summary>
    /// <exception cref="CliException">A file is wrong, or two profiles have one name.</exception>
    internal static ProfileStore Load(TrustPaths paths)
    {
        var profiles = new List<SigstoreProfile> { SigstoreProfile.PublicGood, SigstoreProfile.Staging, SigstoreProfile.GitHub };
        string? defaultName = null;
        if (File.Exists(paths.Configuration))
        {
            var configured = Read(paths.Configuration, (utf8, directory) => SigstoreProfiles.Parse(utf8, directory));
            profiles.AddRange(configured.Profiles);
            defaultName = configured.Default;
        }
        if (Directory.Exists(paths.Profiles))
        {
            foreach (var file in Directory.EnumerateFiles(paths.Profiles, "*.yaml").Order(StringComparer.Ordinal))
            {
                var name = Path.GetFileNameWithoutExtension(file);
                profiles.Add(Read(file, (utf8, directory) => SigstoreProfiles.ParseOne(name, utf8, directory)));
            }
        }
        return profiles.GroupBy(p => p.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice
            ? throw CliException.Usage(
                $"the profile '{twice.Key}' is both in '{paths.Configuration}' and in '{paths.Profiles}'",
                "take one of them away"
            )
            : new ProfileStore(profiles, defaultName);
    }

    /// <summary>A profile by its name; where none is asked for, the configuration's default, else the public-good instance.</summary>
    /// <exception cref="CliException">There is none of the name.</exception>
    internal SigstoreProfile Get(string? name)
    {
        var wanted = name ?? _default ?? SigstoreProfile.PublicGoodName;
        return Profiles.FirstOrDefault(p => p.Name == wanted)
            ?? throw CliException.Usage(
                $"there is no profile '{wanted}'; there are {string.Join(", ", Profiles.Select(p => p.Name))}",
                "make one with: artifact-trust trust init --root FILE URL --profile NAME"
            );
    }

    /// <summary>The file of a profile that <c>trust init</c> makes, and that of its root.</summary>
    internal static (string Profile, string Root) FilesOf(TrustPaths paths, string name) =>
        (Path.Join(paths.Profiles, $"{name}.yaml"), Path.Join(paths.Profiles, $"{name}.root.json"));

    /// <summary>Writes a profile with its root; the root first, so that no profile names one that is not there.</summary>
    internal static void Write(TrustPaths paths, SigstoreProfile profile, ReadOnlySpan<byte> root)
    {
        var (file, rootFile) = FilesOf(paths, profile.Name);
        var text = new StringBuilder();
        text.Append("version: 1\n");
        text.Append($"tuf: {{ url: {Quote(profile.TufUrl!.AbsoluteUri)}, root: {Quote(Path.GetFileName(rootFile))} }}\n");
        Append("oidcIssuer", profile.Issuer?.AbsoluteUri);
        Append("oidcClientId", profile.ClientId);
        Append("caFile", profile.CaFile);
        Directory.CreateDirectory(paths.Profiles);
        DurableFile.Write(rootFile, root, replace: true);
        DurableFile.Write(file, Encoding.UTF8.GetBytes(text.ToString()), replace: true);

        void Append(string key, string? value)
        {
            if (value is not null)
            {
                text.Append($"{key}: {Quote(value)}\n");
            }
        }
    }

    private static string Quote(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private delegate T Reader<T>(ReadOnlySpan<byte> utf8, string directory);

    private static T Read<T>(string path, Reader<T> read)
    {
        try
        {
            return read(EvidenceFiles.ReadBounded(path, Limits.PolicyBytes), Path.GetDirectoryName(path)!);
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage(
                $"the configuration '{path}' is wrong: {e.Location}: {e.Reason}",
                "see docs/trust.md for every key",
                e
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CliException.Usage($"the configuration '{path}' cannot be read: {e.Message}", null, e);
        }
    }
}
