using System.Text.Json;
using System.Text.Json.Nodes;
using ArtifactTrust.EndToEnd.Cli;

namespace ArtifactTrust.EndToEnd.Sigstore;

/// <summary>The cases of OpenSSF Model Signing's conformance suite that sign by identity, by an instance of our own in place of the public one.</summary>
public sealed class ModelSuiteTests : IDisposable
{
    private readonly KeylessScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [SuiteTheory]
    [InlineData("sigstore-simple")]
    [InlineData("sigstore-multi-file")]
    [InlineData("sigstore-single-file")]
    [InlineData("sigstore-ignore-paths")]
    [InlineData("sigstore-sig-inside-model")]
    public async Task A_model_is_signed_by_identity_and_verified_as_the_suite_asks(string name)
    {
        var suite = Path.Join(Repository.Vectors!, "oms", "model-signing-conformance", "test");
        using var config = JsonDocument.Parse(
            await File.ReadAllBytesAsync(Path.Join(suite, "test-cases", "roundtrip", name, "config.json"))
        );
        var json = config.RootElement;
        var source = Path.Join(suite, "assets", json.GetProperty("model").GetString());
        Assert.Equal(0, Tool.Execute(_scene.Folder, null, "", ["cp", "-r", source, "suite"]).ExitCode);
        _scene.Write(
            "instance.json",
            new JsonObject
            {
                ["trustedRoot"] = JsonNode.Parse(await File.ReadAllTextAsync(SigstoreStack.File("trusted_root.json"))),
                ["signingConfig"] = JsonNode.Parse(await File.ReadAllTextAsync(SigstoreStack.File("signing_config.json"))),
            }.ToJsonString()
        );
        var bundle = json.TryGetProperty("sig_inside_model", out var inside) && inside.GetBoolean() ? "suite/made.sig" : "made.sig";
        string[] ignored = json.GetProperty("verify").TryGetProperty("ignore_paths", out var paths)
            ? [.. paths.EnumerateArray().SelectMany(p => (string[])["--ignore-paths", $"suite/{p.GetString()}"])]
            : [];
        string[] common = ["--method", "sigstore", "--model-path", "suite", "--trust-config", "instance.json", .. ignored];
        Client(0, ["sign-model", .. common, "--output-bundle", bundle, "--identity-token", await SigstoreStack.MintAsync("email")]);

        string[] verify = ["verify-model", .. common, "--bundle", bundle, "--identity-provider", SigstoreStack.Issuer("email")];
        Client(0, [.. verify, "--identity", KeylessScene.Developer]);
        Client(1, [.. verify, "--identity", "somebody@example.com"]);
        if (json.TryGetProperty("expected_signed_files", out var files))
        {
            Assert.Equal(files.EnumerateArray().Select(f => f.GetString()!), SignedFiles(bundle));
        }
        await File.AppendAllTextAsync(_scene.At($"suite/{SignedFiles(bundle)[0]}"), "x");
        Client(1, [.. verify, "--identity", KeylessScene.Developer]);
    }

    [SigstoreFact]
    public async Task Staging_is_another_instance()
    {
        string[] model = ["--method", "sigstore", "--model-path", "model"];
        _scene.Write(
            "instance.json",
            $$"""
            {"trustedRoot":{{await File.ReadAllTextAsync(SigstoreStack.File("trusted_root.json"))}},
             "signingConfig":{{await File.ReadAllTextAsync(SigstoreStack.File("signing_config.json"))}}}
            """
        );
        var token = await SigstoreStack.MintAsync("email");
        Client(0, ["sign-model", .. model, "--trust-config", "instance.json", "--output-bundle", "made.sig", "--identity-token", token]);
        string[] verify =
        [
            "verify-model",
            .. model,
            "--bundle",
            "made.sig",
            "--identity",
            KeylessScene.Developer,
            "--identity-provider",
            SigstoreStack.Issuer("email"),
        ];
        Client(0, [.. verify, "--trust-config", "instance.json"]);
        Assert.Contains("log.", Client(1, [.. verify, "--use-staging"]).Errors, StringComparison.Ordinal);
        Client(2, [.. verify, "--use-staging", "--trust-config", "instance.json"]);
    }

    private List<string> SignedFiles(string bundle)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(_scene.At(bundle)));
        using var statement = JsonDocument.Parse(json.RootElement.GetProperty("dsseEnvelope").GetProperty("payload").GetBytesFromBase64());
        var resources = statement.RootElement.GetProperty("predicate").GetProperty("resources");
        return [.. resources.EnumerateArray().Select(r => r.GetProperty("name").GetString()!).Order(StringComparer.Ordinal)];
    }

    private Ended Client(int exitCode, string[] arguments)
    {
        var client = Path.Join(Repository.Root, "tests", "conformance", "oms");
        var ended = Tool.Execute(_scene.Folder, _scene.Environment, "", [client, .. arguments]);
        Assert.True(ended.ExitCode == exitCode, $"{string.Join(' ', arguments)}: {ended}");
        return ended;
    }
}

/// <summary>A test that needs a Sigstore instance and the suite.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SuiteTheoryAttribute : TheoryAttribute
{
    public SuiteTheoryAttribute() => Skip = SigstoreStack.Missing() ?? Needs.Missing([Needs.Vectors]);
}
