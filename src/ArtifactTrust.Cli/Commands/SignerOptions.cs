using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Cli.Commands;

/// <summary>The options that say which signers with certificates are trusted, and by which Sigstore instance.</summary>
internal sealed class SignerOptions
{
    private readonly Option<string?> _identity = new("--certificate-identity")
    {
        Description = "the signer's name in its certificate: an e-mail address, URI or user name; needs an issuer",
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

    private readonly Option<string?> _root = new("--trusted-root")
    {
        Description =
            "the Sigstore instance's keys and certificates, JSON (else the public-good instance, for certificates); with --key, signatures must be in its logs",
        HelpName = "FILE",
    };

    internal void AddTo(Command command)
    {
        foreach (var option in (Option[])[_identity, _pattern, _issuer, _root])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>What the options trust, with the keys; null where they trust nothing.</summary>
    /// <exception cref="CliException">The options contradict each other, or a file or pattern cannot be used.</exception>
    internal BundleVerifier? Verifier(ParseResult parsed, IReadOnlyList<VerificationKey> keys)
    {
        var (identity, pattern, issuer, root) = (
            parsed.GetValue(_identity),
            parsed.GetValue(_pattern),
            parsed.GetValue(_issuer),
            parsed.GetValue(_root)
        );
        if (identity is not null && pattern is not null)
        {
            throw CliException.Usage("--certificate-identity and --certificate-identity-regexp were both given", "give one of them");
        }
        var name = identity ?? pattern;
        if (string.IsNullOrEmpty(name) != string.IsNullOrEmpty(issuer))
        {
            throw CliException.Usage(
                "a signer is a name and an issuer, and one of them is missing",
                "give --certificate-identity (or --certificate-identity-regexp) and --certificate-oidc-issuer"
            );
        }
        if (name is null && root is null)
        {
            return keys.Count == 0 ? null : new BundleVerifier(keys);
        }
        if (name is null && keys.Count == 0)
        {
            throw CliException.Usage("a trusted root alone trusts no signer", "give --key or --certificate-identity too");
        }
        try
        {
            IdentityRule[] rules = name is null ? [] : [IdentityRule.Create(name, pattern is not null, issuer!, false)];
            return new BundleVerifier(keys, new SigstoreTrust(root is null ? TrustedRoot.PublicGood : Read(root), rules));
        }
        catch (ArgumentException e)
        {
            throw CliException.Usage($"the signer cannot be used: {e.Message}", null, e);
        }
    }

    private static TrustedRoot Read(string path)
    {
        try
        {
            return TrustedRoot.Parse(EvidenceFiles.ReadBounded(path, Limits.TrustedRootBytes));
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage($"the trusted root '{path}' cannot be used: {e.Message}", null, e);
        }
        catch (IOException e)
        {
            throw CliException.Usage($"the trusted root '{path}' cannot be read: {e.Message}", null, e);
        }
    }
}
