using System.Net;
using System.Net.Sockets;
using System.Text;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

public sealed class RegistryFailureTests : RegistryTest
{
    private readonly ManualTime _clock = new();

    [Theory]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task A_failure_that_may_pass_is_tried_again(int status)
    {
        var image = Registry.AddImage("v1");
        var failures = 0;
        Registry.Intercept = _ => ++failures <= 4 ? TestResponse.Error(status, "TOOMANYREQUESTS") : null;
        Assert.Equal(image.Descriptor, (await Client().FindManifestAsync("v1"))!.Descriptor);
        Assert.Equal(4, Pauses.Count);
        // Each pause is 50 to 100 % of twice the one before.
        for (var i = 0; i < 4; i++)
        {
            Assert.InRange(Pauses[i].TotalMilliseconds, 125 * Math.Pow(2, i), 250 * Math.Pow(2, i));
        }
    }

    [Fact]
    public async Task A_storm_of_429_ends_with_the_registrys_own_words()
    {
        Registry.Intercept = _ => TestResponse.Error(429, "TOOMANYREQUESTS", "slow down");
        var e = await Assert.ThrowsAsync<RegistryException>(() => Client().FindManifestAsync("v1"));
        Assert.Equal((HttpStatusCode.TooManyRequests, "TOOMANYREQUESTS"), (e.Status, e.Code));
        Assert.Contains("slow down", e.Message, StringComparison.Ordinal);
        Assert.Equal(5, Registry.Requests.Count);
    }

    [Theory]
    [InlineData("7", 7)]
    [InlineData("86400", 30)]
    [InlineData("0", 0)]
    [InlineData("-5", 0)]
    [InlineData("soon", 0)]
    [InlineData("Wed, 21 Oct 2015 07:28:00 GMT", 0)]
    public async Task Retry_after_is_honoured_within_bounds(string value, int seconds)
    {
        Registry.AddImage("v1");
        var failures = 0;
        Registry.Intercept = _ => ++failures == 1 ? new TestResponse(503).With("Retry-After", value) : null;
        Assert.NotNull(await Client().FindManifestAsync("v1"));
        var pause = Assert.Single(Pauses);
        if (seconds > 0)
        {
            Assert.Equal(seconds, pause.TotalSeconds);
        }
        else
        {
            Assert.InRange(pause.TotalMilliseconds, 125, 250);
        }
    }

    [Theory]
    [InlineData(400)]
    [InlineData(403)]
    [InlineData(405)]
    [InlineData(416)]
    [InlineData(501)]
    [InlineData(206)]
    [InlineData(204)]
    [InlineData(304)]
    public async Task A_failure_that_will_not_pass_is_not_tried_again(int status)
    {
        Registry.Intercept = _ => new TestResponse(status);
        var e = await Assert.ThrowsAsync<RegistryException>(() => Client().FindManifestAsync("v1"));
        Assert.Equal(status, (int)e.Status!);
        Assert.Single(Registry.Requests);
    }

