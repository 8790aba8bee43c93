using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys;
using ArtifactTrust.Keys.Hardware;

namespace ArtifactTrust.Tests.Keys.Hardware;

/// <summary>Keys in SoftHSM2, made here and by OpenSC's tool, and OpenSSL's word on what they sign.</summary>
public sealed class SoftTokenTests(SoftToken token) : IClassFixture<SoftToken>
{
    private static readonly byte[] Message = "the message\n"u8.ToArray();

    public static TheoryData<string> Algorithms => [.. SignatureAlgorithm.All.Select(a => a.Name)];

    [TokenTheory("openssl")]
    [MemberData(nameof(Algorithms))]
    public void A_key_made_in_the_token_signs_as_OpenSSL_and_we_verify(string name)
    {
        var algorithm = SignatureAlgorithm.All.Single(a => a.Name == name);
        var label = $"made-{name}";
        VerificationKey? written = null;
        using var made = HardwareKey.Generate(
            $"pkcs11:token=release;object={label}",
            algorithm,
            null,
            SoftToken.Access(),
            k => written = k
        );
        Assert.Same(made, written);
        using var key = SoftToken.Open($"pkcs11:token=release;object={label}", algorithm.Padding is null ? null : algorithm);
        using var read = HardwareKey.ReadVerificationKey($"pkcs11:token=release;object={label}", SoftToken.Access(null));

        Assert.Equal(algorithm, key.Algorithm);
        Assert.Equal(made.Fingerprint, key.PublicKey.Fingerprint);
        Assert.Equal(made.Fingerprint, read.Fingerprint);
        var path = token.At($"{label}.message");
        File.WriteAllBytes(path, RandomNumberGenerator.GetBytes((1 << 20) + 1));
        using (var file = File.OpenHandle(path))
        {
            File.WriteAllBytes(token.At($"{label}.sig"), key.SignFile(file));
        }
        File.WriteAllText(token.At($"{label}.pub"), key.PublicKey.ToPem());
        string[] options = algorithm.PreHash is { } hash ? ["-digest", hash.Name] : [];
        options =
            algorithm == SignatureAlgorithm.RsaPss
                ? [.. options, "-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:32"]
                : options;
        token.Run(
            "openssl",
            [
                "pkeyutl",
                "-verify",
                "-rawin",
                .. options,
                "-pubin",
                "-inkey",
                token.At($"{label}.pub"),
                "-in",
                path,
                "-sigfile",
                token.At($"{label}.sig"),
            ]
        );
        foreach (var message in new[] { Message, [] })
        {
            Assert.True(read.With(algorithm, key.Sign(message), message));
        }
        if (algorithm.PreHash is { } preHash)
        {
            var digest = preHash.Hash(Message);
            Assert.True(key.PublicKey.VerifyDigest(digest, key.SignDigest(digest)));
        }
    }

    [TokenTheory("pkcs11-tool")]
    [InlineData("EC:prime256v1", "21", "PKIX_ECDSA_P256_SHA_256")]
    [InlineData("EC:secp384r1", "22", "PKIX_ECDSA_P384_SHA_384")]
    [InlineData("EC:edwards25519", "23", "PKIX_ED25519")]
    [InlineData("rsa:2048", "24", "PKIX_RSA_PKCS1V15_SHA256")]
    public void A_key_made_by_another_tool_signs(string type, string id, string algorithm)
    {
        token.Pkcs11Tool("--keypairgen", "--key-type", type, "--id", id, "--label", $"theirs{id}", "--usage-sign");
        using var key = SoftToken.Open($"pkcs11:token=release;id=%{id}");
        Assert.Equal(algorithm, key.Algorithm.Name);
        Assert.True(key.PublicKey.Verify(Message, key.Sign(Message)));
    }

    [TokenTheory("pkcs11-tool")]
    [InlineData("EC:secp256k1", "31")]
    [InlineData("rsa:1024", "32")]
    public void A_key_of_a_kind_or_size_that_no_key_file_may_have_is_refused(string type, string id)
    {
        token.Pkcs11Tool("--keypairgen", "--key-type", type, "--id", id, "--usage-sign");
        Assert.Throws<MalformedDataException>(() => SoftToken.Open($"pkcs11:token=release;id=%{id}"));
    }

