using ArtifactTrust.Formats;
using ArtifactTrust.Policies;
using ArtifactTrust.Tests.Attestations.Predicates;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Policies;

public sealed class AttestationRuleTests
{
    private static Decision Decide(string rule, params VerifiedBundle[] bundles) =>
        Given.Decide(Given.ModelPolicy($"attestations:\n  - {rule}"), bundles);

    private static VerifiedBundle Attest(string type, string json, string path, string value, string key = "alice") =>
        Given.Attestation(key, type, Json.With(json, path, value).GetRawText());

    [Theory]
    [InlineData("slsaprovenance1", Samples.Provenance, "builder: https://ci.example.com/runner")]
    [InlineData("cyclonedx", Samples.CycloneDx, "maxAge: 1h")]
    [InlineData("vuln", Samples.CosignVuln, "maxSeverity: CRITICAL")]
    [InlineData("vulns", Samples.Vulns, "maxSeverity: MEDIUM")]
    [InlineData("test-result", Samples.Tests, "result: PASSED")]
    [InlineData("vsa", Samples.Summary, "verifier: https://gate.example.com, resourceUri: https://registry.example.com/models/*")]
    [InlineData("spdx", "{}", "atLeast: 1")]
    [InlineData("https://example.com/review/v1", "{}", "atLeast: 1")]
    public void An_attestation_of_the_type_by_the_identity_allows_and_its_absence_denies(string type, string json, string keys)
    {
        var rule = $"{{ type: {type}, from: alice, {keys} }}";
        var id = $"model.attestations[0].{type}";
        var bundle = Given.Attestation("alice", type, json);
        var decision = Decide(rule, bundle);
        decision.Allowed();
        Assert.All(decision.Subjects[0].Rules.Skip(1), r => Assert.Equal([bundle.BundleDigest], r.Evidence));

        var nothing = Decide(rule);
        nothing.DeniedBy(id, DenialCode.NoEvidence);
        Assert.All(nothing.Subjects[0].Rules.Skip(2), r => Assert.Equal(RuleOutcome.NotReached, r.Outcome));
        Decide(rule, Given.Attestation("alice", "https://example.com/other", json)).DeniedBy(id, DenialCode.NoEvidence);
        Decide(rule, Given.Attestation("bob", type, json)).DeniedBy(id, DenialCode.SignerNotAccepted);
        Decide(rule, Given.Attestation("mallory", type, json)).DeniedBy(id, DenialCode.UnknownSigner);
        Decide(rule, Given.Signature("alice")).DeniedBy(id, DenialCode.NoEvidence);
    }

    [Fact]
    public void The_hint_names_what_attestations_there_are() =>
        Assert.Contains(
            "it has cyclonedx",
            Decide("{ type: test-result, from: alice }", Given.Attestation("alice", "cyclonedx", Samples.CycloneDx))
                .Rule("model.attestations[0].test-result")
                .Hint,
            StringComparison.Ordinal
        );

    [Fact]
    public void A_type_by_uri_takes_that_spelling_alone()
    {
        var bundle = Given.Attestation("alice", "https://cyclonedx.org/bom/v1.4", Samples.CycloneDx);
        Decide("{ type: cyclonedx, from: alice }", bundle).Allowed();
        Decide("{ type: https://cyclonedx.org/bom/v1.4, from: alice }", bundle).Allowed();
        Decide("{ type: https://cyclonedx.org/bom, from: alice }", bundle)
            .DeniedBy("model.attestations[0].https://cyclonedx.org/bom", DenialCode.NoEvidence);
    }

