using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Oci;

/// <summary>Registry credentials as <c>docker login</c> and <c>podman login</c> leave them.</summary>
/// <remarks>
/// Order: the registry's own helper (<c>credHelpers</c>), the store of all (<c>credsStore</c>), the file's own entries (<c>auths</c>); among
/// the entries the one with the longest matching path.
/// </remarks>
public sealed class DockerCredentials
{
    private const string FormatName = "registry credentials file";
    private const string HubKey = "https://index.docker.io/v1/";

    private readonly string _path;
    private readonly CredentialHelper _helper;

    /// <summary>The credentials in a file; there are none where it does not exist.</summary>
    /// <param name="path">The file.</param>
    public DockerCredentials(string path)
        : this(path, new CredentialHelper()) { }

    internal DockerCredentials(string path, CredentialHelper helper)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = path;
        _helper = helper;
    }

    /// <summary>The file read.</summary>
    public string Path => _path;

    /// <summary>The credentials in <c>$REGISTRY_AUTH_FILE</c>, else <c>$DOCKER_CONFIG/config.json</c>, else <c>~/.docker/config.json</c>.</summary>
    public static DockerCredentials FromEnvironment() => FromEnvironment(Environment.GetEnvironmentVariable);

    internal static DockerCredentials FromEnvironment(Func<string, string?> variable) =>
        new(
            variable("REGISTRY_AUTH_FILE") is { Length: > 0 } file ? file
            : variable("DOCKER_CONFIG") is { Length: > 0 } directory ? System.IO.Path.Join(directory, "config.json")
            : System.IO.Path.Join(
                variable("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile),
                ".docker",
                "config.json"
            )
        );

    /// <summary>The credentials for a repository, or null where there are none.</summary>
    /// <exception cref="MalformedDataException">The file, or what a helper printed, cannot be read.</exception>
    /// <exception cref="IOException">The file cannot be read, or a helper failed or is missing.</exception>
    public async Task<RegistryCredential?> FindAsync(RegistryReference repository, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(repository);
        if (await ReadAsync(cancellation).ConfigureAwait(false) is not { } json)
        {
            return null;
        }
        var key = repository.Host == "docker.io" ? HubKey : repository.Host;
        if (HelperFor(json, repository, key) is { } name)
        {
            // A store of all may know nothing of this registry, and an older entry of the file still be good.
            var credential = await _helper.GetAsync(name, key, cancellation).ConfigureAwait(false);
            if (credential is not null)
            {
                return credential;
            }
        }
        return FromAuths(json, repository);
    }

    private async Task<JsonElement?> ReadAsync(CancellationToken cancellation)
    {
        FileStream file;
        try
        {
            file = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1, FileOptions.Asynchronous);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"the registry credentials file '{_path}' cannot be read: {e.Message}", e);
        }
        await using (file.ConfigureAwait(false))
        {
            var bytes = await BoundedStream
                .ReadAllAsync(file, OciLimits.CredentialFileBytes, () => TooLong(OciLimits.CredentialFileBytes), cancellation)
                .ConfigureAwait(false);
            var json = StrictJson.Parse(bytes, FormatName, OciLimits.CredentialFileBytes);
            return json.ValueKind == JsonValueKind.Object
                ? json
                : throw new MalformedDataException(FormatName, _path, "an object is expected");
        }
    }

    private MalformedDataException TooLong(int limit) => new(FormatName, _path, $"it is longer than {limit} bytes");

    private static string? HelperFor(JsonElement json, RegistryReference repository, string key)
    {
        if (json.TryGetProperty("credHelpers", out var helpers) && helpers.ValueKind == JsonValueKind.Object)
        {
            foreach (var name in (ReadOnlySpan<string>)[key, repository.Host])
            {
                if (StrictJson.OptionalString(helpers, name, FormatName, "$.credHelpers") is { Length: > 0 } helper)
                {
                    return helper;
                }
            }
        }
        return StrictJson.OptionalString(json, "credsStore", FormatName, "$") is { Length: > 0 } store ? store : null;
    }

    private static RegistryCredential? FromAuths(JsonElement json, RegistryReference repository)
    {
        if (!json.TryGetProperty("auths", out var auths) || auths.ValueKind != JsonValueKind.Object)
        {
            return null;
        }
        RegistryCredential? best = null;
        var bestLength = -1;
        foreach (var entry in auths.EnumerateObject())
        {
            var length = Match(entry.Name, repository);
            // Equal keys cannot be: "host" and "https://host" can, and then the first with a secret holds.
            if (length > bestLength && Read(entry) is { } credential)
            {
                (best, bestLength) = (credential, length);
            }
        }
        return best;
    }

    /// <summary>How long the part of the repository's name is that the key covers; -1 where the key is another's.</summary>
    private static int Match(string key, RegistryReference repository)
    {
        var rest = key.AsSpan();
        var scheme = rest.IndexOf("://", StringComparison.Ordinal);
        if (scheme >= 0)
        {
            rest = rest[(scheme + 3)..];
        }
        var slash = rest.IndexOf('/');
        var host = slash < 0 ? rest : rest[..slash];
        var path = slash < 0 ? [] : rest[(slash + 1)..].TrimEnd('/');
        if (scheme >= 0 || path is "v1" or "v2")
        {
            // Keys of old clients are URLs, whose path is that of the API.
            path = [];
        }
        if (host is "index.docker.io" or "registry-1.docker.io")
        {
            host = "docker.io";
        }
        if (!host.Equals(repository.Host, StringComparison.OrdinalIgnoreCase))
        {
            return -1;
        }
        var name = repository.Repository.AsSpan();
        var covers =
            path.IsEmpty || (name.StartsWith(path, StringComparison.Ordinal) && (name.Length == path.Length || name[path.Length] == '/'));
        return covers ? path.Length : -1;
    }

    private static RegistryCredential? Read(JsonProperty entry)
    {
        var location = $"$.auths['{Text.Clean(entry.Name, 80)}']";
        if (entry.Value.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(FormatName, location, "an object is expected");
        }
        if (StrictJson.OptionalString(entry.Value, "identitytoken", FormatName, location) is { Length: > 0 } token)
        {
            return RegistryCredential.FromIdentityToken(token);
        }
        var username = StrictJson.OptionalString(entry.Value, "username", FormatName, location);
        var password = StrictJson.OptionalString(entry.Value, "password", FormatName, location);
        if (StrictJson.OptionalString(entry.Value, "auth", FormatName, location) is { Length: > 0 } auth)
        {
            var pair = Encoding.UTF8.GetString(StrictBase64.Decode(auth, FormatName, $"{location}.auth"));
            var colon = pair.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
            {
                throw new MalformedDataException(
                    FormatName,
                    $"{location}.auth",
                    "a user name, a colon and a password are expected in base64"
                );
            }
            // Some writers end the password with NULs.
            (username, password) = (pair[..colon], pair[(colon + 1)..].TrimEnd('\0'));
        }
        if (string.IsNullOrEmpty(username) || password is null)
        {
            return null;
        }
        return username.Contains(':', StringComparison.Ordinal)
            ? throw new MalformedDataException(FormatName, location, "a user name has no colon (RFC 7617 §2)")
            : RegistryCredential.FromPassword(username, password);
    }
}
