using System.Text.Json;
using ArtifactTrust.EndToEnd.Cli;

namespace ArtifactTrust.EndToEnd.Sigstore;

/// <summary>The client under the public conformance suite signs as the suite asks it to, and cosign verifies that.</summary>
public sealed class ConformanceClientTests : IDisposable
{
    private readonly KeylessScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [SigstoreTheory("cosign")]
    [InlineData("signing_config.json")]
    [InlineData("signing_config.rekor1.json")]
    public async Task It_signs_files_and_statements(string config)
    {
        var token = await SigstoreStack.MintAsync("email");
        string[] instance = [.. KeylessScene.Root, "--signing-config", SigstoreStack.File(config)];
        Client(0, ["sign-bundle", "--identity-token", token, "--bundle", "file.json", .. instance, "blob.txt"]);
        string[] trust = [.. KeylessScene.Root, .. KeylessScene.IsDeveloper];
        await _scene.PeerAsync("cosign", ["verify-blob", "--bundle", "file.json", .. trust, "blob.txt"]);
        Client(0, ["verify-bundle", "--bundle", "file.json", .. KeylessScene.IsDeveloper, .. KeylessScene.Root, "blob.txt"]);

        var digest = Convert.ToHexStringLower(
            System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(_scene.At("blob.txt")))
        );
        var statement = $$"""
            {  "_type": "https://in-toto.io/Statement/v1", "subject": [ { "name": "blob.txt", "digest": { "sha256": "{{digest}}" } } ],
               "predicateType": "{{KeylessScene.PredicateType}}", "predicate": { "b": 1, "a": [ ] } }

            """;
        _scene.Write("statement.json", statement);
        Client(0, ["sign-bundle", "--in-toto", "--identity-token", token, "--bundle", "statement.bundle", .. instance, "statement.json"]);
        await _scene.PeerAsync(
            "cosign",
            ["verify-blob-attestation", "--type", KeylessScene.PredicateType, "--bundle", "statement.bundle", .. trust, "blob.txt"]
        );
        using var bundle = JsonDocument.Parse(await File.ReadAllBytesAsync(_scene.At("statement.bundle")));
        Assert.Equal(
            statement,
            System.Text.Encoding.UTF8.GetString(bundle.RootElement.GetProperty("dsseEnvelope").GetProperty("payload").GetBytesFromBase64())
        );
        Assert.False(bundle.RootElement.GetProperty("verificationMaterial").TryGetProperty("x509CertificateChain", out _));
    }

    [SigstoreFact]
    public async Task It_signs_nothing_without_a_good_token_and_knows_the_staging_instance()
    {
        string[] instance = [.. KeylessScene.Root, "--signing-config", SigstoreStack.File("signing_config.json")];
        var expired = await SigstoreStack.MintAsync("email", "ttl=-600");
        var ended = Client(1, ["sign-bundle", "--identity-token", expired, "--bundle", "file.json", .. instance, "blob.txt"]);
        Assert.DoesNotContain(expired, ended.Text, StringComparison.Ordinal);
        Assert.False(File.Exists(_scene.At("file.json")));

        var token = await SigstoreStack.MintAsync("email");
        Client(0, ["sign-bundle", "--identity-token", token, "--bundle", "file.json", .. instance, "blob.txt"]);
        var staging = Client(1, ["verify-bundle", "--staging", "--bundle", "file.json", .. KeylessScene.IsDeveloper, "blob.txt"]);
        Assert.Contains("log.", staging.Errors, StringComparison.Ordinal);
        Client(2, ["verify-bundle", "--bundle", "file.json", "blob.txt"]);
        Client(2, ["sign", "blob.txt"]);
    }

    private Ended Client(int exitCode, string[] arguments)
    {
        var client = Path.Join(Repository.Root, "tests", "conformance", "sigstore");
        var ended = Tool.Execute(_scene.Folder, _scene.Environment, "", [client, .. arguments]);
        Assert.True(ended.ExitCode == exitCode, $"{string.Join(' ', arguments)}: {ended}");
        return ended;
    }
}
