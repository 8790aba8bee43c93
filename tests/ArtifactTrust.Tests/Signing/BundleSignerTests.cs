using System.Text;
using System.Text.Json;
using ArtifactTrust.Attestations;
using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Signing;
using ArtifactTrust.Tests.Verification.Sigstore;
using ArtifactTrust.Transparency;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Signing;

public sealed class BundleSignerTests : IDisposable
{
    private readonly FakeSigstore _fake = new();
    private readonly TemporaryDirectory _directory = new();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_certificate_signs_files_statements_and_images(int log)
    {
        var services = _fake.Services(_fake.Config(log));
        using var credential = await services.IssueAsync(FakeSigstore.Token, FakeSigstore.Proof);
        Assert.Equal(TestLeaf.Name, Assert.Single(credential.Identity!.Names));
        var root = _fake.Authority.TrustedRoot();
        var signer = new BundleSigner(credential, services, root);
        using var file = Artifact();
        var verifier = new BundleVerifier([], new SigstoreTrust(root, TestAuthority.Identity));

        var message = await signer.SignFileAsync(file);
        Assert.True(verifier.VerifyMessage(message, file).IsVerified);
        Assert.True(Bundle.Parse(message.Utf8).Utf8.Span.SequenceEqual(message.Utf8.Span));
        Assert.Single(message.Material.Certificates);
        Assert.Single(message.Material.Timestamps);
        Assert.Equal(log == 1, message.Material.LogEntries[0].InclusionPromise is not null);

        var image = file.Digest(DigestAlgorithm.Sha256);
        Assert.True(verifier.VerifyImageSignature(await signer.SignImageAsync(image), image).IsVerified);
        using var predicate = JsonDocument.Parse("{}");
        var statement = new Statement(
            [new ResourceDescriptor("a", null, new DigestSet(image))],
            "https://example.com/p",
            predicate.RootElement
        );
        Assert.True(verifier.VerifyAttestation(await signer.SignStatementAsync(statement), new DigestSet(image)).IsVerified);
        Assert.Equal([true], _fake.Requests.Where(r => r.HasToken).Select(r => r.Url.AbsolutePath == FakeSigstore.Certificate));
    }

    [Fact]
    public async Task A_key_alone_has_the_time_of_its_signatures_signed()
    {
        using var key = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        using var credential = Credential.FromKey(key);
        var root = TrustedRoot.ForTimestamps(
            Encoding.UTF8.GetBytes(
                _fake.Authority.Tsa.Certificate.ExportCertificatePem() + "\n" + _fake.Authority.TsaRoot.ExportCertificatePem()
            )
        );
        Assert.False(root.IsOwnAuthority);
        var services = _fake.Services(SigningConfig.ForTimestamps(new Uri($"https://tsa.test{FakeSigstore.Time}")));
        using var file = Artifact();
        var bundle = await new BundleSigner(credential, services, root).SignFileAsync(file);
        Assert.Single(bundle.Material.Timestamps);
        Assert.Empty(bundle.Material.LogEntries);
        Assert.Equal([FakeSigstore.Time], _fake.Requests.Select(r => r.Url.AbsolutePath));
        var verifier = new BundleVerifier([key.PublicKey], new SigstoreTrust(root) { TimeThreshold = 1 });
        var report = verifier.VerifyMessage(bundle, file);
        Assert.True(report.IsVerified);
        Assert.Single(report.Verified!.Times);
        var without = await new BundleSigner(credential).SignFileAsync(file);
        Assert.Equal("time.threshold", verifier.VerifyMessage(without, file).Failure!.Name);
        _fake.Answer = (_, _, _, _) => Task.FromResult(FakeSigstore.Status(500));
        await Assert.ThrowsAsync<SigningServiceException>(() => new BundleSigner(credential, services, root).SignFileAsync(file));
    }

