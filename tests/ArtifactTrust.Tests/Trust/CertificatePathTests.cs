using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ArtifactTrust.Formats;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Tests.Trust;

/// <summary>A right path, and a wrong one for each rule of RFC 5280 §6.</summary>
public sealed class CertificatePathTests
{
    private const string Usage = "1.3.6.1.5.5.7.3.3";
    private static readonly DateTimeOffset Now = new(2026, 1, 15, 12, 0, 0, TimeSpan.Zero);
    private static readonly Node Root = Issue(null, "root", authority: true);

    [Fact]
    public void A_leaf_under_the_anchor_has_a_path() => Accepts(Leaf(Root), [Root], []);

    [Fact]
    public void Intermediates_of_the_authority_and_of_the_bundle_are_used()
    {
        var one = Issue(Root, "one", authority: true);
        var two = Issue(one, "two", authority: true);
        Accepts(Leaf(two), [one, Root], [two]);
        Accepts(Leaf(two), [Root], [two, one]);
        Refuses(Leaf(two), [Root], [two], "no certificate of 'CN=one'");
    }

    [Fact]
    public void A_certificate_of_the_bundle_is_no_anchor()
    {
        var other = Issue(null, "root", authority: true);
        Refuses(Leaf(other), [Root], [other], "signature is not by the key");
        Refuses(Leaf(other), [Issue(null, "else", authority: true)], [other], "no certificate of");
    }

    [Fact]
    public void Another_path_is_tried_where_one_name_has_two_keys()
    {
        var wrong = Issue(Root, "one", authority: true);
        var right = Issue(Root, "one", authority: true);
        Accepts(Leaf(right), [wrong, right, Root], []);
    }

    [Fact]
    public void A_loop_of_authorities_ends()
    {
        var a = Issue(null, "a", authority: true);
        var b = Issue(a, "b", authority: true);
        var again = Issue(b, "a", authority: true, key: a.Key);
        Refuses(Leaf(b), [Root], [b, again, a], "no certificate of 'CN=");
    }

    [Fact]
    public void Many_certificates_of_one_name_cost_a_bounded_number_of_signatures()
    {
        var many = Enumerable.Range(0, 60).Select(_ => Issue(Root, "one", authority: true)).ToArray();
        Refuses(Leaf(Issue(Root, "one", authority: true)), [Root], many, $"by {Limits.CertificatePathSignatures} signatures");
    }

    [Fact]
    public void An_issuer_that_is_no_authority_is_refused()
    {
        Refuses(Leaf(Issue(Root, "one", authority: false)), [Root], [Last!], "not that of an authority");
        Refuses(Leaf(Issue(Root, "one", authority: null)), [Root], [Last!], "not that of an authority");
    }

    [Fact]
    public void An_issuer_that_may_not_sign_certificates_is_refused() =>
        Refuses(
            Leaf(Issue(Root, "one", authority: true, keyUsage: X509KeyUsageFlags.DigitalSignature)),
            [Root],
            [Last!],
            "lacks keyCertSign"
        );

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void The_length_of_the_path_is_limited(int length, bool isRight)
    {
        var root = Issue(null, "limited", authority: true, pathLength: length);
        var one = Issue(root, "one", authority: true);
        Verdict(Leaf(one), [root], [one], isRight ? null : "allows 0 authorities below it, and there are 1");
        Accepts(Leaf(root), [root], []);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData(Usage, true)]
    [InlineData("2.5.29.37.0", true)]
    [InlineData("1.3.6.1.5.5.7.3.1", false)]
    public void The_usages_of_an_authority_bind_those_below(string? usage, bool isRight) =>
        Verdict(
            Leaf(Issue(Root, "one", authority: true, usage: usage)),
            [Root],
            [Last!],
            isRight ? null : "may not issue certificates for"
        );

    [Theory]
    [InlineData(-1, "root", false)]
    [InlineData(0, "root", true)]
    [InlineData(0, "leaf", true)]
    [InlineData(1, "leaf", false)]
    public void Every_certificate_is_valid_at_the_time_both_ends_included(int secondsAfterEnd, string which, bool isRight)
    {
        var end = Now.AddSeconds(which == "root" ? secondsAfterEnd : -secondsAfterEnd);
        var root = Issue(null, "short", authority: true, to: which == "root" ? end : Now.AddYears(1));
        var leaf = Issue(root, "leaf", authority: null, usage: Usage, to: which == "leaf" ? end : Now.AddYears(1));
        Verdict(leaf, [root], [], isRight ? null : "is valid from");
        var late = Issue(root, "leaf", authority: null, usage: Usage, from: Now.AddSeconds(1));
        Refuses(late, [root], [], "is valid from");
    }

