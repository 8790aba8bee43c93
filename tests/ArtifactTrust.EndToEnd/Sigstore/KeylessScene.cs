using ArtifactTrust.EndToEnd.Cli;

namespace ArtifactTrust.EndToEnd.Sigstore;

/// <summary>A directory with a file, a model and a predicate to sign, and an environment in which no token is found.</summary>
internal sealed class KeylessScene : IDisposable
{
    internal const string Developer = "dev@example.com";
    internal const string PredicateType = "https://example.com/predicate/v1";

    private readonly DirectoryInfo _parent = Directory.CreateTempSubdirectory("artifact-trust-");

    internal KeylessScene()
    {
        Directory.CreateDirectory(At("model"));
        // Different each time: the logs refuse what they have.
        var unique = Guid.NewGuid();
        Write("blob.txt", $"blob {unique}\n");
        Write("model/weights.bin", $"weights {unique}\n");
        Write("model/config.json", "{}\n");
        Write("predicate.json", """{"builder":{"id":"https://example.com/builder"}}""");
        foreach (
            var name in (string[])
                [
                    "SIGSTORE_ID_TOKEN",
                    "ACTIONS_ID_TOKEN_REQUEST_URL",
                    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
                    "GITHUB_ACTIONS",
                    "GITLAB_CI",
                    "BUILDKITE",
                    "BUILDKITE_AGENT_ACCESS_TOKEN",
                    "GOOGLE_SERVICE_ACCOUNT_NAME",
                    "SPIFFE_ENDPOINT_SOCKET",
                    "CI",
                ]
        )
        {
            Environment[name] = null;
        }
        Environment["ARTIFACT_TRUST_CONFIG"] = At("config/config.yaml");
        Environment["ARTIFACT_TRUST_CACHE"] = At("cache");
    }

    /// <summary>What the command line sees.</summary>
    internal Dictionary<string, string?> Environment { get; } = [];

    internal string Folder => _parent.FullName;

    /// <summary>How verifiers are told of the instance.</summary>
    internal static string[] Root => ["--trusted-root", SigstoreStack.File("trusted_root.json")];

    /// <summary>How verifiers are told of the developer.</summary>
    internal static string[] IsDeveloper => Identity(Developer, "email");

    internal static string[] Identity(string name, string kind) =>
        ["--certificate-identity", name, "--certificate-oidc-issuer", SigstoreStack.Issuer(kind)];

    internal string At(string name) => Path.Join(Folder, name);

    internal void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllText(At(name), text);
    }

    /// <summary>Writes a token to a file.</summary>
    internal async Task<string> TokenAsync(string kind, string query = "")
    {
        var path = At($"{kind}.token");
        // Without an end of line, which cosign takes for a part of it.
        await File.WriteAllTextAsync(path, await SigstoreStack.MintAsync(kind, query));
        return path;
    }

    /// <summary>The options of a signer without a key.</summary>
    internal async Task<string[]> SignerAsync(string config = "signing_config.json", string kind = "email") =>
        ["--identity-token", await TokenAsync(kind), .. Root, "--signing-config", SigstoreStack.File(config)];

    internal Ended Run(params string[] arguments) => Tool.Run(Folder, Environment, arguments);

    /// <summary>Runs the command line, which must succeed.</summary>
    internal Ended Ours(params string[] arguments)
    {
        var ended = Run(arguments);
        Assert.True(ended.ExitCode == 0, $"{string.Join(' ', arguments)}: {ended}");
        Scene.AssertCalm(ended);
        return ended;
    }

    /// <summary>Runs the command line as JSON, which must fail, and leave every file as it was.</summary>
    /// <returns>The document.</returns>
    internal System.Text.Json.JsonElement Refuses(int exitCode, string message, params string[] arguments)
    {
        var before = Listing();
        var ended = Run([.. arguments, "--output", "json"]);
        Assert.True(ended.ExitCode == exitCode, $"{string.Join(' ', arguments)}: {exitCode} was expected: {ended}");
        Scene.AssertCalm(ended);
        var json = ended.Json();
        Assert.Equal(exitCode, json.GetProperty("exitCode").GetInt32());
        var error = json.GetProperty("error");
        var said = error.GetProperty("message").GetString() + "\n" + (error.TryGetProperty("hint", out var h) ? h.GetString() : "");
        Assert.Contains(message, said, StringComparison.Ordinal);
        Assert.Equal(before, Listing());
        return error;
    }

    /// <summary>Runs a program of others, which must succeed.</summary>
    internal Task<string> PeerAsync(string program, params string[] arguments) => Peers.RequireAsync(Folder, program, arguments);

    /// <summary>Has sigstore-go verify a bundle.</summary>
    internal Task GoVerifiesAsync(string bundle, string name, string kind, params string[] artifact) =>
        PeerAsync(
            "sigstore-go-verification",
            [
                "-trustedrootJSONpath",
                SigstoreStack.File("trusted_root.json"),
                "-expectedIssuer",
                SigstoreStack.Issuer(kind),
                "-expectedSAN",
                name,
                .. artifact,
                bundle,
            ]
        );

    /// <summary>Pushes a small image.</summary>
    /// <param name="registry">The registry's name in the instance: <c>registry</c> has no referrers API, <c>registry_ref</c> has one.</param>
    /// <returns>The image by its digest.</returns>
    internal async Task<string> ImageAsync(string registry)
    {
        Assert.Equal(0, Tool.Execute(Folder, null, "", ["tar", "-cf", "layer.tar", "blob.txt"]).ExitCode);
        var name = $"{new Uri(SigstoreStack.Url(registry)).Authority}/test/{Guid.NewGuid():N}";
        await PeerAsync("crane", "append", "-f", "layer.tar", "-t", $"{name}:1");
        return $"{name}@{await PeerAsync("crane", "digest", $"{name}:1")}";
    }

    /// <summary>Every file with its content.</summary>
    internal IReadOnlyList<string> Listing() =>
        [
            .. Directory
                .EnumerateFiles(Folder, "*", SearchOption.AllDirectories)
                .Select(f => $"{Path.GetRelativePath(Folder, f)} {Convert.ToHexString(File.ReadAllBytes(f))}")
                .Order(StringComparer.Ordinal),
        ];

    public void Dispose() => _parent.Delete(recursive: true);
}
