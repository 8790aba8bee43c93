using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Oidc;
using ArtifactTrust.Cli.Sigstore;
using ArtifactTrust.Formats;
using ArtifactTrust.Signing;

namespace ArtifactTrust.Cli.Commands;

/// <summary>The options that say who signs: the holder of a key, or whom an identity token names.</summary>
internal sealed class SigningOptions
{
    private readonly Option<string?> _key = Options.SigningKey();
    private readonly Option<string?> _password = Options.PasswordFile();
    private readonly Option<string?> _certificate = new("--certificate")
    {
        Description = "the key's certificate by your own authority, PEM, then those of the authorities between it and the root",
        HelpName = "FILE",
    };

    private readonly Option<string[]> _timestamps = new("--tsa")
    {
        Description = "a time-stamp authority (RFC 3161) that signs the time; with --key; may be given several times",
        HelpName = "URL",
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly AuthorityOptions _authority = new();
    private readonly InstanceOptions _instance = new();
    private readonly IdentityTokenOptions _token = new();

    internal void AddTo(Command command)
    {
        command.Options.Add(_key);
        command.Options.Add(_password);
        command.Options.Add(_certificate);
        command.Options.Add(_timestamps);
        _authority.AddTo(command);
        _token.AddTo(command);
        _instance.AddTo(command, signing: true);
    }

    /// <summary>Throws where one of the options that only matter to a signature was given without the option that asks for one.</summary>
    /// <exception cref="CliException">See above.</exception>
    internal void RequireNone(ParseResult parsed, string without)
    {
        IEnumerable<Option> options = [_key, _password, _certificate, _timestamps, .. _authority.All, .. _token.All, .. _instance.All];
        parsed.Refuse(options, "is about a signature, and none is made", $"give {without} too, or leave it out");
    }

    /// <summary>Who signs. What can be refused at once is refused here, before anything is hashed.</summary>
    /// <exception cref="CliException">The options contradict each other, or there is no usable key, token or instance.</exception>
    internal async Task<Signatory> OpenAsync(ParseResult parsed, Session session, CancellationToken cancellation)
    {
        if (parsed.GetValue(_certificate) is { } certificate)
        {
            return Certified(parsed, session, certificate);
        }
        var own = _authority.Read(parsed);
        if (own is { IsOwnAuthority: true })
        {
            throw CliException.Usage(
                "an authority of your own was named, and no certificate by it",
                "give --certificate FILE and --key FILE too"
            );
        }
        var urls = TimestampUrls(parsed);
        if (parsed.GetValue(_key) is { } path)
        {
            if (_token.IsGiven(parsed))
            {
                throw CliException.Usage("a key and an identity were both asked for", "give --key, or the options of the identity token");
            }
            if (own is not null)
            {
                return _instance.IsNamedForSigning(parsed)
                    ? throw CliException.Usage(
                        "a time-stamp authority of your own and a Sigstore instance were both named",
                        "give --tsa, or the instance, whose signing config names its own"
                    )
                    : Signatory.Timestamped(KeyLoader.Private(session.Terminal, path, parsed.GetValue(_password)), own, urls, session);
            }
            // Without an instance named, signing with a key asks nobody.
            var named = _instance.IsNamedForSigning(parsed) ? await _instance.ForSigningAsync(parsed, session, cancellation) : null;
            return Signatory.Holding(KeyLoader.Private(session.Terminal, path, parsed.GetValue(_password)), named, session);
        }
        if (parsed.GetValue(_password) is not null)
        {
            throw CliException.Usage("a password was given, and no key", "give --key FILE too");
        }
        if (own is not null)
        {
            throw CliException.Usage(
                "a time-stamp authority of your own was named, and no key",
                "give --key FILE too; with an identity token the Sigstore instance's signing config names it"
            );
        }
        var instance = await _instance.ForSigningAsync(parsed, session, cancellation);
        var http = instance.CreateHttp(Timeout.InfiniteTimeSpan, redirects: false);
        try
        {
            var issuer = (instance.Issuer ?? Signatory.IssuerOf(instance, session.Time))?.OriginalString;
            return await Signatory.NamedByTokenAsync(
                c => _token.GetAsync(parsed, session, http, issuer, instance.Profile.ClientId, c),
                instance,
                http,
                session,
                cancellation
            );
        }
        catch
        {
            http.Dispose();
            throw;
        }
    }

    private Signatory Certified(ParseResult parsed, Session session, string certificate)
    {
        if (parsed.GetValue(_key) is not { } path)
        {
            throw CliException.Usage("a certificate was given, and not its key", "give --key FILE too");
        }
        if (_token.IsGiven(parsed) || _instance.IsNamedForSigning(parsed))
        {
            throw CliException.Usage(
                "a certificate of your own authority and a Sigstore instance were both given",
                "give --certificate, or the instance and its identity token"
            );
        }
        // What could not be verified afterwards is not signed.
        var authority = _authority.Read(parsed) ?? throw NoIssuer();
        if (!authority.IsOwnAuthority)
        {
            throw NoIssuer();
        }
        var urls = TimestampUrls(parsed);
        var chain = AuthorityOptions.ReadFile(certificate);
        var key = KeyLoader.Private(session.Terminal, path, parsed.GetValue(_password));
        try
        {
            var credential = Credential.FromChain(key, chain);
            return credential.NotAfter is { } end && session.Time.GetUtcNow() > end
                ? throw CliException.Usage($"the certificate '{certificate}' expired on {Rfc3339.Format(end)}", "get a new one")
                : Signatory.Certified(key, credential, authority, urls, session);
        }
        catch (CliException)
        {
            key.Dispose();
            throw;
        }
        catch (Exception e) when (e is MalformedDataException or ArgumentException)
        {
            key.Dispose();
            var reason = e is ArgumentException argument ? CliException.Reason(argument) : e.Message;
            throw CliException.Usage($"the certificate '{certificate}' cannot be used: {reason}", null, e);
        }
    }

    private static CliException NoIssuer() =>
        CliException.Usage(
            "a certificate was given, and not who issued it",
            "give --ca-roots FILE (and --ca-intermediates FILE), as those who verify will"
        );

    /// <summary>The time-stamp authorities to ask. Their certificates have to be there too: what could not be verified is not signed.</summary>
    private List<Uri> TimestampUrls(ParseResult parsed)
    {
        var urls = (parsed.GetValue(_timestamps) ?? [])
            .Select(t =>
                Uri.TryCreate(t, UriKind.Absolute, out var url) && url.Scheme is "https" or "http" && url.UserInfo.Length == 0
                    ? url
                    : throw CliException.Usage($"--tsa is to be an http or https URL, not '{t}'")
            )
            .Distinct()
            .ToList();
        return urls.Count > 0 == _authority.HasTimestamps(parsed)
            ? urls
            : throw CliException.Usage(
                urls.Count > 0
                    ? "a time-stamp authority was named, and not its certificates"
                    : "the certificates of a time-stamp authority were given, and not where it is",
                "give --tsa URL and --tsa-certs FILE"
            );
    }
}
