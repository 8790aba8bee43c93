namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>Registries that are down, out of order, or lie: nothing is known then, and the gate runs nothing.</summary>
public sealed class RegistryFaultTests : IDisposable
{
    private const int CouldNotTell = 3;

    private static readonly (byte[] Bytes, string Digest) Image = FaultyRegistry.Manifest();
    private static readonly (byte[] Bytes, string Digest) Other = FaultyRegistry.Manifest("another");

    private readonly Scene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public void A_registry_that_is_down_is_told_of_and_the_gate_runs_nothing()
    {
        var host = $"127.0.0.1:{LoopbackPort.Free()}";
        ImagePolicy();
        _scene.Refuses(CouldNotTell, "no connection", Gate($"{host}/demo/app:1"));
        // Both times it is on record that nothing could be told.
        var log = _scene.Require("log", "show", "audit", "--key", "gate.pub", "--output", "json").Json();
        Assert.Equal(
            ["error", "error"],
            log.GetProperty("records").EnumerateArray().Select(r => r.GetProperty("record").GetProperty("decision").GetString())
        );
    }

    [Fact]
    public void A_signal_while_a_registry_does_not_answer_ends_it()
    {
        using var asked = new ManualResetEventSlim();
        using var end = new ManualResetEventSlim();
        using var registry = new FaultyRegistry(
            (_, _) =>
            {
                asked.Set();
                end.Wait(2 * Tool.Patience);
                return null;
            }
        );
        ImagePolicy();
        using var process = Tool.Begin(_scene.Folder, null, [.. Tool.Start, .. Gate($"{registry.Host}/demo/app:1")]);
        Assert.True(asked.Wait(Tool.Patience));
        _scene.Shell($"kill -TERM {process.Id}");
        Assert.True(process.WaitForExit(Tool.Patience), "it did not end");
        end.Set();
        Assert.Equal(130, process.ExitCode);
        var errors = process.StandardError.ReadToEnd();
        Assert.Contains("nothing was decided", errors, StringComparison.Ordinal);
        Scene.AssertCalm(new Ended(130, "", errors));
        Assert.False(File.Exists(_scene.At("ran")));
    }

    [Theory]
    [InlineData("sign {0} --key ci.key")]
    [InlineData("attest {0} --type slsaprovenance1 --predicate provenance.json --key ci.key")]
    [InlineData("verify {0} --key ci.pub")]
    [InlineData("inspect {0}")]
    public void A_registry_that_is_down_is_told_of(string command)
    {
        var host = $"127.0.0.1:{LoopbackPort.Free()}";
        var ended = _scene.Run(string.Format(System.Globalization.CultureInfo.InvariantCulture, command, $"{host}/demo/app:1").Split(' '));
        Assert.True(ended.ExitCode == CouldNotTell, ended.ToString());
        Assert.Contains("no connection", ended.Errors, StringComparison.Ordinal);
        Scene.AssertCalm(ended);
    }

    [Fact]
    public void Another_manifest_than_the_digest_asked_for_is_refused() =>
        Refused(
            "digest",
            $"demo/app@{Image.Digest}",
            (_, path) => path.StartsWith("manifests/", StringComparison.Ordinal) ? Manifest(Other.Bytes, null) : null,
            exitCode: 1
        );

    [Fact]
    public void Another_manifest_under_the_right_digests_name_is_refused() =>
        Refused(
            "digest",
            $"demo/app@{Image.Digest}",
            (_, path) => path.StartsWith("manifests/", StringComparison.Ordinal) ? Manifest(Other.Bytes, Image.Digest) : null,
            exitCode: 1
        );

    [Fact]
    public void A_manifest_of_a_tag_that_is_not_what_the_registry_says_it_is_is_refused() =>
        Refused("digest", "demo/app:1", (_, path) => path == "manifests/1" ? Manifest(Image.Bytes, Other.Digest) : null, exitCode: 1);

