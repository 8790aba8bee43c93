using System.Diagnostics;
using System.Text.Json;
using ArtifactTrust.Cli.Tools;
using ArtifactTrust.Hashing;
using ArtifactTrust.Scanning;
using Severities = ArtifactTrust.Attestations.Predicates.Severities;
using Severity = ArtifactTrust.Attestations.Predicates.Severity;

namespace ArtifactTrust.EndToEnd.Scanning;

/// <summary>The real Trivy, started as the CLI starts it.</summary>
public sealed class TrivyTests : IDisposable
{
    private static readonly Digest LayoutDigest = Digest.Parse("sha256:bad7bfd1665fd4bf088292cc82f29fb5976eaa6a26a3cc9467fc15124c861805");

    private readonly string _directory = Directory.CreateTempSubdirectory("artifact-trust-e2e-").FullName;

    private static string Cache => Material("cache");

    private static TrivyOptions Options =>
        new()
        {
            CacheDirectory = Cache,
            Offline = true,
            Scanners = TrivyScanners.Vulnerabilities,
        };

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [TrivyFact]
    public async Task A_docker_archive_has_findings_of_every_severity()
    {
        var scan = await Scan(TrivyTarget.Archive(Material("images/image.tar")));
        AssertEverySeverity(scan);
        Assert.Equal("debian", scan.Report.OperatingSystem?.Family);
        Assert.Equal("sha256:c659864a49081794ee829a6e26cf203f9cb5d35bc44c038fb0ce3bdf72b47b64", scan.Report.ImageId);
        Assert.Contains("the image for linux/amd64 was scanned", scan.Summary.Notes);
    }

    [TrivyFact]
    public async Task An_image_of_a_layout_is_bound_to_its_digest()
    {
        var scan = await Scan(TrivyTarget.Layout(Material("images/oci"), LayoutDigest));
        AssertEverySeverity(scan);
        Assert.Equal(LayoutDigest, scan.Digest);
    }

    [TrivyFact]
    public async Task An_image_of_a_layout_can_be_named_by_its_tag()
    {
        var scan = await Scan(TrivyTarget.Layout(Material("images/oci"), "1.0"));
        AssertEverySeverity(scan);
        Assert.Null(scan.Digest);
    }

    [TrivyFact]
    public async Task A_layout_whose_path_holds_separators_is_scanned()
    {
        var path = Path.Join(_directory, "a@b:c");
        Copy(Material("images/oci"), path);
        AssertEverySeverity(await Scan(TrivyTarget.Layout(path, LayoutDigest)));
    }

    [TrivyFact]
    public async Task A_digest_that_is_not_in_the_layout_is_no_answer()
    {
        var other = DigestAlgorithm.Sha256.Hash("other"u8);
        await Assert.ThrowsAsync<ScannerException>(() => Scan(TrivyTarget.Layout(Material("images/oci"), other)));
    }

    [TrivyFact]
    public async Task A_layout_whose_manifest_was_changed_is_no_answer()
    {
        var path = Path.Join(_directory, "layout");
        Copy(Material("images/oci"), path);
        await File.AppendAllTextAsync(Path.Join(path, "blobs/sha256", LayoutDigest.Hex), " ");
        await Assert.ThrowsAsync<ScannerException>(() => Scan(TrivyTarget.Layout(path, LayoutDigest)));
    }

    [TrivyFact]
    public async Task A_directory_has_findings_from_its_lock_files()
    {
        var scan = await Scan(TrivyTarget.Directory(Material("src/model-repo")));
        Assert.True(scan.Summary.Worst >= Severity.High);
        Assert.Contains(scan.Summary.Findings, f => f.Target == "requirements.txt" && f.Purl == "pkg:pypi/fixture-torchlike@1.13.0");
    }

    [TrivyFact]
    public async Task Configurations_and_licences_are_looked_at_without_network()
    {
        var scan = await Scan(
            TrivyTarget.Directory(Material("src/model-repo")),
            Options with
            {
                Scanners = TrivyScanners.Misconfigurations | TrivyScanners.Licenses,
            }
        );
        Assert.Contains(scan.Summary.Findings, f => f.Class == FindingClass.Misconfiguration);
        Assert.Null(scan.Summary.Scanner.Database);
    }

