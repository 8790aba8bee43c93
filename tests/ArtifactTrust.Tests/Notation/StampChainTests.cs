using System.Security.Cryptography.X509Certificates;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Notation;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Notation;

/// <summary>Time stamps by authorities that a root vouches for through others, whose certificates the token brings along.</summary>
public sealed class StampChainTests : IDisposable
{
    private const string CodeSigning = "1.3.6.1.5.5.7.3.3";
    private const string TimeStamping = "1.3.6.1.5.5.7.3.8";
    private const string Unread = "the certificate that it brings along was not valid then, or is not for time stamps alone";
    private static readonly DateTimeOffset Stamped = NotationScene.Now.AddHours(-1);

    /// <summary>Chains with one thing wrong, and what is said of it.</summary>
    private static readonly (string Name, StampChain Chain, string Reason)[] Wrong =
    [
        ("upper expired", new() { UpperValidity = (Stamped.AddDays(-9), Stamped.AddHours(-1)) }, "the certificate is valid from"),
        ("lower expired", new() { LowerValidity = (Stamped.AddDays(-9), Stamped.AddHours(-1)) }, "the certificate is valid from"),
        ("lower not valid yet", new() { LowerValidity = (Stamped.AddMinutes(1), Stamped.AddYears(1)) }, "the certificate is valid from"),
        ("own expired", new() { Validity = (Stamped.AddDays(-9), Stamped.AddHours(-1)) }, Unread),
        ("no usage", new() { Usages = [] }, Unread),
        ("wrong usage", new() { Usages = [CodeSigning] }, Unread),
        ("a usage more", new() { Usages = [TimeStamping, CodeSigning] }, "timeStamping alone"),
        ("any usage", new() { Usages = ["2.5.29.37.0"] }, Unread),
        ("usage not critical", new() { AreUsagesCritical = false }, Unread),
        ("no digital signature", new() { KeyUsage = X509KeyUsageFlags.NonRepudiation }, "lacks digitalSignature"),
        (
            "more key usages",
            new() { KeyUsage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign },
            "allows more than signatures"
        ),
        ("authority stamps", new() { IsAuthority = true }, "that of an authority"),
        ("lower for another usage", new() { LowerUsages = [CodeSigning] }, "may not issue certificates for"),
        ("lower may not issue", new() { LowerKeyUsage = X509KeyUsageFlags.CrlSign }, "lacks keyCertSign"),
        ("lower is no authority", new() { LowerIsAuthority = false }, "it is not that of an authority"),
        ("constraints not critical", new() { AreConstraintsCritical = false }, "by critical basic constraints"),
        ("path too long", new() { UpperPathLength = 0 }, "allows 0 authorities"),
        ("unknown critical extension", new() { LowerExtension = new X509Extension("1.2.3.4", [5, 0], true) }, "1.2.3.4"),
    ];

    private readonly NotationScene _scene = new() { Stores = "\"ca:test\", \"tsa:test\"" };

    public StampChainTests() => _scene.Add("ca", "test", Encoding.ASCII.GetBytes(NotationDraft.Good.RootPem));

    public static TheoryData<string> WrongNames() => [.. Wrong.Select(w => w.Name)];

    public void Dispose() => _scene.Dispose();

    [Fact]
    public void The_token_brings_the_certificates_between_along_in_any_order()
    {
        var chain = new StampChain { LowerUsages = [TimeStamping] }.Create();
        Trust(chain[3]);
        foreach (
            var further in (X509Certificate2[][])
                [
                    [chain[1], chain[2]],
                    [chain[2], chain[1]],
                    [chain[3], chain[2], chain[1]],
                ]
        )
        {
            var report = Verify(chain, further);
            Assert.True(report.IsVerified, report.Failure?.Message);
            Assert.Equal([Stamped], report.Verified.Times);
        }
    }

    [Fact]
    public void What_expires_after_the_stamp_does_no_harm()
    {
        var (from, to) = (Stamped.AddDays(-9), Stamped.AddHours(1));
        var chain = new StampChain
        {
            UpperValidity = (from, to),
            LowerValidity = (from, to),
            Validity = (from, to),
        }.Create();
        Trust(chain[3]);
        _scene.Time = NotationScene.Now.AddYears(20);
        var report = Verify(chain, chain[1], chain[2]);
        Assert.True(report.IsVerified, report.Failure?.Message);
    }

    [Theory]
    [MemberData(nameof(WrongNames))]
    public void A_chain_with_one_thing_wrong_is_refused_for_it(string name)
    {
        var (_, wrong, reason) = Wrong.Single(w => w.Name == name);
        var chain = wrong.Create();
        Trust(chain[3]);
        Refused(reason, Verify(chain, chain[1], chain[2]));
    }

