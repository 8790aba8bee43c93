using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Transparency;

namespace ArtifactTrust.Tests.Transparency;

public sealed class SignedNoteTests : IDisposable
{
    private readonly SigningKey _key = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
    private readonly NoteSigner _signer;

    public SignedNoteTests() => _signer = new NoteSigner("example.com/log", _key);

    public void Dispose() => _key.Dispose();

    [Fact]
    public void The_example_of_the_specification_verifies()
    {
        var key = NoteKey.Parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
        var note = Parse(
            "This is an example message.\n\n"
                + "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
        );
        Assert.Equal(NoteKeyType.Ed25519, key.Type);
        Assert.Equal("This is an example message.\n", note.Verify(key).Verified?.Text);
    }

    [Theory]
    [InlineData(
        "rekor.sigstore.dev+c0d23d6a+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNhtmPtrWm3U1eQXBogSMdGvXwBcK5AW5i0hrZLOC96l+smGNM7nwZ4QvFK/4sueRoVj//QP22Ni4Qt9DPfkWLc=",
        "Rekor\n798034\nf+7CoKgXKE/tNys9TTXcr/ad6U/K3xvznmzew9y6SP0=\n\n— rekor.sigstore.dev wNI9ajBEAiARInWIWyCdyG27CO6LPnPekyw20qO0YJfoaPaowGp/XgIgc+qEHS3+GKVClgqq20uDLet7MCoTURUCRdxwWBHHufk=\n",
        "Rekor"
    )]
    [InlineData(
        "pixel6_transparency_log+91c16e30+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABN+4x0Jk1yTwvLFI9A4NDdGZcX0aiWVdWM5XJVy0M4VWD3AvyW5Q6Hs9A0mcDkpUoYgn+KKPNzFC0H3nN3q6JQ8=",
        "DEFAULT\n10\nbsWRucJU5xJPHb5eBdOm6+DM+VelCZBuvtI3sHERJ9Y=\n\n— pixel6_transparency_log kcFuMDBFAiEAhqMAP8P6qf6QxtUJhzMhbN+MbZ9dwfUHzGQJmffJHtoCIGD0cNe47dHWBoPwYdgBCepB06/+g5O1FmYjXl06owL4\n",
        "DEFAULT"
    )]
    public void Checkpoints_of_public_logs_with_ECDSA_keys_verify(string verifierKey, string note, string origin)
    {
        var key = NoteKey.Parse(verifierKey);
        Assert.Equal(NoteKeyType.Ecdsa, key.Type);
        Assert.Equal(verifierKey, key.ToString());
        Assert.Equal(origin, Checkpoint.Verify(Parse(note), origin, key).Verified?.Checkpoint.Origin);
    }

    [Fact]
    public void A_note_is_signed_and_verified_with_every_kind_of_key()
    {
        foreach (var algorithm in (SignatureAlgorithm[])[SignatureAlgorithm.Ed25519, SignatureAlgorithm.EcdsaP256])
        {
            using var key = SigningKey.Generate(algorithm);
            var signer = new NoteSigner("example.com/log", key);
            var note = SignedNote.Sign("a text\n\nof two parts\n", signer);
            Assert.Equal(
                "a text\n\nof two parts\n",
                SignedNote.Parse(note.ToBytes()).Verify(NoteKey.Parse(signer.Key.ToString())).Verified?.Text
            );
        }
    }

    [Fact]
    public void Keys_of_other_kinds_sign_no_notes()
    {
        using var rsa = SigningKey.Generate(SignatureAlgorithm.RsaPkcs1);
        using var p384 = SigningKey.Generate(SignatureAlgorithm.EcdsaP384);
        Assert.Throws<ArgumentException>(() => new NoteSigner("a", rsa));
        Assert.Throws<ArgumentException>(() => new NoteSigner("a", p384));
        Assert.Throws<ArgumentException>(() => NoteKey.CreateWitness("a", p384.PublicKey));
        Assert.Equal(SignatureAlgorithm.EcdsaP384Sha256, NoteKey.Create("a", p384.PublicKey).Key.Algorithm);
        Assert.Equal(SignatureAlgorithm.EcdsaP384Sha256, NoteKey.Parse(NoteKey.Create("a", p384.PublicKey).ToString()).Key.Algorithm);
    }