    [Fact]
    public void Two_identities_are_needed_where_the_rule_says_so()
    {
        const string rule = "{ type: test-result, from: [alice, bob, carol], atLeast: 2 }";
        const string id = "model.attestations[0].test-result";
        var (alice, alice2) = (
            Given.Attestation("alice", "test-result", Samples.Tests),
            Given.Attestation("alice2", "test-result", Samples.Tests)
        );
        var carol = Given.Attestation("carol", "test-result", Samples.Tests);
        Decide(rule, alice, alice2).DeniedBy(id, DenialCode.TooFewSigners);
        Decide(rule, alice, carol).Allowed();
        // The one who does not meet the constraint is passed over where enough others do.
        var failed = Attest("test-result", Samples.Tests, "result", "\"FAILED\"", "bob");
        Decide(rule, failed, alice, carol).Allowed();
        var denied = Decide(rule, failed, alice);
        denied.DeniedBy($"{id}.result", DenialCode.VerdictNotAccepted);
        Assert.Equal(RuleOutcome.Passed, denied.Rule(id).Outcome);
    }

    [Fact]
    public void Constraints_have_to_be_met_by_one_and_the_same_identity()
    {
        const string rule = "{ type: vulns, from: [alice, bob], maxSeverity: LOW, maxAge: 1h }";
        // Alice's is clean and old, bob's is new and bad: neither will do, though each constraint is met by someone.
        var old = Json.With(Samples.Vulns, "scanner/result", "[]")
            .GetRawText()
            .Replace("2026-06-01T11", "2026-05-01T11")
            .Replace("2026-06-01T12", "2026-05-01T12");
        Assert.False(Decide(rule, Given.Attestation("alice", "vulns", old), Given.Attestation("bob", "vulns", Samples.Vulns)).IsAllowed);
    }

