using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary><c>copy</c>, <c>save</c> and <c>load</c>.</summary>
public sealed class CopyTests : IAsyncLifetime
{
    private readonly Scene _scene = new();
    private readonly List<DockerRegistry> _registries = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var registry in _registries)
        {
            await registry.DisposeAsync();
        }
        _scene.Dispose();
    }

    [PeerFact("docker-registry", "crane", "oras")]
    public async Task A_release_is_copied_saved_and_loaded_and_its_signatures_are_verified_there()
    {
        var first = await StartAsync();
        var image = $"{first}/demo/app:v1";
        var digest = await PushAsync(image);
        await PushAsync($"{first}/demo/other:v1");
        _scene.Require("sign", image, "--key", "ci.key");
        var second = await StartAsync();
        var copied = _scene.Require("copy", image, $"{second}/mirror/app", "--output", "json").Json().GetProperty("copies")[0];
        Assert.Equal((digest, 1), (copied.GetProperty("digest").GetString(), copied.GetProperty("evidence").GetArrayLength()));
        Assert.Contains(digest, _scene.Require("verify", $"{second}/mirror/app:v1", "--key", "ci.pub").Output, StringComparison.Ordinal);

        _scene.Require("copy", image, "oci-layout:copied");
        _scene.Require("verify", "oci-layout:copied:v1", "--key", "ci.pub");
        // A signature under a tag of its own is no second image.
        _scene.Require("sign", "oci-layout:copied", "--key", "ci.key", "--format", "legacy");
        _scene.Require("copy", "oci-layout:copied", "oci-layout:once-more");
        _scene.Require("save", "oci-layout:once-more", "one.tar");
        _scene.Require("verify", "oci-archive:one.tar", "--key", "ci.pub");
        _scene.Require("save", image, $"{first}/demo/other:v1", "release.tar");
        _scene.Refuses(2, "--force", "save", image, "release.tar");
        _scene.Require("load", "release.tar", $"{second}/releases");
        _scene.Require("verify", $"{second}/releases/demo/app:v1", "--key", "ci.pub");
        Assert.Equal(digest, await Peers.RequireAsync(_scene.Folder, "crane", "digest", $"{second}/releases/demo/app:v1"));
        await Peers.RequireAsync(_scene.Folder, "crane", "validate", "--remote", $"{second}/releases/demo/other:v1");
        // The same file once more: all is there.
        var again = _scene.Require("load", "release.tar", $"{second}/releases", "--output", "json").Json().GetProperty("copies");
        Assert.All(again.EnumerateArray(), c => Assert.Equal(0, c.GetProperty("blobsCopied").GetInt32()));
        _scene.Require("copy", image, $"{second}/bare/app:v1", "--without-evidence");
        Assert.Equal(1, _scene.Run("verify", $"{second}/bare/app:v1", "--key", "ci.pub").ExitCode);
    }

    [Fact]
    public void What_cannot_be_copied_is_refused_in_words()
    {
        _scene.Shell("mkdir empty && printf x > not-a-tar && printf x > ca.pem");
        _scene.Refuses(2, "no image reference", "copy", "nothing", "oci-layout:x");
        _scene.Refuses(2, "an archive is not copied into", "copy", "oci-layout:x", "oci-archive:y.tar");
        _scene.Refuses(2, "does not exist", "load", "absent.tar", "oci-layout:x");
        _scene.Refuses(1, "not-a-tar", "load", "not-a-tar", "oci-layout:x");
        string[] attest = ["attest", "oci-archive:absent.tar", "--key", "ci.key", "--type", "custom", "--predicate", "provenance.json"];
        _scene.Refuses(2, "is an archive, which signatures and attestations are not put into", attest);
        _scene.Refuses(2, "is an archive", "sign", "docker-archive:absent.tar", "--key", "ci.key");
        _scene.Refuses(1, "no certificate", "copy", "a.test/b", "oci-layout:x", "--registry-ca", "ca.pem");
        _scene.Refuses(2, "does not exist", "copy", "a.test/b", "oci-layout:x", "--registry-ca", "absent.pem");
        _scene.Refuses(2, "--registry-cert", "copy", "a.test/b", "oci-layout:x", "--registry-key", "ca.pem");
        _scene.Refuses(2, "from 1 to 64", "copy", "oci-layout:x", "oci-layout:y", "--parallel", "0");
        _scene.Refuses(2, "without a digest", "load", "not-a-tar", $"a.test/b@sha256:{new string('0', 64)}");
    }

    [Fact]
    public async Task Registries_are_reached_through_the_proxy_of_the_environment_and_its_password_is_not_shown()
    {
        using var proxy = new TcpListener(IPAddress.Loopback, 0);
        proxy.Start();
        var seen = Task.Run(async () =>
        {
            using var client = await proxy.AcceptTcpClientAsync();
            var buffer = new byte[4096];
            var read = await client.GetStream().ReadAsync(buffer);
            await client.GetStream().WriteAsync("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());
            return Encoding.ASCII.GetString(buffer, 0, read);
        });
        var environment = new Dictionary<string, string?>
        {
            ["HTTPS_PROXY"] = $"http://user:hunter2@127.0.0.1:{((IPEndPoint)proxy.LocalEndpoint).Port}",
            ["https_proxy"] = null,
            ["NO_PROXY"] = null,
            ["no_proxy"] = null,
        };
        var ended = Tool.Run(_scene.Folder, environment, "copy", "registry.invalid/app:v1", "oci-layout:x");
        Assert.Equal(3, ended.ExitCode);
        Assert.StartsWith("CONNECT registry.invalid:443", await seen, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", ended.Text, StringComparison.Ordinal);
    }

    private async Task<string> StartAsync()
    {
        var registry = await DockerRegistry.StartAsync();
        _registries.Add(registry);
        return registry.Host;
    }

    private async Task<string> PushAsync(string reference)
    {
        _scene.Shell("test -e layer.tar || tar cf layer.tar data.csv");
        await Peers.RequireAsync(_scene.Folder, "crane", "append", "--oci-empty-base", "-f", "layer.tar", "-t", reference);
        return await Peers.RequireAsync(_scene.Folder, "crane", "digest", reference);
    }
}