    [TokenFact("pkcs11-tool")]
    public void A_key_without_a_public_object_is_read_from_its_own_attributes_or_from_a_certificate()
    {
        SoftToken.Generate("lone-rsa", SignatureAlgorithm.RsaPkcs1);
        token.Pkcs11Tool("--delete-object", "--type", "pubkey", "--label", "lone-rsa");
        using (var key = SoftToken.Open("pkcs11:token=release;object=lone-rsa"))
        {
            Assert.True(key.PublicKey.Verify(Message, key.Sign(Message)));
        }

        var uri = "pkcs11:token=release;object=lone-ec;id=%51";
        byte[] certificate;
        using (var made = HardwareKey.Generate(uri, SignatureAlgorithm.EcdsaP256, null, SoftToken.Access(), _ => { }))
        {
            using var issuer = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest(
                new X500DistinguishedName("CN=lone"),
                PublicKey.CreateFromSubjectPublicKeyInfo(made.SubjectPublicKeyInfo.Span, out _),
                HashAlgorithmName.SHA256
            );
            using var signed = request.Create(
                new X500DistinguishedName("CN=issuer"),
                X509SignatureGenerator.CreateForECDsa(issuer),
                DateTimeOffset.UnixEpoch,
                DateTimeOffset.UnixEpoch.AddYears(90),
                [1]
            );
            certificate = signed.RawData;
        }
        token.Pkcs11Tool("--delete-object", "--type", "pubkey", "--label", "lone-ec");
        var missing = Assert.Throws<HardwareKeyException>(() => SoftToken.Open(uri));
        Assert.Equal(HardwareKeyFailure.NotFound, missing.Failure);

        File.WriteAllBytes(token.At("lone.der"), certificate);
        token.Pkcs11Tool("--write-object", token.At("lone.der"), "--type", "cert", "--id", "51", "--label", "lone-ec");
        using (var key = SoftToken.Open(uri))
        {
            Assert.True(key.PublicKey.Verify(Message, key.Sign(Message)));
        }
        using var read = HardwareKey.ReadVerificationKey(uri + ";type=cert", SoftToken.Access(null));
        Assert.Equal(SignatureAlgorithm.EcdsaP256, read.Algorithm);
    }

    [TokenFact("pkcs11-tool")]
    public void A_key_that_asks_for_its_PIN_each_time_signs_more_than_once()
    {
        token.Pkcs11Tool("--keypairgen", "--key-type", "EC:prime256v1", "--id", "41", "--usage-sign", "--always-auth");
        using var key = SoftToken.Open("pkcs11:token=release;id=%41");
        Assert.True(key.PublicKey.Verify(Message, key.Sign(Message)));
        Assert.True(key.PublicKey.Verify(Message, key.Sign(Message)));
    }

    [TokenFact]
    public void Threads_share_keys_and_keys_share_a_token()
    {
        SoftToken.Generate("shared-a", SignatureAlgorithm.EcdsaP256);
        SoftToken.Generate("shared-b", SignatureAlgorithm.Ed25519);
        using var a = SoftToken.Open("pkcs11:token=release;object=shared-a");
        Parallel.For(
            0,
            40,
            new ParallelOptions { MaxDegreeOfParallelism = 8 },
            i =>
            {
                using var b = SoftToken.Open("pkcs11:token=release;object=shared-b");
                var message = BitConverter.GetBytes(i);
                Assert.True(a.PublicKey.Verify(message, a.Sign(message)));
                Assert.True(b.PublicKey.Verify(message, b.Sign(message)));
            }
        );
    }

