using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Oidc;
using ArtifactTrust.Cli.Sigstore;

namespace ArtifactTrust.Cli.Commands;

/// <summary>The options that say who signs: the holder of a key, or whom an identity token names.</summary>
internal sealed class SigningOptions
{
    private readonly Option<string?> _key = Options.SigningKey();
    private readonly Option<string?> _password = Options.PasswordFile();
    private readonly InstanceOptions _instance = new();
    private readonly IdentityTokenOptions _token = new();

    internal void AddTo(Command command)
    {
        command.Options.Add(_key);
        command.Options.Add(_password);
        _token.AddTo(command);
        _instance.AddTo(command, signing: true);
    }

    /// <summary>Who signs. What can be refused at once is refused here, before anything is hashed.</summary>
    /// <exception cref="CliException">The options contradict each other, or there is no usable key, token or instance.</exception>
    internal async Task<Signatory> OpenAsync(ParseResult parsed, Session session, CancellationToken cancellation)
    {
        if (parsed.GetValue(_key) is { } path)
        {
            if (_token.IsGiven(parsed))
            {
                throw CliException.Usage("a key and an identity were both asked for", "give --key, or the options of the identity token");
            }
            // Without an instance named, signing with a key asks nobody.
            var named = _instance.IsNamedForSigning(parsed) ? await _instance.ForSigningAsync(parsed, session, cancellation) : null;
            return Signatory.Holding(KeyLoader.Private(session.Terminal, path, parsed.GetValue(_password)), named, session);
        }
        if (parsed.GetValue(_password) is not null)
        {
            throw CliException.Usage("a password was given, and no key", "give --key FILE too");
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
}
