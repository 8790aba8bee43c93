using ArtifactTrust.Trust;
using ArtifactTrust.Trust.Instances;

namespace ArtifactTrust.Cli.Sigstore;

/// <summary>What one command trusts and uses of a Sigstore instance, and how it came to.</summary>
/// <param name="Profile">The profile; its files may have been set aside by options.</param>
/// <param name="Root">The instance's keys and certificates.</param>
/// <param name="Source">Where they come from, for people: a URL, a file, or this release.</param>
internal sealed record SigstoreInstance(SigstoreProfile Profile, TrustedRoot Root, string Source)
{
    /// <summary>Where the services are; null where nobody says so, as for verification of an instance given by its root alone.</summary>
    internal SigningConfig? Config { get; init; }

    /// <summary>Where <see cref="Config"/> comes from, for people; null with it.</summary>
    internal string? ConfigSource { get; init; }

    /// <summary>The state of the TUF repository; null where it is not used.</summary>
    internal RepositoryState? Repository { get; init; }

    /// <summary>The issuer to sign in at: the profile's; null for the signing config's.</summary>
    internal Uri? Issuer => Profile.Issuer;

    /// <summary>A client for the instance's services; the caller disposes of it.</summary>
    /// <param name="timeout">How long one request may take.</param>
    /// <param name="redirects">Whether redirects are followed; never where a request carries a secret.</param>
    internal HttpClient CreateHttp(TimeSpan timeout, bool redirects) => ServiceHttp.Create(Profile.CaFile, timeout, redirects);
}

/// <summary>What is trusted of a TUF repository now.</summary>
/// <param name="Directory">Where it is kept.</param>
/// <param name="RootVersion">The version of its root.</param>
/// <param name="TimestampVersion">The version of its timestamp.</param>
/// <param name="Expires">When the first of its metadata expires, UTC.</param>
/// <param name="Refreshed">When it was last asked, UTC; null where that is not known.</param>
internal sealed record RepositoryState(
    string Directory,
    long RootVersion,
    long TimestampVersion,
    DateTimeOffset Expires,
    DateTimeOffset? Refreshed
);
