using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>A registry whose certificate only its own authority vouches for, for the verbs that read an image: <c>registry.test</c>, through a proxy.</summary>
public sealed class RegistryTlsTests : IAsyncLifetime
{
    private const string Host = "registry.test";

    private readonly Scene _scene = new();
    private readonly TcpListener _proxy = new(IPAddress.Loopback, 0);
    private HostileRegistry _registry = null!;
    private string _target = "";

    private Dictionary<string, string?> Environment =>
        new()
        {
            ["HTTPS_PROXY"] = $"http://127.0.0.1:{((IPEndPoint)_proxy.LocalEndpoint).Port}",
            ["https_proxy"] = null,
            ["NO_PROXY"] = null,
            ["no_proxy"] = null,
        };

    public async Task InitializeAsync()
    {
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var root = new CertificateRequest("CN=test authority", rootKey, HashAlgorithmName.SHA256);
        root.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        root.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        root.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(root.PublicKey, false));
        using var authority = root.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(2));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leaf = new CertificateRequest($"CN={Host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(Host);
        leaf.CertificateExtensions.Add(names.Build());
        leaf.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false)
        );
        using var issued = leaf.Create(authority, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1), [1, 2, 3]);
        using var withKey = issued.CopyWithPrivateKey(key);
        _scene.Write("ca.pem", authority.ExportCertificatePem());
        _scene.Write("client.pem", $"{issued.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}");
        _registry = await HostileRegistry.StartAsync(null, X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null));
        _target = _registry.Host;
        _proxy.Start();
        _ = ServeAsync();
    }

    public async Task DisposeAsync()
    {
        _proxy.Stop();
        await _registry.DisposeAsync();
        _scene.Dispose();
    }

    [Fact]
    public void Every_verb_that_reads_images_takes_the_authority()
    {
        Push();
        _scene.Write("verbs", "");
        foreach (var command in (string[])["hash", "inspect", "verify --key ci.pub"])
        {
            string[] words = command.Split(' ');
            string[] arguments = [words[0], $"{Host}/demo/app:1", .. words[1..]];
            var trusted = Tool.Run(_scene.Folder, Environment, [.. arguments, "--registry-ca", "ca.pem"]);
            Assert.True(trusted.ExitCode == (command == "hash" || command == "inspect" ? 0 : 1), trusted.ToString());
            var refused = Tool.Run(_scene.Folder, Environment, arguments);
            Assert.True(refused.ExitCode == 3, refused.ToString());
            Assert.Contains("no trusted TLS connection", refused.Errors, StringComparison.Ordinal);
        }
        Assert.Equal(2, Tool.Run(_scene.Folder, Environment, "hash", $"{Host}/demo/app:1", "--registry-ca", "absent.pem").ExitCode);
    }

    [PeerFact("trivy", "crane")]
    public void Trivy_is_given_the_authority_too()
    {
        _scene.Shell("tar -cf layer.tar data.csv");
        var environment = new Dictionary<string, string?>(Environment)
        {
            ["SSL_CERT_FILE"] = _scene.At("ca.pem"),
            ["HOME"] = _scene.Folder,
        };
        var pushed = Tool.Execute(
            _scene.Folder,
            environment,
            "",
            [Peers.Find("crane"), "append", "--oci-empty-base", "-f", "layer.tar", "-t", $"{Host}/demo/app:1"]
        );
        Assert.True(pushed.ExitCode == 0, pushed.ToString());
        string[] sbom = ["sbom", $"{Host}/demo/app:1", "--trivy", Peers.Find("trivy"), "--trivy-cache", _scene.At("cache")];
        var ended = Tool.Run(_scene.Folder, Environment, [.. sbom, "--registry-ca", "ca.pem"]);
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Contains("CycloneDX", ended.Output, StringComparison.Ordinal);
        Assert.Contains("no trusted TLS", Tool.Run(_scene.Folder, Environment, sbom).Errors, StringComparison.Ordinal);
        var shown = Tool.Run(_scene.Folder, Environment, [.. sbom, "--registry-ca", "ca.pem", "--registry-cert", "client.pem"]);
        Assert.True(shown.ExitCode == 2, shown.ToString());
        Assert.Contains("Trivy shows none to registries", shown.Errors, StringComparison.Ordinal);
    }

    [PeerFact("docker-registry")]
    public async Task A_registry_that_asks_for_a_client_certificate_is_said_to_do_so_at_once()
    {
        var tls = $"certificate: {_scene.At("client.pem")}, key: {_scene.At("client.pem")}, clientcas: [{_scene.At("ca.pem")}]";
        await using var registry = await DockerRegistry.StartAsync(tls: tls);
        _target = registry.Host;
        string[] hash = ["hash", $"{Host}/demo/app:1", "--registry-ca", "ca.pem"];
        var refused = Tool.Run(_scene.Folder, Environment, hash);
        Assert.True(refused.ExitCode == 3, refused.ToString());
        Assert.Contains("the registry ended the TLS connection", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("see --registry-cert and --registry-key", refused.Errors, StringComparison.Ordinal);
        Assert.Contains(
            "there is none",
            Tool.Run(_scene.Folder, Environment, [.. hash, "--registry-cert", "client.pem"]).Errors,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_proxy_that_cannot_be_reached_is_named_without_its_password()
    {
        // Nobody listens there, and nobody else can.
        using var taken = new Socket(SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var proxy = taken.LocalEndPoint!.ToString();
        var environment = new Dictionary<string, string?>(Environment) { ["HTTPS_PROXY"] = $"http://user:hunter2@{proxy}" };
        var ended = Tool.Run(_scene.Folder, environment, "hash", $"{Host}/demo/app:1", "--registry-timeout", "1m");
        Assert.True(ended.ExitCode == 3, ended.ToString());
        Assert.Contains($"no connection to the proxy {proxy}", ended.Errors, StringComparison.Ordinal);
        Assert.Contains("NO_PROXY", ended.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", ended.Text, StringComparison.Ordinal);
    }

    private void Push()
    {
        var pushed = Tool.Run(_scene.Folder, Environment, "push", "model", $"{Host}/demo/app:1", "--registry-ca", "ca.pem");
        Assert.True(pushed.ExitCode == 0, pushed.ToString());
    }

    /// <summary>Leads every name to the registry.</summary>
    private async Task ServeAsync()
    {
        while (true)
        {
            TcpClient client;
            try
            {
                client = await _proxy.AcceptTcpClientAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
            _ = Task.Run(() => ConnectAsync(client));
        }
    }

    private async Task ConnectAsync(TcpClient client)
    {
        using var _ = client;
        try
        {
            var near = client.GetStream();
            var head = new List<byte>();
            var one = new byte[1];
            while (head.Count < 4 || !Encoding.ASCII.GetString([.. head[^4..]]).Equals("\r\n\r\n", StringComparison.Ordinal))
            {
                if (await near.ReadAsync(one) == 0)
                {
                    return;
                }
                head.Add(one[0]);
            }
            using var registry = new TcpClient();
            await registry.ConnectAsync(IPEndPoint.Parse(_target));
            await near.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray());
            var far = registry.GetStream();
            await Task.WhenAny(near.CopyToAsync(far), far.CopyToAsync(near));
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // One of the two is gone.
        }
    }
}
