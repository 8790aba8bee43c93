namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>Signatures that the real notation puts into a real registry, verified by the command line as notation itself would.</summary>
public sealed class NotationTests : NotationTest
{
    private const int Rejected = 1;
    private const int Usage = 2;
    private const int CouldNotTell = 3;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        TrustPolicy("strict", $"{Registry.Host}/demo/app");
    }

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

        var report = Scene.Require([.. Verify(image), "--annotation", "build=7", "--output", "json"]).Json();
        Assert.Equal("verified", report.GetProperty("result").GetString());
        var evidence = report.GetProperty("evidence").EnumerateArray().ToList();
        Assert.Equal(keys.Length, evidence.Count);
        Assert.All(evidence, e => Assert.True(e.GetProperty("verified").GetBoolean()));
        Assert.Equal(
            ["ES256", "ES384", "ES512", "PS256", "PS384", "PS512"],
            evidence.Select(e => e.GetProperty("notation").GetProperty("algorithm").GetString()).Order()
        );
        Assert.Contains("signer  CN=P-256", Scene.Require(Verify(image)).Output, StringComparison.Ordinal);
        Scene.Refuses(Rejected, "build=8", [.. Verify(image), "--annotation", "build=8"]);

        var listed = Scene.Require("inspect", image, "--output", "json").Json().GetProperty("evidence").EnumerateArray().ToList();
        Assert.Equal(keys.Length, listed.Count);
        Assert.All(listed, e => Assert.Equal("unverified", e.GetProperty("verdict").GetString()));
        Assert.All(listed, e => Assert.Equal(2, e.GetProperty("notation").GetProperty("certificates").GetArrayLength()));
        Assert.Contains("unverified Notation signature", Scene.Require("inspect", image).Output, StringComparison.Ordinal);

        // The signatures move with the image into a layout, where only a rule for all holds.
        Scene.Require("copy", image, "oci-layout:moved:1");
        Scene.Refuses(Rejected, "no rule of", [.. Verify("oci-layout:moved:1")]);
        TrustPolicy("strict", "*");
        Scene.Require(Verify("oci-layout:moved:1"));
    }

    [PeerTheory("docker-registry", "crane", "notation")]
    [InlineData("jws")]
    [InlineData("cose")]
    public async Task What_is_not_trusted_is_refused_with_the_reason(string format)
    {
        var image = await PushAsync();
        Scene.Refuses(Rejected, "no Notation signature was found", Verify(image));
        User.AddKey("signer", "P-256", "leaf");
        User.UseKeys("signer");
        User.Sign(image, "signer", format);
        // The command that is guarded is told what was verified, and is not run otherwise.
        var ended = Scene.Require([.. Verify(image), "--", "echo", "{subject}"]);
        Assert.Equal($"{image}\n", ended.Output);
        Assert.Contains("verified: ", ended.Errors, StringComparison.Ordinal);

        // Of several images each has to hold.
        var second = await PushAsync(content: "a blob of its own");
        Scene.Refuses(Rejected, "no Notation signature was found", [.. Verify(image), second]);
        User.Sign(second, "signer", format);
        ended = Scene.Require([.. Verify(image), second, "--", "sh", "-c", "echo $ARTIFACT_TRUST_SUBJECT_0 $ARTIFACT_TRUST_SUBJECT_1"]);
        Assert.Equal($"{image} {second}\n", ended.Output);

        TrustPolicy("strict", $"{Registry.Host}/demo/other");
        Assert.Equal(Rejected, Scene.Run([.. Verify(image), "--", "touch", "ran"]).ExitCode);
        Assert.False(File.Exists(Scene.At("ran")));
        Scene.Refuses(Rejected, $"{Registry.Host}/demo/app", Verify(image));
        TrustPolicy("strict", $"{Registry.Host}/demo/app", "C=DE, ST=Berlin, O=Somebody");
        Scene.Refuses(Rejected, "none of the trusted identities", Verify(image));
        // What notation lets pass at this level is refused all the same.
        TrustPolicy("audit", $"{Registry.Host}/demo/app", "C=DE, ST=Berlin, O=Somebody");
        User.Notation("verify", "--insecure-registry", image);
        Scene.Refuses(Rejected, "not honoured", Verify(image));
        TrustPolicy("strict", $"{Registry.Host}/demo/app");
        Scene.Shell("cp notation/truststore/x509/ca/example/root.pem kept.pem");
        Scene.Shell(
            "openssl x509 -req -in root.csr -key root.key -days 31 -extfile ext.cnf -extensions root -out notation/truststore/x509/ca/example/root.pem"
        );
        Scene.Refuses(Rejected, "no certificate of the chain is in the stores", Verify(image));
        Scene.Shell("cp kept.pem notation/truststore/x509/ca/example/root.pem");

        // A good signature of one image put beside another one.
        var other = await PushAsync("app", "another blob");
        Scene.Refuses(Rejected, "no Notation signature was found", Verify(other));
        await NotationUser.MoveSignaturesAsync(image, other);
        Scene.Refuses(Rejected, "for another manifest", Verify(other));
        // Keys of Sigstore say nothing of it, nor it of them.
        Scene.Refuses(Rejected, "--notation-policy", ["verify", image, "--key", "ci.pub"]);
    }

    [PeerFact("docker-registry", "crane", "notation")]
    public async Task A_certificate_that_may_be_revoked_is_an_open_question()
    {
        var image = await PushAsync();
        User.AddKey("revocable", "P-256", "revocable");
        User.UseKeys("revocable");
        User.Sign(image, "revocable", "jws");
        Scene.Refuses(CouldNotTell, "revo", Verify(image));
        Assert.Contains(
            "not checked, as asked for",
            Scene.Require([.. Verify(image), "--notation-skip-revocation"]).Output,
            StringComparison.Ordinal
        );
    }

    [PeerFact("docker-registry", "crane", "notation")]
    public async Task Options_that_do_not_go_together_are_told()
    {
        var image = await PushAsync();
        Scene.Refuses(Usage, "go together", "verify", image, "--notation-policy", "notation/trustpolicy.json");
        Scene.Refuses(Usage, "go together", "verify", image, "--notation-store", "notation/truststore");
        Scene.Refuses(Usage, "--notation-policy", "verify", image, "--notation-skip-revocation");
        Scene.Refuses(Usage, "--key does not go", [.. Verify(image), "--key", "ci.pub"]);
        Scene.Refuses(Usage, "--type does not go", [.. Verify(image), "--type", "vsa"]);
        Scene.Refuses(Usage, "--copy-to does not go", [.. Verify(image), "--copy-to", "x"]);
        Scene.Refuses(Usage, "images only", Verify("model"));
        Scene.Refuses(Usage, "does not exist", "verify", image, "--notation-policy", "none", "--notation-store", "notation/truststore");
        Scene.Refuses(
            Usage,
            "no directory 'x509'",
            "verify",
            image,
            "--notation-policy",
            "notation/trustpolicy.json",
            "--notation-store",
            "model"
        );
        Scene.Replace("notation/trustpolicy.json", "\"version\"", "\"more\":1,\"version\"");
        Scene.Refuses(Usage, "no such member", Verify(image));
    }
}