    [TrivyFact]
    public async Task An_SBOM_has_findings()
    {
        var scan = await Scan(TrivyTarget.Sbom(Material("src/sbom.cdx.json")));
        Assert.Equal(Severity.Critical, scan.Summary.Worst);
        Assert.True(scan.Summary.Count(Severity.High) > 0);
    }

    [TrivyFact]
    public async Task An_SBOM_whose_root_is_a_model_is_scanned_as_a_copy_that_says_so()
    {
        var scan = await Scan(TrivyTarget.Sbom(Material("src/mlbom-root-model.cdx.json")));
        Assert.Contains(scan.Summary.Findings, f => f.Severity == Severity.Critical);
        Assert.Contains(scan.Summary.Notes, n => n.Contains("machine-learning-model", StringComparison.Ordinal));
    }

    [TrivyFact]
    public async Task Files_planted_in_the_subject_change_nothing()
    {
        var repository = Path.Join(_directory, "repository");
        Copy(Material("src/model-repo"), repository);
        var token = string.Concat("ghp_", string.Concat(Enumerable.Range(0, 36).Select(i => (char)('a' + (i * 7 % 26)))));
        await File.WriteAllTextAsync(Path.Join(repository, "settings.py"), $"TOKEN = \"{token}\"\n");
        var options = Options with { Scanners = TrivyScanners.Vulnerabilities | TrivyScanners.Secrets };
        var before = await Scan(TrivyTarget.Directory(repository), options);
        Assert.Contains(before.Summary.Findings, f => f.Class == FindingClass.Secret);

        await File.WriteAllTextAsync(
            Path.Join(repository, ".trivyignore"),
            string.Join('\n', before.Summary.Findings.Select(f => f.Id)) + "\n"
        );
        await File.WriteAllTextAsync(
            Path.Join(repository, "trivy.yaml"),
            "severity:\n  - LOW\nscan:\n  skip-files:\n    - requirements.txt\n"
        );
        await File.WriteAllTextAsync(Path.Join(repository, "trivy-secret.yaml"), "disable-rules:\n  - github-pat\n");
        // The control: started the plain way, inside the folder, Trivy does what these files say.
        Assert.Equal(0, await CountPlainly(repository));

        var after = await Scan(TrivyTarget.Directory(repository), options);
        Assert.Equal(before.Summary.Findings.Select(f => (f.Id, f.Target)), after.Summary.Findings.Select(f => (f.Id, f.Target)));
    }

    [TrivyFact]
    public async Task Variables_of_the_environment_change_nothing()
    {
        var target = TrivyTarget.Sbom(Material("src/sbom.cdx.json"));
        var before = await Scan(target);
        Environment.SetEnvironmentVariable("TRIVY_SEVERITY", "LOW");
        Environment.SetEnvironmentVariable("TRIVY_IGNORE_UNFIXED", "true");
        try
        {
            Assert.Equal(before.Summary.Findings.Count, (await Scan(target)).Summary.Findings.Count);
        }
        finally
        {
            Environment.SetEnvironmentVariable("TRIVY_SEVERITY", null);
            Environment.SetEnvironmentVariable("TRIVY_IGNORE_UNFIXED", null);
        }
    }

    [TrivyFact]
    public async Task What_Trivy_cannot_read_is_no_answer()
    {
        var file = Path.Join(_directory, "file");
        await File.WriteAllTextAsync(file, "not an archive, and no SBOM");
        foreach (
            var target in new[]
            {
                TrivyTarget.Archive(file),
                TrivyTarget.Archive(Path.Join(_directory, "absent.tar")),
                TrivyTarget.Directory(Path.Join(_directory, "absent")),
                TrivyTarget.Sbom(file),
                TrivyTarget.Sbom(Path.Join(_directory, "absent.json")),
                TrivyTarget.Registry("127.0.0.1:1/no/registry", LayoutDigest),
            }
        )
        {
            await Assert.ThrowsAsync<ScannerException>(() => Scan(target));
        }
    }

    [TrivyFact]
    public async Task A_damaged_database_is_no_answer()
    {
        var cache = Path.Join(_directory, "cache");
        Copy(Path.Join(Cache, "db"), Path.Join(cache, "db"));
        await File.WriteAllTextAsync(Path.Join(cache, "db", "trivy.db"), new string('x', 100_000));
        var target = TrivyTarget.Sbom(Material("src/sbom.cdx.json"));
        await Assert.ThrowsAsync<ScannerException>(() => Scan(target, Options with { CacheDirectory = cache }));
    }

