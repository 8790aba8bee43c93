using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Tests.Keys;

public sealed class KeyFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("keys-").FullName;

    public static TheoryData<string, KeyFileFormat> Written
    {
        get
        {
            var data = new TheoryData<string, KeyFileFormat>();
            foreach (var key in new[] { "p256", "p384", "p521", "ed25519", "rsa3072" })
            {
                foreach (var format in new[] { KeyFileFormat.Pkcs8, KeyFileFormat.EncryptedPkcs8, KeyFileFormat.Sigstore })
                {
                    data.Add(key, format);
                }
            }
            return data;
        }
    }

    private string KeyPath => Path.Combine(_folder, "new.key");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Written))]
    public void A_written_key_is_read_back(string name, KeyFileFormat format)
    {
        using var key = TestKeys.Read(name);
        using var password = PasswordFor(format);
        KeyFile.Write(KeyPath, key, format, password);
        using var read = KeyFile.ReadSigningKey(KeyPath, TestKeys.AskPassword);
        using var publicKey = KeyFile.ReadVerificationKey(Path.Combine(_folder, "new.pub"));
        Assert.True(key.PublicKey.Verify([1], read.Sign([1])));
        Assert.Equal(key.PublicKey.Fingerprint, publicKey.Fingerprint);
        Assert.Equal(2, Directory.GetFiles(_folder).Length);
    }

    [Fact]
    public void A_private_key_is_readable_by_its_owner_only()
    {
        using var key = TestKeys.Read("p256");
        KeyFile.Write(KeyPath, key, KeyFileFormat.Pkcs8);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyPath));
        }
    }

    [Theory]
    [InlineData("new.key")]
    [InlineData("new.pub")]
    public void An_existing_file_is_not_written_over(string existing)
    {
        using var key = TestKeys.Read("p256");
        var path = Path.Combine(_folder, existing);
        File.WriteAllText(path, "mine");
        Assert.Throws<IOException>(() => KeyFile.Write(KeyPath, key, KeyFileFormat.Pkcs8));
        Assert.Equal("mine", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder));
    }

    [Fact]
    public void A_link_is_not_written_through()
    {
        using var key = TestKeys.Read("p256");
        File.CreateSymbolicLink(KeyPath, Path.Combine(_folder, "elsewhere"));
        Assert.Throws<IOException>(() => KeyFile.Write(KeyPath, key, KeyFileFormat.Pkcs8));
        Assert.False(File.Exists(Path.Combine(_folder, "elsewhere")));
    }

    [Fact]
    public void A_missing_directory_is_an_io_error()
    {
        using var key = TestKeys.Read("p256");
        Assert.Throws<DirectoryNotFoundException>(() => KeyFile.Write(Path.Combine(_folder, "no", "a.key"), key, KeyFileFormat.Pkcs8));
        Assert.Throws<FileNotFoundException>(() => KeyFile.ReadSigningKey(KeyPath));
        Assert.Throws<FileNotFoundException>(() => KeyFile.ReadVerificationKey(KeyPath));
    }

    [Theory]
    [InlineData("a.key", "a.pub")]
    [InlineData("a.key.pem", "a.pub.pem")]
    [InlineData("a", "a.pub")]
    [InlineData("a.pem", "a.pem.pub")]
    [InlineData("b/cosign.key", "b/cosign.pub")]
    public void The_public_key_stands_beside_the_private_key(string path, string expected) =>
        Assert.Equal(expected, KeyFile.PublicKeyPath(path));

    [Theory]
    [InlineData("NOT-SECRET-p256-pbes2.key.pem")]
    [InlineData("NOT-SECRET-p256-cosign.key.pem")]
    [InlineData("accepted/NOT-SECRET-pbes2-aes128-sha1.key.pem")]
    [InlineData("accepted/NOT-SECRET-pbes2-scrypt.key.pem")]
    public void A_wrong_password_and_none_are_told_apart_and_nothing_else(string file)
    {
        var path = TestKeys.PathOf(file);
        var wrong = Assert.Throws<KeyPasswordException>(() => KeyFile.ReadSigningKey(path, () => KeyPassword.FromText("wrong-guess")));
        Assert.False(wrong.IsMissing);
        Assert.DoesNotContain("wrong-guess", wrong.ToString(), StringComparison.Ordinal);
        Assert.Null(wrong.InnerException);
        Assert.False(Assert.Throws<KeyPasswordException>(() => KeyFile.ReadSigningKey(path, () => KeyPassword.FromText(""))).IsMissing);
        Assert.True(Assert.Throws<KeyPasswordException>(() => KeyFile.ReadSigningKey(path)).IsMissing);
        Assert.True(Assert.Throws<KeyPasswordException>(() => KeyFile.ReadSigningKey(path, () => null)).IsMissing);
    }

    [Fact]
    public void No_wrong_password_of_many_is_anything_but_wrong()
    {
        // One in 256 wrong keys leaves a padding that is right.
        var file = File.ReadAllBytes(TestKeys.PathOf("accepted/NOT-SECRET-pbes2-aes256-sha512.key.pem"));
        for (var i = 0; i < 2000; i++)
        {
            var guess = $"guess-{i}";
            Assert.Throws<KeyPasswordException>(() => KeyFile.ParseSigningKey(file, () => KeyPassword.FromText(guess)));
        }
    }

    [Fact]
    public void A_password_is_not_asked_for_where_the_key_is_not_encrypted()
    {
        using var key = KeyFile.ReadSigningKey(TestKeys.PathOf("NOT-SECRET-p256.key.pem"), () => throw new InvalidOperationException());
        Assert.Equal(SignatureAlgorithm.EcdsaP256, key.Algorithm);
    }

    [Fact]
    public void A_password_is_cleared_after_use()
    {
        var password = KeyPassword.FromText("not-secret");
        var bytes = password.Bytes.ToArray();
        using var key = KeyFile.ReadSigningKey(TestKeys.PathOf("accepted/NOT-SECRET-pbes2-scrypt.key.pem"), () => password);
        Assert.Equal("not-secret"u8.ToArray(), bytes);
        Assert.Equal(new byte[10], password.Bytes.ToArray());
        Assert.Equal("(password)", password.ToString());
    }

    [Fact]
    public void A_password_beyond_ascii_is_utf8()
    {
        using var key = TestKeys.Read("p256");
        using var password = KeyPassword.FromUtf8("pässwörd😀"u8);
        var file = KeyFile.Encode(key, KeyFileFormat.EncryptedPkcs8, password);
        using var read = KeyFile.ParseSigningKey(file, () => KeyPassword.FromText("pässwörd😀"));
        Assert.Equal(key.PublicKey.Fingerprint, read.PublicKey.Fingerprint);
        Assert.Throws<EncoderFallbackException>(() => KeyPassword.FromText("\ud800"));
    }

    [Fact]
    public void An_empty_password_is_for_cosign_only()
    {
        using var key = TestKeys.Read("p256");
        using var empty = KeyPassword.FromText("");
        Assert.Throws<ArgumentException>(() => KeyFile.Encode(key, KeyFileFormat.EncryptedPkcs8, empty));
        using var read = KeyFile.ParseSigningKey(KeyFile.Encode(key, KeyFileFormat.Sigstore, empty), () => KeyPassword.FromText(""));
        Assert.Equal(key.PublicKey.Fingerprint, read.PublicKey.Fingerprint);
    }

    [Fact]
    public void A_format_and_a_password_that_do_not_fit_are_a_mistake()
    {
        using var key = TestKeys.Read("p256");
        using var password = TestKeys.AskPassword();
        Assert.Throws<ArgumentException>(() => KeyFile.Encode(key, KeyFileFormat.Pkcs8, password));
        Assert.Throws<ArgumentException>(() => KeyFile.Encode(key, KeyFileFormat.EncryptedPkcs8));
        Assert.Throws<ArgumentException>(() => KeyFile.Encode(key, KeyFileFormat.Sigstore));
        Assert.Throws<ArgumentException>(() => KeyFile.Encode(key, KeyFileFormat.None));
        Assert.Throws<ArgumentOutOfRangeException>(() => KeyFile.Encode(key, KeyFileFormat.None, password));
    }

    [Fact]
    public void A_file_that_is_too_long_is_refused()
    {
        File.WriteAllBytes(KeyPath, [.. File.ReadAllBytes(TestKeys.PathOf("NOT-SECRET-p256.key.pem")), .. new byte[Limits.KeyFileBytes]]);
        Assert.Contains(
            "longer",
            Assert.Throws<MalformedDataException>(() => KeyFile.ReadSigningKey(KeyPath)).Reason,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "longer",
            Assert.Throws<MalformedDataException>(() => KeyFile.ReadVerificationKey(KeyPath)).Reason,
            StringComparison.Ordinal
        );
        Assert.Throws<MalformedDataException>(() => VerificationKey.FromPem(new string(' ', Limits.KeyFileBytes + 1)));
        Assert.Throws<MalformedDataException>(() => VerificationKey.FromSubjectPublicKeyInfo(new byte[Limits.KeyFileBytes + 1]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("not a key")]
    [InlineData("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n")]
    [InlineData("-----BEGIN EC PRIVATE KEY-----\nMAA=\n-----END EC PRIVATE KEY-----\n")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----\n")]
    [InlineData("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n")]
    [InlineData("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\ne30=\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n")]
    [InlineData("-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED COSIGN PRIVATE KEY-----\n")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n")]
    [InlineData("-----BEGIN RSA PUBLIC KEY-----\nMAA=\n-----END RSA PUBLIC KEY-----\n")]
    public void Text_that_is_no_key_is_malformed(string text)
    {
        Assert.Throws<MalformedDataException>(() => KeyFile.ParseSigningKey(Encoding.UTF8.GetBytes(text), TestKeys.AskPassword));
        Assert.Throws<MalformedDataException>(() => VerificationKey.FromPem(text));
    }

    [Fact]
    public void Bytes_that_are_no_text_are_malformed()
    {
        var random = new Random(5);
        for (var length = 0; length < 500; length++)
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            Assert.Throws<MalformedDataException>(() => KeyFile.ParseSigningKey(bytes));
        }
    }

    private static KeyPassword? PasswordFor(KeyFileFormat format) => format == KeyFileFormat.Pkcs8 ? null : TestKeys.AskPassword();
}
