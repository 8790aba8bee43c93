using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ArtifactTrust.Formats;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

/// <summary>Private authorities and client certificates.</summary>
public sealed class RegistryConnectionsTests : IAsyncLifetime
{
    private const string Host = "registry.test:5000";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();
    private readonly List<IDisposable> _owned = [];
    private readonly X509Certificate2 _authority;
    private readonly X509Certificate2 _otherAuthority;
    private readonly TestRegistry _registry;
    private readonly TestRegistry _storage;
    private readonly StoredManifest _image;

    public RegistryConnectionsTests()
    {
        _authority = Own(Authority("CN=authority"));
        _otherAuthority = Own(Authority("CN=another authority"));
        _registry = new TestRegistry(Issue(_authority, "registry.test", client: false)) { AsksForCertificate = true };
        _storage = new TestRegistry(Issue(_authority, "storage.test", client: false)) { AsksForCertificate = true };
        _image = _registry.AddImage("v1");
        File.WriteAllText(At("ca.crt"), _authority.ExportCertificatePem());
        File.WriteAllText(At("other.crt"), _otherAuthority.ExportCertificatePem());
        using var client = Issue(_authority, "client", client: true);
        File.WriteAllText(At("client.cert"), client.ExportCertificatePem());
        File.WriteAllText(At("client.key"), client.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _owned.ForEach(o => o.Dispose());
        await _registry.DisposeAsync();
        await _storage.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_registry_of_a_private_authority_is_trusted_where_the_authority_is_given() =>
        Assert.NotNull(await FindAsync(new RegistryTlsOptions { AuthorityFiles = [At("ca.crt")] }));

    [Fact]
    public async Task Without_it_or_with_another_the_registry_is_not_trusted()
    {
        foreach (
            var tls in new RegistryTlsOptions[]
            {
                new(),
                new() { AuthorityFiles = [At("other.crt")] },
            }
        )
        {
            var e = await Assert.ThrowsAsync<RegistryException>(() => FindAsync(tls));
            Assert.Contains("no trusted TLS connection", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_certificate_for_another_name_is_refused_whoever_signed_it()
    {
        var e = await Assert.ThrowsAsync<RegistryException>(() =>
            FindAsync(new RegistryTlsOptions { AuthorityFiles = [At("ca.crt")] }, "other.test:5000")
        );
        Assert.Contains("no trusted TLS connection", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_is_not_for_servers_is_refused()
    {
        await using var registry = new TestRegistry(Issue(_authority, "registry.test", client: true));
        registry.AddImage("v1");
        await Assert.ThrowsAsync<RegistryException>(() =>
            FindAsync(new RegistryTlsOptions { AuthorityFiles = [At("ca.crt")] }, Host, registry)
        );
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_certificate_is_shown_to_the_registry(bool keyInOneFile)
    {
        File.WriteAllText(At("both.pem"), File.ReadAllText(At("client.cert")) + "\n" + File.ReadAllText(At("client.key")));
        var tls = new RegistryTlsOptions
        {
            AuthorityFiles = [At("ca.crt")],
            ClientCertificateFile = At(keyInOneFile ? "both.pem" : "client.cert"),
            ClientKeyFile = keyInOneFile ? null : At("client.key"),
        };
        Assert.NotNull(await FindAsync(tls));
        Assert.Equal(["CN=client"], _registry.ClientCertificates);
    }

    [Fact]
    public async Task A_redirect_to_another_host_shows_it_neither_certificate_nor_password()
    {
        Redirect();
        var tls = new RegistryTlsOptions
        {
            AuthorityFiles = [At("ca.crt")],
            ClientCertificateFile = At("client.cert"),
            ClientKeyFile = At("client.key"),
        };
        using var store = Open(tls, Host, _registry);
        Assert.Equal("layer"u8.ToArray(), await store.GetBlobAsync(_image.ToImageManifest().Layers[0], 100));
        Assert.Equal("CN=client", Assert.Single(_registry.ClientCertificates));
        Assert.Equal([""], _storage.ClientCertificates);
        Assert.All(_storage.Requests, r => Assert.Null(r.Authorization));
    }

    [Fact]
    public async Task Dockers_directory_for_a_host_serves_that_host_only()
    {
        var directory = Directory.CreateDirectory(At($"certs.d/{Host}"));
        foreach (var name in new[] { "ca.crt", "client.cert", "client.key" })
        {
            File.Copy(At(name), Path.Combine(directory.FullName, name));
        }
        var tls = new RegistryTlsOptions { CertificateDirectories = [At("certs.d"), At("nowhere")] };
        Assert.NotNull(await FindAsync(tls));
        Assert.Equal(["CN=client"], _registry.ClientCertificates);
        await Assert.ThrowsAsync<RegistryException>(() => FindAsync(tls, "registry.test:5001"));
        // Nor where it redirects to.
        Redirect();
        using var store = Open(tls, Host, _registry);
        await Assert.ThrowsAsync<RegistryException>(() => store.GetBlobAsync(_image.ToImageManifest().Layers[0], 100));
    }

    [Theory]
    [InlineData("no such file", null)]
    [InlineData("not a certificate", "not a PEM file|no certificate")]
    [InlineData("key of another", "belongs to the certificate")]
    [InlineData("encrypted key", "belongs to the certificate")]
    [InlineData("no key beside", "has no key")]
    [InlineData("too large", "at most")]
    public void Files_that_cannot_be_used_are_errors_that_name_them_and_quote_nothing(string what, string? reason)
    {
        using var other = ECDsa.Create();
        File.WriteAllText(At("secret.txt"), "hunter2");
        File.WriteAllText(At("other.key"), other.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(
            At("encrypted.key"),
            other.ExportEncryptedPkcs8PrivateKeyPem(
                "hunter2",
                new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)
            )
        );
        Directory.CreateDirectory(At($"certs.d/{Host}"));
        File.Copy(At("client.cert"), At($"certs.d/{Host}/client.cert"));
        File.WriteAllBytes(At("large.crt"), new byte[OciLimits.TlsFileBytes + 1]);
        var tls = what switch
        {
            "no such file" => new RegistryTlsOptions { AuthorityFiles = [At("absent.crt")] },
            "not a certificate" => new RegistryTlsOptions { AuthorityFiles = [At("secret.txt")] },
            "key of another" => new RegistryTlsOptions { ClientCertificateFile = At("client.cert"), ClientKeyFile = At("other.key") },
            "encrypted key" => new RegistryTlsOptions { ClientCertificateFile = At("client.cert"), ClientKeyFile = At("encrypted.key") },
            "too large" => new RegistryTlsOptions { AuthorityFiles = [At("large.crt")] },
            _ => new RegistryTlsOptions { CertificateDirectories = [At("certs.d")] },
        };
        using var connections = new RegistryConnections(tls);
        var e = Assert.ThrowsAny<Exception>(() => connections.Open(OciReference.Parse($"{Host}/app")));
        Assert.True(e is IOException or MalformedDataException, e.GetType().Name);
        Assert.DoesNotContain("hunter2", e.ToString(), StringComparison.Ordinal);
        Assert.Contains(reason?.Split('|') ?? [""], r => e.Message.Contains(r, StringComparison.Ordinal));
    }

    [Fact]
    public void One_host_has_one_client()
    {
        using var connections = new RegistryConnections();
        var one = connections.ClientFor(new RegistryReference("a.test", "x"));
        Assert.Same(one, connections.ClientFor(new RegistryReference("a.test", "y")));
        Assert.NotSame(one, connections.ClientFor(new RegistryReference("b.test", "x")));
    }

    private void Redirect()
    {
        foreach (var (digest, blob) in _registry.Blobs)
        {
            _storage.Blobs[digest] = blob;
        }
        _registry.Intercept = r =>
            r.Path.Contains("/blobs/", StringComparison.Ordinal)
                ? new TestResponse(307).With("Location", $"https://storage.test:5000{r.Path}?key=secret")
                : null;
    }

    private async Task<StoredManifest?> FindAsync(RegistryTlsOptions tls, string host = Host, TestRegistry? registry = null)
    {
        using var store = Open(tls, host, registry ?? _registry);
        return await store.FindManifestAsync("v1");
    }

    private OciStore Open(RegistryTlsOptions tls, string host, TestRegistry registry)
    {
        var connections = Own(
            new RegistryConnections(tls)
            {
                Configure = handler =>
                    handler.ConnectCallback = async (context, cancellation) =>
                    {
                        var port = context.DnsEndPoint.Host == "storage.test" ? _storage.Port : registry.Port;
                        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                        await socket.ConnectAsync(IPAddress.Loopback, port, cancellation);
                        return new NetworkStream(socket, ownsSocket: true);
                    },
            }
        );
        var credential = RegistryCredential.FromPassword("user", "pass");
        return connections.Open(
            OciReference.Parse($"{host}/app"),
            new RegistryOptions { Attempts = 1, Credentials = (_, _) => Task.FromResult<RegistryCredential?>(credential) }
        );
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);

    private T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    private static X509Certificate2 Authority(string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private static X509Certificate2 Issue(X509Certificate2 authority, string name, bool client)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new Oid(client ? "1.3.6.1.5.5.7.3.2" : "1.3.6.1.5.5.7.3.1")], false)
        );
        using var issued = request.Create(
            authority,
            DateTimeOffset.UtcNow.AddHours(-1),
            DateTimeOffset.UtcNow.AddHours(1),
            RandomNumberGenerator.GetBytes(8)
        );
        using var withKey = issued.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);
    }
}
