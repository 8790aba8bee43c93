using System.Security.Cryptography;
using System.Text;
using ArtifactTrust.Attestations;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Policies;
using ArtifactTrust.Tests.Attestations.Predicates;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Policies;

/// <summary>Keys, policies and verified evidence, as the verifier would have made it.</summary>
internal static class Given
{
    private static readonly Dictionary<string, ECDsa> Keys = new[] { "alice", "alice2", "bob", "carol", "mallory" }.ToDictionary(
        n => n,
        _ => ECDsa.Create(ECCurve.NamedCurves.nistP256)
    );

    private static int _bundles;

    /// <summary>Noon of the day on which the samples' things happened.</summary>
    public static DateTimeOffset Noon { get; } = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A minute after the samples.</summary>
    public static DateTimeOffset Now { get; } = Noon.AddMinutes(1);

    public static DigestSet Model { get; } = Subject("model");

    /// <summary>Identities alice (two keys), bob and carol, each key in its file.</summary>
    public const string Identities = """
        version: 1
        name: test
        identities:
          alice: { keys: [ { file: keys/alice.pub }, { file: keys/alice2.pub } ] }
          bob: { keys: [ { file: keys/bob.pub } ] }
          carol: { keys: [ { file: keys/carol.pub } ] }

        """;

    public static string Pem(string key)
    {
        lock (Keys)
        {
            return Keys[key].ExportSubjectPublicKeyInfoPem() + "\n";
        }
    }

    public static Digest Fingerprint(string key)
    {
        lock (Keys)
        {
            return DigestAlgorithm.Sha256.Hash(Keys[key].ExportSubjectPublicKeyInfo());
        }
    }

    public static DigestSet Subject(string name) =>
        new([
            new("sha256", DigestAlgorithm.Sha256.Hash(Encoding.UTF8.GetBytes(name)).Hex),
            new(DigestSet.DirHash, DigestAlgorithm.Sha256.Hash(Encoding.UTF8.GetBytes(name + "/")).Hex),
        ]);

    /// <summary>Reads a policy whose key files are <c>keys/NAME.pub</c>.</summary>
    public static TrustPolicy Policy(string yaml) =>
        TrustPolicy.Parse(
            Encoding.UTF8.GetBytes(yaml),
            name =>
                name.StartsWith("keys/", StringComparison.Ordinal)
                && name.EndsWith(".pub", StringComparison.Ordinal)
                && Keys.ContainsKey(name[5..^4])
                    ? Encoding.UTF8.GetBytes(Pem(name[5..^4]))
                    : throw new FileNotFoundException("no such file", name)
        );

    /// <summary>The policy of <see cref="Identities"/> with rules for one model.</summary>
    public static TrustPolicy ModelPolicy(string rules) =>
        Policy(
            $"{Identities}subjects:\n  model:\n    kind: directory\n{rules.ReplaceLineEndings("\n").Replace("\n", "\n    ").Insert(0, "    ")}\n"
        );

    public static MalformedDataException Refused(string yaml) => Assert.Throws<MalformedDataException>(() => Policy(yaml));

    public static VerifiedBundle Signature(string key, DigestSet? subject = null) =>
        new(EvidenceKind.Signature, Fingerprint(key), subject ?? Model, null, NextBundle());

    public static VerifiedBundle Attestation(string key, string type, string json, DigestSet? subject = null) =>
        new(EvidenceKind.Attestation, Fingerprint(key), subject ?? Model, Statement(type, json), NextBundle());

    public static Statement Statement(string type, string json) =>
        new([new ResourceDescriptor("x", null, Model)], PredicateType.Parse(type).Uri, Json.Parse(json));

    public static Digest NextBundle() => DigestAlgorithm.Sha256.Hash(BitConverter.GetBytes(Interlocked.Increment(ref _bundles)));

    public static SubjectEvidence Evidence(params VerifiedBundle[] bundles) =>
        new("model", SubjectKind.Directory, "models/bert", Model, bundles);

    public static Decision Decide(TrustPolicy policy, params VerifiedBundle[] bundles) =>
        PolicyEvaluator.Evaluate(policy, [Evidence(bundles)], Now);

    public static RuleResult Rule(this Decision decision, string id) => Assert.Single(decision.AllRules, r => r.Id == id);

    /// <summary>Asserts that it is denied by that rule and for that reason.</summary>
    public static RuleResult DeniedBy(this Decision decision, string id, DenialCode code)
    {
        Assert.False(decision.IsAllowed, DecisionText.Format(decision));
        var rule = decision.Rule(id);
        Assert.Equal((RuleOutcome.Failed, code), (rule.Outcome, rule.Code));
        Assert.Empty(rule.Evidence);
        Assert.Empty(rule.Signers);
        return rule;
    }

    public static void Allowed(this Decision decision)
    {
        Assert.True(decision.IsAllowed, DecisionText.Format(decision));
        Assert.Null(decision.Headline);
    }
}