    [Fact]
    public async Task A_statement_of_others_is_signed_byte_for_byte_or_not_at_all()
    {
        using var key = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        using var credential = Credential.FromKey(key);
        var signer = new BundleSigner(credential);
        var theirs = Encoding.UTF8.GetBytes(
            $$"""
            { "predicateType":   "https://example.com/p", "_type": "https://in-toto.io/Statement/v1",
              "subject": [{ "digest": { "sha256": "{{new string('a', 64)}}" } }], "predicate": {"b": 1.0, "a": [ ]} }

            """
        );
        Assert.True((await signer.SignStatementAsync(theirs)).Envelope!.Payload.Span.SequenceEqual(theirs));
        await Assert.ThrowsAsync<MalformedDataException>(() => signer.SignStatementAsync("{}"u8.ToArray()));
        await Assert.ThrowsAsync<MalformedDataException>(() => signer.SignStatementAsync(theirs.AsMemory(0, theirs.Length - 4)));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(2, false)]
    public async Task A_managed_key_signs_with_what_services_there_are(int log, bool hasTime)
    {
        using var key = SigningKey.Generate(SignatureAlgorithm.EcdsaP384);
        var bundle = await SignAsync(_fake.Services(_fake.Config(log, hasTime)), Credential.FromKey(key));
        Assert.Equal(log == 0 ? 0 : 1, bundle.Material.LogEntries.Count);
        Assert.Equal(hasTime ? 1 : 0, bundle.Material.Timestamps.Count);
        Assert.NotNull(bundle.Material.PublicKeyHint);
        using var file = Artifact();
        Assert.True(new BundleVerifier([key.PublicKey]).VerifyMessage(bundle, file).IsVerified);
    }

    public static TheoryData<string> Algorithms() => [.. SignatureAlgorithm.All.Select(a => a.Name)];

    [Theory]
    [MemberData(nameof(Algorithms))]
    public async Task Every_algorithm_signs_without_services(string name)
    {
        using var key = SigningKey.Generate(SignatureAlgorithm.All.Single(a => a.Name == name));
        using var credential = Credential.FromKey(key);
        var signer = new BundleSigner(credential);
        using var file = Artifact();
        var bundle = await signer.SignFileAsync(file);
        Assert.True(new BundleVerifier([key.PublicKey]).VerifyMessage(bundle, file).IsVerified);
        var digest = file.Digest(DigestAlgorithm.Sha256);
        Assert.True(new BundleVerifier([key.PublicKey]).VerifyImageSignature(await signer.SignImageAsync(digest), digest).IsVerified);
        Assert.Empty(_fake.Requests);
    }

    [Fact]
    public async Task A_certificate_of_ones_own_authority_signs_with_a_time_and_no_log()
    {
        using var key = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        using var ecdsa = System.Security.Cryptography.ECDsa.Create();
        ecdsa.ImportSubjectPublicKeyInfo(key.PublicKey.SubjectPublicKeyInfo.Span, out _);
        using var leaf = TestLeaf.Issue(_fake.Authority, new Forgery { Key = TestKey.Of(ecdsa) });
        using var credential = Credential.FromCertificate(key, leaf.Certificate.RawDataMemory);
        var bundle = await SignAsync(_fake.Services(_fake.Config(0)), credential);
        Assert.Empty(bundle.Material.LogEntries);
        using var other = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        Assert.Throws<ArgumentException>(() => Credential.FromCertificate(other, leaf.Certificate.RawDataMemory));
        Assert.Throws<ArgumentException>(() => new BundleSigner(credential));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(2, false)]
    public async Task Ed25519_is_refused_before_signing_where_the_log_takes_digests_only(int log, bool isMessage)
    {
        using var key = SigningKey.Generate(SignatureAlgorithm.Ed25519);
        var signer = new BundleSigner(Credential.FromKey(key), _fake.Services(_fake.Config(log)), _fake.Authority.TrustedRoot());
        using var file = Artifact();
        var e = await Assert.ThrowsAsync<SigningServiceException>(() =>
            isMessage ? signer.SignFileAsync(file) : signer.SignImageAsync(file.Digest(DigestAlgorithm.Sha256))
        );
        Assert.Contains("digests only", e.Message, StringComparison.Ordinal);
        Assert.Empty(_fake.Requests);
    }

    [Fact]
    public async Task A_certificate_without_any_source_of_time_is_refused_before_anything_is_logged()
    {
        var services = _fake.Services(_fake.Config(2, hasTime: false));
        using var credential = await services.IssueAsync(FakeSigstore.Token, FakeSigstore.Proof);
        var e = await Assert.ThrowsAsync<SigningServiceException>(() => SignAsync(services, credential));
        Assert.Equal(SigningServiceKind.TimestampAuthority, e.Kind);
        Assert.Equal(0, _fake.Count(FakeSigstore.SecondLog));
    }

    [Fact]
    public async Task An_expired_certificate_signs_nothing()
    {
        _fake.Forgery = new Forgery { LeafTo = TestAuthority.Now.AddSeconds(-10) };
        var e = await Assert.ThrowsAsync<SigningServiceException>(() => KeylessAsync());
        Assert.Contains("was valid until", e.Message, StringComparison.Ordinal);
        Assert.Equal(0, _fake.Count(FakeSigstore.Time));
    }

