using System.Globalization;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>A registry that lies about what it holds, or hands it over badly: nothing of it is used, and no verb says yes.</summary>
public sealed class HostileReadTests : HostileScene
{
    [Fact]
    public void An_honest_registry_is_believed()
    {
        foreach (var verb in (string[])["verify", "inspect", "sign", "attest", "copy", "pull", "push"])
        {
            Accepts(verb);
        }
    }

    [Fact]
    public void Other_bytes_than_a_digest_says_are_a_rejection_wherever_they_are()
    {
        At("manifests/1", http => WithDigestAsync(http, Model, Changed(Registry.Content.Manifests[Model])));
        RefuseAll(1, "digest", "but the content has sha256:", [.. Readers, "sign", "attest"]);
        At($"manifests/{Referrer}", Changed(Registry.Content.Manifests[Referrer]), HostileRegistry.ManifestType);
        RefuseAll(1, "digest", "its content has the digest sha256:");
        At($"blobs/{Bundle}", Changed(Registry.Content.Blobs[Bundle]));
        RefuseAll(1, "digest", "its content has the digest sha256:");
        var file = Layers()[0];
        At($"blobs/{file}", Changed(Registry.Content.Blobs[file]));
        Refuses(1, "digest", "its content has the digest sha256:", "copy");
        Refuses(1, "digest", "its content has the digest sha256:", "pull");
    }

    [Fact]
    public void A_body_that_ends_early_is_a_rejection_and_a_connection_that_does_is_none()
    {
        var half = Registry.Content.Blobs[Bundle][..^10];
        At($"blobs/{Bundle}", half);
        RefuseAll(1, "digest", $"{half.Length} bytes, not {half.Length + 10}");
        At(
            $"blobs/{Bundle}",
            async http =>
            {
                // Without a length: what is missing shows at the end only.
                await http.Response.Body.WriteAsync(half);
                return true;
            }
        );
        RefuseAll(1, "digest", $"{half.Length} bytes, not {half.Length + 10}");
        At($"blobs/{Bundle}", http => HostileRegistry.CutAsync(http, Registry.Content.Blobs[Bundle], "application/octet-stream"));
        RefuseAll(3, "registry", "the connection broke");
        At("manifests/1", http => HostileRegistry.CutAsync(http, Registry.Content.Manifests[Model], HostileRegistry.ManifestType));
        Refuses(3, "registry", "(tried 5 times)", "sign");
    }

    [Fact]
    public void An_answer_without_end_is_not_read_to_its_end()
    {
        At("manifests/1", http => HostileRegistry.EndlessAsync(http, 200, HostileRegistry.ManifestType));
        RefuseAll(1, "malformed", "it is longer than 4194304 bytes");
        Refuses(1, "malformed", "it is longer than 4194304 bytes", "sign");
        At($"referrers/{Model}", http => HostileRegistry.EndlessAsync(http, 200, HostileRegistry.IndexType));
        RefuseAll(1, "malformed", "it is longer than 4194304 bytes");
        At($"blobs/{Bundle}", http => HostileRegistry.EndlessAsync(http, 200, "application/octet-stream"));
        RefuseAll(1, "digest", "its content has more than");
        At("manifests/1", http => HostileRegistry.EndlessAsync(http, 403));
        RefuseAll(3, "registry", "403");
    }

    [Fact]
    public void An_answer_of_a_byte_now_and_then_is_waited_for_as_long_as_was_said()
    {
        At("manifests/1", http => HostileRegistry.DripAsync(http, Registry.Content.Manifests[Model], HostileRegistry.ManifestType));
        Parallel.ForEach([.. Readers, "sign"], verb => Refuses(3, "registry", "within 2 s", verb, "--registry-timeout", "2s"));
        At($"blobs/{Bundle}", http => HostileRegistry.DripAsync(http, Registry.Content.Blobs[Bundle], "application/octet-stream"));
        Parallel.ForEach(Readers, verb => Refuses(3, "registry", "within 2 s", verb, "--registry-timeout", "2s"));
        At($"referrers/{Model}", http => HostileRegistry.DripAsync(http, HostileRegistry.Index([]), HostileRegistry.IndexType));
        Refuses(3, "registry", "within 2 s", "verify", "--registry-timeout", "2s");
        Refuses(2, "usage", "--registry-timeout takes a time", "verify", "--registry-timeout", "soon");
    }