    [Fact]
    public void The_id_of_an_ECDSA_key_does_not_depend_on_the_name()
    {
        Assert.Equal(NoteKey.Create("a", _key.PublicKey).Id, NoteKey.Create("b", _key.PublicKey).Id);
        using var key = SigningKey.Generate(SignatureAlgorithm.Ed25519);
        Assert.NotEqual(NoteKey.Create("a", key.PublicKey).Id, NoteKey.Create("b", key.PublicKey).Id);
        Assert.NotEqual(NoteKey.Create("a", key.PublicKey).Id, NoteKey.CreateWitness("a", key.PublicKey).Id);
    }

    [Fact]
    public void A_signature_of_an_unknown_key_is_set_apart()
    {
        using var other = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        var note = SignedNote.Sign("text\n", new NoteSigner("example.com/other", other), _signer);
        var verified = note.Verify(_signer.Key).Verified;
        Assert.NotNull(verified);
        Assert.Same(_signer.Key, Assert.Single(verified.Signatures).Key);
        Assert.Equal("example.com/other", Assert.Single(verified.UnverifiedSignatures).Name);
    }

    [Fact]
    public void A_note_without_a_signature_of_a_trusted_key_is_refused()
    {
        using var other = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        var note = SignedNote.Sign("text\n", _signer);
        // The same name with another key, and the same key under another name, are other keys.
        foreach (var key in (NoteKey[])[NoteKey.Create("example.com/log", other.PublicKey), NoteKey.Create("log", _key.PublicKey)])
        {
            var verdict = note.Verify(key);
            Assert.False(verdict.IsVerified);
            Assert.Equal(NoteFailure.NoTrustedSignature, verdict.Failure);
            Assert.Contains("example.com/log+", verdict.Message, StringComparison.Ordinal);
        }
        Assert.False(note.Verify().IsVerified);
    }

    [Fact]
    public void One_bad_signature_of_a_trusted_key_refuses_the_note()
    {
        using var other = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        var second = new NoteSigner("example.com/second", other);
        var good = SignedNote.Sign("text\n", _signer);
        var bad = SignedNote.Sign("another\n", second);
        var both = Parse($"{good}{bad.ToString()[bad.ToString().IndexOf('—', StringComparison.Ordinal)..]}");
        Assert.True(both.Verify(_signer.Key).IsVerified);
        Assert.Equal(NoteFailure.BadSignature, both.Verify(_signer.Key, second.Key).Failure);
    }

    [Fact]
    public void A_signature_repeated_counts_once()
    {
        var note = Parse(SignedNote.Sign("text\n", _signer, _signer).ToString());
        Assert.Equal(2, note.Signatures.Count);
        Assert.Single(note.Verify(_signer.Key).Verified!.Signatures);
    }

    [Fact]
    public void Two_trusted_keys_of_one_name_and_id_are_a_mistake() =>
        Assert.Throws<ArgumentException>(() =>
            SignedNote.Sign("text\n", _signer).Verify(_signer.Key, NoteKey.Create("example.com/log", _key.PublicKey))
        );

    [Fact]
    public void A_witness_alone_does_not_verify_a_note()
    {
        using var key = SigningKey.Generate(SignatureAlgorithm.Ed25519);
        var witness = NoteKey.CreateWitness("w", key.PublicKey);
        const string Text = "log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
        byte[] time = [0, 0, 0, 0, 0, 0, 1, 0];
        var signature = key.Sign(Encoding.UTF8.GetBytes($"cosignature/v1\ntime 256\n{Text}"));
        var line = $"— w {Convert.ToBase64String([.. BitConverter.GetBytes(witness.Id).Reverse(), .. time, .. signature])}\n";
        Assert.False(Parse($"{Text}\n{line}").Verify(witness).IsVerified);
        var verified = Parse($"{SignedNote.Sign(Text, _signer)}{line}").Verify(_signer.Key, witness).Verified;
        Assert.Equal(DateTimeOffset.UnixEpoch.AddSeconds(256), verified?.Signatures[1].Time);
        time[7] ^= 1;
        line = $"— w {Convert.ToBase64String([.. BitConverter.GetBytes(witness.Id).Reverse(), .. time, .. signature])}\n";
        Assert.Equal(NoteFailure.BadSignature, Parse($"{SignedNote.Sign(Text, _signer)}{line}").Verify(_signer.Key, witness).Failure);
    }

