namespace ArtifactTrust.EndToEnd.Cli;

/// <summary><c>verify SUBJECT -- COMMAND</c>: the command runs only where the subject was verified, and is told what was.</summary>
public sealed class VerifiedCommandTests : IDisposable
{
    private static readonly string[] Model = ["verify", "model", "--key", "ci.pub"];

    private readonly Scene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public void The_command_is_told_the_digest_and_reads_standard_input()
    {
        var hash = _scene.Require("hash", "model", "--output", "json").Json();
        var digest = $"sha256:{hash.GetProperty("subject").GetProperty("digests").GetProperty("sha256").GetString()}";
        var ended = Tool.Execute(
            _scene.Folder,
            null,
            "from standard input\n",
            [.. Tool.Start, .. Model, "--", "bash", "-c", "echo $1 $2 $ARTIFACT_TRUST_SUBJECT_0; cat", "x", "is={digest}", "{subject}"]
        );
        Assert.Equal(0, ended.ExitCode);
        Assert.Equal($"is={digest} {digest} {digest}\nfrom standard input\n", ended.Output);
        Assert.Contains("verified: model", ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void An_image_is_named_by_the_digest_that_its_tag_had()
    {
        _scene.Require("push", "model", "oci-layout:layout:1");
        _scene.Require("sign", "oci-layout:layout:1", "--key", "ci.key");
        var verified = _scene.Require("verify", "oci-layout:layout:1", "--key", "ci.pub", "--output", "json").Json();
        var digest = $"sha256:{verified.GetProperty("subject").GetProperty("digests").GetProperty("sha256").GetString()}";
        var ended = _scene.Require([
            "verify",
            "oci-layout:layout:1",
            "--key",
            "ci.pub",
            "--output",
            "json",
            "--",
            "echo",
            "{subject}",
            "{digest}",
        ]);
        Assert.Equal($"oci-layout:layout@{digest} {digest}\n", ended.Output);
        using var report = System.Text.Json.JsonDocument.Parse(ended.Errors);
        Assert.Equal("verified", report.RootElement.GetProperty("result").GetString());
    }

    [Theory]
    [InlineData("verify")]
    [InlineData("gate")]
    public void A_command_that_cannot_be_started_is_told_of_in_the_one_document(string verb)
    {
        _scene.Write("script", "#!/bin/sh\ntouch ran\n");
        Directory.CreateDirectory(_scene.At("folder"));
        string[] guarded = verb == "gate" ? [.. Scene.Gate[..^3]] : Model;
        foreach (var program in (string[])["./nothing", "nothing-of-that-name", "./script", "./folder"])
        {
            var ended = _scene.Run([.. guarded, "--output", "json", "--", program]);
            Assert.Equal((3, ""), (ended.ExitCode, ended.Output));
            using var document = System.Text.Json.JsonDocument.Parse(ended.Errors);
            Assert.Equal(3, document.RootElement.GetProperty("exitCode").GetInt32());
            Assert.Equal(verb == "gate" ? "allowed" : "verified", document.RootElement.GetProperty("result").GetString());
            var error = document.RootElement.GetProperty("error");
            Assert.Equal("command", error.GetProperty("code").GetString());
            Assert.Contains($"'{program}' could not be started", error.GetProperty("message").GetString(), StringComparison.Ordinal);
            var text = _scene.Run([.. guarded, "--", program]);
            Assert.Equal((3, ""), (text.ExitCode, text.Output));
            Assert.Contains($"error: allowed, but '{program}' could not be started", text.Errors, StringComparison.Ordinal);
            Assert.Equal(verb == "verify", text.Errors.StartsWith("verified: model", StringComparison.Ordinal));
        }
        Assert.False(File.Exists(_scene.At("ran")));
    }

    [Fact]
    public void What_fails_once_the_document_is_written_is_told_in_a_line()
    {
        // An executable file that the system takes for no program: only the attempt shows it.
        _scene.Write("binary", "\u0001\u0002\n");
        _scene.Shell("chmod +x binary");
        var ended = _scene.Run([.. Model, "--output", "json", "--", "./binary"]);
        Assert.Equal(3, ended.ExitCode);
        var end = ended.Errors.LastIndexOf("}\n", StringComparison.Ordinal) + 2;
        using var document = System.Text.Json.JsonDocument.Parse(ended.Errors[..end]);
        Assert.StartsWith("error: allowed, but './binary' could not be started", ended.Errors[end..], StringComparison.Ordinal);
    }

    [Fact]
    public void The_exit_code_is_the_commands()
    {
        Assert.Equal(42, _scene.Run([.. Model, "--", "bash", "-c", "exit 42"]).ExitCode);
        Assert.Equal(3, _scene.Run([.. Model, "--", "./nothing"]).ExitCode);
        Assert.Equal(0, _scene.Run([.. Model, "--type", "slsaprovenance1", "--", "true"]).ExitCode);
    }

    [Fact]
    public void Nothing_runs_where_nothing_was_verified()
    {
        string[] run = ["--", "touch", "ran"];
        Refuses(1, ["verify", "model", "--key", "other.pub", .. run]);
        Refuses(1, [.. Model, "--type", "vulns", .. run]);
        Refuses(2, ["verify", "model", .. run]);
        Refuses(2, [.. Model, "--"]);
        Refuses(2, [.. Model, "--only", "config.json", .. run]);
        Refuses(2, [.. Model, "--only", "config.json", "--annotation", "env=production"]);
        Refuses(3, ["verify", $"127.0.0.1:{LoopbackPort.Free()}/demo/app:1", "--key", "ci.pub", "--registry-timeout", "2s", .. run]);
        _scene.ChangeOneByte("model/weights.bin");
        Refuses(1, [.. Model, .. run]);

        void Refuses(int exitCode, string[] arguments)
        {
            var ended = _scene.Run(arguments);
            Assert.True(ended.ExitCode == exitCode, $"{string.Join(' ', arguments)}: {exitCode} was expected: {ended}");
            Assert.Equal("", ended.Output);
            Scene.AssertCalm(ended);
            Assert.False(File.Exists(_scene.At("ran")), "the command ran");
        }
    }

    [Theory]
    [InlineData("verify")]
    [InlineData("gate")]
    public void A_program_in_the_working_directory_is_not_taken_for_one_on_the_path(string verb)
    {
        _scene.Write("echo", "#!/bin/sh\ntouch ran\n");
        _scene.Write("planted", "#!/bin/sh\ntouch ran\n");
        _scene.Shell("chmod +x echo planted");
        string[] guarded = verb == "gate" ? Scene.Gate[..^3] : Model;
        // What a shell would take for the working directory is none of the places that are looked at, either.
        foreach (var before in (string[])["", ":", ".:"])
        {
            var environment = new Dictionary<string, string?> { ["PATH"] = $"{before}{Environment.GetEnvironmentVariable("PATH")}" };
            Assert.Equal((0, "hi\n"), Ended("echo", "hi"));
            Assert.Equal((3, ""), Ended("planted"));
            Assert.False(File.Exists(_scene.At("ran")), "a planted program ran");

            (int, string) Ended(params string[] command)
            {
                var ended = Tool.Run(_scene.Folder, environment, [.. guarded, "--", .. command]);
                return (ended.ExitCode, ended.Output);
            }
        }
        Assert.Equal(0, _scene.Run([.. guarded, "--", "./planted"]).ExitCode);
        Assert.True(File.Exists(_scene.At("ran")));
    }

    [Fact]
    public void Subjects_of_a_command_around_this_one_are_not_passed_on()
    {
        var around = new Dictionary<string, string?>
        {
            ["ARTIFACT_TRUST_SUBJECT_0"] = "sha256:another",
            ["ARTIFACT_TRUST_SUBJECT_1"] = "sha256:stale",
        };
        var ended = Tool.Run(_scene.Folder, around, [.. Model, "--", "env"]);
        Assert.Contains("\nARTIFACT_TRUST_SUBJECT_0=sha256:", $"\n{ended.Output}", StringComparison.Ordinal);
        Assert.DoesNotContain("another", ended.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("stale", ended.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Our_secrets_are_kept_from_the_command()
    {
        var environment = new Dictionary<string, string?> { ["SIGSTORE_ID_TOKEN"] = "top-secret", ["OTHER"] = "the commands own" };
        var ended = Tool.Run(_scene.Folder, environment, [.. Model, "--", "env"]);
        Assert.Contains("OTHER=the commands own\n", ended.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("top-secret", ended.Text, StringComparison.Ordinal);
    }
}
