using System.Security.Cryptography;
using ArtifactTrust.Hashing;
using ArtifactTrust.Tests.Notation;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>
/// What vouches for the time of a signature: time stamps by an authority below an intermediate one, and signing authorities. The real notation is asked
/// about each signature too, and says the same, where it is not known to be milder.
/// </summary>
public sealed class NotationTimeTests : NotationTest
{
    private const int Rejected = 1;

    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    /// <summary>Signatures of a signing authority with one thing wrong, and what is said of it.</summary>
    private static readonly (string Name, Action<NotationDraft> Change, string Reason)[] Wrong =
    [
        ("time not critical", d => d.Critical.Remove(NotationDraft.AuthenticTime), "is not listed as critical"),
        ("no time", d => RemoveTime(d), "io.cncf.notary.authenticSigningTime, and no other time, is required"),
        ("the signer's time too", d => d.Headers[NotationDraft.SigningTime] = Now, "and no other time, is required"),
        (
            "time before the certificates",
            d => d.Headers[NotationDraft.AuthenticTime] = Now.AddDays(-20),
            "is not valid at the time that counts"
        ),
        (
            "time after the certificates",
            d => d.Headers[NotationDraft.AuthenticTime] = Now.AddYears(6),
            "is not valid at the time that counts"
        ),
        ("expired", d => d.AddCritical(NotationDraft.Expiry, Now.AddMinutes(-1)), "until a time that is past"),
        ("unknown critical attribute", d => d.AddCritical("com.example.rule", "x"), "the critical header 'com.example.rule' is not known"),
        ("scheme not critical", d => d.Critical.Remove(NotationDraft.Scheme), "is not listed as critical"),
        ("another key", d => d.Key = ECDsa.Create(ECCurve.NamedCurves.nistP256), "not by the key of the first certificate"),
        (
            "another digest",
            d => d.Payload["targetArtifact"]!["digest"] = DigestAlgorithm.Sha256.Hash("other"u8).ToString(),
            "the signature is for another manifest"
        ),
        ("no root", d => d.Chain.RemoveAt(2), "the chain does not end with a root"),
    ];

    /// <summary>What notation 1.3.2 accepts all the same, by form: JWS or not.</summary>
    private static readonly (string Name, bool Jws)[] NotationIsMilder =
    [
        ("unknown critical attribute", true),
        ("unknown critical attribute", false),
        ("the signer's time too", false),
    ];

    public static TheoryData<string, bool> WrongNames()
    {
        var data = new TheoryData<string, bool>();
        foreach (var (name, _, _) in Wrong)
        {
            data.Add(name, true);
            data.Add(name, false);
        }
        return data;
    }

    [PeerTheory("docker-registry", "crane", "notation")]
    [InlineData("jws")]
    [InlineData("cose")]
    public async Task A_stamp_by_an_authority_below_another_one_verifies_by_the_root_alone(string format)
    {
        using var tsa = new OpensslTsa(Scene);
        User.AddKey("signer");
        User.UseKeys("signer");
        var image = await PushAsync();
        User.Sign(image, "signer", format, "--timestamp-url", tsa.Url, "--timestamp-root-cert", "tsa-root.pem");

        Trust("tsa", "tsa-root.pem");
        Agree(0, "stamped at", image, "ca:example", "tsa:test");
        // Neither takes the certificate between for a root, nor another root.
        Trust("tsa", "tsa-between.pem");
        Agree(2, "is not a root", image, "ca:example", "tsa:test");
        Trust("tsa", "root.pem");
        Agree(Rejected, "CN=root", image, "ca:example", "tsa:test");
    }

    [PeerTheory("docker-registry", "crane", "notation")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_signing_authority_vouches_for_the_time(bool jws)
    {
        var image = await PushAsync();
        var chain = TestChain.Create(now: Now);
        Scene.Write("authority.pem", chain.RootPem);
        Trust("signingAuthority", "authority.pem");
        Trust("ca", "authority.pem");
        await AttachAsync(image, jws, chain, _ => { });
        Agree(0, "as its authority says", image, "signingAuthority:test");
        // Its word counts by its own kind of store.
        Agree(Rejected, "has no store of type signingAuthority", image, "ca:test");
        Scene.Write("authority.pem", TestChain.Create(now: Now).RootPem);
        Trust("signingAuthority", "authority.pem");
        Agree(Rejected, "no certificate of the chain is in the stores", image, "signingAuthority:test");
    }

    [PeerTheory("docker-registry", "crane", "notation")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_signing_authority_that_signed_before_its_certificates_expired_is_believed(bool jws)
    {
        var image = await PushAsync();
        var chain = TestChain.Create(now: Now.AddYears(-6));
        Scene.Write("authority.pem", chain.RootPem);
        Trust("signingAuthority", "authority.pem");
        Trust("ca", "authority.pem");
        await AttachAsync(image, jws, chain, _ => { }, Now.AddYears(-2));
        Agree(0, "as its authority says", image, "signingAuthority:test");
        // The same certificates without an authority's word for the time.
        var other = await PushAsync("other", "other");
        await NotationUser.AttachAsync(
            other,
            jws,
            m => new NotationDraft(chain, m.Bytes.ToArray(), Now.AddYears(-2), m.Descriptor.MediaType)
        );
        Agree(Rejected, "is not valid at the time that counts", other, "ca:test");
    }

    [PeerTheory("docker-registry", "crane", "notation")]
    [MemberData(nameof(WrongNames))]
    public async Task An_authoritys_signature_with_one_thing_wrong_is_refused_for_it(string name, bool jws)
    {
        var (_, change, reason) = Wrong.Single(w => w.Name == name);
        var image = await PushAsync();
        var chain = TestChain.Create(now: Now);
        Scene.Write("authority.pem", chain.RootPem);
        Trust("signingAuthority", "authority.pem");
        await AttachAsync(image, jws, chain, change);
        Judge(Rejected, reason, image, ["signingAuthority:test"], NotationIsMilder.Contains((name, jws)));
    }

    private static void RemoveTime(NotationDraft draft)
    {
        draft.Headers.Remove(NotationDraft.AuthenticTime);
        draft.Critical.Remove(NotationDraft.AuthenticTime);
    }

    /// <summary>Asks this tool and notation about an image; both accept it, or neither does.</summary>
    private void Agree(int exitCode, string reason, string image, params string[] stores) =>
        Judge(exitCode, reason, image, stores, exitCode == 0);

    private void Judge(int exitCode, string reason, string image, string[] stores, bool notationAccepts)
    {
        TrustPolicy("strict", "*", stores: stores);
        var ended = Scene.Run(Verify(image));
        Assert.True(ended.ExitCode == exitCode, ended.ToString());
        Assert.True(ended.Text.Contains(reason, StringComparison.Ordinal), ended.ToString());
        Assert.Equal(notationAccepts, User.Accepts(image));
    }

    private void Trust(string type, string certificate) =>
        Scene.Shell($"mkdir -p notation/truststore/x509/{type}/test && cp {certificate} notation/truststore/x509/{type}/test/trusted.pem");

    private Task AttachAsync(string image, bool jws, TestChain chain, Action<NotationDraft> change, DateTimeOffset? time = null) =>
        NotationUser.AttachAsync(
            image,
            jws,
            manifest =>
            {
                var draft = new NotationDraft(chain, manifest.Bytes.ToArray(), Now, manifest.Descriptor.MediaType);
                draft.UseAuthority(time ?? Now.AddHours(-1));
                change(draft);
                return draft;
            }
        );
}
