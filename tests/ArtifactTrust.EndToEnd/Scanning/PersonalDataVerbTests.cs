using System.Text.Json.Nodes;
using ArtifactTrust.EndToEnd.Cli;

namespace ArtifactTrust.EndToEnd.Scanning;

/// <summary><c>scan --pii</c> and <c>redact</c> as users run them.</summary>
public sealed class PersonalDataVerbTests : IDisposable
{
    private const string Users = "id,email,note\r\n1,jane@acme.io,\"call \"\"me\"\", +49 30 901820\"\r\n";

    private readonly string _directory = Directory.CreateTempSubdirectory("artifact-trust-pii-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void What_is_found_is_counted_in_every_report_and_shown_in_none()
    {
        Write("data/users.csv", Users);
        Write("data/app.env", $"TOKEN=ghp_{string.Concat(Enumerable.Range(0, 36).Select(i => (char)('a' + (i * 7 % 26))))}\n");
        string[] command =
        [
            "scan",
            "data",
            "--scanners",
            "data",
            "--pii",
            "--sarif",
            "s.sarif",
            "--junit",
            "j.xml",
            "--pii-result",
            "p.json",
        ];
        var text = Run(command);
        var json = Run([.. command, "--output", "json"]);
        Assert.Equal(1, text.ExitCode);
        foreach (var shown in new[] { text.Text, json.Text, Read("s.sarif"), Read("j.xml"), Read("p.json") })
        {
            Assert.DoesNotContain("jane@", shown, StringComparison.Ordinal);
            Assert.DoesNotContain("901820", shown, StringComparison.Ordinal);
            Assert.DoesNotContain("ghp_a", shown, StringComparison.Ordinal);
            Assert.Contains("email", shown, StringComparison.Ordinal);
        }
        Assert.Contains("github-token", text.Output, StringComparison.Ordinal);
        var predicate = JsonNode.Parse(Read("p.json"))!;
        Assert.Equal("FOUND", (string?)predicate["result"]);
        Assert.Equal(1, (int?)predicate["counts"]!["phone"]);
    }

    [Fact]
    public void The_kinds_that_fail_are_chosen_and_the_result_can_be_attested()
    {
        Write("users.csv", Users);
        Assert.Equal(0, Run("scan", "users.csv", "--scanners", "data", "--pii", "--pii-result", "p.json").ExitCode);
        Assert.Equal(1, Run("scan", "users.csv", "--scanners", "data", "--pii", "--fail-on-pii", "phone").ExitCode);
        Assert.Equal(0, Run("scan", "users.csv", "--scanners", "data", "--pii", "--fail-on-pii", "iban,card").ExitCode);
        Assert.Equal(1, Run("scan", "users.csv", "--scanners", "data", "--pii", "--fail-on-pii", "all").ExitCode);
        Assert.Equal(2, Run("scan", "users.csv", "--scanners", "data", "--pii", "--fail-on-pii", "fax").ExitCode);
        Assert.Equal(2, Run("scan", "users.csv", "--scanners", "data", "--fail-on-pii", "phone").ExitCode);
        Assert.Equal(2, Run("scan", "users.csv", "--scanners", "trivy", "--pii").ExitCode);
        Assert.Equal(0, Run("keygen", "k.key", "--no-password").ExitCode);
        var attested = Run(
            "attest",
            "users.csv",
            "--type",
            "urn:artifact-trust:attestation:personal-data:v0.1",
            "--predicate",
            "p.json",
            "--key",
            "k.key"
        );
        Assert.True(attested.ExitCode == 0, attested.ToString());
    }

    [Fact]
    public void What_cannot_be_examined_is_not_clean()
    {
        Write("data/x.arrow", "ARROW1\0\0");
        var ended = Run("scan", "data", "--scanners", "data", "--pii");
        Assert.Equal(3, ended.ExitCode);
        Assert.Contains("x.arrow: ", ended.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_copy_is_written_as_a_whole_or_not_at_all()
    {
        Write("users.csv", Users);
        var ended = Run("redact", "users.csv", "out.csv", "--output", "json");
        Assert.Equal(0, ended.ExitCode);
        Assert.Equal("id,email,note\r\n1,************,\"call \"\"me\"\", *************\"\r\n", Read("out.csv"));
        Assert.Equal(1, ended.Json().GetProperty("counts").GetProperty("email").GetInt32());
        Assert.Equal(0, Run("scan", "out.csv", "--scanners", "data", "--pii", "--fail-on-pii", "all").ExitCode);
        Assert.Equal(2, Run("redact", "users.csv", "out.csv").ExitCode);
        Assert.Equal(0, Run("redact", "users.csv", "out.csv", "--force", "--kinds", "email").ExitCode);
        Assert.Contains("+49 30 901820", Read("out.csv"), StringComparison.Ordinal);
        Assert.Equal(2, Run("redact", "users.csv", "users.csv", "--force").ExitCode);
        Assert.Equal(2, Run("redact", "absent.csv", "x.csv").ExitCode);

        Write("broken.json", "{\"a\": ");
        var refused = Run("redact", "broken.json", "x.json");
        Assert.Equal(1, refused.ExitCode);
        Write("t.parquet", "PAR1xxxxPAR1");
        Assert.Contains("export it as CSV", Run("redact", "t.parquet", "x.parquet").Errors, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_directory, "*x.*").Concat(Directory.GetFiles(_directory, "*.tmp")));
    }

    [Fact]
    public void The_key_of_hashes_comes_from_a_file_or_the_environment()
    {
        Write("users.csv", Users);
        Write("key", "0123456789abcdef0123456789abcdef\n");
        Assert.Equal(0, Run("redact", "users.csv", "a.csv", "--replace", "hash", "--hash-key-file", "key").ExitCode);
        var environment = new Dictionary<string, string?> { ["ARTIFACT_TRUST_REDACT_KEY"] = "0123456789abcdef0123456789abcdef" };
        Assert.Equal(0, Tool.Run(_directory, environment, "redact", "users.csv", "b.csv", "--replace", "hash").ExitCode);
        Assert.Equal(Read("a.csv"), Read("b.csv"));
        Assert.Contains("redacted-", Read("a.csv"), StringComparison.Ordinal);
        Assert.Equal(2, Run("redact", "users.csv", "c.csv", "--replace", "hash").ExitCode);
        Write("short", "abc\n");
        Assert.Equal(2, Run("redact", "users.csv", "c.csv", "--replace", "hash", "--hash-key-file", "short").ExitCode);
        Assert.Equal(2, Run("redact", "users.csv", "c.csv", "--hash-key-file", "key").ExitCode);
        Assert.False(File.Exists(Path.Join(_directory, "c.csv")));
    }

    private Ended Run(params string[] arguments) => Tool.Run(_directory, arguments);

    private string Read(string name) => File.ReadAllText(Path.Join(_directory, name));

    private void Write(string name, string text)
    {
        var path = Path.Join(_directory, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
