namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>Models that the clients of OpenSSF Model Signing in Python and Go signed, as they are published or were made with them.</summary>
public sealed class OmsFixtureTests : IDisposable
{
    private readonly Scene _scene = new();

    public void Dispose() => _scene.Dispose();

    [NeedsTheory(Needs.Vectors)]
    [InlineData("v1.0.0-elliptic-key", "signme-1", "")]
    [InlineData("v1.0.1-elliptic-key", "", "--ignore-path ignore-me")]
    [InlineData("v1.1.0-elliptic-key", "", "")]
    public void A_published_fixture_of_the_key_method_verifies_and_no_change_of_it_does(string fixture, string file, string options)
    {
        Copy($"model-transparency/{fixture}", "fixture");
        File.Copy(Path.Join(Oms, "model-transparency/keys/certificate/signing-key-pub.pem"), _scene.At("signer.pub"));
        string[] verify =
        [
            "verify",
            file.Length == 0 ? "fixture" : $"fixture/{file}",
            "--signature",
            "fixture/model.sig",
            "--key",
            "signer.pub",
            .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries),
        ];
        _scene.Require(verify);
        _scene.ChangeOneByte("fixture/signme-1");
        _scene.Refuses(1, "fail", verify);
        _scene.ChangeOneByte("fixture/signme-1");
        _scene.ChangeOneByte("fixture/model.sig");
        _scene.Refuses(1, "model.sig", verify);
        _scene.ChangeOneByte("fixture/model.sig");
        _scene.Refuses(1, "no trusted key made the signature", [.. verify.Select(a => a == "signer.pub" ? "ci.pub" : a)]);
        if (file.Length == 0)
        {
            _scene.Write("fixture/added", "");
            _scene.Refuses(1, "1 added: added", verify);
        }
    }

    [NeedsTheory(Needs.Vectors)]
    [InlineData("model1", "model1.p256.sig", "p256")]
    [InlineData("model1", "model1.p384.sig", "p384")]
    [InlineData("model1", "model1.p521.sig", "p521")]
    [InlineData("model1", "model1.p11.sig", "p256")]
    [InlineData("model1", "spec.model1.sorted.sig", "p256")]
    [InlineData("model2", "model2.py.p256.sig", "p256")]
    [InlineData("model2", "model2.go.p256.sig", "p256")]
    [InlineData("model2", "model2.go.p384.sig", "p384")]
    [InlineData("model2", "model2.go.p521.sig", "p521")]
    [InlineData("single.bin", "single.sig", "p256")]
    public void A_model_that_the_Python_or_the_Go_client_signed_verifies(string model, string signature, string key) =>
        _scene.Require("verify", Made(model), "--signature", Made(signature), "--key", Made($"{key}.pub.pem"));

    [NeedsTheory(Needs.Vectors)]
    [InlineData("model1", "model1.cert.sig", "only keys are trusted")]
    [InlineData("model2", "model2.go.cert-nochain.sig", "only keys are trusted")]
    [InlineData("model1", "model2.py.p256.sig", "the files are not those that were signed")]
    [InlineData("model2", "model1.p384.sig", "no trusted key made the signature")]
    [InlineData("neg.traversal-model", "neg.traversal.sig", "..")]
    public void A_bundle_with_a_certificate_or_of_another_model_or_that_leads_elsewhere_is_refused(
        string model,
        string signature,
        string message
    ) => _scene.Refuses(1, message, "verify", Made(model), "--signature", Made(signature), "--key", Made("p256.pub.pem"));

    [NeedsTheory(Needs.Vectors)]
    [InlineData("v0.2.0", true)]
    [InlineData("v0.3.1", false)]
    [InlineData("v1.0.0", false)]
    [InlineData("v1.0.1", false)]
    [InlineData("v1.1.0", false)]
    public void A_published_fixture_of_the_certificate_method_verifies_where_its_risks_are_taken(string version, bool isLegacy)
    {
        Copy($"model-transparency/{version}-certificate", "fixture");
        File.Copy(Path.Join(Oms, "model-transparency/keys/certificate/ca-cert.pem"), _scene.At("ca.pem"));
        string[] verify = ["verify", "fixture", "--signature", "fixture/model.sig", "--ca-roots", "ca.pem", "--any-certificate-identity"];
        string[] ignore = version is "v1.1.0" ? [] : ["--ignore-path", "fixture/ignore-me"];
        string[] legacy = isLegacy ? ["--allow-legacy-oms"] : [];
        _scene.Require([.. verify, .. ignore, .. legacy, "--allow-ca-signer"]);
        _scene.Refuses(1, "that of an authority", [.. verify, .. ignore, .. legacy]);
        if (isLegacy)
        {
            _scene.Refuses(1, "--allow-legacy-oms", [.. verify, .. ignore, "--allow-ca-signer"]);
        }
        _scene.ChangeOneByte("fixture/signme-1");
        _scene.Refuses(1, "model.files", [.. verify, .. ignore, .. legacy, "--allow-ca-signer"]);
    }

    [NeedsTheory(Needs.Vectors)]
    [InlineData("v0.3.1")]
    [InlineData("v1.0.0")]
    [InlineData("v1.0.1")]
    [InlineData("v1.1.0")]
    public void A_published_fixture_of_the_sigstore_method_verifies_and_no_change_of_it_does(string version)
    {
        Copy($"model-transparency/{version}-sigstore", "fixture");
        string[] verify =
        [
            "verify",
            "fixture",
            "--signature",
            "fixture/model.sig",
            "--trusted-root",
            Path.Join(Oms, "sigstore-prod.trusted_root.json"),
            "--certificate-oidc-issuer",
            "https://sigstore.verify.ibm.com/oauth2",
            .. version == "v1.1.0" ? Array.Empty<string>() : ["--ignore-path", "fixture/ignore-me"],
            "--certificate-identity",
        ];
        _scene.Require([.. verify, "stefanb@us.ibm.com"]);
        _scene.Refuses(1, "certificate.identity", [.. verify, "somebody@us.ibm.com"]);
        _scene.ChangeOneByte("fixture/signme-1");
        _scene.Refuses(1, "model.files", [.. verify, "stefanb@us.ibm.com"]);
    }

    private static string Oms => Path.Join(Repository.Vectors, "oms");

    private static string Made(string name) => Path.Join(Oms, "made", name);

    private void Copy(string from, string to) => _scene.Shell($"cp -r '{Path.Join(Oms, from)}' '{to}'");
}
