using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Policies;

/// <summary>Reads one rule about attestations, with the keys that its type has.</summary>
internal sealed class AttestationRuleReader(Func<YamlMapping, string, (IReadOnlyList<PolicyIdentity> From, int AtLeast)> from)
{
    private static readonly string[] CommonKeys = ["type", "from", "atLeast"];
    private static readonly string[] AgeKeys = ["maxAge"];
    private static readonly string[] DependencyKeys = ["uri", "digest"];
    private static readonly string[] ScannerKeys = ["sha256"];

    internal AttestationRule Read(YamlValue value)
    {
        var mapping = value.Mapping("an attestation rule");
        var type = ReadType(mapping.Required("type", "an attestation rule").Scalar("type"));
        var what = $"a rule for {type}";
        mapping.CheckKeys(what, [.. CommonKeys, .. KeysOf(type), .. type.HasTime ? AgeKeys : []]);
        var (identities, atLeast) = from(mapping, what);
        return new AttestationRule(type, identities, atLeast, [.. Constraints(type, mapping, what)]);
    }

    private static PredicateType ReadType(YamlScalar value)
    {
        var text = value.String("type");
        return PredicateType.TryParse(text, out var type)
            ? type
            : throw value.Malformed(
                $"type '{text}' is neither a URI nor one of {string.Join(", ", PredicateType.Names)}{Spelling.Hint(text, PredicateType.Names)}"
            );
    }

    private static string[] KeysOf(PredicateType type) =>
        type.Name switch
        {
            PredicateType.SlsaProvenanceName => ["builder", "buildType", "source", "dependencies"],
            PredicateType.CosignVulnName or PredicateType.VulnsName => ["maxSeverity", "unknownSeverity", "maxDatabaseAge", "scanner"],
            PredicateType.TestResultName => ["result"],
            PredicateType.VerificationSummaryName => ["verifier", "resourceUri", "levels"],
            _ => [],
        };

    private static IEnumerable<AttestationConstraint> Constraints(PredicateType type, YamlMapping mapping, string what)
    {
        IEnumerable<AttestationConstraint> own = type.Name switch
        {
            PredicateType.SlsaProvenanceName => Provenance(mapping, what),
            PredicateType.CosignVulnName or PredicateType.VulnsName => Scan(mapping, what),
            PredicateType.TestResultName => Tests(mapping),
            PredicateType.VerificationSummaryName => Summary(mapping, what),
            _ => [],
        };
        foreach (var constraint in own)
        {
            yield return constraint;
        }
        if (mapping["maxAge"] is { } age)
        {
            yield return new MaxAge(age.Scalar("maxAge").Duration("maxAge"));
        }
    }

    // A signer vouches for what one platform says; which one is part of the trust (SLSA 1.0, "Verifying artifacts", step 1).
    private static IEnumerable<AttestationConstraint> Provenance(YamlMapping mapping, string what)
    {
        yield return new AllowedBuilders(
            mapping.Required("builder", what).OneOrMore("builder", v => v.Scalar("builder").String("builder"))
        );
        if (mapping["buildType"] is { } buildType)
        {
            yield return new AllowedBuildTypes(buildType.OneOrMore("buildType", v => v.Scalar("buildType").String("buildType")));
        }
        if (mapping["source"] is { } source)
        {
            yield return new RequiredSource(source.OneOrMore("source", Dependency));
        }
        if (mapping["dependencies"] is { } dependencies)
        {
            yield return new AllowedDependencies(dependencies.OneOrMore("dependencies", Dependency));
        }
    }

