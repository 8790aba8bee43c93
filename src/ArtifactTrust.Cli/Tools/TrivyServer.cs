using System.Text.Json;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Sigstore;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Cli.Tools;

/// <summary>A Trivy server, which has the databases and looks up packages in them.</summary>
/// <param name="Address">Its address, without a user name.</param>
internal sealed record TrivyServer(string Address)
{
    /// <summary>The environment variable that holds the token.</summary>
    internal const string TokenVariable = "ARTIFACT_TRUST_TRIVY_TOKEN";

    private const int AnswerBytes = 64 << 10;
    private const int TokenBytes = 16 << 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The token; null where the server asks for none. It reaches Trivy by its environment, never by its arguments.</summary>
    internal string? Token { get; init; }

    // The record's own text would print the token.
    /// <inheritdoc/>
    public override string ToString() => Address;

    /// <summary>Reads the options.</summary>
    /// <exception cref="CliException">The address is no address, or the token would be sent for all to read.</exception>
    internal static TrivyServer? From(string? address, string? tokenFile, bool plainHttp)
    {
        if (address is null)
        {
            return tokenFile is null ? null : throw CliException.Usage("--trivy-token-file goes with --trivy-server");
        }
        if (
            !Uri.TryCreate(address, UriKind.Absolute, out var uri)
            || uri.Scheme is not ("http" or "https")
            || uri.UserInfo.Length > 0
            || uri.Query.Length > 0
            || uri.Fragment.Length > 0
        )
        {
            throw CliException.Usage("--trivy-server is to be an address such as https://trivy.example.com, without a user name");
        }
        var token = ReadToken(tokenFile) ?? Environment.GetEnvironmentVariable(TokenVariable);
        token = string.IsNullOrWhiteSpace(token) ? null : token.Trim();
        if (uri.Scheme == "http" && !uri.IsLoopback && !plainHttp)
        {
            throw CliException.Usage(
                $"the Trivy server {uri.Host} would be spoken to over http, where anyone on the way can change its answers",
                "use https, or allow http with --plain-http"
            );
        }
        return new TrivyServer(uri.GetLeftPart(UriPartial.Path).TrimEnd('/')) { Token = token };
    }

    /// <summary>Asks the server which version it is, and how old its database is.</summary>
    /// <exception cref="ScannerException">It does not answer as a Trivy server does.</exception>
    internal async Task<(string Version, TrivyDatabase Database)> AskAsync(CancellationToken cancellation)
    {
        try
        {
            using var client = ServiceHttp.Create(null, Patience, redirects: false);
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{Address}/version");
            using var answer = await client
                .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation)
                .ConfigureAwait(false);
            if (!answer.IsSuccessStatusCode)
            {
                throw new ScannerException(
                    $"the Trivy server {Address} answers {(int)answer.StatusCode} to the question for its version",
                    "check --trivy-server"
                );
            }
            var json = StrictJson.Parse(await ReadAsync(answer, cancellation).ConfigureAwait(false), "Trivy server's version", AnswerBytes);
            var version = StrictJson.RequiredString(json, "Version", "Trivy server's version", "$");
            return json.TryGetProperty("VulnerabilityDB", out var database) && database.ValueKind == JsonValueKind.Object
                ? (version, TrivyDatabase.Parse(database))
                : throw new ScannerException($"the Trivy server {Address} has no vulnerability database", "let it fetch one");
        }
        catch (Exception e) when (e is HttpRequestException or MalformedDataException or IOException)
        {
            throw new ScannerException(
                $"the Trivy server {Address} does not answer as one: {e.Message}",
                "check --trivy-server, and that it runs",
                null,
                e
            );
        }
        catch (TaskCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new ScannerException($"the Trivy server {Address} did not answer in time", "check that it runs", null, e);
        }
    }

    private static async Task<byte[]> ReadAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        using var stream = await answer.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        var bytes = new byte[AnswerBytes + 1];
        var read = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
        StrictJson.CheckLength(read, "Trivy server's version", AnswerBytes);
        return bytes[..read];
    }

    private static string? ReadToken(string? path)
    {
        if (path is null)
        {
            return null;
        }
        CliException.RequireFile(path, "token file");
        using var file = File.OpenRead(path);
        if (file.Length > TokenBytes)
        {
            throw CliException.Usage($"the token file '{path}' has {file.Length} bytes, which is no token");
        }
        using var reader = new StreamReader(file);
        var token = reader.ReadToEnd().Trim();
        return token.Length > 0 && !token.Any(char.IsControl)
            ? token
            : throw CliException.Usage($"the token file '{path}' holds no token on one line");
    }
}