    [TokenFact]
    public void A_name_that_is_taken_is_refused_and_nothing_replaced()
    {
        SoftToken.Generate("taken", SignatureAlgorithm.EcdsaP256);
        using var before = HardwareKey.ReadVerificationKey("pkcs11:token=release;object=taken", SoftToken.Access());
        var e = Assert.Throws<HardwareKeyException>(() => SoftToken.Generate("taken", SignatureAlgorithm.Ed25519));
        Assert.Equal(HardwareKeyFailure.Ambiguous, e.Failure);
        using var after = HardwareKey.ReadVerificationKey("pkcs11:token=release;object=taken", SoftToken.Access());
        Assert.Equal(before.Fingerprint, after.Fingerprint);
    }

    [TokenFact]
    public void A_key_whose_public_half_is_not_kept_is_deleted()
    {
        Assert.Throws<IOException>(() =>
            HardwareKey.Generate(
                "pkcs11:token=release;object=dropped",
                SignatureAlgorithm.EcdsaP256,
                null,
                SoftToken.Access(),
                _ => throw new IOException("disk full")
            )
        );
        var e = Assert.Throws<HardwareKeyException>(() => SoftToken.Open("pkcs11:token=release;object=dropped"));
        Assert.Equal(HardwareKeyFailure.NotFound, e.Failure);
        SoftToken.Generate("dropped", SignatureAlgorithm.EcdsaP256);
    }

    [TokenTheory]
    [InlineData("pkcs11:token=release")]
    [InlineData("pkcs11:token=release;id=%77")]
    [InlineData("pkcs11:token=release;object=a;type=public")]
    public void A_new_key_needs_a_name(string uri) =>
        Assert.Throws<HardwareKeyException>(() =>
            HardwareKey.Generate(uri, SignatureAlgorithm.EcdsaP256, null, SoftToken.Access(), _ => { })
        );

    [TokenFact]
    public void A_wrong_PIN_is_refused_and_the_right_one_taken_after_it()
    {
        SoftToken.Generate("pin", SignatureAlgorithm.EcdsaP256);
        var e = Assert.Throws<HardwareKeyException>(() =>
            HardwareKey.OpenSigningKey("pkcs11:token=release;object=pin", SoftToken.Access("0001"))
        );
        Assert.Equal(HardwareKeyFailure.PinIncorrect, e.Failure);
        SoftToken.Open("pkcs11:token=release;object=pin").Dispose();
    }

    [TokenFact]
    public void The_PIN_is_read_from_the_file_that_the_URI_names()
    {
        SoftToken.Generate("file", SignatureAlgorithm.EcdsaP256);
        File.WriteAllText(token.At("pin"), "1234\n");
        File.WriteAllText(token.At("long"), new string('1', Limits.PinBytes + 1));
        var uri = $"pkcs11:token=release;object=file?pin-source=file:{token.At("pin")}";
        HardwareKey.OpenSigningKey(uri, SoftToken.Access("unused")).Dispose();
        foreach (var other in new[] { "long", "absent", "absent/pin" })
        {
            var e = Assert.Throws<HardwareKeyException>(() =>
                HardwareKey.OpenSigningKey(
                    uri.Replace(token.At("pin"), token.At(other), StringComparison.Ordinal),
                    SoftToken.Access("unused")
                )
            );
            Assert.Equal(HardwareKeyFailure.PinMissing, e.Failure);
        }
    }

    [TokenFact]
    public void Tokens_of_one_name_are_told_apart_by_serial_number()
    {
        token.AddToken("twin");
        token.AddToken("twin");
        var e = Assert.Throws<HardwareKeyException>(() => SoftToken.Open("pkcs11:token=twin;object=a"));
        Assert.Equal(HardwareKeyFailure.Ambiguous, e.Failure);
        var one = e.Hint!.Split(": ")[1].Split(", ")[0];
        Assert.Equal(
            HardwareKeyFailure.NotFound,
            Assert.Throws<HardwareKeyException>(() => SoftToken.Open($"pkcs11:{one};object=a")).Failure
        );
    }
}

file static class KeyExtensions
{
    internal static bool With(this VerificationKey key, SignatureAlgorithm algorithm, byte[] signature, byte[] message)
    {
        if (key.Algorithm == algorithm)
        {
            return key.Verify(message, signature);
        }
        using var other = key.With(algorithm);
        return other.Verify(message, signature);
    }
}