    [Fact]
    public void Other_evidence_than_its_digest_is_refused()
    {
        var bundle = System.Text.Encoding.UTF8.GetBytes("{\"evidence\":1}");
        var referrer = System.Text.Encoding.UTF8.GetBytes(
            $$$"""
            {"schemaVersion":2,"mediaType":"{{{FaultyRegistry.ManifestType}}}","artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json",
            "config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},
            "layers":[{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","digest":"{{{FaultyRegistry.DigestOf(
                bundle
            )}}}","size":{{{bundle.Length}}}}],
            "subject":{"mediaType":"{{{FaultyRegistry.ManifestType}}}","digest":"{{{Image.Digest}}}","size":{{{Image.Bytes.Length}}}}}
            """
        );
        var index = System.Text.Encoding.UTF8.GetBytes(
            $$$"""
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"{{{FaultyRegistry.ManifestType}}}",
            "digest":"{{{FaultyRegistry.DigestOf(
                referrer
            )}}}","size":{{{referrer.Length}}},"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json"}]}
            """
        );
        Answer? Serve(string path, byte[] referrerBytes, byte[] bundleBytes) =>
            path == "manifests/1" || path == $"manifests/{Image.Digest}" ? Manifest(Image.Bytes, Image.Digest)
            : path.StartsWith("referrers/", StringComparison.Ordinal) ? new Answer(200, index, "application/vnd.oci.image.index.v1+json")
            : path == $"manifests/{FaultyRegistry.DigestOf(referrer)}" ? Manifest(referrerBytes, null)
            : path.StartsWith("blobs/", StringComparison.Ordinal) ? new Answer(200, bundleBytes, "application/octet-stream")
            : Answer.Text(404, "");

        Refused(
            "digest",
            "demo/app:1",
            (_, path) => Serve(path, referrer, System.Text.Encoding.UTF8.GetBytes("{\"evidence\":2}")),
            exitCode: 1
        );
        Refused("digest", "demo/app:1", (_, path) => Serve(path, Image.Bytes, bundle), exitCode: 1);
        // The fixture is worth something only if what is not changed is read, though it is no bundle.
        Refused("malformed Sigstore bundle", "demo/app:1", (_, path) => Serve(path, referrer, bundle), exitCode: 1);
    }

    [Theory]
    [InlineData(401, "401")]
    [InlineData(403, "403")]
    [InlineData(404, "there is none")]
    [InlineData(418, "418")]
    public void An_answer_that_refuses_is_told_of(int status, string message) =>
        Refused(message, "demo/app:1", (_, _) => Answer.Text(status, "<html>\u001b[2Jno</html>"));

    [Theory]
    [InlineData(500)]
    [InlineData(429)]
    public void A_registry_out_of_order_is_tried_again_and_told_of(int status)
    {
        var requests = 0;
        Refused(
            $"{status}",
            "demo/app:1",
            (_, _) =>
            {
                Interlocked.Increment(ref requests);
                return Answer.Text(status, "");
            },
            isOnce: true
        );
        Assert.InRange(requests, 2, 20);
    }

    [Fact]
    public void A_page_for_people_is_no_manifest() =>
        Refused("malformed OCI manifest", "demo/app:1", (_, _) => Answer.Text(200, "<html>welcome</html>"), exitCode: 1);

    [Fact]
    public void An_endless_redirect_ends() =>
        Refused(
            "redirect",
            "demo/app:1",
            (_, _) =>
            {
                var answer = Answer.Text(307, "");
                answer.Headers["Location"] = "/v2/demo/app/manifests/1";
                return answer;
            }
        );

    [Fact]
    public void A_manifest_of_more_bytes_than_any_is_refused() =>
        Refused("4194304", "demo/app:1", (_, _) => Manifest(new byte[5 << 20], null), exitCode: 1);

    [Fact]
    public void A_connection_that_is_cut_is_told_of() => Refused("demo/app", "demo/app:1", (_, _) => null, isOnce: true);

    private static Answer Manifest(byte[] bytes, string? digest) => new(200, bytes, FaultyRegistry.ManifestType, digest);

    private void Refused(
        string message,
        string image,
        Func<string, string, Answer?> answer,
        int exitCode = CouldNotTell,
        bool isOnce = false
    )
    {
        using var registry = new FaultyRegistry((method, path) => path == "/v2/" ? Answer.Text(200, "{}") : answer(method, path));
        ImagePolicy();
        if (isOnce)
        {
            var ended = _scene.Run(Gate($"{registry.Host}/{image}"));
            Assert.True(ended.ExitCode == exitCode, ended.ToString());
            Assert.Contains(message, ended.Errors, StringComparison.OrdinalIgnoreCase);
            Scene.AssertCalm(ended);
            Assert.False(File.Exists(_scene.At("ran")));
        }
        else
        {
            _scene.Refuses(exitCode, message, Gate($"{registry.Host}/{image}"));
        }
    }

    private static string[] Gate(string image) => [.. Scene.Gate.Select(a => a == "model" ? $"image={image}" : a)];

    private void ImagePolicy() =>
        _scene.Write(
            "policy.yaml",
            "version: 1\nname: images\nidentities: {ci: {keys: [{file: ci.pub}]}}\nsubjects: {image: {kind: image, signatures: {from: ci}}}\n"
        );
}
