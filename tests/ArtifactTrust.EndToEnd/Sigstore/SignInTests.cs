using System.Text.Json.Nodes;
using ArtifactTrust.EndToEnd.Cli;

namespace ArtifactTrust.EndToEnd.Sigstore;

/// <summary>How a token is come by at the command line, and what is refused before anything is signed.</summary>
public sealed class SignInTests : IDisposable
{
    private static readonly string[] Instance =
    [
        "--trusted-root",
        SigstoreStack.Missing() is null ? SigstoreStack.File("trusted_root.json") : "",
        "--signing-config",
        SigstoreStack.Missing() is null ? SigstoreStack.File("signing_config.json") : "",
    ];

    private readonly KeylessScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [SigstoreFact]
    public async Task A_token_is_taken_from_the_variable_and_from_standard_input()
    {
        _scene.Environment["SIGSTORE_ID_TOKEN"] = await SigstoreStack.MintAsync("email");
        var signed = _scene.Ours(["sign", "blob.txt", .. Instance]);
        Assert.Contains("signing as dev@example.com", signed.Errors, StringComparison.Ordinal);
        _scene.Environment["SIGSTORE_ID_TOKEN"] = null;

        string[] sign = ["sign", "blob.txt", "--force", "--identity-token", "-", .. Instance];
        var piped = Tool.Execute(
            _scene.Folder,
            _scene.Environment,
            await SigstoreStack.MintAsync("github") + "\n",
            [.. Tool.Start, .. sign]
        );
        Assert.True(piped.ExitCode == 0, piped.ToString());
        Assert.Contains("release.yml@refs/heads/main", piped.Output, StringComparison.Ordinal);
    }

