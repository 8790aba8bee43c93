using System.Text.RegularExpressions;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Policies;

/// <summary>Turns the YAML of a policy into a <see cref="TrustPolicy"/>; the first thing that is wrong stops it.</summary>
internal sealed partial class PolicyReader(Func<string, ReadOnlyMemory<byte>> readKeyFile)
{
    private static readonly string[] TopKeys =
    [
        "version",
        "name",
        "description",
        "expires",
        "sigstore",
        "notation",
        "identities",
        "subjects",
    ];
    private static readonly string[] IdentityKeys = ["keys", "certificates", "notation"];
    private static readonly string[] SubjectKeys = ["kind", "optional", "signatures", "attestations"];
    private static readonly string[] SignatureKeys = ["from", "atLeast", "annotations"];

    private readonly List<PolicyIdentity> _identities = [];

    internal TrustPolicy Read(YamlMapping document, Digest fileDigest, long fileSize)
    {
        // The version first: of a later form nothing else may be said.
        document.Required("version", "the policy").Scalar("version").Integer("version", TrustPolicy.Version, TrustPolicy.Version);
        document.CheckKeys("the policy", TopKeys);
        var name = document.Required("name", "the policy").Scalar("name").String("name");
        document["description"]?.Scalar("description").Lines("description");
        var expires = document["expires"]?.Scalar("expires").Time("expires");
        var policyFiles = new PolicyFiles(readKeyFile);
        using var keys = new KeyReader(policyFiles);
        var certificates = new SigstoreReader(policyFiles);
        var sigstore = certificates.ReadInstance(document["sigstore"]);
        var notation = new NotationReader(policyFiles);
        notation.ReadStores(document["notation"]);
        foreach (var member in Entries(document, "identities", "an identity"))
        {
            _identities.Add(ReadIdentity(member, keys, certificates, sigstore, notation));
        }
        notation.CheckAllUsed();
        if (sigstore is not null && !certificates.HasCertificates)
        {
            throw document["sigstore"]!.Malformed("'sigstore' is of no use: no identity has 'certificates'");
        }
        var subjects = Entries(document, "subjects", "a role").Select(ReadSubject).ToList();
        ManifestEntry[] files = [new(TrustPolicy.OwnName, fileDigest, fileSize), .. policyFiles.Entries];
        keys.Release();
        return new TrustPolicy(name, expires, sigstore, _identities, subjects, fileDigest, files);
    }

    private static PolicyIdentity ReadIdentity(
        YamlMember identity,
        KeyReader keys,
        SigstoreReader certificates,
        PolicySigstore? sigstore,
        NotationReader notation
    )
    {
        var what = $"identity '{identity.Key}'";
        var mapping = identity.Value.Mapping(what);
        mapping.CheckKeys(what, IdentityKeys);
        var (ofKeys, ofCertificates, ofNotation) = (mapping["keys"], mapping["certificates"], mapping["notation"]);
        if (ofKeys is null && ofCertificates is null && ofNotation is null)
        {
            throw mapping.Malformed($"{what} needs 'keys', 'certificates' or 'notation'");
        }
        var holders = ofCertificates is null ? [] : ReadCertificates(ofCertificates, what, certificates, sigstore);
        return new PolicyIdentity(identity.Key, [.. ofKeys?.Sequence($"'keys' of {what}").Items.Select(keys.Read) ?? []])
        {
            Certificates = [.. holders.Select(h => h.Rule).OfType<IdentityRule>()],
            Subjects = [.. holders.Select(h => h.Subject).OfType<string>()],
            Notation = notation.ReadSigner(identity.Key, ofNotation),
        };
    }

    private static List<(IdentityRule? Rule, string? Subject)> ReadCertificates(
        YamlValue ofCertificates,
        string what,
        SigstoreReader certificates,
        PolicySigstore? sigstore
    )
    {
        // Which authority is believed is the heart of the policy: it is written down, never supposed.
        if (sigstore is null)
        {
            throw ofCertificates.Malformed("certificates need 'sigstore' at the top, which says whose certificates are trusted");
        }
        var rules = ofCertificates.Sequence($"'certificates' of {what}").Items;
        return rules.Count <= Limits.PolicyKeys
            ? [.. rules.Select(certificates.ReadCertificate)]
            : throw ofCertificates.Malformed($"more than {Limits.PolicyKeys} certificates");
    }