    [Fact]
    public void An_unknown_critical_extension_is_refused_anywhere()
    {
        var unknown = new X509Extension("1.2.3.4", [5, 0], critical: true);
        Refuses(Issue(Root, "leaf", null, usage: Usage, further: unknown), [Root], [], "critical extension 1.2.3.4");
        Refuses(Leaf(Issue(Root, "one", authority: true, further: unknown)), [Root], [Last!], "critical extension 1.2.3.4");
        Accepts(Issue(Root, "leaf", null, usage: Usage, further: new X509Extension("1.2.3.4", [5, 0], critical: false)), [Root], []);
    }

    [Fact]
    public void A_precertificate_is_refused() =>
        Refuses(
            Issue(Root, "leaf", null, usage: Usage, further: new X509Extension("1.3.6.1.4.1.11129.2.4.3", [5, 0], critical: true)),
            [Root],
            [],
            "critical extension"
        );

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Constraints_of_names_are_refused(bool isCritical) =>
        Refuses(
            Leaf(Issue(Root, "one", authority: true, further: new X509Extension("2.5.29.30", [0x30, 0], isCritical))),
            [Root],
            [Last!],
            "constrains names"
        );

    [Theory]
    [InlineData(null)]
    [InlineData("1.3.6.1.5.5.7.3.1")]
    [InlineData("2.5.29.37.0")]
    public void A_leaf_names_the_usage(string? usage) =>
        Refuses(Issue(Root, "leaf", null, usage: usage), [Root], [], "does not name the extended key usage");

    [Fact]
    public void A_leaf_is_no_authority_and_signs()
    {
        Refuses(Issue(Root, "leaf", true, usage: Usage), [Root], [], "that of an authority");
        Refuses(Issue(Root, "leaf", null, usage: Usage, keyUsage: X509KeyUsageFlags.KeyAgreement), [Root], [], "lacks digitalSignature");
    }

