using System.Security.Cryptography;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Policies;

namespace ArtifactTrust.Tests.Policies;

public sealed class TrustPolicyTests
{
    private const string Whole = """
        # who may say what
        version: 1
        name: production
        description: |
          Models of the search team.
          Two people look at each.
        expires: 2030-01-01T00:00:00Z
        identities:
          alice:
            keys:
              - file: keys/alice.pub
                notBefore: 2026-01-01T00:00:00Z
                notAfter: 2027-01-01T00:00:00Z
              - file: keys/alice2.pub
                notBefore: "2026-12-01T00:00:00Z"
          bob: { keys: [ { file: keys/bob.pub } ] }
        subjects:
          model:
            kind: directory
            signatures: { from: [alice, bob], atLeast: 2 }
            attestations:
              - type: slsaprovenance1
                from: [alice]
                builder: https://ci.example.com/runner
                buildType: [https://ci.example.com/train/v1]
                source:
                  - git+https://git.example.com/models/*@refs/heads/main
                  - { uri: https://data.example.com/corpus, digest: "sha256:4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865" }
                dependencies: [git+https://git.example.com/**@**, https://data.example.com/**]
                maxAge: 90d
              - { type: cyclonedx, from: alice, maxAge: 30d }
              - { type: vulns, from: [bob], maxSeverity: MEDIUM, unknownSeverity: allow, maxAge: 7d, maxDatabaseAge: 36h }
              - { type: vuln, from: [bob], maxSeverity: NONE }
              - { type: test-result, from: [bob], result: [PASSED, WARNED] }
              - { type: vsa, from: [bob], verifier: https://gate.example.com, resourceUri: https://r.example.com/*, levels: [SLSA_BUILD_LEVEL_2] }
              - { type: https://example.com/review/v1, from: [alice, bob], atLeast: 2 }
          dataset:
            kind: [directory, file]
            optional: true
            signatures:
              from: bob
        """;

