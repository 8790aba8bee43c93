using Microsoft.AspNetCore.Http;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>A registry that lies to whoever writes or logs in: what was not stored is never said to be.</summary>
public sealed class HostileWriteTests : HostileScene
{
    [Fact]
    public void A_token_that_has_expired_is_replaced_once()
    {
        var tokens = 0;
        var uses = 0;
        Registry.Misbehave = (http, path) =>
        {
            if (path == "/token")
            {
                uses = 0;
                return HostileRegistry.AnswerAsync(
                    http,
                    200,
                    Bytes($$"""{"token":"t{{Interlocked.Increment(ref tokens)}}","expires_in":300}""")
                );
            }
            // Each is good for six requests, whatever was said of it.
            var good = http.Request.Headers.Authorization == $"Bearer t{tokens}" && Interlocked.Increment(ref uses) <= 6;
            return good ? Task.FromResult(false) : ChallengeAsync(http);
        };
        foreach (var verb in (string[])["verify", "inspect", "sign", "copy", "pull", "push"])
        {
            Accepts(verb);
        }
        Assert.InRange(tokens, 8, 100);
    }

    [Fact]
    public void A_registry_that_takes_no_token_is_not_asked_for_ever()
    {
        var tokens = 0;
        Registry.Misbehave = (http, path) =>
            path == "/token"
                ? HostileRegistry.AnswerAsync(http, 200, Bytes($$"""{"token":"t{{Interlocked.Increment(ref tokens)}}"}"""))
                : ChallengeAsync(http);
        Refuses(3, "registry", "401", "verify");
        Assert.Equal(1, tokens);
        Refuses(3, "registry", "401", "push");
        Refuses(3, "registry", "401", "sign");
    }

    [Fact]
    public void A_token_service_that_answers_garbage_is_told_of()
    {
        foreach (var (answer, message) in Services())
        {
            Registry.Misbehave = (http, path) => path == "/token" ? answer(http) : ChallengeAsync(http);
            RefuseAll(3, "registry", message, "verify", "push");
        }

        IEnumerable<(Func<HttpContext, Task<bool>>, string)> Services() =>
            [
                (
                    http => HostileRegistry.AnswerAsync(http, 200, Bytes("<html>welcome</html>"), "text/html"),
                    "malformed token service's answer"
                ),
                (http => HostileRegistry.AnswerAsync(http, 200, Bytes("""{"token":"a\r\nb"}""")), "a token has no spaces"),
                (http => HostileRegistry.EndlessAsync(http, 200), "it is longer than 262144 bytes"),
                (http => HostileRegistry.RedirectAsync(http, $"http://{Registry.Host}/token"), "307"),
                (http => HostileRegistry.AnswerAsync(http, 500, []), "500"),
            ];
    }

    [Fact]
    public void A_token_that_drips_is_waited_for_as_long_as_was_said()
    {
        Registry.Misbehave = (http, path) =>
            path == "/token"
                ? HostileRegistry.DripAsync(http, Bytes("""{"token":"a"}""" + new string(' ', 1000)), "application/json")
                : ChallengeAsync(http);
        Parallel.ForEach(["verify", "push"], verb => Refuses(3, "registry", "within 3 s", verb, "--registry-timeout", "3s"));
    }

