using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Signing.Oidc;

namespace ArtifactTrust.Cli.Oidc;

/// <summary>Gets an identity token the way that fits: from a file, from the surroundings, or from a person.</summary>
/// <param name="terminal">Where a person is asked.</param>
/// <param name="time">The clock.</param>
/// <param name="surroundings">What the process is in.</param>
/// <param name="http">The transport to https services. It should retry, and follow no redirects.</param>
internal sealed class IdentityTokenSource(Terminal terminal, TimeProvider time, Surroundings surroundings, HttpMessageInvoker http)
{
    private const string Ways =
        "give --identity-token FILE, set "
        + EnvironmentToken.Variable
        + ", or let the CI job have an identity token (GitHub Actions: 'permissions: id-token: write'; GitLab: 'id_tokens'); "
        + "at a terminal, --oidc-flow browser or device";

    // As long as a person may take to sign in at an issuer, with a second factor.
    private static readonly TimeSpan SignInTime = TimeSpan.FromMinutes(5);

    /// <summary>Gets a token.</summary>
    /// <exception cref="CliException">There is no usable token.</exception>
    internal async Task<IdentityToken> GetAsync(TokenRequest request, CancellationToken cancellation)
    {
        try
        {
            return request switch
            {
                { File: { } file } => ReadFile(file, request.Client.Id),
                { Flow: SignInFlow.Browser or SignInFlow.Device } => await SignInAsync(request, cancellation),
                _ => await AutomaticAsync(request, cancellation),
            };
        }
        catch (IdentityTokenException e)
        {
            throw e.Failure
                is IdentityTokenFailure.Configuration
                    or IdentityTokenFailure.MissingPermission
                    or IdentityTokenFailure.Expired
                    or IdentityTokenFailure.NotYetValid
                    or IdentityTokenFailure.WrongAudience
                ? new CliException(ExitCode.Usage, "identity-token", e.Message, e.Hint, e)
                : CliException.CouldNotTell("identity-token", e.Message, e.Hint, e);
        }
    }

    private IdentityToken ReadFile(string file, string audience)
    {
        var name = file == "-" ? "standard input" : $"the identity token '{file}'";
        try
        {
            if (file != "-")
            {
                CliException.RequireFile(file, "identity token");
            }
            using var stream =
                file == "-"
                    ? surroundings.StandardInput()
                    : new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            var token = IdentityToken.Parse(Surroundings.ReadText(stream, Limits.IdentityTokenLength, file).Trim(' ', '\t', '\r', '\n'));
            token.RequireUsable(audience, time.GetUtcNow());
            return token;
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage($"{name} cannot be used: {e.Location}: {e.Reason}", "it must hold one JWT and nothing else", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CliException.Usage($"{name} cannot be read: {e.Message}", null, e);
        }
    }

    private async Task<IdentityToken> AutomaticAsync(TokenRequest request, CancellationToken cancellation)
    {
        if (AmbientToken.Detect(surroundings.Environment) is { } ambient)
        {
            using var own = ambient switch
            {
                SpiffeToken spiffe => Transports.To(spiffe),
                GoogleToken => Transports.ToGoogle(),
                _ => null,
            };
            var token = await ambient.FetchAsync(own ?? http, request.Client.Id, time, cancellation);
            Note($"identity token from {ambient.Name}");
            return token;
        }
        if (request.Flow == SignInFlow.Ambient || surroundings.IsContinuousIntegration || !terminal.IsInteractive)
        {
            throw new CliException(ExitCode.Usage, "identity-token", "there is no identity token to sign with", Ways);
        }
        return await SignInAsync(request, cancellation);
    }

    private async Task<IdentityToken> SignInAsync(TokenRequest request, CancellationToken cancellation)
    {
        var address =
            request.Issuer
            ?? throw CliException.Usage(
                "it is not known whom to sign in at: the Sigstore instance names no issuer",
                "give --oidc-issuer URL"
            );
        var issuer = await OidcIssuer.DiscoverAsync(http, address, cancellation);
        var byBrowser = request.Flow switch
        {
            SignInFlow.Browser => true,
            SignInFlow.Device => false,
            _ => issuer.AuthorizationEndpoint is not null
                && (surroundings.Browser is not null || issuer.DeviceAuthorizationEndpoint is null),
        };
        return byBrowser
            ? await ByBrowserAsync(issuer, request.Client, cancellation)
            : await ByDeviceAsync(issuer, request.Client, cancellation);
    }

    private async Task<IdentityToken> ByBrowserAsync(OidcIssuer issuer, OidcClient client, CancellationToken cancellation)
    {
        using var listener = new LoopbackListener();
        var flow = new AuthorizationCodeFlow(issuer, client, listener.Redirect);
        using var limit = new CancellationTokenSource(SignInTime, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        var coming = listener.WaitAsync(flow.ReadRedirect, linked.Token);
        Note(
            surroundings.AnyBrowser(flow.AuthorizationUrl)
                ? $"sign in with the browser; if no page opens, open this one on this machine:\n  {flow.AuthorizationUrl}"
                : $"open this page in a browser on this machine and sign in:\n  {flow.AuthorizationUrl}"
        );
        string code;
        try
        {
            code = await coming;
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new IdentityTokenException(
                IdentityTokenFailure.TimedOut,
                $"nobody signed in within {SignInTime.TotalMinutes:0} minutes",
                "start again; where the browser is on another machine, --oidc-flow device",
                e
            );
        }
        return await flow.RedeemAsync(http, code, time, cancellation);
    }

    private async Task<IdentityToken> ByDeviceAsync(OidcIssuer issuer, OidcClient client, CancellationToken cancellation)
    {
        var flow = await DeviceFlow.StartAsync(http, issuer, client, time, cancellation);
        Note($"on any device, open {flow.VerificationUrl} and enter the code {flow.UserCode}");
        if (flow.CompleteVerificationUrl is { } complete)
        {
            Note($"or open {complete}");
        }
        return await flow.WaitAsync(http, cancellation);
    }

    // Terminal.Note makes one line of it; the page's address deserves its own.
    private void Note(string text)
    {
        foreach (var line in text.Split('\n'))
        {
            terminal.Note(line);
        }
    }
}
