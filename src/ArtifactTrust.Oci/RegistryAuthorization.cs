using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Oci;

/// <summary>What a request wants to do; a token is asked for each.</summary>
internal enum RegistryAccess
{
    /// <summary>Read.</summary>
    Pull,

    /// <summary>Read and write.</summary>
    Push,

    /// <summary>Write, and read the repository that blobs are mounted from.</summary>
    Mount,
}

/// <summary>Answers a registry's challenges, and keeps what it was given for the answer.</summary>
/// <remarks>Spec: Distribution, "Token Authentication Specification" and "Oauth2 Token Authentication"; RFC 7617.</remarks>
internal sealed class RegistryAuthorization(HttpClient http, RegistryReference repository, RegistryOptions options, Uri registry)
    : IDisposable
{
    private const string FormatName = "token service's answer";

    // A token that is about to expire would do so on the way.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    private const int RememberedSecrets = 32;

    private readonly SemaphoreSlim _gate = new(1);
    private readonly Dictionary<RegistryAccess, (string Header, DateTimeOffset Expires)> _tokens = [];
    private readonly List<string> _secrets = [];
    private string? _basic;
    private bool _credentialIsKnown;

    /// <summary>The repository that blobs are mounted from.</summary>
    internal string? MountFrom { get; set; }

    /// <summary>The credentials, where any were asked for and found.</summary>
    internal RegistryCredential? Credential { get; private set; }

    /// <summary>The Authorization header for a request, or null where nothing is known yet.</summary>
    internal string? HeaderFor(RegistryAccess access)
    {
        lock (_tokens)
        {
            if (_basic is not null)
            {
                return _basic;
            }
            var now = options.Time.GetUtcNow();
            // A token for writing here says nothing of the repository to mount from.
            return access != RegistryAccess.Mount && _tokens.TryGetValue(RegistryAccess.Push, out var push) && push.Expires > now
                    ? push.Header
                : _tokens.TryGetValue(access, out var own) && own.Expires > now ? own.Header
                : null;
        }
    }

    /// <summary>Answers the challenge of a 401.</summary>
    /// <param name="challenged">The 401.</param>
    /// <param name="access">What the request wanted.</param>
    /// <param name="used">The header that the request had, so that of several requests at once only one asks for a token.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>Whether the request is worth sending again.</returns>
    /// <exception cref="RegistryException">The token service failed, or may not be asked.</exception>
    internal async Task<bool> TryAnswerAsync(
        HttpResponseMessage challenged,
        RegistryAccess access,
        string? used,
        CancellationToken cancellation
    )
    {
        var challenges = challenged.Headers.WwwAuthenticate.Select(RegistryChallenge.TryParse).OfType<RegistryChallenge>().ToArray();
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (HeaderFor(access) is { } other && other != used)
            {
                return true;
            }
            Forget(used);
            if (!_credentialIsKnown)
            {
                Credential = options.Credentials is { } find ? await find(repository, cancellation).ConfigureAwait(false) : null;
                _credentialIsKnown = true;
                Remember(Credential?.Password, Credential?.IdentityToken);
            }
            if (Array.Find(challenges, c => c.Is("Bearer") && c["realm"] is not null) is { } bearer)
            {
                var token = await FetchTokenAsync(bearer, access, cancellation).ConfigureAwait(false);
                lock (_tokens)
                {
                    _basic = null;
                    _tokens[access] = token;
                }
                return true;
            }
            if (used is null && Array.Exists(challenges, c => c.Is("Basic")) && Basic() is { } basic)
            {
                lock (_tokens)
                {
                    _basic = basic;
                }
                return true;
            }
            return false;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Replaces every secret this object has seen, should a server have put one in its answer.</summary>
    internal string Redact(string text)
    {
        lock (_secrets)
        {
            return _secrets.Aggregate(text, (t, secret) => t.Replace(secret, "***", StringComparison.Ordinal));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private async Task<(string Header, DateTimeOffset Expires)> FetchTokenAsync(
        RegistryChallenge challenge,
        RegistryAccess access,
        CancellationToken cancellation
    )
    {
        var realm = CheckRealm(challenge["realm"]!);
        var scope = challenge["scope"] ?? $"repository:{repository.Repository}:{(access == RegistryAccess.Pull ? "pull" : "pull,push")}";
        if (access == RegistryAccess.Mount && !scope.Contains($"repository:{MountFrom}:", StringComparison.Ordinal))
        {
            scope = $"{scope} repository:{MountFrom}:pull";
        }
        using var request = Credential?.IdentityToken is { } identity
            ? Exchange(realm, challenge["service"], scope, identity)
            : Ask(realm, challenge["service"], scope);
        request.Headers.TryAddWithoutValidation("User-Agent", options.UserAgent);
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        using var timeout = new CancellationTokenSource(options.RequestTimeout, options.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        var place = $"log in to {repository.Place} at the token service {realm.Authority}";
        using var response = await SendAsync(request, place, linked.Token).ConfigureAwait(false);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw await RegistryFailure.FromAsync(response, place, options, this, linked.Token).ConfigureAwait(false);
        }
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(linked.Token).ConfigureAwait(false);
            var body = await BoundedStream
                .ReadAllAsync(
                    stream,
                    OciLimits.TokenBytes,
                    () => new MalformedDataException(FormatName, "$", $"it is longer than {OciLimits.TokenBytes} bytes"),
                    linked.Token
                )
                .ConfigureAwait(false);
            return Read(body);
        }
        catch (MalformedDataException e)
        {
            // It is about the login, and says nothing of what is asked for.
            throw new RegistryException(
                response.StatusCode,
                null,
                $"{place}: {e.Message}",
                "is this address a token service, and not a page of a proxy?",
                e
            );
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new RegistryException(null, null, $"{place}: the connection broke", null, e) { IsTransient = true };
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, string place, CancellationToken cancellation)
    {
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            throw RegistryFailure.From(e, place, request.RequestUri!);
        }
    }

    private (string Header, DateTimeOffset Expires) Read(byte[] body)
    {
        var json = StrictJson.Parse(body, FormatName, OciLimits.TokenBytes);
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(FormatName, "$", "an object is expected");
        }
        var token =
            StrictJson.OptionalString(json, "token", FormatName, "$") is { Length: > 0 } own ? own
            : StrictJson.OptionalString(json, "access_token", FormatName, "$") is { Length: > 0 } oauth ? oauth
            : throw new MalformedDataException(FormatName, "$.token", "the member is required");
        if (token.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            throw new MalformedDataException(FormatName, "$.token", "a token has no spaces and no characters beyond ASCII");
        }
        Remember(token);
        // Spec: Token Authentication Specification, "Token Response Fields": 60 seconds where nothing is said.
        var seconds =
            json.TryGetProperty("expires_in", out var e) && e.ValueKind == JsonValueKind.Number && e.TryGetInt32(out var s) ? s : 60;
        return ($"Bearer {token}", options.Time.GetUtcNow() + TimeSpan.FromSeconds(Math.Clamp(seconds, 10, 86_400)) - Margin);
    }

    /// <summary>Credentials go to the realm, so it must be as safe as the registry itself.</summary>
    private Uri CheckRealm(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var realm) || realm.UserInfo.Length > 0)
        {
            throw Refused($"the token service's address '{Text.Clean(text, 200)}' is not a URL");
        }
        var allowed =
            realm.Scheme == Uri.UriSchemeHttps
            || (
                realm.Scheme == Uri.UriSchemeHttp
                && registry.Scheme == Uri.UriSchemeHttp
                && (realm.IdnHost == registry.IdnHost || (repository.IsLoopback && RegistryReference.IsLoopbackHost(realm.IdnHost)))
            );
        return allowed ? realm : throw Refused($"the token service {Text.Clean(realm.Authority, 200)} is not reached over https");
    }

    private RegistryException Refused(string reason) => new(HttpStatusCode.Unauthorized, null, $"log in to {repository.Place}: {reason}");

    private HttpRequestMessage Ask(Uri realm, string? service, string scope)
    {
        var query = new StringBuilder(realm.Query.TrimStart('?'));
        Append("service", service);
        foreach (var one in scope.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            Append("scope", one);
        }
        var request = new HttpRequestMessage(HttpMethod.Get, new UriBuilder(realm) { Query = query.ToString(), Fragment = "" }.Uri);
        if (Basic() is { } basic)
        {
            request.Headers.Authorization = AuthenticationHeaderValue.Parse(basic);
        }
        return request;

        void Append(string name, string? value)
        {
            if (value is not null)
            {
                query.Append(query.Length > 0 ? "&" : "").Append(name).Append('=').Append(Uri.EscapeDataString(value));
            }
        }
    }

    private HttpRequestMessage Exchange(Uri realm, string? service, string scope, string identityToken) =>
        new(HttpMethod.Post, realm)
        {
            Content = new FormUrlEncodedContent([
                new("grant_type", "refresh_token"),
                new("service", service ?? ""),
                new("client_id", options.UserAgent),
                new("scope", scope),
                new("refresh_token", identityToken),
            ]),
        };

    private string? Basic()
    {
        if (Credential is not { Username: { } username, Password: { } password })
        {
            return null;
        }
        var pair = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{username}:{password}"));
        Remember(pair);
        return $"Basic {pair}";
    }

    /// <summary>A token that was refused must not be preferred to the one that replaces it.</summary>
    private void Forget(string? header)
    {
        lock (_tokens)
        {
            foreach (var access in _tokens.Where(t => t.Value.Header == header).Select(t => t.Key).ToArray())
            {
                _tokens.Remove(access);
            }
        }
    }

    private void Remember(params ReadOnlySpan<string?> secrets)
    {
        lock (_secrets)
        {
            foreach (var secret in secrets)
            {
                if (!string.IsNullOrEmpty(secret) && !_secrets.Contains(secret))
                {
                    if (_secrets.Count == RememberedSecrets)
                    {
                        // The credentials come first and stay; of the tokens the newest matter.
                        _secrets.RemoveAt(RememberedSecrets / 2);
                    }
                    _secrets.Add(secret);
                }
            }
        }
    }
}