    [Fact]
    public void A_certificate_between_that_is_missing_is_not_looked_for_elsewhere()
    {
        var chain = new StampChain().Create();
        Trust(chain[3]);
        Refused("no certificate of 'CN=stamp lower'", Verify(chain));
        Refused("no certificate of 'CN=stamp lower'", Verify(chain, chain[2]));
        Refused("no certificate of 'CN=stamp upper'", Verify(chain, chain[1]));
        Refused("no certificate of 'CN=stamp upper'", Verify(chain, chain[1], chain[3]));
        // Nor may the store have it: as notation has it, only roots are trusted for time stamps.
        _scene.Add("tsa", "test", Encoding.ASCII.GetBytes(chain[1].ExportCertificatePem()), "between.pem");
        var error = Assert.Throws<MalformedDataException>(() => Verify(chain, chain[1], chain[2]));
        Assert.Contains("CN=stamp lower is not a root", error.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_root_that_the_store_does_not_have_is_not_trusted_because_the_token_has_it()
    {
        var (chain, other) = (new StampChain().Create(), new StampChain().Create());
        Trust(other[3]);
        Refused("CN=stamp root", Verify(chain, chain[1], chain[2], chain[3]));
        _scene.Add("tsa", "test", Encoding.ASCII.GetBytes(chain[3].ExportCertificatePem()), "right.pem");
        Assert.True(Verify(chain, chain[1], chain[2]).IsVerified);
    }

    [Fact]
    public void Of_two_certificates_for_one_authority_the_valid_one_is_found()
    {
        var chain = new StampChain().Create();
        var expired = new StampChain { LowerValidity = (Stamped.AddDays(-9), Stamped.AddHours(-1)) }.Create();
        Trust(chain[3]);
        // The same names by other keys, first in the token.
        Assert.True(Verify(chain, expired[1], expired[2], chain[1], chain[2]).IsVerified);
    }

    [Fact]
    public void Only_certificates_of_the_way_to_the_root_leave_revocation_open()
    {
        var revocable = new X509Extension("2.5.29.31", [0x30, 0], false);
        var (chain, other) = (new StampChain().Create(), new StampChain { LowerExtension = revocable }.Create());
        Trust(chain[3]);
        Assert.True(Verify(chain, chain[1], chain[2], other[1]).IsVerified);
        Trust(other[3]);
        var report = Verify(other, other[1], other[2]);
        Assert.True(report.IsUndecided, report.Failure?.Message);
        Assert.Contains("CN=stamp lower", report.Failure!.Message, StringComparison.Ordinal);
        _scene.SkipRevocation = true;
        Assert.True(Verify(other, other[1], other[2]).IsVerified);
    }

    [Fact]
    public void A_stamp_of_something_else_or_of_another_time_is_refused()
    {
        var chain = new StampChain().Create();
        Trust(chain[3]);
        Refused("over something else", Verify(chain, [chain[1], chain[2]], content: [1, 2, 3]));
        // The authority's certificate was valid then, and the signer's was not yet.
        var late = TestChain.Create(leafFrom: NotationScene.Now.AddDays(-1));
        _scene.Add("ca", "test", Encoding.ASCII.GetBytes(late.RootPem));
        var failure = Verify(chain, [chain[1], chain[2]], time: NotationScene.Now.AddDays(-2), signer: late).Failure;
        Assert.Equal(("notation.time", FailureCode.CertificateInvalid), (failure?.Name, failure?.Code));
        Assert.True(Verify(chain, [chain[1], chain[2]], signer: late).IsVerified);
    }

    private void Trust(X509Certificate2 root) => _scene.Add("tsa", "test", Encoding.ASCII.GetBytes(root.ExportCertificatePem()));

    private static void Refused(string reason, NotationReport report)
    {
        Assert.Equal(("notation.time", FailureCode.TimestampInvalid), (report.Failure?.Name, report.Failure?.Code));
        Assert.Contains(reason, report.Failure!.Message, StringComparison.Ordinal);
    }

    private NotationReport Verify(IReadOnlyList<X509Certificate2> chain, params X509Certificate2[] further) => Verify(chain, further, null);

    /// <summary>Verifies a good signature, in both forms, with a stamp by the first of the certificates.</summary>
    private NotationReport Verify(
        IReadOnlyList<X509Certificate2> chain,
        X509Certificate2[] further,
        byte[]? content = null,
        DateTimeOffset? time = null,
        TestChain? signer = null
    )
    {
        var draft = new NotationDraft(signer ?? NotationDraft.Good, _scene.Manifest, Stamped)
        {
            Stamp = signature => StampChain.Stamp(chain[0], content ?? signature, time ?? Stamped, further),
        };
        var reports = new[] { true, false }.Select(jws => _scene.Verify(NotationScene.Parse(jws, draft.Build(jws)))).ToList();
        Assert.Equal(reports[0].Checks, reports[1].Checks);
        return reports[0];
    }
}
