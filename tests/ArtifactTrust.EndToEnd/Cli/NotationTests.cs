namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>Signatures that the real notation puts into a real registry, verified by the command line as notation itself would.</summary>
public sealed class NotationTests : IAsyncLifetime, IDisposable
{
    private const int Rejected = 1;
    private const int Usage = 2;
    private const int CouldNotTell = 3;

    private readonly Scene _scene = new();
    private DockerRegistry? _registry;
    private NotationUser? _user;

    private NotationUser User => _user!;

    public async Task InitializeAsync()
    {
        if (Peers.Missing("docker-registry", "crane", "notation") is not null)
        {
            return;
        }
        _registry = await DockerRegistry.StartAsync();
        _user = new NotationUser(_scene);
        Policy("strict", $"{_registry.Host}/demo/app");
    }

    public async Task DisposeAsync()
    {
        if (_registry is not null)
        {
            await _registry.DisposeAsync();
        }
        Dispose();
    }

    public void Dispose() => _scene.Dispose();

    [PeerTheory("docker-registry", "crane", "notation")]
    [InlineData("jws")]
    [InlineData("cose")]
    public async Task What_notation_signed_verifies_and_is_listed(string format)
    {
        var image = await PushAsync();
        string[] keys = ["RSA:2048", "RSA:3072", "RSA:4096", "P-256", "P-384", "P-521"];
        foreach (var key in keys)
        {
            User.AddKey(key.Replace(":", "", StringComparison.Ordinal), key, "leaf");
        }
        User.UseKeys([.. keys.Select(k => k.Replace(":", "", StringComparison.Ordinal))]);
        foreach (var key in keys)
        {
            User.Sign(image, key.Replace(":", "", StringComparison.Ordinal), format, "--user-metadata", "build=7");
        }
        // notation verifies them too, so that the test is of good signatures.
        User.Notation("verify", "--insecure-registry", image);

        var report = _scene.Require([.. Verify(image), "--annotation", "build=7", "--output", "json"]).Json();
        Assert.Equal("verified", report.GetProperty("result").GetString());
        var evidence = report.GetProperty("evidence").EnumerateArray().ToList();
        Assert.Equal(keys.Length, evidence.Count);
        Assert.All(evidence, e => Assert.True(e.GetProperty("verified").GetBoolean()));
        Assert.Equal(
            ["ES256", "ES384", "ES512", "PS256", "PS384", "PS512"],
            evidence.Select(e => e.GetProperty("notation").GetProperty("algorithm").GetString()).Order()
        );
        Assert.Contains("signer  CN=P-256", _scene.Require(Verify(image)).Output, StringComparison.Ordinal);
        _scene.Refuses(Rejected, "build=8", [.. Verify(image), "--annotation", "build=8"]);

        var listed = _scene.Require("inspect", image, "--output", "json").Json().GetProperty("evidence").EnumerateArray().ToList();
        Assert.Equal(keys.Length, listed.Count);
        Assert.All(listed, e => Assert.Equal("unverified", e.GetProperty("verdict").GetString()));
        Assert.All(listed, e => Assert.Equal(2, e.GetProperty("notation").GetProperty("certificates").GetArrayLength()));
        Assert.Contains("unverified Notation signature", _scene.Require("inspect", image).Output, StringComparison.Ordinal);

        // The signatures move with the image into a layout, where only a rule for all holds.
        _scene.Require("copy", image, "oci-layout:moved:1");
        _scene.Refuses(Rejected, "no rule of", [.. Verify("oci-layout:moved:1")]);
        Policy("strict", "*");
        _scene.Require(Verify("oci-layout:moved:1"));
    }

