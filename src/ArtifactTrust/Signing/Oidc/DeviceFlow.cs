using System.Net;
using System.Text.Json;

namespace ArtifactTrust.Signing.Oidc;

/// <summary>One sign-in on another device: a code to type in there, and the token once that was done.</summary>
/// <remarks>Spec: RFC 8628, with PKCE as Sigstore's issuer supports it.</remarks>
public sealed class DeviceFlow
{
    private const string Service = "the issuer's device endpoint";

    // RFC 8628 §3.5: five seconds more after each slow_down.
    private static readonly TimeSpan Slower = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(30);

    private readonly OidcIssuer _issuer;
    private readonly OidcClient _client;
    private readonly TimeProvider _time;
    private readonly string _deviceCode;
    private readonly string _verifier;
    private TimeSpan _interval;

    private DeviceFlow(OidcIssuer issuer, OidcClient client, TimeProvider time, string verifier, JsonElement json)
    {
        (_issuer, _client, _time, _verifier) = (issuer, client, time, verifier);
        _deviceCode = TokenService.Text(json, "device_code", Service);
        UserCode = TokenService.Text(json, "user_code", Service);
        VerificationUrl = Url(TokenService.Text(json, "verification_uri", Service));
        CompleteVerificationUrl = TokenService.OptionalText(json, "verification_uri_complete", Service) is { } complete
            ? Url(complete)
            : null;
        var lifetime = Seconds(json, "expires_in") ?? throw Bad("does not say how long its code lives (expires_in)");
        Expires = time.GetUtcNow() + (lifetime < LongestWait ? lifetime : LongestWait);
        _interval = Seconds(json, "interval") ?? Slower;
        if (UserCode.Length > 64 || UserCode.Any(c => char.IsControl(c)))
        {
            throw Bad("gave a code that nobody can type");
        }
    }

    /// <summary>What the person types in.</summary>
    public string UserCode { get; }

    /// <summary>Where the person types it in.</summary>
    public Uri VerificationUrl { get; }

    /// <summary>The same place with the code in it; null where the issuer gives none.</summary>
    public Uri? CompleteVerificationUrl { get; }

    /// <summary>When the code is no longer good; UTC.</summary>
    public DateTimeOffset Expires { get; }

    /// <summary>Asks for a code.</summary>
    /// <param name="http">The transport; it should follow no redirects.</param>
    /// <param name="issuer">Who vouches.</param>
    /// <param name="client">As whom to ask.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="IdentityTokenException">The issuer has no device flow, refuses, cannot be reached, or its answer is unusable.</exception>
    public static async Task<DeviceFlow> StartAsync(
        HttpMessageInvoker http,
        OidcIssuer issuer,
        OidcClient client,
        TimeProvider time,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(issuer);
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(time);
        var endpoint =
            issuer.DeviceAuthorizationEndpoint
            ?? throw new IdentityTokenException(
                IdentityTokenFailure.Configuration,
                $"the issuer '{TokenService.Shown(issuer.Issuer)}' has no device flow",
                "use a browser on this machine, or a token"
            );
        var verifier = AuthorizationCodeFlow.RandomText();
        var answer = await client
            .PostAsync(
                http,
                endpoint,
                Service,
                [
                    new("scope", OidcClient.Scope),
                    new("code_challenge", AuthorizationCodeFlow.Challenge(verifier)),
                    new("code_challenge_method", "S256"),
                ],
                cancellation
            )
            .ConfigureAwait(false);
        var json = TokenService.Json(answer, Service);
        if (answer.Status != HttpStatusCode.OK)
        {
            // Only the client's secret was sent, and its value is not known here; so the description is left out.
            throw client.Refusal(issuer.Issuer, TokenService.Shown(TokenService.Text(json, "error", Service)), null);
        }
        return new DeviceFlow(issuer, client, time, verifier, json);
    }

    /// <summary>Asks again and again until the person has signed in.</summary>
    /// <param name="http">The transport; it should follow no redirects.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="IdentityTokenException">
    /// The person declined, or was too late; the issuer refuses or cannot be reached, or its token is not of this issuer or audience.
    /// </exception>
    public async Task<IdentityToken> WaitAsync(HttpMessageInvoker http, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(http);
        while (_time.GetUtcNow() + _interval < Expires)
        {
            await Task.Delay(_interval, _time, cancellation).ConfigureAwait(false);
            var grant = await _client
                .ExchangeAsync(
                    http,
                    _issuer,
                    [
                        new("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
                        new("device_code", _deviceCode),
                        new("code_verifier", _verifier),
                    ],
                    cancellation
                )
                .ConfigureAwait(false);
            if (grant.Token is not null)
            {
                return AuthorizationCodeFlow.Accept(grant.Token, _issuer, _client, _time);
            }
            switch (grant.Error)
            {
                case "authorization_pending":
                    break;
                case "slow_down":
                    _interval += Slower;
                    break;
                case "expired_token":
                    throw TooLate();
                default:
                    throw _client.Refusal(_issuer.Issuer, grant.Error!, grant.Description);
            }
        }
        throw TooLate();
    }

    private static Uri Url(string address)
    {
        try
        {
            return TokenService.RequireSecure(address, "the place to sign in");
        }
        catch (IdentityTokenException e)
        {
            throw new IdentityTokenException(IdentityTokenFailure.BadAnswer, $"{Service}: {e.Message}", null, e);
        }
    }

    private static TimeSpan? Seconds(JsonElement json, string name)
    {
        if (!json.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out var seconds) || seconds < 0)
        {
            throw Bad($"gave a '{name}' that is no number of seconds");
        }
        return name == "interval"
            ? TimeSpan.FromSeconds(Math.Clamp(seconds, 1, LongestInterval.TotalSeconds))
            : TimeSpan.FromSeconds(seconds);
    }

    private static IdentityTokenException Bad(string reason) => new(IdentityTokenFailure.BadAnswer, $"{Service} {reason}");

    private static IdentityTokenException TooLate() =>
        new(IdentityTokenFailure.TimedOut, "nobody signed in before the code ran out", "start again");
}
