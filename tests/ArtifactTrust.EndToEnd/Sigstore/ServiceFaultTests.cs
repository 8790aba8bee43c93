using System.Text.Json;
using ArtifactTrust.EndToEnd.Cli;

namespace ArtifactTrust.EndToEnd.Sigstore;

/// <summary>Services that fail in the middle of signing: it is said which one, with what to do, and nothing is left half done.</summary>
public sealed class ServiceFaultTests : IDisposable
{
    private const int SigKill = 9;
    private const int SigInt = 2;

    private readonly KeylessScene _scene = new();

    public void Dispose() => _scene.Dispose();

    /// <summary>The services: where the signing config lists them, which one it is, the signing config, and what it is called.</summary>
    public static TheoryData<string, string, string, string> Services =>
        new()
        {
            { "caUrls", "fulcio", "signing_config.json", "certificate authority" },
            { "tsaUrls", "tsa", "signing_config.json", "time-stamp authority" },
            { "rekorTlogUrls", "rekor2", "signing_config.json", "transparency log" },
            { "rekorTlogUrls", "rekor1", "signing_config.rekor1.json", "transparency log" },
        };

    [SigstoreTheory]
    [MemberData(nameof(Services))]
    public async Task A_service_that_fails_is_named_and_nothing_is_written(string member, string service, string config, string name)
    {
        _scene.Write("blob.txt.sig", "what was here before\n");
        _scene.Write("blob.txt.attestations.jsonl", "");
        var token = await _scene.TokenAsync("email");
        Fault[] faults = [Fault.CutBefore, Fault.CutAfter, Fault.CutMiddle, Fault.Unavailable, Fault.Html, Fault.Redirect];
        var proxies = faults.Select(f => new FaultProxy(SigstoreStack.Url(service), f)).ToList();
        foreach (var (fault, proxy) in faults.Zip(proxies))
        {
            _scene.Write($"{fault}.json", SigstoreStack.Config(config, (member, proxy.Url)));
        }
        _scene.Write("Stopped.json", SigstoreStack.Config(config, (member, "http://127.0.0.1:1")));
        var before = _scene.Listing();

        string[] cases = [.. faults.Select(f => f.ToString()), "Stopped"];
        var ended = await Task.WhenAll(
            cases.Select(
                (c, i) =>
                    Task.Run(() =>
                        _scene.Run([
                            .. i % 2 == 0
                                ? (string[])["sign", "blob.txt", "--force"]
                                : ["attest", "blob.txt", "--type", KeylessScene.PredicateType, "--predicate", "predicate.json"],
                            "--identity-token",
                            token,
                            .. KeylessScene.Root,
                            "--signing-config",
                            _scene.At($"{c}.json"),
                            "--output",
                            "json",
                        ])
                    )
            )
        );

        foreach (var (fault, end) in cases.Zip(ended))
        {
            Assert.True(end.ExitCode == 3, $"{fault}: {end}");
            Scene.AssertCalm(end);
            var json = end.Json();
            Assert.Equal(3, json.GetProperty("exitCode").GetInt32());
            var error = json.GetProperty("error");
            var url = fault == "Stopped" ? "http://127.0.0.1:1" : proxies[Array.IndexOf(cases, fault)].Url;
            Assert.StartsWith($"{name} {url}", error.GetProperty("message").GetString(), StringComparison.Ordinal);
            Assert.True(
                fault == nameof(Fault.Redirect) || error.TryGetProperty("hint", out _),
                $"{fault}: it is not said what to do: {end}"
            );
            Assert.DoesNotContain(await File.ReadAllTextAsync(token), end.Text, StringComparison.Ordinal);
        }
        Assert.Equal(before, _scene.Listing());
        proxies.ForEach(p => p.Dispose());
    }

    [SigstoreTheory("cosign")]
    [MemberData(nameof(Services))]
    public async Task Where_only_the_first_attempt_fails_signing_goes_on(string member, string service, string config, string name)
    {
        Assert.NotEmpty(name);
        foreach (var fault in (Fault[])[Fault.CutBefore, Fault.CutAfter, Fault.CutMiddle, Fault.Unavailable])
        {
            using var proxy = new FaultProxy(SigstoreStack.Url(service), fault, times: 1);
            _scene.Write("config.json", SigstoreStack.Config(config, (member, proxy.Url)));
            _scene.Ours([
                "sign",
                "blob.txt",
                "--force",
                "--identity-token",
                await _scene.TokenAsync("email"),
                .. KeylessScene.Root,
                "--signing-config",
                "config.json",
            ]);
            // Where the log's answer was lost, the second attempt is told that the entry is there (409), and reads it.
            Assert.Equal(2, proxy.Requests);
            await _scene.PeerAsync(
                "cosign",
                ["verify-blob", "--bundle", "blob.txt.sig", .. KeylessScene.Root, .. KeylessScene.IsDeveloper, "blob.txt"]
            );
        }
    }