    [PeerTheory("docker-registry", "crane", "notation")]
    [InlineData("jws")]
    [InlineData("cose")]
    public async Task What_is_not_trusted_is_refused_with_the_reason(string format)
    {
        var image = await PushAsync();
        _scene.Refuses(Rejected, "no Notation signature was found", Verify(image));
        User.AddKey("signer", "P-256", "leaf");
        User.UseKeys("signer");
        User.Sign(image, "signer", format);
        // The command that is guarded is told what was verified, and is not run otherwise.
        var ended = _scene.Require([.. Verify(image), "--", "echo", "{subject}"]);
        Assert.Equal($"{image}\n", ended.Output);
        Assert.Contains("verified: ", ended.Errors, StringComparison.Ordinal);

        Policy("strict", $"{_registry!.Host}/demo/other");
        Assert.Equal(Rejected, _scene.Run([.. Verify(image), "--", "touch", "ran"]).ExitCode);
        Assert.False(File.Exists(_scene.At("ran")));
        _scene.Refuses(Rejected, $"{_registry.Host}/demo/app", Verify(image));
        Policy("strict", $"{_registry.Host}/demo/app", "C=DE, ST=Berlin, O=Somebody");
        _scene.Refuses(Rejected, "none of the trusted identities", Verify(image));
        // What notation lets pass at this level is refused all the same.
        Policy("audit", $"{_registry.Host}/demo/app", "C=DE, ST=Berlin, O=Somebody");
        User.Notation("verify", "--insecure-registry", image);
        _scene.Refuses(Rejected, "not honoured", Verify(image));
        Policy("strict", $"{_registry.Host}/demo/app");
        _scene.Shell("cp notation/truststore/x509/ca/example/root.pem kept.pem");
        _scene.Shell(
            "openssl x509 -req -in root.csr -key root.key -days 31 -extfile ext.cnf -extensions root -out notation/truststore/x509/ca/example/root.pem"
        );
        _scene.Refuses(Rejected, "no certificate of the chain is in the stores", Verify(image));
        _scene.Shell("cp kept.pem notation/truststore/x509/ca/example/root.pem");

        // A good signature of one image put beside another one.
        var other = await PushAsync("app", "another blob");
        _scene.Refuses(Rejected, "no Notation signature was found", Verify(other));
        await NotationUser.MoveSignaturesAsync(image, other);
        _scene.Refuses(Rejected, "for another manifest", Verify(other));
        // Keys of Sigstore say nothing of it, nor it of them.
        _scene.Refuses(Rejected, "--notation-policy", ["verify", image, "--key", "ci.pub"]);
    }

    [PeerFact("docker-registry", "crane", "notation")]
    public async Task A_certificate_that_may_be_revoked_is_an_open_question()
    {
        var image = await PushAsync();
        User.AddKey("revocable", "P-256", "revocable");
        User.UseKeys("revocable");
        User.Sign(image, "revocable", "jws");
        _scene.Refuses(CouldNotTell, "revo", Verify(image));
        Assert.Contains(
            "not checked, as asked for",
            _scene.Require([.. Verify(image), "--notation-skip-revocation"]).Output,
            StringComparison.Ordinal
        );
    }

    [PeerFact("docker-registry", "crane", "notation")]
    public async Task Options_that_do_not_go_together_are_told()
    {
        var image = await PushAsync();
        _scene.Refuses(Usage, "go together", "verify", image, "--notation-policy", "notation/trustpolicy.json");
        _scene.Refuses(Usage, "go together", "verify", image, "--notation-store", "notation/truststore");
        _scene.Refuses(Usage, "--notation-policy", "verify", image, "--notation-skip-revocation");
        _scene.Refuses(Usage, "--key does not go", [.. Verify(image), "--key", "ci.pub"]);
        _scene.Refuses(Usage, "--type does not go", [.. Verify(image), "--type", "vsa"]);
        _scene.Refuses(Usage, "--copy-to does not go", [.. Verify(image), "--copy-to", "x"]);
        _scene.Refuses(Usage, "images only", Verify("model"));
        _scene.Refuses(Usage, "does not exist", "verify", image, "--notation-policy", "none", "--notation-store", "notation/truststore");
        _scene.Refuses(
            Usage,
            "no directory 'x509'",
            "verify",
            image,
            "--notation-policy",
            "notation/trustpolicy.json",
            "--notation-store",
            "model"
        );
        _scene.Replace("notation/trustpolicy.json", "\"version\"", "\"more\":1,\"version\"");
        _scene.Refuses(Usage, "no such member", Verify(image));
    }

    private string[] Verify(string image) =>
        ["verify", image, "--notation-policy", "notation/trustpolicy.json", "--notation-store", "notation/truststore"];

    private void Policy(string level, string scope, string identity = "C=DE, ST=Berlin, O=Example") =>
        _scene.Write(
            "notation/trustpolicy.json",
            $$"""
            {"version":"1.0","trustPolicies":[{"name":"models","registryScopes":["{{scope}}"],"signatureVerification":{"level":"{{level}}"},
            "trustStores":["ca:example"],"trustedIdentities":["x509.subject: {{identity}}"]}]}
            """
        );

    private Task<string> PushAsync(string repository = "app", string content = "the blob") =>
        User.PushAsync($"{_registry!.Host}/demo/{repository}", content);
}
