using System.Text.Json;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>Images in an image layout on disk, from signing to the gate.</summary>
public sealed class LayoutTests : IDisposable
{
    private const string Image = "oci-layout:image:1.0";
    private const string Digest = "sha256:bad7bfd1665fd4bf088292cc82f29fb5976eaa6a26a3cc9467fc15124c861805";

    private static readonly string[] Gate = [.. Scene.Gate.Select(a => a == "model" ? Image : a)];

    private readonly Scene _scene = new();

    public LayoutTests()
    {
        if (Repository.Vectors is not null)
        {
            _scene.Shell($"cp -r '{Path.Join(Repository.Vectors, "trivy", "images", "oci")}' image && chmod -R u+w image");
            _scene.Write(
                "policy.yaml",
                $"""
                version: 1
                name: images
                identities:
                  ci:
                    keys:
                      - file: ci.pub
                subjects:
                  image:
                    kind: image
                    signatures:
                      from: ci
                    attestations:
                      - type: slsaprovenance1
                        from: ci
                        builder: {Scene.Builder}

                """
            );
        }
    }

    public void Dispose() => _scene.Dispose();

    [NeedsFact(Needs.Vectors)]
    public void An_image_goes_through_every_verb()
    {
        Assert.Contains(Digest, _scene.Require("hash", Image).Output, StringComparison.Ordinal);
        SignAndAttest();
        _scene.Require("verify", Image, "--key", "ci.pub");
        _scene.Require("verify", Image, "--key", "ci.pub", "--type", "slsaprovenance1");
        _scene.Require("verify", $"oci-layout:image@{Digest}", "--key", "ci.pub");
        Assert.Contains("evidence (2)", _scene.Require("inspect", Image, "--key", "ci.pub").Output, StringComparison.Ordinal);
        var ended = _scene.Run([.. Gate[..^2], "bash", "-c", "echo $ARTIFACT_TRUST_SUBJECT_0"]);
        Assert.Equal($"oci-layout:image@{Digest}\n", ended.Output);
    }

    [NeedsFact(Needs.Vectors)]
    public void A_second_signature_keeps_the_first()
    {
        SignAndAttest();
        _scene.Require("sign", Image, "--key", "other.key");
        _scene.Require("verify", Image, "--key", "ci.pub");
        _scene.Require("verify", Image, "--key", "other.pub");
        Assert.Contains("evidence (3)", _scene.Require("inspect", Image).Output, StringComparison.Ordinal);
    }

    [NeedsFact(Needs.Vectors)]
    public void One_changed_byte_anywhere_and_the_command_does_not_run()
    {
        SignAndAttest();
        _scene.Require(Gate);
        File.Delete(_scene.At("ran"));
        // Every blob but the image's configuration and layer, which its manifest names by digest and nobody reads here.
        using var manifest = JsonDocument.Parse(_scene.Read($"image/blobs/sha256/{Digest[7..]}"));
        var content = manifest
            .RootElement.GetProperty("layers")
            .EnumerateArray()
            .Append(manifest.RootElement.GetProperty("config"))
            .Select(d => d.GetProperty("digest").GetString()![7..])
            .ToList();
        var blobs = Directory.EnumerateFiles(_scene.At("image/blobs/sha256")).Select(Path.GetFileName).Except(content).ToList();
        Assert.True(blobs.Count >= 5, "the image, two referrers and two bundles are expected");
        foreach (var blob in blobs.Where(b => new FileInfo(_scene.At($"image/blobs/sha256/{b}")).Length > 2))
        {
            _scene.ChangeOneByte($"image/blobs/sha256/{blob}");
            var ended = _scene.Run(Gate);
            Assert.True(ended.ExitCode is 1 or 3, $"{blob}: {ended}");
            Scene.AssertCalm(ended);
            Assert.False(File.Exists(_scene.At("ran")), $"{blob} was changed, and the command ran");
            _scene.ChangeOneByte($"image/blobs/sha256/{blob}");
        }
        _scene.Require(Gate);
    }

    [NeedsTheory(Needs.Vectors)]
    [InlineData("oci-layout:nothing:1.0", 3, "does not exist")]
    [InlineData("oci-layout:image:2.0", 3, "2.0")]
    [InlineData("oci-layout:model:1.0", 3, "oci-layout")]
    [InlineData("oci-layout:image@sha256:0000000000000000000000000000000000000000000000000000000000000000", 3, "sha256:0000")]
    [InlineData("oci-layout:image@sha256:00", 2, "no image reference")]
    [InlineData("oci-layout:image@md5:d41d8cd98f00b204e9800998ecf8427e", 2, "no image reference")]
    public void What_is_not_in_a_layout_is_told_of(string image, int exitCode, string message) =>
        _scene.Refuses(exitCode, message, "hash", image);

    [NeedsTheory(Needs.Vectors)]
    [InlineData("echo rubbish > image/index.json", "malformed")]
    [InlineData("truncate -s 1G image/index.json", "at most")]
    [InlineData("rm image/index.json", "index.json")]
    [InlineData("rm image/index.json; mkfifo image/index.json", "is not a regular file")]
    [InlineData("rm image/oci-layout", "oci-layout")]
    [InlineData("echo '{\"imageLayoutVersion\":\"9.0.0\"}' > image/oci-layout", "9.0.0")]
    [InlineData("sed -i 's/\"schemaVersion\"/\"schemaVersion\":2,\"schemaVersion\"/' image/index.json", "Duplicate property")]
    [InlineData("rm image/blobs/sha256/bad7*", "bad7bfd1665fd4bf")]
    [InlineData("truncate -s 100 image/blobs/sha256/bad7*", "bad7bfd1665fd4bf")]
    [InlineData(
        "rm image/blobs/sha256/bad7*; ln -s /etc/hostname image/blobs/sha256/"
            + "bad7bfd1665fd4bf088292cc82f29fb5976eaa6a26a3cc9467fc15124c861805",
        "link"
    )]
    public void A_layout_that_is_damaged_is_refused(string damage, string message)
    {
        SignAndAttest();
        _scene.Shell(damage);
        var ended = _scene.Run(Gate);
        Assert.True(ended.ExitCode is 1 or 3, ended.ToString());
        _scene.Refuses(ended.ExitCode, message, Gate);
    }

    private void SignAndAttest()
    {
        _scene.Require("sign", Image, "--key", "ci.key");
        _scene.Require("attest", Image, "--type", "slsaprovenance1", "--predicate", "provenance.json", "--key", "ci.key");
    }
}
