namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>Keys and passwords that are wrong, and all ways in which right ones are given.</summary>
public sealed class KeyInputTests
{
    private const int Usage = 2;
    private const int CouldNotTell = 3;

    public static TheoryData<string> RefusedKeys =>
        [.. Directory.EnumerateFiles(Path.Join(Repository.Root, "keys-test", "refused")).Select(f => Path.GetFileName(f))];

    [Theory]
    [InlineData("verify model --key nothing.pub", "the file 'nothing.pub' does not exist")]
    [InlineData("sign model --force --key nothing.key", "the file 'nothing.key' does not exist")]
    [InlineData("verify model --key model", "the file 'model' is a directory")]
    [InlineData("sign model --force --key model", "the file 'model' is a directory")]
    [InlineData("verify model --key ci.key", "a private key ('PRIVATE KEY') was given where a public key is expected")]
    [InlineData("sign model --force --key ci.pub", "'PUBLIC KEY' was given where a private key is expected")]
    [InlineData("verify model --key data.csv", "no PEM block")]
    [InlineData("sign model --force --key data.csv", "no PEM block")]
    [InlineData("verify model --key empty", "no PEM block")]
    [InlineData("sign model --force --key empty", "no PEM block")]
    [InlineData("verify model --key rubbish", "no PEM block")]
    [InlineData("sign model --force --key rubbish", "no PEM block")]
    [InlineData("verify model --key large", "at most 65536 are accepted")]
    [InlineData("sign model --force --key large", "at most 65536 are accepted")]
    [InlineData("sign model --force --key /dev/zero", "at most 65536 are accepted")]
    [InlineData("verify model --key cut.pub", "cut.pub")]
    [InlineData("sign model --force --key encrypted.key", "is encrypted, and no password was given")]
    [InlineData("sign model --force --key cosign.key", "is encrypted, and no password was given")]
    [InlineData("sign model --force --key encrypted.key --password-file wrong", "the password of the key 'encrypted.key' is wrong")]
    [InlineData("sign model --force --key cosign.key --password-file wrong", "the password of the key 'cosign.key' is wrong")]
    [InlineData("sign model --force --key encrypted.key --password-file empty", "the password of the key 'encrypted.key' is wrong")]
    [InlineData("sign model --force --key encrypted.key --password-file nothing", "the file 'nothing' does not exist")]
    [InlineData("sign model --force --key encrypted.key --password-file model", "the file 'model' is a directory")]
    [InlineData("sign model --force --key encrypted.key --password-file large", "at most 65536 are accepted")]
    [InlineData("keygen new.key", "there is no password for the new key")]
    [InlineData("keygen new.key --password-file empty", "the password is empty")]
    [InlineData("keygen new.key --password-file nothing", "the file 'nothing' does not exist")]
    [InlineData("keygen new.key --no-password --password-file wrong", "--no-password goes with neither")]
    [InlineData("keygen new.key --no-password --format cosign", "cosign's form is always encrypted")]
    [InlineData("keygen new.key --no-password --bits 2048 --algorithm rsa", "2048 bits")]
    [InlineData("keygen new.key --no-password --bits 4096", "4096 bits for PKIX_ECDSA_P256_SHA_256")]
    [InlineData("keygen ci.key --no-password", "'ci.key' exists and is not overwritten")]
    [InlineData("keygen data --no-password", "'data.pub' exists and is not overwritten")]
    [InlineData("keygen new.pub --no-password", "'new.pub' is the name of a public key")]
    [InlineData("keygen new.pub.pem --no-password", "'new.pub.pem' is the name of a public key")]
    public void A_wrong_key_or_password_is_refused(string command, string message)
    {
        using var scene = new Scene();
        scene.Write("empty", "");
        scene.Write("wrong", "wrong\n");
        scene.Write("rubbish", new byte[] { 0, 1, 2, 0xff, 0xfe, 0x80 });
        scene.Write("large", new byte[100_000]);
        scene.Write("cut.pub", scene.Read("ci.pub").Replace("==", "", StringComparison.Ordinal)[..^40] + "\n-----END PUBLIC KEY-----\n");
        scene.Write("data.pub", "something of the user's");
        scene.Refuses(Usage, message, command.Split(' '));
    }

