using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Notation;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Cli.Commands;

/// <summary>The options that have <c>verify</c> read signatures of the Notary Project.</summary>
internal sealed class NotationOptions
{
    // Options of verify that mean the same here. Every other one asks for something that a Notation signature cannot give.
    private static readonly string[] Compatible =
    [
        "--plain-http",
        "--registry-ca",
        "--registry-cert",
        "--registry-key",
        "--platform",
        "--annotation",
        "--output",
    ];

    private readonly Option<string?> _policy = new("--notation-policy")
    {
        Description = "verify Notation signatures of an image, and nothing else, by this trust policy of Notation's (trustpolicy.json)",
        HelpName = "FILE",
    };

    private readonly Option<string?> _store = new("--notation-store")
    {
        Description = "the directory with the certificates that the policy names, laid out as Notation's trust store: x509/ca/NAME/*.pem",
        HelpName = "DIR",
    };

    private readonly Option<bool> _skipRevocation = new("--notation-skip-revocation")
    {
        Description = "let certificates pass that name an OCSP service or revocation list; neither is asked",
    };

    internal void AddTo(Command command)
    {
        foreach (var option in (Option[])[_policy, _store, _skipRevocation])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Whether signatures of the Notary Project are to be verified.</summary>
    /// <param name="parsed">The options.</param>
    /// <exception cref="CliException">Only a part of what is needed is given, or something that does not go with it.</exception>
    internal bool IsGiven(ParseResult parsed)
    {
        var (policy, store) = (parsed.GetValue(_policy), parsed.GetValue(_store));
        if (policy is null && store is null)
        {
            return parsed.GetValue(_skipRevocation)
                ? throw CliException.Usage(
                    "--notation-skip-revocation is about Notation signatures",
                    "give --notation-policy and --notation-store too"
                )
                : false;
        }
        if (policy is not { Length: > 0 } || store is not { Length: > 0 })
        {
            throw CliException.Usage("--notation-policy and --notation-store go together: a policy names certificates that a store has");
        }
        var other = parsed.CommandResult.Command.Options.FirstOrDefault(o =>
            parsed.GetResult(o) is { Implicit: false }
            && o != _policy
            && o != _store
            && o != _skipRevocation
            && !Compatible.Contains(o.Name)
        );
        return other is null
            ? true
            : throw CliException.Usage(
                $"{other.Name} does not go with --notation-policy",
                "verify what keys or Sigstore identities signed in a run of its own"
            );
    }

    /// <summary>What verifies the signatures of an image, by the rule for its repository.</summary>
    /// <exception cref="CliException">A file cannot be used, or no rule is for the repository.</exception>
    internal NotationVerifier Verifier(
        ParseResult parsed,
        OciReference image,
        IReadOnlyDictionary<string, string> annotations,
        TimeProvider time
    )
    {
        var (policy, store) = (parsed.GetValue(_policy)!, parsed.GetValue(_store)!);
        CliException.RequireFile(policy, "trust policy");
        try
        {
            StrictJson.CheckLength(new FileInfo(policy).Length, "Notation trust policy", Limits.PolicyBytes);
            var repository = image is RegistryReference registry ? $"{registry.Host}/{registry.Repository}" : null;
            var rule =
                NotationTrustPolicy.Parse(File.ReadAllBytes(policy)).Find(repository)
                ?? throw CliException.Rejected(
                    "notation-scope",
                    $"no rule of '{policy}' is for {repository ?? $"'{image.Place}', which is in no registry"}",
                    "add its repository to the registryScopes of a rule, or '*'"
                );
            return new NotationVerifier(rule, NotationTrustStore.Open(store), time)
            {
                SkipRevocation = parsed.GetValue(_skipRevocation),
                Annotations = annotations,
            };
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage(e.Message, "notation policy show, and notation certificate list, tell how notation reads them", e);
        }
    }
}