    [Fact]
    public void Credentials_go_to_no_token_service_that_is_not_as_safe()
    {
        LogIn();
        var environment = new Dictionary<string, string?> { ["DOCKER_CONFIG"] = Scene.Folder, ["REGISTRY_AUTH_FILE"] = null };
        Registry.Misbehave = (http, _) =>
        {
            http.Response.Headers.WWWAuthenticate = "Bearer realm=\"http://198.51.100.7/token\",service=\"s\"";
            return HostileRegistry.AnswerAsync(http, 401, []);
        };
        var ended = Tool.Run(Scene.Folder, environment, Command("verify"));
        Assert.Equal(3, ended.ExitCode);
        Assert.Contains("the token service 198.51.100.7 is not reached over https", ended.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", ended.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(500, "500")]
    [InlineData(503, "503")]
    [InlineData(429, "429")]
    [InlineData(413, "413")]
    [InlineData(401, "401")]
    [InlineData(405, "405")]
    public void An_upload_that_is_refused_is_told_of(int status, string message)
    {
        Registry.Misbehave = (http, path) =>
            http.Request.Method == "POST" ? HostileRegistry.AnswerAsync(http, status, []) : Task.FromResult(false);
        Scene.Write("model/new.bin", "not there yet");
        RefuseAll(3, "registry", message, "push", "sign");
    }

    [Theory]
    [InlineData(404, true)]
    [InlineData(404, false)]
    [InlineData(416, true)]
    [InlineData(416, false)]
    public void A_session_that_is_gone_or_has_another_length_is_begun_anew_but_not_for_ever(int status, bool isOnce)
    {
        Scene.Write("model/new.bin", System.Security.Cryptography.RandomNumberGenerator.GetBytes(20 << 20));
        var refused = 0;
        Registry.Misbehave = (http, _) =>
            http.Request.Method == "PATCH"
            && !http.Request.Headers.ContentRange.ToString().StartsWith("0-", StringComparison.Ordinal)
            && (Interlocked.Increment(ref refused) == 1 || !isOnce)
                ? HostileRegistry.AnswerAsync(http, status, Bytes("""{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}"""))
                : Task.FromResult(false);
        if (isOnce)
        {
            Accepts("push");
            Registry.Misbehave = null;
            Scene.Require("sign", $"{Registry.Host}/demo/app:2", "--key", "ci.key");
            Scene.Require("pull", $"{Registry.Host}/demo/app:2", "again", "--key", "ci.pub");
            Scene.Shell("diff -r model again");
            // One was refused, and two were taken.
            Assert.Equal(3, refused);
        }
        else
        {
            Refuses(3, "registry", $"{status} BLOB_UPLOAD_UNKNOWN (tried 5 times)", "push");
            Assert.Equal(5, refused);
        }
    }

    [Fact]
    public void An_upload_that_is_led_elsewhere_or_answered_with_lies_is_refused()
    {
        Scene.Write("model/new.bin", "not there yet");
        OnUpload("POST", http => http.Response.Headers.Location = "http://198.51.100.7/upload", 202);
        Refuses(3, "registry", "which is not https; refused", "push");
        OnUpload("POST", _ => { }, 202);
        Refuses(3, "registry", "the registry does not say where to upload", "push");
        OnUpload("PUT", http => http.Response.Headers.Location = "/elsewhere", 307);
        Refuses(3, "registry", "the registry redirects an upload; refused", "push");
        OnUpload("PUT", _ => { }, 200);
        Refuses(3, "registry", "200", "push");
        Registry.Misbehave = (http, path) =>
        {
            if (http.Request.Method != "PUT" || !path.StartsWith("manifests/", StringComparison.Ordinal))
            {
                return Task.FromResult(false);
            }
            http.Response.Headers["Docker-Content-Digest"] = $"sha256:{new string('0', 64)}";
            return HostileRegistry.AnswerAsync(http, 201, []);
        };
        Refuses(1, "digest", "the registry sent it with the digest sha256:000", "push");
        Refuses(1, "digest", "the registry sent it with the digest sha256:000", "sign");
        Registry.Misbehave = (http, path) =>
        {
            if (http.Request.Method != "HEAD")
            {
                return Task.FromResult(false);
            }
            http.Response.ContentLength = 7;
            return Task.FromResult(true);
        };
        Refuses(1, "digest", "the registry has 7 bytes under the digest", "push");

        void OnUpload(string method, Action<HttpContext> answer, int status) =>
            Registry.Misbehave = (http, path) =>
            {
                if (http.Request.Method != method || !path.StartsWith("blobs/uploads/", StringComparison.Ordinal))
                {
                    return Task.FromResult(false);
                }
                http.Response.StatusCode = status;
                answer(http);
                return Task.FromResult(true);
            };
    }

    [Fact]
    public void A_signature_that_the_registry_forgets_is_not_said_to_be_there()
    {
        Registry.HasReferrersApi = false;
        var tag = $"manifests/{Model.Replace(':', '-')}";
        Registry.Misbehave = (http, path) =>
            path == tag && http.Request.Method == "PUT" ? HostileRegistry.AnswerAsync(http, 201, []) : Task.FromResult(false);
        Parallel.ForEach(
            ["sign", "attest"],
            verb => Refuses(3, "registry", "the registry forgets what is written; gave up", verb, "--registry-timeout", "5s")
        );
    }

    [Fact]
    public void An_answer_to_an_upload_that_never_comes_is_not_waited_for()
    {
        Scene.Write("model/new.bin", "not there yet");
        Registry.Misbehave = async (http, path) =>
        {
            if (http.Request.Method is "PUT" or "PATCH")
            {
                await Task.Delay(TimeSpan.FromMinutes(1), http.RequestAborted);
            }
            return false;
        };
        Parallel.ForEach(["push", "sign"], verb => Refuses(3, "registry", "within 2 s", verb, "--registry-timeout", "2s"));
    }

    private Task<bool> ChallengeAsync(HttpContext http)
    {
        http.Response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{Registry.Host}/token\",service=\"test\"";
        return HostileRegistry.AnswerAsync(http, 401, []);
    }
}
