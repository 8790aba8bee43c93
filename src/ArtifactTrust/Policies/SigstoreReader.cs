using ArtifactTrust.Formats;
using ArtifactTrust.Transparency;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Policies;

/// <summary>Reads what a policy says about certificates: the instance that issues them, and whom they are to be of.</summary>
internal sealed class SigstoreReader(PolicyFiles files)
{
    private static readonly string[] InstanceKeys =
    [
        "profile",
        "trustedRoot",
        "caRoots",
        "caIntermediates",
        "tsaCerts",
        "logThreshold",
        "timeThreshold",
        "certificateLogThreshold",
        "witnesses",
        "witnessThreshold",
    ];

    /// <summary>Of an instance only: one's own authority has no logs.</summary>
    private static readonly string[] LogKeys = ["logThreshold", "certificateLogThreshold", "witnesses", "witnessThreshold"];

    private static readonly string[] CertificateKeys = ["issuer", "issuerRegexp", "subject", "subjectRegexp", "extensions"];

    private readonly Dictionary<string, YamlPlace> _places = new(StringComparer.Ordinal);

    private bool _isOwnAuthority;

    /// <summary>Whether an identity has certificates.</summary>
    internal bool HasCertificates => _places.Count > 0;

    /// <summary>The instance, or null where the policy names none.</summary>
    internal PolicySigstore? ReadInstance(YamlValue? value)
    {
        if (value is null)
        {
            return null;
        }
        var mapping = value.Mapping("'sigstore'");
        mapping.CheckKeys("'sigstore'", InstanceKeys);
        var (profile, file) = (mapping["profile"]?.Scalar("profile").String("profile"), mapping["trustedRoot"]);
        var roots = mapping["caRoots"];
        if ((profile is null ? 0 : 1) + (file is null ? 0 : 1) + (roots is null ? 0 : 1) != 1)
        {
            throw mapping.Malformed("'sigstore' needs one of 'profile' and 'trustedRoot', or 'caRoots' for an authority of one's own");
        }
        if (roots is null && (mapping["caIntermediates"] ?? mapping["tsaCerts"]) is { } stray)
        {
            throw stray.Malformed("'caIntermediates' and 'tsaCerts' belong to 'caRoots'; those of an instance are in its trusted root");
        }
        if (roots is not null)
        {
            return ReadAuthority(mapping, roots) with { TimeThreshold = Threshold("timeThreshold", 1) };
        }
        var name = file is null ? null : PolicyFiles.Name(file.Scalar("trustedRoot"), "trusted root");
        var witnesses = ReadWitnesses(mapping["witnesses"]);
        var witnessThreshold = Threshold("witnessThreshold", 1);
        if (witnessThreshold > witnesses.Count)
        {
            throw mapping.Malformed($"'witnessThreshold' is {witnessThreshold}, and there are {witnesses.Count} 'witnesses'");
        }
        return new PolicySigstore(profile, name is null ? null : ReadRoot(name, file!), name)
        {
            LogThreshold = Threshold("logThreshold", 0),
            // A certificate is valid for minutes: without a time it proves nothing.
            TimeThreshold = Threshold("timeThreshold", 1),
            CertificateLogThreshold = Threshold("certificateLogThreshold", 0),
            Witnesses = witnesses,
            WitnessThreshold = witnessThreshold ?? witnesses.Count,
        };

        int? Threshold(string key, int minimum) => mapping[key]?.Scalar(key).Integer(key, minimum, Limits.TrustedInstances);
    }

    /// <summary>An authority of one's own, with the time-stamp authorities that say when its certificates signed.</summary>
    private PolicySigstore ReadAuthority(YamlMapping mapping, YamlValue roots)
    {
        _isOwnAuthority = true;
        if (LogKeys.FirstOrDefault(k => mapping[k] is not null) is { } key)
        {
            throw mapping[key]!.Malformed($"'{key}' is for an instance: an authority of one's own has no logs");
        }
        // Nothing but a time stamp says that a certificate was valid when it signed.
        var timestamps = mapping["tsaCerts"] ?? throw mapping.Malformed("'caRoots' needs 'tsaCerts', which say when a signature was made");
        var name = PolicyFiles.Name(roots.Scalar("caRoots"), "certificate file");
        try
        {
            var root = TrustedRoot.ForAuthority(
                ReadFile(roots, "caRoots").Span,
                mapping["caIntermediates"] is { } between ? ReadFile(between, "caIntermediates").Span : default,
                ReadFile(timestamps, "tsaCerts").Span
            );
            return new PolicySigstore(null, root, name);
        }
        catch (MalformedDataException e) when (e.Format != "policy")
        {
            throw roots.Malformed($"the certificates of the authority: {e.Location}: {e.Reason}", e);
        }

        ReadOnlyMemory<byte> ReadFile(YamlValue value, string what) =>
            files.Read(PolicyFiles.Name(value.Scalar(what), "certificate file"), value, "certificate file", Limits.CertificateFileBytes);
    }