    [TrivyFact]
    public async Task A_database_that_cannot_be_fetched_is_no_answer()
    {
        var options = Options with
        {
            Offline = false,
            CacheDirectory = Path.Join(_directory, "cache"),
            DatabaseRepository = "127.0.0.1:1/x/trivy-db:2",
        };
        var e = await Assert.ThrowsAsync<ScannerException>(() => Scan(TrivyTarget.Sbom(Material("src/sbom.cdx.json")), options));
        Assert.Contains("fetch its vulnerability database", e.Message, StringComparison.Ordinal);
    }

    [TrivyFact]
    public async Task The_packages_of_an_image_are_listed_as_CycloneDX_without_a_database()
    {
        var options = Options with { CacheDirectory = Path.Join(_directory, "empty") };
        var bytes = await new TrivyScanner(Executable()).ListPackagesAsync(
            TrivyTarget.Archive(Material("images/image.tar")),
            options,
            default
        );
        using var json = JsonDocument.Parse(bytes);
        Assert.Contains(
            json.RootElement.GetProperty("components").EnumerateArray(),
            c => c.GetProperty("name").GetString() == "fixture-libc6"
        );
    }

    [TrivyFact]
    public async Task A_scan_becomes_predicates_that_name_scanner_database_and_findings()
    {
        var scan = await Scan(TrivyTarget.Archive(Material("images/image.tar")));
        using var cosign = JsonDocument.Parse(CosignVulnPredicate.Create(scan.Summary, scan.Report));
        var scanner = cosign.RootElement.GetProperty("scanner");
        Assert.EndsWith($"?checksum={Executable().Digest}", scanner.GetProperty("uri").GetString(), StringComparison.Ordinal);
        Assert.Equal("2026-11-20T00:00:00Z", scanner.GetProperty("db").GetProperty("lastUpdate").GetString());
        Assert.Equal(scan.Summary.Findings.Count, TrivyReport.Read(scanner.GetProperty("result")).Findings.Count);
        using var vulns = JsonDocument.Parse(VulnsPredicate.Create(scan.Summary));
        Assert.Equal(scan.Summary.Findings.Count, vulns.RootElement.GetProperty("scanner").GetProperty("result").GetArrayLength());
    }

    [TrivyFact(true, "docker-registry", "crane")]
    public async Task An_image_in_a_registry_is_scanned_by_digest()
    {
        var (program, crane) = (Peers.Find("docker-registry"), Peers.Find("crane"));
        var port = LoopbackPort.Free();
        var configuration = Path.Join(_directory, "registry.yml");
        await File.WriteAllTextAsync(
            configuration,
            $"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {_directory}/registry\nhttp:\n  addr: 127.0.0.1:{port}\n"
        );
        using var registry = Process.Start(
            new ProcessStartInfo(program, ["serve", configuration]) { RedirectStandardOutput = true, RedirectStandardError = true }
        )!;
        registry.OutputDataReceived += (_, _) => { };
        registry.ErrorDataReceived += (_, _) => { };
        registry.BeginOutputReadLine();
        registry.BeginErrorReadLine();
        try
        {
            var repository = $"127.0.0.1:{port}/fixture/infer";
            for (var i = 0; !await Run(crane, "push", Material("images/oci"), $"{repository}:1") && i < 50; i++)
            {
                await Task.Delay(100);
            }
            AssertEverySeverity(await Scan(TrivyTarget.Registry(repository, LayoutDigest)));
            await Assert.ThrowsAsync<ScannerException>(() =>
                Scan(TrivyTarget.Registry(repository, DigestAlgorithm.Sha256.Hash("other"u8)))
            );
        }
        finally
        {
            registry.Kill();
            await registry.WaitForExitAsync();
        }
    }