    [Fact]
    public void Weak_hashes_and_keys_are_refused()
    {
        using var key = RSA.Create(3072);
        using var small = RSA.Create(1024);
        foreach (
            var (rsa, hash, reason) in new[]
            {
                (key, HashAlgorithmName.SHA1, "signed with the algorithm 1.2.840.113549.1.1.5"),
                (small, HashAlgorithmName.SHA256, "1024 bits"),
            }
        )
        {
            var request = new CertificateRequest("CN=rsa", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            var root = request.CreateSelfSigned(Now.AddYears(-1), Now.AddYears(1));
            var leaf = Request(
                    "leaf",
                    ECDsa.Create(ECCurve.NamedCurves.nistP256),
                    null,
                    Usage,
                    X509KeyUsageFlags.DigitalSignature,
                    null,
                    null
                )
                .Create(root.SubjectName, new Generator(rsa, hash), Now.AddDays(-1), Now.AddDays(1), [1]);
            var (path, problem) = Find(leaf, [root], []);
            Assert.Null(path);
            Assert.Contains(reason, problem, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("SHA256")]
    [InlineData("SHA384")]
    [InlineData("SHA512")]
    public void Authorities_with_rsa_keys_sign_with_every_hash_of_the_second_family(string hash)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=rsa", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var root = request.CreateSelfSigned(Now.AddYears(-1), Now.AddYears(1));
        var leaf = Request("leaf", ECDsa.Create(ECCurve.NamedCurves.nistP256), null, Usage, X509KeyUsageFlags.DigitalSignature, null, null)
            .Create(root.SubjectName, new Generator(key, new HashAlgorithmName(hash)), Now.AddDays(-1), Now.AddDays(1), [1]);
        Assert.Null(Find(leaf, [root], []).Problem);
    }

    [Fact]
    public void Every_changed_byte_of_a_leaf_is_refused()
    {
        var good = Leaf(Root).Certificate.RawData;
        var authority = new CertificateAuthority("test", null, [Root.Certificate], new ValidityPeriod(null, null));
        for (var i = 0; i < good.Length; i++)
        {
            foreach (var change in (byte[])[1, 0x20, 0x80])
            {
                byte[] bad = [.. good];
                bad[i] ^= change;
                try
                {
                    Assert.Null(CertificatePath.Find(Certificate.Read(bad, "leaf"), [], [authority], Usage, Now).Path);
                }
                catch (MalformedDataException)
                {
                    // Unreadable is refused too.
                }
            }
        }
    }

    [Fact]
    public void An_intermediate_in_the_users_store_changes_nothing()
    {
        var one = Issue(Root, "planted", authority: true);
        var leaf = Leaf(one);
        using var store = new X509Store(StoreName.CertificateAuthority, StoreLocation.CurrentUser);
        store.Open(OpenFlags.ReadWrite);
        store.Add(one.Certificate);
        try
        {
            Refuses(leaf, [Root], [], "no certificate of 'CN=planted'");
            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.Add(Root.Certificate);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            chain.ChainPolicy.VerificationTime = Now.UtcDateTime;
            // What the BCL would say, so that the test shows a difference.
            Assert.True(chain.Build(leaf.Certificate));
        }
        finally
        {
            store.Remove(one.Certificate);
        }
    }

    /// <summary>The last certificate made that is no leaf.</summary>
    private static Node? Last { get; set; }

    private static void Accepts(Node leaf, Node[] chain, Node[] further) => Verdict(leaf, chain, further, null);

    private static void Refuses(Node leaf, Node[] chain, Node[] further, string reason) => Verdict(leaf, chain, further, reason);

    private static void Verdict(Node leaf, Node[] chain, Node[] further, string? reason)
    {
        var (path, problem) = Find(leaf.Certificate, [.. chain.Select(n => n.Certificate)], [.. further.Select(n => n.Certificate)]);
        if (reason is null)
        {
            Assert.True(path is not null, problem);
        }
        else
        {
            Assert.Null(path);
            Assert.Contains(reason, problem, StringComparison.Ordinal);
        }
    }

    private static (CertificatePath? Path, string? Problem) Find(
        X509Certificate2 leaf,
        X509Certificate2[] chain,
        IReadOnlyList<X509Certificate2> further
    ) =>
        CertificatePath.Find(
            Certificate.Read(leaf.RawData, "leaf"),
            [.. further.Select(c => Certificate.Read(c.RawData, "further"))],
            [new CertificateAuthority("test", null, chain, new ValidityPeriod(null, null))],
            Usage,
            Now
        );

    private static Node Leaf(Node issuer) => Issue(issuer, "leaf", null, usage: Usage, keyUsage: X509KeyUsageFlags.DigitalSignature);

    private static Node Issue(
        Node? issuer,
        string name,
        bool? authority,
        int? pathLength = null,
        string? usage = null,
        X509KeyUsageFlags? keyUsage = null,
        DateTimeOffset? from = null,
        DateTimeOffset? to = null,
        X509Extension? further = null,
        ECDsa? key = null
    )
    {
        key ??= ECDsa.Create(ECCurve.NamedCurves.nistP256);
        keyUsage ??= authority == true ? X509KeyUsageFlags.KeyCertSign : X509KeyUsageFlags.DigitalSignature;
        if (authority == true && usage == Usage && issuer is not null && name == "leaf")
        {
            keyUsage |= X509KeyUsageFlags.DigitalSignature;
        }
        var request = Request(name, key, authority, usage, keyUsage.Value, pathLength, further);
        var certificate = request.Create(
            issuer?.Certificate.SubjectName ?? request.SubjectName,
            X509SignatureGenerator.CreateForECDsa(issuer?.Key ?? key),
            from ?? Now.AddYears(-1),
            to ?? Now.AddYears(1),
            RandomNumberGenerator.GetBytes(12)
        );
        var node = new Node(certificate, key);
        Last = name == "leaf" ? Last : node;
        return node;
    }

    private static CertificateRequest Request(
        string name,
        ECDsa key,
        bool? authority,
        string? usage,
        X509KeyUsageFlags keyUsage,
        int? pathLength,
        X509Extension? further
    )
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        if (authority is { } isAuthority)
        {
            request.CertificateExtensions.Add(
                new X509BasicConstraintsExtension(isAuthority, pathLength is not null, pathLength ?? 0, true)
            );
        }
        request.CertificateExtensions.Add(new X509KeyUsageExtension(keyUsage, true));
        if (usage is not null)
        {
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        }
        if (further is not null)
        {
            request.CertificateExtensions.Add(further);
        }
        return request;
    }

    private sealed record Node(X509Certificate2 Certificate, ECDsa Key);

    /// <summary>Signs with what it is told to, as the BCL's own would not with SHA-1.</summary>
    private sealed class Generator(RSA key, HashAlgorithmName hash) : X509SignatureGenerator
    {
        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm)
        {
            var writer = new AsnWriter(AsnEncodingRules.DER);
            using (writer.PushSequence())
            {
                var last = hash.Name switch
                {
                    "SHA1" => "5",
                    "SHA256" => "11",
                    "SHA384" => "12",
                    _ => "13",
                };
                writer.WriteObjectIdentifier("1.2.840.113549.1.1." + last);
                writer.WriteNull();
            }
            return writer.Encode();
        }

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) =>
            key.SignData(data, hash, RSASignaturePadding.Pkcs1);

        protected override PublicKey BuildPublicKey() => new(key);
    }
}