    [SigstoreFact("cosign")]
    public async Task A_service_that_once_does_not_answer_is_asked_again()
    {
        using var proxy = new FaultProxy(SigstoreStack.Url("tsa"), Fault.Hang, times: 1);
        _scene.Write("config.json", SigstoreStack.Config("signing_config.json", ("tsaUrls", proxy.Url)));
        var token = await _scene.TokenAsync("email");
        _scene.Ours(["sign", "blob.txt", "--identity-token", token, .. KeylessScene.Root, "--signing-config", "config.json"]);
        Assert.Equal(2, proxy.Requests);
        await _scene.PeerAsync(
            "cosign",
            ["verify-blob", "--bundle", "blob.txt.sig", .. KeylessScene.Root, .. KeylessScene.IsDeveloper, "blob.txt"]
        );
    }

    [SigstoreTheory]
    [MemberData(nameof(Services))]
    public async Task A_command_that_is_stopped_while_it_waits_leaves_nothing(string member, string service, string config, string name)
    {
        Assert.NotEmpty(name);
        _scene.Write("model.sig", "what was here before\n");
        foreach (var signal in (int[])[SigKill, SigInt])
        {
            using var proxy = new FaultProxy(SigstoreStack.Url(service), Fault.Hang);
            _scene.Write("config.json", SigstoreStack.Config(config, (member, proxy.Url)));
            var token = await _scene.TokenAsync("email");
            var before = _scene.Listing();
            using var process = Tool.Begin(
                _scene.Folder,
                _scene.Environment,
                [
                    .. Tool.Start,
                    "sign",
                    "model",
                    "--force",
                    "--identity-token",
                    token,
                    .. KeylessScene.Root,
                    "--signing-config",
                    "config.json",
                    "--output",
                    "json",
                ]
            );
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            try
            {
                await proxy.Asked.WaitAsync(TimeSpan.FromMinutes(2));
                Assert.Equal(0, Tool.Execute("/", null, "", ["kill", $"-{signal}", $"{process.Id}"]).ExitCode);
                await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(2));
            }
            finally
            {
                process.Kill();
            }
            Assert.True(process.ExitCode == (signal == SigInt ? 130 : 128 + signal), $"{process.ExitCode}: {await output}{await errors}");
            if (signal == SigInt)
            {
                using var json = JsonDocument.Parse(await output);
                Assert.Equal("interrupted", json.RootElement.GetProperty("error").GetProperty("code").GetString());
            }
            Assert.Equal(before, _scene.Listing());
        }
    }

    [SigstoreTheory("crane")]
    [InlineData("registry")]
    [InlineData("registry_ref")]
    public async Task An_image_gets_no_signature_that_is_not_logged(string registry)
    {
        var image = await _scene.ImageAsync(registry);
        using var proxy = new FaultProxy(SigstoreStack.Url("rekor2"), Fault.CutAfter);
        _scene.Write("config.json", SigstoreStack.Config("signing_config.json", ("rekorTlogUrls", proxy.Url)));
        var token = await _scene.TokenAsync("email");
        _scene.Refuses(
            3,
            $"transparency log {proxy.Url}",
            ["sign", image, "--identity-token", token, .. KeylessScene.Root, "--signing-config", "config.json"]
        );
        var listed = _scene.Run(["verify", image, .. KeylessScene.Root, .. KeylessScene.IsDeveloper, "--output", "json"]);
        Assert.True(listed.ExitCode == 1 && listed.Text.Contains("no signature", StringComparison.Ordinal), listed.ToString());
    }

    [SigstoreFact]
    public async Task The_environments_proxy_is_used_but_where_it_must_not_be()
    {
        using var proxy = new FaultProxy(SigstoreStack.Url("fulcio"), Fault.CutBefore, times: 0);
        string[] sign = ["sign", "blob.txt", "--force", .. await _scene.SignerAsync()];
        _scene.Environment["http_proxy"] = proxy.Url;
        _scene.Environment["NO_PROXY"] = _scene.Environment["no_proxy"] = null;
        _scene.Ours(sign);
        Assert.Equal(3, proxy.Requests);
        _scene.Environment["no_proxy"] = "127.0.0.1";
        _scene.Ours(sign);
        Assert.Equal(3, proxy.Requests);
    }
}