    [Fact]
    public void Malformed_predicates_deny_and_say_where()
    {
        var rule = Decide("{ type: vulns, from: alice, maxSeverity: LOW }", Attest("vulns", Samples.Vulns, "scanner/db", "null"))
            .DeniedBy("model.attestations[0].vulns", DenialCode.MalformedPredicate);
        Assert.Contains("$.scanner.db", rule.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_attestation_without_a_statement_denies()
    {
        var bundle = new VerifiedBundle(EvidenceKind.Attestation, Given.Fingerprint("alice"), Given.Model, null, Given.NextBundle());
        Decide("{ type: vulns, from: alice, maxSeverity: LOW }", bundle).DeniedBy("model.attestations[0].vulns", DenialCode.NoEvidence);
    }

    // --- which of several counts

    private const string CleanRule = "{ type: vulns, from: [alice, bob], maxSeverity: LOW }";

    private static string Scan(string finishedOn, string severity) =>
        $$$"""
            {"scanner": {"uri": "x:y", "db": {"lastUpdate": "2026-05-01T00:00:00Z"}, "result": [{"id": "CVE-1", "severity": [{"method": "nvd", "score": "{{{severity}}}"}]}]},
             "metadata": {"scanStartedOn": "2026-05-01T00:00:00Z", "scanFinishedOn": "{{{finishedOn}}}"}}
            """;

    [Fact]
    public void An_old_clean_scan_does_not_hide_a_newer_bad_one()
    {
        var clean = Given.Attestation("alice", "vulns", Scan("2026-05-30T00:00:00Z", "low"));
        var bad = Given.Attestation("alice2", "vulns", Scan("2026-05-31T00:00:00Z", "critical"));
        Decide(CleanRule, clean).Allowed();
        foreach (var order in new[] { new[] { clean, bad }, [bad, clean] })
        {
            var decision = Decide(CleanRule, order);
            decision.DeniedBy("model.attestations[0].vulns.maxSeverity", DenialCode.SeverityExceeded);
            Assert.Equal(DenialCode.Superseded, Assert.Single(decision.Rule("model.attestations[0].vulns").Rejected).Code);
        }
    }

    [Fact]
    public void A_newer_clean_scan_replaces_an_older_bad_one()
    {
        var bad = Given.Attestation("alice", "vulns", Scan("2026-05-30T00:00:00Z", "critical"));
        var clean = Given.Attestation("alice", "vulns", Scan("2026-05-31T00:00:00Z", "low"));
        var decision = Decide(CleanRule, bad, clean);
        decision.Allowed();
        Assert.Equal([clean.BundleDigest], decision.Rule("model.attestations[0].vulns").Evidence);
    }

    [Fact]
    public void Of_two_of_the_same_time_both_count()
    {
        var bad = Given.Attestation("alice", "vulns", Scan("2026-05-30T00:00:00Z", "critical"));
        var clean = Given.Attestation("alice", "vulns", Scan("2026-05-30T02:00:00+02:00", "low"));
        Decide(CleanRule, bad, clean).DeniedBy("model.attestations[0].vulns.maxSeverity", DenialCode.SeverityExceeded);
    }

    [Fact]
    public void A_newer_one_by_another_identity_replaces_nothing()
    {
        var clean = Given.Attestation("alice", "vulns", Scan("2026-05-30T00:00:00Z", "low"));
        var bad = Given.Attestation("bob", "vulns", Scan("2026-05-31T00:00:00Z", "critical"));
        Decide(CleanRule, clean, bad).Allowed();
    }

    [Fact]
    public void Older_spellings_of_a_type_are_ordered_with_the_newer_ones()
    {
        var clean = Given.Attestation("alice", "vulns", Scan("2026-05-30T00:00:00Z", "low"));
        var bad = Given.Attestation("alice", "https://in-toto.io/attestation/vulns/v0.1", Scan("2026-05-31T00:00:00Z", "critical"));
        Decide(CleanRule, clean, bad).DeniedBy("model.attestations[0].vulns.maxSeverity", DenialCode.SeverityExceeded);
    }

    [Fact]
    public void Of_those_without_a_time_each_has_to_hold()
    {
        const string rule = "{ type: test-result, from: alice }";
        var passed = Given.Attestation("alice", "test-result", Samples.Tests);
        var failed = Attest("test-result", Samples.Tests, "result", "\"FAILED\"");
        Decide(rule, passed).Allowed();
        Decide(rule, passed, Given.Attestation("alice2", "test-result", Samples.Tests)).Allowed();
        Decide(rule, passed, failed).DeniedBy("model.attestations[0].test-result.result", DenialCode.VerdictNotAccepted);
    }

    [Fact]
    public void One_without_a_time_is_not_superseded_by_one_with_a_time()
    {
        const string rule = "{ type: slsaprovenance1, from: alice, builder: https://ci.example.com/runner }";
        var timed = Given.Attestation("alice", "slsaprovenance1", Samples.Provenance);
        var untimed = Given.Attestation(
            "alice",
            "slsaprovenance1",
            Json.With(
                    Json.Without(Samples.Provenance, "runDetails/metadata").GetRawText(),
                    "runDetails/builder/id",
                    "\"https://evil.example.com\""
                )
                .GetRawText()
        );
        Decide(rule, timed).Allowed();
        Decide(rule, timed, untimed).DeniedBy("model.attestations[0].slsaprovenance1.builder", DenialCode.BuilderMismatch);
    }

    [Fact]
    public void One_that_cannot_be_read_might_be_the_newest_so_it_denies()
    {
        var clean = Given.Attestation("alice", "vulns", Scan("2026-05-30T00:00:00Z", "low"));
        var broken = Given.Attestation("alice", "vulns", "{}");
        Decide(CleanRule, clean, broken).DeniedBy("model.attestations[0].vulns", DenialCode.MalformedPredicate);
        // By another identity, and there is enough without it.
        Decide(CleanRule, clean, Given.Attestation("bob", "vulns", "{}")).Allowed();
    }

    [Theory]
    [InlineData("2026-06-01T12:06:00Z", true)]
    [InlineData("2026-06-01T12:06:00.0000001Z", false)]
    [InlineData("2099-01-01T00:00:00Z", false)]
    public void Evidence_from_the_future_never_counts(string time, bool counts)
    {
        var decision = Decide(CleanRule, Given.Attestation("alice", "vulns", Scan(time, "low")));
        Assert.Equal(counts, decision.IsAllowed);
        if (!counts)
        {
            decision.DeniedBy("model.attestations[0].vulns", DenialCode.TimeInFuture);
        }
    }

    [Fact]
    public void An_older_one_does_not_stand_in_for_one_from_the_future() =>
        Decide(
                CleanRule,
                Given.Attestation("alice", "vulns", Scan("2026-05-30T00:00:00Z", "low")),
                Given.Attestation("alice", "vulns", Scan("2027-05-30T00:00:00Z", "low"))
            )
            .DeniedBy("model.attestations[0].vulns", DenialCode.TimeInFuture);

    // --- age

    [Theory]
    [InlineData("60s", true)]
    [InlineData("59s", false)]
    [InlineData("1m", true)]
    [InlineData("1h", true)]
    [InlineData("1d", true)]
    [InlineData("1w", true)]
    [InlineData("5200w", true)]
    public void Evidence_is_too_old_after_its_last_instant(string age, bool allowed)
    {
        var decision = Decide(
            $"{{ type: cyclonedx, from: alice, maxAge: {age} }}",
            Given.Attestation("alice", "cyclonedx", Samples.CycloneDx)
        );
        Assert.Equal(allowed, decision.IsAllowed);
        if (!allowed)
        {
            var rule = decision.DeniedBy("model.attestations[0].cyclonedx.maxAge", DenialCode.TooOld);
            Assert.Equal(("not older than 59s", "60 seconds old"), (rule.Expected, rule.Actual));
        }
    }

    [Theory]
    [InlineData("slsaprovenance1", Samples.Provenance, "runDetails/metadata", "builder: https://ci.example.com/runner, ")]
    [InlineData("cyclonedx", Samples.CycloneDx, "metadata/timestamp", "")]
    [InlineData(
        "vsa",
        Samples.Summary,
        "timeVerified",
        "verifier: https://gate.example.com, resourceUri: https://registry.example.com/**, "
    )]
    public void Without_a_time_an_age_cannot_be_met(string type, string json, string path, string keys)
    {
        var bundle = Given.Attestation("alice", type, Json.Without(json, path).GetRawText());
        Decide($"{{ type: {type}, from: alice, {keys}atLeast: 1 }}", bundle).Allowed();
        Decide($"{{ type: {type}, from: alice, {keys}maxAge: 90d }}", bundle)
            .DeniedBy($"model.attestations[0].{type}.maxAge", DenialCode.TimeMissing);
    }

    // --- provenance

    private const string Builder = "type: slsaprovenance1, from: alice, builder: https://ci.example.com/runner";

    [Theory]
    [InlineData("builder: https://ci.example.com/runner", true)]
    [InlineData("builder: [https://other.example.com, https://ci.example.com/runner]", true)]
    [InlineData("builder: https://ci.example.com/runner/", false)]
    [InlineData("builder: https://CI.example.com/runner", false)]
    [InlineData("builder: https://ci.example.com/*", false)]
    [InlineData("builder: https://ci.example.com/runne", false)]
    public void The_builder_is_one_of_those_named(string builder, bool allowed)
    {
        var decision = Decide(
            $"{{ type: slsaprovenance1, from: alice, {builder} }}",
            Given.Attestation("alice", "slsaprovenance1", Samples.Provenance)
        );
        Assert.Equal(allowed, decision.IsAllowed);
        if (!allowed)
        {
            var rule = decision.DeniedBy("model.attestations[0].slsaprovenance1.builder", DenialCode.BuilderMismatch);
            Assert.Equal("https://ci.example.com/runner", rule.Actual);
        }
    }

    [Theory]
    [InlineData("https://ci.example.com/train/v1", true)]
    [InlineData("https://ci.example.com/train/v2", false)]
    public void The_build_type_is_one_of_those_named(string type, bool allowed)
    {
        var decision = Decide($"{{ {Builder}, buildType: {type} }}", Given.Attestation("alice", "slsaprovenance1", Samples.Provenance));
        Assert.Equal(allowed, decision.IsAllowed);
        if (!allowed)
        {
            decision.DeniedBy("model.attestations[0].slsaprovenance1.buildType", DenialCode.BuildTypeMismatch);
        }
    }

    [Theory]
    [InlineData("\"git+https://git.example.com/models/*@refs/heads/main\"", true)]
    [InlineData("[\"x:y\", \"git+https://git.example.com/models/bert@refs/heads/main\"]", true)]
    [InlineData(
        "{ uri: \"git+https://git.example.com/models/*@**\", digest: \"gitCommit:7fd1a60b01f91b314f59955a4e4d4e80d8edf11d\" }",
        true
    )]
    [InlineData(
        "{ uri: \"git+https://git.example.com/models/*@**\", digest: \"gitCommit:0fd1a60b01f91b314f59955a4e4d4e80d8edf11d\" }",
        false
    )]
    [InlineData("{ uri: \"git+https://git.example.com/models/*@**\", digest: \"sha1:7fd1a60b01f91b314f59955a4e4d4e80d8edf11d\" }", false)]
    [InlineData("\"git+https://git.example.com/models/*\"", false)]
    [InlineData("\"git+https://git.example.com/*@refs/heads/main\"", false)]
    [InlineData("\"git+https://git.example.com/models/*@refs/tags/*\"", false)]
    public void A_dependency_is_one_of_the_sources(string source, bool allowed)
    {
        var decision = Decide($"{{ {Builder}, source: {source} }}", Given.Attestation("alice", "slsaprovenance1", Samples.Provenance));
        Assert.Equal(allowed, decision.IsAllowed);
        if (!allowed)
        {
            var rule = decision.DeniedBy("model.attestations[0].slsaprovenance1.source", DenialCode.SourceMismatch);
            Assert.Contains("git+https://git.example.com/models/bert@refs/heads/main", rule.Actual, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("[\"git+https://git.example.com/**@**\", \"https://data.example.com/**\"]", true)]
    [InlineData("[\"git+https://git.example.com/**@**\"]", false)]
    public void Every_dependency_is_one_of_those_allowed(string allowedUris, bool allowed)
    {
        var decision = Decide(
            $"{{ {Builder}, dependencies: {allowedUris} }}",
            Given.Attestation("alice", "slsaprovenance1", Samples.Provenance)
        );
        Assert.Equal(allowed, decision.IsAllowed);
        if (!allowed)
        {
            var rule = decision.DeniedBy("model.attestations[0].slsaprovenance1.dependencies", DenialCode.DependencyNotAllowed);
            Assert.StartsWith("https://data.example.com/corpus/2026", rule.Actual, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("[{\"digest\":{\"sha256\":\"00\"}}]")]
    public void Dependencies_that_are_not_listed_or_have_no_uri_are_not_allowed(string dependencies)
    {
        var bundle = Attest("slsaprovenance1", Samples.Provenance, "buildDefinition/resolvedDependencies", dependencies);
        Decide($"{{ {Builder}, dependencies: [\"https://data.example.com/**\"] }}", bundle)
            .DeniedBy("model.attestations[0].slsaprovenance1.dependencies", DenialCode.DependencyNotAllowed);
        Decide($"{{ {Builder}, source: [\"https://data.example.com/**\"] }}", bundle)
            .DeniedBy("model.attestations[0].slsaprovenance1.source", DenialCode.SourceMismatch);
    }

    // --- scans

    [Theory]
    [InlineData("CRITICAL", "critical", true)]
    [InlineData("HIGH", "critical", false)]
    [InlineData("HIGH", "high", true)]
    [InlineData("MEDIUM", "high", false)]
    [InlineData("MEDIUM", "medium", true)]
    [InlineData("LOW", "medium", false)]
    [InlineData("LOW", "low", true)]
    [InlineData("NONE", "low", false)]
    [InlineData("NONE", "none", true)]
    [InlineData("CRITICAL", "puzzling", false)]
    [InlineData("CRITICAL, unknownSeverity: deny", "puzzling", false)]
    [InlineData("NONE, unknownSeverity: allow", "puzzling", true)]
    [InlineData("LOW, unknownSeverity: allow", "medium", false)]
    public void No_finding_is_above_the_severity(string limit, string severity, bool allowed)
    {
        var decision = Decide(
            $"{{ type: vulns, from: alice, maxSeverity: {limit} }}",
            Given.Attestation("alice", "vulns", Scan("2026-05-30T00:00:00Z", severity))
        );
        Assert.Equal(allowed, decision.IsAllowed);
        if (!allowed)
        {
            var rule = decision.DeniedBy("model.attestations[0].vulns.maxSeverity", DenialCode.SeverityExceeded);
            Assert.Equal("1 of 1 findings are over the limit", rule.Message);
            Assert.StartsWith("CVE-1 ", rule.Actual, StringComparison.Ordinal);
            Assert.Equal(rule, decision.Headline);
        }
    }

    [Fact]
    public void The_worst_findings_are_named_first_and_the_rest_are_counted()
    {
        var results = string.Join(
            ',',
            Enumerable.Range(1, 9).Select(i => $$"""{"id":"CVE-{{i}}","severity":[{"method":"cvss","score":"{{i}}.0"}] }""")
        );
        var rule = Decide(
                "{ type: vulns, from: alice, maxSeverity: NONE }",
                Attest("vulns", Samples.Vulns, "scanner/result", $"[{results}]")
            )
            .Rule("model.attestations[0].vulns.maxSeverity");
        Assert.Equal("CVE-9 CRITICAL; CVE-7 HIGH; CVE-8 HIGH; CVE-4 MEDIUM; CVE-5 MEDIUM; and 4 more", rule.Actual);
    }

    [Theory]
    [InlineData("HIGH", false)]
    [InlineData("CRITICAL", true)]
    public void Secrets_and_misconfigurations_of_a_trivy_report_count_as_findings(string limit, bool allowed)
    {
        var decision = Decide(
            $"{{ type: vuln, from: alice, maxSeverity: {limit} }}",
            Given.Attestation("alice", "vuln", Samples.CosignVuln)
        );
        Assert.Equal(allowed, decision.IsAllowed);
        if (!allowed)
        {
            Assert.Equal("aws-access-key-id CRITICAL in .env", decision.Headline!.Actual);
        }
    }

    [Fact]
    public void A_report_that_is_not_read_here_has_no_known_findings_so_it_denies() =>
        Decide(
                "{ type: vuln, from: alice, maxSeverity: CRITICAL, unknownSeverity: allow }",
                Attest("vuln", Samples.CosignVuln, "scanner/result", "{\"matches\":[]}")
            )
            .DeniedBy("model.attestations[0].vuln.maxSeverity", DenialCode.ReportNotReadable);

    [VectorTheory]
    [InlineData("CRITICAL", true)]
    [InlineData("HIGH", false)]
    [InlineData("MEDIUM", false)]
    [InlineData("LOW", false)]
    public void A_real_trivy_scan_is_refused_above_the_severity(string limit, bool allowed)
    {
        var json = File.ReadAllText(Vectors.Require("trivy/examples/image.cosign-vuln.json"));
        var bundle = Given.Attestation("alice", "vuln", json);
        var policy = Given.ModelPolicy($"attestations: [ {{ type: vuln, from: alice, maxSeverity: {limit}, unknownSeverity: allow }} ]");
        var decision = PolicyEvaluator.Evaluate(policy, [Given.Evidence(bundle)], new DateTimeOffset(2026, 11, 22, 0, 0, 0, TimeSpan.Zero));
        Assert.Equal(allowed, decision.IsAllowed);
        if (!allowed)
        {
            Assert.Contains("CVE-2099-", decision.Headline!.Actual, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("6h", true)]
    [InlineData("5h", false)]
    [InlineData("21599s", false)]
    [InlineData("1d", true)]
    public void The_database_was_not_too_old_when_the_scan_ended(string age, bool allowed)
    {
        foreach (var (type, json) in new[] { ("vulns", Samples.Vulns), ("vuln", Samples.CosignVuln) })
        {
            var decision = Decide(
                $"{{ type: {type}, from: alice, maxSeverity: CRITICAL, maxDatabaseAge: {age} }}",
                Given.Attestation("alice", type, json)
            );
            Assert.Equal(allowed, decision.IsAllowed);
            if (!allowed)
            {
                decision.DeniedBy($"model.attestations[0].{type}.maxDatabaseAge", DenialCode.TooOld);
            }
        }
    }

    [Fact]
    public void A_scan_that_does_not_know_its_databases_age_or_names_a_later_one_denies()
    {
        const string rule = "{ type: vuln, from: alice, maxSeverity: CRITICAL, maxDatabaseAge: 3d }";
        const string id = "model.attestations[0].vuln.maxDatabaseAge";
        Decide(rule, Attest("vuln", Samples.CosignVuln, "scanner/db/lastUpdate", "null")).DeniedBy(id, DenialCode.TimeMissing);
        Decide(rule, Attest("vuln", Samples.CosignVuln, "scanner/db/lastUpdate", "\"2026-06-01T12:05:00Z\"")).Allowed();
        Decide(rule, Attest("vuln", Samples.CosignVuln, "scanner/db/lastUpdate", "\"2026-06-01T12:05:01Z\""))
            .DeniedBy(id, DenialCode.TimeInFuture);
    }

    [Theory]
    [InlineData("pkg:github/aquasecurity/trivy@dev?checksum=sha256:{0}", "{0}", true)]
    [InlineData("pkg:github/aquasecurity/trivy@dev?checksum=sha256%3A{0}", "{0}", true)]
    [InlineData("pkg:github/aquasecurity/trivy@dev?checksum=sha1:aa,sha256:{0}", "{0}", true)]
    [InlineData("pkg:x/y@1?os=linux&checksum=sha256:{0}#sub", "[{1}, {0}]", true)]
    [InlineData("pkg:github/aquasecurity/trivy@dev?checksum=sha256:{0}", "{1}", false)]
    [InlineData("pkg:github/aquasecurity/trivy@dev?checksum=sha256:{1},sha256:{0}", "{0}", false)]
    [InlineData("pkg:github/aquasecurity/trivy@dev?checksum=sha256:{1}&checksum=sha256:{0}", "{0}", false)]
    [InlineData("pkg:github/aquasecurity/trivy@dev", "{0}", false)]
    [InlineData("pkg:github/aquasecurity/trivy@dev#?checksum=sha256:{0}x", "{0}", false)]
    [InlineData("sha256:{0}", "{0}", false)]
    public void The_scanner_is_the_executable_that_is_pinned(string uri, string pinned, bool allowed)
    {
        var (one, other) = (new string('a', 64), new string('b', 64));
        string Fill(string text) => text.Replace("{0}", one, StringComparison.Ordinal).Replace("{1}", other, StringComparison.Ordinal);
        foreach (var (type, json) in new[] { ("vulns", Samples.Vulns), ("vuln", Samples.CosignVuln) })
        {
            var decision = Decide(
                $"{{ type: {type}, from: alice, maxSeverity: CRITICAL, scanner: {{ sha256: {Fill(pinned)} }} }}",
                Attest(type, json, "scanner/uri", $"\"{Fill(uri)}\"")
            );
            Assert.Equal(allowed, decision.IsAllowed);
            if (!allowed)
            {
                decision.DeniedBy($"model.attestations[0].{type}.scanner.sha256", DenialCode.ScannerMismatch);
            }
        }
    }

    [Theory]
    [InlineData("scanner: {}")]
    [InlineData("scanner: abc")]
    [InlineData("scanner: { sha256: abc }")]
    [InlineData("scanner: { sha256: [] }")]
    [InlineData("scanner: { sha512: abc }")]
    public void A_pin_that_is_none_is_refused(string keys) =>
        Assert.Throws<MalformedDataException>(() =>
            Given.ModelPolicy($"attestations: [ {{ type: vulns, from: alice, maxSeverity: LOW, {keys} }} ]")
        );

    // --- tests and summaries

    [Theory]
    [InlineData("PASSED", "", true)]
    [InlineData("WARNED", "", false)]
    [InlineData("FAILED", "", false)]
    [InlineData("PASSED", ", result: [PASSED, WARNED]", true)]
    [InlineData("WARNED", ", result: [PASSED, WARNED]", true)]
    [InlineData("WARNED", ", result: WARNED", true)]
    [InlineData("PASSED", ", result: WARNED", false)]
    [InlineData("FAILED", ", result: [PASSED, WARNED]", false)]
    public void The_tests_ended_as_asked(string result, string keys, bool allowed)
    {
        var decision = Decide(
            $"{{ type: test-result, from: alice{keys} }}",
            Attest("test-result", Samples.Tests, "result", $"\"{result}\"")
        );
        Assert.Equal(allowed, decision.IsAllowed);
        if (!allowed)
        {
            decision.DeniedBy("model.attestations[0].test-result.result", DenialCode.VerdictNotAccepted);
        }
    }

    [Fact]
    public void A_passed_run_that_lists_failed_tests_denies() =>
        Decide("{ type: test-result, from: alice }", Attest("test-result", Samples.Tests, "failedTests", "[\"bias\"]"))
            .DeniedBy("model.attestations[0].test-result.result", DenialCode.VerdictNotAccepted);

    private const string Summary =
        "type: vsa, from: alice, verifier: https://gate.example.com, resourceUri: https://registry.example.com/models/*";

    [Theory]
    [InlineData("levels: SLSA_BUILD_LEVEL_2", true)]
    [InlineData("levels: SLSA_BUILD_LEVEL_1", true)]
    [InlineData("levels: [SLSA_BUILD_LEVEL_0, COMPANY_SIGNED]", true)]
    [InlineData("levels: SLSA_BUILD_LEVEL_3", false)]
    [InlineData("levels: SLSA_SOURCE_LEVEL_1", false)]
    [InlineData("levels: SLSA_BUILD_LEVEL_", false)]
    [InlineData("levels: COMPANY", false)]
    [InlineData("levels: [COMPANY_SIGNED, COMPANY_SCANNED]", false)]
    public void Every_level_asked_for_was_verified(string levels, bool allowed)
    {
        var decision = Decide($"{{ {Summary}, {levels} }}", Given.Attestation("alice", "vsa", Samples.Summary));
        Assert.Equal(allowed, decision.IsAllowed);
        if (!allowed)
        {
            decision.DeniedBy("model.attestations[0].vsa.levels", DenialCode.LevelMissing);
        }
    }

    [Fact]
    public void A_higher_level_of_our_own_naming_includes_nothing() =>
        Decide($"{{ {Summary}, levels: COMPANY_LEVEL_1 }}", Attest("vsa", Samples.Summary, "verifiedLevels", "[\"COMPANY_LEVEL_2\"]"))
            .DeniedBy("model.attestations[0].vsa.levels", DenialCode.LevelMissing);

    [Fact]
    public void A_failed_summary_denies() =>
        Decide($"{{ {Summary} }}", Attest("vsa", Samples.Summary, "verificationResult", "\"FAILED\""))
            .DeniedBy("model.attestations[0].vsa.result", DenialCode.VerdictNotAccepted);

    [Fact]
    public void A_summary_by_another_verifier_denies() =>
        Decide($"{{ {Summary} }}", Attest("vsa", Samples.Summary, "verifier/id", "\"https://gate.example.com/\""))
            .DeniedBy("model.attestations[0].vsa.verifier", DenialCode.VerifierMismatch);

    [Fact]
    public void A_summary_for_another_resource_denies() =>
        Decide($"{{ {Summary} }}", Attest("vsa", Samples.Summary, "resourceUri", "\"https://registry.example.com/datasets/c4\""))
            .DeniedBy("model.attestations[0].vsa.resourceUri", DenialCode.ResourceMismatch);
}
