using System.Net;
using System.Text.Json;
using ArtifactTrust.EndToEnd.Sigstore;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>Trust in an instance of one's own: made from its TUF repository, used by name, and kept from going wrong.</summary>
public sealed class TrustTests : IDisposable
{
    private const string Issuer = "http://127.0.0.1:18080/github";
    private const string Workflow = "https://github.com/acme/widget/.github/workflows/release.yml@refs/heads/main";

    private readonly string _folder = Directory.CreateTempSubdirectory("artifact-trust-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [NeedsFact(Needs.Vectors)]
    public void A_profile_is_made_shown_and_verified_with_also_without_the_repository()
    {
        using (var server = new FileServer(Path.Join(Local, "tuf")))
        {
            Succeeds("trust", "init", "--root", Path.Join(Local, "tuf", "1.root.json"), server.Url, "--profile", "local");
            var updated = Succeeds("trust", "update", "--profile", "local", "--output", "json").Json();
            Assert.Equal(("updated", "local"), (Text(updated, "result"), Text(updated, "profile")));
        }
        var shown = Succeeds("trust", "show", "--profile", "local", "--output", "json").Json();
        Assert.Equal("trust show", Text(shown, "command"));
        Assert.Equal(2, shown.GetProperty("transparencyLogs").GetArrayLength());
        Assert.Equal(1, shown.GetProperty("repository").GetProperty("rootVersion").GetInt32());
        Assert.Contains("local", shown.GetProperty("profiles").EnumerateArray().Select(p => p.GetString()));
        Assert.Contains("refreshed", Succeeds("trust", "show", "--profile", "local").Output, StringComparison.Ordinal);

        Succeeds(Verify("--profile", "local", "--certificate-extension", "sourceRepositoryRef=refs/heads/main"));
        Refuses(1, "no deploymentEnvironment", Verify("--profile", "local", "--certificate-extension", "deploymentEnvironment=prod"));
        Refuses(1, "refs/heads/evil", Verify("--profile", "local", "--certificate-extension", "sourceRepositoryRef=refs/heads/evil"));
        Refuses(2, "did you mean 'sourceRepositoryRef'", Verify("--profile", "local", "--certificate-extension", "sourceRepositoryRf=x"));
        Refuses(2, "NAME=VALUE", Verify("--profile", "local", "--certificate-extension", "sourceRepositoryRef"));
        // Of another instance.
        Refuses(1, "log.threshold", Verify("--profile", "public-good"));
        Succeeds(Verify("--trusted-root", Path.Join(Local, "trusted_root.json")));
    }

    [NeedsFact(Needs.Vectors)]
    public void A_profile_with_another_root_or_url_is_replaced_by_force_only()
    {
        using var server = new FileServer(Path.Join(Local, "tuf"));
        using var other = new FileServer(Path.Join(Local, "tuf"));
        var root = Path.Join(Local, "tuf", "1.root.json");
        string[] init = ["trust", "init", "--root", root, "--profile", "local"];
        Succeeds([.. init, server.Url]);
        Succeeds([.. init, server.Url]);
        var profile = Path.Join(_folder, "config", "profiles", "local.yaml");
        var before = File.ReadAllText(profile);

        Refuses(2, "another root or URL", [.. init, other.Url]);
        Assert.Equal(before, File.ReadAllText(profile));
        var changed = Path.Join(_folder, "changed.json");
        File.WriteAllText(changed, File.ReadAllText(root) + "\n");
        Refuses(2, "another root or URL", "trust", "init", "--root", changed, "--profile", "local", server.Url);

        Succeeds([.. init, other.Url, "--force"]);
        Assert.Contains(other.Url, File.ReadAllText(profile), StringComparison.Ordinal);
    }

    [NeedsFact(Needs.Vectors)]
    public void A_profile_that_never_worked_is_not_written()
    {
        using var server = new FileServer(Path.Join(Local, "keys"));
        var root = Path.Join(Local, "tuf", "1.root.json");

        Refuses(1, "timestamp", "trust", "init", "--root", root, "--profile", "local", server.Url);
        Refuses(3, "cannot be asked", "trust", "init", "--root", root, "--profile", "local", "http://127.0.0.1:1");
        Refuses(2, "does not exist", "trust", "init", "--root", "absent.json", "--profile", "local", server.Url);
        var wrong = Path.Join(Local, "tuf", "timestamp.json");
        Refuses(2, "is no root of a TUF repository", "trust", "init", "--root", wrong, "--profile", "local", server.Url);
        Refuses(2, "is built in", "trust", "init", "--root", root, "--profile", "github", server.Url);
        Refuses(2, "http(s) URL", "trust", "init", "--root", root, "tuf.example.com");
        Assert.False(Directory.Exists(Path.Join(_folder, "config")));
    }

    [NeedsFact(Needs.Vectors)]
    public async Task Several_processes_may_update_at_once()
    {
        using var server = new FileServer(Path.Join(Local, "tuf"));
        Succeeds("trust", "init", "--root", Path.Join(Local, "tuf", "1.root.json"), server.Url, "--profile", "local");

        var ended = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => Run("trust", "update", "--profile", "local"))));

        Assert.All(ended, e => Assert.True(e.ExitCode == 0, e.ToString()));
    }

    [NeedsFact(Needs.Vectors, Needs.Unprivileged)]
    public void A_directory_that_cannot_be_written_is_read_and_not_updated()
    {
        using var server = new FileServer(Path.Join(Local, "tuf"));
        Succeeds("trust", "init", "--root", Path.Join(Local, "tuf", "1.root.json"), server.Url, "--profile", "local");
        Tool.Execute("/", null, "", ["chmod", "-R", "a+rX,a-w", _folder]);
        try
        {
            var shown = Tool.Execute(_folder, Environment, "", [.. Needs.AsUser, .. Tool.Start, "trust", "show", "--profile", "local"]);
            Assert.True(shown.ExitCode == 0, shown.ToString());
            var updated = Tool.Execute(_folder, Environment, "", [.. Needs.AsUser, .. Tool.Start, "trust", "update", "--profile", "local"]);
            Assert.True(updated.ExitCode == 3 && updated.Text.Contains("cannot be written", StringComparison.Ordinal), updated.ToString());
        }
        finally
        {
            Tool.Execute("/", null, "", ["chmod", "-R", "u+w", _folder]);
        }
    }

    [NeedsFact(Needs.Vectors)]
    public void A_gate_admits_what_a_workflow_signed_and_names_it_everywhere()
    {
        using var scene = new Scene();
        File.Copy(Path.Join(Local, "blob.txt"), scene.At("blob.txt"));
        File.Copy(Path.Join(Local, "blob.github.sigstore.json"), scene.At("blob.txt.sig"));
        File.Copy(Path.Join(Local, "trusted_root.json"), scene.At("trusted_root.json"));
        string[] gate = ["gate", "blob.txt", "--policy", "keyless.yaml", "--key", "gate.key", "--audit-log", "audit", "--output", "json"];

        scene.Write("keyless.yaml", Policy("sourceRepositoryRef: refs/heads/main"));
        var allowed = Tool.Run(scene.Folder, Environment, [.. gate]);
        Assert.True(allowed.ExitCode == 0, allowed.ToString());
        Assert.Contains(Workflow, allowed.Output, StringComparison.Ordinal);
        using var vsa = JsonDocument.Parse(scene.Read("vsa.sigstore.json"));
        var statement = Convert.FromBase64String(vsa.RootElement.GetProperty("dsseEnvelope").GetProperty("payload").GetString()!);
        Assert.Contains(Workflow, System.Text.Encoding.UTF8.GetString(statement), StringComparison.Ordinal);
        var log = Tool.Run(scene.Folder, Environment, "log", "show", "audit", "--key", "gate.pub", "--output", "json");
        Assert.True(log.ExitCode == 0, log.ToString());
        Assert.Contains(Workflow, log.Output, StringComparison.Ordinal);

        scene.Write("keyless.yaml", Policy("sourceRepositoryRef: refs/heads/other"));
        var denied = Tool.Run(scene.Folder, Environment, [.. gate]);
        Assert.True(denied.ExitCode == 1, denied.ToString());
        Assert.Contains("the certificate is of somebody else", denied.Output, StringComparison.Ordinal);

        scene.Write("keyless.yaml", Policy("sourceRepositoryReff: refs/heads/main"));
        var wrong = Tool.Run(scene.Folder, Environment, [.. gate]);
        Assert.True(wrong.ExitCode == 2, wrong.ToString());

        scene.Write(
            "keyless.yaml",
            Policy("sourceRepositoryRef: refs/heads/main")
                .Replace("trustedRoot: trusted_root.json", "profile: absent", StringComparison.Ordinal)
        );
        var unknown = Tool.Run(scene.Folder, Environment, [.. gate]);
        Assert.True(unknown.ExitCode == 2 && unknown.Text.Contains("there is no profile", StringComparison.Ordinal), unknown.ToString());
    }

    [Fact]
    public void Keys_alone_read_no_configuration()
    {
        using var scene = new Scene();
        Directory.CreateDirectory(Path.Join(_folder, "config"));
        File.WriteAllText(Path.Join(_folder, "config", "config.yaml"), "version: 1\nnot: right\n");

        var ended = Tool.Run(scene.Folder, Environment, "verify", "model", "--key", "training.pub");

        Assert.DoesNotContain("configuration", ended.Text, StringComparison.Ordinal);
        Refuses(2, "unknown key 'not'", "trust", "show");
    }

    [SigstoreFact]
    public void The_running_stack_can_be_trusted()
    {
        Succeeds("trust", "init", "--root", SigstoreStack.File("tuf/1.root.json"), SigstoreStack.Url("tuf"), "--profile", "stack");

        Assert.NotEmpty(
            Succeeds("trust", "show", "--profile", "stack", "--output", "json").Json().GetProperty("services").EnumerateArray()
        );
    }

    private static string Local => Path.Join(Repository.Vectors, "local-sigstore");

    private Dictionary<string, string?> Environment =>
        new()
        {
            ["ARTIFACT_TRUST_CONFIG"] = Path.Join(_folder, "config", "config.yaml"),
            ["ARTIFACT_TRUST_CACHE"] = Path.Join(_folder, "data"),
        };

    private static string Policy(string extension) =>
        $$"""
            version: 1
            name: keyless
            sigstore: { trustedRoot: trusted_root.json }
            identities:
              ci:
                certificates:
                  - { issuer: '{{Issuer}}', subject: '{{Workflow}}', extensions: { {{extension}} } }
            subjects:
              file: { kind: file, signatures: { from: ci } }

            """;

    private static string[] Verify(params string[] more) =>
        [
            "verify",
            Path.Join(Local, "blob.txt"),
            "--signature",
            Path.Join(Local, "blob.github.sigstore.json"),
            "--certificate-identity",
            Workflow,
            "--certificate-oidc-issuer",
            Issuer,
            .. more,
        ];

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();

    private Ended Run(params string[] arguments) => Tool.Run(_folder, Environment, arguments);

    private Ended Succeeds(params string[] arguments)
    {
        var ended = Run(arguments);
        Assert.True(ended.ExitCode == 0, $"{string.Join(' ', arguments)}: {ended}");
        return ended;
    }

    private void Refuses(int exitCode, string reason, params string[] arguments)
    {
        var ended = Run(arguments);
        Assert.True(
            ended.ExitCode == exitCode && ended.Text.Contains(reason, StringComparison.Ordinal),
            $"{string.Join(' ', arguments)}: expected {exitCode} and '{reason}': {ended}"
        );
    }

    /// <summary>The files of a directory over HTTP on this machine.</summary>
    private sealed class FileServer : IDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly string _directory;
        private readonly Task _loop;

        internal FileServer(string directory)
        {
            _directory = directory;
            Url = $"http://127.0.0.1:{LoopbackPort.Free()}/";
            _listener.Prefixes.Add(Url);
            _listener.Start();
            _loop = Task.Run(ServeAsync);
        }

        internal string Url { get; }

        public void Dispose()
        {
            _listener.Close();
            _loop.Wait();
        }

        private async Task ServeAsync()
        {
            while (true)
            {
                try
                {
                    var context = await _listener.GetContextAsync();
                    var file = Path.Join(_directory, context.Request.Url!.AbsolutePath);
                    context.Response.StatusCode = File.Exists(file) ? 200 : 404;
                    if (File.Exists(file))
                    {
                        await context.Response.OutputStream.WriteAsync(await File.ReadAllBytesAsync(file));
                    }
                    context.Response.Close();
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    if (!_listener.IsListening)
                    {
                        return;
                    }
                }
            }
        }
    }
}
