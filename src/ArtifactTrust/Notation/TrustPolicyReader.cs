using System.Buffers;
using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Notation;

/// <summary>Reads a trust policy, with all that its specification asks of one.</summary>
internal static class TrustPolicyReader
{
    internal const string Format = "Notation trust policy";
    private const string SubjectPrefix = "x509.subject:";

    private static readonly SearchValues<char> StoreNameCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
    );
    private static readonly SearchValues<char> RepositoryCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._-/");

    internal static NotationTrustPolicy Read(ReadOnlyMemory<byte> utf8)
    {
        var json = StrictJson.Parse(utf8, Format, Limits.PolicyBytes);
        StrictJson.CheckMembers(json, Format, "$", "version", "trustPolicies");
        var version = StrictJson.RequiredString(json, "version", Format, "$");
        if (version != "1.0")
        {
            throw Malformed("$.version", $"'1.0' is expected, not '{version}'");
        }
        var rules = new List<NotationTrustRule>();
        foreach (var rule in StrictJson.RequiredArray(json, "trustPolicies", Format, "$", Limits.NotationPolicyItems).EnumerateArray())
        {
            var at = $"$.trustPolicies[{rules.Count}]";
            var read = ReadRule(rule, at);
            if (rules.Any(r => r.Name == read.Name))
            {
                throw Malformed($"{at}.name", $"two rules are named '{read.Name}'");
            }
            if (read.Scopes.FirstOrDefault(s => rules.Any(r => r.Scopes.Contains(s))) is { } scope)
            {
                throw Malformed($"{at}.registryScopes", $"'{scope}' is in two rules");
            }
            rules.Add(read);
        }
        return rules.Count > 0 ? new NotationTrustPolicy(rules) : throw Malformed("$.trustPolicies", "there is no rule");
    }

    private static NotationTrustRule ReadRule(JsonElement json, string at)
    {
        StrictJson.CheckMembers(json, Format, at, "name", "registryScopes", "signatureVerification", "trustStores", "trustedIdentities");
        var name = StrictJson.RequiredString(json, "name", Format, at);
        if (name.Length == 0)
        {
            throw Malformed($"{at}.name", "it is empty");
        }
        var scopes = Strings(json, "registryScopes", at);
        foreach (var scope in scopes)
        {
            CheckScope(scope, scopes.Count, $"{at}.registryScopes");
        }
        var verification = StrictJson.RequiredObject(json, "signatureVerification", Format, at);
        var inside = $"{at}.signatureVerification";
        StrictJson.CheckMembers(verification, Format, inside, "level", "override", "verifyTimestamp");
        var level = StrictJson.RequiredString(verification, "level", Format, inside);
        if (level is not ("strict" or "permissive" or "audit" or "skip"))
        {
            throw Malformed($"{inside}.level", $"strict, permissive, audit or skip is expected, not '{level}'");
        }
        var hasOverrides = CheckOverrides(verification, inside);
        var when = StrictJson.OptionalString(verification, "verifyTimestamp", Format, inside) ?? "always";
        if (when is not ("always" or "afterCertExpiry"))
        {
            throw Malformed($"{inside}.verifyTimestamp", $"always or afterCertExpiry is expected, not '{when}'");
        }
        if (level == "skip")
        {
            return
                scopes.Contains(NotationTrustRule.All)
                || hasOverrides
                || json.TryGetProperty("trustStores", out _)
                || json.TryGetProperty("trustedIdentities", out _)
                ? throw Malformed(inside, "a rule that skips verification names its repositories, and no overrides, stores or identities")
                : new NotationTrustRule(name, scopes, level);
        }
        return new NotationTrustRule(name, scopes, level)
        {
            HasOverrides = hasOverrides,
            TimestampAfterExpiryOnly = when == "afterCertExpiry",
            Stores = [.. Strings(json, "trustStores", at).Select(s => ReadStore(s, $"{at}.trustStores"))],
            Identities = ReadIdentities(Strings(json, "trustedIdentities", at), $"{at}.trustedIdentities"),
        };
    }

    private static bool CheckOverrides(JsonElement verification, string at)
    {
        if (!verification.TryGetProperty("override", out var json))
        {
            return false;
        }
        at += ".override";
        StrictJson.CheckMembers(json, Format, at, "authenticity", "authenticTimestamp", "expiry", "revocation");
        var isMilder = false;
        foreach (var member in json.EnumerateObject())
        {
            var value = StrictJson.RequiredString(json, member.Name, Format, at);
            if (value is not ("enforce" or "log") && (member.Name, value) is not ("revocation", "skip"))
            {
                throw Malformed($"{at}.{member.Name}", $"'{value}' is not a value it has");
            }
            isMilder |= value != "enforce";
        }
        return isMilder;
    }

    private static void CheckScope(string scope, int count, string at)
    {
        if (scope == NotationTrustRule.All)
        {
            if (count > 1)
            {
                throw Malformed(at, "'*' stands alone");
            }
            return;
        }
        var slash = scope.IndexOf('/', StringComparison.Ordinal);
        if (
            slash <= 0
            || slash == scope.Length - 1
            || scope[(slash + 1)..].AsSpan().ContainsAnyExcept(RepositoryCharacters)
            || scope[..slash].AsSpan().ContainsAny(" *@")
            || scope.Contains("//", StringComparison.Ordinal)
        )
        {
            throw Malformed(at, $"'*' or HOST/REPOSITORY without tag or digest is expected, not '{scope}'");
        }
    }

    /// <summary>Reads <c>TYPE:NAME</c>, which names a store.</summary>
    /// <exception cref="MalformedDataException">It is of another form.</exception>
    internal static (string Type, string Name) ReadStore(string text, string at)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var (type, name) = colon < 0 ? (text, "") : (text[..colon], text[(colon + 1)..]);
        if (type is not ("ca" or "signingAuthority" or "tsa"))
        {
            throw Malformed(at, $"'{text}' is not ca:NAME, signingAuthority:NAME or tsa:NAME");
        }
        return name is "" or "." or ".." || name.AsSpan().IndexOfAnyExcept(StoreNameCharacters) >= 0
            ? throw Malformed(at, $"the name of '{text}' has other characters than letters, digits, '_', '.' and '-'")
            : (type, name);
    }

    /// <summary>Reads the names that are trusted; null for any holder.</summary>
    /// <exception cref="MalformedDataException">One is of another form, or overlaps with another.</exception>
    internal static List<SubjectName>? ReadIdentities(IReadOnlyList<string> texts, string at)
    {
        if (texts.Contains(NotationTrustRule.All))
        {
            return texts.Count == 1 ? null : throw Malformed(at, "'*' stands alone");
        }
        var names = new List<SubjectName>();
        foreach (var text in texts)
        {
            if (!text.StartsWith(SubjectPrefix, StringComparison.Ordinal))
            {
                throw Malformed(at, $"'*' or '{SubjectPrefix} …' is expected, not '{text}'");
            }
            var (name, problem) = SubjectName.Parse(text[SubjectPrefix.Length..]);
            if (name is null)
            {
                throw Malformed(at, $"'{text}': {problem}");
            }
            if (names.Any(n => n.IsPartOf(name) || name.IsPartOf(n)))
            {
                throw Malformed(at, $"'{text}' overlaps with another identity");
            }
            names.Add(name);
        }
        return names;
    }

    private static List<string> Strings(JsonElement json, string name, string at)
    {
        var array = StrictJson.RequiredArray(json, name, Format, at, Limits.NotationPolicyItems);
        var strings = new List<string>();
        foreach (var element in array.EnumerateArray())
        {
            strings.Add(
                element.ValueKind == JsonValueKind.String
                    ? element.GetString()!
                    : throw Malformed($"{at}.{name}[{strings.Count}]", "a string is expected")
            );
        }
        return strings.Count == 0 || strings.Distinct(StringComparer.Ordinal).Count() != strings.Count
            ? throw Malformed($"{at}.{name}", "it is empty, or has an element twice")
            : strings;
    }

    private static MalformedDataException Malformed(string location, string reason) => new(Format, location, reason);
}
