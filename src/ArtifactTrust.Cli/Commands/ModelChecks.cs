using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Cli.Commands;

/// <summary>The options for verifying models and datasets. Each lenient one names what it gives up.</summary>
/// <param name="mayBePartial">Whether a part of a model may be verified.</param>
internal sealed class ModelChecks(bool mayBePartial)
{
    private readonly Option<string[]> _only = new("--only")
    {
        Description = "verify these paths of the model only, each with all below it; says PARTIAL, and counts for no policy",
        HelpName = "PATH",
    };

    private readonly Option<bool> _unsigned = new("--ignore-unsigned-files")
    {
        Description = "let files pass that nobody signed; what loads every file of the directory loads them too",
    };

    private readonly Option<bool> _empty = new("--allow-unsigned-empty-files")
    {
        Description = "let empty files pass in a model signed in shards, which cannot sign them",
    };

    private readonly Option<bool> _links = new("--allow-symlinks")
    {
        Description = "read links to files of the directory; links to directories or out of it are refused all the same",
    };

    private readonly Option<bool> _legacy = new("--allow-legacy-oms")
    {
        Description = "read bundles of model-signing v0.2.0, signed over an encoding that no specification has",
    };

    private readonly Option<bool> _any = new("--any-certificate-identity")
    {
        Description = "with --ca-roots: trust every holder of a certificate of that authority, whatever their name",
    };

    private readonly Option<bool> _caSigner = new("--allow-ca-signer")
    {
        Description = "with --any-certificate-identity: let the signer's certificate be that of an authority, also a self-signed one",
    };

    internal void AddTo(Command command)
    {
        foreach (
            var option in (Option[])[.. mayBePartial ? [_only] : Array.Empty<Option>(), _unsigned, _empty, _links, _legacy, _any, _caSigner]
        )
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The paths that alone are verified; none for all.</summary>
    internal IReadOnlyList<string> Only(ParseResult parsed) => mayBePartial ? parsed.GetValue(_only) ?? [] : [];

    /// <summary>Whether links to files are read.</summary>
    internal bool AllowSymlinks(ParseResult parsed) => parsed.GetValue(_links);

    /// <summary>What is asked of a model, but for the paths left out.</summary>
    internal ModelVerificationOptions Options(ParseResult parsed) =>
        new()
        {
            Only = Only(parsed),
            IgnoreUnsignedFiles = parsed.GetValue(_unsigned),
            AllowUnsignedEmptyFiles = parsed.GetValue(_empty),
            AllowLegacy = parsed.GetValue(_legacy),
        };

    /// <summary>Throws where an option was given that nothing of the subjects is judged by.</summary>
    /// <exception cref="CliException">See above.</exception>
    internal void RequireUse(ParseResult parsed, IReadOnlyCollection<Subject> subjects, bool isAttestation)
    {
        if (isAttestation)
        {
            parsed.Refuse([_unsigned, _empty, _legacy], "is for signatures of models, and --type asks for an attestation");
        }
        parsed.RequireDirectory([_links], subjects);
        if (subjects.All(s => s is Subject.LocalFile))
        {
            parsed.Refuse([_unsigned], "is for models of several files");
        }
    }

    /// <summary>Whether every holder of a certificate of the authority is trusted; null where it is not asked for.</summary>
    /// <param name="parsed">The options.</param>
    /// <param name="isSignature">Whether the signature of a file or directory is verified; nothing else can be by just anybody.</param>
    /// <exception cref="CliException">It is asked for where it has no meaning.</exception>
    internal AnyHolder? AnyHolder(ParseResult parsed, bool isSignature)
    {
        var allowsAuthority = parsed.GetValue(_caSigner);
        if (!parsed.GetValue(_any))
        {
            return allowsAuthority
                ? throw CliException.Usage("--allow-ca-signer is for any holder of a certificate", "give --any-certificate-identity too")
                : null;
        }
        return isSignature
            ? new AnyHolder(allowsAuthority)
            : throw CliException.Usage(
                "--any-certificate-identity is for signatures of models and files; attestations and images are somebody's",
                "give --certificate-identity NAME"
            );
    }
}
