using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Cli.Commands;

/// <summary>The options that trust a certificate authority of one's own, in place of a Sigstore instance.</summary>
internal sealed class AuthorityOptions
{
    private readonly Option<string?> _roots = new("--ca-roots")
    {
        Description = "the root certificates of your own authority, PEM, in place of a Sigstore instance",
        HelpName = "FILE",
    };

    private readonly Option<string?> _intermediates = new("--ca-intermediates")
    {
        Description = "the certificates between those roots and the signers, PEM",
        HelpName = "FILE",
    };

    private readonly Option<string?> _timestamps = new("--tsa-certs")
    {
        Description = "the certificates of your time-stamp authorities and of those above them, PEM; with --ca-roots, or with keys alone",
        HelpName = "FILE",
    };

    /// <summary>Every one of them.</summary>
    internal IReadOnlyList<Option> All => [_roots, _intermediates, _timestamps];

    internal void AddTo(Command command)
    {
        foreach (var option in All)
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Whether time-stamp authorities are trusted.</summary>
    internal bool HasTimestamps(ParseResult parsed) => parsed.GetValue(_timestamps) is not null;

    /// <summary>The authority, or the time-stamp authorities alone; null where neither was given.</summary>
    /// <exception cref="CliException">A file cannot be used, or the roots are missing.</exception>
    internal TrustedRoot? Read(ParseResult parsed)
    {
        var (roots, intermediates, timestamps) = (parsed.GetValue(_roots), parsed.GetValue(_intermediates), parsed.GetValue(_timestamps));
        if (roots is null)
        {
            return intermediates is null
                ? timestamps is null
                    ? null
                    : Read(() => TrustedRoot.ForTimestamps(ReadFile(timestamps)))
                : throw CliException.Usage(
                    "certificates of an authority were given, and none that is trusted",
                    "give --ca-roots FILE too; a Sigstore instance's are in its --trusted-root"
                );
        }
        return Read(() => TrustedRoot.ForAuthority(ReadFile(roots), ReadFile(intermediates), ReadFile(timestamps)));
    }

    private static TrustedRoot Read(Func<TrustedRoot> read)
    {
        try
        {
            return read();
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage($"the certificates of the authority cannot be used: {e.Message}", null, e);
        }
    }

    /// <summary>The bytes of a file of certificates; none where there is no file.</summary>
    /// <exception cref="CliException">It cannot be read.</exception>
    internal static byte[] ReadFile(string? path)
    {
        if (path is null)
        {
            return [];
        }
        try
        {
            return EvidenceFiles.ReadBounded(path, Limits.CertificateFileBytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or MalformedDataException)
        {
            throw CliException.Usage($"the certificates '{path}' cannot be read: {e.Message}", null, e);
        }
    }
}
