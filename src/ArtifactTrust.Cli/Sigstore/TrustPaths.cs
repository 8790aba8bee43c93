using ArtifactTrust.Cli.Console;

namespace ArtifactTrust.Cli.Sigstore;

/// <summary>Where profiles are configured, and where what was learned of their repositories is kept.</summary>
/// <param name="Configuration">The configuration file, an absolute path; it need not exist.</param>
/// <param name="Repositories">The directory of the repositories' metadata, an absolute path.</param>
/// <remarks>
/// The metadata is data and no cache, though it can be fetched again: with it goes the knowledge of newer versions, so that an old state of the
/// repository could be passed off as the current one. Spec: XDG Base Directory 0.8.
/// </remarks>
internal sealed record TrustPaths(string Configuration, string Repositories)
{
    internal const string ConfigurationVariable = "ARTIFACT_TRUST_CONFIG";

    internal const string RepositoriesVariable = "ARTIFACT_TRUST_CACHE";

    private const string Program = "artifact-trust";

    /// <summary>The directory of the files of one profile each.</summary>
    internal string Profiles => Path.Join(Path.GetDirectoryName(Configuration), "profiles");

    /// <summary>The paths that the environment names.</summary>
    /// <exception cref="CliException">It names no home.</exception>
    internal static TrustPaths FromEnvironment() =>
        new(
            Path.GetFullPath(
                Value(ConfigurationVariable)
                    ?? Path.Join(
                        Home("XDG_CONFIG_HOME", Environment.SpecialFolder.ApplicationData, ConfigurationVariable),
                        Program,
                        "config.yaml"
                    )
            ),
            Path.GetFullPath(
                Value(RepositoriesVariable)
                    ?? Path.Join(
                        Home("XDG_DATA_HOME", Environment.SpecialFolder.LocalApplicationData, RepositoriesVariable),
                        Program,
                        "tuf"
                    )
            )
        );

    private static string Home(string variable, Environment.SpecialFolder folder, string ours)
    {
        // A relative path in these variables is to be ignored (XDG Base Directory 0.8, "Basics").
        var value =
            Value(variable) is { } named && Path.IsPathRooted(named)
                ? named
                : Environment.GetFolderPath(folder, Environment.SpecialFolderOption.DoNotVerify);
        return value.Length > 0 ? value : throw CliException.Usage("there is no home directory to keep trust in", $"set HOME or {ours}");
    }

    private static string? Value(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;
}
