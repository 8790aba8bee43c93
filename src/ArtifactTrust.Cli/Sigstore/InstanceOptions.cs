using System.CommandLine;
using ArtifactTrust.Cli.Commands;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Trust;
using ArtifactTrust.Trust.Instances;

namespace ArtifactTrust.Cli.Sigstore;

/// <summary>The options that say which Sigstore instance is meant, and what follows from them.</summary>
internal sealed class InstanceOptions
{
    private readonly Option<string?> _profile = Profile();

    private readonly Option<string?> _root = new("--trusted-root")
    {
        Description = "the Sigstore instance's keys and certificates, JSON, in place of the profile's; no network is used",
        HelpName = "FILE",
    };

    private readonly Option<string?> _config = new("--signing-config")
    {
        Description = "where the Sigstore instance's services are, JSON (signing config v0.2), in place of the profile's",
        HelpName = "FILE",
    };

    /// <summary>Every one of them.</summary>
    internal IReadOnlyList<Option> All => [_profile, _root, _config];

    internal static Option<string?> Profile() =>
        new("--profile")
        {
            Description =
                "the Sigstore instance: public-good, staging, github, or one of your own (the configuration's default, else public-good)",
            HelpName = "NAME",
        };

    /// <summary>Adds the options for verification, or those for signing.</summary>
    internal void AddTo(Command command, bool signing = false)
    {
        command.Options.Add(_profile);
        command.Options.Add(_root);
        if (signing)
        {
            command.Options.Add(_config);
        }
    }

    /// <summary>Whether an instance was named, so that more than keys is asked for.</summary>
    internal bool IsNamed(ParseResult parsed) => parsed.GetValue(_profile) is not null || parsed.GetValue(_root) is not null;

    /// <summary>Whether an instance was named, so that a signature by a key is to be logged and its time signed.</summary>
    internal bool IsNamedForSigning(ParseResult parsed) => IsNamed(parsed) || parsed.GetValue(_config) is not null;

    /// <summary>The instance to verify with.</summary>
    /// <exception cref="CliException">A file is wrong, or what is trusted is not known now.</exception>
    internal Task<SigstoreInstance> ForVerificationAsync(ParseResult parsed, Session session, CancellationToken cancellation) =>
        InstanceResolver.FromEnvironment(session).ForVerificationAsync(parsed.GetValue(_profile), parsed.GetValue(_root), cancellation);

    /// <summary>The instance to sign with; its <see cref="SigstoreInstance.Config"/> is there.</summary>
    /// <inheritdoc cref="ForVerificationAsync"/>
    internal Task<SigstoreInstance> ForSigningAsync(ParseResult parsed, Session session, CancellationToken cancellation) =>
        InstanceResolver
            .FromEnvironment(session)
            .ForSigningAsync(parsed.GetValue(_profile), parsed.GetValue(_root), parsed.GetValue(_config), cancellation);
}

/// <summary>Finds what a command trusts of an instance: a file that was named, the profile's file, its TUF repository, or this release.</summary>
internal sealed class InstanceResolver(Session session, TrustPaths paths, ProfileStore profiles)
{
    internal const string ThisRelease = "built into this release";

    internal static InstanceResolver FromEnvironment(Session session)
    {
        var paths = TrustPaths.FromEnvironment();
        return new InstanceResolver(session, paths, ProfileStore.Load(paths));
    }

    /// <summary>The instance to verify with.</summary>
    internal async Task<SigstoreInstance> ForVerificationAsync(string? profileName, string? rootFile, CancellationToken cancellation)
    {
        var profile = profiles.Get(profileName);
        return rootFile is not null
            ? new SigstoreInstance(profile, ReadRoot(rootFile), rootFile)
            : await ResolveAsync(profile, cancellation);
    }

    /// <summary>The instance to sign with.</summary>
    internal async Task<SigstoreInstance> ForSigningAsync(
        string? profileName,
        string? rootFile,
        string? configFile,
        CancellationToken cancellation
    )
    {
        var profile = profiles.Get(profileName);
        if (rootFile is not null && configFile is null && profileName is null)
        {
            throw CliException.Usage(
                "a trusted root says whom to believe, and not where to sign",
                "give --signing-config FILE too, or --profile NAME"
            );
        }
        // With both files given nothing else is looked at, so that signing works where the repository is out of reach.
        var instance =
            rootFile is not null && (configFile ?? profile.SigningConfigFile) is not null
                ? new SigstoreInstance(profile, ReadRoot(rootFile), rootFile)
                : await ResolveAsync(profile, cancellation);
        if (rootFile is not null)
        {
            instance = instance with { Root = ReadRoot(rootFile), Source = rootFile };
        }
        if ((configFile ?? (instance.Config is null ? profile.SigningConfigFile : null)) is { } file)
        {
            instance = instance with { Config = ReadConfig(file), ConfigSource = file };
        }
        return instance.Config is not null
            ? instance
            : throw CliException.Usage(
                $"profile '{profile.Name}' does not say where to sign",
                "give --signing-config FILE, or name one in the profile (signingConfig)"
            );
    }

