using System.Diagnostics;
using System.Text;

namespace ArtifactTrust.EndToEnd;

/// <summary>A real registry (docker-registry, which has no referrers API) on a free port of loopback, with a storage of its own.</summary>
internal sealed class DockerRegistry : IAsyncDisposable
{
    /// <summary>The user and password of a registry that asks for them.</summary>
    public const string User = "tester";

    /// <inheritdoc cref="User"/>
    public const string Password = "pass word";

    // bcrypt of the password, cost 5: the only hash this registry takes.
    private const string PasswordHash = "$2y$05$abcdefghijklmnopqrstuuIt/9/tGzLcigNq/.RWIDjeEVR30RSf.";

    private readonly Process _process;
    private readonly DirectoryInfo _folder;
    private readonly StringBuilder _errors = new();
    private readonly bool _speaksTls;
    private bool _disposed;

    private DockerRegistry(Process process, DirectoryInfo folder, int port, bool speaksTls)
    {
        _speaksTls = speaksTls;
        _process = process;
        _folder = folder;
        Host = $"127.0.0.1:{port}";
        // Read, so that the pipes never fill.
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                if (_errors.Length < 10_000)
                {
                    _errors.AppendLine(line.Data);
                }
            }
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Host and port.</summary>
    public string Host { get; }

    /// <summary>Starts a registry and waits until it answers.</summary>
    /// <param name="withPassword">Whether it asks for <see cref="User"/> and <see cref="Password"/>.</param>
    /// <param name="tls">The certificates of one that speaks TLS, in the words of its configuration.</param>
    public static async Task<DockerRegistry> StartAsync(bool withPassword = false, string? tls = null)
    {
        // Another process may take the port before the registry does.
        for (var attempt = 0; ; attempt++)
        {
            var registry = Start(LoopbackPort.Free(), withPassword, tls);
            if (await registry.IsReadyAsync())
            {
                return registry;
            }
            var said = registry._errors.ToString();
            await registry.DisposeAsync();
            Assert.True(attempt < 3, $"docker-registry does not start: {said}");
        }
    }

    /// <summary>Stops the registry and removes its storage.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }
        _disposed = true;
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private static DockerRegistry Start(int port, bool withPassword, string? tls)
    {
        var folder = Directory.CreateTempSubdirectory("docker-registry-");
        var auth = "";
        if (withPassword)
        {
            File.WriteAllText(Path.Combine(folder.FullName, "htpasswd"), $"{User}:{PasswordHash}\n");
            auth = $"auth:\n  htpasswd:\n    realm: test\n    path: {folder.FullName}/htpasswd\n";
        }
        var config = Path.Combine(folder.FullName, "config.yml");
        File.WriteAllText(
            config,
            $"version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\nstorage:\n  filesystem:\n    rootdirectory: {folder.FullName}/data\n"
                + $"http:\n  addr: 127.0.0.1:{port}\n{(tls is null ? "" : $"  tls: {{{tls}}}\n")}{auth}"
        );
        var start = new ProcessStartInfo(Peers.Find("docker-registry"), ["serve", config])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var process = Process.Start(start)!;
        return new DockerRegistry(process, folder, port, tls is not null);
    }

    private async Task<bool> IsReadyAsync()
    {
        using var http = new HttpClient();
        for (var i = 0; i < 200 && !_process.HasExited; i++)
        {
            try
            {
                using var response = await http.GetAsync(new Uri($"http://{Host}/v2/"));
                // One that speaks TLS says so, to who does not.
                return _speaksTls || response.Headers.Contains("Docker-Distribution-Api-Version");
            }
            catch (HttpRequestException)
            {
                await Task.Delay(50);
            }
        }
        return false;
    }
}
