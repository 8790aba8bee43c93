using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Cli.Commands;

/// <summary>The options of <c>verify</c> for models and datasets. Each lenient one names what it gives up.</summary>
internal sealed class ModelChecks
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

    private readonly Option<string[]> _authority = new("--certificate-authority")
    {
        Description = "trust every signer with a certificate of this authority, PEM (OMS' certificate method); may be given several times",
        HelpName = "FILE",
    };

    private readonly Option<bool> _caSigner = new("--allow-ca-signer")
    {
        Description = "with --certificate-authority: let the signer's certificate be that of an authority, also a self-signed one",
    };

    internal void AddTo(Command command)
    {
        foreach (var option in (Option[])[_only, _unsigned, _empty, _links, _legacy, _authority, _caSigner])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The paths that alone are verified; none for all.</summary>
    internal IReadOnlyList<string> Only(ParseResult parsed) => parsed.GetValue(_only) ?? [];

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

    /// <summary>A verifier that trusts an authority's signers and the keys; null where no authority is given.</summary>
    /// <exception cref="CliException">A file cannot be used.</exception>
    internal BundleVerifier? Verifier(ParseResult parsed, IReadOnlyList<VerificationKey> keys, TimeProvider time)
    {
        var files = parsed.GetValue(_authority) ?? [];
        if (files.Length == 0)
        {
            return parsed.GetValue(_caSigner)
                ? throw CliException.Usage("--allow-ca-signer is for signers of an authority", "give --certificate-authority FILE")
                : null;
        }
        try
        {
            var (roots, others) = Split(files);
            return new BundleVerifier(
                keys,
                SigstoreTrust.ForModels(TrustedRoot.ForAuthority(roots, others), time, parsed.GetValue(_caSigner))
            );
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage($"the certificate authority cannot be used: {e.Message}", null, e);
        }
    }

    /// <summary>Certificates that issued themselves are trusted; the others only help to get to one. Where there are only others, they are trusted.</summary>
    private static (byte[] Roots, byte[] Others) Split(IEnumerable<string> files)
    {
        var all = new X509Certificate2Collection();
        foreach (var file in files)
        {
            CliException.RequireFile(file, "certificate file");
            var text = Encoding.UTF8.GetString(EvidenceFiles.ReadBounded(file, Limits.CertificateFileBytes));
            try
            {
                all.ImportFromPem(text);
            }
            catch (System.Security.Cryptography.CryptographicException e)
            {
                throw CliException.Usage($"the certificate authority '{file}' cannot be read: {e.Message}", null, e);
            }
        }
        var roots = all.Where(c => c.SubjectName.RawData.AsSpan().SequenceEqual(c.IssuerName.RawData)).ToList();
        return roots.Count == 0 ? (Pem(all), []) : (Pem(roots), Pem(all.Except(roots)));

        static byte[] Pem(IEnumerable<X509Certificate2> certificates) =>
            Encoding.ASCII.GetBytes(string.Join('\n', certificates.Select(c => c.ExportCertificatePem())));
    }
}
