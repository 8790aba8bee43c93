using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using ArtifactTrust.EndToEnd.Cli;

namespace ArtifactTrust.EndToEnd.Scanning;

/// <summary><c>scan</c> as users run it, with the real Trivy.</summary>
public sealed class ScanVerbTests : IDisposable
{
    private static readonly NpmPackage SarifSchema = new(
        "@microsoft/jest-sarif",
        "1.0.0-beta.0",
        "sha512-A1fOhPd6Ic5iDk4F9YPw1qNB4XF+7+IviR7xl8r2F6QzQkx5cpY9LsGk2rExiFIEcBbjpVnSmwWGBukASkiQ9A=="
    );

    private readonly string _directory = Directory.CreateTempSubdirectory("artifact-trust-scan-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [TrivyFact]
    public void Reports_as_SARIF_and_JUnit_are_of_what_is_shown()
    {
        Write("app/requirements.txt", "fixture-torchlike==1.13.0\n");
        Write("app/Dockerfile", "FROM debian:latest\nRUN apt-get install x\nUSER root\n");
        File.WriteAllBytes(At("app/w\u202Ekp.pkl"), "cos\nsystem\n(S'id'\ntR."u8.ToArray());
        File.WriteAllBytes(At("app/w.h5"), [0x89, .. "HDF\r\n"u8, 0x1a, 0x0a]);
        var ended = Scan("app", "--trivy-scanners", "vuln,misconfig", "--sarif", "scan.sarif", "--junit", "scan.xml");
        Assert.Equal(1, ended.ExitCode);
        Assert.DoesNotContain("\u202E", ended.Text, StringComparison.Ordinal);
        var runs = JsonNode.Parse(Read("scan.sarif"))!["runs"]!.AsArray();
        Assert.Equal(3, runs.Count);
        var dockerfile = runs[2]!["results"]!.AsArray().Where(r => Uri(r!) == "Dockerfile").ToList();
        Assert.Contains(dockerfile, r => (int?)r!["locations"]![0]!["physicalLocation"]!["region"]?["startLine"] == 3);
        Assert.False((bool)runs[0]!["invocations"]![0]!["executionSuccessful"]!);
        Assert.Contains(runs[0]!["results"]!.AsArray(), r => Uri(r!) == "w%E2%80%AEkp.pkl");
        Assert.NotEmpty(XDocument.Load(At("scan.xml")).Descendants("failure"));
        AssertValidSarif("scan.sarif");
    }

    [TrivyFact]
    public void A_scan_that_Trivy_could_not_make_is_a_run_that_was_not_successful()
    {
        Write("app/requirements.txt", "fixture-torchlike==1.13.0\n");
        var ended = Tool.Run(_directory, "scan", "app", "--trivy", "/absent/trivy", "--sarif", "scan.sarif", "--scanners", "trivy");
        Assert.Equal(3, ended.ExitCode);
        var run = JsonNode.Parse(Read("scan.sarif"))!["runs"]!.AsArray().Single()!;
        Assert.False((bool)run["invocations"]![0]!["executionSuccessful"]!);
    }

    [TrivyFact]
    public void Filters_leave_out_what_they_say_and_the_evidence_is_whole()
    {
        CopyModel("repo");
        var all = Findings(Scan("repo", "--scanners", "trivy", "--output", "json", "--vulns", "all.json"));
        Assert.Contains(all, f => Severity(f) == "LOW" || Severity(f) == "MEDIUM");
        var critical = Findings(Scan("repo", "--scanners", "trivy", "--severity", "critical", "--output", "json", "--vulns", "some.json"));
        Assert.NotEmpty(critical);
        Assert.All(critical, f => Assert.Equal("CRITICAL", Severity(f)));
        Assert.Equal(Count("all.json"), Count("some.json"));
        var fixable = Findings(Scan("repo", "--scanners", "trivy", "--ignore-unfixed", "--output", "json"));
        Assert.All(fixable.Where(f => f.GetProperty("class").GetString() == "vulnerability"), f => f.GetProperty("fixedVersion"));
        Assert.Equal(2, Scan("repo", "--severity", "bogus").ExitCode);
        Assert.Equal(2, Scan("repo", "--trivy-scanners", "vulns").ExitCode);

        int Count(string file) => JsonNode.Parse(Read(file))!["scanner"]!["result"]!.AsArray().Count;
    }

    [TrivyTheory]
    [InlineData("cyclonedx-json", 1, "")]
    [InlineData("spdx-json", 1, "")]
    [InlineData("cyclonedx-xml", 3, "Trivy does not read CycloneDX XML")]
    [InlineData("spdx3-json", 3, "Trivy does not read SPDX 3")]
    public void An_SBOM_is_looked_up_or_not_said_to_be_clean(string format, int exitCode, string message)
    {
        Write("app/requirements.txt", "fixture-torchlike==1.13.0\n");
        Assert.Equal(0, Tool.Run(_directory, "sbom", "app", "--source", "--format", format, "--to", "sbom").ExitCode);
        var ended = Scan("sbom");
        Assert.True(ended.ExitCode == exitCode, ended.ToString());
        Assert.Contains(message, ended.Text, StringComparison.Ordinal);
    }

    [TrivyTheory]
    [InlineData(
        """{"type":"library","bom-ref":"o","name":"openssl","version":"3","purl":"pkg:deb/debian/openssl@3"}""",
        "recognized none of the 1 packages of type deb"
    )]
    [InlineData("""{"type":"library","name":"torch","version":"1"}""", "none of the 1 components of the SBOM has a package URL")]
    [InlineData("""{"type":"data","name":"set"}""", null)]
    public void An_SBOM_of_which_nothing_was_recognized_is_not_said_to_be_clean(string component, string? gap)
    {
        // What it is stands at the end, and below something long.
        Write(
            "sbom.json",
            $$"""{"components":[{{component}}],"x":"{{new string('x', 10_000)}}","version":1,"specVersion":"1.6","bomFormat":"CycloneDX"}"""
        );
        var ended = Scan("sbom.json");
        Assert.True(ended.ExitCode == (gap is null ? 0 : 3), ended.ToString());
        Assert.Contains(gap ?? "no package was recognized", ended.Output, StringComparison.Ordinal);
    }

    [TrivyTheory]
    // Cut short: Trivy passes over it.
    [InlineData("poetry.lock", "[[package]]\nname = \"a\"\nversion = \"1", "it cannot be read")]
    [InlineData("package-lock.json", """{"lockfileVersion":3,"packages":{"node_modules/a":{"version":"1.0.0"}""", "it cannot be read")]
    // Of a workspace it sees the packages of the root alone.
    [InlineData(
        "uv.lock",
        """
            version = 1
            [[package]]
            name = "work"
            version = "0"
            source = { virtual = "." }
            [[package]]
            name = "part"
            version = "0"
            source = { editable = "part" }
            dependencies = [{ name = "fixture-torchlike" }]
            [[package]]
            name = "fixture-torchlike"
            version = "1.13.0"
            source = { registry = "https://host.example/simple" }
            """,
        "looked up none of its 1 packages"
    )]
    [InlineData("requirements-gpu.txt", "fixture-torchlike==1.13.0\n", "looked up none of its 1 packages")]
    [InlineData("bun.lockb", "x", "packages of bun, of which Trivy names none")]
    [InlineData("requirements.txt", "# nothing\n", null)]
    [InlineData("Cargo.lock", "version = 3\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n", null)]
    [InlineData(
        "package-lock.json",
        """{"lockfileVersion":3,"packages":{"":{"devDependencies":{"a":"1"}},"node_modules/a":{"version":"1.0.0","dev":true}}}""",
        null
    )]
    public void A_lock_file_that_was_not_looked_up_is_not_said_to_be_clean(string name, string content, string? gap)
    {
        Write($"app/{name}", content);
        var ended = Scan("app");
        Assert.True(ended.ExitCode == (gap is null ? 0 : 3), ended.ToString());
        Assert.Contains(gap is null ? "no findings" : $"not examined: {name}: ", ended.Output, StringComparison.Ordinal);
        Assert.Contains(gap ?? "no findings", ended.Output, StringComparison.Ordinal);
    }

    [TrivyFact]
    public void A_lock_file_alone_is_judged_as_in_its_directory_and_can_be_left_out()
    {
        Write("app/pylock.toml", "lock-version = '1.0'\n[[packages]]\nname = 'fixture-torchlike'\nversion = '1.13.0");
        var ended = Scan("app/pylock.toml");
        Assert.True(ended.ExitCode == 3, ended.ToString());
        Assert.Contains("not examined: pylock.toml: it cannot be read", ended.Output, StringComparison.Ordinal);
        Assert.Equal(0, Scan("app", "--ignore-path", "pylock.toml", "--scanners", "trivy").ExitCode);
        Assert.Equal(0, Scan("app", "--trivy-scanners", "secret").ExitCode);
    }

    [TrivyFact]
    public void Of_an_installed_system_what_is_installed_is_looked_up_and_a_lock_file_hides_in_none()
    {
        Write("app/lib/fixture_torchlike-1.13.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: fixture-torchlike\nVersion: 1.13.0\n");
        Assert.Equal(0, Scan("app").ExitCode);
        Write("app/etc/os-release", "ID=debian\nVERSION_ID=12\n");
        var ended = Scan("app");
        Assert.True(ended.ExitCode == 1, ended.ToString());
        Assert.Contains("scanned as an installed system", ended.Output, StringComparison.Ordinal);
        // Trivy has the version of a Debian from a file of its own, and leaves out the packages of one that it does not know.
        const string Status = "Package: a\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n";
        Write("app/var/lib/dpkg/status", Status);
        ended = Scan("app", "--fail-on", "none");
        Assert.True(ended.ExitCode == 3, ended.ToString());
        Assert.Contains("none of the 1 installed packages of type deb", ended.Output, StringComparison.Ordinal);
        Write("app/etc/debian_version", "12.5\n");
        ended = Scan("app", "--fail-on", "none");
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Write("app/requirements.txt", "not-installed==1.0\n");
        ended = Scan("app", "--fail-on", "none");
        Assert.True(ended.ExitCode == 3, ended.ToString());
        Assert.Contains("not examined: requirements.txt: ", ended.Output, StringComparison.Ordinal);
    }

    [TrivyFact]
    public void A_waived_finding_is_shown_and_does_not_fail_and_one_that_is_over_does()
    {
        Write("app/requirements.txt", "fixture-torchlike==1.13.0\n");
        var ids = Findings(Scan("app", "--output", "json"))
            .Where(f => Severity(f) is "CRITICAL" or "HIGH")
            .Select(f => f.GetProperty("id").GetString());
        string Waivers(string day) =>
            "version: 1\nwaivers:\n"
            + string.Concat(
                ids.Append("CVE-1999-0001").Select(id => $"  - {{ id: {id}, purl: 'pkg:pypi/*', reason: not reachable, expires: {day} }}\n")
            );
        Write("waivers.yaml", Waivers("2999-01-01"));
        var waived = Scan("app", "--waivers", "waivers.yaml", "--sarif", "scan.sarif");
        Assert.Equal(0, waived.ExitCode);
        Assert.Contains("waived until 2999-01-01: not reachable", waived.Output, StringComparison.Ordinal);
        Assert.Contains("waiver is not needed: CVE-1999-0001", waived.Output, StringComparison.Ordinal);
        Assert.Contains("\"suppressions\"", Read("scan.sarif"), StringComparison.Ordinal);
        AssertValidSarif("scan.sarif");

        Write("waivers.yaml", Waivers("2020-01-01"));
        var over = Scan("app", "--waivers", "waivers.yaml");
        Assert.Equal(1, over.ExitCode);
        Assert.Contains("waiver is over", over.Output, StringComparison.Ordinal);

        Write("waivers.yaml", "version: 1\nwaivers:\n  - { id: x, reason: r }\n");
        var wrong = Scan("app", "--waivers", "waivers.yaml");
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("needs 'expires'", wrong.Errors, StringComparison.Ordinal);
    }

    [TrivyFact]
    public void VEX_documents_of_three_formats_say_what_does_not_affect_and_are_named()
    {
        Write("app/requirements.txt", "fixture-torchlike==1.13.0\n");
        Write("openvex.json", File.ReadAllText(Material("src/openvex.json")));
        Write(
            "csaf.json",
            """
            {"document":{"category":"csaf_vex","csaf_version":"2.0","title":"t","publisher":{"category":"vendor","name":"x","namespace":"https://example.com"},
             "tracking":{"id":"x-1","status":"final","version":"1","initial_release_date":"2026-01-01T00:00:00Z","current_release_date":"2026-01-01T00:00:00Z",
             "revision_history":[{"date":"2026-01-01T00:00:00Z","number":"1","summary":"s"}]}},
             "product_tree":{"branches":[{"category":"vendor","name":"x","branches":[{"category":"product_name","name":"t","branches":[{"category":"product_version",
             "name":"1.13.0","product":{"name":"t","product_id":"P1","product_identification_helper":{"purl":"pkg:pypi/fixture-torchlike@1.13.0"}}}]}]}]},
             "vulnerabilities":[{"cve":"CVE-2099-0001","product_status":{"known_not_affected":["P1"]},
             "threats":[{"category":"impact","details":"not called","product_ids":["P1"]}]}]}
            """
        );
        foreach (var (file, reason) in new[] { ("openvex.json", "vulnerable_code_not_in_execute_path"), ("csaf.json", "not called") })
        {
            var finding = Suppressed(Scan("app", "--vex", file, "--output", "json", "--vulns", "vulns.json"));
            Assert.Equal("CVE-2099-0001", finding.GetProperty("id").GetString());
            var suppression = finding.GetProperty("suppression");
            Assert.Equal("vex", suppression.GetProperty("kind").GetString());
            Assert.Equal("not_affected", suppression.GetProperty("status").GetString());
            Assert.Equal(reason, suppression.GetProperty("reason").GetString());
            Assert.Equal(file, suppression.GetProperty("source").GetString());
            Assert.DoesNotContain("CVE-2099-0001", Read("vulns.json"), StringComparison.Ordinal);
        }
        // CycloneDX VEX is about the components of an SBOM, by BOM-link.
        Write("sbom.json", File.ReadAllText(Material("src/sbom.cdx.json")));
        var sbom = JsonNode.Parse(Read("sbom.json"))!;
        var serial = ((string?)sbom["serialNumber"])!["urn:uuid:".Length..];
        Write(
            "cdx.json",
            $$"""
            {"bomFormat":"CycloneDX","specVersion":"1.5","version":1,"vulnerabilities":[{"id":"CVE-2099-0001","analysis":{"state":"not_affected",
             "justification":"code_not_reachable","detail":"we do not call it"},"affects":[{"ref":"urn:cdx:{{serial}}/1#pkg:pypi/fixture-torchlike@1.13.0"}]}]}
            """
        );
        Assert.Equal("CVE-2099-0001", Suppressed(Scan("sbom.json", "--vex", "cdx.json", "--output", "json")).GetProperty("id").GetString());

        var wrong = Scan("app", "--scanners", "trivy", "--vex", "cdx.json");
        Assert.Equal(3, wrong.ExitCode);
        Assert.Contains("components of an SBOM", wrong.Errors, StringComparison.Ordinal);
        Write("other.json", "{}");
        Assert.Contains("neither OpenVEX", Scan("app", "--scanners", "trivy", "--vex", "other.json").Errors, StringComparison.Ordinal);
        Assert.Equal(2, Scan("app", "--vex", "absent.json").ExitCode);
    }

    [TrivyFact]
    public void Misconfigurations_of_five_kinds_are_found_without_network()
    {
        Write("iac/Dockerfile", "FROM debian:12\nRUN echo x\nUSER root\n");
        Write(
            "iac/deploy.yaml",
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: { name: infer, namespace: default }
            spec:
              selector: { matchLabels: { app: infer } }
              template:
                metadata: { labels: { app: infer } }
                spec:
                  containers:
                    - name: c
                      image: example.com/infer:latest
                      securityContext: { privileged: true, runAsUser: 0 }
            """
        );
        Write(
            "iac/rbac.yaml",
            """
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata: { name: everything }
            rules:
              - apiGroups: ["*"]
                resources: ["*"]
                verbs: ["*"]
            """
        );
        Write(
            "iac/network.tf",
            """
            resource "kubernetes_network_policy" "open" {
              metadata { name = "open" }
              spec {
                pod_selector {}
                policy_types = ["Ingress"]
                ingress {
                  from { 
                    ip_block { cidr = "0.0.0.0/0" }
                  }
                }
              }
            }
            """
        );
        Write(
            "iac/iam.tf",
            """
            data "aws_iam_policy_document" "all" {
              statement {
                effect    = "Allow"
                actions   = ["s3:*"]
                resources = ["*"]
              }
            }
            resource "aws_iam_policy" "all" {
              name   = "all"
              policy = data.aws_iam_policy_document.all.json
            }
            """
        );
        var found = Findings(Scan("iac", "--scanners", "trivy", "--trivy-scanners", "misconfig", "--output", "json"));
        foreach (var file in new[] { "Dockerfile", "deploy.yaml", "rbac.yaml", "network.tf", "iam.tf" })
        {
            Assert.True(found.Any(f => f.GetProperty("target").GetString() == file), $"nothing is found in {file}");
        }
        Assert.Contains(found, f => f.GetProperty("target").GetString() == "rbac.yaml" && Severity(f) == "CRITICAL");
    }

    [TrivyFact]
    public void Files_planted_in_the_subject_change_nothing()
    {
        CopyModel("repo");
        Write("repo/settings.py", $"TOKEN = \"ghp_{string.Concat(Enumerable.Range(0, 36).Select(i => (char)('a' + (i * 7 % 26))))}\"\n");
        string[] options = ["--scanners", "trivy", "--trivy-scanners", "vuln,secret,misconfig,license", "--output", "json"];
        var before = Findings(Scan("repo", options)).Select(f => $"{f}").ToList();
        Assert.Contains(before, f => f.Contains("\"secret\"", StringComparison.Ordinal));
        var ignored = Findings(Scan("repo", options)).Select(f => f.GetProperty("id").GetString()).Distinct().ToList();
        Write("repo/.trivyignore", string.Join('\n', ignored) + "\n");
        Write(
            "repo/.trivyignore.yaml",
            "vulnerabilities:\n" + string.Concat(ignored.Select(i => $"  - id: {i}\n")) + "secrets:\n  - id: github-pat\n"
        );
        Write(
            "repo/trivy.yaml",
            "severity:\n  - LOW\nscan:\n  skip-files:\n    - requirements.txt\nexit-code: 0\nignorefile: .trivyignore\n"
        );
        Write("repo/trivy-secret.yaml", "disable-rules:\n  - github-pat\nallow-rules:\n  - id: all\n    regex: .*\n");
        var after = Findings(Scan("repo", options))
            .Where(f => !f.GetProperty("target").GetString()!.Contains("trivy", StringComparison.Ordinal));
        Assert.Equal(before, after.Select(f => $"{f}"));
        // Not from inside of it either.
        var inside = Tool.Run(At("repo"), ["scan", ".", .. Base, .. options]);
        Assert.Equal(
            ignored.Order(StringComparer.Ordinal),
            Findings(inside).Select(f => f.GetProperty("id").GetString()).Distinct().Order(StringComparer.Ordinal)
        );
    }

    [TrivyFact]
    public void An_image_is_scanned_from_a_layout_an_archive_of_one_and_what_docker_saved()
    {
        var subjects = new[]
        {
            $"oci-layout:{Material("images/oci")}:1.0",
            $"oci-archive:{Material("images/oci.tar")}",
            $"docker-archive:{Material("images/image.tar")}",
        };
        var found = subjects.Select(s => Scan(s, "--trivy-scanners", "vuln", "--output", "json")).ToList();
        var archive = Scan(Material("images/image.tar"), "--archive", "--trivy-scanners", "vuln", "--output", "json");
        Assert.All(found, f => Assert.Equal(1, f.ExitCode));
        Assert.All(found, f => Assert.Equal(Ids(archive), Ids(f)));
        // Files of the layers are looked into besides.
        Assert.All(found.Append(archive), f => Assert.Equal(["model-scan", "trivy"], Scanners(f)));
        Assert.Equal(["trivy"], Scanners(Scan(subjects[0], "--scanners", "trivy", "--trivy-scanners", "vuln", "--output", "json")));

        static List<string> Scanners(Ended ended) =>
            [
                .. ended
                    .Json()
                    .GetProperty("scans")
                    .EnumerateArray()
                    .Select(s => s.GetProperty("scanner").GetString()!.Split('@')[0].Split('/')[^1]),
            ];

        static List<string?> Ids(Ended ended) =>
            [.. Findings(ended).Select(f => $"{f.GetProperty("id")} {f.GetProperty("package")}").Order(StringComparer.Ordinal)];
    }

    [TrivyFact]
    public void An_ML_BOM_of_the_newest_version_is_scanned_as_a_copy_that_says_so()
    {
        var bom = JsonNode.Parse(File.ReadAllText(Material("src/mlbom-root-model.cdx.json")))!;
        bom["specVersion"] = "1.7";
        bom["$schema"] = "http://cyclonedx.org/schema/bom-1.7.schema.json";
        bom["citations"] = new JsonArray();
        Write("bom.json", bom.ToJsonString());
        var ended = Scan("bom.json", "--output", "json");
        Assert.Contains(Findings(ended), f => Severity(f) == "CRITICAL");
        var notes = ended.Json().GetProperty("scans")[0].GetProperty("notes").ToString();
        Assert.Contains("1.6 instead of 1.7", notes, StringComparison.Ordinal);
        Assert.Contains("instead of a machine-learning-model", notes, StringComparison.Ordinal);
    }

    [TrivyFact]
    public async Task A_server_looks_up_packages_and_its_database_is_judged()
    {
        var port = LoopbackPort.Free();
        using var server = Process.Start(
            new ProcessStartInfo(
                RealTrivy.Executable!,
                [
                    "server",
                    "--listen",
                    $"127.0.0.1:{port}",
                    "--cache-dir",
                    Material("cache"),
                    "--skip-db-update",
                    "--token",
                    "hunter2-hunter2",
                ]
            )
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        server.OutputDataReceived += (_, _) => { };
        server.ErrorDataReceived += (_, _) => { };
        server.BeginOutputReadLine();
        server.BeginErrorReadLine();
        try
        {
            using var http = new HttpClient();
            for (var i = 0; i < 300; i++)
            {
                try
                {
                    await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/healthz"));
                    break;
                }
                catch (HttpRequestException)
                {
                    await Task.Delay(100);
                }
            }
            Write("app/requirements.txt", "fixture-torchlike==1.13.0\n");
            Write("token", "hunter2-hunter2\n");
            string[] command =
            [
                "scan",
                "app",
                "--trivy",
                RealTrivy.Executable!,
                "--trivy-cache",
                "no-database-here",
                "--allow-stale-db",
                "--offline",
                "--trivy-server",
                $"http://127.0.0.1:{port}",
                "--output",
                "json",
            ];
            var found = Tool.Run(_directory, [.. command, "--trivy-token-file", "token"]);
            Assert.Contains(Findings(found), f => f.GetProperty("id").GetString() == "CVE-2099-0001");
            var scan = found.Json().GetProperty("scans").EnumerateArray().Last();
            Assert.Contains("Trivy server", scan.GetProperty("notes").ToString(), StringComparison.Ordinal);
            Assert.Equal("2026-11-20T00:00:00Z", scan.GetProperty("databaseUpdatedAt").GetString());
            // The program that looked them up is not the one that was hashed.
            Assert.DoesNotContain("checksum", scan.GetProperty("scanner").GetString(), StringComparison.Ordinal);

            var environment = new Dictionary<string, string?> { ["ARTIFACT_TRUST_TRIVY_TOKEN"] = "hunter2-hunter2" };
            Assert.Equal(1, Tool.Run(_directory, environment, command).ExitCode);
            environment["ARTIFACT_TRUST_TRIVY_TOKEN"] = "wrong-wrong";
            var refused = Tool.Run(_directory, environment, command);
            Assert.Equal(3, refused.ExitCode);
            Assert.DoesNotContain("wrong-wrong", refused.Text, StringComparison.Ordinal);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
        }
        var down = Scan("app", "--trivy-server", $"http://127.0.0.1:{port}", "--scanners", "trivy");
        Assert.Equal(3, down.ExitCode);
        Assert.Contains("does not answer as one", down.Errors, StringComparison.Ordinal);
        Assert.Equal(2, Scan("app", "--trivy-server", "http://trivy.example.com").ExitCode);
        Assert.Equal(2, Scan("app", "--trivy-server", "https://user:pass@trivy.example.com").ExitCode);
    }

    [TrivyFact(true, "docker-registry", "oras")]
    public async Task The_databases_come_from_a_mirror()
    {
        await using var registry = await DockerRegistry.StartAsync();
        foreach (var (name, tag, file) in new[] { ("db", "2", "trivy.db"), ("java-db", "1", "trivy-java.db") })
        {
            NpmPackages.Run("tar", Material($"cache/{name}"), "czf", At($"{name}.tar.gz"), file, "metadata.json");
            var media = name == "db" ? "db" : "javadb";
            NpmPackages.Run(
                Peers.Find("oras"),
                _directory,
                "push",
                "--plain-http",
                "--artifact-type",
                "application/vnd.aquasec.trivy.config.v1+json",
                $"{registry.Host}/mirror/{name}:{tag}",
                $"{name}.tar.gz:application/vnd.aquasec.trivy.{media}.layer.v1.tar+gzip"
            );
        }
        Write("app/requirements.txt", "fixture-torchlike==1.13.0\n");
        var ended = Tool.Run(
            _directory,
            "scan",
            "app",
            "--trivy",
            RealTrivy.Executable!,
            "--trivy-cache",
            "mirrored",
            "--allow-stale-db",
            "--db-repository",
            $"{registry.Host}/mirror/db:2",
            "--java-db-repository",
            $"{registry.Host}/mirror/java-db:1"
        );
        Assert.Equal(1, ended.ExitCode);
        Assert.True(File.Exists(At("mirrored/db/trivy.db")), ended.ToString());
        Assert.True(File.Exists(At("mirrored/java-db/trivy-java.db")), ended.ToString());

        // A list of packages needs no database but the one of Java packages.
        Write("root/etc/os-release", "ID=debian\nVERSION_ID=12\n");
        using (var jar = ZipFile.Open(At("root/gson.jar"), ZipArchiveMode.Create))
        using (var writer = new StreamWriter(jar.CreateEntry("META-INF/maven/com.google.code.gson/gson/pom.properties").Open()))
        {
            writer.Write("artifactId=gson\ngroupId=com.google.code.gson\nversion=2.10.1\n");
        }
        var listed = Tool.Run(
            _directory,
            "sbom",
            "root",
            "--trivy",
            RealTrivy.Executable!,
            "--trivy-cache",
            "listing",
            "--java-db-repository",
            $"{registry.Host}/mirror/java-db:1"
        );
        Assert.Equal(0, listed.ExitCode);
        Assert.Contains("pkg:maven/com.google.code.gson/gson@2.10.1", listed.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(At("listing/db")), listed.ToString());
    }

    [TrivyFact(true, "docker-registry", "crane")]
    public async Task An_image_of_a_registry_with_a_private_authority_is_scanned_with_it_only()
    {
        await using var registry = await DockerRegistry.StartAsync();
        NpmPackages.Run(Peers.Find("crane"), _directory, "push", Material("images/oci"), $"{registry.Host}/infer:1");
        using var proxy = new TlsProxy(int.Parse(registry.Host.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture));
        Write("ca.pem", proxy.Authority);
        var environment = new Dictionary<string, string?> { ["HTTPS_PROXY"] = proxy.Address };
        string[] command = ["scan", $"{TlsProxy.Name}/infer:1", .. Base, "--trivy-scanners", "vuln"];
        var trusted = Tool.Run(_directory, environment, [.. command, "--registry-ca", "ca.pem"]);
        Assert.True(trusted.ExitCode == 1, trusted.ToString());
        Assert.Contains("CVE-2099-0001", trusted.Output, StringComparison.Ordinal);
        Assert.Equal(3, Tool.Run(_directory, environment, command).ExitCode);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var shown = new CertificateRequest("CN=client", key, HashAlgorithmName.SHA256).CreateSelfSigned(
            DateTimeOffset.UtcNow.AddHours(-1),
            DateTimeOffset.UtcNow.AddHours(1)
        );
        Write("client.pem", $"{shown.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");
        var client = Tool.Run(_directory, environment, [.. command, "--registry-cert", "client.pem"]);
        Assert.Equal(2, client.ExitCode);
        Assert.Contains("copy the image first", client.Errors, StringComparison.Ordinal);
    }

    private static string[] Base => ["--trivy", RealTrivy.Executable!, "--trivy-cache", Material("cache"), "--offline", "--allow-stale-db"];

    private static string Material(string name) => Path.Join(RealTrivy.Material, name);

    private static List<JsonElement> Findings(Ended ended) =>
        [.. ended.Json().GetProperty("scans").EnumerateArray().SelectMany(s => s.GetProperty("findings").EnumerateArray())];

    private static JsonElement Suppressed(Ended ended) => Findings(ended).Single(f => f.TryGetProperty("suppression", out _));

    private static string? Severity(JsonElement finding) => finding.GetProperty("severity").GetString();

    private static string? Uri(JsonNode result) => (string?)result["locations"]![0]!["physicalLocation"]!["artifactLocation"]!["uri"];

    private Ended Scan(string subject, params string[] options) => Tool.Run(_directory, ["scan", subject, .. Base, .. options]);

    private string At(string name) => Path.Join(_directory, name);

    private string Read(string name) => File.ReadAllText(At(name));

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllText(At(name), text);
    }

    private void CopyModel(string to)
    {
        foreach (var file in Directory.EnumerateFiles(Material("src/model-repo")))
        {
            Write($"{to}/{Path.GetFileName(file)}", File.ReadAllText(file));
        }
    }

    private void AssertValidSarif(string file)
    {
        string schema;
        string tools;
        try
        {
            schema = Path.Join(NpmPackages.Fetch(SarifSchema), "lib", "schemas", "sarif-2.1.0-rtm.5.json");
            tools = NpmPackages.Install("ajv@8.17.1", "ajv-formats@3.0.1");
        }
        catch (InvalidOperationException)
        {
            // No validator without the registry or Node.
            return;
        }
        var script = Path.Join(RealTrivy.Repository, "tests", "ArtifactTrust.EndToEnd", "Scanning", "sarif.mjs");
        Assert.Equal("valid", NpmPackages.Run("node", tools, script, schema, At(file)).Trim());
    }

    /// <summary>A proxy behind which a registry of any name answers, with a certificate of an authority of its own.</summary>
    private sealed class TlsProxy : IDisposable
    {
        internal const string Name = "registry.test";

        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly X509Certificate2 _certificate;
        private readonly int _to;

        internal TlsProxy(int to)
        {
            _to = to;
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=test authority", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            var now = DateTimeOffset.UtcNow;
            using var authority = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
            Authority = authority.ExportCertificatePem();
            using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var leaf = new CertificateRequest("CN=registry", leafKey, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(Name);
            leaf.CertificateExtensions.Add(names.Build());
            using var signed = leaf.Create(authority, now.AddDays(-1), now.AddDays(1), [1, 2, 3, 4]);
            _certificate = signed.CopyWithPrivateKey(leafKey);
            _listener.Start();
            Address = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
            _ = AcceptAsync();
        }

        internal string Address { get; }

        internal string Authority { get; }

        public void Dispose()
        {
            _listener.Dispose();
            _certificate.Dispose();
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    _ = ServeAsync(await _listener.AcceptTcpClientAsync());
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // It was stopped.
            }
        }

        private async Task ServeAsync(TcpClient client)
        {
            try
            {
                using (client)
                {
                    var plain = client.GetStream();
                    var head = "";
                    var one = new byte[1];
                    while (!head.EndsWith("\r\n\r\n", StringComparison.Ordinal) && await plain.ReadAsync(one) == 1)
                    {
                        head += (char)one[0];
                    }
                    await plain.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray());
                    await using var tls = new SslStream(plain);
                    await tls.AuthenticateAsServerAsync(_certificate);
                    using var server = new TcpClient();
                    await server.ConnectAsync(IPAddress.Loopback, _to);
                    await using var onward = server.GetStream();
                    await Task.WhenAny(tls.CopyToAsync(onward), onward.CopyToAsync(tls));
                }
            }
            catch (Exception e) when (e is IOException or SocketException or System.Security.Authentication.AuthenticationException)
            {
                // A client that does not trust it, or left.
            }
        }
    }
}