    private static List<NoteKey> ReadWitnesses(YamlValue? value)
    {
        var keys = new List<NoteKey>();
        if (value is null)
        {
            return keys;
        }
        var items = value.Sequence("'witnesses'").Items;
        if (items.Count > Limits.Witnesses)
        {
            throw value.Malformed($"{items.Count} witnesses; at most {Limits.Witnesses} are accepted");
        }
        foreach (var item in items)
        {
            try
            {
                var key = SigstoreTrust.ReadWitnesses(item.Scalar("a witness").String("a witness"))[0];
                // One witness under two names would count for two.
                if (keys.Any(k => k.Key.Fingerprint.Equals(key.Key.Fingerprint)))
                {
                    throw item.Malformed($"the witness {key.Name} is there twice");
                }
                keys.Add(key);
            }
            catch (MalformedDataException e) when (e.Format == "verifier key")
            {
                throw item.Malformed($"no key of a witness (name+id+key): {e.Reason}", e);
            }
        }
        return keys;
    }

    /// <summary>Whom one certificate is to be of: a rule, or, of one's own authority, a name alone.</summary>
    internal (IdentityRule? Rule, string? Subject) ReadCertificate(YamlValue value)
    {
        const string what = "a certificate";
        var mapping = value.Mapping(what);
        mapping.CheckKeys(what, CertificateKeys);
        if (_isOwnAuthority && mapping["issuer"] is null && mapping["issuerRegexp"] is null)
        {
            if ((mapping["subjectRegexp"] ?? mapping["extensions"]) is { } other)
            {
                throw other.Malformed("without an issuer a certificate is known by its 'subject' alone, letter by letter");
            }
            return (null, Once(mapping.Required("subject", what).Scalar("subject").String("subject"), mapping));
        }
        var (subject, subjectIsPattern) = OneOf(mapping, "subject", "subjectRegexp");
        var (issuer, issuerIsPattern) = OneOf(mapping, "issuer", "issuerRegexp");
        var rule = Create(mapping, subject, subjectIsPattern, issuer, issuerIsPattern, Extensions(mapping["extensions"]));
        Once(rule.ToString(), mapping);
        return (rule, null);
    }

    private string Once(string conditions, YamlMapping mapping) =>
        _places.TryAdd(conditions, mapping.Place)
            ? conditions
            : throw mapping.Malformed($"the same conditions as at {_places[conditions]}; a certificate belongs to one identity, once");

    private static IdentityRule Create(
        YamlMapping mapping,
        string subject,
        bool subjectIsPattern,
        string issuer,
        bool issuerIsPattern,
        Dictionary<string, string> extensions
    )
    {
        try
        {
            return IdentityRule.Create(subject, subjectIsPattern, issuer, issuerIsPattern, extensions);
        }
        catch (ArgumentException e)
        {
            throw mapping.Malformed(e.Message, e);
        }
    }

    private static (string Value, bool IsPattern) OneOf(YamlMapping mapping, string exact, string pattern)
    {
        var (value, regexp) = (mapping[exact], mapping[pattern]);
        return (value is null) != (regexp is null)
            ? ((value ?? regexp)!.Scalar(value is null ? pattern : exact).String(value is null ? pattern : exact), value is null)
            : throw mapping.Malformed($"a certificate needs one of '{exact}' and '{pattern}'");
    }

    private static Dictionary<string, string> Extensions(YamlValue? value)
    {
        var extensions = new Dictionary<string, string>(StringComparer.Ordinal);
        var mapping = value?.Mapping("'extensions'");
        if (mapping is { Members.Count: 0 })
        {
            throw mapping.Malformed("'extensions' is empty");
        }
        foreach (var member in mapping?.Members ?? [])
        {
            if (!CertificateClaims.TryParse(member.Key, out var name, out var reason))
            {
                throw member.Place.Malformed(reason);
            }
            if (!extensions.TryAdd(name, member.Value.Scalar(name).String(name)))
            {
                throw member.Place.Malformed($"'{name}' is there by its name and by its object identifier");
            }
        }
        return extensions;
    }

    private TrustedRoot ReadRoot(string name, YamlValue source)
    {
        var bytes = files.Read(name, source, "trusted root", Limits.TrustedRootBytes);
        try
        {
            return TrustedRoot.Parse(bytes);
        }
        catch (MalformedDataException e)
        {
            throw source.Malformed($"the trusted root '{name}': {e.Location}: {e.Reason}", e);
        }
    }
}
