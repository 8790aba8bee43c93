using System.Text.Json;
using ArtifactTrust.EndToEnd.Sigstore;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>The gate by a policy that asks for signatures of the real notation, on a registry without and one with a referrers API.</summary>
public sealed class NotationGateTests : NotationTest
{
    private const int Denied = 1;
    private const int CouldNotTell = 3;
    private const string Signer = "CN=release";

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        User.AddKey("release");
        User.UseKeys("release");
        Policy();
    }

    [SigstoreTheory("docker-registry", "crane", "notation")]
    [InlineData("docker-registry", "jws")]
    [InlineData("docker-registry", "cose")]
    [InlineData("registry_ref", "jws")]
    [InlineData("registry_ref", "cose")]
    public async Task A_signed_image_is_let_through_and_it_is_told_who_signed(string registry, string format)
    {
        var host = registry == "registry_ref" ? new Uri(SigstoreStack.Url(registry)).Authority : Registry.Host;
        var name = $"{host}/notation-{Guid.NewGuid():N}/app";
        var image = await User.PushAsync(name);
        Scene.Refuses(Denied, "no signature counts", Gate(image));
        User.Sign(image, "release", format, "--user-metadata", "build=7");

        var ended = Scene.Require(Gate($"{name}:1", "sh", "-c", "echo $ARTIFACT_TRUST_SUBJECT_0"));
        Assert.Equal($"{image}\n", ended.Output);
        Assert.Contains($"image.signatures  signature by release as {Signer}", ended.Errors, StringComparison.Ordinal);

        var report = Scene.Require([.. Gate(image), "--output", "json"]).Json();
        var rule = report
            .GetProperty("decision")
            .GetProperty("subjects")[0]
            .GetProperty("rules")
            .EnumerateArray()
            .Single(r => r.GetProperty("id").GetString() == "image.signatures");
        var signer = Assert.Single(rule.GetProperty("certificates").EnumerateArray()).GetString()!;
        Assert.StartsWith(Signer, signer, StringComparison.Ordinal);
        var evidence = Assert.Single(rule.GetProperty("evidence").EnumerateArray()).GetString()!;

        // The signed decision and the record in the log name the signer and the envelope.
        var verify = Scene.Require("verify", image, "--key", "gate.pub", "--type", "vsa", "--signature", "vsa.sigstore.json");
        Assert.Contains("verified", verify.Output, StringComparison.Ordinal);
        using var bundle = JsonDocument.Parse(Scene.Read("vsa.sigstore.json"));
        var payload = bundle.RootElement.GetProperty("dsseEnvelope").GetProperty("payload").GetBytesFromBase64();
        using var statement = JsonDocument.Parse(payload);
        var input = Assert.Single(statement.RootElement.GetProperty("predicate").GetProperty("inputAttestations").EnumerateArray());
        Assert.Equal(signer, input.GetProperty("name").GetString());
        Assert.Equal(evidence, $"sha256:{input.GetProperty("digest").GetProperty("sha256").GetString()}");
        var record = Record();
        Assert.Equal("allow", record.GetProperty("decision").GetString());
        Assert.Contains(record.GetProperty("reasons").EnumerateArray(), r => r.GetString()!.Contains(signer, StringComparison.Ordinal));
        Assert.Equal(evidence, Assert.Single(record.GetProperty("evidence").EnumerateArray()).GetString());

        // What else the signer says can be asked for.
        Policy(signatures: "{ from: release, annotations: { build: \"8\" } }");
        Scene.Refuses(Denied, "it does not say build=8", Gate(image));
        Policy(signatures: "{ from: release, annotations: { build: \"7\" } }");
        Scene.Require(Gate(image));

        // A good signature put beside another image.
        var other = await User.PushAsync(name, "another blob");
        await NotationUser.MoveSignaturesAsync(image, other);
        Policy();
        Scene.Refuses(Denied, "the signature is for another manifest", Gate(other));
    }

    [PeerTheory("docker-registry", "crane", "notation")]
    [InlineData("jws")]
    [InlineData("cose")]
    public async Task What_the_policy_does_not_trust_is_denied_with_the_reason(string format)
    {
        var image = await PushAsync();
        User.Sign(image, "release", format);
        Scene.Require(Gate(image));
        Policy(identity: $"{Example}, CN=other");
        Scene.Refuses(Denied, "none of the trusted identities", Gate(image));
        Scene.Shell("cp root.pem kept.pem");
        Scene.Shell("openssl x509 -req -in root.csr -key root.key -days 31 -extfile ext.cnf -extensions root -out root.pem");
        Policy();
        Scene.Refuses(Denied, "no certificate of the chain is in the stores", Gate(image));
        Scene.Shell("cp kept.pem root.pem");

        User.AddKey("revocable", extensions: "revocable");
        User.UseKeys("revocable");
        var revocable = await PushAsync("revocable", "revocable");
        User.Sign(revocable, "revocable", format);
        Policy(identity: Example);
        Scene.Refuses(Denied, "'skipRevocation: true' in the policy", Gate(revocable));
        Policy(identity: Example, more: ", skipRevocation: true");
        Scene.Require(Gate(revocable));

        // A policy that knows keys only says what it found.
        Scene.Write(
            "notation.yaml",
            "version: 1\nname: keys\nidentities:\n  ci: { keys: [ { file: ci.pub } ] }\nsubjects:\n  image: { kind: image, signatures: { from: ci } }\n"
        );
        Scene.Refuses(Denied, "no identity of the policy has 'notation'", Gate(image));
    }

    [PeerFact("docker-registry", "crane", "notation")]
    public async Task Where_theRegistry_is_gone_it_cannot_be_told()
    {
        var image = await PushAsync();
        User.Sign(image, "release", "jws");
        Scene.Require(Gate(image));
        await Registry.DisposeAsync();
        Scene.Refuses(CouldNotTell, Registry.Host, Gate(image, "touch", "ran"));
        Assert.Equal("error", Record().GetProperty("decision").GetString());
    }

    [PeerFact("docker-registry", "crane", "notation")]
    public void A_model_in_aRegistry_is_pulled_by_the_same_policy()
    {
        var model = $"{Registry.Host}/demo/model:1";
        var pushed = Scene.Require("push", "model", model, "--output", "json").Json();
        Scene.Refuses(Denied, "no signature counts", "pull", model, "out", "--policy", "notation.yaml");
        User.Sign($"{Registry.Host}/demo/model@{pushed.GetProperty("digest").GetString()}", "release", "cose");
        Scene.Require(Gate(model));
        Scene.Require("pull", model, "out", "--policy", "notation.yaml");
        Assert.Equal(Scene.Read("model/config.json"), Scene.Read("out/config.json"));
    }

    private static string[] Gate(string image, params string[] command) =>
        [
            "gate",
            image,
            "--policy",
            "notation.yaml",
            "--key",
            "gate.key",
            "--audit-log",
            "audit",
            .. command.Length == 0 ? command : ["--", .. command],
        ];

    private void Policy(string identity = $"{Example}, CN=release", string more = "", string signatures = "{ from: release }") =>
        Scene.Write(
            "notation.yaml",
            $$"""
            version: 1
            name: images
            notation:
              ca:
                example: { file: root.pem }
            identities:
              release:
                notation: { trustStores: ca:example, trustedIdentities: "x509.subject: {{identity}}"{{more}} }
            subjects:
              image: { kind: image, signatures: {{signatures}} }
            """
        );

    private JsonElement Record() =>
        Scene
            .Require("log", "show", "audit", "--key", "gate.pub", "--output", "json")
            .Json()
            .GetProperty("records")
            .EnumerateArray()
            .Last()
            .GetProperty("record");
}
