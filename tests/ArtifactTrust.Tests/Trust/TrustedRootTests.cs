using System.Text;
using System.Text.Json.Nodes;
using ArtifactTrust.Formats;
using ArtifactTrust.Tests.Verification.Sigstore;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Tests.Trust;

public sealed class TrustedRootTests
{
    [Fact]
    public void The_public_good_root_is_built_in()
    {
        var root = TrustedRoot.PublicGood;
        Assert.Equal(["rekor.sigstore.dev", "log2025-1.rekor.sigstore.dev"], root.TransparencyLogs.Select(l => l.Origin));
        Assert.Equal(2, root.CertificateAuthorities.Count);
        Assert.Equal(2, root.CertificateLogs.Count);
        Assert.Single(root.TimestampAuthorities);
    }

    [VectorFact]
    public void The_staging_root_has_a_log_with_a_bare_rsa_key()
    {
        var root = TrustedRoot.Parse(File.ReadAllBytes(Vectors.Require("staging_trusted_root.json")));
        Assert.Contains(root.CertificateLogs, l => l.Key.Algorithm == ArtifactTrust.Keys.SignatureAlgorithm.RsaPkcs1);
    }

    [Fact]
    public void A_log_without_a_start_of_its_validity_is_refused()
    {
        Refused(r => r["tlogs"]![0]!["publicKey"]!["validFor"]!.AsObject().Remove("start"), "start");
    }

    [Fact]
    public void A_period_that_ends_before_it_starts_is_refused()
    {
        Refused(r => r["ctlogs"]![0]!["publicKey"]!["validFor"]!["end"] = "2020-01-01T00:00:00Z", "before");
    }

    [Fact]
    public void Two_logs_with_one_id_are_refused()
    {
        Refused(r => r["tlogs"]!.AsArray().Add(r["tlogs"]![0]!.DeepClone()), "one id");
    }

    [Fact]
    public void A_log_of_signatures_with_an_unknown_kind_of_key_is_refused()
    {
        Refused(r => r["tlogs"]![0]!["publicKey"]!["keyDetails"] = "SOMETHING_NEW", "unknown");
    }

    [Fact]
    public void A_key_of_another_kind_than_said_is_refused()
    {
        Refused(r => r["tlogs"]![0]!["publicKey"]!["keyDetails"] = "PKIX_ECDSA_P256_SHA_256", "not for");
    }

    [Fact]
    public void An_unknown_media_type_is_refused() => Refused(r => r["mediaType"] = "application/json", "0.1 or 0.2");

    [Fact]
    public void An_authority_without_certificates_is_refused()
    {
        Refused(r => r["certificateAuthorities"]![0]!["certChain"]!["certificates"] = new JsonArray(), "no certificate");
    }

    [Fact]
    public void A_certificate_with_something_after_it_is_refused()
    {
        using var authority = new TestAuthority();
        Refused(
            r =>
                r["certificateAuthorities"]![0]!["certChain"]!["certificates"]![0]!["rawBytes"] = TestAuthority.Base64([
                    .. authority.Root.RawData,
                    0,
                ]),
            "certificate"
        );
    }

    [Fact]
    public void An_unknown_member_is_refused() => Refused(r => r["tLogs"] = new JsonArray(), "no such member");

    private static void Refused(Action<JsonObject> change, string reason)
    {
        using var authority = new TestAuthority();
        var json = authority.RootJson();
        change(json);
        var e = Assert.Throws<MalformedDataException>(() => TrustedRoot.Parse(Encoding.UTF8.GetBytes(json.ToJsonString())));
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }
}