    [Fact]
    public void Every_key_is_read()
    {
        using var policy = Given.Policy(Whole);
        Assert.Equal("production", policy.Name);
        Assert.Equal(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero), policy.Expires);
        Assert.Equal(["alice", "bob"], policy.Identities.Select(i => i.Name));
        Assert.Equal(3, policy.Keys.Count());
        var key = policy.Identities[0].Keys[0];
        Assert.Equal(Given.Fingerprint("alice"), key.Key.Fingerprint);
        Assert.Equal("keys/alice.pub", key.File);
        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), key.NotBefore);
        Assert.Equal(new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero), key.NotAfter);
        Assert.Equal(["model", "dataset"], policy.Subjects.Select(s => s.Role));
        var model = policy.Subjects[0];
        Assert.Equal([SubjectKind.Directory], model.Kinds);
        Assert.False(model.IsOptional);
        Assert.Equal(2, model.Signatures!.AtLeast);
        Assert.Equal(7, model.Attestations.Count);
        Assert.Equal(["builder", "buildType", "source", "dependencies", "maxAge"], model.Attestations[0].Constraints.Select(c => c.Name));
        Assert.Equal(["maxSeverity", "maxDatabaseAge", "maxAge"], model.Attestations[2].Constraints.Select(c => c.Name));
        Assert.Equal(["result"], model.Attestations[4].Constraints.Select(c => c.Name));
        Assert.Equal(["result", "verifier", "resourceUri", "levels"], model.Attestations[5].Constraints.Select(c => c.Name));
        Assert.Equal(2, model.Attestations[6].AtLeast);
        var dataset = policy.Subjects[1];
        Assert.Equal([SubjectKind.Directory, SubjectKind.File], dataset.Kinds);
        Assert.True(dataset.IsOptional);
        Assert.Equal(1, dataset.Signatures!.AtLeast);
    }

    [Fact]
    public void A_key_may_stand_in_the_policy_itself_and_lines_may_end_in_crlf()
    {
        var yaml = $"""
            version: 1
            name: inline
            identities:
              alice:
                keys:
                  - pem: |
                      {Given.Pem("alice").TrimEnd().ReplaceLineEndings("\n          ")}
            subjects:
              model: {"{ kind: file, signatures: { from: [alice] } }"}
            """;
        foreach (var text in new[] { yaml, "\uFEFF" + yaml, yaml.ReplaceLineEndings("\r\n"), yaml + "\n...\n", "---\n" + yaml })
        {
            using var policy = Given.Policy(text);
            Assert.Equal(Given.Fingerprint("alice"), policy.Keys.Single().Fingerprint);
            Assert.Null(policy.Identities[0].Keys[0].File);
        }
    }

    [Fact]
    public void An_rsa_key_is_bound_to_the_padding_the_policy_names()
    {
        using var rsa = RSA.Create(3072);
        var pem = rsa.ExportSubjectPublicKeyInfoPem();
        TrustPolicy Read(string padding) =>
            TrustPolicy.Parse(
                Encoding.UTF8.GetBytes(
                    $$"""
                    version: 1
                    name: rsa
                    identities: { a: { keys: [ { file: a.pub{{padding}} } ] } }
                    subjects: { m: { kind: file, signatures: { from: a } } }
                    """
                ),
                _ => Encoding.UTF8.GetBytes(pem)
            );
        using var plain = Read("");
        using var pss = Read(", rsaPadding: pss");
        Assert.Equal(ArtifactTrust.Keys.SignatureAlgorithm.RsaPkcs1, plain.Keys.Single().Algorithm);
        Assert.Equal(ArtifactTrust.Keys.SignatureAlgorithm.RsaPss, pss.Keys.Single().Algorithm);
    }

    private const string Head =
        "version: 1\nname: t\nidentities: { a: { keys: [ { file: keys/alice.pub } ] }, b: { keys: [ { file: keys/bob.pub } ] } }\n";
    private const string Rules = "subjects:\n  m:\n    kind: file\n    attestations:\n      - ";

    /// <summary>Each way to get a policy wrong: its name, the text, where the complaint points, and a part of what it says.</summary>
    public static TheoryData<string, string, string, string> Mistakes =>
        new()
        {
            // The text as such.
            { "Empty", "", "line 1, column 1", "empty" },
            { "CommentOnly", "# nothing\n", "line 1, column 1", "empty" },
            { "NoMapping", "- version: 1\n", "line 1, column 1", "a policy is to be a mapping, not a list" },
            { "Scalar", "version", "line 1, column 1", "not a string" },
            { "Tab", "version: 1\n\tname: x\n", "line 2, column 1", "a tab" },
            { "Nul", "version: 1\u0000\n", "line 1, column 11", "U+0000" },
            { "Bell", "name: \u0007x\n", "line 1, column 7", "U+0007" },
            { "NextLine", "version: 1 # \u0085name: hidden\n", "line 1, column 14", "U+0085" },
            { "LineSeparator", "version: 1 # \u2028name: hidden\n", "line 1, column 14", "U+2028" },
            { "Bidirectional", "name: \"\u202Ex\"\n", "line 1, column 8", "U+202E" },
            { "LoneCarriageReturn", "version: 1\rname: x", "line 1, column 11", "U+000D" },
            { "ByteOrderMarkInside", "name: \uFEFFx\n", "line 1, column 7", "U+FEFF" },
            { "OpenQuote", "version: 1\nname: 'x\n", "line 2, column 7", "unexpected end" },
            { "OpenBracket", "version: [1\n", "line 2, column 1", "" },
            { "BadIndent", "version: 1\n  name: x\n", "line 2, column 7", "" },
            { "Directive", "%YAML 1.2\n---\nversion: 1\n", "line 1, column 1", "directives" },
            { "TagDirective", "%TAG !e! tag:example.com,2026:\n---\nversion: 1\n", "line 1, column 1", "directives" },
            {
                "SecondDocument",
                Head + "subjects: { m: { kind: file, signatures: { from: a } } }\n---\nversion: 1\n",
                "line 5, column 1",
                "second document"
            },
            { "Anchor", "version: 1\nname: &n x\n", "line 2, column 7", "anchor" },
            { "Alias", "version: 1\nname: *n\n", "line 2, column 7", "alias" },
            { "MergeKey", "version: 1\n<<: { name: x }\n", "line 2, column 1", "unknown key '<<'" },
            { "Tag", "version: !!int 1\n", "line 1, column 10", "tag" },
            { "LocalTag", "version: !x 1\n", "line 1, column 10", "tag" },
            { "NonSpecificTag", "version: ! 1\n", "line 1, column 10", "tag" },
            { "ComplexKey", "? [a, b]\n: 1\n", "line 1, column 8", "a key is to be a word" },
            { "BlockKey", "? |\n  version\n: 1\n", "line 1, column 3", "a key is to be a word" },
            {
                "DuplicateKey",
                "version: 1\nname: a\nname: b\n",
                "line 3, column 1",
                "the key 'name' occurs twice; first at line 2, column 1"
            },
            { "DuplicateQuotedKey", "version: 1\nname: a\n\"name\": b\n", "line 3, column 1", "occurs twice" },
            {
                "DuplicateInner",
                Head + "subjects:\n  m: { kind: file, signatures: { from: a }, kind: file }\n",
                "line 5, column 45",
                "the key 'kind' occurs twice"
            },
            { "Deep", "version: " + new string('[', 40) + new string(']', 40), "line 1, column 25", "nested more than 16 deep" },
            // The top.
            { "NoVersion", "name: x\n", "line 1, column 1", "the policy needs 'version'" },
            { "LaterVersion", "version: 2\nwhatever: x\n", "line 1, column 10", "an integer from 1 to 1, not '2'" },
            { "QuotedVersion", "version: \"1\"\n", "line 1, column 10", "not '1'" },
            { "PaddedVersion", "version: 01\n", "line 1, column 10", "not '01'" },
            { "VersionWithPoint", "version: 1.0\n", "line 1, column 10", "not '1.0'" },
            { "EmptyVersion", "version:\nname: x\n", "line 1, column 9", "not nothing" },
            {
                "UnknownTopKey",
                "version: 1\nname: x\nidentity: {}\n",
                "line 3, column 1",
                "unknown key 'identity' in the policy; did you mean 'identities'?"
            },
            {
                "UnlikelyTopKey",
                "version: 1\nrego: x\n",
                "line 2, column 1",
                "its keys are version, name, description, expires, sigstore, notation, identities, subjects"
            },
            { "NoName", "version: 1\nidentities: {}\n", "line 1, column 1", "needs 'name'" },
            { "EmptyName", "version: 1\nname: \"\"\n", "line 2, column 7", "name is empty" },
            { "NumberAsName", "version: 1\nname: 2026\n", "line 2, column 7", "not a number; quote it" },
            { "HexAsName", "version: 1\nname: 0x1F\n", "line 2, column 7", "not a number" },
            { "TruthAsName", "version: 1\nname: true\n", "line 2, column 7", "not true or false" },
            { "NullAsName", "version: 1\nname: ~\n", "line 2, column 7", "name has no value" },
            { "ListAsName", "version: 1\nname: [x]\n", "line 2, column 7", "a single value, not a list" },
            { "ControlInName", "version: 1\nname: \"a\\u001b[31m\"\n", "line 2, column 7", "control character" },
            { "HalfAPair", "version: 1\nname: \"a\\uD800\"\n", "line 2, column 7", "" },
            { "BadExpires", "version: 1\nname: t\nexpires: 2030-01-01\n", "line 3, column 10", "RFC 3339" },
            { "NoIdentities", "version: 1\nname: x\n", "line 1, column 1", "needs 'identities'" },
            {
                "IdentitiesNothing",
                "version: 1\nname: x\nidentities:\n",
                "line 3, column 12",
                "'identities' is to be a mapping, not nothing"
            },
            { "IdentitiesEmpty", "version: 1\nname: x\nidentities: {}\n", "line 3, column 13", "'identities' is empty" },
            // Identities and keys.
            {
                "IdentityName",
                "version: 1\nname: x\nidentities: { \"a b\": { keys: [] } }\n",
                "line 3, column 15",
                "an identity is to be named by a letter"
            },
            {
                "IdentityUnknownKey",
                "version: 1\nname: x\nidentities:\n  a:\n    key: []\n",
                "line 5, column 5",
                "unknown key 'key' in identity 'a'; did you mean 'keys'?"
            },
            { "IdentityWithoutKeys", "version: 1\nname: x\nidentities:\n  a: {}\n", "line 4, column 6", "identity 'a' needs 'keys'" },
            { "IdentityEmptyKeys", "version: 1\nname: x\nidentities:\n  a: { keys: [] }\n", "line 4, column 14", "is an empty list" },
            {
                "KeyAsText",
                "version: 1\nname: x\nidentities:\n  a: { keys: [ keys/alice.pub ] }\n",
                "line 4, column 16",
                "a key is to be a mapping, not a string"
            },
            {
                "KeyWithNeither",
                "version: 1\nname: x\nidentities:\n  a: { keys: [ {} ] }\n",
                "line 4, column 16",
                "one of 'file' and 'pem'"
            },
            {
                "KeyWithBoth",
                "version: 1\nname: x\nidentities:\n  a: { keys: [ { file: keys/alice.pub, pem: x } ] }\n",
                "line 4, column 16",
                "one of 'file' and 'pem'"
            },
            {
                "KeyUnknownKey",
                "version: 1\nname: x\nidentities:\n  a: { keys: [ { file: keys/alice.pub, expires: x } ] }\n",
                "line 4, column 40",
                "unknown key 'expires' in a key"
            },
            {
                "KeyFileAbsent",
                "version: 1\nname: x\nidentities:\n  a: { keys: [ { file: keys/nobody.pub } ] }\n",
                "line 4, column 24",
                "'keys/nobody.pub' cannot be read"
            },
            {
                "KeyFileAbsolute",
                "version: 1\nname: x\nidentities:\n  a: { keys: [ { file: /etc/alice.pub } ] }\n",
                "line 4, column 24",
                "below the policy's own directory"
            },
            {
                "KeyFileOutside",
                "version: 1\nname: x\nidentities:\n  a: { keys: [ { file: ../alice.pub } ] }\n",
                "line 4, column 24",
                "below the policy's own directory"
            },
            {
                "KeyFileDot",
                "version: 1\nname: x\nidentities:\n  a: { keys: [ { file: ./alice.pub } ] }\n",
                "line 4, column 24",
                "below the policy's own directory"
            },
            {
                "KeyFileBackslash",
                "version: 1\nname: x\nidentities:\n  a: { keys: [ { file: keys\\alice.pub } ] }\n",
                "line 4, column 24",
                "below the policy's own directory"
            },
            {
                "KeyFileNamedAsThePolicy",
                "version: 1\nname: x\nidentities:\n  a: { keys: [ { file: policy.yaml } ] }\n",
                "line 4, column 24",
                "below the policy's own directory"
            },
            {
                "KeyTwice",
                "version: 1\nname: x\nidentities:\n  a: { keys: [ { file: keys/alice.pub }, { file: keys/alice.pub } ] }\n",
                "line 4, column 50",
                "the same key as at line 4, column 24"
            },
            {
                "KeyOfTwo",
                "version: 1\nname: x\nidentities:\n  a: { keys: [ { file: keys/alice.pub } ] }\n  b: { keys: [ { file: keys/alice.pub } ] }\n",
                "line 5, column 24",
                "a key belongs to one identity, once"
            },
            {
                "PemIsNone",
                "version: 1\nname: x\nidentities:\n  a: { keys: [ { pem: hello } ] }\n",
                "line 4, column 23",
                "not a public key that can be used"
            },
            {
                "PaddingUnknown",
                "version: 1\nname: x\nidentities:\n  a: { keys: [ { file: keys/alice.pub, rsaPadding: oaep } ] }\n",
                "line 4, column 52",
                "one of pkcs1, pss"
            },
            {
                "WindowBackwards",
                "version: 1\nname: x\nidentities:\n  a: { keys: [ { file: keys/alice.pub, notBefore: 2026-01-01T00:00:00Z, notAfter: 2026-01-01T00:00:00Z } ] }\n",
                "line 4, column 83",
                "never count"
            },
            {
                "WindowNoTime",
                "version: 1\nname: x\nidentities:\n  a: { keys: [ { file: keys/alice.pub, notAfter: tomorrow } ] }\n",
                "line 4, column 50",
                "RFC 3339"
            },
            // Subjects.
            { "NoSubjects", Head, "line 1, column 1", "needs 'subjects'" },
            { "SubjectsEmpty", Head + "subjects: {}\n", "line 4, column 11", "'subjects' is empty" },
            { "RoleName", Head + "subjects: { 1x: {} }\n", "line 4, column 13", "a role is to be named" },
            {
                "RoleUnknownKey",
                Head + "subjects:\n  m:\n    kind: file\n    signature: {}\n",
                "line 7, column 5",
                "unknown key 'signature' in role 'm'; did you mean 'signatures'?"
            },
            { "RoleWithoutKind", Head + "subjects:\n  m: { signatures: { from: a } }\n", "line 5, column 6", "role 'm' needs 'kind'" },
            {
                "KindUnknown",
                Head + "subjects:\n  m: { kind: folder, signatures: { from: a } }\n",
                "line 5, column 14",
                "one of directory, file, image, not 'folder'"
            },
            { "KindTwice", Head + "subjects:\n  m: { kind: [file, file], signatures: { from: a } }\n", "line 5, column 21", "twice" },
            { "KindEmpty", Head + "subjects:\n  m: { kind: [], signatures: { from: a } }\n", "line 5, column 14", "empty list" },
            { "RoleWithoutRules", Head + "subjects:\n  m: { kind: file }\n", "line 5, column 3", "asks for nothing" },
            { "RoleEmptyAttestations", Head + "subjects:\n  m: { kind: file, attestations: [] }\n", "line 5, column 34", "empty list" },
            { "RoleNothing", Head + "subjects:\n  m:\n", "line 5, column 5", "to be a mapping, not nothing" },
            {
                "OptionalWord",
                Head + "subjects:\n  m: { kind: file, optional: yes, signatures: { from: a } }\n",
                "line 5, column 30",
                "true or false, not 'yes'"
            },
            {
                "OptionalQuoted",
                Head + "subjects:\n  m: { kind: file, optional: \"true\", signatures: { from: a } }\n",
                "line 5, column 30",
                "true or false"
            },
            {
                "SignaturesList",
                Head + "subjects:\n  m: { kind: file, signatures: [a] }\n",
                "line 5, column 32",
                "to be a mapping, not a list"
            },
            { "SignaturesWithoutFrom", Head + "subjects:\n  m: { kind: file, signatures: {} }\n", "line 5, column 32", "needs 'from'" },
            {
                "SignaturesUnknownKey",
                Head + "subjects:\n  m: { kind: file, signatures: { from: a, atleast: 1 } }\n",
                "line 5, column 43",
                "did you mean 'atLeast'?"
            },
            {
                "FromUnknown",
                Head + "subjects:\n  m: { kind: file, signatures: { from: [a, c] } }\n",
                "line 5, column 44",
                "there is no identity 'c'"
            },
            { "FromEmpty", Head + "subjects:\n  m: { kind: file, signatures: { from: [] } }\n", "line 5, column 40", "empty list" },
            { "FromTwice", Head + "subjects:\n  m: { kind: file, signatures: { from: [a, a] } }\n", "line 5, column 44", "twice" },
            {
                "AtLeastZero",
                Head + "subjects:\n  m: { kind: file, signatures: { from: [a], atLeast: 0 } }\n",
                "line 5, column 54",
                "an integer from 1"
            },
            {
                "AtLeastNegative",
                Head + "subjects:\n  m: { kind: file, signatures: { from: [a], atLeast: -1 } }\n",
                "line 5, column 54",
                "an integer from 1"
            },
            {
                "AtLeastHuge",
                Head + "subjects:\n  m: { kind: file, signatures: { from: [a], atLeast: 99999999999 } }\n",
                "line 5, column 54",
                "an integer from 1"
            },
            {
                "AtLeastTooMany",
                Head + "subjects:\n  m: { kind: file, signatures: { from: [a, b], atLeast: 3 } }\n",
                "line 5, column 57",
                "atLeast is 3, but 'from' names 2"
            },
            // Attestation rules.
            { "RuleAsText", Head + Rules + "cyclonedx\n", "line 8, column 9", "to be a mapping, not a string" },
            { "RuleWithoutType", Head + Rules + "from: a\n", "line 8, column 9", "needs 'type'" },
            { "TypeUnknown", Head + Rules + "{ type: vulnz, from: a }\n", "line 8, column 17", "did you mean 'vuln'?" },
            {
                "RuleUnknownKey",
                Head + Rules + "{ type: cyclonedx, from: a, maxSeverity: LOW }\n",
                "line 8, column 37",
                "unknown key 'maxSeverity' in a rule for cyclonedx"
            },
            {
                "RuleOfUriUnknownKey",
                Head + Rules + "{ type: https://example.com/x, from: a, maxAge: 1d }\n",
                "line 8, column 49",
                "unknown key 'maxAge'"
            },
            {
                "TestResultHasNoTime",
                Head + Rules + "{ type: test-result, from: a, maxAge: 1d }\n",
                "line 8, column 39",
                "unknown key 'maxAge'"
            },
            { "RuleWithoutFrom", Head + Rules + "{ type: cyclonedx }\n", "line 8, column 9", "a rule for cyclonedx needs 'from'" },
            { "RuleAtLeastTooMany", Head + Rules + "{ type: cyclonedx, from: a, atLeast: 2 }\n", "line 8, column 46", "could never hold" },
            { "AgeWithoutUnit", Head + Rules + "{ type: cyclonedx, from: a, maxAge: \"90\" }\n", "line 8, column 45", "one of the units" },
            { "AgeNumber", Head + Rules + "{ type: cyclonedx, from: a, maxAge: 90 }\n", "line 8, column 45", "not a number" },
            { "AgeZero", Head + Rules + "{ type: cyclonedx, from: a, maxAge: 0d }\n", "line 8, column 45", "not '0d'" },
            { "AgeSigned", Head + Rules + "{ type: cyclonedx, from: a, maxAge: -1d }\n", "line 8, column 45", "not '-1d'" },
            { "AgeFraction", Head + Rules + "{ type: cyclonedx, from: a, maxAge: 1.5d }\n", "line 8, column 45", "not '1.5d'" },
            { "AgeMonths", Head + Rules + "{ type: cyclonedx, from: a, maxAge: 3M }\n", "line 8, column 45", "not '3M'" },
            { "AgeHuge", Head + Rules + "{ type: cyclonedx, from: a, maxAge: 4000000000w }\n", "line 8, column 45", "not '4000000000w'" },
            { "ProvenanceWithoutBuilder", Head + Rules + "{ type: slsaprovenance1, from: a }\n", "line 8, column 9", "needs 'builder'" },
            {
                "ProvenanceByUriToo",
                Head + Rules + "{ type: https://slsa.dev/provenance/v1, from: a }\n",
                "line 8, column 9",
                "needs 'builder'"
            },
            { "BuilderEmpty", Head + Rules + "{ type: slsaprovenance1, from: a, builder: [] }\n", "line 8, column 52", "empty list" },
            {
                "SourceWildHost",
                Head + Rules + "{ type: slsaprovenance1, from: a, builder: b, source: [\"git+https://*/x\"] }\n",
                "line 8, column 64",
                "before the path"
            },
            {
                "SourceUnknownKey",
                Head + Rules + "{ type: slsaprovenance1, from: a, builder: b, source: [{ url: x }] }\n",
                "line 8, column 66",
                "did you mean 'uri'?"
            },
            {
                "SourceDigest",
                Head + Rules + "{ type: slsaprovenance1, from: a, builder: b, source: [{ uri: \"x:y\", digest: abc }] }\n",
                "line 8, column 86",
                "an algorithm and a value"
            },
            {
                "SourceShortDigest",
                Head + Rules + "{ type: slsaprovenance1, from: a, builder: b, source: [{ uri: \"x:y\", digest: \"sha256:abc\" }] }\n",
                "line 8, column 86",
                "64 lower-case hex digits"
            },
            { "ScanWithoutThreshold", Head + Rules + "{ type: vulns, from: a }\n", "line 8, column 9", "needs 'maxSeverity'" },
            {
                "SeverityCase",
                Head + Rules + "{ type: vuln, from: a, maxSeverity: medium }\n",
                "line 8, column 45",
                "did you mean 'MEDIUM'?"
            },
            {
                "SeverityUnknown",
                Head + Rules + "{ type: vuln, from: a, maxSeverity: UNKNOWN }\n",
                "line 8, column 45",
                "one of NONE, LOW, MEDIUM, HIGH, CRITICAL"
            },
            {
                "UnknownSeverityWord",
                Head + Rules + "{ type: vuln, from: a, maxSeverity: LOW, unknownSeverity: ok }\n",
                "line 8, column 67",
                "one of deny, allow"
            },
            {
                "ResultFailed",
                Head + Rules + "{ type: test-result, from: a, result: FAILED }\n",
                "line 8, column 47",
                "one of PASSED, WARNED"
            },
            {
                "SummaryWithoutVerifier",
                Head + Rules + "{ type: vsa, from: a, resourceUri: \"x:y\" }\n",
                "line 8, column 9",
                "needs 'verifier'"
            },
            { "SummaryWithoutResource", Head + Rules + "{ type: vsa, from: a, verifier: x }\n", "line 8, column 9", "needs 'resourceUri'" },
        };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_is_refused_with_its_place(string mistake, string yaml, string place, string reason)
    {
        var e = Given.Refused(yaml);
        Assert.Equal("policy", e.Format);
        Assert.True(e.Location == place, $"{mistake}: {e.Message}");
        Assert.Contains(reason, e.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_that_is_not_utf8_is_refused_with_its_byte() =>
        Assert.Equal(
            "byte 6",
            Assert
                .Throws<MalformedDataException>(() => TrustPolicy.Parse([.. "name: "u8, 0xff], _ => throw new FileNotFoundException()))
                .Location
        );

    [Fact]
    public void A_policy_over_the_limit_is_refused_before_it_is_read() =>
        Assert.Contains("at most", Given.Refused(new string('#', Limits.PolicyBytes + 1)).Reason, StringComparison.Ordinal);

    [Fact]
    public void An_alias_bomb_is_refused_at_its_first_anchor()
    {
        var bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
        for (var c = 'b'; c <= 'i'; c++)
        {
            bomb += $"{c}: &{c} [{string.Join(',', Enumerable.Repeat("*" + (char)(c - 1), 9))}]\n";
        }
        Assert.Equal("line 1, column 4", Given.Refused(bomb).Location);
    }

    [Fact]
    public void Many_values_are_refused_in_little_time()
    {
        foreach (
            var yaml in new[]
            {
                "a: [" + string.Concat(Enumerable.Repeat("x,", 400_000)) + "]",
                new string('[', 900_000),
                new string('{', 900_000),
                string.Concat(Enumerable.Repeat("- ", 450_000)),
                string.Concat(Enumerable.Repeat("? ", 450_000)),
                "'" + new string('x', 900_000),
                "a: \"" + string.Concat(Enumerable.Repeat("\\u0041", 150_000)),
                new string('\n', 900_000),
                "a: |\n" + string.Concat(Enumerable.Repeat("  x\n", 200_000)),
                string.Concat(Enumerable.Range(0, 80_000).Select(i => $"k{i}: x\n")),
                "&" + new string('a', 900_000),
            }
        )
        {
            Given.Refused(yaml);
        }
    }

    [Fact]
    public void More_keys_than_the_limit_are_refused()
    {
        // Each entry is refused for its own fault long before, so the count is shown by the file reads.
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var reads = 0;
        var yaml =
            "version: 1\nname: t\nidentities: { a: { keys: ["
            + string.Join(',', Enumerable.Range(0, Limits.PolicyKeys + 1).Select(i => $"{{file: k{i}}}"))
            + "] } }\nsubjects: { m: { kind: file, signatures: { from: a } } }\n";
        var e = Assert.Throws<MalformedDataException>(() =>
            TrustPolicy.Parse(
                Encoding.UTF8.GetBytes(yaml),
                _ =>
                {
                    reads++;
                    key.GenerateKey(ECCurve.NamedCurves.nistP256);
                    return Encoding.UTF8.GetBytes(key.ExportSubjectPublicKeyInfoPem());
                }
            )
        );
        Assert.Contains("more than 1024 keys", e.Reason, StringComparison.Ordinal);
        Assert.Equal(Limits.PolicyKeys, reads);
    }

    [Theory]
    [InlineData("TooLarge", "at most")]
    [InlineData("NotText", "is not text")]
    [InlineData("PrivateKey", "private key")]
    [InlineData("Denied", "cannot be read")]
    public void A_key_file_that_holds_no_key_is_refused_at_the_line_that_names_it(string fault, string reason)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] bytes = fault switch
        {
            "TooLarge" => new byte[Limits.KeyFileBytes + 1],
            "NotText" => [0xff, 0xfe, 0x00],
            _ => Encoding.UTF8.GetBytes(key.ExportPkcs8PrivateKeyPem()),
        };
        var yaml = Head + "subjects: { m: { kind: file, signatures: { from: a } } }\n";
        var e = Assert.Throws<MalformedDataException>(() =>
            TrustPolicy.Parse(Encoding.UTF8.GetBytes(yaml), _ => fault == "Denied" ? throw new UnauthorizedAccessException("no") : bytes)
        );
        Assert.Equal("line 3, column 36", e.Location);
        Assert.Contains(reason, e.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String(key.ExportECPrivateKey())[..20], e.ToString(), StringComparison.Ordinal);
    }
}
