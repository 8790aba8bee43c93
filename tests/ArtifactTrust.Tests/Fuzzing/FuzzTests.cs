using System.Text;
using System.Text.Json.Nodes;
using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Tests.Trust.Tuf;
using ArtifactTrust.Tests.Verification.Sigstore;
using ArtifactTrust.Transparency;
using ArtifactTrust.Trust;
using ArtifactTrust.Trust.Tuf;
using ArtifactTrust.Verification;
using Xunit.Abstractions;
using Signed = ArtifactTrust.Attestations.Statement;

namespace ArtifactTrust.Tests.Fuzzing;

/// <summary>Whatever the input, readers say that it is malformed or read it; and what is verified is what was signed.</summary>
public sealed class FuzzTests(ITestOutputHelper output) : IDisposable
{
    private static readonly byte[] Statement = Encoding.UTF8.GetBytes(
        """{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"m","digest":{"sha256":"HASH"}}],"predicateType":"https://example.com/p/v1","predicate":{"a":[1,"é"]}}""".Replace(
            "HASH",
            DigestAlgorithm.Sha256.Hash(TestAuthority.Artifact).Hex,
            StringComparison.Ordinal
        )
    );

    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    [Fact]
    public void Bundles() => new FuzzTarget("bundle", GoodBundles(), input => Assert.NotNull(Bundle.Parse(input).Material)).Fuzz(output);

    [Fact]
    public void Signatures_of_files_that_verify_are_the_ones_that_were_made()
    {
        var verifier = new BundleVerifier([], new SigstoreTrust(_authority.TrustedRoot(), TestAuthority.Identity));
        var artifact = DigestAlgorithm.Sha256.Hash(TestAuthority.Artifact);
        var seeds = MessageBundles();
        var signatures = seeds.Select(s => Bundle.Parse(s).Message!.Signature.ToArray()).ToList();
        new FuzzTarget(
            "verification of a file's bundle",
            seeds,
            input =>
            {
                var bundle = Bundle.Parse(input);
                var report = verifier.VerifyMessage(bundle, artifact);
                Assert.True((report.Failure is null) == (report.Verified is not null));
                if (report.Verified is { } verified)
                {
                    Assert.Contains(signatures, s => s.AsSpan().SequenceEqual(bundle.Message!.Signature.Span));
                    Assert.Equal([TestLeaf.Name], verified.Identity!.Names);
                }
            }
        ).Fuzz(output);
    }

    [Fact]
    public void Attestations_that_verify_say_what_was_signed()
    {
        var verifier = new BundleVerifier([], new SigstoreTrust(_authority.TrustedRoot(), TestAuthority.Identity));
        var subject = new DigestSet(DigestAlgorithm.Sha256.Hash(TestAuthority.Artifact));
        new FuzzTarget(
            "verification of an attestation",
            EnvelopeBundles(),
            input =>
            {
                var bundle = Bundle.Parse(input);
                var report = verifier.VerifyAttestation(bundle, subject);
                if (report.Verified is not null)
                {
                    Assert.Equal(Statement, bundle.Envelope!.Payload.ToArray());
                }
            }
        ).Fuzz(output);
    }

    [Fact]
    public void Certificates_and_their_timestamps()
    {
        var seeds = GoodBundles().Select(b => Bundle.Parse(b).Material.Certificates[0].ToArray()).ToList();
        new FuzzTarget(
            "certificate and SCT list",
            seeds,
            input =>
            {
                using var certificate = Certificates.Read(input, "certificate");
                Assert.NotNull(CertificateIdentity.Read(certificate));
                Assert.NotNull(SignedCertificateTimestamp.Read(Certificate.Read(input, "certificate")));
            }
        ).Fuzz(output);
    }

    [Fact]
    public void Timestamp_tokens()
    {
        var root = _authority.TrustedRoot();
        var seeds = GoodBundles().SelectMany(b => Bundle.Parse(b).Material.Timestamps).Select(t => t.ToArray()).ToList();
        new FuzzTarget(
            "time-stamp token",
            seeds,
            input =>
            {
                var verdict = TimestampToken.Parse(input, "token").Verify("something else"u8, root.TimestampAuthorities);
                Assert.Null(verdict.Time);
            }
        ).Fuzz(output);
    }

    [Fact]
    public void Notes_and_checkpoints()
    {
        using var key = SigningKey.Generate(SignatureAlgorithm.Ed25519);
        using var other = SigningKey.Generate(SignatureAlgorithm.Ed25519);
        var text = $"{TestAuthority.LogName}\n12\n{Convert.ToBase64String(new byte[32])}\n";
        var (log, witness) = (new NoteSigner(TestAuthority.LogName, key), new NoteSigner("witness.test", other));
        byte[][] seeds = [Note(log), Note(log, witness), Note(witness, log)];
        var trusted = NoteKey.Create(TestAuthority.LogName, key.PublicKey);
        new FuzzTarget(
            "signed note and checkpoint",
            seeds,
            input =>
            {
                var note = SignedNote.Parse(input);
                var verdict = Checkpoint.Verify(note, TestAuthority.LogName, trusted);
                if (verdict.Verified is { } verified)
                {
                    Assert.Equal(text, note.Text);
                    Assert.Equal(12, verified.Checkpoint.Size);
                }
            }
        ).Fuzz(output);

        byte[] Note(params NoteSigner[] signers) => Encoding.UTF8.GetBytes(SignedNote.Sign(text, signers).ToString());
    }

