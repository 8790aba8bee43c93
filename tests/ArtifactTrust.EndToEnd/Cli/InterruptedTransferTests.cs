using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary><c>push</c>, <c>copy</c> and <c>pull</c> that are killed in the middle, and then begun again by the same command.</summary>
public sealed class InterruptedTransferTests : IAsyncLifetime
{
    private const int LargeBytes = 24 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Scene _scene = new();
    private HostileRegistry _registry = null!;
    private HostileRegistry _mirror = null!;

    public async Task InitializeAsync()
    {
        _registry = await HostileRegistry.StartAsync();
        _mirror = await HostileRegistry.StartAsync();
        _scene.Shell("rm -rf model model.*; mkdir -p model/sub");
        // Moved in this order, one at a time; the third is killed.
        foreach (var name in new[] { "a.json", "b.json", "c.safetensors", "sub/d.json" })
        {
            _scene.Write($"model/{name}", RandomNumberGenerator.GetBytes(name.StartsWith('c') ? LargeBytes : 5000));
        }
    }

    public async Task DisposeAsync()
    {
        await _registry.DisposeAsync();
        await _mirror.DisposeAsync();
        _scene.Dispose();
    }

    [Fact]
    public async Task What_was_sent_before_a_push_was_killed_is_not_sent_again()
    {
        string[] push = ["push", "model", $"{_registry.Host}/demo/app:1", "--parallel", "1"];
        await KillAsync(_registry, IsLaterChunk(), push);
        Assert.Empty(_registry.Content.Tags);
        Assert.Equal((1, 1, 0), (Sent(_registry, "a.json"), Sent(_registry, "b.json"), Sent(_registry, "c.safetensors")));
        _scene.Require(push);
        Assert.All(new[] { "a.json", "b.json", "c.safetensors", "sub/d.json" }, f => Assert.Equal(1, Sent(_registry, f)));
        PullsWhole(_registry);
    }

    [Fact]
    public async Task What_was_sent_before_a_copy_was_killed_is_not_sent_again()
    {
        _scene.Require("push", "model", $"{_registry.Host}/demo/app:1");
        _scene.Require("sign", $"{_registry.Host}/demo/app:1", "--key", "ci.key");
        string[] copy = ["copy", $"{_registry.Host}/demo/app:1", $"{_mirror.Host}/demo/app:1", "--parallel", "1"];
        await KillAsync(_mirror, IsLaterChunk(), copy);
        Assert.Empty(_mirror.Content.Tags);
        _scene.Require(copy);
        Assert.All(new[] { "a.json", "b.json", "c.safetensors", "sub/d.json" }, f => Assert.Equal(1, Sent(_mirror, f)));
        PullsWhole(_mirror, isSigned: true);
    }

    [Fact]
    public async Task A_pull_that_was_killed_leaves_nothing_and_the_next_leaves_the_whole()
    {
        _scene.Require("push", "model", $"{_registry.Host}/demo/app:1");
        _scene.Require("sign", $"{_registry.Host}/demo/app:1", "--key", "ci.key");
        var large = Path("c.safetensors");
        await KillAsync(
            _registry,
            async http =>
            {
                if (http.Request.Method != "GET" || !http.Request.Path.Value!.EndsWith(large, StringComparison.Ordinal))
                {
                    return false;
                }
                http.Response.ContentLength = LargeBytes;
                await http.Response.Body.WriteAsync(_registry.Content.Blobs[large["/blobs/".Length..]].AsMemory(0, LargeBytes / 2));
                await http.Response.Body.FlushAsync();
                return true;
            },
            ["pull", $"{_registry.Host}/demo/app:1", "out", "--key", "ci.pub", "--parallel", "1"]
        );
        Assert.False(Directory.Exists(_scene.At("out")));
        PullsWhole(_registry, isSigned: true);
        Assert.Equal((1, 2), (_registry.Count("GET", Path("a.json")), _registry.Count("GET", large)));
        Assert.Empty(Directory.GetFileSystemEntries(_scene.Folder, ".out*"));
    }

    /// <summary>The second chunk of an upload, of which nothing is taken.</summary>
    private static Func<HttpContext, Task<bool>> IsLaterChunk() =>
        http =>
            Task.FromResult(
                http.Request.Method == "PATCH" && !http.Request.Headers.ContentRange.ToString().StartsWith("0-", StringComparison.Ordinal)
            );

    /// <summary>Runs a command until the registry holds back a request, and kills it then.</summary>
    private async Task KillAsync(HostileRegistry registry, Func<HttpContext, Task<bool>> isMoment, string[] arguments)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        registry.Misbehave = async (http, _) =>
        {
            if (!await isMoment(http))
            {
                return false;
            }
            reached.TrySetResult();
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
            return true;
        };
        using var process = Tool.Begin(_scene.Folder, null, [.. Tool.Start, .. arguments]);
        try
        {
            await reached.Task.WaitAsync(Patience);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
        registry.Misbehave = null;
    }

    private void PullsWhole(HostileRegistry registry, bool isSigned = false)
    {
        var name = $"{registry.Host}/demo/app:1";
        if (!isSigned)
        {
            _scene.Require("sign", name, "--key", "ci.key");
        }
        _scene.Require("verify", name, "--key", "ci.pub");
        _scene.Require("pull", name, "out", "--key", "ci.pub");
        _scene.Shell("diff -r model out");
    }

    /// <summary>How often all of a file was uploaded.</summary>
    private int Sent(HostileRegistry registry, string file) =>
        registry.Count("PUT", $"digest={Uri.EscapeDataString(Path(file)["/blobs/".Length..])}");

    private string Path(string file) => $"/blobs/{RegistryContent.DigestOf(File.ReadAllBytes(_scene.At($"model/{file}")))}";
}
