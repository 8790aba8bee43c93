using System.Diagnostics;
using System.Runtime.Versioning;
using ArtifactTrust.Cli.Tools;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Tests.Cli.Tools;

[UnsupportedOSPlatform("windows")]
public sealed class TrivyScannerTests
{
    private const string Clean = """echo '{"SchemaVersion":2,"ArtifactName":"x","ArtifactType":"filesystem"}' > "$OUT" """;

    private static readonly Digest Image = DigestAlgorithm.Sha256.Hash("image"u8);

    [Fact]
    public async Task A_report_says_which_program_and_which_database_made_it()
    {
        using var trivy = new FakeTrivy(Clean);
        var scan = await trivy.ScanAsync();
        Assert.Equal("9.9.9", scan.Summary.Scanner.Version);
        Assert.Equal(DigestAlgorithm.Sha256.Hash(await File.ReadAllBytesAsync(trivy.Executable)), scan.Summary.Scanner.Executable);
        Assert.Equal(FakeTrivy.Now.AddDays(-1), scan.Summary.Scanner.Database?.UpdatedAt);
        Assert.True(scan.Summary.IsClean);
        Assert.Contains("no package was recognized", scan.Summary.Notes);
    }

    [Fact]
    public async Task A_crash_is_no_answer()
    {
        using var trivy = new FakeTrivy("echo 'FATAL run error: init error: DB error: invalid database' >&2; exit 1");
        var e = await Assert.ThrowsAsync<ScannerException>(() => trivy.ScanAsync());
        Assert.Contains("exit code 1", e.Message, StringComparison.Ordinal);
        Assert.Contains("invalid database", e.Excerpt, StringComparison.Ordinal);
        Assert.Contains("damaged", e.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_complete_report_with_a_failing_exit_code_is_no_answer()
    {
        using var trivy = new FakeTrivy($"{Clean}; exit 7");
        var e = await Assert.ThrowsAsync<ScannerException>(() => trivy.ScanAsync());
        Assert.Contains("exit code 7", e.Message, StringComparison.Ordinal);
        Assert.Contains("--debug", e.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("true", "no report")]
    [InlineData("""echo garbage > "$OUT" """, "cannot be read")]
    [InlineData("""printf '' > "$OUT" """, "cannot be read")]
    [InlineData("""echo '{"SchemaVersion":3}' > "$OUT" """, "schema version 2")]
    [InlineData("""echo '{"SchemaVersion":2,"SchemaVersion":2}' > "$OUT" """, "cannot be read")]
    [InlineData("""echo '[]' > "$OUT" """, "an object is expected")]
    public async Task A_missing_or_unreadable_report_with_exit_code_zero_is_no_answer(string script, string message)
    {
        using var trivy = new FakeTrivy(script);
        var e = await Assert.ThrowsAsync<ScannerException>(() => trivy.ScanAsync());
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_scan_that_hangs_is_stopped_with_all_it_started()
    {
        using var directory = PrivateDirectory.Create();
        var pid = directory.File("pid");
        var command = new ToolCommand("/bin/sh", ["-c", $"sleep 600 & echo $! > {pid}; sleep 600"]) { Timeout = TimeSpan.FromSeconds(5) };
        var e = await Assert.ThrowsAsync<ScannerException>(() => ToolProcess.RunAsync(command, directory, default));
        Assert.Contains("did not finish", e.Message, StringComparison.Ordinal);
        await AssertGone(pid);
    }

    [Fact]
    public async Task Giving_up_kills_all_that_the_tool_started()
    {
        using var directory = PrivateDirectory.Create();
        var pid = directory.File("pid");
        using var cancellation = new CancellationTokenSource();
        var running = ToolProcess.RunAsync(
            new ToolCommand("/bin/sh", ["-c", $"sleep 300 & echo $! > {pid}.new; mv {pid}.new {pid}; sleep 300"]),
            directory,
            cancellation.Token
        );
        while (!File.Exists(pid))
        {
            await Task.Delay(20);
        }
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await AssertGone(pid);
    }

    [Fact]
    public async Task A_child_that_keeps_the_pipes_open_does_not_hold_up_the_answer()
    {
        using var directory = PrivateDirectory.Create();
        var result = await ToolProcess.RunAsync(new ToolCommand("/bin/sh", ["-c", "sleep 600 & echo $!"]), directory, default);
        var child = int.Parse(result.Output, System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(IsRunning(child));
        using var process = Process.GetProcessById(child);
        process.Kill();
    }

    [Fact]
    public async Task An_endless_report_is_stopped()
    {
        using var directory = PrivateDirectory.Create();
        var file = directory.File("report");
        var command = new ToolCommand("/bin/sh", ["-c", $"while :; do head -c 65536 /dev/zero; done > {file}"])
        {
            OutputFile = file,
            MaximumOutputFileBytes = 10 << 20,
        };
        var e = await Assert.ThrowsAsync<ScannerException>(() => ToolProcess.RunAsync(command, directory, default));
        Assert.Contains("more than 10485760 bytes", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Endless_standard_output_is_stopped()
    {
        using var trivy = new FakeTrivy(Clean, version: "cat /dev/zero");
        var e = await Assert.ThrowsAsync<ScannerException>(() => trivy.ScanAsync());
        Assert.Contains("standard output", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Endless_standard_error_is_shown_by_its_end_only()
    {
        using var trivy = new FakeTrivy("head -c 3000000 /dev/zero | tr '\\0' x >&2; echo the end >&2; exit 1");
        var e = await Assert.ThrowsAsync<ScannerException>(() => trivy.ScanAsync());
        Assert.True(e.Excerpt!.Length < 2100);
        Assert.EndsWith("the end", e.Excerpt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_of_the_environment_reaches_the_tool_but_proxies_and_certificates()
    {
        using var trivy = new FakeTrivy($"""env > "$(dirname "$0")/env"; {Clean}""");
        Environment.SetEnvironmentVariable("TRIVY_SEVERITY", "CRITICAL");
        Environment.SetEnvironmentVariable("ARTIFACT_TRUST_TEST_SECRET", "secret");
        try
        {
            var variables = new Dictionary<string, string?>
            {
                ["HTTPS_PROXY"] = "http://proxy:1",
                ["TRIVY_IGNOREFILE"] = "/x",
                ["HOME"] = "/root",
            };
            await trivy.Scanner(n => variables.GetValueOrDefault(n)).ScanAsync(trivy.Target, trivy.Options, default);
        }
        finally
        {
            Environment.SetEnvironmentVariable("TRIVY_SEVERITY", null);
            Environment.SetEnvironmentVariable("ARTIFACT_TRUST_TEST_SECRET", null);
        }
        var names = (await File.ReadAllLinesAsync(trivy.File("env"))).Select(l => l.Split('=')[0]).ToHashSet();
        // PWD, OLDPWD, SHLVL and _ are the shell's own.
        names.ExceptWith(["PWD", "OLDPWD", "SHLVL", "_"]);
        Assert.Equal(
            ["HOME", "HTTPS_PROXY", "TMPDIR", "TRIVY_DISABLE_TELEMETRY", "TRIVY_SKIP_CHECK_UPDATE", "TRIVY_SKIP_VERSION_CHECK"],
            names.Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task A_credential_is_in_the_environment_and_in_no_argument_and_no_message()
    {
        using var trivy = new FakeTrivy(
            """echo "$@" > "$(dirname "$0")/arguments"; echo "user $TRIVY_USERNAME password $TRIVY_PASSWORD" >&2; exit 1"""
        );
        var target = TrivyTarget.Registry("127.0.0.1:1/repository", Image);
        var options = trivy.Options with { Credential = new RegistryCredential("me", "hunter2-hunter2") };
        var e = await Assert.ThrowsAsync<ScannerException>(() => trivy.ScanAsync(options, target));
        Assert.Contains("user me password ***", e.Excerpt, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", await File.ReadAllTextAsync(trivy.File("arguments")), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", options.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_working_directory_is_empty_and_goes_away()
    {
        using var trivy = new FakeTrivy($"""pwd > "$(dirname "$0")/pwd"; ls -A > "$(dirname "$0")/files"; {Clean}""");
        await trivy.ScanAsync();
        Assert.Empty(await File.ReadAllTextAsync(trivy.File("files")));
        Assert.False(Directory.Exists((await File.ReadAllTextAsync(trivy.File("pwd"))).Trim()));
    }

    [Fact]
    public async Task No_filter_and_no_exit_code_is_asked_for()
    {
        using var trivy = new FakeTrivy($"""printf '%s\n' "$@" > "$(dirname "$0")/arguments"; {Clean}""");
        await trivy.ScanAsync();
        var arguments = await File.ReadAllLinesAsync(trivy.File("arguments"));
        Assert.Equal("fs", arguments[0]);
        Assert.Contains("--skip-db-update", arguments);
        Assert.Contains("--offline-scan", arguments);
        Assert.Contains("--ignorefile", arguments);
        Assert.Contains("--config", arguments);
        Assert.DoesNotContain("--exit-code", arguments);
        Assert.DoesNotContain("--severity", arguments);
        Assert.DoesNotContain("--ignore-unfixed", arguments);
    }

    [Fact]
    public async Task A_path_that_looks_like_an_option_is_passed_as_a_path()
    {
        using var trivy = new FakeTrivy($"""printf '%s\n' "$@" > "$(dirname "$0")/arguments"; {Clean}""");
        await trivy.ScanAsync(target: TrivyTarget.Directory("--exit-code=0"));
        Assert.EndsWith("/--exit-code=0", (await File.ReadAllLinesAsync(trivy.File("arguments")))[^1], StringComparison.Ordinal);
        Assert.StartsWith("/", (await File.ReadAllLinesAsync(trivy.File("arguments")))[^1], StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => TrivyTarget.Registry("--insecure", Image));
        Assert.Throws<ArgumentException>(() => TrivyTarget.Registry("host/repository@sha256:0", Image));
    }

    [Fact]
    public async Task A_database_that_is_too_old_is_no_answer_and_no_scan()
    {
        using var trivy = new FakeTrivy("exit 99");
        trivy.SetDatabase(FakeTrivy.Now.AddDays(-8));
        var e = await Assert.ThrowsAsync<ScannerException>(() => trivy.ScanAsync());
        Assert.Contains("8 days old", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_old_database_that_is_allowed_is_in_the_report()
    {
        using var trivy = new FakeTrivy(Clean);
        trivy.SetDatabase(FakeTrivy.Now.AddDays(-8));
        var scan = await trivy.ScanAsync(trivy.Options with { AllowStaleDatabase = true });
        Assert.Contains(
            scan.Summary.Notes,
            n => n.Contains("8 days old", StringComparison.Ordinal) && n.Contains("allowed", StringComparison.Ordinal)
        );
        Assert.Equal(FakeTrivy.Now.AddDays(-8), scan.Summary.Scanner.Database?.UpdatedAt);
    }

    [Fact]
    public async Task A_database_of_the_future_is_no_answer()
    {
        using var trivy = new FakeTrivy(Clean);
        trivy.SetDatabase(FakeTrivy.Now.AddDays(2));
        var e = await Assert.ThrowsAsync<ScannerException>(() => trivy.ScanAsync(trivy.Options with { AllowStaleDatabase = true }));
        Assert.Contains("future", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"Version":2}""")]
    [InlineData("""{"Version":"2","UpdatedAt":"2030-05-17T00:00:00Z"}""")]
    [InlineData("""{"Version":2,"UpdatedAt":"yesterday"}""")]
    [InlineData("""{"Version":2,"UpdatedAt":7}""")]
    [InlineData("[]")]
    public async Task A_database_whose_age_is_not_known_is_no_answer(string? metadata)
    {
        using var trivy = new FakeTrivy(Clean);
        trivy.SetDatabase(metadata);
        var e = await Assert.ThrowsAsync<ScannerException>(() => trivy.ScanAsync());
        Assert.Contains("age", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_database_there_is_no_answer()
    {
        using var trivy = new FakeTrivy(Clean);
        File.Delete(Path.Join(trivy.Cache, "db", "trivy.db"));
        var e = await Assert.ThrowsAsync<ScannerException>(() => trivy.ScanAsync());
        Assert.Contains("no vulnerability database", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_replaced_during_the_scan_is_noticed()
    {
        using var trivy = new FakeTrivy(
            $$"""echo '{"Version":2,"UpdatedAt":"2030-05-17T00:00:00Z"}' > "$(dirname "$0")/cache/db/metadata.json"; {{Clean}}"""
        );
        var e = await Assert.ThrowsAsync<ScannerException>(() => trivy.ScanAsync());
        Assert.Contains("replaced", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_executable_that_changes_while_it_runs_is_noticed()
    {
        using var trivy = new FakeTrivy($"""cp "$0" "$0.new"; echo '# changed' >> "$0.new"; mv "$0.new" "$0"; {Clean}""");
        var e = await Assert.ThrowsAsync<ScannerException>(() => trivy.ScanAsync());
        Assert.Contains("changed while it ran", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_build_than_the_required_one_is_not_run()
    {
        using var trivy = new FakeTrivy(Clean, version: "touch \"$(dirname \"$0\")/ran\"; echo '{\"Version\":\"1\"}'");
        var e = await Assert.ThrowsAsync<ScannerException>(() => trivy.ScanAsync(trivy.Options with { RequiredExecutable = Image }));
        Assert.Contains("is required", e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(trivy.File("ran")));
    }

    [Theory]
    [InlineData("""["127.0.0.1:1/repository@sha256:0000000000000000000000000000000000000000000000000000000000000000"]""")]
    [InlineData("[]")]
    [InlineData("null")]
    public async Task A_report_about_another_image_is_no_answer(string digests)
    {
        using var trivy = new FakeTrivy($$"""echo '{"SchemaVersion":2,"Metadata":{"RepoDigests":{{digests}} } }' > "$OUT" """);
        var e = await Assert.ThrowsAsync<ScannerException>(() =>
            trivy.ScanAsync(target: TrivyTarget.Registry("127.0.0.1:1/repository", Image))
        );
        Assert.Contains($"not about {Image}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_report_about_the_image_asked_for_is_bound_to_its_digest()
    {
        using var trivy = new FakeTrivy(
            $$"""echo '{"SchemaVersion":2,"Metadata":{"RepoDigests":["127.0.0.1:1/repository@{{Image}}"] } }' > "$OUT" """
        );
        var scan = await trivy.ScanAsync(target: TrivyTarget.Registry("127.0.0.1:1/repository", Image));
        Assert.Equal(Image, scan.Digest);
    }

    [Fact]
    public async Task A_program_that_is_not_Trivy_is_noticed()
    {
        using var trivy = new FakeTrivy(Clean, version: "echo hello");
        var e = await Assert.ThrowsAsync<ScannerException>(() => trivy.ScanAsync());
        Assert.Contains("does not answer as Trivy does", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Trivy_is_found_where_it_is_named_and_never_in_the_working_directory()
    {
        using var trivy = new FakeTrivy(Clean);
        var directory = Path.GetDirectoryName(trivy.Executable)!;
        Assert.Equal(trivy.Executable, TrivyExecutable.Find(null, n => n == "PATH" ? $".::bin:{directory}" : null).Path);
        Assert.Equal(trivy.Executable, TrivyExecutable.Find(null, n => n == TrivyExecutable.Variable ? trivy.Executable : null).Path);
        var here = Path.GetRelativePath(Environment.CurrentDirectory, directory);
        Assert.Throws<ScannerException>(() => TrivyExecutable.Find(null, n => n == "PATH" ? $"{here}:.:" : null));
        Assert.Throws<ScannerException>(() => TrivyExecutable.Find(null, _ => null));
        Assert.Throws<ScannerException>(() => TrivyExecutable.Find(Path.Join(directory, "absent"), _ => null));
        Assert.Throws<ScannerException>(() => TrivyExecutable.Find(directory, _ => null));
        File.SetUnixFileMode(trivy.Executable, UnixFileMode.UserRead);
        var e = Assert.Throws<ScannerException>(() => TrivyExecutable.Find(trivy.Executable, _ => null));
        Assert.Contains("not an executable", e.Message, StringComparison.Ordinal);
        Assert.Contains("--trivy", e.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_tool_writes_is_made_fit_to_be_shown()
    {
        Assert.Equal("red text\nnext", ToolProcess.Excerpt("\u001b[31mred\u001b[0m text\r\n\u0007next\u202e\0"u8, []));
        Assert.Equal("a *** b", ToolProcess.Excerpt("a secret b"u8, ["secret", ""]));
        Assert.Equal(
            2001,
            ToolProcess
                .Excerpt(
                    new byte[5000]
                        .Select(_ => (byte)'x')
                        .ToArray(),
                    []
                )
                .Length
        );
    }

    [Fact]
    public async Task A_tool_that_cannot_be_started_is_named()
    {
        using var directory = PrivateDirectory.Create();
        var e = await Assert.ThrowsAsync<ScannerException>(() =>
            ToolProcess.RunAsync(new ToolCommand("/does/not/exist", []), directory, default)
        );
        Assert.Contains("/does/not/exist", e.Message, StringComparison.Ordinal);
    }

    private static async Task AssertGone(string pidFile)
    {
        var pid = int.Parse(await File.ReadAllTextAsync(pidFile), System.Globalization.CultureInfo.InvariantCulture);
        for (var i = 0; i < 100 && IsRunning(pid); i++)
        {
            await Task.Delay(50);
        }
        Assert.False(IsRunning(pid));
    }

    // A process that was killed stays in the table until its parent asks for it.
    private static bool IsRunning(int pid) =>
        File.Exists($"/proc/{pid}/stat") && !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z", StringComparison.Ordinal);
}