    [Fact]
    public void Trusted_roots() =>
        new FuzzTarget(
            "trusted root",
            [TestAuthority.Utf8(_authority.RootJson())],
            input => Assert.NotNull(TrustedRoot.Parse(input).TransparencyLogs)
        ).Fuzz(output);

    [Fact]
    public void Signing_configs() =>
        new FuzzTarget(
            "signing config",
            [
                """{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","caUrls":[{"url":"https://ca.test","majorApiVersion":1,"validFor":{"start":"2026-01-01T00:00:00Z"},"operator":"test"}],"rekorTlogUrls":[{"url":"https://log.test","majorApiVersion":2,"validFor":{"start":"2026-01-01T00:00:00Z","end":"2027-01-01T00:00:00Z"},"operator":"test"}],"rekorTlogConfig":{"selector":"EXACT","count":1}}"""u8.ToArray(),
            ],
            input =>
            {
                var config = SigningConfig.Parse(input);
                Assert.True(
                    config.TransparencyLogSelection.Choose(config.TransparencyLogs, [1, 2], TestAuthority.Now).Count
                        <= config.TransparencyLogs.Count
                );
            }
        ).Fuzz(output);

    [Theory]
    [InlineData("root")]
    [InlineData("timestamp")]
    [InlineData("snapshot")]
    [InlineData("targets")]
    public void Tuf_metadata(string role)
    {
        var repository = new TufRepository { ListsHashes = true };
        repository.AddTarget("targets", "a/b.json", "content");
        repository.Delegate("targets", "role", ["a/*"]);
        repository.Publish("role", "targets", "snapshot", "timestamp");
        Assert.Null(TufRules.Root(repository.InitialRoot, null, out var root));
        var seed = repository.Files[$"{role}.json"];
        var signed = JsonNode.Parse(seed)!["signed"]!.ToJsonString();
        new FuzzTarget(
            $"TUF {role}",
            [seed],
            input =>
            {
                var failure = role switch
                {
                    "root" => TufRules.Root(input, null, out _),
                    "timestamp" => TufRules.Timestamp(input, root!, out _),
                    "snapshot" => TufRules.Snapshot(input, root!, out _),
                    _ => TufRules.Targets(input, root!.Targets, out _),
                };
                if (failure is not null)
                {
                    throw new MalformedDataException(role, "$", failure.ToString());
                }
                // A root that is read without one before it vouches for itself only.
                if (role != "root")
                {
                    Assert.Equal(signed, JsonNode.Parse(input)!["signed"]!.ToJsonString());
                }
            }
        ).Fuzz(output);
    }

    [Fact]
    public void Envelopes_and_statements() =>
        new FuzzTarget("statement", [Statement], input => Assert.NotEmpty(Signed.Parse(input).Subjects)).Fuzz(output);

    [Fact]
    public void Public_keys()
    {
        List<byte[]> seeds = [];
        foreach (
            var algorithm in (SignatureAlgorithm[])[SignatureAlgorithm.EcdsaP256, SignatureAlgorithm.EcdsaP521, SignatureAlgorithm.Ed25519]
        )
        {
            using var key = SigningKey.Generate(algorithm);
            seeds.Add(key.PublicKey.SubjectPublicKeyInfo.ToArray());
        }
        new FuzzTarget(
            "public key",
            seeds,
            input =>
            {
                using var key = VerificationKey.FromSubjectPublicKeyInfo(input);
                Assert.False(key.Verify("message"u8, new byte[64]));
            }
        ).Fuzz(output);
    }

    private List<byte[]> GoodBundles() => [.. MessageBundles(), .. EnvelopeBundles()];

    private List<byte[]> MessageBundles() =>
        [
            TestAuthority.Utf8(_authority.Sign()),
            TestAuthority.Utf8(_authority.Sign(new Forgery { LogVersion = 1 })),
            TestAuthority.Utf8(
                _authority.Sign(
                    new Forgery
                    {
                        LogVersion = 1,
                        StampHasCertificate = true,
                        SctExtensions = [1, 2, 3],
                    }
                )
            ),
        ];

    private List<byte[]> EnvelopeBundles() =>
        [
            TestAuthority.Utf8(_authority.Sign(new Forgery { Envelope = (Signed.PayloadType, Statement) })),
            TestAuthority.Utf8(_authority.Sign(new Forgery { LogVersion = 1, Envelope = (Signed.PayloadType, Statement) })),
        ];
}
