namespace ArtifactTrust.Tests.Attestations.Predicates;

/// <summary>A whole valid predicate of each type.</summary>
internal static class Samples
{
    public const string Provenance = """
        {
          "buildDefinition": {
            "buildType": "https://ci.example.com/train/v1",
            "externalParameters": {"repository": "https://git.example.com/models/bert", "epochs": 3},
            "internalParameters": {"pool": "a"},
            "resolvedDependencies": [
              {"uri": "git+https://git.example.com/models/bert@refs/heads/main", "digest": {"gitCommit": "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"}},
              {"name": "data", "uri": "https://data.example.com/corpus/2026", "digest": {"sha256": "4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865"}}
            ]
          },
          "runDetails": {
            "builder": {"id": "https://ci.example.com/runner", "version": {"runner": "2.1"}},
            "metadata": {"invocationId": "run/17", "startedOn": "2026-06-01T10:00:00Z", "finishedOn": "2026-06-01T12:00:00Z"},
            "byproducts": []
          },
          "https://example.com/extension": true
        }
        """;

    public const string CycloneDx = """
        {
          "bomFormat": "CycloneDX",
          "specVersion": "1.6",
          "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
          "version": 1,
          "metadata": {"timestamp": "2026-06-01T12:00:00+00:00", "component": {"type": "application", "name": "root"}},
          "components": [
            {"type": "library", "name": "numpy", "purl": "pkg:pypi/numpy@2.1.0", "licenses": [{"license": {"id": "BSD-3-Clause"}}],
             "components": [{"type": "library", "name": "openblas", "purl": "pkg:generic/openblas@0.3", "licenses": [{"expression": "MIT OR Apache-2.0"}]}]},
            {"type": "machine-learning-model", "name": "bert", "licenses": [{"license": {"name": "Our licence"}}]}
          ]
        }
        """;

    public const string CosignVuln = """
        {
          "invocation": {"parameters": null, "uri": "https://ci.example.com/runs/9", "event_id": "9", "builder.id": "ci"},
          "scanner": {
            "uri": "pkg:github/aquasecurity/trivy@dev",
            "version": "0.68.2",
            "db": {"uri": "ghcr.io/aquasecurity/trivy-db", "version": "2", "lastUpdate": "2026-06-01T06:00:00Z"},
            "result": {
              "SchemaVersion": 2,
              "ArtifactName": "image.tar",
              "Results": [
                {"Target": "debian", "Class": "os-pkgs", "Vulnerabilities": [
                  {"VulnerabilityID": "CVE-2099-0001", "PkgName": "libc6", "Severity": "MEDIUM"},
                  {"VulnerabilityID": "CVE-2099-0002", "PkgName": "zlib", "Severity": "LOW"}]},
                {"Target": ".env", "Class": "secret", "Secrets": [{"RuleID": "aws-access-key-id", "Severity": "CRITICAL"}]},
                {"Target": "Dockerfile", "Class": "config", "Misconfigurations": [
                  {"ID": "DS001", "Severity": "HIGH", "Status": "FAIL"},
                  {"ID": "DS002", "Severity": "HIGH", "Status": "PASS"}]},
                {"Target": "empty"}
              ]
            }
          },
          "metadata": {"scanStartedOn": "2026-06-01T11:59:00Z", "scanFinishedOn": "2026-06-01T12:00:00Z"}
        }
        """;

    public const string Vulns = """
        {
          "scanner": {
            "uri": "pkg:github/aquasecurity/trivy@dev",
            "version": "0.68.2",
            "db": {"uri": "ghcr.io/aquasecurity/trivy-db", "version": "2", "lastUpdate": "2026-06-01T06:00:00Z"},
            "result": [
              {"id": "CVE-2099-0001", "severity": [{"method": "nvd", "score": "medium"}, {"method": "cvss_score", "score": "5.2"}]},
              {"id": "CVE-2099-0002", "severity": [{"method": "CVSS_v3", "score": "2.0"}], "annotations": [{"pkg": "zlib"}]}
            ]
          },
          "metadata": {"scanStartedOn": "2026-06-01T11:59:00Z", "scanFinishedOn": "2026-06-01T12:00:00Z"}
        }
        """;

    public const string Tests = """
        {
          "result": "PASSED",
          "configuration": [{"name": "eval.yaml", "digest": {"sha256": "4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865"}}],
          "url": "https://ci.example.com/runs/17",
          "passedTests": ["accuracy", "toxicity"],
          "warnedTests": [],
          "failedTests": []
        }
        """;

    public const string Summary = """
        {
          "verifier": {"id": "https://gate.example.com", "version": {"artifact-trust": "0.1.0"}},
          "timeVerified": "2026-06-01T12:00:00Z",
          "resourceUri": "https://registry.example.com/models/bert",
          "policy": {"uri": "https://policy.example.com/production", "digest": {"sha256": "4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865"}},
          "inputAttestations": [{"digest": {"sha256": "4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865"}}],
          "verificationResult": "PASSED",
          "verifiedLevels": ["SLSA_BUILD_LEVEL_2", "COMPANY_SIGNED"],
          "dependencyLevels": {"SLSA_BUILD_LEVEL_1": 4},
          "slsaVersion": "1.1"
        }
        """;

    /// <summary>Each sample with the short name of its type.</summary>
    public static IReadOnlyList<(string Type, string Json)> All { get; } =
    [
        ("slsaprovenance1", Provenance),
        ("cyclonedx", CycloneDx),
        ("vuln", CosignVuln),
        ("vulns", Vulns),
        ("test-result", Tests),
        ("vsa", Summary),
    ];
}
