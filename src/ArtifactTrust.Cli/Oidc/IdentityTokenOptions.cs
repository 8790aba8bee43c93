using System.CommandLine;
using ArtifactTrust.Cli.Commands;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Signing.Oidc;

namespace ArtifactTrust.Cli.Oidc;

/// <summary>The options that say as whom to sign without a key.</summary>
internal sealed class IdentityTokenOptions
{
    private const int SecretBytes = 4096;

    private readonly Option<string?> _token = new("--identity-token")
    {
        Description =
            $"the file that holds the identity token, - for standard input (else {EnvironmentToken.Variable}, else the CI job's, else a sign-in)",
        HelpName = "FILE",
    };

    private readonly Option<string?> _issuer = new("--oidc-issuer")
    {
        Description = "the OpenID Connect issuer that a person signs in at (else the one of the Sigstore instance)",
        HelpName = "URL",
    };

    private readonly Option<string> _client = new("--oidc-client-id")
    {
        Description = "this program's name at the issuer, and the audience of the token",
        HelpName = "NAME",
        DefaultValueFactory = _ => IdentityToken.SigstoreAudience,
    };

    private readonly Option<string?> _secret = new("--oidc-client-secret-file")
    {
        Description = "the file that holds the client's secret, where the issuer wants one",
        HelpName = "FILE",
    };

    private readonly Option<string> _flow = new("--oidc-flow")
    {
        Description = "how to get a token: ambient (of the CI job or workload), browser, device, or auto (the first that works here)",
        HelpName = "auto|ambient|browser|device",
        DefaultValueFactory = _ => "auto",
    };

    internal IdentityTokenOptions() => _flow.AcceptOnlyFromAmong("auto", "ambient", "browser", "device");

    /// <summary>Every one of them.</summary>
    internal IReadOnlyList<Option> All => [_token, _issuer, _client, _secret, _flow];

    internal void AddTo(Command command)
    {
        foreach (var option in All)
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Whether any of the options was given; beside a key they mean nothing.</summary>
    internal bool IsGiven(ParseResult parsed) => All.Any(o => parsed.GetResult(o) is { Implicit: false });

    /// <summary>The token that the options ask for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="session">Where people are asked, and the clock.</param>
    /// <param name="http">The transport to https services. It should retry, and follow no redirects.</param>
    /// <param name="defaultIssuer">The issuer of the Sigstore instance; null where it names none.</param>
    /// <param name="defaultClient">This program's name at that issuer; null for the usual.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="CliException">There is no usable token.</exception>
    internal Task<IdentityToken> GetAsync(
        ParseResult parsed,
        Session session,
        HttpMessageInvoker http,
        string? defaultIssuer,
        string? defaultClient,
        CancellationToken cancellation
    ) =>
        new IdentityTokenSource(session.Terminal, session.Time, Surroundings.ForProcess(), http).GetAsync(
            Read(parsed, defaultIssuer, defaultClient),
            cancellation
        );

    /// <summary>What the options ask for.</summary>
    /// <exception cref="CliException">The options contradict each other, or the secret cannot be read.</exception>
    internal TokenRequest Read(ParseResult parsed, string? defaultIssuer, string? defaultClient = null)
    {
        var file = parsed.GetValue(_token);
        if (file is not null && parsed.GetResult(_flow) is { Implicit: false })
        {
            throw CliException.Usage("--identity-token and --oidc-flow were both given", "give one of them");
        }
        if (file is not null && LooksLikeToken(file))
        {
            throw CliException.Usage(
                "--identity-token takes the name of a file, not the token itself: arguments are seen by every process of the machine",
                $"write the token to a file, give - and pipe it in, or set {EnvironmentToken.Variable}"
            );
        }
        var client = (parsed.GetResult(_client) is { Implicit: false } ? null : defaultClient) ?? parsed.GetValue(_client)!;
        if (client.Length == 0)
        {
            throw CliException.Usage("--oidc-client-id is empty");
        }
        return new TokenRequest(
            file,
            parsed.GetValue(_issuer) ?? defaultIssuer,
            new OidcClient(client, Secret(parsed.GetValue(_secret))),
            parsed.GetValue(_flow) switch
            {
                "ambient" => SignInFlow.Ambient,
                "browser" => SignInFlow.Browser,
                "device" => SignInFlow.Device,
                _ => SignInFlow.Auto,
            }
        );
    }

    // A JWT begins with the base64url of '{"', and has two dots. A path of that look would be written ./eyJ...
    private static bool LooksLikeToken(string value) =>
        value.StartsWith("eyJ", StringComparison.Ordinal)
        && value.AsSpan().Count('.') >= 2
        && !value.Contains('/', StringComparison.Ordinal);

    private static string? Secret(string? path)
    {
        if (path is null)
        {
            return null;
        }
        CliException.RequireFile(path, "client secret");
        try
        {
            var secret = System.Text.Encoding.UTF8.GetString(EvidenceFiles.ReadBounded(path, SecretBytes)).TrimEnd('\r', '\n');
            return secret.Length > 0 ? secret : throw CliException.Usage($"the client secret '{path}' is empty");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or MalformedDataException)
        {
            throw CliException.Usage($"the client secret '{path}' cannot be read: {e.Message}", null, e);
        }
    }
}
