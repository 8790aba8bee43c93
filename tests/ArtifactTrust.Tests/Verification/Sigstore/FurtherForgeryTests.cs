using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Verification.Sigstore;

/// <summary>Keys of every kind, managed keys, one's own authority, several logs and times.</summary>
public sealed class FurtherForgeryTests : IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly string _file = Path.GetTempFileName();

    public FurtherForgeryTests() => File.WriteAllBytes(_file, TestAuthority.Artifact);

    public void Dispose()
    {
        _authority.Dispose();
        File.Delete(_file);
    }

    [Theory]
    [InlineData("PKIX_ECDSA_P384_SHA_384", 2)]
    [InlineData("PKIX_ECDSA_P384_SHA_256", 2)]
    [InlineData("PKIX_ECDSA_P521_SHA_512", 2)]
    [InlineData("PKIX_ECDSA_P521_SHA_256", 2)]
    [InlineData("PKIX_ECDSA_P384_SHA_256", 1)]
    [InlineData("PKIX_ECDSA_P521_SHA_256", 1)]
    [InlineData("PKIX_RSA_PKCS1V15_2048_SHA256", 2)]
    [InlineData("PKIX_RSA_PKCS1V15_3072_SHA256", 2)]
    [InlineData("PKIX_RSA_PKCS1V15_4096_SHA256", 2)]
    [InlineData("PKIX_RSA_PKCS1V15_2048_SHA256", 1)]
    [InlineData("PKIX_RSA_PSS_3072_SHA256", 2)]
    [InlineData("PKIX_RSA_PSS_3072_SHA256", 1)]
    [InlineData("PKIX_ED25519_PH", 2)]
    public void Keys_of_every_kind_verify_and_only_by_their_own_name(string details, int logVersion)
    {
        var forgery = new Forgery { Key = TestKey.Create(details), LogVersion = logVersion };
        Accepts(forgery);
        Accepts(forgery with { ManagedKey = forgery.Key });
        Refuses(forgery with { SignedContent = "other"u8.ToArray() }, "log.body");
        if (logVersion == 2)
        {
            Refuses(forgery with { LoggedDetails = "PKIX_ECDSA_P256_SHA_256" }, "log.body");
        }
        var root = _authority.TrustedRoot(r => r["tlogs"] = new JsonArray());
        var report = Verify(forgery with { LogVersion = 0, SignedContent = "other"u8.ToArray() }, root);
        Assert.Equal(("signature.key", FailureCode.SignatureInvalid), (report.Failure?.Name, report.Failure?.Code));
    }

    [Fact]
    public void A_pre_hashed_signature_is_logged_by_its_own_name_and_verifies_by_the_plain_key()
    {
        var key = TestKey.Create("PKIX_ED25519_PH");
        var forgery = new Forgery { ManagedKey = key };
        // Whoever trusts an Ed25519 key need not know how it signs.
        Assert.Equal(SignatureAlgorithm.Ed25519, key.Verification.Algorithm);
        Assert.True(Verify(forgery, key: key.Verification).IsVerified);
        using var other = TestKey.Create("PKIX_ED25519_PH").Verification;
        Assert.False(Verify(forgery, key: other).IsVerified);
        // What is told is about the kind of signature that the log may hold.
        var report = Verify(forgery with { SignedContent = "other"u8.ToArray() }, key: key.Verification);
        Assert.Equal("log.body", report.Failure?.Name);
        Assert.DoesNotContain("holds no signatures", report.Failure!.Message, StringComparison.Ordinal);
        foreach (
            var wrong in new[]
            {
                forgery,
                new Forgery { Key = key },
            }
        )
        {
            Refuses(wrong with { LoggedDetails = "PKIX_ED25519" }, "log.body");
            Refuses(wrong with { LoggedDetails = "PKIX_ED25519_PHX" }, "log.body");
            // The digest of the right artifact by another function.
            Refuses(wrong with { LoggedDigest = SHA256.HashData(TestAuthority.Artifact) }, "log.body");
        }
    }

    [Fact]
    public void A_leaf_with_an_ed25519_key_signs_the_message()
    {
        var root = _authority.TrustedRoot(r => r["tlogs"] = new JsonArray());
        var forgery = new Forgery { Key = TestKey.Create("PKIX_ED25519"), LogVersion = 0 };
        Assert.True(Verify(forgery, root).IsVerified);
        // A pure signature has no place in a log of digests.
        Refuses(forgery with { LogVersion = 2 }, "log.body");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_managed_key_with_a_log_and_a_time_verifies(int logVersion)
    {
        var key = TestKey.Create("PKIX_ECDSA_P256_SHA_256");
        var forgery = new Forgery { ManagedKey = key, LogVersion = logVersion };
        Assert.Equal([TestAuthority.Now], Accepts(forgery).Verified!.Times.Distinct());
        Refuses(forgery with { LogVersion = 0 }, "log.threshold");
        Refuses(forgery with { LoggedSignature = [1] }, "log.body");
        Refuses(forgery with { LoggedDigest = new byte[32] }, "log.body");
        Refuses(forgery with { LoggedCertificate = TestKey.Create("PKIX_ECDSA_P256_SHA_256").Spki }, "log.body");
        Refuses(forgery with { StampedContent = [1] }, "time.token");
        using var other = TestKey.Create("PKIX_ECDSA_P256_SHA_256").Verification;
        Assert.Equal("log.body", Verify(forgery, null, other).Failure?.Name);
    }

    [Fact]
    public void Without_a_time_the_key_of_a_log_that_is_no_more_is_refused()
    {
        var forgery = new Forgery { ManagedKey = TestKey.Create("PKIX_ECDSA_P256_SHA_256"), HasTimestamp = false };
        Accepts(forgery);
        var ended = _authority.TrustedRoot(r => r["tlogs"]![0]!["publicKey"]!["validFor"]!["end"] = "2027-01-01T00:00:00Z");
        Assert.Equal("log.validity", Verify(forgery, ended).Failure?.Name);
        Assert.True(Verify(forgery with { HasTimestamp = true }, ended).IsVerified);
    }

    [Theory]
    [InlineData("dsse", "digest")]
    [InlineData("dsse", "signature")]
    [InlineData("dsse", "certificate")]
    [InlineData("dsse", "kind")]
    [InlineData("intoto", "digest")]
    [InlineData("intoto", "signature")]
    [InlineData("intoto", "certificate")]
    [InlineData("intoto", "kind")]
    public void An_envelope_must_be_the_one_logged(string kind, string what)
    {
        var digest = Convert.ToHexStringLower(DigestAlgorithm.Sha256.Hash(TestAuthority.Artifact).Bytes);
        var forgery = new Forgery
        {
            LogVersion = 1,
            Kind = kind,
            Envelope = (
                "application/vnd.in-toto+json",
                Encoding.UTF8.GetBytes(
                    $$$"""{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"{{{digest}}}"}}],"predicateType":"https://test/p","predicate":{}}"""
                )
            ),
        };
        Assert.True(Attestation(forgery).IsVerified);
        var wrong = what switch
        {
            "digest" => forgery with { LoggedDigest = new byte[32] },
            "signature" => forgery with { LoggedSignature = [1] },
            "certificate" => forgery with { LoggedCertificate = _authority.Root.RawData },
            _ => forgery with { Change = b => Entry(b)["kindVersion"]!["kind"] = kind == "dsse" ? "intoto" : "dsse" },
        };
        Assert.Equal(("log.body", FailureCode.LogEntryMismatch), (Attestation(wrong).Failure?.Name, Attestation(wrong).Failure?.Code));
    }

    [Fact]
    public void A_wrong_promise_is_refused_though_the_proof_is_right()
    {
        using var other = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        var report = Verify(new Forgery { LogVersion = 1, PromiseKey = other });
        Assert.Contains(report.Checks, c => c is { Name: "log.inclusion", Outcome: CheckOutcome.Passed });
        Assert.Equal("log.set", report.Failure?.Name);
    }

    [Fact]
    public void A_promise_over_a_time_that_no_calendar_has_is_refused()
    {
        var bundle = _authority.Sign(new Forgery { LogVersion = 1, Change = b => Entry(b)["integratedTime"] = "9223372036854775807" });
        var report = _authority.Verify(bundle);
        Assert.Equal("log.set", report.Failure?.Name);
        Assert.Equal("9223372036854775807", report.Failure?.Actual);
    }

    [Fact]
    public void Entries_of_two_logs_satisfy_a_threshold_of_two()
    {
        var key = TestKey.Create("PKIX_ECDSA_P256_SHA_256");
        JsonObject? first = null;
        byte[]? signature = null;
        // One signature, logged twice: ECDSA's are different each time.
        var same = key with
        {
            Sign = m => signature ??= key.Sign(m),
        };
        _ = _authority.Sign(
            new Forgery
            {
                ManagedKey = same,
                LogVersion = 1,
                Change = b => first = Entry(b).DeepClone().AsObject(),
            }
        );
        var forgery = new Forgery { ManagedKey = same, Change = b => Entries(b).Add(first!.DeepClone()) };
        VerificationReport Verdict(int threshold, Forgery f) =>
            new BundleVerifier([key.Verification], new SigstoreTrust(_authority.TrustedRoot()) { LogThreshold = threshold }).VerifyMessage(
                Bundle.Parse(TestAuthority.Utf8(_authority.Sign(f))),
                DigestAlgorithm.Sha256.Hash(TestAuthority.Artifact)
            );
        Assert.True(Verdict(2, forgery).IsVerified);
        Assert.Equal("log.threshold", Verdict(3, forgery).Failure?.Name);
        Assert.Equal("log.threshold", Verdict(2, forgery with { Change = null }).Failure?.Name);
        // One that is wrong spoils the bundle, though the other satisfies.
        first!["inclusionProof"]!["hashes"]![0] = TestAuthority.Base64(new byte[32]);
        Assert.Equal("log.inclusion", Verdict(1, forgery).Failure?.Name);
        // One of a log that nobody knows does not.
        first["logId"]!["keyId"] = TestAuthority.Base64(new byte[32]);
        Assert.True(Verdict(1, forgery).IsVerified);
        Assert.Contains(Verdict(1, forgery).Checks, c => c is { Name: "log.threshold", Outcome: CheckOutcome.NotRequired });
    }

    [Fact]
    public void A_token_of_a_stranger_beside_a_known_one_is_passed_over()
    {
        using var other = new TestAuthority();
        var key = TestKey.Create("PKIX_ECDSA_P256_SHA_256");
        byte[]? signature = null;
        var forgery = new Forgery { ManagedKey = key with { Sign = m => signature ??= key.Sign(m) } };
        JsonNode Token(Forgery f)
        {
            JsonNode? token = null;
            _ = _authority.Sign(f with { Change = b => token = Tokens(b)[0]!.DeepClone() });
            return token!;
        }
        VerificationReport Two(Forgery second, int threshold, TrustedRoot? root = null)
        {
            var token = Token(second);
            return new BundleVerifier(
                [key.Verification],
                new SigstoreTrust(root ?? _authority.TrustedRoot()) { TimeThreshold = threshold }
            ).VerifyMessage(
                Bundle.Parse(TestAuthority.Utf8(_authority.Sign(forgery with { Change = b => Tokens(b).Add(token) }))),
                DigestAlgorithm.Sha256.Hash(TestAuthority.Artifact)
            );
        }
        var foreign = forgery with { Tsa = other.Tsa };
        Assert.True(Two(foreign, 1).IsVerified);
        Assert.Contains(Two(foreign, 1).Checks, c => c is { Name: "time.token", Outcome: CheckOutcome.NotRequired });
        Assert.Equal("time.threshold", Two(foreign, 2).Failure?.Name);
        // Two tokens of one authority are one source.
        Assert.Equal("time.threshold", Two(forgery, 2).Failure?.Name);
        // One that is wrong spoils the bundle.
        Assert.Equal("time.token", Two(forgery with { StampedContent = [1] }, 1).Failure?.Name);
        var both = _authority.TrustedRoot(r =>
            r["timestampAuthorities"]!.AsArray().Add(TestAuthority.AuthorityJson("second", other.Tsa.Certificate, other.TsaRoot))
        );
        Assert.True(Two(foreign, 2, both).IsVerified);
    }

    [Fact]
    public void A_certificate_timestamp_of_an_unknown_log_beside_a_known_one_is_passed_over()
    {
        Accepts(new Forgery { HasForeignSct = true });
        Refuses(new Forgery { HasForeignSct = true, SctLogId = new byte[32] }, "certificate.sct");
    }

    [Fact]
    public void A_certificate_log_whose_time_is_over_is_refused()
    {
        var root = _authority.TrustedRoot(r => r["ctlogs"]![0]!["publicKey"]!["validFor"]!["end"] = "2026-01-15T11:59:59Z");
        var report = Verify(new Forgery(), root);
        Assert.Equal(("certificate.sct", FailureCode.CertificateNotLogged), (report.Failure?.Name, report.Failure?.Code));
    }

    [Fact]
    public void Certificates_of_ones_own_authority_need_a_time_or_a_clock()
    {
        var stamped = Own(new Forgery());
        Assert.True(stamped(true, null, TestLeaf.Name).IsVerified);
        Assert.Equal([TestAuthority.Now], stamped(true, null, TestLeaf.Name).Verified!.Times);
        var unstamped = Own(new Forgery { HasTimestamp = false });
        Assert.Equal("time.threshold", unstamped(true, null, TestLeaf.Name).Failure?.Name);
        Assert.True(unstamped(false, new Clock(TestAuthority.Now), TestLeaf.Name).IsVerified);
        // The clock proves nothing.
        Assert.Empty(unstamped(false, new Clock(TestAuthority.Now), TestLeaf.Name).Verified!.Times);
        Assert.Equal("certificate.path", unstamped(false, new Clock(TestAuthority.Now.AddMinutes(6)), TestLeaf.Name).Failure?.Name);
        // With a verified time, the clock does not count.
        Assert.True(stamped(true, new Clock(TestAuthority.Now.AddYears(3)), TestLeaf.Name).IsVerified);
        Assert.Equal("certificate.identity", stamped(true, null, TestLeaf.Name + "x").Failure?.Name);
    }

    [Theory]
    [InlineData("email", "dev@test")]
    [InlineData("dns", "ci.test")]
    [InlineData("uri", "spiffe://test/ci")]
    public void A_name_of_each_kind_is_accepted_letter_by_letter(string kind, string name)
    {
        var builder = new SubjectAlternativeNameBuilder();
        switch (kind)
        {
            case "email":
                builder.AddEmailAddress(name);
                break;
            case "dns":
                builder.AddDnsName(name);
                break;
            default:
                builder.AddUri(new Uri(name));
                break;
        }
        var verify = Own(new Forgery { NameExtension = builder.Build(true) });
        Assert.True(verify(true, null, name).IsVerified);
        Assert.Equal("certificate.identity", verify(true, null, name.ToUpperInvariant()).Failure?.Name);
    }

    [Fact]
    public void A_certificate_with_an_issuer_is_not_accepted_by_its_name_alone()
    {
        var verify = Own(new Forgery { HasIssuerName = true }, keepIssuer: true);
        Assert.Equal("certificate.identity", verify(true, null, TestLeaf.Name).Failure?.Name);
    }

    [Fact]
    public void Another_authority_is_refused()
    {
        using var other = new TestAuthority();
        var forgery = new Forgery { LeafIssuer = (other.Intermediate, other.IntermediateKey) };
        Assert.Equal("certificate.path", Own(forgery)(true, null, TestLeaf.Name).Failure?.Name);
    }

    [Fact]
    public void Files_of_certificates_are_read_strictly()
    {
        var root = Pem(_authority.Root);
        Assert.Single(TrustedRoot.ForAuthority(Encoding.UTF8.GetBytes("# our root\n" + root)).CertificateAuthorities);
        Refused("");
        Refused("no certificate");
        Refused(root + "-----BEGIN CERTIFICATE-----\nAAAA\n");
        Refused("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" + root);
        Refused(root.Replace("MII", "MIJ", StringComparison.Ordinal));
        Refused(Pem(_authority.Tsa.Certificate));
        Refused(string.Concat(Enumerable.Repeat(root, Limits.CertificateFileCertificates + 1)));
        void Refused(string text) => Assert.Throws<MalformedDataException>(() => TrustedRoot.ForAuthority(Encoding.UTF8.GetBytes(text)));
        Assert.Throws<MalformedDataException>(() =>
            TrustedRoot.ForAuthority(Encoding.UTF8.GetBytes(root), default, Encoding.UTF8.GetBytes(Pem(_authority.TsaRoot)))
        );
        Assert.Throws<MalformedDataException>(() =>
            TrustedRoot.ForAuthority(Encoding.UTF8.GetBytes(root), default, Encoding.UTF8.GetBytes(Pem(_authority.Tsa.Certificate)))
        );
    }

    [Fact]
    public async Task One_verifier_serves_many_threads()
    {
        var verifier = new BundleVerifier([], new SigstoreTrust(_authority.TrustedRoot(), TestAuthority.Identity));
        byte[][] good = [.. new[] { 1, 2 }.Select(v => TestAuthority.Utf8(_authority.Sign(new Forgery { LogVersion = v })))];
        byte[][] bad =
        [
            TestAuthority.Utf8(_authority.Sign(new Forgery { StampedContent = [1] })),
            TestAuthority.Utf8(_authority.Sign(new Forgery { HasSct = false })),
            TestAuthority.Utf8(_authority.Sign(new Forgery { LogVersion = 1, LoggedDigest = new byte[32] })),
            TestAuthority.Utf8(_authority.Sign(new Forgery { LeafTo = TestAuthority.Now.AddMinutes(-1) })),
        ];
        var artifact = DigestAlgorithm.Sha256.Hash(TestAuthority.Artifact);
        var wrong = 0;
        await Parallel.ForAsync(
            0,
            400,
            new ParallelOptions { MaxDegreeOfParallelism = 16 },
            (i, _) =>
            {
                var isGood = verifier.VerifyMessage(Bundle.Parse(good[i % good.Length]), artifact).IsVerified;
                var isBad = !verifier.VerifyMessage(Bundle.Parse(bad[i % bad.Length]), artifact).IsVerified;
                if (!isGood || !isBad)
                {
                    Interlocked.Increment(ref wrong);
                }
                return ValueTask.CompletedTask;
            }
        );
        Assert.Equal(0, wrong);
    }

    [Fact]
    public void Every_failed_check_says_what_was_expected_and_found_and_by_which_clause()
    {
        using var other = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        Forgery[] forgeries =
        [
            new() { LogVersion = 0 },
            new() { HasTimestamp = false },
            new() { StampedContent = [1] },
            new() { Origin = "other.test" },
            new() { LogVersion = 1, PromiseKey = other },
            new() { LoggedDigest = new byte[32] },
            new() { HasSct = false },
            new() { SctKey = other },
            new() { LeafUsage = null },
            new() { LeafIsAuthority = true },
            new() { LeafTo = TestAuthority.Now.AddMinutes(-1) },
            new() { Change = b => Entry(b)["logIndex"] = "0" },
            new() { Change = b => Entry(b)["integratedTime"] = "1768478400" },
            new() { Change = b => Entry(b)["inclusionProof"]!["treeSize"] = "3" },
            new() { Change = b => b["verificationMaterial"]!["certificate"]!["rawBytes"] = "AAAA" },
            new() { Change = b => b["messageSignature"]!["messageDigest"]!["digest"] = TestAuthority.Base64(new byte[32]) },
        ];
        foreach (var forgery in forgeries)
        {
            var failure = Verify(forgery).Failure!;
            Assert.All(
                [failure.Message, failure.Expected, failure.Actual, failure.Clause],
                text => Assert.False(string.IsNullOrEmpty(text), failure.ToString())
            );
        }
    }

    private Func<bool, TimeProvider?, string, VerificationReport> Own(Forgery forgery, bool keepIssuer = false)
    {
        var bundle = TestAuthority.Utf8(_authority.Sign(forgery with { LogVersion = 0, HasSct = false, HasIssuerName = keepIssuer }));
        return (hasTsa, clock, name) =>
        {
            var root = TrustedRoot.ForAuthority(
                Encoding.UTF8.GetBytes(Pem(_authority.Root)),
                Encoding.UTF8.GetBytes(Pem(_authority.Intermediate)),
                hasTsa ? Encoding.UTF8.GetBytes(Pem(_authority.Tsa.Certificate) + Pem(_authority.TsaRoot)) : default
            );
            return new BundleVerifier([], SigstoreTrust.ForAuthority(root, [name], clock)).VerifyMessage(
                Bundle.Parse(bundle),
                DigestAlgorithm.Sha256.Hash(TestAuthority.Artifact)
            );
        };
    }

    private static string Pem(X509Certificate2 certificate) => ArtifactTrust.Formats.Pem.Encode("CERTIFICATE", certificate.RawData);

    private VerificationReport Accepts(Forgery forgery)
    {
        var report = Verify(forgery);
        Assert.True(report.IsVerified, $"{report.Failure?.Name}: {report.Failure?.Message}");
        return report;
    }

    private void Refuses(Forgery forgery, string check) => Assert.Equal(check, Verify(forgery).Failure?.Name);

    private VerificationReport Verify(Forgery forgery, TrustedRoot? root = null, VerificationKey? key = null)
    {
        using var file = ArtifactFile.Open(_file);
        VerificationKey[] keys =
            key is not null ? [key]
            : forgery.ManagedKey is { } managed ? [Padded(managed)]
            : [];
        return new BundleVerifier(keys, new SigstoreTrust(root ?? _authority.TrustedRoot(), TestAuthority.Identity)).VerifyMessage(
            Bundle.Parse(TestAuthority.Utf8(_authority.Sign(forgery))),
            file
        );
    }

    // Managed keys are bound to one algorithm by whoever trusts them.
    private static VerificationKey Padded(TestKey key) =>
        key.Details.Contains("PSS", StringComparison.Ordinal) ? key.Verification.With(SignatureAlgorithm.RsaPss)
        : SignatureAlgorithm.VerifyOnly.FirstOrDefault(a => a.Name == key.Details) is { } old ? key.Verification.With(old)
        : key.Verification;

    private VerificationReport Attestation(Forgery forgery) =>
        new BundleVerifier([], new SigstoreTrust(_authority.TrustedRoot(), TestAuthority.Identity)).VerifyAttestation(
            Bundle.Parse(TestAuthority.Utf8(_authority.Sign(forgery))),
            new DigestSet(DigestAlgorithm.Sha256.Hash(TestAuthority.Artifact))
        );

    private static JsonArray Entries(JsonObject bundle) => bundle["verificationMaterial"]!["tlogEntries"]!.AsArray();

    private static JsonObject Entry(JsonObject bundle) => Entries(bundle)[0]!.AsObject();

    private static JsonArray Tokens(JsonObject bundle) =>
        bundle["verificationMaterial"]!["timestampVerificationData"]!["rfc3161Timestamps"]!.AsArray();

    private sealed class Clock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
