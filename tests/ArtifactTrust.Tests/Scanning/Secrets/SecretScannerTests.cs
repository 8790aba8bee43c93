using System.Text;
using ArtifactTrust.Scanning;
using ArtifactTrust.Scanning.Secrets;

namespace ArtifactTrust.Tests.Scanning.Secrets;

public sealed class SecretScannerTests
{
    private static readonly string Letters = string.Concat(
        Enumerable.Range(0, 200).Select(i => (char)("aQbRcSdTeUfVgWhXiYjZk"[i * 7 % 21]))
    );
    private static readonly string Mixed = string.Concat(Enumerable.Range(0, 300).Select(i => "a1Q9bR7cS3dT5eU2fV8gW4h"[i * 5 % 23]));

    // The parts of each are put together here, so that no file holds one whole.
    public static TheoryData<string, string> Known() =>
        new()
        {
            { "aws-access-key-id", "AKIA" + "Q3EGRZ4NDT7YVKWJ" },
            { "aws-secret-access-key", "aws_secret_access_key = " + Mixed[..40] },
            { "gcp-api-key", "AIza" + Mixed[..35] },
            { "gcp-oauth-secret", "GOCSPX-" + Mixed[..28] },
            { "azure-storage-key", "AccountName=x;AccountKey=" + Mixed[..86] + "==;" },
            { "github-token", "ghp_" + Mixed[..36] },
            { "github-token", "github_pat_" + Mixed[..22] + "_" + Mixed[..59] },
            { "gitlab-token", "glpat-" + Mixed[..20] },
            { "slack-token", "xoxb-" + "263594206564-" + Mixed[..24] },
            { "slack-webhook", "https://hooks.slack.com/services/T" + "0A1B2C3D4/B0A1B2C3D4/" + Mixed[..24] },
            { "huggingface-token", "hf_" + Letters[..34] },
            { "openai-key", "sk-proj-" + Mixed[..60] },
            { "openai-key", "sk-" + Mixed[..20] + "T3BlbkFJ" + Mixed[..20] },
            { "anthropic-key", "sk-ant-api03-" + Mixed[..93] },
            { "npm-token", "npm_" + Mixed[..36] },
            { "pypi-token", "pypi-AgE" + "IcHlwaS5vcmc" + Mixed[..60] },
            { "stripe-key", "sk_live_" + Mixed[..24] },
            { "private-key", "-----BEGIN " + "PRIVATE KEY-----\n" + Mixed[..64] + "\n" },
            { "private-key", "\"private_key\": \"-----BEGIN " + "RSA PRIVATE KEY-----\\n" + Mixed[..64] + "\\n\"" },
            { "jwt", "eyJ" + "hbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJxOEoybVowcFg0In0." + Mixed[..43] },
            { "generic-secret", "password = \"" + Mixed[..24] + "\"" },
            { "generic-secret", "\"api_key\": \"" + Mixed[..32] + "\"" },
            { "generic-secret", "SECRET_KEY=" + Mixed[..24] },
            { "generic-secret", "export API_TOKEN=" + Mixed[..32] + "   # note" },
            { "generic-secret", "  api_key: " + Mixed[..24] },
            { "generic-secret", "password = " + Mixed[..20] },
            { "generic-secret", "Endpoint=x;client_secret=" + Mixed[..32] + ";Timeout=3" },
            { "generic-secret", "https://host.example/?token=" + Mixed[..32] },
            { "url-password", "mongodb+srv://app:" + "Ty7-b" + "@host.example/db" },
            { "url-password", "git+https://" + "x-access-token:" + Mixed[..20] + "@host.example/a/b@v1" },
            { "url-password", "redis://:" + Mixed[..20] + "@[::1]:6379" },
            { "netrc-password", "machine host.example login me password " + "kq7-Tr" },
            {
                "docker-auth",
                "{\"auths\":{\"h\":{\"auth\": \"" + Convert.ToBase64String(Encoding.UTF8.GetBytes("me:" + Mixed[..20])) + "\"}}}"
            },
        };

