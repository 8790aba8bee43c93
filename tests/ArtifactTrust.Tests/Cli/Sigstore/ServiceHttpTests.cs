using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Sigstore;

namespace ArtifactTrust.Tests.Cli.Sigstore;

/// <summary>Which TLS certificates and redirects of Sigstore's services are accepted.</summary>
public sealed class ServiceHttpTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly DateTimeOffset Start = DateTimeOffset.UtcNow.AddDays(-1);

    private readonly TemporaryDirectory _directory = new();
    private readonly X509Certificate2 _authority = Authority("corporate");

    public void Dispose()
    {
        _directory.Dispose();
        _authority.Dispose();
    }

    [Fact]
    public async Task A_service_with_a_certificate_of_the_named_authority_is_spoken_to()
    {
        using var server = new Server(_authority, "localhost", _ => "200 OK\r\n");
        using var http = ServiceHttp.Create(CaFile(_authority), Patience, redirects: false);
        Assert.Equal("hello", await http.GetStringAsync(server.Url));
        Assert.Contains("User-Agent: artifact-trust/", server.Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_of_any_other_authority_is_not()
    {
        using var other = Authority("other");
        using var server = new Server(_authority, "localhost", _ => "200 OK\r\n");
        using var named = ServiceHttp.Create(CaFile(other), Patience, redirects: false);
        using var system = ServiceHttp.Create(null, Patience, redirects: false);
        foreach (var http in (HttpClient[])[named, system])
        {
            var e = await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync(server.Url));
            Assert.Equal(HttpRequestError.SecureConnectionError, e.HttpRequestError);
        }
    }

    [Fact]
    public async Task A_certificate_for_another_host_is_refused_also_from_the_named_authority()
    {
        using var server = new Server(_authority, "elsewhere.example.com", _ => "200 OK\r\n");
        using var http = ServiceHttp.Create(CaFile(_authority), Patience, redirects: false);
        var e = await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync(server.Url));
        Assert.Equal(HttpRequestError.SecureConnectionError, e.HttpRequestError);
    }

    [Fact]
    public async Task Redirects_are_followed_only_where_that_is_asked_for()
    {
        using var server = new Server(_authority, "localhost", path => path == "/a" ? "302 Found\r\nLocation: /b\r\n" : "200 OK\r\n");
        using var following = ServiceHttp.Create(CaFile(_authority), Patience, redirects: true);
        Assert.Equal("hello", await following.GetStringAsync(new Uri(server.Url, "/a")));
        using var strict = ServiceHttp.Create(CaFile(_authority), Patience, redirects: false);
        using var response = await strict.GetAsync(new Uri(server.Url, "/a"));
        Assert.Equal(HttpStatusCode.Found, response.StatusCode);
    }

    [Fact]
    public async Task A_redirect_to_plain_http_is_never_followed()
    {
        using var server = new Server(_authority, "localhost", _ => "302 Found\r\nLocation: http://localhost:1/\r\n");
        using var http = ServiceHttp.Create(CaFile(_authority), Patience, redirects: true);
        using var response = await http.GetAsync(server.Url);
        Assert.Equal(HttpStatusCode.Found, response.StatusCode);
    }

    [Fact]
    public async Task A_circle_of_redirects_ends()
    {
        using var server = new Server(_authority, "localhost", _ => "302 Found\r\nLocation: /a\r\n");
        using var http = ServiceHttp.Create(CaFile(_authority), Patience, redirects: true);
        using var response = await http.GetAsync(server.Url);
        Assert.Equal(HttpStatusCode.Found, response.StatusCode);
        Assert.Equal(6, server.Requests);
    }

    [Theory]
    [InlineData(null, "does not exist")]
    [InlineData("hello", "has no certificate")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be used")]
    public void A_file_of_authorities_that_cannot_be_used_is_refused(string? content, string message)
    {
        var path = content is null ? Path.Join(_directory.Path, "absent.pem") : _directory.File("ca.pem", Encoding.UTF8.GetBytes(content));
        var e = Assert.Throws<CliException>(() => ServiceHttp.Create(path, Patience, redirects: false));
        Assert.Equal(ExitCode.Usage, e.ExitCode);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    private string CaFile(X509Certificate2 authority) =>
        _directory.File("ca.pem", Encoding.ASCII.GetBytes(authority.ExportCertificatePem()));

    private static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(Start, Start.AddDays(7));
    }

    /// <summary>A TLS server with a certificate of an authority for a host, which answers with a status and headers by path.</summary>
    private sealed class Server : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _end = new();
        private readonly X509Certificate2 _certificate;
        private readonly Func<string, string> _answer;
        private readonly Task _loop;

        internal Server(X509Certificate2 authority, string host, Func<string, string> answer)
        {
            _answer = answer;
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(host);
            request.CertificateExtensions.Add(names.Build());
            using var issued = request.Create(authority, Start, Start.AddDays(2), [1, 2, 3]);
            using var withKey = issued.CopyWithPrivateKey(key);
            _certificate = X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
            _listener.Start();
            Url = new Uri($"https://localhost:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
            _loop = Task.Run(ServeAsync);
        }

        internal Uri Url { get; }

        internal string Head { get; private set; } = "";

        internal int Requests { get; private set; }

        public void Dispose()
        {
            _end.Cancel();
            _loop.Wait();
            _listener.Stop();
            _end.Dispose();
            _certificate.Dispose();
        }

        private async Task ServeAsync()
        {
            while (true)
            {
                try
                {
                    using var client = await _listener.AcceptTcpClientAsync(_end.Token);
                    await using var tls = new SslStream(client.GetStream());
                    await tls.AuthenticateAsServerAsync(_certificate);
                    using var reader = new StreamReader(tls, Encoding.ASCII, leaveOpen: true);
                    var head = new StringBuilder();
                    while (await reader.ReadLineAsync() is { Length: > 0 } line)
                    {
                        head.AppendLine(line);
                    }
                    Head = head.ToString();
                    Requests++;
                    var answer = _answer(Head.Split(' ')[1]);
                    await tls.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {answer}Content-Length: 5\r\nConnection: close\r\n\r\nhello"));
                }
                catch (Exception e)
                    when (e is System.Security.Authentication.AuthenticationException or IOException or IndexOutOfRangeException)
                {
                    // The client does not like the certificate.
                }
                catch (Exception e) when (e is SocketException or OperationCanceledException)
                {
                    return;
                }
            }
        }
    }
}
