using System.Net;
using System.Text.Json.Nodes;
using ArtifactTrust.Bundles;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Signing;
using ArtifactTrust.Signing.Oidc;
using ArtifactTrust.Tests.Signing.Oidc;
using ArtifactTrust.Tests.Verification.Sigstore;

namespace ArtifactTrust.Tests.Signing;

/// <summary>What each service can do wrong, and what is told of it.</summary>
public sealed class SigstoreServicesTests : IDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    private static readonly string[] Paths = [FakeSigstore.Certificate, FakeSigstore.Time, FakeSigstore.FirstLog, FakeSigstore.SecondLog];

    private readonly FakeSigstore _fake = new();
    private readonly TemporaryDirectory _directory = new();

    public static TheoryData<string, int> PassingFailures() => Each(Paths, 429, 500, 502, 503, 504, 0);

    [Theory]
    [MemberData(nameof(PassingFailures))]
    public async Task A_failure_that_passes_is_tried_again(string path, int status)
    {
        _fake.Answer = (p, n, right, _) =>
            p != path || n > 0 ? Task.FromResult(right())
            : status == 0 ? throw new HttpRequestException(HttpRequestError.ConnectionError, "refused")
            : Task.FromResult(FakeSigstore.Status(status));
        Assert.NotNull(await SignAsync(path));
        Assert.Equal(2, _fake.Count(path));
    }

    public static TheoryData<string, int> LastingFailures() => Each(Paths, 500, 503, 0);

    [Theory]
    [MemberData(nameof(LastingFailures))]
    public async Task A_failure_that_lasts_ends_signing(string path, int status)
    {
        _fake.Answer = (p, _, right, _) =>
            p != path ? Task.FromResult(right())
            : status == 0 ? throw new HttpRequestException(HttpRequestError.ConnectionError, "refused")
            : Task.FromResult(FakeSigstore.Status(status));
        var e = await RefusedAsync(path);
        Assert.Equal(status == 0 ? null : (HttpStatusCode)status, e.Status);
        Assert.Equal(3, _fake.Count(path));
        Assert.False(e.IsTokenRejected);
    }

    public static TheoryData<string, int> Refusals() => Each(Paths, 400, 401, 403, 404, 413, 418, 302, 307);

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task A_refusal_is_not_tried_again_and_a_redirect_not_followed(string path, int status)
    {
        _fake.Answer = (p, _, right, _) =>
        {
            var response = p == path ? FakeSigstore.Status(status, "<html>") : right();
            response.Headers.TryAddWithoutValidation("Location", "https://elsewhere.test/");
            return Task.FromResult(response);
        };
        var e = await RefusedAsync(path);
        Assert.Equal((HttpStatusCode)status, e.Status);
        Assert.Equal(1, _fake.Count(path));
        Assert.False(e.IsTokenRejected);
        Assert.DoesNotContain(_fake.Requests, r => r.Url.Host == "elsewhere.test");
    }

    [Theory]
    [InlineData(400, 3, true)]
    [InlineData(401, 16, true)]
    [InlineData(403, 7, true)]
    [InlineData(400, 13, false)]
    [InlineData(404, 5, false)]
    public async Task A_rejected_token_is_told_apart_and_not_shown(int status, int code, bool isRejected)
    {
        _fake.Answer = (_, _, _, _) =>
            Task.FromResult(
                FakeSigstore.Json(status, $$"""{"code":{{code}},"message":"bad token {{FakeSigstore.Token}}\u001b[0m","details":[]}""")
            );
        var e = await RefusedAsync(FakeSigstore.Certificate);
        Assert.Equal(isRejected, e.IsTokenRejected);
        Assert.Contains("bad token", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(FakeSigstore.Token, e.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', e.Message);
    }

    public static TheoryData<string, string> Unreadable()
    {
        var cases = new TheoryData<string, string>();
        foreach (var path in Paths)
        {
            foreach (var what in (string[])["truncated", "empty", "html", "array", "null", "huge", "endless"])
            {
                cases.Add(path, what);
            }
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Unreadable))]
    public async Task An_answer_that_cannot_be_read_ends_signing(string path, string what)
    {
        _fake.Answer = async (p, _, right, c) =>
        {
            var response = right();
            if (p == path)
            {
                var body = await response.Content.ReadAsByteArrayAsync(c);
                response.Content = what switch
                {
                    "truncated" => new ByteArrayContent(body[..^10]),
                    "html" => new StringContent("<html>"),
                    "array" => new StringContent("[]"),
                    "null" => new StringContent("null"),
                    "huge" => new ByteArrayContent(new byte[4 << 20]),
                    "endless" => new StreamContent(new EndlessStream()),
                    _ => new ByteArrayContent([]),
                };
            }
            return response;
        };
        Assert.Null((await RefusedAsync(path)).Status);
        Assert.Equal(1, _fake.Count(path));
    }

    [Theory]
    [InlineData("detached", "certificate log's timestamp")]
    [InlineData("other key", "another key")]
    [InlineData("none", "PEM certificates")]
    [InlineData("not PEM", "PEM")]
    [InlineData("key", "'CERTIFICATE' is expected")]
    [InlineData("unknown member", "no such member")]
    public async Task A_certificate_that_is_of_no_use_is_refused(string what, string expected)
    {
        using var other = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        if (what == "other key")
        {
            _fake.Forgery = new Forgery { Key = TestKey.Of(other) };
        }
        _fake.Answer = async (_, _, right, c) =>
        {
            var json = JsonNode.Parse(await right().Content.ReadAsStringAsync(c))!.AsObject();
            var chain = json["signedCertificateEmbeddedSct"]!["chain"]!;
            switch (what)
            {
                case "detached":
                    return FakeSigstore.Json(
                        200,
                        $$"""{"signedCertificateDetachedSct":{"chain":{{chain.ToJsonString()}},"signedCertificateTimestamp":"AA=="} }"""
                    );
                case "none":
                    chain["certificates"] = new JsonArray();
                    break;
                case "not PEM":
                    chain["certificates"]![0] = "x";
                    break;
                case "key":
                    chain["certificates"]![0] = other.ExportSubjectPublicKeyInfoPem();
                    break;
                case "unknown member":
                    chain["x"] = 1;
                    break;
                default:
                    break;
            }
            return FakeSigstore.Json(200, json.ToJsonString());
        };
        var e = await RefusedAsync(FakeSigstore.Certificate);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_was_read_says_itself_whose_key_is_proven()
    {
        // The authority checks the proof of possession against this subject.
        var token = IdentityToken.Parse(TestTokens.Make(subject: FakeSigstore.Proof));
        using var credential = await _fake.Services().IssueAsync(token);
        Assert.NotNull(credential.Certificate);
        var other = IdentityToken.Parse(TestTokens.Make(subject: "other"));
        // The assertion of the authority in the test.
        await Assert.ThrowsAsync<Xunit.Sdk.TrueException>(() => _fake.Services().IssueAsync(other));
    }

    [Fact]
    public async Task A_token_is_not_sent_without_TLS()
    {
        var services = _fake.Services(_fake.Config(scheme: "http"));
        var e = await Assert.ThrowsAsync<SigningServiceException>(() => services.IssueAsync(FakeSigstore.Token, FakeSigstore.Proof));
        Assert.Contains("https only", e.Message, StringComparison.Ordinal);
        Assert.Empty(_fake.Requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two lines\r\nX-Header: 1")]
    [InlineData("schlüssel")]
    public async Task A_text_that_is_no_token_is_not_sent(string token)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => _fake.Services().IssueAsync(token, FakeSigstore.Proof));
        Assert.Empty(_fake.Requests);
    }

    [Theory]
    [InlineData("nonce")]
    [InlineData("imprint")]
    [InlineData("rejection")]
    [InlineData("trailing")]
    [InlineData("authority")]
    public async Task A_time_stamp_that_was_not_asked_for_is_refused(string what)
    {
        switch (what)
        {
            case "nonce":
                _fake.Nonce = [1, 2, 3, 4, 5, 6, 7, 8];
                break;
            case "imprint":
                _fake.Imprint = new byte[32];
                break;
            case "authority":
                _fake.Forgery = new Forgery
                {
                    Tsa = TestTsa.Create(_fake.Authority, "another", TestAuthority.Now.AddYears(-1), TestAuthority.Now.AddYears(1)),
                };
                break;
            default:
                _fake.Answer = async (p, _, right, c) =>
                {
                    var response = right();
                    if (p == FakeSigstore.Time)
                    {
                        var body = await response.Content.ReadAsByteArrayAsync(c);
                        response.Content = new ByteArrayContent(
                            what == "trailing" ? [.. body, 0] : [0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02]
                        );
                    }
                    return response;
                };
                break;
        }
        await RefusedAsync(FakeSigstore.Time);
        Assert.Equal(0, _fake.Count(FakeSigstore.SecondLog));
    }

    [Theory]
    [InlineData(FakeSigstore.FirstLog)]
    [InlineData(FakeSigstore.SecondLog)]
    public async Task An_entry_whose_answer_was_lost_is_found_again(string path)
    {
        Lose(path);
        var bundle = await SignAsync(path);
        Assert.Single(bundle.Material.LogEntries);
        Assert.Equal(2, _fake.Count(path));
        Assert.DoesNotContain(_fake.Requests, r => r.Url.Host == "elsewhere.test");
    }

    [Theory]
    [InlineData(255, false)]
    [InlineData(256, false)]
    [InlineData(700, false)]
    [InlineData(300, true)]
    public async Task An_entry_is_proven_by_the_tiles_of_a_larger_log(int others, bool hasFullTilesOnly)
    {
        using var fake = new FakeSigstore { OtherEntries = others, HasFullTilesOnly = hasFullTilesOnly };
        fake.Answer = (p, n, right, _) =>
        {
            var response = right();
            return p == FakeSigstore.SecondLog && n == 0
                ? throw new HttpRequestException(HttpRequestError.ResponseEnded, "lost")
                : Task.FromResult(response);
        };
        var bundle = await SignAsync(FakeSigstore.SecondLog, fake);
        Assert.Equal(others, Assert.Single(bundle.Material.LogEntries).LogIndex);
    }

    [Theory]
    [InlineData(FakeSigstore.FirstLog, "which one")]
    [InlineData(FakeSigstore.SecondLog, "which one")]
    public async Task A_conflict_without_a_place_is_refused(string path, string expected)
    {
        _fake.Answer = (p, _, right, _) => Task.FromResult(p == path ? FakeSigstore.Status(409, "{}") : right());
        var e = await RefusedAsync(path);
        Assert.Equal(HttpStatusCode.Conflict, e.Status);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FakeSigstore.FirstLog)]
    [InlineData(FakeSigstore.SecondLog)]
    public async Task A_conflict_with_the_entry_of_somebody_else_is_refused(string path)
    {
        // The entry of another signature, which the log has too.
        await SignAsync(path);
        var id = _fake.KnownIds.Single();
        _fake.Answer = (p, _, right, _) =>
            Task.FromResult(
                p == path
                    ? FakeSigstore.Json(
                        409,
                        $$"""{"code":6,"message":"an equivalent entry already exists, with UUID {{id}} with index 1"}"""
                    )
                    : right()
            );
        var e = await RefusedAsync(path);
        Assert.Contains("another entry", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("checkpoint", "503")]
    [InlineData("tile", "503")]
    [InlineData("tile bytes", "tiles cannot be read")]
    [InlineData("entries", "does not hash")]
    [InlineData("note", "cannot be read")]
    [InlineData("size", "still ends")]
    [InlineData("origin", "not a log of the trusted root")]
    public async Task A_log_that_cannot_prove_the_known_entry_is_refused(string what, string expected)
    {
        Lose(FakeSigstore.SecondLog);
        var lose = _fake.Answer;
        _fake.Answer = async (p, n, right, c) =>
        {
            var isCheckpoint = p.EndsWith("checkpoint", StringComparison.Ordinal);
            var isEntries = p.Contains("tile/entries", StringComparison.Ordinal);
            var isTile = p.Contains("/tile/", StringComparison.Ordinal) && !isEntries;
            return (what, isCheckpoint, isTile, isEntries) switch
            {
                ("checkpoint", true, _, _) or ("tile", _, true, _) => FakeSigstore.Status(503),
                ("tile bytes", _, true, _) => FakeSigstore.Status(200, new string('x', 64)),
                ("entries", _, _, true) => FakeSigstore.Status(200, "\0\u0001a\0\u0001b"),
                ("note", true, _, _) => FakeSigstore.Status(200, "no note"),
                ("size", true, _, _) => FakeSigstore.Status(
                    200,
                    $"log.test\n1\n{Convert.ToBase64String(new byte[32])}\n\n— log.test {Convert.ToBase64String(new byte[68])}\n"
                ),
                ("origin", true, _, _) => FakeSigstore.Status(
                    200,
                    (await right().Content.ReadAsStringAsync(c)).Replace("log.test", "evil.test", StringComparison.Ordinal)
                ),
                _ => await lose(p, n, right, c),
            };
        };
        var e = await RefusedAsync(FakeSigstore.SecondLog);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string> AllPaths() => [.. Paths];

    [Theory]
    [MemberData(nameof(AllPaths))]
    public async Task A_service_that_hangs_ends_signing_at_the_time_limit(string path)
    {
        var e = await RefusedAsync(path, _fake.Services(Config(path), limit: Longest, clock: Hang(path)));
        Assert.Contains("not done within 10 s", e.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, int> AnswersBeforeTheEnd() => Each(Paths, 429, 503, 0);

    [Theory]
    [MemberData(nameof(AnswersBeforeTheEnd))]
    public async Task What_a_service_answered_before_the_time_ran_out_is_told(string path, int status)
    {
        var clock = Hang(path);
        var hang = _fake.Answer;
        _fake.Answer = (p, n, right, c) => p == path && n < 2 ? Busy(path, status) : hang(p, n, right, c);
        var e = await RefusedAsync(path, _fake.Services(Config(path), Hasty, Longest, clock));
        Assert.Equal(status == 0 ? null : (HttpStatusCode)status, e.Status);
        Assert.Contains(status == 0 ? "no connection" : $"it answered {status}: busy", e.Message, StringComparison.Ordinal);
        Assert.EndsWith("(tried 3 times, signing was not done within 10 s)", e.Message, StringComparison.Ordinal);
        Assert.NotNull(e.Hint);
    }

    [Theory]
    [MemberData(nameof(AnswersBeforeTheEnd))]
    public async Task What_a_service_answered_before_a_pause_without_end_is_told(string path, int status)
    {
        _fake.Answer = (p, _, right, _) => p == path ? Busy(path, status) : Task.FromResult(right());
        var e = await RefusedAsync(path, EndsInPause(path));
        Assert.Equal(status == 0 ? null : (HttpStatusCode)status, e.Status);
        Assert.Contains(status == 0 ? "no connection" : $"it answered {status}: busy", e.Message, StringComparison.Ordinal);
        Assert.EndsWith("(signing was not done within 10 s)", e.Message, StringComparison.Ordinal);
        Assert.Equal(1, _fake.Count(path));
    }

    [Theory]
    [InlineData(FakeSigstore.FirstLog, "it answered 404")]
    [InlineData(FakeSigstore.SecondLog, "its checkpoint still ends at 0")]
    public async Task What_a_log_that_does_not_show_its_entry_answered_last_is_told(string path, string expected)
    {
        // Other entries than this are made up: the log does not have them.
        var known = $$"""{"code":6,"message":"exists, with UUID {{new string('a', 64)}} with index 7"}""";
        _fake.Answer = (p, _, right, _) => Task.FromResult(p == path ? FakeSigstore.Json(409, known) : right());
        var e = await RefusedAsync(path, EndsInPause(path));
        Assert.EndsWith($"{expected} (signing was not done within 10 s)", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(AllPaths))]
    public async Task Each_attempt_has_a_time_limit(string path)
    {
        var retry = new RetryPolicy
        {
            Attempts = 2,
            FirstDelay = TimeSpan.Zero,
            RequestTimeout = Longest,
        };
        var e = await RefusedAsync(path, _fake.Services(Config(path), retry, clock: Hang(path)));
        Assert.Contains("no answer within 10 s", e.Message, StringComparison.Ordinal);
        Assert.Equal(2, _fake.Count(path));
    }

    [Fact]
    public async Task The_caller_can_stop()
    {
        using var stop = new CancellationTokenSource();
        _fake.Answer = async (_, _, right, c) =>
        {
            await stop.CancelAsync();
            await Task.Delay(Timeout.Infinite, c);
            return right();
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            _fake.Services().IssueAsync(FakeSigstore.Token, FakeSigstore.Proof, stop.Token)
        );
    }

    [Fact]
    public void Pauses_double_up_to_the_longest_and_heed_the_server()
    {
        var policy = new RetryPolicy { FirstDelay = TimeSpan.FromSeconds(1), MaximumDelay = TimeSpan.FromSeconds(5) };
        Assert.InRange(policy.Delay(1, null).TotalSeconds, 0.5, 1);
        Assert.InRange(policy.Delay(3, null).TotalSeconds, 2, 4);
        Assert.Equal(5, policy.Delay(99, null).TotalSeconds);
        Assert.Equal(3, policy.Delay(1, TimeSpan.FromSeconds(3)).TotalSeconds);
        Assert.Equal(5, policy.Delay(1, TimeSpan.FromHours(3)).TotalSeconds);
        Assert.InRange(policy.Delay(1, TimeSpan.FromSeconds(-3)).TotalSeconds, 0.5, 1);
    }

    public void Dispose()
    {
        _fake.Dispose();
        _directory.Dispose();
    }

    /// <summary>Has one service never answer.</summary>
    /// <returns>A clock by which it takes <see cref="Longest"/> each time.</returns>
    private ManualTime Hang(string path)
    {
        var clock = new ManualTime(_fake.Clock.GetUtcNow());
        _fake.Answer = async (p, _, right, c) =>
        {
            if (p == path)
            {
                clock.Advance(Longest);
                await Task.Delay(Timeout.Infinite, c);
            }
            return right();
        };
        return clock;
    }

    private static RetryPolicy Hasty => new() { FirstDelay = TimeSpan.Zero };

    /// <summary>Repeats the token to the only service that gets one.</summary>
    private static Task<HttpResponseMessage> Busy(string path, int status) =>
        status == 0
            ? throw new HttpRequestException(HttpRequestError.ConnectionError, "refused")
            : Task.FromResult(
                FakeSigstore.Json(
                    status,
                    $$"""{"code":14,"message":"busy {{(path == FakeSigstore.Certificate ? FakeSigstore.Token : "")}}"}"""
                )
            );

    /// <summary>Services whose time limit ends within the first pause.</summary>
    private SigstoreServices EndsInPause(string path)
    {
        var retry = new RetryPolicy
        {
            FirstDelay = 4 * Longest,
            MaximumDelay = 4 * Longest,
            RequestTimeout = TimeSpan.FromHours(1),
        };
        var clock = new ManualTime(_fake.Clock.GetUtcNow());
        clock.Set = due =>
        {
            if (due >= 2 * Longest && due <= 4 * Longest)
            {
                clock.Advance(Longest);
            }
        };
        return _fake.Services(Config(path), retry, Longest, clock);
    }

    private void Lose(string path) =>
        _fake.Answer = (p, n, right, _) =>
        {
            var response = right();
            return p == path && n == 0 ? throw new HttpRequestException(HttpRequestError.ResponseEnded, "lost") : Task.FromResult(response);
        };

    private async Task<SigningServiceException> RefusedAsync(string path, SigstoreServices? services = null)
    {
        var e = await Assert.ThrowsAsync<SigningServiceException>(() => SignAsync(path, services: services));
        Assert.Equal(
            path == FakeSigstore.Certificate ? SigningServiceKind.CertificateAuthority
                : path == FakeSigstore.Time ? SigningServiceKind.TimestampAuthority
                : SigningServiceKind.TransparencyLog,
            e.Kind
        );
        Assert.DoesNotContain(FakeSigstore.Token, e.ToString(), StringComparison.Ordinal);
        return e;
    }

    private ArtifactTrust.Trust.SigningConfig Config(string path) => _fake.Config(path == FakeSigstore.FirstLog ? 1 : 2);

    /// <summary>Uses all services, the log of the given path among them; with a managed key where no certificate is needed.</summary>
    private async Task<Bundle> SignAsync(string path, FakeSigstore? fake = null, SigstoreServices? services = null)
    {
        fake ??= _fake;
        services ??= fake.Services(Config(path));
        using var key = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        using var credential =
            path == FakeSigstore.Certificate ? await services.IssueAsync(FakeSigstore.Token, FakeSigstore.Proof) : Credential.FromKey(key);
        using var file = ArtifactFile.Open(_directory.File("artifact", TestAuthority.Artifact));
        return await new BundleSigner(credential, services, fake.Authority.TrustedRoot()).SignFileAsync(file);
    }

    private static TheoryData<string, int> Each(string[] paths, params int[] statuses)
    {
        var cases = new TheoryData<string, int>();
        foreach (var path in paths)
        {
            foreach (var status in statuses)
            {
                cases.Add(path, status);
            }
        }
        return cases;
    }

    private sealed class EndlessStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            buffer.Span.Fill((byte)' ');
            return new(buffer.Length);
        }

        public override int Read(byte[] buffer, int offset, int count) => count;
    }
}
