using System.Diagnostics;
using System.Text.Json;
using ArtifactTrust.Attestations;
using ArtifactTrust.Bundles;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Signing;
using ArtifactTrust.Verification;
using Xunit.Abstractions;

namespace ArtifactTrust.Tests.Signing;

/// <summary>Signatures made with real services, and verified by others.</summary>
public sealed class RealSigstoreTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly HttpClient _http = SigstoreStack.CreateClient();

    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (var config in (string[])["signing_config.json", "signing_config.rekor1.json", "signing_config.both.json"])
        {
            foreach (var kind in (string[])["email", "github", "gitlab", "ci", "uri", "username", "spiffe"])
            {
                cases.Add(config, kind);
            }
        }
        return cases;
    }

    [StackTheory]
    [MemberData(nameof(Cases))]
    public async Task A_file_an_attestation_and_an_image_are_signed_by_each_identity_and_log(string config, string kind)
    {
        var services = new SigstoreServices(_http, SigstoreStack.Config(config), TimeProvider.System);
        var (token, proof) = await SigstoreStack.MintAsync(kind, _http);
        var clock = Stopwatch.StartNew();
        using var credential = await services.IssueAsync(token, proof);
        var issued = clock.Elapsed;
        var signer = new BundleSigner(credential, services, SigstoreStack.Root());
        var path = _directory.File("weights.bin", $"weights {kind} {Guid.NewGuid()}\n");
        using var file = ArtifactFile.Open(path);
        var digests = new DigestSet(file.Digest(DigestAlgorithm.Sha256));
        clock.Restart();
        var message = await signer.SignFileAsync(file);
        var signed = clock.Elapsed;
        using var predicate = JsonDocument.Parse("""{"builder":{"id":"https://example.com/"}}""");
        var attestation = await signer.SignStatementAsync(
            new Statement([new ResourceDescriptor("weights.bin", null, digests)], "https://example.com/p", predicate.RootElement)
        );
        var image = await signer.SignImageAsync(file.Digest(DigestAlgorithm.Sha256));
        output.WriteLine($"{config} {kind}: certificate {issued.TotalMilliseconds:0} ms, signature {signed.TotalMilliseconds:0} ms");

        Assert.All((Bundle[])[message, attestation, image], b => Assert.Single(b.Material.Certificates));
        Assert.Equal(config == "signing_config.rekor1.json" ? "0.0.1" : "0.0.2", Assert.Single(message.Material.LogEntries).Version);
        var (name, issuer) = (credential.Identity!.Names[0], credential.Identity.Issuer!);
        string[] identity = ["--certificate-identity", name, "--certificate-oidc-issuer", issuer];
        string[] trust = ["--trusted-root", SigstoreStack.File("trusted_root.json")];
        Peer("cosign", ["verify-blob", "--bundle", Write("m", message), .. trust, .. identity, path]);
        var b = Write("a", attestation);
        Peer("cosign", ["verify-blob-attestation", "--type", "https://example.com/p", "--bundle", b, .. trust, .. identity, path]);
        Peer(
            "cosign",
            [
                "verify-blob-attestation",
                "--type",
                BundleVerifier.ImageSignatureType,
                "--bundle",
                Write("i", image),
                .. trust,
                .. identity,
                path,
            ]
        );
        foreach (var bundle in (string[])["m", "a", "i"])
        {
            Peer(
                "sigstore-go-verification",
                [
                    "--trustedrootJSONpath",
                    SigstoreStack.File("trusted_root.json"),
                    "--expectedIssuer",
                    issuer,
                    "--expectedSAN",
                    name,
                    "--artifact",
                    path,
                    // Logs of the second version tell no time; a signed time is there in either case.
                    "--requireTimestamp=true",
                    Path.Combine(_directory.Path, bundle),
                ]
            );
        }
    }

    public static TheoryData<string, string, bool, bool> Keys()
    {
        var cases = new TheoryData<string, string, bool, bool>();
        foreach (var log in (string[])["signing_config.json", "signing_config.rekor1.json"])
        {
            foreach (var algorithm in SignatureAlgorithm.All)
            {
                var isOld = log == "signing_config.rekor1.json";
                var isPss = algorithm == SignatureAlgorithm.RsaPss;
                cases.Add(log, algorithm.Name, true, algorithm.PreHash is not null && !isPss);
                cases.Add(
                    log,
                    algorithm.Name,
                    false,
                    !isPss
                        && (
                            isOld ? algorithm.PreHash is null || algorithm.PreHash == DigestAlgorithm.Sha256 : algorithm.PreHash is not null
                        )
                );
            }
        }
        return cases;
    }

    [StackTheory]
    [MemberData(nameof(Keys))]
    public async Task A_managed_key_signs_with_logs_and_times(string config, string algorithm, bool isMessage, bool isSupported)
    {
        using var key = SigningKey.Generate(SignatureAlgorithm.All.Single(a => a.Name == algorithm));
        using var credential = Credential.FromKey(key);
        var services = new SigstoreServices(_http, SigstoreStack.Config(config), TimeProvider.System);
        var signer = new BundleSigner(credential, services, SigstoreStack.Root());
        var path = _directory.File("weights.bin", $"weights {Guid.NewGuid()}\n");
        using var file = ArtifactFile.Open(path);
        Task<Bundle> Sign() => isMessage ? signer.SignFileAsync(file) : signer.SignImageAsync(file.Digest(DigestAlgorithm.Sha256));
        if (!isSupported)
        {
            var e = await Assert.ThrowsAsync<SigningServiceException>(Sign);
            Assert.Null(e.Status);
            return;
        }
        var bundle = await Sign();
        Assert.Single(bundle.Material.LogEntries);
        Assert.Single(bundle.Material.Timestamps);
    }

    [StackTheory]
    [InlineData("signing_config.json")]
    [InlineData("signing_config.rekor1.json")]
    public async Task An_entry_whose_answer_was_lost_is_found_again(string config)
    {
        using var lossy = new LossyHandler();
        using var http = new HttpClient(lossy) { Timeout = Timeout.InfiniteTimeSpan };
        var services = new SigstoreServices(http, SigstoreStack.Config(config), TimeProvider.System);
        var (token, proof) = await SigstoreStack.MintAsync("github", _http);
        using var credential = await services.IssueAsync(token, proof);
        using var file = ArtifactFile.Open(_directory.File("weights.bin", $"weights {Guid.NewGuid()}\n"));
        var bundle = await new BundleSigner(credential, services, SigstoreStack.Root()).SignFileAsync(file);
        Assert.Single(bundle.Material.LogEntries);
        Assert.Equal(2, lossy.Posts);
        if (Tests.Keys.Peer.ReasonToSkip("cosign") is null)
        {
            string[] trust =
            [
                "--trusted-root",
                SigstoreStack.File("trusted_root.json"),
                "--certificate-identity",
                credential.Identity!.Names[0],
            ];
            Peer(
                "cosign",
                [
                    "verify-blob",
                    "--bundle",
                    Write("m", bundle),
                    .. trust,
                    "--certificate-oidc-issuer",
                    credential.Identity.Issuer!,
                    file.Path,
                ]
            );
        }
    }

    [StackFact]
    public async Task An_expired_token_is_said_to_be_rejected()
    {
        var services = new SigstoreServices(_http, SigstoreStack.Config("signing_config.json"), TimeProvider.System);
        var (token, proof) = await SigstoreStack.MintAsync("email", _http, "ttl=-60");
        var e = await Assert.ThrowsAsync<SigningServiceException>(() => services.IssueAsync(token, proof));
        Assert.True(e.IsTokenRejected);
        Assert.DoesNotContain(token, e.ToString(), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _directory.Dispose();
        _http.Dispose();
    }

    private string Write(string name, Bundle bundle) => _directory.File(name, bundle.Utf8.ToArray());

    /// <summary>Runs a peer where there is one.</summary>
    private static void Peer(string program, string[] arguments)
    {
        if (Tests.Keys.Peer.ReasonToSkip(program) is not null)
        {
            return;
        }
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var text = process.StandardOutput.ReadToEnd() + error.GetAwaiter().GetResult();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {text}");
    }

    /// <summary>Loses the first answer of the log, after the log did its work.</summary>
    private sealed class LossyHandler() : DelegatingHandler(SigstoreServices.CreateHandler())
    {
        internal int Posts { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (
                request.Method != HttpMethod.Post
                || !request.RequestUri!.AbsolutePath.EndsWith("/log/entries", StringComparison.Ordinal)
                || ++Posts > 1
            )
            {
                return response;
            }
            await response.Content.ReadAsByteArrayAsync(cancellationToken);
            response.Dispose();
            throw new HttpRequestException(HttpRequestError.ResponseEnded, "lost");
        }
    }
}