    [SigstoreFact]
    public void The_job_s_own_token_is_taken_on_GitHub()
    {
        _scene.Environment["CI"] = "true";
        _scene.Environment["GITHUB_ACTIONS"] = "true";
        _scene.Environment["ACTIONS_ID_TOKEN_REQUEST_URL"] = $"{SigstoreStack.Issuer("github")}/actions?x=1";
        _scene.Environment["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "any";
        var signed = _scene.Ours(["sign", "model", .. Instance, "--output", "json"]);
        Assert.Contains("release.yml@refs/heads/main", signed.Output, StringComparison.Ordinal);

        _scene.Environment["ACTIONS_ID_TOKEN_REQUEST_URL"] = "http://127.0.0.1:1/actions?x=1";
        Assert.Equal("identity-token", Code(_scene.Refuses(3, "127.0.0.1", ["sign", "blob.txt", .. Instance])));
    }

    [SigstoreFact]
    public void A_person_signs_in_on_another_device()
    {
        var signed = _scene.Ours(["sign", "blob.txt", "--oidc-flow", "device", .. Instance]);
        Assert.Contains("enter the code AAAA-BBBB", signed.Errors, StringComparison.Ordinal);
        Assert.Contains("dev@example.com", signed.Output, StringComparison.Ordinal);
    }

    [SigstoreFact]
    public void A_person_signs_in_with_a_browser_that_is_given_no_secrets()
    {
        _scene.Write(
            "bin/xdg-open",
            $"#!/bin/bash\nenv > {_scene.At("browser.env")}\ncurl -fsSL -o {_scene.At("page.html")} \"$1\"\nmv {_scene.At("page.html")} {_scene.At("seen.html")}\n"
        );
        Assert.Equal(0, Tool.Execute(_scene.Folder, null, "", ["chmod", "+x", "bin/xdg-open"]).ExitCode);
        _scene.Environment["PATH"] = $"{_scene.At("bin")}:{Environment.GetEnvironmentVariable("PATH")}";
        foreach (var name in Secrets)
        {
            _scene.Environment[name] = "top-secret";
        }
        var signed = _scene.Ours(["sign", "blob.txt", "--oidc-flow", "browser", .. Instance, "--output", "json"]);
        Assert.Contains("dev@example.com", signed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("top-secret", File.ReadAllText(_scene.At("browser.env")), StringComparison.Ordinal);
    }

    [SigstoreFact]
    public async Task An_issuer_and_a_client_of_one_s_own_are_asked()
    {
        // The certificate authority knows no such audience, so its refusal shows that the client's name arrived.
        _scene.Write(
            "config/config.yaml",
            $"version: 1\nprofiles: {{ ours: {{ trustedRoot: '{SigstoreStack.File("trusted_root.json")}', signingConfig: '{SigstoreStack.File("signing_config.json")}', oidcIssuer: '{SigstoreStack.Issuer("username")}', oidcClientId: ours }} }}\n"
        );
        Assert.Equal(
            "token",
            Code(_scene.Refuses(1, "rejects the identity token", "sign", "blob.txt", "--profile", "ours", "--oidc-flow", "device"))
        );
        _scene.Ours("sign", "blob.txt", "--profile", "ours", "--oidc-flow", "device", "--oidc-client-id", "sigstore");
        var token = await _scene.TokenAsync("email", "aud=ours");
        Assert.Equal(
            "token",
            Code(_scene.Refuses(1, "rejects the identity token", "sign", "model", "--profile", "ours", "--identity-token", token))
        );
    }

    [SigstoreFact]
    public async Task What_is_no_usable_token_is_refused_before_anything_is_signed()
    {
        string[] sign = ["sign", "blob.txt", .. Instance];
        Assert.Equal("identity-token", Code(_scene.Refuses(2, "there is no identity token", sign)));
        Assert.Equal("identity-token", Code(_scene.Refuses(2, "there is no identity token", [.. sign, "--oidc-flow", "ambient"])));

        var expired = await _scene.TokenAsync("email", "ttl=-600");
        _scene.Refuses(2, "expired", [.. sign, "--identity-token", expired]);
        var other = await _scene.TokenAsync("email", "aud=other");
        _scene.Refuses(2, "audience", [.. sign, "--identity-token", other]);

        var token = await SigstoreStack.MintAsync("email");
        var literal = _scene.Run([.. sign, "--identity-token", token]);
        Assert.True(
            literal.ExitCode == 2 && literal.Text.Contains("takes the name of a file", StringComparison.Ordinal),
            literal.ToString()
        );
        Assert.DoesNotContain(token, literal.Text, StringComparison.Ordinal);

        _scene.Write("not.token", "hello");
        _scene.Refuses(2, "must hold one JWT", [.. sign, "--identity-token", "not.token"]);
        _scene.Write("empty.token", "");
        _scene.Refuses(2, "it is empty", [.. sign, "--identity-token", "empty.token"]);
        _scene.Refuses(2, "does not exist", [.. sign, "--identity-token", "absent.token"]);
        _scene.Refuses(3, "127.0.0.1:1", [.. sign, "--oidc-flow", "device", "--oidc-issuer", "http://127.0.0.1:1"]);
    }

    [SigstoreFact]
    public async Task A_token_that_the_authority_rejects_is_exit_code_1()
    {
        // Signed by nobody that the authority knows.
        var forged = await SigstoreStack.MintAsync("email");
        _scene.Write("forged.token", forged[..(forged.LastIndexOf('.') + 1)] + new string('A', 86));
        var error = _scene.Refuses(1, "rejects the identity token", ["sign", "blob.txt", .. Instance, "--identity-token", "forged.token"]);
        Assert.Equal("token", Code(error));
        Assert.True(error.TryGetProperty("hint", out _));
        _scene.Refuses(
            1,
            "rejects the identity token",
            [
                "attest",
                "model",
                "--type",
                KeylessScene.PredicateType,
                "--predicate",
                "predicate.json",
                .. Instance,
                "--identity-token",
                "forged.token",
            ]
        );
    }

    [SigstoreFact]
    public async Task Options_that_contradict_each_other_are_refused()
    {
        var token = await _scene.TokenAsync("email");
        _scene.Ours("keygen", "training.key", "--no-password");
        _scene.Write("password", "x");
        _scene.Refuses(2, "a key and an identity", "sign", "blob.txt", "--key", "training.key", "--identity-token", token);
        _scene.Refuses(2, "a key and an identity", "sign", "blob.txt", "--key", "training.key", "--oidc-flow", "device");
        _scene.Refuses(2, "both given", ["sign", "blob.txt", .. Instance, "--identity-token", token, "--oidc-flow", "device"]);
        _scene.Refuses(2, "a password was given", ["sign", "blob.txt", .. Instance, "--password-file", "password"]);
        _scene.Refuses(2, "not where to sign", ["sign", "blob.txt", .. KeylessScene.Root, "--identity-token", token]);
        _scene.Refuses(2, "there is no profile", "sign", "blob.txt", "--profile", "absent", "--identity-token", token);
        _scene.Write("bad.json", "{}");
        _scene.Refuses(
            2,
            "signing config 'bad.json'",
            ["sign", "blob.txt", .. KeylessScene.Root, "--signing-config", "bad.json", "--identity-token", token]
        );
        _scene.Write("blob.txt.sig", "here");
        _scene.Refuses(2, "exists", ["sign", "blob.txt", .. Instance, "--identity-token", token]);
    }

    [SigstoreFact]
    public async Task What_our_own_verification_refuses_is_not_written()
    {
        // The services are real, and the certificate authorities that verifiers will trust are others.
        var token = await _scene.TokenAsync("email");
        var trust = JsonNode.Parse(await File.ReadAllTextAsync(SigstoreStack.File("trusted_root.json")))!;
        var others = JsonNode.Parse(
            await File.ReadAllTextAsync(Path.Join(Repository.Root, "src", "ArtifactTrust", "Trust", "public-good-trusted-root.json"))
        )!;
        trust["certificateAuthorities"] = others["certificateAuthorities"]!.DeepClone();
        _scene.Write("root.json", trust.ToJsonString());
        var error = _scene.Refuses(
            1,
            "certificate",
            [
                "sign",
                "blob.txt",
                "--trusted-root",
                "root.json",
                "--signing-config",
                SigstoreStack.File("signing_config.rekor1.json"),
                "--identity-token",
                token,
            ]
        );
        Assert.Equal("unverifiable", Code(error));
    }

    private static string[] Secrets => ["ARTIFACT_TRUST_PIN", "ARTIFACT_TRUST_PASSWORD", "COSIGN_PASSWORD"];

    private static string? Code(System.Text.Json.JsonElement error) => error.GetProperty("code").GetString();
}
