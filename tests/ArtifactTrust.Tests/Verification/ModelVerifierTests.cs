using System.Text.Json;
using ArtifactTrust.Attestations;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Bundles;
using ArtifactTrust.Envelopes;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Manifests;
using ArtifactTrust.Signing;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Verification;

public sealed class ModelVerifierTests : IDisposable
{
    private static readonly SigningKey Key = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
    private static readonly IgnoreRules Git = new(IgnoreRules.GitPaths);
    private readonly TemporaryDirectory _directory = new();

    public ModelVerifierTests()
    {
        _directory.File("m/config.json", "{}");
        _directory.File("m/weights/a.bin", "weights");
        _directory.File("m/weights-b.bin", "more");
        _directory.File("m/empty", "");
    }

    private string Model => Path.Combine(_directory.Path, "m");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_signed_directory_verifies()
    {
        var result = Verify(Sign());
        Assert.True(result.Report.IsVerified);
        Assert.Equal(EvidenceKind.Signature, result.Report.Verified.Kind);
        Assert.Equal(Key.PublicKey.Fingerprint, result.Report.Verified.KeyFingerprint);
        Assert.Equal(["config.json", "empty", "weights-b.bin", "weights/a.bin"], result.Manifest!.Entries.Select(e => e.Name));
        Assert.DoesNotContain(result.Report.Checks, c => c.Outcome is CheckOutcome.NotReached or CheckOutcome.Failed);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("weights/a.bin")]
    [InlineData("weights-b.bin")]
    public void Every_flipped_byte_of_a_file_is_refused_and_named(string name)
    {
        var bundle = Sign();
        var path = Path.Combine(Model, name);
        var content = File.ReadAllBytes(path);
        for (var i = 0; i < content.Length; i++)
        {
            content[i] ^= 1;
            File.WriteAllBytes(path, content);
            var result = Verify(bundle);
            Assert.Equal(FailureCode.ContentMismatch, result.Report.Failure!.Code);
            Assert.Equal(name, Assert.Single(result.Diff!.Changed).Name);
            content[i] ^= 1;
        }
        File.WriteAllBytes(path, content);
        Assert.True(Verify(bundle).Report.IsVerified);
    }

    [Fact]
    public void Every_other_value_of_every_byte_of_the_bundle_is_refused()
    {
        var bundle = Sign().Utf8.ToArray();
        for (var i = 0; i < bundle.Length; i++)
        {
            var original = bundle[i];
            foreach (var flip in (byte[])[1, 2, 4, 8, 16, 32, 64, 128, 0x20 ^ 0x5f, 255])
            {
                bundle[i] = (byte)(original ^ flip);
                try
                {
                    Assert.False(Verify(Bundle.Parse(bundle)).Report.IsVerified, $"byte {i} ^ {flip:x2}");
                }
                catch (MalformedDataException) { }
            }
            bundle[i] = original;
        }
    }

    [Fact]
    public void Every_prefix_of_the_bundle_is_malformed()
    {
        var bundle = Sign().Utf8;
        for (var i = 0; i < bundle.Length; i++)
        {
            Assert.Throws<MalformedDataException>(() => Bundle.Parse(bundle[..i]));
        }
    }

    [Fact]
    public void An_added_file_is_refused_and_named()
    {
        var bundle = Sign();
        _directory.File("m/weights/b.bin", "");
        Assert.Equal(["weights/b.bin"], Verify(bundle).Diff!.Added.Select(a => a.Name));
    }

    [Fact]
    public void A_removed_file_is_refused_and_named()
    {
        var bundle = Sign();
        File.Delete(Path.Combine(Model, "empty"));
        Assert.Equal(["empty"], Verify(bundle).Diff!.Removed.Select(r => r.Name));
    }

    [Fact]
    public void A_renamed_file_is_refused_though_the_root_digest_stays()
    {
        var bundle = Sign();
        File.Move(Path.Combine(Model, "config.json"), Path.Combine(Model, "configX.json"));
        var result = Verify(bundle);
        Assert.Equal(FailureCode.ContentMismatch, result.Report.Failure!.Code);
        Assert.Equal(["config.json"], result.Diff!.Removed.Select(r => r.Name));
        Assert.Equal(["configX.json"], result.Diff.Added.Select(a => a.Name));
    }

