using System.Text.RegularExpressions;

namespace ArtifactTrust.Trust;

/// <summary>Which certificates a caller accepts: by the signer's name and by who vouched for it.</summary>
public sealed class IdentityRule
{
    private readonly Regex? _name;
    private readonly Regex? _issuer;

    private IdentityRule(string name, Regex? namePattern, string issuer, Regex? issuerPattern, IReadOnlyDictionary<string, string> claims)
    {
        (Name, _name, Issuer, _issuer) = (name, namePattern, issuer, issuerPattern);
        Claims = claims;
    }

    /// <summary>The name, or the pattern for it.</summary>
    public string Name { get; }

    /// <summary>The issuer, or the pattern for it.</summary>
    public string Issuer { get; }

    /// <summary>Claims that the certificate must make, word for word; see <see cref="CertificateIdentity.Claims"/>.</summary>
    public IReadOnlyDictionary<string, string> Claims { get; }

    /// <summary>A rule of exact values.</summary>
    /// <param name="name">The e-mail address, URI or user name.</param>
    /// <param name="issuer">The URL of the OpenID Connect issuer.</param>
    /// <param name="claims">Further claims, or null.</param>
    /// <exception cref="ArgumentException">A value is empty, or a claim is not one of <see cref="CertificateClaims"/>.</exception>
    public static IdentityRule Exact(string name, string issuer, IReadOnlyDictionary<string, string>? claims = null) =>
        Create(name, false, issuer, false, claims);

    /// <summary>A rule whose values may be regular expressions, which must match the whole value.</summary>
    /// <param name="name">The name, or a pattern.</param>
    /// <param name="nameIsPattern">Whether it is a pattern.</param>
    /// <param name="issuer">The issuer, or a pattern.</param>
    /// <param name="issuerIsPattern">Whether it is a pattern.</param>
    /// <param name="claims">Further claims, or null.</param>
    /// <exception cref="ArgumentException">A value is empty, a claim is not one of <see cref="CertificateClaims"/>, or a pattern is no regular expression that can be matched in linear time.</exception>
    public static IdentityRule Create(
        string name,
        bool nameIsPattern,
        string issuer,
        bool issuerIsPattern,
        IReadOnlyDictionary<string, string>? claims = null
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(issuer);
        // Copied, so that no caller changes what was checked.
        var required = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (claim, value) in claims ?? new Dictionary<string, string>())
        {
            if (!CertificateClaims.TryParse(claim, out var known, out var reason))
            {
                throw new ArgumentException(reason, nameof(claims));
            }
            if (string.IsNullOrEmpty(value) || !required.TryAdd(known, value))
            {
                throw new ArgumentException($"{known} is {(string.IsNullOrEmpty(value) ? "empty" : "there twice")}", nameof(claims));
            }
        }
        return new IdentityRule(
            name,
            nameIsPattern ? Compile(name, nameof(name)) : null,
            issuer,
            issuerIsPattern ? Compile(issuer, nameof(issuer)) : null,
            required
        );
    }

    /// <summary>Whether the certificate's holder is the one asked for.</summary>
    public bool Accepts(CertificateIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        return identity.Issuer is { } issuer
            && Matches(_issuer, Issuer, issuer)
            && identity.Names.Any(n => Matches(_name, Name, n))
            && Claims.All(c => identity.Claims.TryGetValue(c.Key, out var value) && value == c.Value);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{(_name is null ? Name : $"/{Name}/")} ({(_issuer is null ? Issuer : $"/{Issuer}/")})"
        + string.Concat(Claims.Select(c => $", {c.Key} {c.Value}"));

    /// <summary>The certificate as the rules look at it: name, issuer, and the claims that one of them asks for.</summary>
    internal static string Describe(CertificateIdentity identity, IReadOnlyList<IdentityRule> rules) =>
        identity
        + string.Concat(
            rules
                .SelectMany(r => r.Claims.Keys)
                .Distinct(StringComparer.Ordinal)
                .Select(c => identity.Claims.TryGetValue(c, out var value) ? $", {c} {value}" : $", no {c}")
        );

    private static bool Matches(Regex? pattern, string exact, string value) =>
        pattern is null ? value == exact : value.Length <= Formats.Limits.PatternInput && pattern.IsMatch(value);

    private static Regex Compile(string pattern, string parameter)
    {
        try
        {
            // Compiled alone first: a pattern such as "a)|(b" must not escape from the anchors around it.
            _ = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            return new Regex(
                $@"\A(?:{pattern})\z",
                RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture
            );
        }
        catch (ArgumentException e)
        {
            throw new ArgumentException($"'{pattern}' is not a regular expression: {e.Message}", parameter, e);
        }
        catch (NotSupportedException e)
        {
            throw new ArgumentException($"'{pattern}' cannot be matched in linear time: {e.Message}", parameter, e);
        }
    }
}