    [Fact]
    public async Task A_redirect_is_followed_without_credentials_and_not_for_ever()
    {
        var mirror = await StartAsync();
        LogIn();
        var environment = new Dictionary<string, string?> { ["DOCKER_CONFIG"] = Scene.Folder, ["REGISTRY_AUTH_FILE"] = null };
        Registry.Misbehave = (http, path) =>
        {
            if (http.Request.Headers.Authorization.Count == 0)
            {
                http.Response.Headers.WWWAuthenticate = "Basic realm=\"test\"";
                return HostileRegistry.AnswerAsync(http, 401, []);
            }
            return path.StartsWith("blobs/", StringComparison.Ordinal) || path.StartsWith("referrers/", StringComparison.Ordinal)
                ? HostileRegistry.RedirectAsync(http, $"http://{mirror.Host}{http.Request.Path}")
                : Task.FromResult(false);
        };
        foreach (var verb in Readers)
        {
            var ended = Tool.Run(Scene.Folder, environment, Command(verb));
            Assert.True(ended.ExitCode == 0, ended.ToString());
        }
        Assert.Contains(Registry.Requests, r => r.Authorization is not null);
        Assert.NotEmpty(mirror.Requests);
        Assert.All(mirror.Requests, r => Assert.Null(r.Authorization));
        Directory.Delete(Scene.At("pulled"), true);
        Directory.Delete(Scene.At("copied"), true);

        At($"blobs/{Bundle}", http => HostileRegistry.RedirectAsync(http, http.Request.Path));
        RefuseAll(3, "registry", "more than 5 redirects");
        Assert.Equal(6 * Readers.Length, Registry.Requests.Count(r => r.Path.EndsWith(Bundle, StringComparison.Ordinal)) - Readers.Length);
        At($"blobs/{Bundle}", http => HostileRegistry.RedirectAsync(http, "http://198.51.100.7/steal"));
        RefuseAll(3, "registry", "http://198.51.100.7, which is not https; refused");
        At($"blobs/{Bundle}", http => HostileRegistry.RedirectAsync(http, "file:///etc/passwd"));
        RefuseAll(3, "registry", "which is not https; refused");
    }

    [Theory]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public void A_storm_is_waited_out_for_a_while(int status)
    {
        var storm = 3;
        Registry.Misbehave = (http, _) =>
        {
            http.Response.Headers.RetryAfter = "1";
            return Interlocked.Decrement(ref storm) >= 0 ? HostileRegistry.AnswerAsync(http, status, []) : Task.FromResult(false);
        };
        Accepts("verify");
        storm = int.MaxValue;
        Registry.Requests.Clear();
        RefuseAll(3, "registry", status.ToString(CultureInfo.InvariantCulture), [.. Readers, "sign"]);
        Assert.Equal(5 * (Readers.Length + 1), Registry.Requests.Count);
    }

    [Fact]
    public void A_storm_without_end_is_left_after_the_time_that_was_said()
    {
        Registry.Misbehave = (http, _) =>
        {
            http.Response.Headers.RetryAfter = "3600";
            return HostileRegistry.AnswerAsync(http, 429, []);
        };
        Refuses(3, "registry", "429", "verify", "--registry-timeout", "6s");
    }

    [Fact]
    public void A_manifest_of_another_type_is_refused()
    {
        At("manifests/1", http => HostileRegistry.AnswerAsync(http, 200, Registry.Content.Manifests[Model], HostileRegistry.IndexType));
        RefuseAll(1, "malformed", $"the manifest says '{HostileRegistry.ManifestType}' and came as '{HostileRegistry.IndexType}'");
        Refuses(1, "malformed", "came as", "sign");
        At(
            "manifests/1",
            Bytes("""{"schemaVersion":1,"name":"app","fsLayers":[]}"""),
            "application/vnd.docker.distribution.manifest.v1+json"
        );
        RefuseAll(1, "malformed", "2 is expected");
        At(
            "manifests/1",
            Bytes($$"""{"schemaVersion":2,"mediaType":"{{HostileRegistry.ManifestType}}","config":{},"layers":[],"manifests":[]}"""),
            HostileRegistry.ManifestType
        );
        RefuseAll(1, "malformed", "the member belongs to the other kind of manifest");
        Registry.Misbehave = null;
        Registry.Content.Tags["1"] = Registry.Content.Add(HostileRegistry.Index([]));
        Refuses(1, "no-evidence", "no signature was found", "verify");
        Refuses(1, "no-evidence", "no signature was found", "pull");
    }

    private string[] Layers() =>
        [
            .. System
                .Text.Json.JsonDocument.Parse(Registry.Content.Manifests[Model])
                .RootElement.GetProperty("layers")
                .EnumerateArray()
                .Select(l => l.GetProperty("digest").GetString()!),
        ];

    private static Task<bool> WithDigestAsync(Microsoft.AspNetCore.Http.HttpContext http, string digest, byte[] body)
    {
        http.Response.Headers["Docker-Content-Digest"] = digest;
        return HostileRegistry.AnswerAsync(http, 200, body, HostileRegistry.ManifestType);
    }
}
