using System.Globalization;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>Signatures that the real notation puts into a real registry, verified by the command line as notation itself would.</summary>
public sealed class NotationTests : IAsyncLifetime, IDisposable
{
    private const int Rejected = 1;
    private const int Usage = 2;
    private const int CouldNotTell = 3;

    private const string Extensions = """
        [root]
        basicConstraints=critical,CA:true
        keyUsage=critical,keyCertSign,cRLSign
        [leaf]
        basicConstraints=CA:false
        keyUsage=critical,digitalSignature
        extendedKeyUsage=codeSigning
        [revocable]
        basicConstraints=CA:false
        keyUsage=critical,digitalSignature
        crlDistributionPoints=URI:http://crl.example.invalid/ca.crl
        """;

    private readonly Scene _scene = new();
    private DockerRegistry? _registry;

    public async Task InitializeAsync()
    {
        if (Peers.Missing("docker-registry", "crane", "notation") is not null)
        {
            return;
        }
        _registry = await DockerRegistry.StartAsync();
        _scene.Write("blob", "the blob\n");
        _scene.Shell("tar -cf layer.tar blob");
        _scene.Write("ext.cnf", Extensions);
        _scene.Shell("openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out root.key");
        _scene.Shell("openssl req -new -key root.key -subj '/C=DE/ST=Berlin/O=Example/CN=root' -out root.csr");
        _scene.Shell("openssl x509 -req -in root.csr -key root.key -days 30 -extfile ext.cnf -extensions root -out root.pem");
        _scene.Shell("mkdir -p notation/truststore/x509/ca/example && cp root.pem notation/truststore/x509/ca/example/");
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
            AddKey(key.Replace(":", "", StringComparison.Ordinal), key, "leaf");
        }
        AddKeys([.. keys.Select(k => k.Replace(":", "", StringComparison.Ordinal))]);
        foreach (var key in keys)
        {
            await SignAsync(image, key.Replace(":", "", StringComparison.Ordinal), format, "--user-metadata", "build=7");
        }
        // notation verifies them too, so that the test is of good signatures.
        await NotationAsync("verify", "--insecure-registry", image);

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
        AddKey("signer", "P-256", "leaf");
        AddKeys("signer");
        await SignAsync(image, "signer", format);
        _scene.Require(Verify(image));

        Policy("strict", $"{_registry!.Host}/demo/other");
        _scene.Refuses(Rejected, $"{_registry.Host}/demo/app", Verify(image));
        Policy("strict", $"{_registry.Host}/demo/app", "C=DE, ST=Berlin, O=Somebody");
        _scene.Refuses(Rejected, "none of the trusted identities", Verify(image));
        // What notation lets pass at this level is refused all the same.
        Policy("audit", $"{_registry.Host}/demo/app", "C=DE, ST=Berlin, O=Somebody");
        await NotationAsync("verify", "--insecure-registry", image);
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
        await MoveSignaturesAsync(image, other);
        _scene.Refuses(Rejected, "for another manifest", Verify(other));
        // Keys of Sigstore say nothing of it, nor it of them.
        _scene.Refuses(Rejected, "--notation-policy", ["verify", image, "--key", "ci.pub"]);
    }

    [PeerFact("docker-registry", "crane", "notation")]
    public async Task A_certificate_that_may_be_revoked_is_an_open_question()
    {
        var image = await PushAsync();
        AddKey("revocable", "P-256", "revocable");
        AddKeys("revocable");
        await SignAsync(image, "revocable", "jws");
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

    /// <summary>Puts the signatures of one image beside another one of the repository, in manifests that say they are about that one.</summary>
    private async Task MoveSignaturesAsync(string from, string to)
    {
        using var http = RegistryClient.CreateHttpClient();
        using var client = new RegistryClient(http, new RegistryReference(_registry!.Host, "demo/app"));
        var subject = (await client.GetManifestAsync(Digest.Parse(to.Split('@')[1]))).Descriptor;
        foreach (var referrer in await client.ListReferrersAsync(Digest.Parse(from.Split('@')[1])))
        {
            var manifest = (await client.GetManifestAsync(referrer.Digest)).ToImageManifest();
            await client.PushManifestAsync((manifest with { Subject = subject }).ToUtf8Bytes());
        }
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

    private void AddKey(string name, string kind, string extensions)
    {
        var options = kind.StartsWith("RSA", StringComparison.Ordinal)
            ? $"-algorithm RSA -pkeyopt rsa_keygen_bits:{kind[4..]}"
            : $"-algorithm EC -pkeyopt ec_paramgen_curve:{kind}";
        _scene.Shell($"openssl genpkey -quiet {options} -out {name}.pem.key");
        _scene.Shell($"openssl req -new -key {name}.pem.key -subj '/C=DE/ST=Berlin/O=Example/CN={name}' -out {name}.csr");
        _scene.Shell(
            $"openssl x509 -req -in {name}.csr -CA root.pem -CAkey root.key -CAcreateserial -days 20 -extfile ext.cnf -extensions {extensions} -out {name}.leaf && cat {name}.leaf root.pem > {name}.chain"
        );
    }

    private void AddKeys(params string[] names) =>
        _scene.Write(
            "notation/signingkeys.json",
            $$"""
            {"keys":[{{string.Join(
                ',',
                names.Select(n =>
                    $$"""{"name":"{{n}}","keyPath":"{{_scene.At($"{n}.pem.key")}}","certPath":"{{_scene.At($"{n}.chain")}}"}"""
                )
            )}}]}
            """
        );

    private Task SignAsync(string image, string key, string format, params string[] more) =>
        NotationAsync(["sign", "--insecure-registry", "--signature-format", format, "--key", key, .. more, image]);

    private Task NotationAsync(params string[] arguments)
    {
        var ended = Tool.Execute(
            _scene.Folder,
            new Dictionary<string, string?> { ["XDG_CONFIG_HOME"] = _scene.Folder, ["HOME"] = _scene.Folder },
            "",
            [Peers.Find("notation"), .. arguments]
        );
        Assert.True(ended.ExitCode == 0, $"{string.Join(' ', arguments)}: {ended}");
        return Task.CompletedTask;
    }

    private async Task<string> PushAsync(string repository = "app", string content = "the blob")
    {
        _scene.Write("blob", $"{content}\n");
        _scene.Shell("tar -cf layer.tar blob");
        var name = string.Create(CultureInfo.InvariantCulture, $"{_registry!.Host}/demo/{repository}");
        await Peers.RequireAsync(_scene.Folder, "crane", "append", "-f", "layer.tar", "-t", $"{name}:1");
        return $"{name}@{await Peers.RequireAsync(_scene.Folder, "crane", "digest", $"{name}:1")}";
    }
}
