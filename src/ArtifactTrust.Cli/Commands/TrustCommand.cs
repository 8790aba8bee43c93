using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Sigstore;
using ArtifactTrust.Formats;
using ArtifactTrust.Trust.Instances;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>trust</c>: which Sigstore instances are trusted, and what is known of them.</summary>
internal static class TrustCommand
{
    internal static Command Create(Session session) =>
        new Verb(
            "trust",
            "Show and update what is trusted of Sigstore instances: the public-good one, GitHub's, and your own.",
            "artifact-trust trust update",
            "artifact-trust trust show --profile ours"
        )
        {
            CreateUpdate(session),
            CreateShow(session),
            CreateInit(session),
        };

    private static Verb CreateUpdate(Session session) =>
        CreateReport(
            session,
            "update",
            "Ask the instance's TUF repository for its keys, certificates and services, and keep them.",
            "updated",
            (resolver, profile, cancellation) => resolver.UpdateAsync(profile, cancellation)
        );

    private static Verb CreateShow(Session session) =>
        CreateReport(
            session,
            "show",
            "Show what is trusted of an instance: its logs and authorities, since when and until when, and where that comes from. Asks nobody.",
            "trusted",
            (resolver, profile, cancellation) => resolver.ShowAsync(profile, cancellation)
        );

    private static Verb CreateReport(
        Session session,
        string name,
        string summary,
        string result,
        Func<InstanceResolver, SigstoreProfile, CancellationToken, Task<SigstoreInstance>> ask
    )
    {
        var profile = InstanceOptions.Profile();
        var verb = new Verb(name, summary, $"artifact-trust trust {name}", $"artifact-trust trust {name} --profile github --output json")
        {
            profile,
            Options.Output(),
        };
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var paths = TrustPaths.FromEnvironment();
                var profiles = ProfileStore.Load(paths);
                var resolver = new InstanceResolver(session, paths, profiles);
                var instance = await ask(resolver, profiles.Get(parsed.GetValue(profile)), cancellation);
                return TrustReport.Write(session, name, result, instance, profiles);
            }
        );
        return verb;
    }

    private static Verb CreateInit(Session session)
    {
        var url = new Argument<string>("URL") { Description = "the TUF repository's base URL" };
        var root = new Option<string>("--root")
        {
            Description = "the repository's root.json, from a source you trust: all trust in the instance starts from it",
            Required = true,
            HelpName = "FILE",
        };
        var name = new Option<string?>("--profile") { Description = "the name of the new profile (the URL's host)", HelpName = "NAME" };
        var issuer = new Option<string?>("--oidc-issuer")
        {
            Description = "the OpenID Connect issuer to sign in at, in place of the repository's",
            HelpName = "URL",
        };
        var client = new Option<string?>("--oidc-client-id") { Description = "this program's name at the issuer", HelpName = "ID" };
        var ca = new Option<string?>("--ca-file")
        {
            Description = "the only authorities whose TLS certificates the instance's services may have, PEM (the system's)",
            HelpName = "FILE",
        };
        var force = new Option<bool>("--force") { Description = "replace a profile of the name that has another root or URL" };
        var verb = new Verb(
            "init",
            "Make a profile of your own Sigstore instance, and ask its TUF repository for the first time.",
            "artifact-trust trust init --root root.json https://tuf.sigstore.example.com --profile ours",
            "artifact-trust trust init --root root.json https://tuf.sigstore.example.com --ca-file corporate-ca.pem"
        )
        {
            url,
            root,
            name,
            issuer,
            client,
            ca,
            force,
            Options.Output(),
        };
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var address = Url(parsed.GetValue(url)!, "the repository's URL");
                var rootFile = parsed.GetValue(root)!;
                CliException.RequireFile(rootFile, "root");
                var profile = new SigstoreProfile(Name(parsed.GetValue(name) ?? address.Host))
                {
                    TufUrl = address,
                    TufRoot = Root(rootFile),
                    Issuer = parsed.GetValue(issuer) is { } i ? Url(i, "--oidc-issuer") : null,
                    ClientId = parsed.GetValue(client),
                    CaFile = parsed.GetValue(ca) is { } file ? Path.GetFullPath(file) : null,
                };
                return await InitAsync(session, profile, parsed.GetValue(force), cancellation);
            }
        );
        return verb;
    }

    private static async Task<int> InitAsync(Session session, SigstoreProfile profile, bool force, CancellationToken cancellation)
    {
        var paths = TrustPaths.FromEnvironment();
        var existing = ProfileStore.Load(paths).Profiles.FirstOrDefault(p => p.Name == profile.Name);
        var (file, rootFile) = ProfileStore.FilesOf(paths, profile.Name);
        if (existing is not null && !File.Exists(file))
        {
            throw CliException.Usage(
                $"there is a profile '{profile.Name}' in '{paths.Configuration}'",
                "give another --profile NAME, or change it there"
            );
        }
        if (existing is not null && !force && !IsSame(existing, rootFile, profile))
        {
            throw CliException.Usage(
                $"profile '{profile.Name}' trusts another root or URL ({existing.TufUrl}); replacing it would replace all trust in it",
                "give another --profile NAME, or --force if it is to be replaced"
            );
        }
        // Asked first: a profile that never worked is not written down.
        var instance = await new InstanceResolver(session, paths, ProfileStore.Load(paths)).UpdateAsync(profile, cancellation);
        ProfileStore.Write(paths, profile, profile.TufRoot!.Value.Span);
        return TrustReport.Write(session, "init", "initialized", instance, ProfileStore.Load(paths));
    }

    private static bool IsSame(SigstoreProfile existing, string rootFile, SigstoreProfile wanted) =>
        existing.TufUrl == wanted.TufUrl
        && File.Exists(rootFile)
        && TufStore.ReadRoot(rootFile).AsSpan().SequenceEqual(wanted.TufRoot!.Value.Span);

    /// <summary>A file that says it is a root; whether it is one that can be trusted, the repository's rules tell.</summary>
    private static byte[] Root(string path)
    {
        var bytes = TufStore.ReadRoot(path);
        try
        {
            var json = StrictJson.Parse(bytes, "TUF root", bytes.Length);
            var signed = StrictJson.RequiredObject(json, "signed", "TUF root", "$");
            if (StrictJson.RequiredString(signed, "_type", "TUF root", "$.signed") == "root")
            {
                return bytes;
            }
        }
        catch (MalformedDataException e)
        {
            throw NoRoot(e);
        }
        throw NoRoot(null);

        CliException NoRoot(Exception? why) =>
            CliException.Usage(
                $"'{path}' is no root of a TUF repository{(why is null ? "" : $": {why.Message}")}",
                "it is the repository's root.json, from a source that you trust",
                why
            );
    }

    private static string Name(string name) =>
        SigstoreProfile.IsBuiltInName(name) ? throw CliException.Usage($"the profile '{name}' is built in", "give yours another name")
        : SigstoreProfiles.IsName(name) ? name
        : throw CliException.Usage(
            $"'{Terminal.Clean(name)}' cannot be a profile's name: up to 64 letters, digits, '.', '-' and '_', the first a letter or digit",
            "give --profile NAME"
        );

    private static Uri Url(string text, string what) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url)
        && (url.Scheme is "https" or "http")
        && url.UserInfo.Length == 0
        && url.Query.Length == 0
        && url.Fragment.Length == 0
            ? url
            : throw CliException.Usage($"{what} is to be an http(s) URL without user, query and fragment, not '{Terminal.Clean(text)}'");
}