    [Theory]
    [MemberData(nameof(RefusedKeys))]
    public void A_key_file_that_is_never_read_is_refused(string file)
    {
        using var scene = new Scene();
        File.Copy(Path.Join(Repository.Root, "keys-test", "refused", file), scene.At("bad"));
        var arguments = file.Contains(".pub.", StringComparison.Ordinal)
            ? new[] { "verify", "model", "--key", "bad" }
            : ["sign", "model", "--force", "--key", "bad"];
        scene.Refuses(Usage, "'bad'", new Dictionary<string, string?> { ["ARTIFACT_TRUST_PASSWORD"] = Scene.Password }, arguments);
    }

    [Theory]
    [InlineData("ARTIFACT_TRUST_PASSWORD", "encrypted.key")]
    [InlineData("ARTIFACT_TRUST_PASSWORD", "cosign.key")]
    [InlineData("COSIGN_PASSWORD", "cosign.key")]
    public void A_wrong_password_in_the_environment_is_refused_and_a_right_one_taken(string variable, string key)
    {
        using var scene = new Scene();
        string[] sign = ["sign", "model", "--force", "--key", key];
        scene.Refuses(Usage, "is wrong", new Dictionary<string, string?> { [variable] = "wrong" }, sign);
        var ended = Tool.Run(scene.Folder, new Dictionary<string, string?> { [variable] = Scene.Password }, sign);
        Assert.Equal(0, ended.ExitCode);
        Assert.DoesNotContain(Scene.Password, ended.Text, StringComparison.Ordinal);
        scene.Require("verify", "model", "--key", "ci.pub");
    }

    [Fact]
    public void An_empty_password_in_cosigns_form_is_warned_of()
    {
        using var scene = new Scene();
        scene.Write("empty", "");
        var made = scene.Require("keygen", "new.key", "--format", "cosign", "--password-file", "empty");
        Assert.Contains("warning: the password is empty", made.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not-secret")]
    [InlineData("not-secret\n")]
    [InlineData("not-secret\r\n")]
    public void A_password_is_taken_from_a_file_without_its_line_break(string content)
    {
        using var scene = new Scene();
        scene.Write("password", content);
        scene.Require("sign", "model", "--force", "--key", "encrypted.key", "--password-file", "password");
        scene.Require("verify", "model", "--key", "ci.pub");
    }

    [Fact]
    public void Keys_passwords_and_predicates_are_taken_from_pipes_of_a_shell()
    {
        using var scene = new Scene();
        var program = string.Join(' ', Tool.Start.Select(p => $"'{p}'"));
        scene.Shell($"{program} sign model --force --key <(cat encrypted.key) --password-file <(echo {Scene.Password})");
        scene.Shell($"{program} attest model --type https://example.com/t --predicate <(echo '{{}}') --key ci.key");
        scene.Shell($"{program} verify model --key <(cat ci.pub)");
        scene.Shell($"cat ci.pub | {program} verify model --type https://example.com/t --key /dev/stdin");
    }

    [Theory]
    [InlineData("ecdsa-p256", "pkcs8")]
    [InlineData("ecdsa-p384", "pkcs8")]
    [InlineData("ecdsa-p521", "pkcs8")]
    [InlineData("ed25519", "pkcs8")]
    [InlineData("rsa", "pkcs8")]
    [InlineData("ecdsa-p256", "cosign")]
    public void A_new_key_is_for_its_owner_only_and_signs(string algorithm, string format)
    {
        using var scene = new Scene();
        scene.Write("password", "correct horse\n");
        scene.Require("keygen", "new.key", "--algorithm", algorithm, "--format", format, "--password-file", "password");
        Assert.Equal("600\n644\n", scene.Shell("stat -c %a new.key new.pub").Output);
        Assert.Contains("ENCRYPTED", scene.Read("new.key"), StringComparison.Ordinal);
        scene.Require("sign", "model", "--force", "--key", "new.key", "--password-file", "password");
        scene.Require("verify", "model", "--key", "new.pub");
        scene.Refuses(1, "no trusted key made the signature", "verify", "model", "--key", "ci.pub");
        scene.Refuses(Usage, "exists and is not overwritten", "keygen", "new.key", "--password-file", "password");
    }

    [Fact]
    public void A_key_is_not_written_where_there_is_no_directory()
    {
        using var scene = new Scene();
        scene.Refuses(CouldNotTell, "nowhere/new.key", "keygen", "nowhere/new.key", "--no-password");
    }

    [Fact]
    public void No_password_is_an_argument()
    {
        using var scene = new Scene();
        scene.Refuses(Usage, "--password", "sign", "model", "--force", "--key", "encrypted.key", "--password", Scene.Password);
    }
}