    [Theory]
    [MemberData(nameof(Known))]
    public void Each_form_is_found_and_never_repeated(string rule, string text)
    {
        var report = Scan($"first\nx: {text}\nlast\n");
        var finding = Assert.Single(report.Findings);
        Assert.Equal((rule, FindingClass.Secret, (int?)2), (finding.Id, finding.Class, finding.StartLine));
        Assert.DoesNotContain(text[^10..], $"{finding}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AKIAIOSFODNN7EXAMPLE")]
    [InlineData("AKIA123")]
    [InlineData("XAKIAQ3EGRZ4NDT7YVKWJ")]
    [InlineData("ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")]
    [InlineData("ghp_short")]
    [InlineData("hf_hub_download")]
    [InlineData("hf_transfer_is_a_package_of_python_to_download")]
    [InlineData("sk-learn and sk-ant-hill")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nnot base64 at all, a sentence\n")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEabcdefghijk\n")]
    [InlineData("if line.startswith('-----BEGIN RSA PRIVATE KEY-----'):")]
    [InlineData("eyJhbGciOiJIUzI1NiJ9")]
    [InlineData("eyJub3QiOiJhIGhlYWRlciJ9.eyJzdWIiOiJ4eHh4eHh4In0.aaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("password = \"${DATABASE_PASSWORD_FROM_ENV}\"")]
    [InlineData("password = \"your_password_goes_here_1\"")]
    [InlineData("token = \"bert-base-uncased-v2-large\"")]
    [InlineData("secret_name = \"projects/a1/secrets/b2/versions/c3\"")]
    [InlineData("\"bos_token\": \"<|begin_of_text_12345|>\"")]
    [InlineData("token_id = \"123e4567-e89b-12d3-a456-426614174000\"")]
    [InlineData("the secret of 1f2e3d4c5b6a79881f2e3d4c5b6a7988 is out")]
    [InlineData("token = settings.API_V2_TOKEN_NAME")]
    [InlineData("password = generate_password_hash2(user1, name2, x3y4z5w6)")]
    [InlineData("api_key = os.environ.get('SERVICE_V2_KEY_3A')")]
    [InlineData("token_embd.weight: blk.12.attn_q.weight")]
    [InlineData("secret_name: projects/a1/secrets/b2/versions/c3")]
    [InlineData("eos_token: <|end_of_text_12345_a1b2c3|>")]
    [InlineData("tokenizer_file: tokenizer-v2-2024-11-05.json")]
    [InlineData("postgres://postgres:postgres@localhost/db")]
    [InlineData("https://user:${PASSWORD}@host.example/")]
    [InlineData("http://host.example:8080/a@b")]
    [InlineData("http://me:a1b2c3d4@www.example.com/")]
    [InlineData("https://[2001:db8::1]:8080/user@x")]
    [InlineData("machine host.example login me password $PASSWORD")]
    [InlineData("\"auth\": \"bm8gY29sb24gaW4gaXQ=\"")]
    public void What_only_looks_so_is_not(string text) => Assert.Empty(Scan(text).Findings);

    [Fact]
    public void Files_that_are_no_text_are_passed_over_and_text_of_UTF_16_is_not()
    {
        var text = "key: ghp_" + Mixed[..36];
        Assert.Empty(Scan([0, .. Encoding.UTF8.GetBytes(text)]).Findings);
        Assert.Single(Scan([.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes(text)]).Findings);
    }

    [Fact]
    public void A_long_line_is_read_in_pieces_and_nothing_at_a_cut_is_missed()
    {
        var token = "ghp_" + Mixed[..36];
        foreach (var before in new[] { 262_100, 262_120, 262_143, 263_150, 524_270 })
        {
            Assert.NotEmpty(Scan(new string('-', before) + token + new string('-', 1000)).Findings);
        }
    }

    [Fact]
    public void More_than_are_listed_is_a_gap()
    {
        var report = Scan(string.Concat(Enumerable.Repeat("ghp_" + Mixed[..36] + "\n", 1500)));
        Assert.False(report.IsComplete);
    }

    private static ScanReport Scan(string text) => Scan(Encoding.UTF8.GetBytes(text));

    private static ScanReport Scan(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        return new SecretScanner().Scan("x", stream, "t");
    }
}
