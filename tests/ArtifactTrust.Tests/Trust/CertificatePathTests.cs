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

    [Theory]
    [InlineData("SHA256")]
    [InlineData("SHA384")]
    [InlineData("SHA512")]
    public void A_certificate_may_be_signed_with_PSS_and_SHA2(string hash)
    {
        using var rsa = RSA.Create(2048);
        var name = new HashAlgorithmName(hash);
        var rootRequest = new CertificateRequest("CN=pss", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
        rootRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var root = rootRequest.CreateSelfSigned(Now.AddYears(-1), Now.AddYears(1));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request("leaf", key, null, Usage, X509KeyUsageFlags.DigitalSignature, null, null);
        var signed = new CertificateRequest(request.SubjectName, request.PublicKey, name);
        foreach (var extension in request.CertificateExtensions)
        {
            signed.CertificateExtensions.Add(extension);
        }
        using var leaf = signed.Create(
            root.SubjectName,
            X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pss),
            Now.AddDays(-1),
            Now.AddDays(1),
            [1]
        );
        var (path, problem) = Find(leaf, [root], []);
        Assert.True(path is not null, problem);
        byte[] bad = [.. leaf.RawData];
        bad[^1] ^= 1;
        Assert.Null(
            CertificatePath
                .Find(
                    Certificate.Read(bad, "leaf"),
                    [],
                    [new CertificateAuthority("test", null, [root], new ValidityPeriod(null, null))],
                    Usage,
                    Now
                )
                .Path
        );
    }

    [Theory]
    // PSS: a mask without a hash, no parameters, and the defaults, which are SHA-1's. RSA without NULL and with; ECDSA with NULL and without.
    [InlineData("303406092A864886F70D01010A3027A00D300B0609608648016503040201A111300F06092A864886F70D01010830023000A203020120", false)]
    [InlineData("300B06092A864886F70D01010A", false)]
    [InlineData("300D06092A864886F70D01010A3000", false)]
    [InlineData("300B06092A864886F70D01010B", false)]
    [InlineData("300D06092A864886F70D01010B0500", true)]
    [InlineData("300C06082A8648CE3D0403020500", false)]
    [InlineData("300A06082A8648CE3D040302", true)]
    [InlineData("300906072A8648CE3D0401", false)]
    [InlineData("300506032B6570", true)]
    [InlineData("0500", false)]
    public void Algorithms_are_read_in_their_one_form(string hex, bool isRight) =>
        Assert.Equal(isRight, CertificateSignature.Read(Convert.FromHexString(hex)) is not null);

    [Theory]
    [InlineData(32, "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.1", true)]
    [InlineData(20, "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.1", false)]
    [InlineData(0, "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.1", false)]
    [InlineData(32, "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2", false)]
    [InlineData(20, "1.3.14.3.2.26", "1.3.14.3.2.26", false)]
    [InlineData(64, "2.16.840.1.101.3.4.2.3", "2.16.840.1.101.3.4.2.3", true)]
    public void PSS_has_one_hash_and_a_salt_as_long(int salt, string hash, string maskHash, bool isRight)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.2.840.113549.1.1.10");
            using (writer.PushSequence())
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                {
                    Hash(hash);
                }
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier("1.2.840.113549.1.1.8");
                    Hash(maskHash);
                }
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 2)))
                {
                    writer.WriteInteger(salt);
                }
            }
        }
        Assert.Equal(isRight, CertificateSignature.Read(writer.Encode()) is not null);

        void Hash(string oid)
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(oid);
                writer.WriteNull();
            }
        }
    }

    [Fact]
    public void A_name_that_nobody_can_read_is_no_exception()
    {
        // A subject of one attribute, whose text is of no known kind: X.501 in form, and nothing the BCL decodes.
        var leaf = Leaf(Root).Certificate.RawData;
        var name = Root.Certificate.SubjectName.RawData;
        for (var i = 0; i < name.Length; i++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                byte[] bad = [.. leaf];
                bad[leaf.AsSpan().IndexOf(name) + i] ^= (byte)(1 << bit);
                try
                {
                    var read = Certificate.Read(bad, "leaf");
                    Assert.NotNull(read.Name + read.IssuerName);
                }
                catch (MalformedDataException)
                {
                    // Refused as it is read.
                }
            }
        }
    }

    /// <summary>Chains with every kind of fault, in every combination: whatever has a path here has one by the BCL's rules too.</summary>
    [Fact]
    public void Nothing_is_accepted_that_the_BCL_refuses()
    {
        var random = new Random(20260115);
        var (ours, theirs, stricter) = (0, 0, 0);
        for (var i = 0; i < 600; i++)
        {
            bool Rarely() => random.Next(7) == 0;
            var root = Issue(null, "root", authority: Rarely() ? null : true, pathLength: Rarely() ? random.Next(3) : null);
            var chain = new List<Node> { root };
            for (var depth = random.Next(4); depth > 0; depth--)
            {
                var signer = Rarely() ? Issue(null, "root", authority: true) : chain[^1];
                chain.Add(Authority(signer, $"ca{chain.Count}"));
            }
            var issuer = chain[^1];
            var leaf = Issue(
                Rarely() ? issuer with { Key = ECDsa.Create(ECCurve.NamedCurves.nistP256) } : issuer,
                "leaf",
                Rarely() ? false : null,
                usage: Rarely() ? "1.3.6.1.5.5.7.3.1" : Usage,
                keyUsage: Rarely() ? X509KeyUsageFlags.KeyEncipherment : null,
                to: Rarely() ? Now.AddSeconds(-1) : null,
                further: Rarely() ? new X509Extension("1.2.3.4", [5, 0], random.Next(2) == 0) : null
            );
            bool isOurs;
            try
            {
                isOurs = Find(leaf.Certificate, [root.Certificate], [.. chain.Skip(1).Select(n => n.Certificate)]).Path is not null;
            }
            catch (MalformedDataException)
            {
                // A path length where there is no authority (RFC 5280 §4.2.1.9).
                isOurs = false;
            }
            var isTheirs = BclAccepts(leaf.Certificate, root.Certificate, chain.Skip(1));
            Assert.True(!isOurs || isTheirs, $"chain {i} is accepted here, and refused by the BCL");
            ours += isOurs ? 1 : 0;
            theirs += isTheirs ? 1 : 0;
            stricter += !isOurs && isTheirs ? 1 : 0;

            Node Authority(Node signer, string name) =>
                Issue(
                    signer,
                    name,
                    Rarely() ? false : true,
                    Rarely() ? random.Next(2) : null,
                    Rarely() ? "1.3.6.1.5.5.7.3.1" : null,
                    Rarely() ? X509KeyUsageFlags.DigitalSignature : null,
                    from: Rarely() ? Now.AddSeconds(1) : null,
                    further: Rarely() ? new X509Extension("1.2.3.4", [5, 0], random.Next(2) == 0) : null
                );
        }
        // The chains tell something: some are right, some are wrong.
        Assert.InRange(ours, 60, 500);
        Assert.Equal(theirs, ours + stricter);
    }

    private static bool BclAccepts(X509Certificate2 leaf, X509Certificate2 root, IEnumerable<Node> further)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.ExtraStore.AddRange(further.Select(n => n.Certificate).ToArray());
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(Usage));
        chain.ChainPolicy.VerificationTime = Now.UtcDateTime;
        return chain.Build(leaf);
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