    // Without a threshold any finding would do, which no one means by asking for a scan.
    private static IEnumerable<AttestationConstraint> Scan(YamlMapping mapping, string what)
    {
        var limit = mapping
            .Required("maxSeverity", what)
            .Scalar("maxSeverity")
            .Word(
                "maxSeverity",
                ("NONE", Severity.None),
                ("LOW", Severity.Low),
                ("MEDIUM", Severity.Medium),
                ("HIGH", Severity.High),
                ("CRITICAL", Severity.Critical)
            );
        var allowUnknown = mapping["unknownSeverity"]?.Scalar("unknownSeverity").Word("unknownSeverity", ("deny", false), ("allow", true));
        yield return new MaxSeverity(limit, allowUnknown ?? false);
        if (mapping["maxDatabaseAge"] is { } age)
        {
            yield return new MaxDatabaseAge(age.Scalar("maxDatabaseAge").Duration("maxDatabaseAge"));
        }
        if (mapping["scanner"] is { } scanner)
        {
            var pin = scanner.Mapping("scanner");
            pin.CheckKeys("scanner", ScannerKeys);
            yield return new PinnedScanner(pin.Required("sha256", "scanner").OneOrMore("sha256", v => Sha256(v.Scalar("sha256"))));
        }
    }

    private static string Sha256(YamlScalar value)
    {
        try
        {
            // Plain digits alone would be a number; whoever writes a digest means its text.
            return Digest.FromHex(DigestAlgorithm.Sha256, value.Text.ToLowerInvariant()).Hex;
        }
        catch (MalformedDataException e)
        {
            throw value.Malformed(e.Reason, e);
        }
    }

    private static IEnumerable<AttestationConstraint> Tests(YamlMapping mapping)
    {
        yield return new AllowedTestOutcomes(
            mapping["result"]
                ?.OneOrMore(
                    "result",
                    v => v.Scalar("result").Word("result", ("PASSED", TestOutcome.Passed), ("WARNED", TestOutcome.Warned))
                )
                ?? [TestOutcome.Passed]
        );
    }

    // Spec: SLSA verification summary v1: a verdict counts for one pair of signer and verifier, and for one resource.
    private static IEnumerable<AttestationConstraint> Summary(YamlMapping mapping, string what)
    {
        yield return new SummaryPassed();
        yield return new AllowedVerifiers(
            mapping.Required("verifier", what).OneOrMore("verifier", v => v.Scalar("verifier").String("verifier"))
        );
        yield return new AllowedResources(mapping.Required("resourceUri", what).OneOrMore("resourceUri", v => Pattern(v, "resourceUri")));
        if (mapping["levels"] is { } levels)
        {
            yield return new RequiredLevels(levels.OneOrMore("levels", v => v.Scalar("levels").String("levels")));
        }
    }

    private static AllowedDependency Dependency(YamlValue value)
    {
        if (value is YamlScalar)
        {
            return new AllowedDependency(Pattern(value, "a dependency"), null);
        }
        var mapping = value.Mapping("a dependency");
        mapping.CheckKeys("a dependency", DependencyKeys);
        return new AllowedDependency(
            Pattern(mapping.Required("uri", "a dependency"), "uri"),
            mapping["digest"] is { } digest ? ReadDigest(digest.Scalar("digest")) : null
        );
    }

    private static UriPattern Pattern(YamlValue value, string what)
    {
        var scalar = value.Scalar(what);
        try
        {
            return UriPattern.Parse(scalar.String(what));
        }
        catch (MalformedDataException e) when (e.Format != "policy")
        {
            throw scalar.Malformed(e.Reason, e);
        }
    }

    // A value of an algorithm not known here, such as gitCommit, is compared as text.
    private static DigestSet ReadDigest(YamlScalar value)
    {
        var text = value.String("digest");
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0 || colon == text.Length - 1 || !text.All(c => char.IsAsciiLetterOrDigit(c) || c is ':' or '_' or '-'))
        {
            throw value.Malformed($"a digest is an algorithm and a value, such as gitCommit:7fd1a60b…, not '{text}'");
        }
        try
        {
            return DigestAlgorithm.Find(text[..colon]) is null
                ? new DigestSet([KeyValuePair.Create(text[..colon], text[(colon + 1)..])])
                : new DigestSet(Digest.Parse(text));
        }
        catch (MalformedDataException e)
        {
            throw value.Malformed(e.Reason, e);
        }
    }
}
