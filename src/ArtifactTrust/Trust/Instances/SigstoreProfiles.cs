using System.Text.RegularExpressions;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust.Instances;

/// <summary>The profiles of a configuration file.</summary>
/// <remarks>The YAML form is described in <c>docs/trust.md</c>.</remarks>
public sealed partial class SigstoreProfiles
{
    /// <summary>The only version of the form.</summary>
    public const int Version = 1;

    private const string FormatName = "configuration";

    private static readonly string[] TopKeys = ["version", "default", "profiles"];
    private static readonly string[] ProfileKeys = ["tuf", "trustedRoot", "signingConfig", "oidcIssuer", "oidcClientId", "caFile"];
    private static readonly string[] FileKeys = ["version", .. ProfileKeys];
    private static readonly string[] TufKeys = ["url", "root"];

    private SigstoreProfiles(string? defaultName, IReadOnlyList<SigstoreProfile> profiles) => (Default, Profiles) = (defaultName, profiles);

    /// <summary>The name of the profile that is used where none is asked for; null where the file says nothing.</summary>
    public string? Default { get; }

    /// <summary>The profiles, in the order written.</summary>
    public IReadOnlyList<SigstoreProfile> Profiles { get; }

    /// <summary>Whether a profile may have the name: up to 64 letters, digits, <c>.</c>, <c>-</c> and <c>_</c>, the first a letter or digit.</summary>
    public static bool IsName(string name) => NameForm().IsMatch(name ?? throw new ArgumentNullException(nameof(name)));

    /// <summary>Reads the configuration file.</summary>
    /// <param name="utf8">Its bytes.</param>
    /// <param name="directory">The directory that the files it names are relative to, an absolute path.</param>
    /// <exception cref="MalformedDataException">It is wrong; with line and column.</exception>
    public static SigstoreProfiles Parse(ReadOnlySpan<byte> utf8, string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        var document = Read(utf8, TopKeys);
        var profiles = new List<SigstoreProfile>();
        foreach (var member in document["profiles"]?.Mapping("'profiles'").Members ?? [])
        {
            CheckName(member.Key, member.Place);
            var mapping = member.Value.Mapping($"profile '{member.Key}'");
            mapping.CheckKeys($"profile '{member.Key}'", ProfileKeys);
            profiles.Add(ReadProfile(member.Key, mapping, directory));
        }
        return new SigstoreProfiles(document["default"]?.Scalar("default").String("default"), profiles);
    }

    /// <summary>Reads a file of one profile.</summary>
    /// <param name="name">The profile's name.</param>
    /// <param name="utf8">The file's bytes.</param>
    /// <param name="directory">The directory that the files it names are relative to, an absolute path.</param>
    /// <exception cref="MalformedDataException">It is wrong; with line and column.</exception>
    public static SigstoreProfile ParseOne(string name, ReadOnlySpan<byte> utf8, string directory)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentException.ThrowIfNullOrEmpty(directory);
        var document = Read(utf8, FileKeys);
        CheckName(name, document.Place);
        return ReadProfile(name, document, directory);
    }

    private static YamlMapping Read(ReadOnlySpan<byte> utf8, string[] keys)
    {
        var document = YamlDocument.Parse(utf8, FormatName);
        // The version first: of a later form nothing else may be said.
        document.Required("version", "the configuration").Scalar("version").Integer("version", Version, Version);
        document.CheckKeys("the configuration", keys);
        return document;
    }

    private static void CheckName(string name, YamlPlace place)
    {
        if (!IsName(name))
        {
            throw place.Malformed("a profile is named by up to 64 letters, digits, '.', '-' and '_', the first a letter or digit");
        }
        if (SigstoreProfile.IsBuiltInName(name))
        {
            throw place.Malformed($"the profile '{name}' is built in; give yours another name");
        }
    }

    private static SigstoreProfile ReadProfile(string name, YamlMapping mapping, string directory)
    {
        var (tuf, root) = (mapping["tuf"]?.Mapping("'tuf'"), mapping["trustedRoot"]);
        if ((tuf is null) == (root is null))
        {
            throw mapping.Malformed($"profile '{name}' needs one of 'tuf' and 'trustedRoot'");
        }
        tuf?.CheckKeys("'tuf'", TufKeys);
        return new SigstoreProfile(name)
        {
            TufUrl = tuf is null ? null : Url(tuf.Required("url", "'tuf'"), "url"),
            TufRootFile = tuf is null ? null : FilePath(tuf.Required("root", "'tuf'"), "root"),
            TrustedRootFile = root is null ? null : FilePath(root, "trustedRoot"),
            SigningConfigFile = mapping["signingConfig"] is { } config ? FilePath(config, "signingConfig") : null,
            Issuer = mapping["oidcIssuer"] is { } issuer ? Url(issuer, "oidcIssuer") : null,
            ClientId = mapping["oidcClientId"]?.Scalar("oidcClientId").String("oidcClientId"),
            CaFile = mapping["caFile"] is { } ca ? FilePath(ca, "caFile") : null,
        };

        string FilePath(YamlValue value, string what) => Path.GetFullPath(value.Scalar(what).String(what), directory);
    }

    private static Uri Url(YamlValue value, string what)
    {
        var scalar = value.Scalar(what);
        return
            Uri.TryCreate(scalar.String(what), UriKind.Absolute, out var url)
            && (url.Scheme is "https" or "http")
            && url.UserInfo.Length == 0
            && url.Query.Length == 0
            && url.Fragment.Length == 0
            ? url
            : throw scalar.Malformed($"{what} is to be an http(s) URL without user, query and fragment, not {scalar.Quoted}");
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z", RegexOptions.CultureInvariant)]
    private static partial Regex NameForm();
}