    [Fact]
    public void Every_changed_byte_of_a_checkpoint_is_refused()
    {
        foreach (var algorithm in (SignatureAlgorithm[])[SignatureAlgorithm.Ed25519, SignatureAlgorithm.EcdsaP256])
        {
            using var key = SigningKey.Generate(algorithm);
            var signer = new NoteSigner("example.com/log", key);
            var bytes = new Checkpoint("example.com/log", 7, DigestAlgorithm.Sha256.Hash([1])).Sign(signer).ToBytes();
            Assert.True(IsAccepted(bytes, signer.Key));
            for (var i = 0; i < bytes.Length; i++)
            {
                for (var change = 1; change < 256; change += i % 7 == 0 ? 1 : 31)
                {
                    var changed = bytes.ToArray();
                    changed[i] ^= (byte)change;
                    Assert.False(IsAccepted(changed, signer.Key), $"byte {i} changed by {change}");
                }
                Assert.False(IsAccepted([.. bytes[..i], .. bytes[(i + 1)..]], signer.Key), $"byte {i} removed");
                Assert.False(IsAccepted([.. bytes[..i], (byte)'\n', .. bytes[i..]], signer.Key), $"line feed added at {i}");
                Assert.False(IsAccepted(bytes[..i], signer.Key), $"cut at {i}");
            }
        }
    }

    [Theory]
    [InlineData("Empty", "")]
    [InlineData("NoSignature", "text\n")]
    [InlineData("NoSignatureAfterEmptyLine", "text\n\n")]
    [InlineData("NoEmptyLine", "text\n— a AAAAAAA=\n")]
    [InlineData("NoFinalLineFeed", "text\n\n— a AAAAAAA=")]
    [InlineData("TwoFinalLineFeeds", "text\n\n— a AAAAAAA=\n\n")]
    [InlineData("CarriageReturn", "text\r\n\n— a AAAAAAA=\n")]
    [InlineData("Tab", "te\txt\n\n— a AAAAAAA=\n")]
    [InlineData("Nul", "te\0xt\n\n— a AAAAAAA=\n")]
    [InlineData("Hyphen", "text\n\n- a AAAAAAA=\n")]
    [InlineData("EnDash", "text\n\n– a AAAAAAA=\n")]
    [InlineData("NoSpaceAfterDash", "text\n\n—a AAAAAAA=\n")]
    [InlineData("TwoSpacesAfterDash", "text\n\n—  a AAAAAAA=\n")]
    [InlineData("TwoSpacesAfterName", "text\n\n— a  AAAAAAA=\n")]
    [InlineData("SpaceAtEnd", "text\n\n— a AAAAAAA= \n")]
    [InlineData("NoName", "text\n\n— AAAAAAA=\n")]
    [InlineData("PlusInName", "text\n\n— a+b AAAAAAA=\n")]
    [InlineData("NoBreakSpaceInName", "text\n\n— a\u00A0b AAAAAAA=\n")]
    [InlineData("LineSeparatorInName", "text\n\n— a\u2028b AAAAAAA=\n")]
    [InlineData("NoBase64", "text\n\n— a AAAA!AA=\n")]
    [InlineData("UrlBase64", "text\n\n— a ____AAA=\n")]
    [InlineData("NoPadding", "text\n\n— a AAAAAAA\n")]
    [InlineData("TrailingBits", "text\n\n— a AAAAAAB=\n")]
    [InlineData("OnlyAKeyId", "text\n\n— a AAAAAA==\n")]
    [InlineData("LessThanAKeyId", "text\n\n— a AAAA\n")]
    [InlineData("OtherLineBetween", "text\n\n— a AAAAAAA=\nx\n— a AAAAAAA=\n")]
    public void A_malformed_note_is_refused(string malformation, string note)
    {
        Assert.NotNull(malformation);
        Assert.Throws<MalformedDataException>(() => Parse(note));
    }

