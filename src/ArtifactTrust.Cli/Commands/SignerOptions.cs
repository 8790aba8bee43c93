using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Sigstore;
using ArtifactTrust.Keys;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Cli.Commands;

/// <summary>The options that say which signers with certificates are trusted, and by which Sigstore instance.</summary>
internal sealed class SignerOptions
{
    private readonly Option<string?> _identity = new("--certificate-identity")
    {
        Description = "the signer's name in its certificate: an e-mail address, URI or user name; needs an issuer, but with --ca-roots",
        HelpName = "NAME",
    };

    private readonly Option<string?> _pattern = new("--certificate-identity-regexp")
    {
        Description = "a regular expression that must match the whole name, in place of the name",
        HelpName = "REGEXP",
    };

    private readonly Option<string?> _issuer = new("--certificate-oidc-issuer")
    {
        Description = "the URL of the OpenID Connect issuer that vouched for the signer",
        HelpName = "URL",
    };

    private readonly Option<string[]> _extensions = new("--certificate-extension")
    {
        Description =
            "what else the certificate must say, such as sourceRepositoryURI=https://github.com/acme/model; may be given several times",
        HelpName = "NAME=VALUE",
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly InstanceOptions _instance = new();
    private readonly AuthorityOptions _authority = new();
    private readonly ThresholdOptions _thresholds = new();

    internal void AddTo(Command command)
    {
        foreach (var option in (Option[])[_identity, _pattern, _issuer, _extensions])
        {
            command.Options.Add(option);
        }
        _instance.AddTo(command);
        _authority.AddTo(command);
        _thresholds.AddTo(command);
    }

    /// <summary>What the options trust, with the keys; null where they trust nothing. Keys alone need no instance, and no network.</summary>
    /// <param name="parsed">The options.</param>
    /// <param name="keys">The keys.</param>
    /// <param name="session">The command.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <param name="any">Whether every holder of a certificate of one's own authority is trusted; null where one is named.</param>
    /// <exception cref="CliException">The options contradict each other, a file or pattern cannot be used, or what is trusted is not known now.</exception>
    internal async Task<BundleVerifier?> VerifierAsync(
        ParseResult parsed,
        IReadOnlyList<VerificationKey> keys,
        Session session,
        CancellationToken cancellation,
        AnyHolder? any = null
    )
    {
        if (_authority.Read(parsed) is { } authority)
        {
            RequireNoInstance(parsed);
            var trust = authority.IsOwnAuthority
                ? OwnTrust(parsed, authority, session, any)
                : OwnTimes(parsed, authority, keys.Count > 0, any);
            return new BundleVerifier(keys, _thresholds.Apply(parsed, trust));
        }
        if (any is not null)
        {
            throw CliException.Usage(
                "any holder of a certificate was to be trusted, and nobody says by which authority",
                "give --ca-roots FILE too"
            );
        }
        var rule = Rule(parsed);
        if (rule is null && !_instance.IsNamed(parsed))
        {
            if (_thresholds.IsGiven(parsed))
            {
                throw CliException.Usage(
                    "logs, times or witnesses were asked for, and nobody says which are trusted",
                    "give --profile NAME, --trusted-root FILE or --ca-roots FILE too"
                );
            }
            return keys.Count == 0 ? null : new BundleVerifier(keys);
        }
        if (rule is null && keys.Count == 0)
        {
            throw CliException.Usage(
                "a Sigstore instance alone trusts no signer",
                "give --key FILE, or --certificate-identity and --certificate-oidc-issuer, too"
            );
        }
        var instance = await _instance.ForVerificationAsync(parsed, session, cancellation);
        return new BundleVerifier(keys, _thresholds.Apply(parsed, new SigstoreTrust(instance.Root, rule is null ? [] : [rule])));
    }

    private void RequireNoInstance(ParseResult parsed)
    {
        if (_instance.IsNamed(parsed))
        {
            throw CliException.Usage(
                "a Sigstore instance and an authority of your own were both named",
                "give the certificates of your own authorities, or the instance"
            );
        }
    }

    private SigstoreTrust OwnTrust(ParseResult parsed, TrustedRoot authority, Session session, AnyHolder? any)
    {
        // Without time stamps nobody says when it was signed, so the certificate must be good now.
        var hasTimes = _authority.HasTimestamps(parsed);
        var clock = hasTimes ? null : session.Time;
        var times = hasTimes ? 1 : 0;
        if (any is not null)
        {
            return NamesSigner(parsed)
                ? throw CliException.Usage(
                    "a signer was named, and any holder of a certificate was to be trusted too",
                    "give --certificate-identity NAME, or --any-certificate-identity"
                )
                : new SigstoreTrust(authority)
                {
                    Clock = clock,
                    TimeThreshold = times,
                    IsForModels = true,
                    AllowsAuthorityAsSigner = any.AllowsAuthority,
                };
        }
        if (parsed.GetValue(_issuer) is null && parsed.GetValue(_extensions) is null or [] && parsed.GetValue(_pattern) is null)
        {
            return parsed.GetValue(_identity) is { Length: > 0 } name
                ? new SigstoreTrust(authority)
                {
                    Subjects = [name],
                    Clock = clock,
                    TimeThreshold = times,
                }
                : throw NoSigner();
        }
        return Rule(parsed) is { } rule ? new SigstoreTrust(authority, rule) { Clock = clock, TimeThreshold = times } : throw NoSigner();
    }

    /// <summary>Keys alone, whose signatures are to have a time by the authorities given.</summary>
    private SigstoreTrust OwnTimes(ParseResult parsed, TrustedRoot authority, bool hasKeys, AnyHolder? any)
    {
        if (NamesSigner(parsed) || any is not null)
        {
            throw CliException.Usage(
                "holders of certificates were to be trusted, and nobody says by which authority",
                "give --ca-roots FILE too; a Sigstore instance's time-stamp authorities are in its --trusted-root"
            );
        }
        return hasKeys
            ? new SigstoreTrust(authority) { TimeThreshold = 1 }
            : throw CliException.Usage("a time-stamp authority alone trusts no signer", "give --key FILE, or --ca-roots and a signer, too");
    }

    private bool NamesSigner(ParseResult parsed) =>
        parsed.GetValue(_identity) is not null
        || parsed.GetValue(_pattern) is not null
        || parsed.GetValue(_issuer) is not null
        || parsed.GetValue(_extensions) is { Length: > 0 };

    private static CliException NoSigner() =>
        CliException.Usage(
            "an authority alone trusts no signer",
            "give --certificate-identity NAME too (for models, --any-certificate-identity trusts all of them)"
        );

    private IdentityRule? Rule(ParseResult parsed)
    {
        var (identity, pattern, issuer) = (parsed.GetValue(_identity), parsed.GetValue(_pattern), parsed.GetValue(_issuer));
        var extensions = Extensions(parsed.GetValue(_extensions) ?? []);
        if (identity is not null && pattern is not null)
        {
            throw CliException.Usage("--certificate-identity and --certificate-identity-regexp were both given", "give one of them");
        }
        var name = identity ?? pattern;
        if (string.IsNullOrEmpty(name) != string.IsNullOrEmpty(issuer) || (string.IsNullOrEmpty(name) && extensions.Count > 0))
        {
            throw CliException.Usage(
                "a signer is a name and an issuer, and one of them is missing",
                "give --certificate-identity (or --certificate-identity-regexp) and --certificate-oidc-issuer"
            );
        }
        if (string.IsNullOrEmpty(name))
        {
            return null;
        }
        try
        {
            return IdentityRule.Create(name, pattern is not null, issuer!, false, extensions);
        }
        catch (ArgumentException e)
        {
            throw CliException.Usage($"the signer cannot be used: {CliException.Reason(e)}", null, e);
        }
    }

    private static Dictionary<string, string> Extensions(string[] options)
    {
        var extensions = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var option in options)
        {
            var (name, value) = option.IndexOf('=') is > 0 and var equals ? (option[..equals], option[(equals + 1)..]) : (option, "");
            if (value.Length == 0)
            {
                throw CliException.Usage($"--certificate-extension is to be NAME=VALUE, not '{option}'");
            }
            if (!CertificateClaims.TryParse(name, out var known, out var reason))
            {
                throw CliException.Usage($"--certificate-extension: {reason}");
            }
            if (!extensions.TryAdd(known, value))
            {
                throw CliException.Usage($"--certificate-extension asks for {known} twice", "a certificate has one value for it");
            }
        }
        return extensions;
    }
}

/// <summary>Trust in every holder of a certificate of one's own authority.</summary>
/// <param name="AllowsAuthority">Whether the certificate may be that of an authority.</param>
internal sealed record AnyHolder(bool AllowsAuthority);
