using ArtifactTrust.Formats;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Policies;

/// <summary>Reads what a policy says about certificates: the instance that issues them, and whom they are to be of.</summary>
internal sealed class SigstoreReader(PolicyFiles files)
{
    private static readonly string[] InstanceKeys = ["profile", "trustedRoot", "logThreshold", "timeThreshold", "certificateLogThreshold"];

    private static readonly string[] CertificateKeys = ["issuer", "issuerRegexp", "subject", "subjectRegexp", "extensions"];

    private readonly Dictionary<string, YamlPlace> _places = new(StringComparer.Ordinal);

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
        if ((profile is null) == (file is null))
        {
            throw mapping.Malformed("'sigstore' needs one of 'profile' and 'trustedRoot'");
        }
        var name = file is null ? null : PolicyFiles.Name(file.Scalar("trustedRoot"), "trusted root");
        return new PolicySigstore(profile, name is null ? null : ReadRoot(name, file!), name)
        {
            LogThreshold = Threshold("logThreshold", 0),
            // A certificate is valid for minutes: without a time it proves nothing.
            TimeThreshold = Threshold("timeThreshold", 1),
            CertificateLogThreshold = Threshold("certificateLogThreshold", 0),
        };

        int? Threshold(string key, int minimum) => mapping[key]?.Scalar(key).Integer(key, minimum, Limits.TrustedInstances);
    }

    /// <summary>Whom one certificate is to be of.</summary>
    internal IdentityRule ReadCertificate(YamlValue value)
    {
        const string what = "a certificate";
        var mapping = value.Mapping(what);
        mapping.CheckKeys(what, CertificateKeys);
        var (subject, subjectIsPattern) = OneOf(mapping, "subject", "subjectRegexp");
        var (issuer, issuerIsPattern) = OneOf(mapping, "issuer", "issuerRegexp");
        var rule = Create(mapping, subject, subjectIsPattern, issuer, issuerIsPattern, Extensions(mapping["extensions"]));
        return _places.TryAdd(rule.ToString(), mapping.Place)
            ? rule
            : throw mapping.Malformed($"the same conditions as at {_places[rule.ToString()]}; a certificate belongs to one identity, once");
    }

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