    [Fact]
    public async Task Services_that_are_no_longer_valid_are_not_used()
    {
        var services = _fake.Services(_fake.Config(end: "2026-01-01T00:00:00Z"));
        var e = await Assert.ThrowsAsync<SigningServiceException>(() => services.IssueAsync(FakeSigstore.Token, FakeSigstore.Proof));
        Assert.Contains("ca.test", e.Message, StringComparison.Ordinal);
        Assert.Empty(_fake.Requests);
        using var key = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        e = await Assert.ThrowsAsync<SigningServiceException>(() => SignAsync(services, Credential.FromKey(key)));
        Assert.Equal(SigningServiceKind.TransparencyLog, e.Kind);
    }

    [Theory]
    [InlineData("set")]
    [InlineData("proof")]
    [InlineData("checkpoint")]
    [InlineData("sct")]
    [InlineData("time")]
    [InlineData("root")]
    public async Task What_does_not_verify_is_not_handed_out(string what)
    {
        using var other = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        var log = what is "set" ? 1 : 2;
        var root = _fake.Authority.TrustedRoot();
        switch (what)
        {
            case "set":
                _fake.Forgery = new Forgery { PromiseKey = other };
                break;
            case "proof":
                _fake.ChangeEntry = e =>
                    e["inclusionProof"]!["hashes"]![0] = Convert.ToBase64String(DigestAlgorithm.Sha256.Hash("x"u8).Bytes);
                break;
            case "checkpoint":
                var forger = _fake.Authority.Own(SigningKey.Generate(SignatureAlgorithm.Ed25519));
                _fake.Forgery = new Forgery { Signer = new NoteSigner(TestAuthority.LogName, forger) };
                break;
            case "sct":
                _fake.Forgery = new Forgery { SctKey = other };
                break;
            case "time":
                _fake.Forgery = new Forgery { StampTime = TestAuthority.Now.AddHours(1) };
                break;
            default:
                root = _fake.Authority.TrustedRoot(j => j["tlogs"]!.AsArray().RemoveAt(0));
                break;
        }
        var e = await Assert.ThrowsAsync<UnverifiableBundleException>(() => KeylessAsync(log, root));
        var expected = what switch
        {
            "set" => "log.set",
            "proof" => "log.inclusion",
            "checkpoint" => "log.checkpoint",
            "sct" => "certificate.sct",
            "time" => "certificate.path",
            _ => "log.threshold",
        };
        Assert.Equal(expected, e.Failure.Name);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_changed_byte_of_a_logs_answer_never_surprises()
    {
        using var key = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        foreach (var log in (int[])[1, 2])
        {
            var path = log == 1 ? FakeSigstore.FirstLog : FakeSigstore.SecondLog;
            var accepted = 0;
            for (var i = 0; i < 1400; i += 3)
            {
                var at = i;
                _fake.Answer = async (p, _, right, c) =>
                {
                    var response = right();
                    if (p != path)
                    {
                        return response;
                    }
                    var bytes = await response.Content.ReadAsByteArrayAsync(c);
                    bytes[at % bytes.Length] ^= 1;
                    return new HttpResponseMessage(response.StatusCode) { Content = new ByteArrayContent(bytes) };
                };
                try
                {
                    await SignAsync(_fake.Services(_fake.Config(log, hasTime: false)), Credential.FromKey(key));
                    accepted++;
                }
                catch (Exception e) when (e is SigningServiceException or UnverifiableBundleException)
                {
                    // Refused, as it should be.
                }
            }
            // Only the entry's own number, which is not signed, may change in an answer of the first version.
            Assert.InRange(accepted, 0, log == 1 ? 40 : 0);
        }
    }

    public void Dispose()
    {
        _fake.Dispose();
        _directory.Dispose();
    }

    private ArtifactFile Artifact() => ArtifactFile.Open(_directory.File("artifact", TestAuthority.Artifact));

    private async Task<Bundle> SignAsync(SigstoreServices services, Credential credential, TrustedRoot? root = null)
    {
        using var file = Artifact();
        return await new BundleSigner(credential, services, root ?? _fake.Authority.TrustedRoot()).SignFileAsync(file);
    }

    private async Task<Bundle> KeylessAsync(int log = 2, TrustedRoot? root = null)
    {
        var services = _fake.Services(_fake.Config(log));
        using var credential = await services.IssueAsync(FakeSigstore.Token, FakeSigstore.Proof);
        return await SignAsync(services, credential, root);
    }
}
