using System.Net;
using System.Text;
using ArtifactTrust.Cli.Oidc;
using ArtifactTrust.Signing.Oidc;
using Microsoft.AspNetCore.Http;

namespace ArtifactTrust.Tests.Signing.Oidc;

public sealed class SpiffeTokenTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly RushingTime _time = new(TestTokens.Now);

    private string Socket => Path.Combine(_directory.Path, "agent.sock");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_agent_gives_the_first_of_its_tokens()
    {
        byte[]? asked = null;
        await using var service = await AgentAsync(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            asked = body.ToArray();
            Assert.Equal("HTTP/2", context.Request.Protocol);
            Assert.Equal("/SpiffeWorkloadAPI/FetchJWTSVID", context.Request.Path.Value);
            Assert.Equal("true", context.Request.Headers["workload.spiffe.io"].ToString());
            Assert.Equal("application/grpc", context.Request.ContentType);
            await AnswerAsync(
                context,
                Message([
                    .. Field(1, [.. Field(1, "spiffe://example.com/a"u8), .. Field(2, Text(TestTokens.Make())), .. Field(3, "hint"u8)]),
                    .. Field(1, [.. Field(2, Text(TestTokens.Make(subject: "second")))]),
                ])
            );
        });
        var token = await FetchAsync();
        Assert.Equal("subject-1", token.Subject);
        Assert.Equal([0, 0, 0, 0, 10, 10, 8, .. "sigstore"u8.ToArray()], asked);
    }

    [Theory]
    [InlineData(7, IdentityTokenFailure.MissingPermission)]
    [InlineData(14, IdentityTokenFailure.Unavailable)]
    [InlineData(3, IdentityTokenFailure.Refused)]
    public async Task An_error_of_the_agent_is_told(int status, IdentityTokenFailure expected)
    {
        await using var service = await AgentAsync(context =>
        {
            // As gRPC servers send an error without a message: all in the first headers.
            context.Response.ContentType = "application/grpc";
            context.Response.Headers["grpc-status"] = $"{status}";
            context.Response.Headers["grpc-message"] = "no identity%20issued";
            return Task.CompletedTask;
        });
        var e = await Assert.ThrowsAsync<IdentityTokenException>(() => FetchAsync());
        Assert.Equal(expected, e.Failure);
        Assert.Contains("no identity issued", e.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, byte[]> Answers =>
        new()
        {
            { "empty", [] },
            { "no message", [0, 0, 0, 0] },
            { "compressed", [1, 0, 0, 0, 0] },
            { "longer than said", [0, 0, 0, 0, 0, 1] },
            { "shorter than said", [0, 0, 0, 0, 2, 1] },
            { "no token", [0, 0, 0, 0, 0] },
            { "two messages", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
            { "field cut short", Message([10, 5, 1]) },
            { "length without end", Message([10, 0xff, 0xff, 0xff]) },
            { "group", Message([11]) },
            { "wrong type", Message([8, 1]) },
            { "token without text", Message(Field(1, Field(1, "x"u8))) },
            { "huge length", Message([10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]) },
        };

    [Theory]
    [MemberData(nameof(Answers))]
    public void A_malformed_answer_is_refused(string name, byte[] answer)
    {
        var e = Assert.Throws<IdentityTokenException>(() => SpiffeMessages.FirstToken(answer));
        Assert.True(e.Failure == IdentityTokenFailure.BadAnswer, name);
    }

    [Fact]
    public void A_changed_or_cut_answer_never_fails_otherwise()
    {
        var answer = Message(Field(1, [.. Field(1, "spiffe://a"u8), .. Field(2, "token"u8)]));
        for (var i = 0; i < answer.Length; i++)
        {
            for (var value = 0; value < 256; value++)
            {
                var changed = (byte[])answer.Clone();
                changed[i] = (byte)value;
                Try(changed);
            }
            Try(answer[..i]);
        }

        static void Try(byte[] bytes)
        {
            try
            {
                SpiffeMessages.FirstToken(bytes);
            }
            catch (IdentityTokenException)
            {
                // As it should be.
            }
        }
    }

    [Fact]
    public async Task A_server_that_does_not_speak_gRPC_is_refused()
    {
        await using var service = await AgentAsync(context => context.HtmlAsync());
        var e = await Assert.ThrowsAsync<IdentityTokenException>(() => FetchAsync());
        Assert.Equal(IdentityTokenFailure.BadAnswer, e.Failure);
    }

    [Fact]
    public async Task An_agent_that_is_not_there_is_unavailable()
    {
        var e = await Assert.ThrowsAsync<IdentityTokenException>(() => FetchAsync());
        Assert.Equal(IdentityTokenFailure.Unavailable, e.Failure);
    }

    [Theory]
    [InlineData("unix:///run/spire/agent.sock", "/run/spire/agent.sock")]
    [InlineData("unix:/run/spire/agent.sock", "/run/spire/agent.sock")]
    [InlineData("unix:///run/a%20b", "/run/a b")]
    public void A_socket_is_a_path(string endpoint, string path) => Assert.Equal(path, Detect(endpoint).SocketPath);

    [Fact]
    public void An_address_on_this_machine_will_do() =>
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 8081), Detect("tcp://127.0.0.1:8081").Address);

    [Theory]
    [InlineData("/run/spire/agent.sock")]
    [InlineData("unix://host/run/agent.sock")]
    [InlineData("unix:///")]
    [InlineData("tcp://192.0.2.1:8081")]
    [InlineData("tcp://127.0.0.1")]
    [InlineData("tcp://localhost:8081")]
    [InlineData("https://127.0.0.1:8081")]
    public void Another_endpoint_is_refused(string endpoint) =>
        Assert.Equal(IdentityTokenFailure.Configuration, Assert.Throws<IdentityTokenException>(() => Detect(endpoint)).Failure);

    private static SpiffeToken Detect(string endpoint) =>
        (SpiffeToken)AmbientToken.Detect(new AmbientEnvironment(n => n == "SPIFFE_ENDPOINT_SOCKET" ? endpoint : null, (_, _) => null))!;

    private Task<TestService> AgentAsync(RequestDelegate answer) => TestService.StartAsync(answer, Socket);

    private async Task<IdentityToken> FetchAsync()
    {
        var spiffe = Detect($"unix://{Socket}");
        using var http = Transports.To(spiffe);
        return await spiffe.FetchAsync(http, "sigstore", _time);
    }

    private static async Task AnswerAsync(HttpContext context, byte[] message)
    {
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(message);
        context.Response.AppendTrailer("grpc-status", "0");
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Message(byte[] content) => [0, 0, 0, (byte)(content.Length >> 8), (byte)content.Length, .. content];

    private static byte[] Field(int number, ReadOnlySpan<byte> content) =>
        content.Length < 128
            ? [(byte)((number << 3) | 2), (byte)content.Length, .. content]
            : [(byte)((number << 3) | 2), (byte)((content.Length & 0x7f) | 0x80), (byte)(content.Length >> 7), .. content];
}