    /// <summary>What is known of a profile, without asking anybody.</summary>
    internal async Task<SigstoreInstance> ShowAsync(SigstoreProfile profile, CancellationToken cancellation)
    {
        if (profile.TufUrl is null)
        {
            return await ResolveAsync(profile, cancellation);
        }
        var store = new TufStore(profile, paths, session);
        if (!store.Exists)
        {
            return BuiltIn(profile)
                ?? throw CliException.CouldNotTell(
                    "trust-unknown",
                    $"nothing is known yet of profile '{profile.Name}'",
                    $"run: artifact-trust trust update --profile {profile.Name}"
                );
        }
        var (files, failure) = await store.ReadAsync(cancellation);
        return files is not null
            ? FromRepository(profile, files)
            : throw CliException.CouldNotTell(
                failure!.Code == Trust.Tuf.TufFailureCode.Expired ? "trust-expired" : "trust-unknown",
                $"what is known of profile '{profile.Name}' may not be used: {failure}",
                $"run: artifact-trust trust update --profile {profile.Name}"
            );
    }

    /// <summary>Asks a profile's repository now.</summary>
    internal async Task<SigstoreInstance> UpdateAsync(SigstoreProfile profile, CancellationToken cancellation) =>
        profile.TufUrl is null
            ? throw CliException.Usage(
                $"profile '{profile.Name}' is in files ('{profile.TrustedRootFile}'), which nothing here updates",
                "give it a TUF repository: artifact-trust trust init --root FILE URL"
            )
            : FromRepository(profile, await new TufStore(profile, paths, session).UpdateAsync(cancellation));

    private async Task<SigstoreInstance> ResolveAsync(SigstoreProfile profile, CancellationToken cancellation)
    {
        if (profile.TrustedRootFile is { } file)
        {
            return WithProfileConfig(new SigstoreInstance(profile, ReadRoot(file), file));
        }
        var store = new TufStore(profile, paths, session);
        // These need no first update, so that nothing is downloaded that nobody asked for.
        return !store.Exists && BuiltIn(profile) is { } builtIn ? builtIn : FromRepository(profile, await store.GetAsync(cancellation));
    }

    private static SigstoreInstance? BuiltIn(SigstoreProfile profile) =>
        ReferenceEquals(profile, SigstoreProfile.PublicGood)
            ? new SigstoreInstance(profile, TrustedRoot.PublicGood, ThisRelease)
            {
                Config = SigstoreProfile.PublicGoodServices,
                ConfigSource = ThisRelease,
            }
        : ReferenceEquals(profile, SigstoreProfile.Staging)
            ? new SigstoreInstance(profile, SigstoreProfile.StagingRoot, ThisRelease)
            {
                Config = SigstoreProfile.StagingServices,
                ConfigSource = ThisRelease,
            }
        : null;

    private static SigstoreInstance FromRepository(SigstoreProfile profile, TufFiles files)
    {
        try
        {
            var instance = new SigstoreInstance(profile, TrustedRoot.Parse(files.Root), profile.TufUrl!.ToString())
            {
                Repository = files.State,
            };
            return profile.SigningConfigFile is null && files.Config is { } config
                ? instance with
                {
                    Config = SigningConfig.Parse(config),
                    ConfigSource = instance.Source,
                }
                : WithProfileConfig(instance);
        }
        catch (MalformedDataException e)
        {
            // Signed by the repository's own keys, so it is no attack: it is of a form that this release does not know.
            throw CliException.CouldNotTell(
                "trust-unknown",
                $"what {profile.TufUrl} says cannot be read: {e.Message}",
                "is there a newer release of artifact-trust?",
                e
            );
        }
    }

    private static SigstoreInstance WithProfileConfig(SigstoreInstance instance) =>
        instance.Profile.SigningConfigFile is { } file ? instance with { Config = ReadConfig(file), ConfigSource = file } : instance;

    private static TrustedRoot ReadRoot(string path) => Read(path, "trusted root", TrustedRoot.Parse);

    private static SigningConfig ReadConfig(string path) => Read(path, "signing config", SigningConfig.Parse);

    private static T Read<T>(string path, string what, Func<ReadOnlyMemory<byte>, T> parse)
    {
        try
        {
            return parse(EvidenceFiles.ReadBounded(path, Limits.TrustedRootBytes));
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage($"the {what} '{path}' cannot be used: {e.Message}", null, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CliException.Usage($"the {what} '{path}' cannot be read: {e.Message}", null, e);
        }
    }
}
