using System.Net;
using System.Text;

namespace ArtifactTrust.Signing.Oidc;

/// <summary>The service account of a machine of Google's cloud, or one that it may impersonate (<c>GOOGLE_SERVICE_ACCOUNT_NAME</c>).</summary>
/// <remarks>
/// Spec: Google Cloud, "Get an ID token from the metadata server", and the method <c>generateIdToken</c> of the IAM Service Account Credentials
/// API. The metadata server speaks http; it is on the machine's own link and reachable from nowhere else.
/// </remarks>
public sealed class GoogleToken : AmbientToken
{
    private const string AccountVariable = "GOOGLE_SERVICE_ACCOUNT_NAME";
    private const string ServerVariable = "GCE_METADATA_HOST";
    private const string DefaultServer = "metadata.google.internal";
    private const string ProductFile = "/sys/class/dmi/id/product_name";
    private const string Flavor = "Metadata-Flavor";
    private const string DefaultAccount = "computeMetadata/v1/instance/service-accounts/default/";

    private readonly Uri _metadata;
    private readonly string? _account;

    private GoogleToken(Uri metadata, string? account) => (_metadata, _account) = (metadata, account);

    /// <inheritdoc/>
    public override string Name => _account is null ? "Google Cloud" : $"Google Cloud (impersonating '{TokenService.Shown(_account)}')";

    /// <summary>The address of the credentials API, which tests replace.</summary>
    internal Uri CredentialsApi { get; init; } = new("https://iamcredentials.googleapis.com/");

    internal static GoogleToken? DetectImpersonation(AmbientEnvironment environment) =>
        environment.Get(AccountVariable) is { } account ? new GoogleToken(Server(environment), account) : null;

    internal static GoogleToken? DetectMachine(AmbientEnvironment environment) =>
        environment.Get(ServerVariable) is not null
        || environment.ReadFile(ProductFile, 4096)?.Trim() is "Google" or "Google Compute Engine"
            ? new GoogleToken(Server(environment), null)
            : null;

    /// <summary>The same identity with another credentials API.</summary>
    internal GoogleToken WithCredentialsApi(Uri api) => new(_metadata, _account) { CredentialsApi = api };

    private protected override async Task<string> FetchTextAsync(
        HttpMessageInvoker http,
        string audience,
        CancellationToken cancellation
    ) =>
        _account is null
            ? Encoding.UTF8.GetString(
                (
                    await MetadataAsync(
                            http,
                            Urls.With(new Uri(_metadata, $"{DefaultAccount}identity"), ("audience", audience), ("format", "full")),
                            cancellation
                        )
                        .ConfigureAwait(false)
                ).Body
            )
            : await ImpersonateAsync(http, _account, audience, cancellation).ConfigureAwait(false);

    private async Task<string> ImpersonateAsync(HttpMessageInvoker http, string account, string audience, CancellationToken cancellation)
    {
        var access = await MetadataAsync(
                http,
                Urls.With(new Uri(_metadata, $"{DefaultAccount}token"), ("scopes", "https://www.googleapis.com/auth/cloud-platform")),
                cancellation
            )
            .ConfigureAwait(false);
        var token = TokenService.Text(TokenService.Json(access, Name), "access_token", Name);
        using var content = JsonBody.Create(w =>
        {
            w.WriteString("audience", audience);
            w.WriteBoolean("includeEmail", true);
        });
        using var request = new HttpRequestMessage(
            HttpMethod.Post,
            new Uri(CredentialsApi, $"v1/projects/-/serviceAccounts/{Uri.EscapeDataString(account)}:generateIdToken")
        )
        {
            Content = content,
        };
        request.Headers.Authorization = Secret.Header("Bearer", token, "the metadata server's access token");
        var answer = await TokenService.SendAsync(http, request, Name, cancellation).ConfigureAwait(false);
        return answer.Status == HttpStatusCode.OK
            ? TokenService.Text(TokenService.Json(answer, Name), "token", Name)
            : throw Failed(answer, "the machine's service account needs the role 'Service Account OpenID Connect Identity Token Creator'");
    }

    private async Task<TokenService.Answer> MetadataAsync(HttpMessageInvoker http, Uri url, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Add(Flavor, "Google");
        var answer = await TokenService.SendAsync(http, request, $"{Name}'s metadata server", cancellation).ConfigureAwait(false);
        if (answer.Status != HttpStatusCode.OK)
        {
            throw Failed(answer, "does the machine have a service account?");
        }
        // Any other http server could stand at that name on a machine that is not Google's.
        return answer.Response.Headers.TryGetValues(Flavor, out var flavors) && flavors.SequenceEqual(["Google"])
            ? answer
            : throw new IdentityTokenException(
                IdentityTokenFailure.BadAnswer,
                $"{url.Authority} is not Google's metadata server: its answer has no '{Flavor}: Google'"
            );
    }

    private static Uri Server(AmbientEnvironment environment)
    {
        var host = environment.Get(ServerVariable) ?? DefaultServer;
        return
            Uri.TryCreate($"http://{host}/", UriKind.Absolute, out var uri)
            && uri.UserInfo.Length == 0
            && uri.PathAndQuery == "/"
            && uri.Fragment.Length == 0
            ? uri
            : throw new IdentityTokenException(
                IdentityTokenFailure.Configuration,
                $"{ServerVariable} must be HOST or HOST:PORT, not '{TokenService.Shown(host)}'"
            );
    }
}
