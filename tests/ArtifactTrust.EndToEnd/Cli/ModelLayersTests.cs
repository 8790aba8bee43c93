namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>An OCI artifact whose layers are the files of a model, signed and verified as the model without being pulled.</summary>
public sealed class ModelLayersTests : IAsyncLifetime
{
    private readonly Scene _scene = new();
    private DockerRegistry? _registry;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_registry is not null)
        {
            await _registry.DisposeAsync();
        }
        _scene.Dispose();
    }

    [PeerFact("docker-registry", "oras")]
    public async Task The_layers_are_signed_where_they_are_and_verified_there_and_when_pulled()
    {
        var artifact = await PushAsync("v1", "weights.bin", "config.json", "vocabulary/words.txt");
        var signed = _scene.Require("sign", artifact, "--format", "oms", "--key", "ci.key", "--output", "json").Json();
        Assert.Contains("referrer sha256:", signed.ToString(), StringComparison.Ordinal);
        Assert.Contains(
            "3 files, by their digests",
            _scene.Require("verify", artifact, "--key", "ci.pub").Output,
            StringComparison.Ordinal
        );
        _scene.Refuses(1, "no trusted key made the signature", "verify", artifact, "--key", "other.pub");

        _scene.Require("sign", artifact, "--format", "oms", "--key", "ci.key", "--signature", "layers.sig");
        _scene.Refuses(2, "exists", "sign", artifact, "--format", "oms", "--key", "ci.key", "--signature", "layers.sig");
        _scene.Require("verify", artifact, "--key", "ci.pub", "--signature", "layers.sig");
        await Peers.RequireAsync(_scene.Folder, "oras", "pull", "--plain-http", artifact, "-o", "pulled");
        string[] verify = ["verify", "pulled", "--key", "ci.pub", "--signature", "layers.sig"];
        _scene.Require(verify);
        // The signature of the directory that was pushed is one of the artifact, too.
        _scene.Require("verify", artifact, "--key", "ci.pub", "--signature", "model.sig");
        _scene.ChangeOneByte("pulled/weights.bin");
        _scene.Refuses(1, "weights.bin", verify);
    }

    [PeerFact("docker-registry", "oras")]
    public async Task Another_file_a_missing_one_and_one_more_are_refused()
    {
        var artifact = await PushAsync("v1", "weights.bin", "config.json");
        _scene.Require("sign", artifact, "--format", "oms", "--key", "ci.key", "--signature", "layers.sig", "--dataset");
        // A configuration is compared with a signed config.json where no layer has that name.
        Refuses(await PushAsync("less", "weights.bin"), "1 changed: config.json");
        Refuses(await PushAsync("fewer", "config.json"), "1 removed: weights.bin");
        Refuses(await PushAsync("more", "weights.bin", "config.json", "vocabulary/words.txt"), "1 added: vocabulary/words.txt");
        _scene.ChangeOneByte("model/weights.bin");
        Refuses(await PushAsync("changed", "weights.bin", "config.json"), "weights.bin");

        void Refuses(string other, string message) =>
            _scene.Refuses(1, message, "verify", other, "--key", "ci.pub", "--signature", "layers.sig");
    }

    [PeerFact("docker-registry", "oras", "crane")]
    public async Task What_is_no_artifact_of_files_is_not_signed_as_one()
    {
        var artifact = await PushAsync("v1", "weights.bin");
        _scene.Shell("tar -cf layer.tar model");
        var image = $"{_registry!.Host}/demo/image:v1";
        await Peers.RequireAsync(_scene.Folder, "crane", "append", "-f", "layer.tar", "-t", image);
        Refuses(1, "a container", image);
        await PushAsync("archive", "vocabulary");
        Refuses(1, "an archive", $"{_registry.Host}/demo/model:archive");
        Refuses(2, "layers have their digests", artifact, "--hash", "blake3");
        Refuses(2, "layers have their digests", artifact, "--shards", "1000");
        Refuses(2, "signed in another way", artifact, "--dataset");
        Refuses(2, "--ignore-path is for directories", artifact, "--ignore-path", "weights.bin");
        _scene.Refuses(2, "is attached to it", "sign", artifact, "--key", "ci.key", "--signature", "image.sig");
        // A model's signature says nothing of a container that has the same files.
        _scene.Require("sign", artifact, "--format", "oms", "--key", "ci.key", "--signature", "layers.sig");
        _scene.Refuses(1, "an attestation", "verify", image, "--key", "ci.pub", "--signature", "layers.sig");

        void Refuses(int code, string message, string reference, params string[] options) =>
            _scene.Refuses(
                code,
                message,
                ["sign", reference, "--key", "ci.key", .. options.Contains("--dataset") ? [] : new[] { "--format", "oms" }, .. options]
            );
    }

    [PeerFact("docker-registry", "oras")]
    public async Task Small_files_that_went_together_are_pulled_by_us_and_by_oras()
    {
        _registry = await DockerRegistry.StartAsync();
        var artifact = $"{_registry.Host}/demo/model:v1";
        _scene.Shell(
            "head -c 2000000 /dev/zero > model/large.safetensors && mkdir -p model/many && for i in $(seq 50); do echo $i > model/many/$i.json; done"
        );
        var pushed = _scene.Require("push", "model", artifact, "--tar", "--output", "json").Json();
        Assert.Equal(54, pushed.GetProperty("files").GetInt32());
        // The same again, with nothing to send.
        var again = _scene.Require("push", "model", artifact, "--tar", "--output", "json").Json();
        Assert.Equal(pushed.GetProperty("digest").GetString(), again.GetProperty("digest").GetString());
        _scene.Refuses(1, "no signature was found", "pull", artifact, "pulled", "--key", "ci.pub");
        _scene.Require("sign", artifact, "--key", "ci.key");
        _scene.Require("pull", artifact, "pulled", "--key", "ci.pub");
        _scene.Shell("diff -r model pulled");
        _scene.Refuses(1, "is an archive, and not one file", "sign", artifact, "--format", "oms", "--key", "ci.key");
        await Peers.RequireAsync(_scene.Folder, "oras", "pull", "--plain-http", artifact, "-o", "theirs");
        _scene.Shell("cd theirs && ls *.tar && for t in *.tar; do tar -xf $t && rm $t; done && diff -r ../model .");
    }

    [PeerFact("docker-registry", "oras", "zstd")]
    public async Task Archives_that_zstd_compressed_are_pulled()
    {
        _registry = await DockerRegistry.StartAsync();
        _scene.Shell("head -c 3000000 /dev/urandom > model/large.safetensors && seq 200000 > model/vocabulary/numbers.txt");
        _scene.Shell("tar -C model -cf weights.tar weights.bin large.safetensors && tar -C model -cf texts.tar ./vocabulary config.json");
        await Peers.RequireAsync(_scene.Folder, "zstd", "-q", "-3", "weights.tar");
        await Peers.RequireAsync(_scene.Folder, "zstd", "-q", "-19", "--long=27", "texts.tar");
        foreach (var (prefix, weights, texts) in new[] { ("cncf.model", "weight", "weight.config"), ("kitops.modelkit", "model", "docs") })
        {
            var artifact = $"{_registry.Host}/demo/model:{weights}";
            await Peers.RequireAsync(
                _scene.Folder,
                "oras",
                "push",
                "--plain-http",
                "--artifact-type",
                "application/vnd.cncf.model.manifest.v1+json",
                artifact,
                $"weights.tar.zst:application/vnd.{prefix}.{weights}.v1.tar+zstd",
                $"texts.tar.zst:application/vnd.{prefix}.{texts}.v1.tar+zstd"
            );
            _scene.Require("sign", artifact, "--key", "ci.key");
            _scene.Require("pull", artifact, "pulled", "--key", "ci.pub");
            _scene.Shell("diff -r model pulled && rm -r pulled");
            _scene.Require("scan", artifact, "--scanners", "data");
        }
    }

    [PeerFact("docker-registry", "oras")]
    public async Task What_oras_pushed_is_pulled()
    {
        var artifact = await PushAsync("v1", "weights.bin", "vocabulary/words.txt");
        _scene.Require("sign", artifact, "--key", "ci.key");
        _scene.Require("pull", artifact, "pulled", "--key", "ci.pub");
        _scene.Shell("cmp model/weights.bin pulled/weights.bin && cmp model/vocabulary/words.txt pulled/vocabulary/words.txt");
    }

    private async Task<string> PushAsync(string tag, params string[] files)
    {
        _registry ??= await DockerRegistry.StartAsync();
        var artifact = $"{_registry.Host}/demo/model:{tag}";
        await Peers.RequireAsync(
            _scene.At("model"),
            "oras",
            ["push", "--plain-http", "--artifact-type", "application/vnd.example.model", artifact, .. files]
        );
        return artifact;
    }
}