    [TrivyFact(material: false)]
    public async Task The_demonstration_database_is_refused_for_its_age_and_works_when_any_age_will_do()
    {
        var subject = Path.Join(_directory, "subject");
        Directory.CreateDirectory(subject);
        await File.WriteAllTextAsync(Path.Join(subject, "requirements.txt"), "pillow==9.5.0\nPyYAML==5.3.1\n");
        var options = Options with { CacheDirectory = Path.Join(RealTrivy.Repository, "examples", "trivy-db") };
        var scanner = new TrivyScanner(Executable());
        var target = TrivyTarget.Directory(subject);
        await Assert.ThrowsAsync<ScannerException>(() => scanner.ScanAsync(target, options, default));

        var scan = await scanner.ScanAsync(target, options with { MaximumDatabaseAge = TimeSpan.FromDays(36500) }, default);
        AssertEverySeverity(scan);
        Assert.All(scan.Summary.Findings, f => Assert.StartsWith("DEMO, NOT REAL", f.Title, StringComparison.Ordinal));

        var debian = Path.Join(_directory, "debian.cdx.json");
        await File.WriteAllTextAsync(
            debian,
            """
            {"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"metadata":{"component":{"type":"machine-learning-model","name":"m"}},"components":[
             {"type":"operating-system","bom-ref":"os","name":"debian","version":"12"},
             {"type":"library","bom-ref":"o","name":"openssl","version":"3.0.11-1~deb12u2","purl":"pkg:deb/debian/openssl@3.0.11-1~deb12u2?arch=amd64&distro=debian-12"}]}
            """
        );
        scan = await scanner.ScanAsync(TrivyTarget.Sbom(debian), options with { MaximumDatabaseAge = TimeSpan.FromDays(36500) }, default);
        Assert.Equal(["CVE-2099-0102", "CVE-2099-0103"], scan.Summary.Findings.Select(f => f.Id));
    }

    [Fact]
    public async Task The_demonstration_database_is_what_its_script_writes()
    {
        var folder = Path.Join(RealTrivy.Repository, "examples", "trivy-db");
        try
        {
            Assert.True(await Run("python3", Path.Join(folder, "make_db.py"), _directory));
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // Without Python there is nothing to compare with.
            return;
        }
        foreach (var name in new[] { "trivy.db", "metadata.json" })
        {
            Assert.Equal(
                await File.ReadAllBytesAsync(Path.Join(folder, "db", name)),
                await File.ReadAllBytesAsync(Path.Join(_directory, "db", name))
            );
        }
    }

    private static TrivyExecutable Executable() => TrivyExecutable.Find(RealTrivy.Executable, _ => null);

    private static Task<TrivyScan> Scan(TrivyTarget target, TrivyOptions? options = null) =>
        new TrivyScanner(Executable(), new FixedTime()).ScanAsync(target, options ?? Options, default);

    private static string Material(string name) => Path.Join(RealTrivy.Material, name);

    private static void AssertEverySeverity(TrivyScan scan)
    {
        foreach (var severity in new[] { Severity.Critical, Severity.High, Severity.Medium, Severity.Low })
        {
            Assert.True(scan.Summary.Count(severity) > 0, $"no finding is {Severities.ToWord(severity)}");
        }
        Assert.Equal(Severity.Critical, scan.Summary.Findings[0].Severity);
        Assert.True(scan.Report.PackageCount > 0);
    }

    /// <summary>How many findings Trivy reports when it is started in a folder, with no care taken.</summary>
    private async Task<int> CountPlainly(string folder)
    {
        var output = Path.Join(_directory, "plain.json");
        var start = new ProcessStartInfo(
            RealTrivy.Executable!,
            [
                "fs",
                ".",
                "--cache-dir",
                Cache,
                "--skip-db-update",
                "--offline-scan",
                "--scanners",
                "vuln,secret",
                "--format",
                "json",
                "--output",
                output,
            ]
        )
        {
            WorkingDirectory = folder,
            RedirectStandardError = true,
        };
        start.Environment["TRIVY_CACHE_BACKEND"] = "memory";
        using var process = Process.Start(start)!;
        await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        return TrivyReport.Parse(await File.ReadAllBytesAsync(output)).Findings.Count;
    }

    private static async Task<bool> Run(string program, params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true }
        )!;
        await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return process.ExitCode == 0;
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var directory in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories))
        {
            Directory.CreateDirectory(Path.Join(to, Path.GetRelativePath(from, directory)));
        }
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            // Through a stream: the material may be read-only, and the copy must not be.
            using var source = File.OpenRead(file);
            using var target = File.Create(Path.Join(to, Path.GetRelativePath(from, file)));
            source.CopyTo(target);
        }
    }

    // The material's database is of 2026-11-20.
    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 11, 22, 0, 0, 0, TimeSpan.Zero);
    }
}