    [Theory]
    [InlineData("74 FF 0A 0A")]
    [InlineData("74 C0 80 0A 0A")]
    [InlineData("74 ED A0 80 0A 0A")]
    [InlineData("EF BB BF 0A 0A E2 80")]
    public void A_note_that_is_not_UTF8_is_refused(string hex) =>
        Assert.Throws<MalformedDataException>(() =>
            SignedNote.Parse(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)))
        );

    [Fact]
    public void Many_signatures_are_accepted_and_too_many_refused()
    {
        var line = "— a AAAAAAA=\n";
        foreach (var count in (int[])[1, 16, Limits.NoteSignatures])
        {
            Assert.Equal(count, Parse($"text\n\n{string.Concat(Enumerable.Repeat(line, count))}").Signatures.Count);
        }
        Assert.Throws<MalformedDataException>(() => Parse($"text\n\n{string.Concat(Enumerable.Repeat(line, Limits.NoteSignatures + 1))}"));
        Assert.Throws<MalformedDataException>(() => Parse($"{new string('a', Limits.NoteBytes)}\n\n{line}"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("no line feed")]
    [InlineData("a\tb\n")]
    public void A_text_that_no_note_has_is_not_signed(string text) =>
        Assert.Throws<ArgumentException>(() => SignedNote.Sign(text, _signer));

    [Fact]
    public void Half_a_surrogate_pair_is_neither_signed_nor_a_name()
    {
        Assert.Throws<ArgumentException>(() => SignedNote.Sign("half \uD800\n", _signer));
        Assert.False(NoteKey.IsName("half\uD800"));
    }

    [Fact]
    public void A_note_is_signed_by_someone() => Assert.Throws<ArgumentException>(() => SignedNote.Sign("text\n"));

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a+b")]
    [InlineData("a\u3000b")]
    [InlineData("a\nb")]
    public void A_name_that_no_key_has_is_a_mistake(string name)
    {
        Assert.False(NoteKey.IsName(name));
        Assert.Throws<ArgumentException>(() => new NoteSigner(name, _key));
    }

    [Fact]
    public void Every_changed_character_of_a_verifier_key_is_refused_or_makes_another_key()
    {
        using var ed25519 = SigningKey.Generate(SignatureAlgorithm.Ed25519);
        foreach (var key in (NoteKey[])[NoteKey.Create("example.com/a", ed25519.PublicKey), _signer.Key])
        {
            var text = key.ToString();
            Assert.Equal(text, NoteKey.Parse(text).ToString());
            for (var i = 0; i < text.Length; i++)
            {
                foreach (var changed in (string[])[$"{text[..i]}{(char)(text[i] ^ 1)}{text[(i + 1)..]}", text[..i], text[i..][..^1]])
                {
                    try
                    {
                        // The id of an ECDSA key does not cover the name, so another name is another, valid key.
                        Assert.True(NoteKey.Parse(changed).ToString() == changed && key.Type == NoteKeyType.Ecdsa && i < key.Name.Length);
                    }
                    catch (MalformedDataException) { }
                }
            }
        }
    }

    [Theory]
    [InlineData("NoParts", "example.com")]
    [InlineData("NoKey", "example.com+530d903a")]
    [InlineData("NoName", "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")]
    [InlineData("EmptyKey", "example.com/foo+e3b0c442+")]
    [InlineData("UpperCaseId", "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")]
    [InlineData("AnotherId", "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")]
    [InlineData("AnotherName", "example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")]
    [InlineData("NoBase64", "example.com/foo+530d903a+A_kyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")]
    public void A_malformed_verifier_key_is_refused(string malformation, string text)
    {
        Assert.NotNull(malformation);
        Assert.Throws<MalformedDataException>(() => NoteKey.Parse(text));
    }

    [Theory]
    [InlineData(1, 31)]
    [InlineData(1, 33)]
    [InlineData(4, 31)]
    [InlineData(2, 32)]
    [InlineData(0, 32)]
    [InlineData(3, 32)]
    [InlineData(5, 32)]
    [InlineData(6, 1312)]
    [InlineData(255, 32)]
    public void A_key_of_another_type_or_length_is_refused(byte type, int length)
    {
        byte[] encoded = [type, .. Enumerable.Repeat((byte)9, length)];
        var hashed = type == 2 ? encoded[1..] : [(byte)'a', (byte)'\n', .. encoded];
        var id = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(hashed))[..8];
        Assert.Throws<MalformedDataException>(() => NoteKey.Parse($"a+{id}+{Convert.ToBase64String(encoded)}"));
    }

    private static SignedNote Parse(string note) => SignedNote.Parse(Encoding.UTF8.GetBytes(note));

    private static bool IsAccepted(byte[] note, NoteKey key)
    {
        try
        {
            return Checkpoint.Verify(SignedNote.Parse(note), "example.com/log", key).IsVerified;
        }
        catch (MalformedDataException)
        {
            return false;
        }
    }
}
