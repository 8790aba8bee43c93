using System.Security.Cryptography.X509Certificates;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Notation;

namespace ArtifactTrust.Policies;

/// <summary>Reads what a policy says about signatures of the Notary Project: the certificates that are trusted, and whose signatures count.</summary>
internal sealed class NotationReader(PolicyFiles files)
{
    private static readonly string[] Types = ["ca", "signingAuthority", "tsa"];
    private static readonly string[] StoreKeys = ["file", "pem"];
    private static readonly string[] SignerKeys = ["trustStores", "trustedIdentities", "verifyTimestamp", "skipRevocation"];

    private readonly Dictionary<(string Type, string Name), (YamlMember Member, IReadOnlyList<X509Certificate2> Certificates)> _stores = [];
    private readonly HashSet<(string Type, string Name)> _used = [];
    private int _count;

    /// <summary>Reads the stores, each by its type and name.</summary>
    internal void ReadStores(YamlValue? value)
    {
        if (value is null)
        {
            return;
        }
        var mapping = value.Mapping("'notation'");
        mapping.CheckKeys("'notation'", Types);
        if (mapping.Members.Count == 0)
        {
            throw mapping.Malformed("'notation' is empty");
        }
        foreach (var type in mapping.Members)
        {
            var stores = type.Value.Mapping($"'{type.Key}'");
            if (stores.Members.Count == 0)
            {
                throw stores.Malformed($"'{type.Key}' is empty");
            }
            foreach (var store in stores.Members)
            {
                var id = StoreId($"{type.Key}:{store.Key}", store.Value);
                _stores.Add(id, (store, ReadStore($"{id.Type}:{id.Name}", type.Key, store.Value)));
            }
        }
    }

    /// <summary>Whose signatures of the Notary Project are the identity's; null where none are.</summary>
    internal PolicyNotation? ReadSigner(string identity, YamlValue? value)
    {
        if (value is null)
        {
            return null;
        }
        var what = $"'notation' of identity '{identity}'";
        var mapping = value.Mapping(what);
        mapping.CheckKeys(what, SignerKeys);
        var stores = mapping.Required("trustStores", what).OneOrMore("trustStores", Store);
        if (stores.All(s => s.Type == "tsa"))
        {
            throw mapping["trustStores"]!.Malformed("'trustStores' names no store of type ca or signingAuthority: this could never hold");
        }
        var trusted = mapping.Required("trustedIdentities", what);
        var names = trusted.OneOrMore("trustedIdentities", v => v.Scalar("a trusted identity").String("a trusted identity"));
        var rule = new NotationTrustRule(identity, [NotationTrustRule.All], "strict")
        {
            Stores = stores,
            Identities = AsPolicy(trusted, () => TrustPolicyReader.ReadIdentities(names, "$")),
            TimestampAfterExpiryOnly =
                mapping["verifyTimestamp"]?.Scalar("verifyTimestamp").Word("verifyTimestamp", ("always", false), ("afterCertExpiry", true))
                ?? false,
        };
        return new PolicyNotation(
            rule,
            stores.ToDictionary(s => s, s => _stores[s].Certificates),
            mapping["skipRevocation"]?.Scalar("skipRevocation").Boolean("skipRevocation") ?? false
        );
    }

    /// <exception cref="MalformedDataException">A store is there that no identity names: a slip of the pen, most likely.</exception>
    internal void CheckAllUsed()
    {
        if (_stores.Keys.FirstOrDefault(s => !_used.Contains(s)) is { Type: not null } unused)
        {
            throw _stores[unused].Member.Place.Malformed($"the store '{unused.Type}:{unused.Name}' is of no use: no identity names it");
        }
    }

    private (string Type, string Name) Store(YamlValue value)
    {
        var text = value.Scalar("a trust store").String("a trust store");
        var id = StoreId(text, value);
        _used.Add(id);
        var known = _stores.Keys.Select(s => $"{s.Type}:{s.Name}").ToList();
        return _stores.ContainsKey(id)
            ? id
            : throw value.Malformed(
                known.Count == 0
                    ? $"there is no trust store '{text}'; give its certificates in 'notation' at the top"
                    : $"there is no trust store '{text}'{(Spelling.Hint(text, known) is { Length: > 0 } hint ? hint : $"; there are {string.Join(", ", known)}")}"
            );
    }

    private IReadOnlyList<X509Certificate2> ReadStore(string name, string type, YamlValue value)
    {
        var what = $"the store '{name}'";
        var mapping = value.Mapping(what);
        mapping.CheckKeys(what, StoreKeys);
        var (file, pem) = (mapping["file"], mapping["pem"]);
        if ((file is null) == (pem is null))
        {
            throw mapping.Malformed($"{what} needs one of 'file' and 'pem'");
        }
        ReadOnlyMemory<byte> bytes = file is null
            ? Encoding.UTF8.GetBytes(pem!.Scalar("pem").Lines("pem"))
            : files.Read(PolicyFiles.Name(file.Scalar("file"), "certificate file"), file, "certificate file", Limits.CertificateFileBytes);
        var certificates = AsPolicy(file ?? pem!, () => NotationTrustStore.ReadFile(bytes.Span, type, name));
        _count += certificates.Count;
        return _count <= Limits.PolicyKeys
            ? certificates
            : throw value.Malformed($"more than {Limits.PolicyKeys} certificates in all stores");
    }

    private static (string Type, string Name) StoreId(string text, YamlValue value) =>
        AsPolicy(value, () => TrustPolicyReader.ReadStore(text, "$"));

    /// <summary>What is wrong by the rules of the Notary Project is wrong with the policy, at the place of the value.</summary>
    private static T AsPolicy<T>(YamlValue value, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (MalformedDataException e)
        {
            throw value.Malformed(e.Reason, e);
        }
    }
}
