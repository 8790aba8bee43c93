using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Transparency;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Verification.Sigstore;

public sealed class WitnessTests : IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly SigningKey[] _keys = [.. Enumerable.Range(0, 3).Select(_ => SigningKey.Generate(SignatureAlgorithm.Ed25519))];

    public void Dispose()
    {
        _authority.Dispose();
        Array.ForEach(_keys, k => k.Dispose());
    }

    private NoteKey Witness(int i) => NoteKey.CreateWitness($"witness{i}.test", _keys[i].PublicKey);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_quorum_of_witnesses_is_counted(int logVersion)
    {
        var two = Bundle(logVersion, Cosign(0), Cosign(1));
        Verdict(two, 2, null);
        Verdict(two, 3, "2: witness0.test, witness1.test");
        Verdict(Bundle(logVersion), 1, "none");
        Verdict(Bundle(logVersion), 0, null);
    }

    [Fact]
    public void One_witness_that_signs_twice_counts_once() =>
        Verdict(Bundle(2, Cosign(0), Cosign(0, time: 2_000_000_000)), 2, "1: witness0.test");

    [Fact]
    public void A_wrong_cosignature_of_a_trusted_witness_refuses_the_checkpoint_where_a_quorum_is_asked_for()
    {
        var bundle = Bundle(2, Cosign(0), Cosign(1, isRight: false));
        Assert.Equal(("log.checkpoint", FailureCode.LogEntryInvalid), Failure(bundle, 1));
        Assert.True(Report(bundle, 0).IsVerified);
    }

    [Fact]
    public void A_changed_time_breaks_the_cosignature() =>
        Assert.Equal("log.checkpoint", Failure(Bundle(2, c => Line(Witness(0), 1_700_000_001, Sign(0, c, 1_700_000_000))), 1).Check);

    [Fact]
    public void A_plain_signature_by_a_witness_key_is_no_cosignature()
    {
        var plain = NoteKey.Create("witness0.test", _keys[0].PublicKey);
        var bundle = Bundle(2, c => $"— {plain.Name} {Base64(plain.Id, _keys[0].Sign(Encoding.UTF8.GetBytes(c.ToText())))}\n");
        Verdict(bundle, 1, "none");
    }

    [Fact]
    public void Witnesses_do_not_stand_in_for_the_log()
    {
        var forgery = new Forgery { Checkpoint = c => SignedNote.Parse(Encoding.UTF8.GetBytes($"{c.ToText()}\n{Cosign(0)(c)}")) };
        Assert.Equal("log.checkpoint", Failure(TestAuthority.Utf8(_authority.Sign(forgery)), 1).Check);
    }

    [Fact]
    public void An_entry_with_a_promise_only_has_no_witnesses()
    {
        var bundle = _authority.Sign(
            new Forgery
            {
                LogVersion = 1,
                Change = b =>
                {
                    var material = b["verificationMaterial"]!;
                    b["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1";
                    var leaf = material["certificate"]!.DeepClone();
                    material.AsObject().Remove("certificate");
                    material["x509CertificateChain"] = new System.Text.Json.Nodes.JsonObject
                    {
                        ["certificates"] = new System.Text.Json.Nodes.JsonArray(leaf),
                    };
                    material["tlogEntries"]![0]!.AsObject().Remove("inclusionProof");
                },
            }
        );
        Assert.True(Report(TestAuthority.Utf8(bundle), 0).IsVerified);
        Assert.Equal(("log.witnesses", FailureCode.UntrustedLog), Failure(TestAuthority.Utf8(bundle), 1));
    }

    [Fact]
    public void Keys_of_witnesses_are_read_and_one_key_counts_once()
    {
        var keys = SigstoreTrust.ReadWitnesses(Witness(0).ToString(), Witness(1).ToString());
        Assert.Equal(["witness0.test", "witness1.test"], keys.Select(k => k.Name));
        Assert.Throws<MalformedDataException>(() => SigstoreTrust.ReadWitnesses(NoteKey.Create("log", _keys[0].PublicKey).ToString()));
        var again = NoteKey.CreateWitness("another.test", _keys[0].PublicKey);
        Assert.Throws<ArgumentException>(() => new SigstoreTrust(_authority.TrustedRoot()) { Witnesses = [keys[0], again] });
        Assert.Throws<ArgumentException>(() =>
            new SigstoreTrust(_authority.TrustedRoot()) { Witnesses = [NoteKey.Create("log", _keys[0].PublicKey)] }
        );
    }

    [VectorTheory]
    [InlineData("rekor2-checkpoint-cosigned")]
    [InlineData("rekor2-checkpoint-multiple-cosigs")]
    public void Cosignatures_of_the_vectors_are_passed_over_without_a_quorum_and_missing_with_one(string name)
    {
        var bundle = File.ReadAllBytes(Vectors.Require($"sigstore-conformance/bundle-verify/{name}/bundle.sigstore.json"));
        var root = TrustedRoot.Parse(File.ReadAllBytes(Vectors.Require($"sigstore-conformance/bundle-verify/{name}/trusted_root.json")));
        var artifact = DigestAlgorithm.Sha256.Hash(File.ReadAllBytes(Vectors.Require("sigstore-conformance/a.txt")));
        VerificationReport Verify(int quorum) =>
            new BundleVerifier(
                [],
                new SigstoreTrust(root, IdentityRule.Create(".*", true, ".*", true)) { Witnesses = [Witness(0)], WitnessThreshold = quorum }
            ).VerifyMessage(ArtifactTrust.Bundles.Bundle.Parse(bundle), artifact);
        Assert.True(Verify(0).IsVerified, Verify(0).Failure?.Message);
        Assert.Equal("log.witnesses", Verify(1).Failure?.Name);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Logs_with_rsa_keys_are_verified(int logVersion)
    {
        using var rsa = RSA.Create(2048);
        using var key = VerificationKey.FromSubjectPublicKeyInfo(rsa.ExportSubjectPublicKeyInfo());
        var named = NoteKey.Create(logVersion == 1 ? TestAuthority.FirstLogName : TestAuthority.LogName, key);
        var expected = SHA256.HashData(
            logVersion == 1
                ? key.SubjectPublicKeyInfo.ToArray()
                :
                [
                    .. Encoding.UTF8.GetBytes(TestAuthority.LogName),
                    0x0a,
                    0xff,
                    .. "PKIX-RSA-PKCS#1v1.5"u8,
                    .. key.SubjectPublicKeyInfo.Span,
                ]
        );
        var id = BinaryPrimitives.ReadUInt32BigEndian(expected);
        Assert.Equal(id, (logVersion == 1 ? named.ForFirstVersion() : named).Id);
        Assert.Equal(named.ToString(), NoteKey.Parse(named.ToString()).ToString());
        var root = _authority.TrustedRoot(r =>
        {
            var log = r["tlogs"]![logVersion == 1 ? 1 : 0]!;
            log["publicKey"]!["rawBytes"] = TestAuthority.Base64(key.SubjectPublicKeyInfo.Span);
            log["publicKey"]!["keyDetails"] = "PKIX_RSA_PKCS1V15_2048_SHA256";
        });
        byte[] Bundle(byte change) =>
            TestAuthority.Utf8(
                _authority.Sign(
                    new Forgery
                    {
                        LogVersion = logVersion,
                        // The promise is by the other key, so it is left out.
                        Change = b => b["verificationMaterial"]!["tlogEntries"]![0]!.AsObject().Remove("inclusionPromise"),
                        Checkpoint = c =>
                        {
                            var text = Encoding.UTF8.GetBytes(c.ToText());
                            var signature = rsa.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
                            signature[5] ^= change;
                            return SignedNote.Parse(Encoding.UTF8.GetBytes($"{c.ToText()}\n— {named.Name} {Base64(id, signature)}\n"));
                        },
                    }
                )
            );
        var right = Report(Bundle(0), 0, root);
        Assert.True(right.IsVerified, right.Failure?.Message);
        Assert.Equal("log.checkpoint", Report(Bundle(1), 0, root).Failure?.Name);
    }

    private byte[] Bundle(int logVersion, params Func<Checkpoint, string>[] cosigners)
    {
        var signer = logVersion == 1 ? new NoteSigner(TestAuthority.FirstLogName, _authority.FirstLogKey) : _authority.LogSigner;
        var forgery = new Forgery
        {
            LogVersion = logVersion,
            Checkpoint = c => SignedNote.Parse(Encoding.UTF8.GetBytes(c.Sign(signer) + string.Concat(cosigners.Select(s => s(c))))),
        };
        return TestAuthority.Utf8(_authority.Sign(forgery));
    }

    private Func<Checkpoint, string> Cosign(int i, bool isRight = true, long time = 1_790_000_000) =>
        c => Line(Witness(i), time, Sign(isRight ? i : 2, c, time));

    private byte[] Sign(int i, Checkpoint checkpoint, long time) =>
        _keys[i]
            .Sign(
                Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"cosignature/v1\ntime {time}\n{checkpoint.ToText()}"))
            );

    private static string Line(NoteKey witness, long time, byte[] signature)
    {
        var seconds = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(seconds, time);
        return $"— {witness.Name} {Base64(witness.Id, [.. seconds, .. signature])}\n";
    }

    private static string Base64(uint id, byte[] signature)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, id);
        return Convert.ToBase64String([.. bytes, .. signature]);
    }

    private void Verdict(byte[] bundle, int quorum, string? actual)
    {
        var report = Report(bundle, quorum);
        Assert.Equal(actual is null, report.IsVerified);
        Assert.Equal(actual, report.Failure?.Actual);
        Assert.Equal(actual is null ? null : "log.witnesses", report.Failure?.Name);
    }

    private (string? Check, FailureCode? Code) Failure(byte[] bundle, int quorum)
    {
        var failure = Report(bundle, quorum).Failure;
        return (failure?.Name, failure?.Code);
    }

    private VerificationReport Report(byte[] bundle, int quorum, TrustedRoot? root = null) =>
        new BundleVerifier(
            [],
            new SigstoreTrust(root ?? _authority.TrustedRoot(), TestAuthority.Identity)
            {
                Witnesses = [Witness(0), Witness(1)],
                WitnessThreshold = quorum,
            }
        ).VerifyMessage(ArtifactTrust.Bundles.Bundle.Parse(bundle), DigestAlgorithm.Sha256.Hash(TestAuthority.Artifact));
}
