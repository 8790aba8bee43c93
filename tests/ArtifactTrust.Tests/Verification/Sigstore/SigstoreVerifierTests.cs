using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Transparency;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Verification.Sigstore;

public sealed class SigstoreVerifierTests : IDisposable
{
    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_right_bundle_verifies(int logVersion)
    {
        var report = _authority.Verify(_authority.Sign(new Forgery { LogVersion = logVersion }));

        Assert.True(report.IsVerified, report.Failure?.Message);
        Assert.Equal([TestLeaf.Name], report.Verified.Identity!.Names);
        Assert.Equal(TestLeaf.IssuerUrl, report.Verified.Identity.Issuer);
        Assert.Equal("https://ci.test/acme/widget", report.Verified.Identity.Claims["sourceRepositoryURI"]);
        Assert.All(report.Verified.Times, t => Assert.Equal(TestAuthority.Now, t));
        Assert.DoesNotContain(report.Checks, c => c.Outcome is CheckOutcome.NotReached or CheckOutcome.Failed);
    }

    [Fact]
    public void A_log_of_the_first_version_tells_the_time_alone()
    {
        Accepts(new Forgery { LogVersion = 1, HasTimestamp = false });
    }

    [Fact]
    public void A_log_of_the_second_version_tells_no_time()
    {
        Refuses(new Forgery { HasTimestamp = false }, "time.threshold", FailureCode.UntrustedTime);
    }

    [Fact]
    public void A_promise_by_another_key_is_refused()
    {
        using var other = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        Refuses(new Forgery { LogVersion = 1, PromiseKey = other }, "log.set", FailureCode.LogEntryInvalid);
    }

    [Fact]
    public void A_changed_time_breaks_the_promise()
    {
        Refuses(
            new Forgery { LogVersion = 1, Change = b => Entry(b)["integratedTime"] = "1768478401" },
            "log.set",
            FailureCode.LogEntryInvalid
        );
    }

    [Fact]
    public void A_time_put_into_an_entry_of_the_second_version_is_refused()
    {
        Refuses(new Forgery { Change = b => Entry(b)["integratedTime"] = "1768478400" }, "log.set", FailureCode.LogEntryInvalid);
    }

    [Fact]
    public void A_time_without_a_promise_counts_for_nothing()
    {
        var forgery = new Forgery
        {
            LogVersion = 1,
            HasTimestamp = false,
            Change = b => Entry(b).Remove("inclusionPromise"),
        };
        Refuses(forgery, "time.threshold", FailureCode.UntrustedTime);
    }

    [Fact]
    public void An_entry_of_a_log_that_is_not_trusted_does_not_count()
    {
        Refuses(
            new Forgery { Change = b => Entry(b)["logId"]!["keyId"] = TestAuthority.Base64(new byte[32]) },
            "log.threshold",
            FailureCode.UntrustedLog
        );
    }

    [Fact]
    public void A_bundle_without_log_entries_is_refused()
    {
        Refuses(new Forgery { LogVersion = 0 }, "log.threshold", FailureCode.UntrustedLog);
    }

    [Fact]
    public void One_log_is_not_two()
    {
        var trust = new SigstoreTrust(_authority.TrustedRoot(), TestAuthority.Identity) { LogThreshold = 2 };
        var report = new BundleVerifier([], trust).VerifyMessage(
            Bundle.Parse(TestAuthority.Utf8(_authority.Sign())),
            DigestAlgorithm.Sha256.Hash(TestAuthority.Artifact)
        );
        Assert.Equal(FailureCode.UntrustedLog, report.Failure?.Code);
    }

