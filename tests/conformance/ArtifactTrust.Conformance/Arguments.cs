using ArtifactTrust.Trust;
using ArtifactTrust.Trust.Instances;

namespace ArtifactTrust.Conformance;

/// <summary>
/// The command line of sigstore-conformance (cli_protocol.md):
/// <c>sign-bundle [--staging] [--in-toto] --identity-token JWT --bundle FILE [--trusted-root FILE] [--signing-config FILE] FILE</c> and
/// <c>verify-bundle [--staging] --bundle FILE (--key PEM | --certificate-identity ID --certificate-oidc-issuer URL) [--trusted-root FILE] FILE_OR_DIGEST</c>.
/// </summary>
internal sealed class Arguments
{
    private static readonly string[] Flags = ["--staging", "--in-toto"];

    private static readonly string[] Named =
    [
        "--bundle",
        "--identity-token",
        "--trusted-root",
        "--signing-config",
        "--key",
        "--certificate-identity",
        "--certificate-oidc-issuer",
    ];

    private readonly Dictionary<string, string> _options = new(StringComparer.Ordinal);

    private Arguments(string command) => Command = command;

    internal string Command { get; }

    /// <summary>What is signed or verified.</summary>
    internal string Artifact { get; private set; } = "";

    internal bool IsStaging => _options.ContainsKey("--staging");

    internal bool IsStatement => _options.ContainsKey("--in-toto");

    /// <summary>The instance's keys: of the file given, else of the instance meant.</summary>
    internal TrustedRoot TrustedRoot =>
        this["--trusted-root"] is { } path ? TrustedRoot.Parse(File.ReadAllBytes(path))
        : IsStaging ? SigstoreProfile.StagingRoot
        : TrustedRoot.PublicGood;

    /// <summary>The instance's services: of the file given, else of the instance meant.</summary>
    internal SigningConfig SigningConfig =>
        this["--signing-config"] is { } path ? SigningConfig.Parse(File.ReadAllBytes(path))
        : IsStaging ? SigstoreProfile.StagingServices
        : SigstoreProfile.PublicGoodServices;

    /// <summary>An option's value; null where it is not given.</summary>
    internal string? this[string option] => _options.GetValueOrDefault(option);

    /// <exception cref="ArgumentException">They are not of the protocol.</exception>
    internal static Arguments Parse(string[] args)
    {
        if (args is not [("sign-bundle" or "verify-bundle") and var command, .. var given])
        {
            throw new ArgumentException($"'{args.FirstOrDefault()}' is not supported: sign-bundle and verify-bundle are");
        }
        var arguments = new Arguments(command);
        for (var i = 0; i < given.Length; i++)
        {
            var isFlag = Flags.Contains(given[i]);
            if (isFlag || (Named.Contains(given[i]) && i + 1 < given.Length))
            {
                var name = given[i];
                if (!arguments._options.TryAdd(name, isFlag ? "" : given[++i]))
                {
                    throw new ArgumentException($"{name} is given twice");
                }
            }
            else if (given[i].StartsWith("--", StringComparison.Ordinal) || arguments.Artifact.Length > 0)
            {
                throw new ArgumentException($"'{given[i]}' is not expected");
            }
            else
            {
                arguments.Artifact = given[i];
            }
        }
        return arguments.Artifact.Length > 0 ? arguments : throw new ArgumentException("there is no artifact");
    }

    internal string Required(string option) => this[option] ?? throw new ArgumentException($"{option} is required");
}