    private static IReadOnlyList<YamlMember> Entries(YamlMapping document, string key, string what)
    {
        var mapping = document.Required(key, "the policy").Mapping($"'{key}'");
        if (mapping.Members.Count == 0)
        {
            throw mapping.Malformed($"'{key}' is empty");
        }
        foreach (var member in mapping.Members)
        {
            if (!Name().IsMatch(member.Key))
            {
                throw member.Place.Malformed(
                    $"{what} is to be named by a letter and up to 63 letters, digits, '-' and '_', not '{member.Key.ReplaceLineEndings("\\n")}'"
                );
            }
        }
        return mapping.Members;
    }

    private SubjectRules ReadSubject(YamlMember member)
    {
        var what = $"role '{member.Key}'";
        var mapping = member.Value.Mapping(what);
        mapping.CheckKeys(what, SubjectKeys);
        var kinds = mapping
            .Required("kind", what)
            .OneOrMore(
                "kind",
                v =>
                    v.Scalar("kind")
                        .Word("kind", ("directory", SubjectKind.Directory), ("file", SubjectKind.File), ("image", SubjectKind.Image))
            );
        var signatures = mapping["signatures"] is { } s ? ReadSignatures(s, what) : null;
        if (!kinds.Contains(SubjectKind.Image))
        {
            CheckBundles(mapping["signatures"], signatures?.From, $"{what} takes no images");
        }
        var attestations = new List<AttestationRule>();
        if (mapping["attestations"] is { } list)
        {
            var rules = new AttestationRuleReader(
                (rule, ofWhat) =>
                {
                    var (from, atLeast) = From(rule, ofWhat);
                    CheckBundles(rule, from, "it attests nothing");
                    return (from, atLeast);
                }
            );
            attestations.AddRange(list.Sequence($"'attestations' of {what}").Items.Select(rules.Read));
        }
        return signatures is not null || attestations.Count > 0
            ? new SubjectRules(
                member.Key,
                kinds,
                mapping["optional"]?.Scalar("optional").Boolean("optional") ?? false,
                signatures,
                attestations
            )
            : throw member.Place.Malformed($"{what} asks for nothing; give it 'signatures' or 'attestations'");
    }

    /// <exception cref="MalformedDataException">An identity signs images alone, and something else is asked of it.</exception>
    private static void CheckBundles(YamlValue? rule, IReadOnlyList<PolicyIdentity>? from, string reason)
    {
        if (from?.FirstOrDefault(i => !i.SignsBundles) is { } identity)
        {
            throw rule!.Malformed($"'{identity.Name}' has 'notation' alone, which signs images, and {reason}: this could never hold");
        }
    }

    private SignatureRule ReadSignatures(YamlValue value, string role)
    {
        var what = $"'signatures' of {role}";
        var mapping = value.Mapping(what);
        mapping.CheckKeys(what, SignatureKeys);
        var (from, atLeast) = From(mapping, what);
        return new SignatureRule(
            from,
            atLeast,
            mapping["annotations"] is { } asked ? Annotations(asked, what) : new Dictionary<string, string>()
        );
    }

    private static Dictionary<string, string> Annotations(YamlValue value, string what)
    {
        var mapping = value.Mapping($"'annotations' of {what}");
        return mapping.Members.Count == 0
            ? throw mapping.Malformed("'annotations' is empty")
            : mapping.Members.ToDictionary(
                m => m.Key,
                m => m.Value.Scalar($"annotation '{m.Key}'").String($"annotation '{m.Key}'"),
                StringComparer.Ordinal
            );
    }

    private (IReadOnlyList<PolicyIdentity> From, int AtLeast) From(YamlMapping rule, string what)
    {
        var value = rule.Required("from", what);
        var from = value.OneOrMore("from", Identity);
        var atLeast = rule["atLeast"];
        var count = atLeast?.Scalar("atLeast").Integer("atLeast", 1, int.MaxValue) ?? 1;
        return count <= from.Count
            ? (from, count)
            : throw atLeast!.Malformed($"atLeast is {count}, but 'from' names {from.Count}: this could never hold");
    }

    private PolicyIdentity Identity(YamlValue value)
    {
        var scalar = value.Scalar("an identity");
        var name = scalar.String("an identity");
        return _identities.Find(i => i.Name == name)
            ?? throw scalar.Malformed(
                $"there is no identity '{name}'"
                    + (
                        Spelling.Hint(name, _identities.Select(i => i.Name)) is { Length: > 0 } hint
                            ? hint
                            : $"; there are {string.Join(", ", _identities.Select(i => i.Name))}"
                    )
            );
    }

    [GeneratedRegex(@"\A[A-Za-z][A-Za-z0-9_-]{0,63}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