    [Fact]
    public void The_same_entry_twice_is_refused()
    {
        Refuses(
            new Forgery { Change = b => Material(b)["tlogEntries"]!.AsArray().Add(Entry(b).DeepClone()) },
            "bundle.material",
            FailureCode.MalformedEvidence
        );
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_checkpoint_by_another_key_is_refused(int logVersion)
    {
        using var key = SigningKey.Generate(logVersion == 1 ? SignatureAlgorithm.EcdsaP256 : SignatureAlgorithm.Ed25519);
        var signer = new NoteSigner(logVersion == 1 ? TestAuthority.FirstLogName : TestAuthority.LogName, key);
        Refuses(new Forgery { LogVersion = logVersion, Signer = signer }, "log.checkpoint", FailureCode.LogEntryInvalid);
    }

    [Fact]
    public void A_checkpoint_of_another_origin_is_refused()
    {
        Refuses(new Forgery { Origin = "other.test" }, "log.checkpoint", FailureCode.LogEntryInvalid);
    }

    [Fact]
    public void A_checkpoint_signed_under_another_name_is_refused()
    {
        Refuses(new Forgery { Signer = new NoteSigner("other.test", _authority.LogKey) }, "log.checkpoint", FailureCode.LogEntryInvalid);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_root_without_the_entry_is_refused(int logVersion)
    {
        var root = MerkleTree.HashNode(MerkleTree.HashLeaf("one"u8), MerkleTree.HashLeaf("two"u8));
        Refuses(new Forgery { LogVersion = logVersion, TreeRoot = root }, "log.inclusion", FailureCode.LogEntryInvalid);
    }

    [Fact]
    public void A_proof_of_another_index_is_refused()
    {
        Refuses(new Forgery { Change = b => Entry(b)["logIndex"] = "0" }, "log.inclusion", FailureCode.LogEntryInvalid);
    }

    [Fact]
    public void A_proof_of_another_size_than_the_checkpoint_is_refused()
    {
        Refuses(new Forgery { Change = b => Entry(b)["inclusionProof"]!["treeSize"] = "3" }, "log.checkpoint", FailureCode.LogEntryInvalid);
    }

    [Fact]
    public void An_entry_without_a_checkpoint_is_refused()
    {
        Refuses(
            new Forgery { Change = b => Entry(b)["inclusionProof"]!.AsObject().Remove("checkpoint") },
            "bundle.material",
            FailureCode.MalformedEvidence
        );
    }

    [Theory]
    [InlineData(1, "digest")]
    [InlineData(1, "signature")]
    [InlineData(1, "certificate")]
    [InlineData(2, "digest")]
    [InlineData(2, "signature")]
    [InlineData(2, "certificate")]
    public void An_entry_of_something_else_is_refused(int logVersion, string what)
    {
        var forgery = new Forgery { LogVersion = logVersion };
        forgery = what switch
        {
            "digest" => forgery with { LoggedDigest = new byte[32] },
            "signature" => forgery with { LoggedSignature = [1, 2, 3] },
            _ => forgery with { LoggedCertificate = _authority.Root.RawData },
        };
        Refuses(forgery, "log.body", FailureCode.LogEntryMismatch);
    }

    [Fact]
    public void A_log_key_whose_time_is_over_is_refused()
    {
        var root = _authority.TrustedRoot(r => r["tlogs"]![0]!["publicKey"]!["validFor"]!["end"] = "2026-01-15T11:59:59Z");
        RefusesWith(_authority.Sign(), root, "log.validity", FailureCode.LogEntryInvalid);
    }

    [Theory]
    [InlineData("tlogs", "2026-01-15T12:00:00Z")]
    [InlineData("timestampAuthorities", "2026-01-15T12:00:00Z")]
    [InlineData("certificateAuthorities", "2026-01-15T12:00:00Z")]
    [InlineData("ctlogs", "2026-01-15T12:00:00Z")]
    public void The_last_instant_of_a_period_belongs_to_it(string list, string end)
    {
        var root = _authority.TrustedRoot(r =>
        {
            var item = r[list]![0]!;
            (item["publicKey"] ?? item)!["validFor"]!["end"] = end;
        });
        Assert.True(_authority.Verify(_authority.Sign(), root).IsVerified);
    }

    [Fact]
    public void A_token_over_something_else_is_refused()
    {
        Refuses(new Forgery { StampedContent = [1] }, "time.token", FailureCode.TimestampInvalid);
    }

    [Fact]
    public void A_token_with_sha1_is_refused()
    {
        Refuses(new Forgery { StampHash = HashAlgorithmName.SHA1 }, "time.token", FailureCode.TimestampInvalid);
    }

    [Fact]
    public void A_token_with_sha384_is_accepted() => Accepts(new Forgery { StampHash = HashAlgorithmName.SHA384 });

    [Fact]
    public void A_token_with_its_certificate_is_accepted() => Accepts(new Forgery { StampHasCertificate = true });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_token_of_an_authority_that_is_not_trusted_does_not_count(bool hasCertificate)
    {
        using var other = new TestAuthority();
        Refuses(new Forgery { Tsa = other.Tsa, StampHasCertificate = hasCertificate }, "time.threshold", FailureCode.UntrustedTime);
    }

    [Fact]
    public void A_token_by_another_certificate_of_the_same_authority_does_not_count()
    {
        var other = TestTsa.Create(_authority, "another", TestAuthority.Now.AddYears(-1), TestAuthority.Now.AddYears(1));
        Refuses(new Forgery { Tsa = other, StampHasCertificate = true }, "time.threshold", FailureCode.UntrustedTime);
    }

    [Fact]
    public void A_token_from_outside_the_authoritys_period_is_refused()
    {
        var root = _authority.TrustedRoot(r => r["timestampAuthorities"]![0]!["validFor"]!["end"] = "2026-01-15T11:59:59Z");
        RefusesWith(_authority.Sign(), root, "time.token", FailureCode.TimestampInvalid);
    }

    [Fact]
    public void A_token_from_after_the_end_of_its_certificate_is_refused()
    {
        var old = TestTsa.Create(_authority, "old", TestAuthority.Now.AddYears(-2), TestAuthority.Now.AddDays(-1));
        var root = _authority.TrustedRoot(r =>
            r["timestampAuthorities"] = new JsonArray(TestAuthority.AuthorityJson("old", old.Certificate, _authority.TsaRoot))
        );
        RefusesWith(_authority.Sign(new Forgery { Tsa = old }), root, "time.token", FailureCode.TimestampInvalid);
    }

    [Theory]
    [InlineData(1, 6)]
    [InlineData(2, 6)]
    [InlineData(2, -6)]
    public void A_time_outside_of_the_certificates_is_refused(int logVersion, int minutes)
    {
        var time = TestAuthority.Now.AddMinutes(minutes);
        Refuses(
            new Forgery
            {
                LogVersion = logVersion,
                StampTime = time,
                IntegratedTime = time,
            },
            "certificate.path",
            FailureCode.CertificateInvalid
        );
    }

    [Fact]
    public void Every_time_must_fit_the_certificate()
    {
        Refuses(
            new Forgery { LogVersion = 1, StampTime = TestAuthority.Now.AddHours(1) },
            "certificate.path",
            FailureCode.CertificateInvalid
        );
    }

    [Fact]
    public void A_certificate_of_another_authority_is_refused()
    {
        using var other = new TestAuthority();
        Refuses(
            new Forgery { LeafIssuer = (other.Intermediate, other.IntermediateKey) },
            "certificate.path",
            FailureCode.CertificateInvalid
        );
    }

    [Fact]
    public void An_authority_whose_time_is_over_is_refused()
    {
        var root = _authority.TrustedRoot(r => r["certificateAuthorities"]![0]!["validFor"]!["end"] = "2026-01-15T11:59:59Z");
        RefusesWith(_authority.Sign(), root, "certificate.path", FailureCode.CertificateInvalid);
    }

    [Fact]
    public void An_authority_that_is_no_root_is_a_trust_anchor_all_the_same()
    {
        var root = _authority.TrustedRoot(r =>
            r["certificateAuthorities"] = new JsonArray(TestAuthority.AuthorityJson("intermediate", _authority.Intermediate))
        );
        var report = _authority.Verify(_authority.Sign(), root);
        Assert.True(report.IsVerified, report.Failure?.Message);
    }

    [Fact]
    public void An_anchor_that_is_no_root_vouches_for_its_own_only()
    {
        using var other = new TestAuthority();
        var root = _authority.TrustedRoot(r =>
            r["certificateAuthorities"] = new JsonArray(TestAuthority.AuthorityJson("intermediate", other.Intermediate))
        );
        RefusesWith(_authority.Sign(), root, "certificate.path", FailureCode.CertificateInvalid);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("1.3.6.1.5.5.7.3.1")]
    [InlineData("2.5.29.37.0")]
    public void A_certificate_that_is_not_for_code_signing_is_refused(string? usage)
    {
        Refuses(new Forgery { LeafUsage = usage }, "certificate.path", FailureCode.CertificateInvalid);
    }

    [Fact]
    public void A_certificate_with_a_critical_extension_that_nobody_knows_is_refused()
    {
        Refuses(
            new Forgery { FurtherExtensions = [new X509Extension("1.2.3.4", [5, 0], true)] },
            "certificate.path",
            FailureCode.CertificateInvalid
        );
    }

    [Fact]
    public void A_signer_that_is_an_authority_is_refused()
    {
        Refuses(new Forgery { LeafIsAuthority = true }, "bundle.material", FailureCode.CertificateInvalid);
    }

    [Fact]
    public void A_certificate_that_is_not_for_signatures_is_refused()
    {
        Refuses(new Forgery { LeafKeyUsage = X509KeyUsageFlags.KeyAgreement }, "bundle.material", FailureCode.CertificateInvalid);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_chain_may_hold_an_intermediate_but_no_root(bool hasRoot)
    {
        var bundle = _authority.Sign(
            new Forgery
            {
                Change = b =>
                {
                    b["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.2";
                    var leaf = Material(b)["certificate"]!.DeepClone();
                    Material(b).Remove("certificate");
                    var further = hasRoot ? _authority.Root : _authority.Intermediate;
                    Material(b)["x509CertificateChain"] = new JsonObject
                    {
                        ["certificates"] = new JsonArray(leaf, new JsonObject { ["rawBytes"] = TestAuthority.Base64(further.RawData) }),
                    };
                },
            }
        );
        var report = _authority.Verify(bundle);
        Assert.Equal(!hasRoot, report.IsVerified);
        Assert.Equal(hasRoot ? FailureCode.CertificateInvalid : null, report.Failure?.Code);
    }

    [Fact]
    public void A_certificate_without_a_timestamp_of_a_log_is_refused()
    {
        Refuses(new Forgery { HasSct = false }, "certificate.sct", FailureCode.CertificateNotLogged);
    }

    [Fact]
    public void An_instance_without_certificate_logs_needs_none()
    {
        var root = _authority.TrustedRoot(r => r["ctlogs"] = new JsonArray());
        Assert.True(_authority.Verify(_authority.Sign(new Forgery { HasSct = false }), root).IsVerified);
    }

    [Fact]
    public void A_log_of_certificates_with_an_unknown_kind_of_key_still_asks_for_a_timestamp()
    {
        var root = _authority.TrustedRoot(r => r["ctlogs"]![0]!["publicKey"]!["keyDetails"] = "SOMETHING_NEW");
        RefusesWith(_authority.Sign(), root, "certificate.sct", FailureCode.CertificateNotLogged);
    }

    [Fact]
    public void A_certificate_timestamp_by_another_key_is_refused()
    {
        using var other = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        Refuses(new Forgery { SctKey = other }, "certificate.sct", FailureCode.CertificateNotLogged);
    }

    [Fact]
    public void A_certificate_timestamp_of_another_log_does_not_count()
    {
        Refuses(new Forgery { SctLogId = new byte[32] }, "certificate.sct", FailureCode.CertificateNotLogged);
    }

    [Fact]
    public void A_certificate_timestamp_over_another_issuer_is_refused()
    {
        Refuses(new Forgery { SctIssuer = _authority.Root }, "certificate.sct", FailureCode.CertificateNotLogged);
    }

    [Fact]
    public void A_certificate_timestamp_from_before_the_logs_period_is_refused()
    {
        var time = new DateTimeOffset(2024, 12, 31, 23, 59, 59, TimeSpan.Zero);
        Refuses(new Forgery { SctTime = time }, "certificate.sct", FailureCode.CertificateNotLogged);
    }

    [Fact]
    public void The_extensions_of_a_certificate_timestamp_are_signed_too() =>
        Accepts(new Forgery { SctExtensions = [0, 0, 5, 0, 0, 0, 0, 7] });

    [Fact]
    public void Another_artifact_is_refused_by_the_log_entry()
    {
        Refuses(new Forgery { SignedContent = "other weights\n"u8.ToArray() }, "log.body", FailureCode.LogEntryMismatch);
    }

    [Fact]
    public void A_signature_by_another_key_is_refused_where_no_log_is_asked_for()
    {
        var root = _authority.TrustedRoot(r => r["tlogs"] = new JsonArray());
        var bundle = _authority.Sign(new Forgery { LogVersion = 0, SignedContent = "other weights\n"u8.ToArray() });
        RefusesWith(bundle, root, "signature.key", FailureCode.SignatureInvalid);
        Assert.True(_authority.Verify(_authority.Sign(new Forgery { LogVersion = 0 }), root).IsVerified);
    }

    [Fact]
    public void A_digest_in_the_bundle_that_is_not_the_artifacts_is_refused()
    {
        Refuses(
            new Forgery { Change = b => b["messageSignature"]!["messageDigest"]!["digest"] = TestAuthority.Base64(new byte[32]) },
            "message.digest",
            FailureCode.MessageDigestMismatch
        );
    }

    [Theory]
    [InlineData("https://ci.test/acme/widget/release.yml", TestLeaf.IssuerUrl)]
    [InlineData(TestLeaf.Name + "x", TestLeaf.IssuerUrl)]
    [InlineData(TestLeaf.Name, "https://issuer.test/")]
    [InlineData(TestLeaf.Name, "https://other.test")]
    public void Somebody_else_is_refused(string name, string issuer)
    {
        var report = _authority.Verify(_authority.Sign(), null, IdentityRule.Exact(name, issuer));
        Assert.Equal(("certificate.identity", FailureCode.IdentityMismatch), (report.Failure?.Name, report.Failure?.Code));
    }

    [Fact]
    public void A_claim_can_be_asked_for()
    {
        IdentityRule Rule(string repository) =>
            IdentityRule.Exact(TestLeaf.Name, TestLeaf.IssuerUrl, new Dictionary<string, string> { ["sourceRepositoryURI"] = repository });
        Assert.True(_authority.Verify(_authority.Sign(), null, Rule("https://ci.test/acme/widget")).IsVerified);
        Assert.False(_authority.Verify(_authority.Sign(), null, Rule("https://ci.test/acme/gadget")).IsVerified);
    }

    [Fact]
    public void A_certificate_is_of_no_use_to_those_who_trust_keys_only()
    {
        using var key = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        var verifier = new BundleVerifier([key.PublicKey], new SigstoreTrust(_authority.TrustedRoot()));
        var report = verifier.VerifyMessage(
            Bundle.Parse(TestAuthority.Utf8(_authority.Sign())),
            DigestAlgorithm.Sha256.Hash(TestAuthority.Artifact)
        );
        Assert.Equal(FailureCode.UnsupportedMaterial, report.Failure?.Code);
    }

    [Theory]
    [InlineData(1, "dsse")]
    [InlineData(1, "intoto")]
    [InlineData(2, null)]
    public void An_attestation_verifies(int logVersion, string? kind)
    {
        var digest = Convert.ToHexStringLower(SHA256.HashData(TestAuthority.Artifact));
        var payload = System.Text.Encoding.UTF8.GetBytes(
            $$$"""{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"{{{digest}}}"}}],"predicateType":"https://test/p","predicate":{}}"""
        );
        var forgery = new Forgery
        {
            LogVersion = logVersion,
            Kind = kind,
            Envelope = ("application/vnd.in-toto+json", payload),
        };
        var subject = new DigestSet(DigestAlgorithm.Sha256.Hash(TestAuthority.Artifact));
        var verifier = new BundleVerifier([], new SigstoreTrust(_authority.TrustedRoot(), TestAuthority.Identity));
        VerificationReport Verify(Forgery f) => verifier.VerifyAttestation(Bundle.Parse(TestAuthority.Utf8(_authority.Sign(f))), subject);

        var report = Verify(forgery);
        Assert.True(report.IsVerified, report.Failure?.Message);
        Assert.Equal(FailureCode.LogEntryMismatch, Verify(forgery with { LoggedDigest = new byte[32] }).Failure?.Code);
        Assert.Equal(FailureCode.LogEntryMismatch, Verify(forgery with { LoggedSignature = [1] }).Failure?.Code);
        Assert.Equal(FailureCode.LogEntryMismatch, Verify(forgery with { LoggedCertificate = _authority.Root.RawData }).Failure?.Code);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Every_changed_byte_is_refused(int logVersion)
    {
        // A token that names nobody known is passed over, so it may be changed as one likes where a log tells the time too.
        var good = TestAuthority.Utf8(_authority.Sign(new Forgery { LogVersion = logVersion, HasTimestamp = logVersion == 2 }));
        var verifier = new BundleVerifier([], new SigstoreTrust(_authority.TrustedRoot(), TestAuthority.Identity));
        var artifact = DigestAlgorithm.Sha256.Hash(TestAuthority.Artifact);
        Assert.True(verifier.VerifyMessage(Bundle.Parse(good), artifact).IsVerified);
        var accepted = new List<string>();
        for (var i = 0; i < good.Length; i++)
        {
            foreach (var change in (byte[])[1, 0x20])
            {
                var bad = good.ToArray();
                bad[i] ^= change;
                try
                {
                    if (verifier.VerifyMessage(Bundle.Parse(bad), artifact).IsVerified)
                    {
                        accepted.Add(
                            $"{i}: {System.Text.Encoding.UTF8.GetString(good[Math.Max(0, i - 40)..Math.Min(good.Length, i + 20)])}"
                        );
                    }
                }
                catch (MalformedDataException)
                {
                    // Unreadable is refused too.
                }
            }
        }
        Assert.Empty(accepted);
    }

    private void Accepts(Forgery forgery)
    {
        var report = _authority.Verify(_authority.Sign(forgery));
        Assert.True(report.IsVerified, report.Failure?.Message);
    }

    private void Refuses(Forgery forgery, string check, FailureCode code) => RefusesWith(_authority.Sign(forgery), null, check, code);

    private void RefusesWith(JsonObject bundle, TrustedRoot? root, string check, FailureCode code)
    {
        var report = _authority.Verify(bundle, root);
        Assert.Equal((check, code), (report.Failure?.Name, report.Failure?.Code));
        Assert.NotNull(report.Failure!.Message);
        Assert.Null(report.Verified);
    }

    private static JsonObject Material(JsonObject bundle) => bundle["verificationMaterial"]!.AsObject();

    private static JsonObject Entry(JsonObject bundle) => Material(bundle)["tlogEntries"]![0]!.AsObject();
}
