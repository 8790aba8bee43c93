using System.Text.Json;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>The main job on real input that nobody here wrote: Silero's ONNX models and a CSV of vega-datasets, from keys to the gate.</summary>
public sealed class MainJobTests : IDisposable
{
    private const string Policy = """
        version: 1
        name: release
        identities:
          training:
            keys: [{file: training.pub}]
          security:
            keys: [{file: security.pub}]
        subjects:
          model:
            kind: directory
            signatures: {from: training}
            attestations:
              - {type: slsaprovenance1, from: training, builder: https://ci.example.com/train, source: git+https://git.example.com/models}
              - {type: cyclonedx, from: training}
              - {type: test-result, from: security, result: PASSED}
          data:
            kind: file
            signatures: {from: training}
            attestations:
              - {type: slsaprovenance1, from: training, builder: https://ci.example.com/train}

        """;

    private static readonly string[] Gate =
    [
        "gate",
        "model=silero",
        "data=stocks.csv",
        "--policy",
        "policy.yaml",
        "--key",
        "gate.key",
        "--audit-log",
        "log",
        "--",
        "bash",
        "-c",
        "touch ran; exit 5",
    ];

    private readonly Scene _scene = new();

    public void Dispose() => _scene.Dispose();

    [NeedsFact(Needs.Npm)]
    public void A_real_model_and_a_real_dataset_go_from_keys_to_the_gate_and_one_changed_byte_stops_it()
    {
        Prepare();
        var ended = _scene.Run(Gate);
        Assert.True(ended.ExitCode == 5 && File.Exists(_scene.At("ran")), ended.ToString());
        Assert.StartsWith("allowed by policy 'release'", ended.Errors, StringComparison.Ordinal);
        File.Delete(_scene.At("ran"));

        string[] files =
        [
            "silero/silero_vad_legacy.onnx",
            "silero/silero_vad_v5.onnx",
            "silero.sig",
            "silero.attestations.jsonl",
            "stocks.csv",
            "stocks.csv.sig",
            "stocks.csv.attestations.jsonl",
            "training.pub",
            "security.pub",
        ];
        foreach (var file in files)
        {
            _scene.ChangeOneByte(file);
            ended = _scene.Run(Gate);
            // A key that is none is a fault of the policy; everything else is refused.
            Assert.True(
                ended.ExitCode == 1 || (ended.ExitCode == 2 && file.EndsWith(".pub", StringComparison.Ordinal)),
                $"{file}: {ended}"
            );
            Scene.AssertCalm(ended);
            Assert.False(File.Exists(_scene.At("ran")), $"{file} was changed, and the command ran");
            _scene.ChangeOneByte(file);
        }
        Assert.Equal(5, _scene.Run(Gate).ExitCode);
        _scene.Require("log", "verify", "log", "--key", "gate.pub");
        var log = _scene.Require("log", "show", "log", "--key", "gate.pub", "--output", "json").Json();
        var decisions = log.GetProperty("records")
            .EnumerateArray()
            .Select(r => r.GetProperty("record").GetProperty("decision").GetString())
            .ToList();
        Assert.Equal("allow", decisions[0]);
        Assert.Equal("allow", decisions[^1]);
        Assert.All(decisions[1..^1], d => Assert.Equal("deny", d));
    }

    [NeedsFact(Needs.Npm)]
    public void Everything_said_about_a_real_model_is_shown()
    {
        Prepare();
        var inspected = _scene.Require("inspect", "silero", "--key", "training.pub", "--key", "security.pub");
        Assert.Contains("evidence (4)", inspected.Output, StringComparison.Ordinal);
        Assert.Contains("built by https://ci.example.com/train", inspected.Output, StringComparison.Ordinal);
        Assert.Contains("CycloneDX 1.6", inspected.Output, StringComparison.Ordinal);
        Assert.Contains("result PASSED", inspected.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("rejected", inspected.Output, StringComparison.Ordinal);
        var json = _scene.Require("inspect", "silero", "--key", "training.pub", "--output", "json").Json();
        Assert.Equal(
            ["rejected", "verified", "verified", "verified"],
            json.GetProperty("evidence").EnumerateArray().Select(e => e.GetProperty("verdict").GetString()).Order()
        );
        foreach (var type in new[] { "slsaprovenance1", "cyclonedx" })
        {
            _scene.Require("verify", "silero", "--key", "training.pub", "--type", type);
        }
        using var hash = JsonDocument.Parse(_scene.Require("hash", "silero", "--output", "json").Output);
        foreach (var file in hash.RootElement.GetProperty("files").EnumerateArray())
        {
            var name = file.GetProperty("name").GetString();
            Assert.StartsWith(
                file.GetProperty("digest").GetString()!["sha256:".Length..],
                _scene.Shell($"sha256sum 'silero/{name}'").Output,
                StringComparison.Ordinal
            );
        }
    }

    private void Prepare()
    {
        foreach (var model in Directory.EnumerateFiles(Path.Join(NpmPackages.Fetch(NpmPackages.VadWeb), "dist"), "silero_vad_*.onnx"))
        {
            Directory.CreateDirectory(_scene.At("silero"));
            File.Copy(model, _scene.At($"silero/{Path.GetFileName(model)}"));
        }
        File.Copy(Path.Join(NpmPackages.Fetch(NpmPackages.VegaDatasets), "data", "stocks.csv"), _scene.At("stocks.csv"));
        _scene.Write("policy.yaml", Policy);
        _scene.Write("password", "correct horse battery staple\n");
        _scene.Require("keygen", "training.key", "--password-file", "password");
        _scene.Require("keygen", "security.key", "--no-password", "--algorithm", "ed25519");
        string[] training = ["--key", "training.key", "--password-file", "password"];
        _scene.Require(["sign", "silero", .. training]);
        _scene.Require(["attest", "silero", "--type", "slsaprovenance1", "--predicate", "provenance.json", .. training]);
        _scene.Require("sbom", "silero", "--to", "silero.cdx.json");
        _scene.Require(["attest", "silero", "--type", "cyclonedx", "--predicate", "silero.cdx.json", .. training]);
        _scene.Require("scan", "silero", "--scanners", "model", "--test-result", "scan.json");
        _scene.Require("attest", "silero", "--type", "test-result", "--predicate", "scan.json", "--key", "security.key");
        _scene.Require(["sign", "stocks.csv", .. training]);
        _scene.Require(["attest", "stocks.csv", "--type", "slsaprovenance1", "--predicate", "provenance.json", .. training]);
        _scene.Require("log", "init", "log", "--origin", "example.com/main-job", "--key", "gate.key");
    }
}