    [Fact]
    public async Task A_registry_that_is_down_is_named()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var client = Client($"127.0.0.1:{port}", Own(RegistryClient.CreateHttpClient()));
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.FindManifestAsync("v1"));
        Assert.Null(e.Status);
        Assert.Contains($"127.0.0.1:{port}/app", e.Message, StringComparison.Ordinal);
        Assert.NotNull(e.Hint);
        Assert.Equal(4, Pauses.Count);
    }

    [Fact]
    public async Task A_name_that_does_not_exist_is_not_tried_again()
    {
        var client = Client("registry.invalid", Own(RegistryClient.CreateHttpClient()));
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.FindManifestAsync("v1"));
        Assert.Contains("registry.invalid", e.Message, StringComparison.Ordinal);
        Assert.NotNull(e.Hint);
    }

    [Fact]
    public async Task A_connection_that_closes_without_an_answer_is_tried_again()
    {
        Registry.AddImage("v1");
        var failures = 0;
        Registry.Intercept = _ => ++failures <= 2 ? new TestResponse(200) { Raw = (_, _) => Task.CompletedTask } : null;
        Assert.NotNull(await Client().FindManifestAsync("v1"));
    }

    [Fact]
    public async Task A_manifest_that_is_cut_short_is_asked_for_again()
    {
        Registry.AddImage("v1");
        var failures = 0;
        Registry.Intercept = _ =>
            ++failures <= 2
                ? new TestResponse(200) { Raw = (s, _) => RawAsync(s, "HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{\"sch") }
                : null;
        Assert.NotNull(await Client().FindManifestAsync("v1"));
        Assert.Equal(3, Registry.Requests.Count);
    }

    [Fact]
    public async Task What_is_not_http_is_a_failure()
    {
        Registry.Intercept = _ => new TestResponse(200) { Raw = (s, _) => RawAsync(s, "SSH-2.0-OpenSSH_9.2\r\n") };
        await Assert.ThrowsAsync<RegistryException>(() => Client().FindManifestAsync("v1"));
    }

    [Fact]
    public async Task A_header_without_end_is_refused()
    {
        Registry.Intercept = _ => new TestResponse(200)
        {
            Raw = (s, _) => RawAsync(s, $"HTTP/1.1 200 OK\r\nX-Long: {new string('x', 200_000)}\r\n\r\n"),
        };
        var e = await Assert.ThrowsAsync<RegistryException>(() => Client().FindManifestAsync("v1"));
        Assert.Single(Registry.Requests);
        Assert.Contains("header", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registry_that_does_not_answer_is_given_up()
    {
        Registry.Intercept = _ => Silent("");
        var e = await Assert.ThrowsAsync<RegistryException>(() => Client(Impatient).FindManifestAsync("v1"));
        Assert.Contains("no answer within 10 s", e.Message, StringComparison.Ordinal);
        Assert.Equal(4, Pauses.Count);
    }

    [Fact]
    public async Task What_was_answered_before_the_time_ran_out_is_told()
    {
        var silent = Silent("");
        var asked = 0;
        Registry.Intercept = _ => ++asked < 3 ? TestResponse.Error(503, "UNAVAILABLE") : silent;
        var options = Options(requestTimeout: TimeSpan.FromDays(1), overallTimeout: TimeSpan.FromSeconds(30), time: _clock);
        var e = await Assert.ThrowsAsync<RegistryException>(() => Client(options).FindManifestAsync("v1"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, e.Status);
        Assert.Equal("UNAVAILABLE", e.Code);
        Assert.EndsWith("(tried 3 times, not done within 30 s)", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_manifest_that_stops_half_way_is_given_up()
    {
        Registry.Intercept = _ => Silent("HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{\"sch");
        await Assert.ThrowsAsync<RegistryException>(() => Client(Impatient).FindManifestAsync("v1"));
    }

    [Fact]
    public async Task A_blob_that_stops_half_way_is_given_up()
    {
        Registry.Intercept = _ => Silent("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhe");
        await Assert.ThrowsAsync<RegistryException>(() => Client(Impatient).GetBlobAsync(Blob("hello"), 100));
    }

    [Fact]
    public async Task A_blob_that_trickles_is_given_up_in_the_end()
    {
        Registry.Intercept = _ => new TestResponse(200)
        {
            Raw = async (s, cancellation) =>
            {
                await RawAsync(s, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
                while (true)
                {
                    await RawAsync(s, "x");
                    await s.FlushAsync(cancellation);
                    _clock.Advance(TimeSpan.FromSeconds(1));
                }
            },
        };
        var options = Options(
            requestTimeout: TimeSpan.FromSeconds(10),
            overallTimeout: TimeSpan.FromSeconds(30),
            minimumBytesPerSecond: 1 << 30,
            time: _clock
        );
        var content = new byte[100_000];
        var e = await Assert.ThrowsAsync<RegistryException>(() => Client(options).GetBlobAsync(Descriptor.Of("a/b", content), 1 << 20));
        Assert.Contains("not done within 30 s", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_caller_can_stop_the_wait()
    {
        using var stop = new CancellationTokenSource();
        Registry.Intercept = _ =>
        {
            stop.Cancel();
            return Silent("");
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Client().FindManifestAsync("v1", stop.Token));
    }

    [Fact]
    public async Task The_registrys_words_are_cleaned_and_bounded()
    {
        var hostile = "\\u001b[31mok\\r\\nfaked line\\u202e" + new string('x', 1000);
        Registry.Intercept = _ => TestResponse.Json(400, $$"""{"errors":[{"code":"MANIFEST_INVALID","message":"{{hostile}}"}]}""");
        var e = await Assert.ThrowsAsync<RegistryException>(() => Client().FindManifestAsync("v1"));
        Assert.DoesNotContain(e.Message, c => char.IsControl(c) || c == '\u202e');
        Assert.True(e.Message.Length < 500);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("[]")]
    [InlineData("""{"errors":[]}""")]
    [InlineData("""{"errors":[1]}""")]
    [InlineData("""{"errors":[{"code":1}]}""")]
    [InlineData("""{"errors":[{"code":"not a code"}]}""")]
    [InlineData("""{"errors":{}}""")]
    public async Task An_error_that_cannot_be_read_is_its_status(string body)
    {
        Registry.Intercept = _ => TestResponse.Json(400, body);
        var e = await Assert.ThrowsAsync<RegistryException>(() => Client().FindManifestAsync("v1"));
        Assert.Equal(HttpStatusCode.BadRequest, e.Status);
        Assert.Null(e.Code);
    }

    [Fact]
    public async Task An_error_without_end_is_its_status()
    {
        Registry.Intercept = _ => new TestResponse(400)
        {
            Raw = async (s, cancellation) =>
            {
                await RawAsync(s, "HTTP/1.1 400 Bad\r\nConnection: close\r\n\r\n");
                var spaces = Encoding.ASCII.GetBytes(new string(' ', 64 << 10));
                while (true)
                {
                    await s.WriteAsync(spaces, cancellation);
                }
            },
        };
        Assert.Equal(
            HttpStatusCode.BadRequest,
            (await Assert.ThrowsAsync<RegistryException>(() => Client().FindManifestAsync("v1"))).Status
        );
    }

    [Fact]
    public async Task An_untrusted_certificate_is_refused_at_once()
    {
        await using var tls = new TestRegistry(tls: true);
        var client = Client(tls.Host, Own(RegistryClient.CreateHttpClient()), Options(plainHttp: false));
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.FindManifestAsync("v1"));
        Assert.Contains("TLS", e.Message, StringComparison.Ordinal);
        Assert.Empty(Pauses);
        Assert.Empty(tls.Requests);
    }

    [Fact]
    public async Task A_registry_elsewhere_is_spoken_to_over_https_only()
    {
        await using var tls = new TestRegistry(tls: true);
        var image = tls.AddImage("v1");
        var client = Client("registry.example", Named(("registry.example", tls)));
        Assert.Equal(image.Descriptor, (await client.FindManifestAsync("v1"))!.Descriptor);
        // Where the other side speaks http, nothing is sent that it could read.
        var plain = Client("registry.example", Named(("registry.example", Registry)), Options(RegistryCredential.FromPassword("u", "p")));
        await Assert.ThrowsAsync<RegistryException>(() => plain.FindManifestAsync("v1"));
        Assert.Empty(Registry.Requests);
    }

    [Fact]
    public async Task Plain_http_elsewhere_has_to_be_asked_for()
    {
        var image = Registry.AddImage("v1");
        var client = Client("registry.example", Named(("registry.example", Registry)), Options(plainHttp: true));
        Assert.Equal(image.Descriptor, (await client.FindManifestAsync("v1"))!.Descriptor);
    }

    [Fact]
    public void Options_that_make_no_sense_are_the_callers_mistake()
    {
        foreach (
            var options in new RegistryOptions[]
            {
                new() { Attempts = 0 },
                new() { MinimumBytesPerSecond = 0 },
                new() { ChunkBytes = 0 },
                new() { ChunkBytes = int.MaxValue },
                new() { ChunkThreshold = -1 },
                new() { ChunkThreshold = int.MaxValue },
                new() { RequestTimeout = TimeSpan.Zero },
                new() { OverallTimeout = TimeSpan.Zero },
                new() { MaximumDelay = TimeSpan.FromSeconds(-1) },
                new() { SettleTime = TimeSpan.FromSeconds(-1) },
            }
        )
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => Client(options));
        }
    }

    [Theory]
    [InlineData("error:0A00045C:SSL routines::tlsv13 alert certificate required", "certificate required")]
    [InlineData("error:0A000412:SSL routines::sslv3 alert bad certificate", "bad certificate")]
    [InlineData("error:0A000418:SSL routines::tlsv1 alert unknown ca", "unknown ca")]
    [InlineData("error:0A000410:SSL routines::ssl/tls alert handshake failure", "handshake failure")]
    public void An_alert_about_our_certificate_is_told_and_not_tried_again(string said, string told)
    {
        // As .NET has it on Linux; with TLS 1.3 in place of an answer.
        var inner = new IOException("The decryption operation failed.", new IOException("SSL_ERROR_SSL", new IOException(said)));
        var e = RegistryFailure.From(new HttpRequestException("sending", inner), "fetch", new Uri("https://registry.example/"));
        Assert.False(e.IsTransient);
        Assert.EndsWith(told, e.Message, StringComparison.Ordinal);
        Assert.Contains("--registry-cert", e.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Docker_hub_is_reached_where_its_api_is()
    {
        await using var tls = new TestRegistry(tls: true);
        tls.Intercept = r => r.Path == "/v2/library/ubuntu/manifests/v1" ? TestResponse.Error(418, "SEEN") : null;
        using var client = new RegistryClient(
            Named(("registry-1.docker.io", tls)),
            new RegistryReference("docker.io", "ubuntu"),
            Options()
        );
        Assert.Equal("SEEN", (await Assert.ThrowsAsync<RegistryException>(() => client.FindManifestAsync("v1"))).Code);
    }

    private RegistryOptions Impatient =>
        Options(requestTimeout: TimeSpan.FromSeconds(10), overallTimeout: TimeSpan.FromDays(20), time: _clock);

    /// <summary>Nothing more comes, while time passes.</summary>
    private TestResponse Silent(string begin) =>
        new(200)
        {
            Raw = async (s, cancellation) =>
            {
                await RawAsync(s, begin);
                await s.FlushAsync(cancellation);
                while (true)
                {
                    // The client's limit starts anew with what it has read, which nobody else knows of.
                    _clock.Advance(TimeSpan.FromSeconds(10));
                    await Task.Delay(5, cancellation);
                }
            },
        };
}