    [Fact]
    public void A_symbolic_link_is_refused()
    {
        var bundle = Sign();
        File.Delete(Path.Combine(Model, "empty"));
        File.CreateSymbolicLink(Path.Combine(Model, "empty"), "/dev/null");
        Assert.Contains("symbolic link", Assert.Throws<MalformedDataException>(() => Verify(bundle)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_key_is_refused()
    {
        using var other = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        var report = Verify(Sign(), other.PublicKey).Report;
        Assert.Equal(FailureCode.UntrustedKey, report.Failure!.Code);
        Assert.Contains(report.Checks, c => c is { Name: "model.files", Outcome: CheckOutcome.NotReached });
    }

    [Fact]
    public void A_hint_of_another_key_is_refused_though_the_signature_is_good()
    {
        using var other = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        var bundle = Bundle.ForEnvelope(Sign().Envelope!, KeyHint.ForModel(other.PublicKey));
        Assert.Equal(FailureCode.KeyHintMismatch, Verify(bundle).Report.Failure!.Code);
    }

    [Fact]
    public void A_version_control_file_is_ignored_at_the_top_only()
    {
        _directory.File("m/.git/HEAD", "x");
        _directory.File("m/sub/.git/HEAD", "x");
        var bundle = Sign();
        _directory.File("m/.git/HEAD", "y");
        Assert.True(Verify(bundle).Report.IsVerified);
        _directory.File("m/sub/.git/HEAD", "y");
        Assert.Equal("sub/.git/HEAD", Assert.Single(Verify(bundle).Diff!.Changed).Name);
    }

    [Fact]
    public void A_signed_file_is_compared_even_where_its_path_is_ignored()
    {
        var bundle = Sign();
        _directory.File("m/config.json", "[]");
        using var tree = FileTree.Open(Model);
        var rules = Git.With(["config.json"]);
        Assert.Equal("config.json", Assert.Single(Verifier().Verify(bundle, new HashedTree(tree), rules).Diff!.Changed).Name);
    }

    public static TheoryData<string, FailureCode> BadPredicates =>
        new()
        {
            { """{"resources":[],"serialization":S}""", FailureCode.MalformedPredicate },
            { """{"resources":[R("../secret")],"serialization":S}""", FailureCode.MalformedPredicate },
            { """{"resources":[R("/etc/passwd")],"serialization":S}""", FailureCode.MalformedPredicate },
            { """{"resources":[R("a//b")],"serialization":S}""", FailureCode.MalformedPredicate },
            { """{"resources":[R("")],"serialization":S}""", FailureCode.MalformedPredicate },
            { """{"resources":[R("empty"),R("empty")],"serialization":S}""", FailureCode.MalformedPredicate },
            { """{"resources":[R("."),R("empty")],"serialization":S}""", FailureCode.MalformedPredicate },
            { """{"resources":[R("empty")],"serialization":S,"more":1}""", FailureCode.MalformedPredicate },
            { """{"resources":[R("empty")]}""", FailureCode.MalformedPredicate },
            { """{"resources":[{"name":"a","algorithm":"md5","digest":"00"}],"serialization":S}""", FailureCode.MalformedPredicate },
            { """{"resources":[{"name":"a","algorithm":"sha256","digest":"00"}],"serialization":S}""", FailureCode.MalformedPredicate },
            {
                """{"resources":[R("empty")],"serialization":{"method":"shards","hash_type":"sha256","shard_size":5}}""",
                FailureCode.MalformedPredicate
            },
            { """{"resources":[R("empty")],"serialization":{"method":"bytes","hash_type":"sha256"}}""", FailureCode.UnsupportedMaterial },
            { """{"resources":[R("empty")],"serialization":{"method":"files","hash_type":"md5"}}""", FailureCode.UnsupportedMaterial },
            {
                """{"resources":[R("empty")],"serialization":{"method":"files","hash_type":"sha256","shard_size":5}}""",
                FailureCode.MalformedPredicate
            },
            {
                """{"resources":[R("empty:0:5")],"serialization":{"method":"shards","hash_type":"sha256"}}""",
                FailureCode.MalformedPredicate
            },
            {
                """{"resources":[R("empty")],"serialization":{"method":"files","hash_type":"sha256","ignore_paths":[".."]}}""",
                FailureCode.MalformedPredicate
            },
        };

    [Theory]
    [MemberData(nameof(BadPredicates))]
    public void A_predicate_that_breaks_the_specification_is_refused(string template, FailureCode expected)
    {
        var empty = DigestAlgorithm.Sha256.Hash([]);
        var text = template.Replace("S}", """{"method":"files","hash_type":"sha256"}}""", StringComparison.Ordinal);
        text = System.Text.RegularExpressions.Regex.Replace(
            text,
            """R\("([^"]*)"\)""",
            m => $$"""{"name":"{{m.Groups[1].Value}}","algorithm":"sha256","digest":"{{empty.Hex}}"}"""
        );
        text = text.Replace("S,", """{"method":"files","hash_type":"sha256"},""", StringComparison.Ordinal);
        using var json = JsonDocument.Parse(text);
        var count = json.RootElement.GetProperty("resources").GetArrayLength();
        var root = FileManifest.ComputeRoot(Enumerable.Repeat(empty, count));
        var bundle = SignStatement(
            new Statement([new ResourceDescriptor("m", null, new DigestSet(root))], ModelSignature.TypeUri, json.RootElement.Clone())
        );
        Assert.Equal(expected, Verify(bundle).Report.Failure!.Code);
    }

    [Fact]
    public void A_root_digest_of_other_files_is_refused()
    {
        var statement = Statement.Parse(Sign().Envelope!.Payload);
        var subject = new ResourceDescriptor("m", null, new DigestSet(DigestAlgorithm.Sha256.Hash("x"u8)));
        var report = Verify(SignStatement(new Statement([subject], ModelSignature.TypeUri, statement.Predicate))).Report;
        Assert.Equal("model.root", report.Failure!.Name);
    }

    [Fact]
    public void Two_subjects_are_refused()
    {
        var statement = Statement.Parse(Sign().Envelope!.Payload);
        var report = Verify(
            SignStatement(new Statement([statement.Subjects[0], statement.Subjects[0]], ModelSignature.TypeUri, statement.Predicate))
        ).Report;
        Assert.Equal("statement.subject", report.Failure!.Name);
    }

    [Fact]
    public void An_attestation_is_not_a_signature()
    {
        using var tree = FileTree.Open(Model);
        var subject = new ResourceDescriptor("m", null, new HashedTree(tree).Manifest(Git).Subject);
        var report = Verify(SignStatement(new Statement([subject], "https://slsa.dev/provenance/v1", default))).Report;
        Assert.Equal(FailureCode.PredicateTypeMismatch, report.Failure!.Code);
    }

    [Fact]
    public void A_payload_of_another_type_is_refused()
    {
        var payload = Sign().Envelope!.Payload;
        var signature = Key.Sign(DsseEnvelope.PreAuthenticationEncoding("application/json", payload.Span));
        var envelope = new DsseEnvelope("application/json", payload, [new DsseSignature(signature)]);
        var report = Verify(Bundle.ForEnvelope(envelope, KeyHint.ForModel(Key.PublicKey))).Report;
        Assert.Equal(FailureCode.PayloadTypeMismatch, report.Failure!.Code);
    }

    [Fact]
    public void A_single_file_model_verifies_by_either_name()
    {
        var path = _directory.File("one.bin", "one");
        foreach (var name in (string[])["one.bin", "."])
        {
            using var file = ArtifactFile.Open(path);
            var manifest = new FileManifest([new ManifestEntry(name, file.Digest(DigestAlgorithm.Sha256), 3)]);
            var bundle = SignModel("one.bin", manifest, IgnoreRules.None);
            Assert.True(Verifier().Verify(bundle, file).Report.IsVerified);
            var changed = _directory.File("two.bin", "two");
            using var other = ArtifactFile.Open(changed);
            Assert.Equal(FailureCode.ContentMismatch, Verifier().Verify(bundle, other).Report.Failure!.Code);
        }
    }

    [Fact]
    public void An_empty_directory_cannot_be_signed() =>
        Assert.Throws<MalformedDataException>(() => SignModel("m", new FileManifest([]), IgnoreRules.None));

    [VectorTheory]
    [InlineData("v0.3.1-elliptic-key", true)]
    [InlineData("v1.0.0-elliptic-key", true)]
    [InlineData("v1.0.1-elliptic-key", false)]
    [InlineData("v1.1.0-elliptic-key", false)]
    public void The_published_bundles_verify(string version, bool singleFile)
    {
        using var key = VerificationKey.FromPem(
            File.ReadAllText(Vectors.Require("oms/model-transparency/keys/certificate/signing-key-pub.pem"))
        );
        var folder = Vectors.Require($"oms/model-transparency/{version}");
        var bundle = Bundle.Parse(File.ReadAllBytes(Path.Combine(folder, "model.sig")));
        var verifier = new ModelVerifier(new BundleVerifier([key]));
        if (singleFile)
        {
            using var file = ArtifactFile.Open(Path.Combine(folder, "signme-1"));
            Assert.Null(verifier.Verify(bundle, file).Report.Failure);
        }
        else
        {
            using var tree = FileTree.Open(folder);
            var rules = Git.With(["model.sig", "ignore-me"]);
            Assert.Null(verifier.Verify(bundle, new HashedTree(tree), rules).Report.Failure);
        }
    }

    [VectorTheory]
    [InlineData("model1.p256.sig", "model1", "p256", true)]
    [InlineData("model1.p384.sig", "model1", "p384", true)]
    [InlineData("model1.p521.sig", "model1", "p521", true)]
    [InlineData("model1.p11.sig", "model1", "p256", true)]
    [InlineData("spec.model1.sorted.sig", "model1", "p256", true)]
    [InlineData("model2.py.p256.sig", "model2", "p256", true)]
    [InlineData("model2.py.p384.sig", "model2", "p384", true)]
    [InlineData("model2.go.p256.sig", "model2", "p256", true)]
    [InlineData("model2.go.p384.sig", "model2", "p384", true)]
    [InlineData("model2.go.p521.sig", "model2", "p521", true)]
    [InlineData("model2.go.p521.sig", "model1", "p521", false)]
    [InlineData("model2.go.p521.sig", "model2", "p256", false)]
    [InlineData("model1.cert.sig", "model1", "p256", false)]
    [InlineData("neg.traversal.sig", "neg.traversal-model/m", "p256", false)]
    public void Bundles_of_the_python_and_go_clients_get_their_verdicts(string signature, string model, string keyName, bool expected)
    {
        using var key = VerificationKey.FromPem(File.ReadAllText(Vectors.Require($"oms/made/{keyName}.pub.pem")));
        var bundle = Bundle.Parse(File.ReadAllBytes(Vectors.Require($"oms/made/{signature}")));
        using var tree = FileTree.Open(Vectors.Require($"oms/made/{model}"));
        var report = new ModelVerifier(new BundleVerifier([key])).Verify(bundle, new HashedTree(tree), Git).Report;
        Assert.True(report.IsVerified == expected, report.Failure?.ToString());
    }

    private static ModelVerifier Verifier(VerificationKey? key = null) => new(new BundleVerifier([key ?? Key.PublicKey]));

    private static BundleSigner Signer => new(Credential.FromKey(Key));

    private static Bundle SignModel(string name, FileManifest manifest, IgnoreRules rules) =>
        Signer.SignModelAsync(name, manifest, rules).GetAwaiter().GetResult();

    private static Bundle SignStatement(Statement statement) => Signer.SignStatementAsync(statement).GetAwaiter().GetResult();

    private Bundle Sign()
    {
        using var tree = FileTree.Open(Model);
        return SignModel("m", new HashedTree(tree).Manifest(Git), Git);
    }

    private ModelVerification Verify(Bundle bundle, VerificationKey? key = null)
    {
        using var tree = FileTree.Open(Model);
        return Verifier(key).Verify(bundle, new HashedTree(tree), Git);
    }
}
